//! A real Asterisk in a scratch folder, with far ends that speak.

use crate::daemon::Setup;
use crate::lab;
use crate::speech::Speech;
use color_eyre::eyre::{Result, WrapErr, bail};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Raised when what is unpacked changes.
const VERSION: &str = "asterisk-1";
/// ARI's user and password in the lab.
pub const USER: &str = "dialdeck";
/// See [`USER`].
pub const PASSWORD: &str = "lab-secret";

const CONFIG: &[(&str, &str)] = &[
    ("amd.conf", include_str!("../asterisk/amd.conf")),
    ("asterisk.conf", include_str!("../asterisk/asterisk.conf")),
    ("cdr.conf", include_str!("../asterisk/cdr.conf")),
    ("cel.conf", include_str!("../asterisk/cel.conf")),
    ("confbridge.conf", include_str!("../asterisk/confbridge.conf")),
    ("features.conf", include_str!("../asterisk/features.conf")),
    ("indications.conf", include_str!("../asterisk/indications.conf")),
    ("logger.conf", include_str!("../asterisk/logger.conf")),
    ("modules.conf", include_str!("../asterisk/modules.conf")),
    ("musiconhold.conf", include_str!("../asterisk/musiconhold.conf")),
    ("rtp.conf", include_str!("../asterisk/rtp.conf")),
];
const CUSTOMERS: &str = include_str!("../asterisk/customers.conf");

/// What the far ends say, by the name of the sound. The voice is the one that the recogniser understands best.
const SAID: &[(&str, &str, &str)] = &[
    ("yes-please", "rms", "yes please"),
    ("interested", "rms", "yes i am interested"),
    ("too-expensive", "rms", "that is too expensive"),
    ("stop-calling", "rms", "stop calling me"),
    ("call-back", "rms", "can you call me back tomorrow"),
    ("not-interested", "rms", "i am not interested"),
    ("mm-hm", "slt", "mm hm"),
    ("never-ring", "rms", "please don't ever ring this number again"),
    (
        "machine",
        "slt",
        "hello, you have reached the Lee family, we cannot come to the phone right now, please leave a message \
         after the tone and we will call you back as soon as we can",
    ),
];

/// A running Asterisk; gone with this value.
pub struct Asterisk {
    child: Option<Child>,
    root: PathBuf,
    name: String,
    http: u16,
}

/// The system in which Asterisk lives; made the first time.
fn root() -> Result<PathBuf> {
    if !lab::is_root() {
        bail!("the tests run a real Asterisk in a chroot, which takes root; run them as root");
    }
    let folder = lab::part(VERSION, |folder| make(&folder.join("root")))?;
    Ok(folder.join("root"))
}

fn make(root: &Path) -> Result<()> {
    crate::packages::system("sid", "apt", &["asterisk", "asterisk-config", "asterisk-core-sounds-en"], root)
        .wrap_err("Asterisk could not be unpacked from Debian's packages")
}

impl Asterisk {
    /// Starts one whose dialplan knows the far ends. `operators` are further files of its configuration folder, as an
    /// operator would copy them: they must configure HTTP on [`Asterisk::port`]'s port, ARI and the context.
    ///
    /// # Errors
    /// When it cannot be had or started.
    pub fn start(speech: &Speech, http: u16, operators: &[(String, String)]) -> Result<Self> {
        let root = root()?;
        let name = format!("ast-{http}");
        let inside = format!("/srv/{name}");
        let folder = root.join("srv").join(&name);
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        for part in [
            "etc",
            "run",
            "log",
            "spool/tmp",
            "spool/recording",
            "spool/monitor",
            "db",
            "cache",
            "sounds",
            "rec",
            "shared",
        ] {
            fs::create_dir_all(folder.join(part))?;
        }
        let has_sip = operators.iter().any(|(name, _)| name == "pjsip.conf");
        let fill = |text: &str| {
            text.replace("@IN@", &inside)
                .replace("@HTTP@", &http.to_string())
                .replace("@RTP0@", "20000")
                .replace("@RTP1@", "20999")
                // Without it Asterisk starts sooner.
                .replace("\n;nosip ", if has_sip { "\n;" } else { "\n" })
        };
        for (file, text) in CONFIG {
            fs::write(folder.join("etc").join(file), fill(text))?;
        }
        for (file, text) in operators {
            fs::write(folder.join("etc").join(file), text)?;
        }
        let globals = format!("[globals]\nSND = {inside}/sounds\nREC = {inside}/rec\n\n");
        fs::write(folder.join("etc/customers.conf"), format!("{globals}{CUSTOMERS}"))?;
        let dialplan = folder.join("etc/extensions.conf");
        let own = fs::read_to_string(&dialplan).unwrap_or_default();
        fs::write(&dialplan, format!("{own}\n#include customers.conf\n"))?;
        // Sounds of 16 kHz are what Asterisk calls wav16.
        let cached = sounds(speech)?;
        for sound in fs::read_dir(cached)? {
            let sound = sound?;
            fs::copy(sound.path(), folder.join("sounds").join(sound.file_name()))?;
        }
        fs::write(folder.join("sounds/quiet.sln"), vec![0; 16_000])?;
        lab::run(Command::new("chroot").arg(&root).args(["chown", "-R", "asterisk:asterisk", &inside]))?;
        let mut asterisk = Self { child: None, root, name, http };
        asterisk.resume()?;
        Ok(asterisk)
    }

    /// Starts it again after [`Asterisk::stop`].
    ///
    /// # Errors
    /// When it does not come up.
    pub fn resume(&mut self) -> Result<()> {
        let config = format!("/srv/{}/etc/asterisk.conf", self.name);
        // A shell that kills it when our end of a pipe closes, however we end.
        let child = Command::new("sh")
            .arg("-c")
            .arg("\"$@\" </dev/null >/dev/null 2>&1 & p=$!; cat >/dev/null; kill -9 $p; wait $p")
            .args(["sh", "chroot", "--userspec=asterisk:asterisk"])
            .arg(&self.root)
            .args(["/usr/sbin/asterisk", "-f", "-C", &config])
            .stdin(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        self.child = Some(child);
        let begun = Instant::now();
        loop {
            let booted = self.cli("core waitfullybooted").is_ok_and(|said| said.contains("fully booted"));
            if booted {
                return Ok(());
            }
            if begun.elapsed() > Duration::from_secs(30) {
                let log = fs::read_to_string(self.folder().join("log/full")).unwrap_or_default();
                let tail: Vec<&str> = log.lines().rev().take(20).collect();
                bail!("Asterisk does not come up: {}", tail.into_iter().rev().collect::<Vec<_>>().join("\n"));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Ends it at once, as a power cut would.
    pub fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            drop(child.stdin.take());
            let _ = child.wait();
        }
        let _ = fs::remove_file(self.folder().join("run/asterisk.ctl"));
        let _ = fs::remove_file(self.folder().join("run/asterisk.pid"));
    }

    fn folder(&self) -> PathBuf {
        self.root.join("srv").join(&self.name)
    }

    /// What its command line answers.
    ///
    /// # Errors
    /// When it does not run.
    pub fn cli(&self, command: &str) -> Result<String> {
        let config = format!("/srv/{}/etc/asterisk.conf", self.name);
        lab::run(
            Command::new("chroot")
                .arg(&self.root)
                .args(["/usr/sbin/asterisk", "-C", &config, "-r", "-x", command])
                .stdin(Stdio::null()),
        )
    }

    /// A folder that it shares with whoever is outside: as they see it, and as it does.
    pub fn shared(&self) -> (String, String) {
        (self.folder().join("shared").display().to_string(), format!("/srv/{}/shared", self.name))
    }

    /// ARI's address.
    pub fn ari(&self) -> String {
        format!("http://127.0.0.1:{}/ari", self.http)
    }

    /// A recording of a far end: samples of 8 kHz.
    ///
    /// # Errors
    /// When there is none.
    pub fn recording(&self, name: &str) -> Result<Vec<i16>> {
        let bytes = fs::read(self.folder().join("rec").join(format!("{name}.sln")))?;
        Ok(bytes.chunks_exact(2).map(|b| i16::from_le_bytes([b[0], b[1]])).collect())
    }
}

/// An Asterisk configured by what `dialdeckd asterisk render` writes, and a server set up for it.
pub struct Lab {
    /// The Asterisk.
    pub asterisk: Asterisk,
    /// How to run the server: it has a supervisor called sue.
    pub setup: Setup,
    /// Everything that the server keeps.
    pub home: tempfile::TempDir,
}

impl Lab {
    /// Starts the Asterisk; `program`: `dialdeckd`.
    ///
    /// # Errors
    /// When something of it cannot be had.
    pub fn start(program: &str) -> Result<Self> {
        Self::reaching(program, None)
    }

    /// The same, and a second Asterisk that is the carrier: the calls go out over SIP and RTP, by the trunk that
    /// `dialdeckd asterisk render` writes, and the far ends are the carrier's.
    ///
    /// # Errors
    /// When something of it cannot be had.
    pub fn over_sip(program: &str) -> Result<(Self, Asterisk)> {
        let speech = Speech::find()?;
        let (http, sip) = (lab::free_port()?, lab::free_udp_port()?);
        let pjsip = include_str!("../asterisk/carrier-pjsip.conf").replace("@SIP@", &sip.to_string());
        let extensions = include_str!("../asterisk/carrier-extensions.conf").to_owned();
        let web = format!("[general]\nenabled = yes\nbindaddr = 127.0.0.1\nbindport = {http}\n");
        let files = [("pjsip.conf", pjsip), ("extensions.conf", extensions), ("http.conf", web)]
            .map(|(n, t)| (n.to_owned(), t));
        let carrier = Asterisk::start(&speech, http, &files)?;
        Ok((Self::reaching(program, Some(sip))?, carrier))
    }

    /// `sip`: the carrier's port; `None`: the far ends are on the same Asterisk.
    fn reaching(program: &str, sip: Option<u16>) -> Result<Self> {
        let speech = Speech::find()?;
        let home = tempfile::tempdir()?;
        let (http, agi, audio) = (lab::free_port()?, lab::free_port()?, lab::free_port()?);
        let setup = Setup::new(program, home.path())
            .env("ARI_URL", &format!("http://127.0.0.1:{http}/ari"))
            .env("ARI_USERNAME", USER)
            .env("ARI_PASSWORD", PASSWORD)
            .env("AGI_PORT", &agi.to_string())
            .set("asterisk.audiosocket", &format!("127.0.0.1:{audio}"))
            .set("voice.flite", &speech.program("flite"))
            .set("recognition.pocketsphinx", &speech.program("pocketsphinx_batch"))
            .set("recognition.model", &speech.model());
        let setup = match sip {
            None => setup.set("asterisk.dial", "Local/{digits}@customers/n"),
            Some(port) => setup
                .env("SIP_HOST", "127.0.0.1")
                .env("SIP_PORT", &port.to_string())
                .env("SIP_USER", "dialdeck")
                .env("SIP_PASS", "not-a-secret"),
        };
        let rendered = home.path().join("asterisk");
        lab::run(&mut setup.command(&["asterisk", "render", "--out", &rendered.to_string_lossy()]))?;
        let mut operators = Vec::new();
        for name in ["extensions.conf", "ari.conf", "http.conf"] {
            operators.push((name.to_owned(), fs::read_to_string(rendered.join(name))?));
        }
        if sip.is_some() {
            let trunk = fs::read_to_string(rendered.join("pjsip.conf"))?;
            // Both are on this machine, where one has the usual port already, perhaps.
            let own = format!("bind = 127.0.0.1:{}", lab::free_udp_port()?);
            operators.push(("pjsip.conf".to_owned(), trunk.replace("bind = 0.0.0.0", &own)));
        }
        let asterisk = Asterisk::start(&speech, http, &operators)?;
        setup.add_user("sue", "supervisor")?;
        Ok(Self { asterisk, setup, home })
    }
}

/// The far ends' sounds, spoken once.
fn sounds(speech: &Speech) -> Result<PathBuf> {
    lab::part("sounds-3", |folder| {
        for (name, voice, text) in SAID {
            let wav = folder.join(format!("{name}.wav"));
            speech.speak(voice, text, &wav)?;
            fs::rename(&wav, folder.join(format!("{name}.wav16")))?;
        }
        Ok(())
    })
}

impl Drop for Asterisk {
    fn drop(&mut self) {
        self.stop();
        let _ = fs::remove_dir_all(self.folder());
    }
}
