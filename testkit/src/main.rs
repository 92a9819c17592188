//! `lab`: brings up what the tests talk to, so that it is there and cached before they run. `lab dialpad`: a stand-in for
//! Dialpad with calls of the last days, to try the programs by hand.

use dialdeck_testkit::dialpad::{self, Dialpad, TrueCall};
use dialdeck_testkit::{asterisk, mariadb, postgres, speech, tools};

fn main() -> color_eyre::eyre::Result<()> {
    color_eyre::install()?;
    if std::env::args().nth(1).as_deref() == Some("dialpad") {
        return tokio::runtime::Runtime::new()?.block_on(office());
    }
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

/// A stand-in for Dialpad, until it is stopped.
async fn office() -> color_eyre::eyre::Result<()> {
    let fake = Dialpad::start().await?;
    let (department, agents) = {
        let state = fake.state();
        let ids = state.users.keys().copied().collect::<Vec<i64>>();
        (state.departments.keys().next().copied().unwrap_or_default(), ids)
    };
    let now = chrono::Utc::now().timestamp_millis();
    let calls =
        dialpad::sample(3000, now - 14 * 86_400_000, now - 600_000, department, &agents, now.unsigned_abs());
    fake.state().put_calls(department, calls.iter().flat_map(TrueCall::legs));
    println!(
        "DIALPAD_API_TOKEN=dialpad-token DIALPAD_DEPARTMENT_ID={department} DIALDECK__DIALPAD__URL={} dialdeckd serve",
        fake.url
    );
    tokio::signal::ctrl_c().await?;
    Ok(())
}
