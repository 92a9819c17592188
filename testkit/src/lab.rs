//! The folder in which the lab's servers are kept between runs.

use color_eyre::eyre::{Result, WrapErr, bail};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where the lab is: `DIALDECK_LAB`, or the user's cache.
pub fn folder() -> PathBuf {
    if let Some(folder) = std::env::var_os("DIALDECK_LAB") {
        return folder.into();
    }
    let cache = std::env::var_os("XDG_CACHE_HOME").map_or_else(
        || PathBuf::from(std::env::var_os("HOME").unwrap_or_else(|| "/tmp".into())).join(".cache"),
        PathBuf::from,
    );
    cache.join("dialdeck").join("lab")
}

/// A part of the lab, made once: `make` fills a folder that takes its name only when it is whole. Tests that ask at
/// the same time wait for each other.
///
/// # Errors
/// When it cannot be made; nothing half-made is left under the name.
pub fn part(name: &str, make: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
    let lab = folder();
    fs::create_dir_all(&lab)
        .wrap_err_with(|| format!("the lab's folder {} cannot be made", lab.display()))?;
    let whole = lab.join(name);
    let lock = File::create(lab.join(format!("{name}.lock")))?;
    lock.lock()?;
    if !whole.exists() {
        let unfinished = lab.join(format!("{name}.part"));
        if unfinished.exists() {
            fs::remove_dir_all(&unfinished)?;
        }
        fs::create_dir_all(&unfinished)?;
        make(&unfinished)?;
        fs::rename(&unfinished, &whole)?;
    }
    Ok(whole)
}

/// Whether we are root, which chroot and PostgreSQL's user need.
pub fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|out| out.stdout.trim_ascii() == b"0")
}

/// Runs a program to its end; its output stands in the error.
///
/// # Errors
/// When it cannot be started or fails.
pub fn run(command: &mut Command) -> Result<String> {
    let shown = format!("{command:?}");
    let output = command.output().wrap_err_with(|| format!("{shown} cannot be started"))?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        let complaint = String::from_utf8_lossy(&output.stderr);
        let tail: Vec<&str> = complaint.lines().rev().take(15).collect();
        bail!("{shown} failed: {}", tail.into_iter().rev().collect::<Vec<_>>().join("\n"));
    }
    Ok(said)
}

/// A port that is free now.
///
/// # Errors
/// When the system has none.
pub fn free_port() -> Result<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// The same for UDP.
///
/// # Errors
/// When the system has none.
pub fn free_udp_port() -> Result<u16> {
    Ok(std::net::UdpSocket::bind("127.0.0.1:0")?.local_addr()?.port())
}
