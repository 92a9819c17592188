//! The pictures of the README: the console on the demo's floor, its keys pressed as a person would.

use super::{PASSWORD, cargo, demo_server, ended, programs, started, step};
use color_eyre::eyre::{Result, WrapErr, eyre};
use dialdeck_testkit::terminal::Terminal;
use std::path::Path;

/// Where they go.
const FOLDER: &str = "docs/screens";
const COLUMNS: u16 = 120;
const ROWS: u16 = 34;

/// Draws all of them.
pub fn draw() -> Result<()> {
    step("build", cargo().args(["build", "--package", "dialdeck", "--package", "dialdeck-server"]))?;
    std::fs::create_dir_all(FOLDER)?;
    let (mut server, http) = started(demo_server(2.0))?;
    let drawn = walk(&http);
    ended(&mut server)?;
    drawn
}

fn walk(http: &str) -> Result<()> {
    let program = programs().join("dialdeck");
    let program = program.to_str().ok_or_else(|| eyre!("the folder's name is not UTF-8"))?;
    let program = std::fs::canonicalize(program)?;
    let environment = [("DIALDECK_PASSWORD", PASSWORD), ("COLORTERM", "truecolor")];
    let arguments = ["--server", http, "--user", "demo"];
    let mut console = Terminal::start(&program.to_string_lossy(), &arguments, &environment, COLUMNS, ROWS)?;
    console.shows("Spring demo")?;
    // Somebody talks, and has been answered.
    console.press("\t")?;
    console.until("a conversation", |text| text.contains("Customer ") && text.contains("turn 3"))?;
    save(&console, "floor")?;
    console.press("?")?;
    console.shows("Help")?;
    save(&console, "help")?;
    // An escape that a key follows at once is another key.
    console.press("\u{1b}")?;
    console.until("help to close", |text| !text.contains("Esc closes"))?;
    console.press("2")?;
    console
        .until("calls of the past", |text| text.lines().filter(|line| line.contains(" 0:")).count() >= 12)?;
    console.press("\r")?;
    console.shows("Customer ")?;
    save(&console, "history")?;
    console.press("7")?;
    console.until("a day in figures", |text| {
        text.contains("What they came to") && text.contains("interested")
    })?;
    save(&console, "dashboard")?;
    console.press("3i")?;
    console.shows("phone")?;
    console.press("PJSIP/6001\r")?;
    console.shows("connected")?;
    save(&console, "agents")?;
    console.press("8")?;
    console.shows("memory")?;
    save(&console, "server")?;
    console.press("0c")?;
    console.shows("asterisk")?;
    save(&console, "connectors")?;
    console.press("0l")?;
    console.shows("No call of this campaign")?;
    console.press("]")?;
    console.until("what calls teach", |text| text.contains("the shipped script"))?;
    save(&console, "learning")?;
    console.press("q")?;
    console.ended()?;
    Ok(())
}

fn save(console: &Terminal, name: &str) -> Result<()> {
    let path = Path::new(FOLDER).join(format!("{name}.svg"));
    std::fs::write(&path, console.picture()).wrap_err_with(|| path.display().to_string())?;
    println!("{}", path.display());
    Ok(())
}
