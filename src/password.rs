//! Where a password comes from: never the command line, where everybody on the machine can see it.

use color_eyre::eyre::{Result, WrapErr};
use std::path::Path;

/// The environment variables that may hold it, or name a file that does.
const PASSWORD: &str = "DIALDECK_PASSWORD";
const PASSWORD_FILE: &str = "DIALDECK_PASSWORD_FILE";

/// The first line of a file.
///
/// # Errors
/// When it cannot be read.
pub fn of_file(path: &Path) -> Result<String> {
    let held = std::fs::read_to_string(path).wrap_err_with(|| path.display().to_string())?;
    Ok(held.lines().next().unwrap_or_default().to_owned())
}

/// What one logs in with, where the environment has it.
///
/// # Errors
/// When the file that it names cannot be read.
pub fn known() -> Result<Option<String>> {
    let set = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    match set(PASSWORD) {
        Some(password) => Ok(Some(password)),
        None => set(PASSWORD_FILE).map(|path| of_file(Path::new(&path)).wrap_err(PASSWORD_FILE)).transpose(),
    }
}
