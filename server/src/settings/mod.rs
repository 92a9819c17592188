//! Settings: embedded defaults, then the file, then the environment, then the command line.

mod dialpad;
mod environment;
mod shape;
mod sound;
mod vicidial;

pub use dialpad::{Dialpad, ReportSettings, Tls as MailTls};
pub use shape::*;
pub use vicidial::Vicidial;

use crate::storage::upkeep::Retention;
use crate::voice::cast;
use crate::voice::providers::{Provided, provided};
use chrono::{DateTime, Duration, NaiveTime, Utc};
use config::{Config, ConfigError, File, FileFormat};
use secrecy::ExposeSecret;
use std::path::{Path, PathBuf};
use url::Url;

/// The defaults, as they stand in `config/server.toml`.
pub const DEFAULTS: &str = include_str!("../../../config/server.toml");

/// Why settings cannot be used. Says which, what was wrong, and what would be right.
#[derive(Debug, thiserror::Error)]
#[error("settings: {0}")]
pub struct SettingsError(pub String);

/// By what calls are placed, decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A real Asterisk.
    Asterisk,
    /// The network in this process.
    Simulated,
    /// Nothing.
    None,
}

/// Where settings came from besides the environment, to read them again.
#[derive(Debug, Clone, Default)]
pub struct Origin {
    file: Option<PathBuf>,
    overrides: Vec<(String, String)>,
}

impl Origin {
    /// Reads them again, from the file, this process's environment with the files it names, and the command line.
    ///
    /// # Errors
    /// As [`Settings::load`].
    pub fn load(&self) -> Result<Settings, SettingsError> {
        Settings::load(self.file.as_deref(), &|name| std::env::var(name).ok(), &self.overrides)
    }
}

/// A setting that names who does something: its name, what it says, who of Dialdeck's own does it, the verb, and who of the
/// providers can.
type Check<'a> = (&'static str, &'a str, &'static [&'static str], &'static str, fn(&Provided) -> bool);

impl Settings {
    /// Reads them: `file` (which must be there when it was named), `environment`, and overrides of the command line
    /// as `section.name` and value.
    ///
    /// # Errors
    /// What is wrong, where, and what would be right.
    pub fn load(
        file: Option<&Path>,
        environment: &dyn Fn(&str) -> Option<String>,
        overrides: &[(String, String)],
    ) -> Result<Self, SettingsError> {
        let wrong = |e: &dyn std::fmt::Display| SettingsError(e.to_string());
        let mut builder = Config::builder().add_source(File::from_str(DEFAULTS, FileFormat::Toml));
        let defaults = Config::builder()
            .add_source(File::from_str(DEFAULTS, FileFormat::Toml))
            .build()
            .map_err(|e| wrong(&e))?;
        let usual = config_file(environment);
        match (file, usual) {
            (Some(file), _) => builder = builder.add_source(File::from(file).format(FileFormat::Toml)),
            (None, Some(usual)) if usual.exists() => {
                builder = builder.add_source(File::from(usual).format(FileFormat::Toml));
            }
            _ => {}
        }
        for (path, value) in environment::overrides(environment)?.into_iter().chain(overrides.iter().cloned())
        {
            // A list comes as one text from the environment and the command line.
            let list = defaults.get_array(&path).is_ok();
            builder = if list {
                let items: Vec<String> =
                    value.split([',', ' ']).filter(|t| !t.is_empty()).map(str::to_owned).collect();
                builder.set_override(path, items)
            } else {
                builder.set_override(path, value)
            }
            .map_err(|e| wrong(&e))?;
        }
        // The error says what does not fit, and not what would: the default shows it.
        let unfit = |error: ConfigError| match &error {
            ConfigError::At { key: Some(key), .. } => match defaults.get_string(key) {
                Ok(like) => SettingsError(format!("{error}; write it like its default, {like}")),
                Err(_) => wrong(&error),
            },
            _ => wrong(&error),
        };
        let mut settings: Self = builder.build().map_err(|e| wrong(&e))?.try_deserialize().map_err(unfit)?;
        let mut filled = settings.providers.iter_mut();
        filled.try_for_each(|(name, provider)| provider.fill(name)).map_err(SettingsError)?;
        settings.origin = Origin { file: file.map(Path::to_owned), overrides: overrides.to_vec() };
        settings.check()?;
        Ok(settings)
    }

    fn check(&self) -> Result<(), SettingsError> {
        let refuse = |text: String| Err(SettingsError(text));
        self.kind()?;
        self.hours()?;
        self.rules()?;
        if !self.asterisk.url.is_empty() {
            self.ari_url()?;
        }
        if !(self.asterisk.dial.contains("{number}") || self.asterisk.dial.contains("{digits}")) {
            return refuse(
                "asterisk.dial has neither {number} nor {digits}; use PJSIP/{number}@dialdeck-trunk".into(),
            );
        }
        if self.server.tls_certificate.as_os_str().is_empty() != self.server.tls_key.as_os_str().is_empty() {
            return refuse(
                "server.tls_certificate and server.tls_key go together; give both or neither".into(),
            );
        }
        if !["registration", "address"].contains(&self.sip.authentication.as_str()) {
            return refuse(format!(
                "sip.authentication is {:?}; use registration or address",
                self.sip.authentication
            ));
        }
        self.sound()?;
        self.check_detection()?;
        self.check_engines()?;
        if !["text", "json"].contains(&self.log.format.as_str()) {
            return refuse(format!("log.format is {:?}; use text or json", self.log.format));
        }
        self.dialpad.check()?;
        self.vicidial.iter().try_for_each(|(name, vicidial)| vicidial.check(name))?;
        if self.dialer.max_concurrent_calls == 0 {
            return refuse("dialer.max_concurrent_calls is 0; use 1 or more".into());
        }
        crate::domain::phone::Phone::parse("2025550142", &self.dialer.region).map(|_| ()).or_else(|e| match e
        {
            crate::domain::phone::PhoneError::Region(_) => refuse(format!("dialer.region: {e}")),
            _ => Ok(()),
        })
    }

    /// Whether whoever is named to hear, speak and converse is there, and can.
    fn check_engines(&self) -> Result<(), SettingsError> {
        let can = |name: &str, what: fn(&Provided) -> bool| {
            let provider = self.providers.get(name)?;
            provided(name, provider).ok().map(|made| what(&made))
        };
        let checks: [Check<'_>; 3] = [
            ("voice.engine", &self.voice.engine, &cast::VOICES, "speak", |made| made.synthesiser.is_some()),
            ("recognition.engine", &self.recognition.engine, &cast::RECOGNISERS, "hear", |made| {
                made.recogniser.is_some()
            }),
            ("dialogue.engine", &self.dialogue.engine, &[cast::SCRIPTED], "converse", |made| {
                made.chat.is_some()
            }),
        ];
        for (setting, text, embedded, verb, what) in checks {
            for name in cast::names(text) {
                if embedded.contains(&name.as_str()) {
                    continue;
                }
                let wrong = match can(&name, what) {
                    Some(true) => continue,
                    Some(false) => format!("which does not {verb}; give it a model or a path for that"),
                    None => {
                        let known: Vec<&str> = self.providers.keys().map(String::as_str).collect();
                        format!(
                            "which is nobody; use {}, or one of [providers]: {}",
                            embedded.join(", "),
                            known.join(", ")
                        )
                    }
                };
                return Err(SettingsError(format!("{setting} names {name:?}, {wrong}")));
            }
        }
        Ok(())
    }

    /// Whether Telnyx was chosen by its key alone, without anybody being named.
    pub fn telnyx_by_key(&self) -> bool {
        let key = self.providers.get("telnyx").is_some_and(|telnyx| !telnyx.key.expose_secret().is_empty());
        key && self.voice.stack != "self_hosted"
    }

    /// Who speaks, in order; the embedded voice comes after them.
    pub fn speaks(&self) -> Vec<String> {
        match cast::names(&self.voice.engine) {
            names if names.is_empty() && self.telnyx_by_key() => vec!["telnyx".to_owned()],
            names => names,
        }
    }

    /// Who hears, in order; the embedded recogniser comes after them.
    pub fn hears(&self) -> Vec<String> {
        match cast::names(&self.recognition.engine) {
            names if names.is_empty() && self.telnyx_by_key() => vec!["telnyx".to_owned()],
            names => names,
        }
    }

    /// By what calls are placed.
    ///
    /// # Errors
    /// When the word is unknown.
    pub fn kind(&self) -> Result<Kind, SettingsError> {
        match self.telephony.kind.as_str() {
            "" if self.asterisk.url.is_empty() => Ok(Kind::None),
            "" | "asterisk" => Ok(Kind::Asterisk),
            "simulated" => Ok(Kind::Simulated),
            "none" => Ok(Kind::None),
            other => {
                Err(SettingsError(format!("telephony.kind is {other:?}; use asterisk, simulated or none")))
            }
        }
    }

    /// Certificate and key, where TLS is asked for.
    pub fn tls(&self) -> Option<crate::api::Tls> {
        let Server { tls_certificate, tls_key, .. } = &self.server;
        (!tls_certificate.as_os_str().is_empty())
            .then(|| crate::api::Tls { certificate: tls_certificate.clone(), key: tls_key.clone() })
    }

    /// Where the server keeps what is no database: beside the SQLite file, or where that would be.
    pub fn data_folder(&self) -> Option<PathBuf> {
        let url = self.database.url.expose_secret();
        let file = url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:"));
        let file = file.map(|file| PathBuf::from(file.split('?').next().unwrap_or(file)));
        let file = file.or_else(|| data_file(&|name| std::env::var(name).ok()));
        file.and_then(|file| file.parent().map(Path::to_owned))
    }

    /// What is older than the settings keep, at this moment.
    pub fn retention(&self, now: DateTime<Utc>) -> Retention {
        let before = |days: u32| (days > 0).then(|| now - Duration::days(i64::from(days)));
        let RetentionSettings { events_days, transcripts_days, calls_days } = self.retention;
        Retention {
            events: before(events_days),
            transcripts: before(transcripts_days),
            calls: before(calls_days),
            housekeeping: now - Duration::days(30),
        }
    }

    /// ARI's address.
    ///
    /// # Errors
    /// When it is none.
    pub fn ari_url(&self) -> Result<Url, SettingsError> {
        let right = "use an address such as http://127.0.0.1:8088/ari";
        let url: Url =
            self.asterisk.url.parse().map_err(|e| {
                SettingsError(format!("asterisk.url (ARI_URL) cannot be read ({e}); {right}"))
            })?;
        if !["http", "https"].contains(&url.scheme()) || url.host_str().is_none() {
            return Err(SettingsError(format!("asterisk.url (ARI_URL) is no web address; {right}")));
        }
        // Existing users name the server alone.
        let mut url = url;
        if url.path() == "/" {
            url.set_path("/ari");
        }
        Ok(url)
    }

    /// The called person's day. It can be made shorter, never longer.
    ///
    /// # Errors
    /// When a time cannot be read, or lies outside the law's hours.
    pub fn hours(&self) -> Result<crate::domain::gate::Hours, SettingsError> {
        let read = |name: &str, text: &str| {
            NaiveTime::parse_from_str(text, "%H:%M")
                .map_err(|_| SettingsError(format!("dialer.{name} is {text:?}; use a time such as 08:00")))
        };
        let law = crate::domain::gate::Hours::default();
        let hours = crate::domain::gate::Hours {
            opens: read("opens", &self.dialer.opens)?,
            closes: read("closes", &self.dialer.closes)?,
        };
        if hours.opens < law.opens || hours.closes > law.closes || hours.opens >= hours.closes {
            return Err(SettingsError(
                "dialer.opens and dialer.closes must lie within 08:00 and 21:00, opens before closes".into(),
            ));
        }
        Ok(hours)
    }

    /// The rules of law: the shipped ones and those of `dialer.rules`.
    ///
    /// # Errors
    /// File and line, and what would be right.
    pub fn rules(&self) -> Result<crate::domain::law::Rules, SettingsError> {
        match self.rules_file() {
            Some(file) => crate::lawbook::read(&file).map_err(SettingsError),
            None => Ok(crate::domain::law::Rules::shipped()),
        }
    }

    /// The operator's own rules of law.
    pub fn rules_file(&self) -> Option<std::path::PathBuf> {
        (!self.dialer.rules.is_empty()).then(|| std::path::PathBuf::from(&self.dialer.rules))
    }

    /// Call settings of a new campaign.
    pub fn call_settings(&self) -> dialdeck_protocol::CallSettings {
        dialdeck_protocol::CallSettings {
            call_interval_ms: self.dialer.call_interval_ms,
            retry_attempts: self.dialer.max_retry_attempts,
            retry_delay_minutes: self.dialer.retry_delay_ms.div_ceil(60_000).max(1),
            ..dialdeck_protocol::CallSettings::default()
        }
    }
}

/// Where the settings file is looked for.
pub fn config_file(environment: &dyn Fn(&str) -> Option<String>) -> Option<PathBuf> {
    folder(environment, "XDG_CONFIG_HOME", ".config").map(|folder| folder.join("server.toml"))
}

/// Where the embedded database is, unless told.
pub fn data_file(environment: &dyn Fn(&str) -> Option<String>) -> Option<PathBuf> {
    folder(environment, "XDG_DATA_HOME", ".local/share").map(|folder| folder.join("dialdeck.sqlite"))
}

fn folder(environment: &dyn Fn(&str) -> Option<String>, variable: &str, otherwise: &str) -> Option<PathBuf> {
    let base = environment(variable)
        .filter(|path| Path::new(path).is_absolute())
        .map(PathBuf::from)
        .or_else(|| Some(Path::new(&environment("HOME")?).join(otherwise)))?;
    Some(base.join("dialdeck"))
}

#[cfg(test)]
mod providers_tests {
    use super::Settings;

    fn load(text: &str, environment: &[(&str, &str)]) -> Result<Settings, String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("server.toml");
        std::fs::write(&file, text).unwrap();
        let read = |name: &str| environment.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned());
        Settings::load(Some(&file), &read, &[]).map_err(|e| e.to_string())
    }

    #[test]
    fn what_is_left_out_is_filled_in_by_its_kind() {
        let settings =
            load("[providers.far]\nkind = \"openai\"\nchat_model = \"m\"\n", &[("TELNYX_API_KEY", "k")]);
        let settings = settings.unwrap();
        assert_eq!(settings.providers["far"].chat_path, "chat/completions");
        assert_eq!(settings.providers["telnyx"].speech_path, "text-to-speech");
        assert!(!format!("{settings:?}").contains("\"k\""), "keys are not shown");
    }

    #[test]
    fn a_mistake_is_named() {
        for (text, part) in [
            ("[server]\nhttp = \"x\"\n", "`server.http`; write it like its default, 127.0.0.1:3000"),
            ("[providers.far]\n", "providers.far.kind is \"far\"; use one of openai"),
            ("[providers.piper]\ntimeout_ms = 1\n", "providers.piper.timeout_ms is 1"),
            ("[providers.piper]\nurl = \"nowhere\"\n", "providers.piper.url cannot be read"),
            ("[providers.piper]\nflavour = 1\n", "flavour"),
            ("[voice]\nengine = \"nobody\"\n", "voice.engine names \"nobody\""),
            (
                "[dialogue]\nengine = \"piper\"\n[providers.piper]\n",
                "dialogue.engine names \"piper\", which does not converse",
            ),
        ] {
            let wrong = load(text, &[]).unwrap_err();
            assert!(wrong.contains(part), "{text}: {wrong}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, Settings};
    use secrecy::ExposeSecret;

    fn load(environment: &[(&str, &str)]) -> Result<Settings, String> {
        let get = |name: &str| environment.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned());
        Settings::load(None, &get, &[]).map_err(|e| e.to_string())
    }

    #[test]
    fn shipped_defaults_are_whole() {
        let settings = load(&[]).unwrap();
        assert_eq!(settings.kind().unwrap(), Kind::None);
        assert_eq!(settings.server.http.to_string(), "127.0.0.1:3000");
        assert_eq!(settings.call_settings(), dialdeck_protocol::CallSettings::default());
    }

    #[test]
    fn names_that_existing_users_know() {
        let settings = load(&[
            ("ARI_URL", "http://127.0.0.1:8088"),
            ("ARI_USERNAME", "u"),
            ("ARI_PASSWORD", "p"),
            ("AGI_HOST", "127.0.0.2"),
            ("AGI_PORT", "4999"),
            ("MAX_CONCURRENT_CALLS", "3"),
            ("RETRY_DELAY_MS", "120000"),
            ("TTS_ENGINE", "espeak"),
            ("TTS_VOICE", "male"),
            ("SIP_HOST", "sip.example.com"),
            ("DIALDECK__SERVER__NAME", "second"),
        ])
        .unwrap();
        assert_eq!(settings.kind().unwrap(), Kind::Asterisk);
        assert_eq!(settings.ari_url().unwrap().as_str(), "http://127.0.0.1:8088/ari");
        assert_eq!(settings.asterisk.agi.to_string(), "127.0.0.2:4999");
        assert_eq!(
            (settings.dialer.max_concurrent_calls, settings.call_settings().retry_delay_minutes),
            (3, 2)
        );
        assert_eq!((settings.voice.engine.as_str(), settings.voice.voice.as_str()), ("espeak", "male"));
        assert_eq!(
            (settings.sip.host.as_str(), settings.server.name.as_str()),
            ("sip.example.com", "second")
        );
    }

    #[test]
    fn a_vicidial_by_names_that_existing_users_know() {
        let settings = load(&[
            ("VICI_API_URL", "http://vicidial.example.com/vicidial/non_agent_api.php"),
            ("VITE_VICI_SERVER_URL", "http://other.example.com"),
            ("VITE_VICI_AGENT_USER", "1001"),
            ("VITE_VICI_USE_AGENT_API", "false"),
            ("VICI_DB_HOST", "127.0.0.1"),
            ("VICI_AMI_HOST", "127.0.0.1"),
            ("VICI_AMI_PORT", "5039"),
        ])
        .unwrap();
        let main = &settings.vicidial["main"];
        assert_eq!(main.base("main").unwrap().unwrap().as_str(), "http://vicidial.example.com/");
        assert_eq!((main.agent_user.as_str(), main.use_agent_api, main.ami_port), ("1001", false, 5039));
        assert!(main.has_database());
    }

    #[test]
    fn a_secret_can_be_a_file_and_is_not_printed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("password");
        std::fs::write(&file, "s3cret\n").unwrap();
        let settings = load(&[("ARI_PASSWORD_FILE", file.to_str().unwrap())]).unwrap();
        assert_eq!(settings.asterisk.password.expose_secret(), "s3cret");
        assert!(!format!("{settings:?}").contains("s3cret"));
    }

    #[test]
    fn each_mistake_is_named() {
        for (name, value, part) in [
            ("DIALDECK__TELEPHONY__KIND", "pigeon", "use asterisk, simulated or none"),
            ("ARI_URL", "not a url", "http://127.0.0.1:8088/ari"),
            ("DIALDECK__DIALER__OPENS", "06:00", "within 08:00 and 21:00"),
            ("DIALDECK__DIALER__CLOSES", "late", "a time such as 08:00"),
            ("AGI_PORT", "many", "AGI_PORT"),
            ("DIALDECK__SERVER__HTTP", "nowhere", "http"),
            ("TTS_ENGINE", "parrot", "use flite, espeak-ng, espeak, or one of [providers]"),
            ("DIALDECK__DIALER__REGION", "Mars", "dialer.region"),
            ("VICI_API_URL", "ftp://vicidial.example.com", "VICI_API_URL"),
            ("VICI_API_SOURCE", "frank", "\"rank\""),
            ("VICI_API_SOURCE", "x", "2 to 20"),
            ("ARI_PASSWORD_FILE", "/does/not/exist", "ARI_PASSWORD_FILE"),
        ] {
            let message = load(&[(name, value)]).unwrap_err();
            assert!(message.contains(part), "{name}: {message}");
        }
    }

    #[test]
    fn an_unknown_setting_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("server.toml");
        std::fs::write(&file, "[server]\nport = 3000\n").unwrap();
        let message = Settings::load(Some(&file), &|_| None, &[]).unwrap_err().to_string();
        assert!(message.contains("port"), "{message}");
    }
}
