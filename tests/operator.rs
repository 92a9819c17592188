//! The README's steps to connect one's own Asterisk, word for word, on the lab's.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends where it cannot go on"
)]

use dialdeck_testkit::asterisk::{Asterisk, PASSWORD as ARI_PASSWORD, USER as ARI_USER};
use dialdeck_testkit::daemon::{PASSWORD, Setup};
use dialdeck_testkit::lab::free_port;
use dialdeck_testkit::people::number;
use dialdeck_testkit::speech::Speech;
use dialdeck_testkit::wait::until;
use std::path::Path;
use std::process::Command;

const CONSOLE: &str = env!("CARGO_BIN_EXE_dialdeck");
const README: &str = include_str!("../README.md");

/// A command of the README, with its examples' values replaced by the lab's. Fails when the README says otherwise.
fn of_readme(line: &str, replace: &[(&str, &str)]) -> Vec<String> {
    assert!(README.contains(line), "the README has no line {line:?}");
    let words = line.split_whitespace().skip(1);
    let mut quoted: Vec<String> = Vec::new();
    let mut open = false;
    for word in words {
        let text = word.trim_matches('"').to_owned();
        match quoted.last_mut().filter(|_| open) {
            Some(last) => *last = format!("{last} {text}"),
            None => quoted.push(text),
        }
        open ^= word.matches('"').count() % 2 == 1;
    }
    quoted
        .into_iter()
        .map(|w| replace.iter().find(|(from, _)| *from == w).map_or(w, |(_, to)| (*to).to_owned()))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn connect_your_own_asterisk() {
    let daemon = Path::new(CONSOLE).with_file_name("dialdeckd");
    let speech = Speech::find().unwrap();
    let home = tempfile::tempdir().unwrap();
    let ports = [free_port().unwrap(), free_port().unwrap(), free_port().unwrap()];
    // Step 1 and 2: speech, the password, and where Asterisk is. Ports, paths and the dial string are the lab's.
    let setup = Setup::new(&daemon.to_string_lossy(), home.path())
        .env("ARI_URL", &format!("http://127.0.0.1:{}/ari", ports[0]))
        .env("ARI_USERNAME", ARI_USER)
        .env("ARI_PASSWORD", ARI_PASSWORD)
        .env("AGI_PORT", &ports[1].to_string())
        .set("asterisk.audiosocket", &format!("127.0.0.1:{}", ports[2]))
        .set("asterisk.dial", "Local/{digits}@customers/n")
        .set("voice.flite", &speech.program("flite"))
        .set("recognition.pocketsphinx", &speech.program("pocketsphinx_batch"))
        .set("recognition.model", &speech.model());
    setup.add_user("sue", "admin").unwrap();
    // Step 3.
    let files = home.path().join("asterisk-files");
    let arguments = of_readme(
        "dialdeckd asterisk render --out asterisk-files",
        &[("asterisk-files", &files.to_string_lossy())],
    );
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    assert!(setup.command(&arguments).status().unwrap().success());
    assert!(!setup.command(&arguments).status().unwrap().success(), "it does not overwrite");
    let copied: Vec<(String, String)> =
        ["extensions.conf", "ari.conf", "http.conf", "manager.conf", "pjsip.conf"]
            .iter()
            .map(|name| ((*name).to_owned(), std::fs::read_to_string(files.join(name)).unwrap()))
            .filter(|(name, _)| name != "manager.conf")
            .collect();
    // Step 4.
    let asterisk = Asterisk::start(&speech, ports[0], &copied).unwrap();
    let server = setup
        .start(&of_readme("dialdeckd serve", &[]).iter().map(String::as_str).collect::<Vec<_>>())
        .unwrap();
    until("the server to say that it reached Asterisk", || async {
        server.log().contains("Asterisk, ARI at").then_some(())
    })
    .await;
    assert!(asterisk.cli("ari show apps").unwrap().contains("dialdeck"));
    // Step 5.
    let wav = home.path().join("morning.wav");
    let own = number(22);
    let steps = [
        "dialdeck --user sue voice say \"Good morning\" --out morning.wav",
        "dialdeck --user sue number add +13125550100 --label \"Main line\"",
        "dialdeck --user sue call test +13125550142 --from +13125550100",
    ];
    let mut said = String::new();
    for step in steps {
        let arguments = of_readme(step, &[("morning.wav", &wav.to_string_lossy()), ("+13125550142", &own)]);
        let output = Command::new(CONSOLE)
            .args(&arguments)
            .env("DIALDECK_SERVER", &server.http)
            .env("DIALDECK_PASSWORD", PASSWORD)
            .output()
            .unwrap();
        said.push_str(&String::from_utf8_lossy(&output.stdout));
        assert!(
            output.status.success(),
            "{step}: {said}{}\n{}",
            String::from_utf8_lossy(&output.stderr),
            server.log()
        );
    }
    assert!(said.contains("AI: Hello") && said.contains("ended: do_not_call"), "{said}");
    assert!(std::fs::metadata(wav).unwrap().len() > 8000);
}
