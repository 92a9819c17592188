//! `dialdeckd asterisk render`.

use crate::settings::Settings;
use crate::telephony::asterisk::render;
use color_eyre::eyre::{Result, bail, eyre};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

pub(super) fn render(settings: &Settings, out: &Path, force: bool) -> Result<()> {
    let (files, missing) = render::files(settings).map_err(|e| eyre!(e))?;
    std::fs::create_dir_all(out)?;
    if !force {
        for (name, _) in &files {
            if out.join(name).exists() {
                bail!("{} is there already; use --force to replace it", out.join(name).display());
            }
        }
    }
    for (name, text) in files {
        let path = out.join(name);
        // They hold passwords.
        let mut file =
            std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o640).open(&path)?;
        file.write_all(text.as_bytes())?;
        println!("wrote {}", path.display());
    }
    if !missing.is_empty() {
        println!("not set, and written as CHANGE-ME: {}", missing.join(", "));
    }
    Ok(())
}
