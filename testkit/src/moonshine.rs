//! Moonshine tiny's files and ONNX Runtime's library, taken out of the Python package that carries both.

use crate::lab;
use color_eyre::eyre::{Result, WrapErr};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Raised when what is unpacked changes.
const VERSION: &str = "moonshine-1";
/// The package, with its sums.
const PACKAGE: &str = include_str!("../moonshine.txt");
/// Where in it the model and the library are.
const PARTS: [&str; 2] = ["moonshine_voice/assets/tiny-en", "moonshine_voice.libs"];

/// Their folder, made the first time.
///
/// # Errors
/// When there is no Python 3 with pip, or the package cannot be had.
pub fn folder() -> Result<PathBuf> {
    lab::part(VERSION, |folder| {
        let unpacked = tempfile::tempdir()?;
        let unpacked = unpacked.path();
        std::fs::write(unpacked.join("package.txt"), PACKAGE)?;
        python(unpacked, "-m pip download --quiet --no-deps --require-hashes -r package.txt")?;
        for entry in std::fs::read_dir(unpacked)? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if name.starts_with("moonshine_voice-") {
                python(unpacked, &format!("-m zipfile -e {name} ."))?;
            }
        }
        for part in PARTS {
            for entry in std::fs::read_dir(unpacked.join(part))? {
                let entry = entry?;
                std::fs::copy(entry.path(), folder.join(entry.file_name()))?;
            }
        }
        Ok(())
    })
}

fn python(within: &Path, arguments: &str) -> Result<String> {
    lab::run(Command::new("python3").args(arguments.split(' ')).current_dir(within))
        .wrap_err("the tests need Python 3 with pip: apt install python3-pip")
}
