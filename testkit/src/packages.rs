//! Debian packages, downloaded and unpacked into a folder: nothing is installed.

use crate::lab::run;
use color_eyre::eyre::{Result, WrapErr, bail, eyre};
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

/// A Debian system in a folder, for a chroot: `variant` and `include` are mmdebstrap's.
///
/// # Errors
/// When the mirror cannot be reached, or we are not root.
pub fn system(suite: &str, variant: &str, include: &[&str], root: &Path) -> Result<()> {
    let tool = tempfile::tempdir()?;
    unpack(&["mmdebstrap"], tool.path())?;
    let mirror = mirror()?;
    let bin = tool.path().join("usr/bin");
    let mut command = Command::new(bin.join("mmdebstrap"));
    // It calls helpers of its own by name.
    let path = std::env::var("PATH").unwrap_or_default();
    command
        .env("PATH", format!("{}:{path}", bin.display()))
        .args(["--quiet", "--mode=root", &format!("--variant={variant}")])
        .args(["--aptopt=Acquire::Check-Valid-Until \"false\"", "--aptopt=APT::Install-Recommends \"false\""])
        .args(["--aptopt=Acquire::Languages \"none\"", "--dpkgopt=path-exclude=/usr/share/doc/*"])
        .args(["--dpkgopt=path-exclude=/usr/share/man/*", "--dpkgopt=path-exclude=/usr/share/locale/*"]);
    if !include.is_empty() {
        command.arg(format!("--include={}", include.join(",")));
    }
    run(command.arg(suite).arg(root).arg(mirror)).map(|_| ())
}

/// The Debian mirror that this machine's apt is configured with; apt reads its own configuration best.
fn mirror() -> Result<String> {
    let targets = run(Command::new("apt-get").args([
        "indextargets",
        "--format",
        "$(REPO_URI)|$(ORIGIN)|$(LABEL)",
        "Created-By: Packages",
    ]))?;
    targets
        .lines()
        .find_map(|line| {
            let mut cells = line.split('|');
            let (uri, origin, label) = (cells.next()?, cells.next()?, cells.next()?);
            let debian = (origin == "Debian" || origin.is_empty()) && !label.contains("Security");
            (debian && !uri.contains("security") && !uri.contains("backports")).then(|| uri.to_owned())
        })
        .ok_or_else(|| eyre!("apt names no Debian mirror; what the tests need comes from one"))
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
