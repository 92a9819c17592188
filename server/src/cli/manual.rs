//! `dialdeckd manual`: man pages and completions, for packages.

use super::Cli;
use clap::CommandFactory;
use clap_complete::{Shell, generate_to};
use color_eyre::eyre::Result;
use std::path::Path;

pub(super) fn write(out: &Path) -> Result<()> {
    std::fs::create_dir_all(out)?;
    clap_mangen::generate_to(Cli::command(), out)?;
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        generate_to(shell, &mut Cli::command(), "dialdeckd", out)?;
    }
    Ok(())
}
