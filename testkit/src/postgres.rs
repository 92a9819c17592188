//! A PostgreSQL of our own, in a scratch folder.

use crate::{lab, packages};
use color_eyre::eyre::{Result, WrapErr, bail, eyre};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Raised when what is unpacked changes.
const VERSION: &str = "postgres-1";

/// A running server; gone with this value.
pub struct Postgres {
    child: Child,
    port: u16,
    _folder: tempfile::TempDir,
}

/// Where the programs are, and the libraries they need.
struct Programs {
    bin: PathBuf,
    libraries: Option<String>,
}

impl Programs {
    /// Those of the machine, or unpacked ones.
    fn find() -> Result<Self> {
        let installed = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
        let mut installed: Vec<PathBuf> =
            installed.map(|e| e.path().join("bin")).filter(|bin| bin.join("initdb").exists()).collect();
        installed.sort();
        if let Some(bin) = installed.pop() {
            return Ok(Self { bin, libraries: None });
        }
        let folder = lab::part(VERSION, |folder| packages::unpack(&["postgresql"], folder))?;
        let mut versions: Vec<PathBuf> = std::fs::read_dir(folder.join("usr/lib/postgresql"))?
            .flatten()
            .map(|e| e.path().join("bin"))
            .collect();
        versions.sort();
        let bin = versions.pop().ok_or_else(|| eyre!("Debian's postgresql has no programs"))?;
        Ok(Self { bin, libraries: Some(packages::library_path(&folder)) })
    }

    /// A program, as a user that is not root: PostgreSQL refuses root.
    fn command(&self, name: &str) -> Command {
        let program = self.bin.join(name);
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

impl Postgres {
    /// Starts one.
    ///
    /// # Errors
    /// When it cannot be had or started.
    pub fn start() -> Result<Self> {
        let programs = Programs::find()?;
        let folder = tempfile::Builder::new().prefix("dialdeck-pg").tempdir_in("/tmp")?;
        let data = folder.path().join("data");
        if lab::is_root() {
            lab::run(Command::new("chown").arg("65534:65534").arg(folder.path()))?;
            lab::run(Command::new("chmod").arg("700").arg(folder.path()))?;
        }
        let mut initdb = programs.command("initdb");
        initdb
            .args(["-U", "dialdeck", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync", "-D"])
            .arg(&data);
        lab::run(initdb.current_dir("/")).wrap_err("a PostgreSQL could not be made")?;
        let port = lab::free_port()?;
        let mut child = start(&programs, &data, folder.path(), port)?;
        let begun = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            if let Some(status) = child.try_wait()? {
                bail!("PostgreSQL ended with {status}");
            }
            if begun.elapsed() > Duration::from_secs(30) {
                bail!("PostgreSQL does not answer");
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(Self { child, port, _folder: folder })
    }

    /// Address of a database in it.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://dialdeck@127.0.0.1:{}/{database}", self.port)
    }

    /// Makes an empty database; gives its address.
    ///
    /// # Errors
    /// When it cannot be made.
    pub async fn database(&self) -> Result<String> {
        use sqlx::Connection;
        let name = format!("t{}", uuid::Uuid::new_v4().simple());
        let begun = Instant::now();
        let mut conn = loop {
            // It takes connections a moment before it lets anyone in.
            match sqlx::PgConnection::connect(&self.url("postgres")).await {
                Ok(conn) => break conn,
                Err(error) if begun.elapsed() > Duration::from_secs(30) => return Err(error.into()),
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        };
        sqlx::query(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&mut conn).await?;
        Ok(self.url(&name))
    }
}

/// Started by a shell that kills it when our end of a pipe closes, however we end.
fn start(programs: &Programs, data: &Path, socket: &Path, port: u16) -> Result<Child> {
    let server = programs.command("postgres");
    let mut shell = Command::new("sh");
    shell
        .arg("-c")
        .arg("\"$@\" </dev/null >/dev/null 2>&1 & p=$!; cat >/dev/null; kill -QUIT $p; wait $p")
        .arg("sh")
        .arg(server.get_program())
        .args(server.get_args())
        .args(["-F", "-c", "listen_addresses=127.0.0.1", "-c", "max_connections=200", "-D"])
        .arg(data)
        .arg("-k")
        .arg(socket)
        .arg("-p")
        .arg(port.to_string())
        .current_dir("/")
        .stdin(Stdio::piped());
    for (name, value) in server.get_envs() {
        if let Some(value) = value {
            shell.env(name, value);
        }
    }
    Ok(shell.spawn()?)
}

impl Drop for Postgres {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
