//! `cargo xtask demo`, `cargo xtask test`, and what is made of the repository: its package, its pictures.

mod screenshots;

use clap::{Parser, Subcommand};
use color_eyre::eyre::{Result, WrapErr, bail, eyre};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The commands of this repository")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Build both programs and open the console on a floor whose people are simulated
    Demo {
        /// How much faster than life people talk
        #[arg(long, default_value_t = 1.0)]
        speed: f64,
        /// Only run the server, and print how to connect
        #[arg(long)]
        server_only: bool,
    },
    /// Build the Debian package: both programs, man pages, completions, the unit
    Package {
        /// From unoptimised programs, to try the recipe
        #[arg(long)]
        debug: bool,
    },
    /// Draw the pictures of the README anew: the console on the demo's floor
    Screenshots,
    /// Everything that CI checks: formatting, lints, licences, tests with real servers
    Test,
}

fn main() -> Result<()> {
    color_eyre::install()?;
    std::env::set_current_dir(root()?)?;
    match Cli::parse().task {
        Task::Demo { speed, server_only } => demo(speed, server_only),
        Task::Package { debug } => package(debug).map(|deb| println!("\n{}", deb.display())),
        Task::Screenshots => screenshots::draw(),
        Task::Test => test(),
    }
}

fn root() -> Result<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().map(Path::to_owned).ok_or_else(|| eyre!("the repository has no root"))
}

fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

fn step(what: &str, command: &mut Command) -> Result<()> {
    println!("\n── {what}");
    let status = command.status().wrap_err_with(|| format!("{command:?} cannot be started"))?;
    if !status.success() {
        bail!("{what}: {status}");
    }
    Ok(())
}

fn demo(speed: f64, server_only: bool) -> Result<()> {
    step("build", cargo().args(["build", "--package", "dialdeck", "--package", "dialdeck-server"]))?;
    let mut server = demo_server(speed);
    if server_only {
        return step("server", &mut server);
    }
    let (mut server, http) = started(server)?;
    let console = Command::new(programs().join("dialdeck"))
        .args(["--server", &http, "--user", "demo"])
        .env("DIALDECK_PASSWORD", PASSWORD)
        .status();
    ended(&mut server)?;
    if !console?.success() {
        bail!("the console did not end well");
    }
    Ok(())
}

/// Password of the demo's user.
const PASSWORD: &str = "demo-floor";

fn programs() -> PathBuf {
    target().join("debug")
}

fn demo_server(speed: f64) -> Command {
    let mut server = Command::new(programs().join("dialdeckd"));
    let speed = speed.to_string();
    let quick = "server.shutdown_grace_seconds=0";
    server.args(["demo", "--speed", &speed, "--set", "server.http=127.0.0.1:0", "--set", quick]);
    server
}

/// Starts the demo's server; gives where it is.
fn started(mut server: Command) -> Result<(Child, String)> {
    let mut server = server.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let mut output = BufReader::new(server.stdout.take().ok_or_else(|| eyre!("no output"))?);
    let mut ready = String::new();
    output.read_line(&mut ready)?;
    // It goes on to write there.
    server.stdout = Some(output.into_inner());
    let http = ready.split_whitespace().find_map(|word| word.strip_prefix("http="));
    let http = http.ok_or_else(|| eyre!("the server did not start; try --server-only"))?;
    Ok((server, format!("http://{http}")))
}

/// Asked, not killed: it takes its folder with it.
fn ended(server: &mut Child) -> Result<()> {
    Command::new("kill").arg(server.id().to_string()).status()?;
    server.wait()?;
    Ok(())
}

fn test() -> Result<()> {
    step("formatting", cargo().args(["fmt", "--all", "--check"]))?;
    step("lints", cargo().args(["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"]))?;
    deny()?;
    step("lab", cargo().args(["run", "--quiet", "--package", "dialdeck-testkit", "--bin", "lab"]))?;
    // The console's black-box tests run the server too: it must be there before they start.
    step("build", cargo().args(["build", "--workspace", "--all-targets"]))?;
    let deb = package(true)?;
    step(
        "the package's contents",
        Command::new("dpkg-deb").arg("--contents").arg(deb).stdout(Stdio::null()),
    )?;
    let nextest = cargo().args(["nextest", "--version"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    if nextest.is_ok_and(|status| status.success()) {
        step("tests", cargo().args(["nextest", "run", "--workspace", "--no-fail-fast"]))?;
        step("examples in the documentation", cargo().args(["test", "--workspace", "--doc"]))
    } else {
        step("tests", cargo().args(["test", "--workspace", "--no-fail-fast"]))
    }
}

fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from)
}

/// Builds the Debian package; gives its path.
fn package(debug: bool) -> Result<PathBuf> {
    let (profile, folder) = if debug { ("dev", "debug") } else { ("release", "release") };
    // All of the workspace: built alone, the programs would want other features of what they share, and all of it anew.
    step("programs", cargo().args(["build", "--profile", profile, "--workspace", "--all-targets"]))?;
    let made = target().join("package");
    std::fs::create_dir_all(&made)?;
    for program in ["dialdeck", "dialdeckd"] {
        let built = target().join(folder).join(program);
        step("stripped", Command::new("strip").arg("-o").arg(made.join(program)).arg(&built))?;
        step("manual and completions", Command::new(built).args(["manual", "--out"]).arg(&made))?;
    }
    let tool = tool("cargo-deb", "3.8.0")?;
    let deb = target().join("debian").join("dialdeck.deb");
    let mut make = Command::new(tool);
    // The subcommand's name comes first when cargo itself is not between.
    make.args(["deb", "--no-build", "--no-strip", "--package", "dialdeck", "--output"]).arg(&deb);
    // The small one takes minutes, which is worth it once.
    make.args(if debug { ["--compress-type=xz", "--fast"].as_slice() } else { &["--compress-type=xz"] });
    step("package", &mut make)?;
    Ok(deb)
}

/// A tool of cargo's, built once and kept in the user's cache.
fn tool(name: &str, version: &str) -> Result<PathBuf> {
    let installed = Command::new(name).arg("--version").output();
    if installed.is_ok_and(|out| String::from_utf8_lossy(&out.stdout).contains(version)) {
        return Ok(name.into());
    }
    let home = dialdeck_testkit::lab::folder().join("tools").join(format!("{name}-{version}"));
    let program = home.join("bin").join(name);
    if !program.exists() {
        let mut install = cargo();
        install.args(["install", "--quiet", "--locked", name, "--version", version, "--root"]).arg(&home);
        step(&format!("{name}, built once"), &mut install)?;
    }
    Ok(program)
}

/// Licences, bans and sources.
fn deny() -> Result<()> {
    let program = tool("cargo-deny", "0.20.2")?;
    step("licences", Command::new(program).args(["check", "bans", "licenses", "sources"]))
}
