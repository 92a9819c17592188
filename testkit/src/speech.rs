//! flite, espeak-ng and PocketSphinx, unpacked, with wrappers that find their libraries.

use crate::{lab, packages};
use color_eyre::eyre::Result;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Raised when what is unpacked changes.
const VERSION: &str = "speech-1";
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
