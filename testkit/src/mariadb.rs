//! A MariaDB of our own, in a scratch folder, with VICIdial's tables, in a time zone that is not UTC.

use crate::{lab, packages};
use color_eyre::eyre::{Result, WrapErr, bail, eyre};
use sqlx::mysql::{MySqlConnectOptions, MySqlConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Executor};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Raised when what is unpacked changes.
const VERSION: &str = "mariadb-1";
/// VICIdial's tables, as far as Dialdeck reads or writes them.
const SCHEMA: &str = include_str!("vicidial/schema.sql");
/// The server's zone: an offset, because the tables of named zones are not loaded.
pub const ZONE: &str = "-05:00";

/// A running server; gone with this value.
pub struct MariaDb {
    child: Child,
    /// Where it listens.
    pub port: u16,
    folder: tempfile::TempDir,
}

struct Programs {
    root: PathBuf,
    libraries: Option<String>,
}

impl Programs {
    fn find() -> Result<Self> {
        if Path::new("/usr/sbin/mariadbd").exists() && Path::new("/usr/bin/mariadb-install-db").exists() {
            return Ok(Self { root: "/".into(), libraries: None });
        }
        let root = lab::part(VERSION, |folder| packages::unpack(&["mariadb-server-core"], folder))?;
        Ok(Self { libraries: Some(packages::library_path(&root)), root })
    }

    /// A program, as a user that is not root.
    fn command(&self, name: &str) -> Command {
        let program = self.root.join(name);
        let mut command = if lab::is_root() {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        if let Some(libraries) = &self.libraries {
            command.env("LD_LIBRARY_PATH", libraries);
        }
        command.stdin(Stdio::null());
        command
    }
}

impl MariaDb {
    /// Starts one, with VICIdial's database `asterisk` and the user `cron`, password `1234`, who may do all with it, and
    /// `reader`, who may only read.
    ///
    /// # Errors
    /// When it cannot be had or started.
    pub async fn start() -> Result<Self> {
        let programs = Programs::find()?;
        let folder = tempfile::Builder::new().prefix("dialdeck-db").tempdir_in("/tmp")?;
        let data = folder.path().join("data");
        std::fs::create_dir(&data)?;
        // Each its own: a server that starts clears away what others have in theirs.
        std::fs::create_dir(data.with_file_name("tmp"))?;
        if lab::is_root() {
            lab::run(Command::new("chown").arg("-R").arg("65534:65534").arg(folder.path()))?;
            lab::run(Command::new("chmod").arg("700").arg(folder.path()))?;
        }
        make(&programs, &data).wrap_err("a MariaDB could not be made")?;
        let port = lab::free_port()?;
        let child = serve(&programs, &data, folder.path(), port)?;
        let own = Self { child, port, folder };
        own.prepare().await?;
        Ok(own)
    }

    /// A connection as its master, which uses the server's own zone.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn connect(&self) -> Result<MySqlConnection> {
        let options = MySqlConnectOptions::new()
            .socket(self.folder.path().join("socket"))
            .username("root")
            .timezone(None)
            .disable_statement_logging();
        let begun = Instant::now();
        loop {
            match options.connect().await {
                Ok(connection) => return Ok(connection),
                Err(error) if begun.elapsed() > Duration::from_secs(40) => return Err(error.into()),
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    }

    async fn prepare(&self) -> Result<()> {
        let mut db = self.connect().await?;
        for user in ["cron", "reader"] {
            let right = if user == "cron" { "ALL" } else { "SELECT" };
            db.execute(AssertSqlSafe(format!("CREATE USER '{user}'@'127.0.0.1' IDENTIFIED BY '1234'")))
                .await?;
            db.execute(AssertSqlSafe(format!("GRANT {right} ON asterisk.* TO '{user}'@'127.0.0.1'"))).await?;
        }
        Ok(())
    }

    /// Runs statements, as its master, in VICIdial's database.
    ///
    /// # Errors
    /// What the database says.
    pub async fn run(&self, statements: &str) -> Result<()> {
        let mut db = self.connect().await?;
        db.execute("USE asterisk").await?;
        for statement in statements.split(';').map(str::trim).filter(|s| !s.is_empty()) {
            db.execute(AssertSqlSafe(statement.to_owned())).await.wrap_err_with(|| statement.to_owned())?;
        }
        Ok(())
    }
}

impl Drop for MariaDb {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// Makes the system tables and VICIdial's.
fn make(programs: &Programs, data: &Path) -> Result<()> {
    let share = programs.root.join("usr/share/mysql");
    let read =
        |name: &str| std::fs::read_to_string(share.join(name)).wrap_err_with(|| format!("{name} is missing"));
    let mut sql =
        String::from("CREATE DATABASE IF NOT EXISTS mysql;\nUSE mysql;\nSET @auth_root_socket=NULL;\n");
    for name in ["mysql_system_tables.sql", "mysql_performance_tables.sql", "mysql_system_tables_data.sql"] {
        sql += &read(name)?;
        sql.push('\n');
    }
    sql += "CREATE DATABASE asterisk DEFAULT CHARACTER SET utf8;\nUSE asterisk;\n";
    sql += SCHEMA;
    let mut bootstrap = programs.command("usr/sbin/mariadbd");
    bootstrap
        .args(["--no-defaults", "--bootstrap", "--skip-networking", "--datadir"])
        .arg(data)
        .arg(format!("--tmpdir={}", data.with_file_name("tmp").display()))
        .arg(format!("--lc-messages-dir={}", share.display()))
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let mut child = bootstrap.spawn()?;
    let mut stdin = child.stdin.take().ok_or_else(|| eyre!("no stdin"))?;
    let writer = std::thread::spawn(move || std::io::Write::write_all(&mut stdin, sql.as_bytes()));
    let output = child.wait_with_output()?;
    let _ = writer.join();
    if !output.status.success() {
        let complaint = String::from_utf8_lossy(&output.stderr);
        bail!("mariadbd --bootstrap: {}", complaint.lines().rev().take(8).collect::<Vec<_>>().join("\n"));
    }
    Ok(())
}

/// Started by a shell that kills it when our end of a pipe closes, however we end.
fn serve(programs: &Programs, data: &Path, folder: &Path, port: u16) -> Result<Child> {
    let server = programs.command("usr/sbin/mariadbd");
    let mut shell = Command::new("sh");
    shell
        .arg("-c")
        .arg("\"$@\" </dev/null >/dev/null 2>&1 & p=$!; cat >/dev/null; kill -KILL $p; wait $p 2>/dev/null")
        .arg("sh")
        .arg(server.get_program())
        .args(server.get_args())
        .args([
            "--no-defaults",
            "--bind-address=127.0.0.1",
            "--skip-log-bin",
            "--innodb-flush-log-at-trx-commit=0",
        ])
        .arg(format!("--lc-messages-dir={}", programs.root.join("usr/share/mysql").display()))
        .arg(format!("--default-time-zone={ZONE}"))
        .arg(format!("--datadir={}", data.display()))
        .arg(format!("--tmpdir={}", folder.join("tmp").display()))
        .arg(format!("--socket={}", folder.join("socket").display()))
        .arg(format!("--pid-file={}", folder.join("pid").display()))
        .arg(format!("--port={port}"))
        .current_dir("/")
        .stdin(Stdio::piped());
    for (name, value) in server.get_envs() {
        if let Some(value) = value {
            shell.env(name, value);
        }
    }
    Ok(shell.spawn()?)
}
