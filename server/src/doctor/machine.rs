//! The machine: its clock, its disk, and who may read our files.

use super::{State, Verdict, fail, ok, warn};
use crate::floor::database_url;
use crate::settings::Settings;
use crate::storage::Location;
use chrono::{Datelike, Utc};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Free space under which it is time to look, and under which nothing goes on, in MiB.
const LITTLE: u64 = 1024;
const NONE: u64 = 64;

/// Hours of calling hang on it.
pub(super) fn clock() -> Verdict {
    let now = Utc::now();
    let zone: Result<chrono_tz::Tz, _> = "America/New_York".parse();
    if now.year() < 2025 || zone.is_err() {
        let remedy = "set the clock (timedatectl set-ntp true): calling hours hang on it";
        return fail(format!("the clock says {}", now.format("%Y-%m-%d %H:%M UTC")), remedy);
    }
    let synced = Path::new("/run/systemd/timesync/synchronized").exists();
    let detail = format!("the clock says {}", now.format("%Y-%m-%d %H:%M:%S UTC"));
    if synced { ok(format!("{detail}, kept by systemd-timesyncd")) } else { ok(detail) }
}

fn data_folder(settings: &Settings) -> Option<PathBuf> {
    let url = database_url(settings).ok()?;
    let Location::Sqlite(file) = Location::of(&url) else { return None };
    let folder = Path::new(file).parent().filter(|folder| !folder.as_os_str().is_empty());
    Some(folder.map_or_else(|| PathBuf::from("."), Path::to_owned))
}

/// The nearest folder that is there.
fn existing(path: &Path) -> PathBuf {
    path.ancestors().find(|p| p.exists()).unwrap_or_else(|| Path::new("/")).to_owned()
}

pub(super) fn disk(settings: &Settings) -> Verdict {
    let mut folders = vec![std::env::temp_dir()];
    folders.extend(data_folder(settings));
    if !settings.log.folder.is_empty() {
        folders.push(PathBuf::from(&settings.log.folder));
    }
    let mut said = Vec::new();
    let mut worst = State::Ok;
    for folder in folders {
        let folder = existing(&folder);
        let free = match rustix::fs::statvfs(&folder) {
            Ok(stat) => stat.f_bavail.saturating_mul(stat.f_frsize) >> 20,
            Err(error) => {
                return fail(format!("{}: {error}", folder.display()), "see whether the folder can be read");
            }
        };
        said.push(format!("{} MiB free at {}", free, folder.display()));
        if free < NONE {
            worst = State::Fail;
        } else if free < LITTLE && worst == State::Ok {
            worst = State::Warn;
        }
    }
    let remedy = "make room: without it nothing is committed, and nothing is dialled";
    match worst {
        State::Ok => ok(said.join(", ")),
        State::Warn => warn(said.join(", "), remedy),
        _ => fail(said.join(", "), remedy),
    }
}

pub(super) fn permissions(settings: &Settings) -> Verdict {
    let mut files = Vec::new();
    if let Some(folder) = data_folder(settings) {
        let probe = folder.join(format!(".doctor-{}", std::process::id()));
        if folder.exists() {
            if let Err(error) = std::fs::write(&probe, b"") {
                let remedy = format!("give {} to the user that runs dialdeckd", folder.display());
                return fail(format!("{} cannot be written: {error}", folder.display()), remedy);
            }
            let _ = std::fs::remove_file(&probe);
        }
        files.extend(
            std::fs::read_dir(&folder)
                .into_iter()
                .flatten()
                .flatten()
                .map(|e| e.path())
                .filter(|p| p.extension().is_some_and(|e| e.to_string_lossy().starts_with("sqlite"))),
        );
    }
    files.extend(crate::settings::config_file(&|name| std::env::var(name).ok()));
    let key = &settings.server.tls_key;
    if !key.as_os_str().is_empty() {
        files.push(key.clone());
    }
    let mut checked = 0;
    for file in files {
        let Ok(meta) = std::fs::metadata(&file) else { continue };
        checked += 1;
        if meta.permissions().mode() & 0o007 != 0 {
            let remedy = format!("chmod o-rwx {}", file.display());
            return warn(format!("{} can be read by everybody on this machine", file.display()), remedy);
        }
    }
    ok(format!("folders can be written, {checked} private files are private"))
}
