//! Debian packages, downloaded and unpacked into a folder: nothing is installed.

use crate::lab::run;
use color_eyre::eyre::{Result, WrapErr, bail};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

/// Downloads packages with what they depend on that this machine lacks, and unpacks all of it into `root`.
///
/// # Errors
/// When this is no Debian, or its mirror cannot be reached: says what to install instead.
pub fn unpack(packages: &[&str], root: &Path) -> Result<()> {
    let advice =
        || format!("the tests need Debian's {}: apt install {}", packages.join(", "), packages.join(" "));
    let closure = closure(packages).wrap_err_with(advice)?;
    download(&closure, root).wrap_err_with(advice)
}

/// The same without what they depend on: for programs that need nothing but the C library.
///
/// # Errors
/// As [`unpack`].
pub fn unpack_alone(packages: &[&str], root: &Path) -> Result<()> {
    known(packages[0])?;
    let names = packages.iter().map(|name| (*name).to_owned()).collect();
    download(&names, root).wrap_err_with(|| format!("the tests need Debian's {}", packages.join(", ")))
}

/// A fresh machine has no package lists yet.
fn known(package: &str) -> Result<()> {
    if run(Command::new("apt-cache").args(["show", package])).is_err() {
        run(Command::new("apt-get").args(["update", "-qq"]))?;
    }
    Ok(())
}

fn download(packages: &BTreeSet<String>, root: &Path) -> Result<()> {
    let debs = tempfile::tempdir()?;
    let mut download = Command::new("apt-get");
    download
        .args(["download", "-qq", "-o", "APT::Sandbox::User=root"])
        .args(packages)
        .current_dir(debs.path());
    if run(&mut download).is_err() {
        // The lists may be older than what the mirror still has.
        run(Command::new("apt-get").args(["update", "-qq"]))?;
        run(&mut download)?;
    }
    for deb in std::fs::read_dir(debs.path())? {
        let path = deb?.path();
        if path.extension().is_some_and(|e| e == "deb") {
            run(Command::new("dpkg").arg("-x").arg(&path).arg(root))?;
        }
    }
    Ok(())
}

/// The packages and their dependencies, less what is installed.
fn closure(packages: &[&str]) -> Result<BTreeSet<String>> {
    known(packages[0])?;
    let listed = run(Command::new("apt-cache")
        .args(["depends", "--recurse", "--no-recommends", "--no-suggests", "--no-conflicts", "--no-breaks"])
        .args(["--no-replaces", "--no-enhances"])
        .args(packages))?;
    let all: BTreeSet<&str> =
        listed.lines().filter(|line| !line.starts_with([' ', '|', '<']) && !line.is_empty()).collect();
    if all.is_empty() {
        bail!("apt knows none of {}", packages.join(", "));
    }
    let installed = run(Command::new("dpkg-query").args(["-W", "-f", "${Package} ${db:Status-Abbrev}\n"]))?;
    let installed: BTreeSet<&str> = installed
        .lines()
        .filter_map(|line| line.strip_suffix(" ii ").or_else(|| line.strip_suffix(" ii")))
        .collect();
    let wanted = all
        .into_iter()
        .filter(|name| packages.contains(name) || !installed.contains(name))
        // Packages that only exist by being provided have nothing to download.
        .filter(|name| {
            run(Command::new("apt-cache").args(["show", "--no-all-versions", name]))
                .is_ok_and(|s| !s.is_empty())
        })
        .map(str::to_owned);
    Ok(wanted.collect())
}

/// Folders of shared libraries within an unpacked root, for `LD_LIBRARY_PATH`. The alternatives of BLAS and LAPACK
/// stand in folders of their own, because nothing is configured.
pub fn library_path(root: &Path) -> String {
    let triplet = format!("{}-linux-gnu", std::env::consts::ARCH);
    let usr = root.join("usr/lib").join(&triplet);
    let folders = [
        usr.clone(),
        usr.join("pulseaudio"),
        usr.join("blas"),
        usr.join("lapack"),
        root.join("lib").join(&triplet),
    ];
    folders.iter().map(|f| f.display().to_string()).collect::<Vec<_>>().join(":")
}
