//! Programs that judge what we make: the API's description, metrics and alert rules. Kept in the lab.

use crate::lab::{self, run};
use crate::packages;
use color_eyre::eyre::{Result, WrapErr};
use std::path::PathBuf;
use std::process::Command;

/// Raised when the requirements change.
const PYTHON: &str = "python-2";
const PROMETHEUS: &str = "promtool-1";
const REQUIREMENTS: &str = include_str!("../requirements.txt");

/// A program of the Python packages in `testkit/requirements.txt`: `st` (schemathesis) or `openapi-spec-validator`.
///
/// # Errors
/// When there is no Python 3 with venv, or the package index cannot be reached.
pub fn python(program: &str) -> Result<PathBuf> {
    let folder = lab::part(PYTHON, |folder| {
        let advice = || "the tests need Python 3 with venv: apt install python3-venv";
        run(Command::new("python3").args(["-m", "venv"]).arg(folder.join("venv"))).wrap_err_with(advice)?;
        let list = folder.join("requirements.txt");
        std::fs::write(&list, REQUIREMENTS)?;
        let mut pip = Command::new(folder.join("venv/bin/python"));
        run(pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"]).arg(&list))?;
        // The scripts name the folder they were made in; they are run by name of the module's interpreter instead.
        Ok(())
    })?;
    // A venv bears its own path: after the folder took its name, the scripts' first line is stale.
    let bin = folder.join("venv/bin");
    let script = bin.join(program);
    let text = std::fs::read_to_string(&script)?;
    let right = format!("#!{}", bin.join("python").display());
    if !text.starts_with(&right) {
        let rest = text.split_once('\n').map_or("", |(_, rest)| rest);
        std::fs::write(&script, format!("{right}\n{rest}"))?;
    }
    Ok(script)
}

/// The interpreter that has those packages.
///
/// # Errors
/// As [`python`].
pub fn interpreter() -> Result<PathBuf> {
    Ok(python("st")?.with_file_name("python"))
}

/// Prometheus' promtool.
///
/// # Errors
/// When Debian's package cannot be had.
pub fn promtool() -> Result<PathBuf> {
    let folder = lab::part(PROMETHEUS, |folder| {
        packages::unpack_alone(&["prometheus"], folder)?;
        let _ = std::fs::remove_file(folder.join("usr/bin/prometheus"));
        Ok(())
    })?;
    Ok(folder.join("usr/bin/promtool"))
}

/// A certificate for `127.0.0.1` and `localhost`, its key, and the authority that signed it: all PEM.
///
/// # Errors
/// When it cannot be made.
pub fn certificate() -> Result<(String, String, String)> {
    let mut authority = rcgen::CertificateParams::new(Vec::<String>::new())?;
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority_key = rcgen::KeyPair::generate()?;
    let signed = authority.self_signed(&authority_key)?;
    let issuer = rcgen::Issuer::new(authority, authority_key);
    let key = rcgen::KeyPair::generate()?;
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let certificate = rcgen::CertificateParams::new(names)?.signed_by(&key, &issuer)?;
    Ok((certificate.pem(), key.serialize_pem(), signed.pem()))
}
