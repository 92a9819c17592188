//! `dialdeck manual`: man pages and completions, for packages.

use crate::args::Args;
use clap::CommandFactory;
use clap_complete::{Shell, generate_to};
use color_eyre::eyre::Result;
use std::path::Path;

/// Writes them into a folder, which is made.
pub fn write(out: &Path) -> Result<()> {
    std::fs::create_dir_all(out)?;
    clap_mangen::generate_to(Args::command(), out)?;
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        generate_to(shell, &mut Args::command(), "dialdeck", out)?;
    }
    Ok(())
}
