//! The container's recipe and the operations page: the image is built by the recipe, runs as it says of itself with a
//! read-only root, and the page's steps are followed in it word for word, to a call.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends where it cannot go on"
)]

use dialdeck_testkit::asterisk::Asterisk;
use dialdeck_testkit::daemon::PASSWORD;
use dialdeck_testkit::image::{Builder, Image};
use dialdeck_testkit::lab::{free_port, run};
use dialdeck_testkit::people::number;
use dialdeck_testkit::postgres::Postgres;
use dialdeck_testkit::speech::Speech;
use dialdeck_testkit::wait::until;
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};

const CONSOLE: &str = env!("CARGO_BIN_EXE_dialdeck");
const PAGE: &str = include_str!("../docs/OPERATIONS.md");
const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Words of a step of the page. Fails when the page says otherwise.
fn step(line: &str) -> Vec<&str> {
    assert!(PAGE.lines().any(|l| l.trim() == line), "the page has no step {line:?}");
    line.split_whitespace().collect()
}

/// A server, ended with this value.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn image() -> (Builder, Image) {
    let built = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(built.path().join("out")).unwrap();
    let daemon = Path::new(CONSOLE).with_file_name("dialdeckd");
    let stripped = built.path().join("out/dialdeckd");
    run(Command::new("strip").arg("-o").arg(&stripped).arg(daemon)).unwrap();
    let builder = Builder::new().unwrap();
    let recipe = Path::new(ROOT).join("ops/container/Containerfile");
    let image = builder.build(&recipe, Path::new(ROOT), built.path()).unwrap();
    (builder, image)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_is_followed_to_a_call() {
    let (_builder, image) = image();
    assert_eq!(image.config["User"], "10001:10001");
    assert_eq!(
        image.config["Healthcheck"]["Test"],
        serde_json::json!(["CMD", "/usr/bin/dialdeckd", "healthcheck"])
    );
    let speech = Speech::find().unwrap();
    let postgres = Postgres::start().unwrap();
    let home = tempfile::tempdir().unwrap();
    let state = home.path().join("state");
    std::fs::create_dir(&state).unwrap();
    let ports = [(); 4].map(|()| free_port().unwrap());
    // Step 1: secrets are files, in the place where compose puts them; here in the folder that can be written.
    for (name, secret) in
        [("database_url", postgres.database().await.unwrap()), ("ari_password", "from-a-file".to_owned())]
    {
        std::fs::write(state.join(name), secret).unwrap();
    }
    let compose = std::fs::read_to_string(Path::new(ROOT).join("ops/container/compose.yml")).unwrap();
    for line in [
        "DATABASE_URL_FILE: /run/secrets/database_url",
        "ARI_PASSWORD_FILE: /run/secrets/ari_password",
        "read_only: true",
    ] {
        assert!(compose.contains(line), "{line}");
    }
    let environment: Vec<(String, String)> = [
        ("DATABASE_URL_FILE", "/var/lib/dialdeck/database_url".to_owned()),
        ("ARI_URL", format!("http://127.0.0.1:{}/ari", ports[0])),
        ("ARI_USERNAME", "dialdeck".to_owned()),
        ("ARI_PASSWORD_FILE", "/var/lib/dialdeck/ari_password".to_owned()),
        ("AGI_PORT", ports[1].to_string()),
        ("DIALDECK__ASTERISK__AUDIOSOCKET", format!("127.0.0.1:{}", ports[2])),
        ("DIALDECK__ASTERISK__DIAL", "Local/{digits}@customers/n".to_owned()),
        ("DIALDECK__SERVER__HTTP", format!("127.0.0.1:{}", ports[3])),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    // `podman compose run --rm dialdeckd …` is the entry point with what stands behind.
    let inside = |words: &[&str]| {
        let entry = image.config["Entrypoint"][0].as_str().unwrap();
        let arguments: Vec<&str> = std::iter::once(entry).chain(words.iter().copied()).collect();
        image.command(&state, &environment, &arguments).unwrap()
    };
    // Step 2; the folder that is shared with Asterisk is here within the state.
    let words = step("podman compose run --rm dialdeckd asterisk render --out /rendered --force");
    let words: Vec<&str> =
        words[5..].iter().map(|w| if *w == "/rendered" { "/var/lib/dialdeck/rendered" } else { w }).collect();
    run(&mut inside(&words)).unwrap();
    let copied: Vec<(String, String)> = ["extensions.conf", "ari.conf", "http.conf", "pjsip.conf"]
        .iter()
        .map(|name| ((*name).to_owned(), std::fs::read_to_string(state.join("rendered").join(name)).unwrap()))
        .collect();
    // Step 3.
    step("podman compose up --detach");
    let _asterisk = Asterisk::start(&speech, ports[0], &copied).unwrap();
    let command = image.config["Cmd"][0].as_str().unwrap().to_owned();
    let log = home.path().join("log");
    let mut server = inside(&[&command]);
    server.stdout(Stdio::null()).stderr(std::fs::File::create(&log).unwrap());
    let _server = Running(server.spawn().unwrap());
    until("the health check to pass", || async { run(&mut inside(&["healthcheck"])).ok() }).await;
    until("Asterisk to be reached", || async {
        std::fs::read_to_string(&log).ok().filter(|text| text.contains("Asterisk, ARI at"))
    })
    .await;
    // Step 4, with the password from a pipe instead of a keyboard.
    let words = step("podman compose run --rm dialdeckd user add sue --role admin");
    let mut adding = inside(&[&words[5..], &["--password-stdin"]].concat());
    let mut adding = adding.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    writeln!(adding.stdin.take().unwrap(), "{PASSWORD}").unwrap();
    assert!(adding.wait().unwrap().success());
    // Step 5.
    let words = step("podman compose exec dialdeckd dialdeckd doctor");
    let said = run(&mut inside(&words[5..])).unwrap();
    for line in
        ["ok   database", "ok   ari", "ok   fastagi", "ok   audiosocket", "ok   synthesiser", "ok   dialogue"]
    {
        assert!(said.contains(line), "{line} is not in\n{said}");
    }
    // Step 6.
    for line in [
        "dialdeck --user sue number add +13125550100 --label \"Main line\"",
        "dialdeck --user sue call test +13125550142 --from +13125550100",
    ] {
        step(line);
        let own = number(22);
        let words: Vec<&str> =
            shell(line).into_iter().skip(1).map(|w| if w == "+13125550142" { &own } else { w }).collect();
        let output = Command::new(CONSOLE)
            .args(&words)
            .env("DIALDECK_SERVER", format!("http://127.0.0.1:{}", ports[3]))
            .env("DIALDECK_PASSWORD", PASSWORD)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        let complaint = String::from_utf8_lossy(&output.stderr);
        let log = std::fs::read_to_string(&log).unwrap();
        assert!(output.status.success(), "{line}: {said}{complaint}\n{log}");
        assert!(!line.contains("call test") || said.contains("AI: Hello"), "{said}");
    }
    let log = std::fs::read_to_string(&log).unwrap();
    assert!(!log.contains("from-a-file") && !log.contains("postgres://"), "no secret is logged");
}

/// Words of a line whose quotes hold words together.
fn shell(line: &str) -> Vec<&str> {
    let parts = line.split('"').enumerate();
    parts
        .flat_map(|(n, part)| if n % 2 == 1 { vec![part] } else { part.split_whitespace().collect() })
        .collect()
}

#[test]
fn the_unit_is_sound_and_sandboxed() {
    let root = tempfile::tempdir().unwrap();
    let units = root.path().join("usr/lib/systemd/system");
    std::fs::create_dir_all(&units).unwrap();
    std::fs::create_dir_all(root.path().join("usr/bin")).unwrap();
    let own = Path::new("/usr/lib/systemd/system");
    for entry in std::fs::read_dir(own).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_file() {
            let _ = std::fs::copy(&path, units.join(entry.file_name()));
        }
    }
    std::fs::copy(Path::new(ROOT).join("ops/systemd/dialdeckd.service"), units.join("dialdeckd.service"))
        .unwrap();
    let program = root.path().join("usr/bin/dialdeckd");
    std::fs::copy("/bin/true", &program).unwrap();
    let root_is = format!("--root={}", root.path().display());
    let verified = Command::new("systemd-analyze")
        .args(["verify", "--man=no", &root_is, "dialdeckd.service"])
        .output()
        .unwrap();
    let complaint = String::from_utf8_lossy(&verified.stderr);
    assert!(verified.status.success() && !complaint.contains("dialdeckd.service"), "{complaint}");
    // 2.0 of 10 is what systemd calls OK; the lower the better.
    run(Command::new("systemd-analyze").args([
        "security",
        "--offline=true",
        "--threshold=20",
        "--no-pager",
        &root_is,
        "dialdeckd.service",
    ]))
    .unwrap();
}
