//! Reports: on a schedule, into a folder, and by mail to a real mail server.

use crate::office::{SALES, office, pull};
use dialdeck_testkit::dialpad::{TrueCall, sample};
use dialdeck_testkit::tools;
use dialdeck_testkit::wait::until;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// A mail server that keeps what it gets.
struct MailServer {
    child: Child,
    port: u16,
    folder: tempfile::TempDir,
}

/// Python's aiosmtpd: a mail server of its own.
const SERVER: &str = r#"
import asyncio, itertools, os, sys
from aiosmtpd.smtp import SMTP

count = itertools.count()

class Keep:
    async def handle_DATA(self, server, session, envelope):
        name = f"{sys.argv[1]}/{next(count)}"
        with open(name, "wb") as out:
            out.write(("\n".join(envelope.rcpt_tos) + "\n\n").encode() + envelope.content)
        os.rename(name, name + ".eml")
        return "250 kept"

async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Keep()), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()

asyncio.run(main())
"#;

impl MailServer {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut child = Command::new(tools::interpreter().unwrap())
            .args(["-c", SERVER])
            .arg(folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { child, port: line.trim().parse().unwrap(), folder }
    }

    fn mails(&self) -> Vec<String> {
        let files = std::fs::read_dir(self.folder.path()).unwrap().flatten();
        let kept = files.filter(|file| file.path().extension().is_some_and(|end| end == "eml"));
        kept.map(|file| std::fs::read_to_string(file.path()).unwrap()).collect()
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn daily_and_weekly_into_a_folder_and_by_mail() {
    let mut office = office().await;
    let mail = MailServer::start();
    let folder = office.home.path().join("reports");
    let agents: Vec<i64> = office.fake.state().users.keys().copied().collect();
    let now = chrono::Utc::now();
    let from = (now - chrono::Duration::days(15)).timestamp_millis();
    let calls = sample(400, from, now.timestamp_millis() - 3_600_000, SALES, &agents, 5);
    office.fake.state().users.values_mut().next().unwrap().name = "=Ann <b>|Able".into();
    office.fake.state().put_calls(SALES, calls.iter().flat_map(TrueCall::legs));
    {
        let (server, client) = office.start().await;
        pull(&client, None).await;
        // By hand first: what a person downloads is what is sent.
        let yesterday = (now - chrono::Duration::days(1)).date_naive();
        let path = format!("/api/v1/dialpad/report?from={yesterday}&format=md");
        assert_eq!(client.send(reqwest::Method::GET, &path, None).await.unwrap().0, 200);
        server.stop().unwrap();
    }
    let config = office.home.path().join("config/dialdeck");
    std::fs::create_dir_all(&config).unwrap();
    let weekday = now.format("%a").to_string().to_lowercase();
    let settings = format!(
        "[dialpad.report]\ndaily = \"00:00\"\nweekly = \"{weekday} 00:00\"\nfolder = {folder:?}\nmail_to = [\"Boss <boss@example.com>\", \
         \"floor@example.com\"]\nmail_from = \"dialdeck@example.com\"\nsmtp_host = \"127.0.0.1\"\nsmtp_port = {}\nsmtp_tls = \"none\"\n",
        mail.port
    );
    std::fs::write(config.join("server.toml"), settings).unwrap();
    office.setup = office.setup.clone().set("dialpad.zone", "UTC");
    {
        let (server, _client) = office.start().await;
        until("two mails", async || (mail.mails().len() == 2).then_some(())).await;
        server.stop().unwrap();
    }
    let files: Vec<String> = std::fs::read_dir(&folder)
        .unwrap()
        .flatten()
        .map(|file| file.file_name().into_string().unwrap())
        .collect();
    let yesterday = (now - chrono::Duration::days(1)).date_naive();
    for ending in ["md", "csv", "html"] {
        assert!(files.contains(&format!("dialpad-{yesterday}.{ending}")), "{files:?}");
        assert!(files.iter().any(|name| name.contains("-to-") && name.ends_with(ending)), "{files:?}");
    }
    assert_eq!(files.len(), 6, "{files:?}");
    let csv = std::fs::read_to_string(folder.join(format!("dialpad-{yesterday}.csv"))).unwrap();
    assert!(!csv.lines().any(|line| line.starts_with('=') || line.starts_with("\"=")), "{csv}");
    let html = std::fs::read_to_string(folder.join(format!("dialpad-{yesterday}.html"))).unwrap();
    assert!(!html.contains("<b>"), "{html}");
    for one in mail.mails() {
        assert!(one.starts_with("boss@example.com\nfloor@example.com\n"), "{one}");
        assert!(one.contains("=\"dialpad-") && one.contains("Subject: Dialpad, "), "{one}");
    }
    // What was made is not made again.
    let before = mail.mails().len();
    let (server, client) = office.start().await;
    pull(&client, None).await;
    server.stop().unwrap();
    assert_eq!(mail.mails().len(), before);
}
