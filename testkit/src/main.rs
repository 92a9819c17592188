//! `lab`: brings up what the tests talk to, so that it is there and cached before they run.

use dialdeck_testkit::{asterisk, mariadb, postgres, speech, tools};

fn main() -> color_eyre::eyre::Result<()> {
    color_eyre::install()?;
    let speech = speech::Speech::find()?;
    println!("API checkers: {}", tools::python("st")?.display());
    println!("promtool: {}", tools::promtool()?.display());
    println!("speech tools: {}", speech.program("flite"));
    let postgres = postgres::Postgres::start()?;
    println!("PostgreSQL: {}", postgres.url("postgres"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mariadb = runtime.block_on(mariadb::MariaDb::start())?;
    println!("MariaDB: port {}", mariadb.port);
    let port = dialdeck_testkit::lab::free_port()?;
    let http = format!("[general]\nenabled = yes\nbindaddr = 127.0.0.1\nbindport = {port}\n");
    let asterisk = asterisk::Asterisk::start(&speech, port, &[("http.conf".into(), http)])?;
    println!("Asterisk: {}", asterisk.cli("core show version")?.trim());
    Ok(())
}
