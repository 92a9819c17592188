//! A server on the simulated phone network, and consoles at it.

#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each test uses what it needs, and ends where it cannot go on"
)]

use dialdeck_testkit::daemon::{Daemon, PASSWORD, Setup};
use dialdeck_testkit::lab::free_port;
use dialdeck_testkit::terminal::Terminal;
use std::path::Path;

/// The console's program.
pub const CONSOLE: &str = env!("CARGO_BIN_EXE_dialdeck");

/// A server with its own home; sue supervises, vic looks.
pub struct House {
    pub server: Daemon,
    pub setup: Setup,
    pub home: tempfile::TempDir,
}

/// Starts one. `speed`: how many times as fast people talk.
pub fn house(speed: &str) -> House {
    house_with(&[("telephony.kind", "simulated"), ("telephony.simulated_speed", speed)])
}

/// Starts one with settings of its own; the server's program stands beside the console's.
pub fn house_with(settings: &[(&str, &str)]) -> House {
    let daemon = Path::new(CONSOLE).with_file_name("dialdeckd");
    assert!(daemon.exists(), "build dialdeckd first: cargo build --workspace");
    let home = tempfile::tempdir().unwrap();
    let setup = Setup::new(&daemon.to_string_lossy(), home.path())
        .set("server.http", &format!("127.0.0.1:{}", free_port().unwrap()));
    let setup = settings.iter().fold(setup, |setup, (name, value)| setup.set(name, value));
    setup.add_user("sue", "supervisor").unwrap();
    setup.add_user("vic", "viewer").unwrap();
    let server = setup.start(&["serve"]).unwrap();
    House { server, setup, home }
}

/// The console on a terminal of some size.
pub fn console(house: &House, environment: &[(&str, &str)], columns: u16, rows: u16) -> Terminal {
    let mut all = vec![("DIALDECK_SERVER", house.server.http.as_str())];
    all.extend_from_slice(environment);
    Terminal::start(CONSOLE, &[], &all, columns, rows).unwrap()
}

/// Runs the program without a screen; gives whether it ended well, and all that it said.
pub fn run(house: &House, user: &str, arguments: &[&str]) -> (bool, String) {
    let output = std::process::Command::new(CONSOLE)
        .args(arguments)
        .env("DIALDECK_SERVER", &house.server.http)
        .env("DIALDECK_USER", user)
        .env("DIALDECK_PASSWORD", PASSWORD)
        .output()
        .unwrap();
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.success(), said)
}
