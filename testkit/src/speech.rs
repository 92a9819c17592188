//! flite, espeak-ng and PocketSphinx, unpacked, with wrappers that find their libraries; Moonshine's files.

use crate::{lab, packages};
use color_eyre::eyre::{Result, WrapErr};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Raised when what is unpacked changes.
const VERSION: &str = "speech-1";
const MOONSHINE: &str = "moonshine-1";
/// The package that carries Moonshine's files, with its sums.
const PACKAGE: &str = include_str!("../moonshine.txt");
const PROGRAMS: [&str; 3] = ["flite", "espeak-ng", "pocketsphinx_batch"];

/// The speech tools.
#[derive(Debug, Clone)]
pub struct Speech(PathBuf);

impl Speech {
    /// Unpacks them, the first time.
    ///
    /// # Errors
    /// When the packages cannot be had.
    pub fn find() -> Result<Self> {
        let folder = lab::part(VERSION, |folder| {
            let root = folder.join("root");
            std::fs::create_dir_all(&root)?;
            packages::unpack(&["flite", "espeak-ng", "pocketsphinx", "pocketsphinx-en-us"], &root)?;
            let bin = folder.join("bin");
            std::fs::create_dir_all(&bin)?;
            for program in PROGRAMS {
                wrapper(&bin.join(program), program)?;
            }
            Ok(())
        })?;
        Ok(Self(folder))
    }

    /// A program's path.
    pub fn program(&self, name: &str) -> String {
        self.0.join("bin").join(name).display().to_string()
    }

    /// Folder of the recogniser's model.
    pub fn model(&self) -> String {
        self.0.join("root/usr/share/pocketsphinx/model/en-us").display().to_string()
    }

    /// Speaks a text into a WAV file of 16 kHz.
    ///
    /// # Errors
    /// When flite fails.
    pub fn speak(&self, voice: &str, text: &str, to: &Path) -> Result<()> {
        let words = tempfile::NamedTempFile::new()?;
        std::fs::write(words.path(), text)?;
        let mut flite = Command::new(self.program("flite"));
        lab::run(flite.args(["-voice", voice, "-f"]).arg(words.path()).arg("-o").arg(to))?;
        Ok(())
    }
}

/// The folder of Moonshine tiny's files and ONNX Runtime's library, taken out of the Python package that carries both.
///
/// # Errors
/// When there is no Python 3 with pip, or the package cannot be had.
pub fn moonshine() -> Result<PathBuf> {
    lab::part(MOONSHINE, |folder| {
        let unpacked = tempfile::tempdir()?;
        let list = unpacked.path().join("moonshine.txt");
        std::fs::write(&list, PACKAGE)?;
        let python = |arguments: &[&str]| {
            lab::run(Command::new("python3").args(arguments).current_dir(unpacked.path()))
                .wrap_err("the tests need Python 3 with pip: apt install python3-pip")
        };
        python(&[
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            "--require-hashes",
            "-r",
            "moonshine.txt",
        ])?;
        let is_wheel = |path: &PathBuf| path.extension().is_some_and(|end| end == "whl");
        let files = std::fs::read_dir(unpacked.path())?.filter_map(|entry| Some(entry.ok()?.path()));
        for wheel in files.filter(is_wheel) {
            python(&["-m", "zipfile", "-e", &wheel.to_string_lossy(), "."])?;
        }
        for from in ["moonshine_voice/assets/tiny-en", "moonshine_voice.libs"] {
            for entry in std::fs::read_dir(unpacked.path().join(from))? {
                let entry = entry?;
                std::fs::copy(entry.path(), folder.join(entry.file_name()))?;
            }
        }
        Ok(())
    })
}

fn wrapper(path: &Path, program: &str) -> Result<()> {
    let libraries = packages::library_path(Path::new("$R"));
    let triplet = format!("{}-linux-gnu", std::env::consts::ARCH);
    let text = format!(
        "#!/bin/sh\nR=$(dirname \"$(dirname \"$(readlink -f \"$0\")\")\")/root\n\
         export LD_LIBRARY_PATH=\"{libraries}\"\nexport ESPEAK_DATA_PATH=\"$R/usr/lib/{triplet}/espeak-ng-data\"\n\
         exec \"$R/usr/bin/{program}\" \"$@\"\n"
    );
    std::fs::write(path, text)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755))?;
    Ok(())
}
