//! The shape of the settings: one struct a section, one field a setting.

use crate::domain::cost::Rates;
use crate::voice::providers::Provider;
use secrecy::SecretString;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

macro_rules! section {
    ($(#[$doc:meta])* $name:ident { $($(#[$fdoc:meta])* $field:ident: $kind:ty),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name { $($(#[$fdoc])* pub $field: $kind),+ }
    };
}

section! {
    /// All settings.
    Settings {
        /// The server itself.
        server: Server,
        /// The record.
        database: Database,
        /// By what calls are placed.
        telephony: TelephonySettings,
        /// The Asterisk.
        asterisk: AsteriskSettings,
        /// Asterisk's manager interface.
        ami: Ami,
        /// The SIP trunk.
        sip: Sip,
        /// The voice.
        voice: VoiceSettings,
        /// The recogniser.
        recognition: Recognition,
        /// Who converses.
        dialogue: DialogueSettings,
        /// Providers of speech and language, by names of their own.
        #[serde(default)]
        providers: BTreeMap<String, Provider>,
        /// VICIdials, by names of their own.
        #[serde(default)]
        vicidial: BTreeMap<String, super::Vicidial>,
        /// Dialpad.
        dialpad: super::Dialpad,
        /// The dialer.
        dialer: DialerSettings,
        /// What calls cost.
        rates: Rates,
        /// How long the record keeps what.
        retention: RetentionSettings,
        /// Recordings of calls.
        recordings: RecordingSettings,
        /// Logs.
        log: Log,
        /// Where they came from.
        #[serde(skip)]
        origin: super::Origin,
    }
}

section! {
    /// The server itself.
    Server {
        /// Name.
        name: String,
        /// REST and WebSocket.
        http: SocketAddr,
        /// Seconds that calls may go on.
        shutdown_grace_seconds: u64,
        /// Hours until a log-in expires.
        session_hours: i64,
        /// Largest import.
        max_import_mib: usize,
        /// Certificate chain for TLS, or empty.
        tls_certificate: PathBuf,
        /// Its key, or empty.
        tls_key: PathBuf,
        /// Proxies of ours, whose word on the client's address is believed.
        proxies: Vec<IpAddr>,
        /// Who may read the figures without a token, besides loopback.
        metrics_allow: Vec<IpAddr>,
    }
}

section! {
    /// The record.
    Database {
        /// Address, or empty. It may carry a password.
        url: SecretString,
    }
}

section! {
    /// By what calls are placed.
    TelephonySettings {
        /// `asterisk`, `simulated`, `none` or empty.
        kind: String,
        /// Speed of the simulated network.
        simulated_speed: f64,
        /// Share of its calls in which something goes wrong.
        simulated_mischief: f64,
    }
}

section! {
    /// The Asterisk.
    AsteriskSettings {
        /// ARI, or empty.
        url: String,
        /// ARI user.
        username: String,
        /// ARI password.
        password: SecretString,
        /// ARI application.
        application: String,
        /// Dial string.
        dial: String,
        /// Context.
        context: String,
        /// FastAGI.
        agi: SocketAddr,
        /// AudioSocket.
        audiosocket: SocketAddr,
        /// AudioSocket as Asterisk reaches it, or empty.
        audiosocket_public: String,
        /// `audiosocket`, `websocket`, `files`, or empty: the best that Asterisk has.
        transport: String,
        /// A folder that Asterisk and we both read and write, or empty.
        shared: String,
        /// The same as Asterisk sees it, or empty.
        shared_there: String,
        /// Further peers.
        allow: Vec<IpAddr>,
    }
}

section! {
    /// Asterisk's manager interface.
    Ami {
        /// Host and port, or empty.
        address: String,
        /// User.
        username: String,
        /// Secret.
        secret: SecretString,
    }
}

section! {
    /// How long the record keeps what, in days; 0: for ever.
    RetentionSettings {
        /// Events for consoles that resume, and for webhooks.
        events_days: u32,
        /// What was said in calls.
        transcripts_days: u32,
        /// Calls as a whole.
        calls_days: u32,
    }
}

section! {
    /// Recordings of calls.
    RecordingSettings {
        /// Folder; empty: `recordings` beside the record.
        folder: String,
        /// A bucket that speaks S3, or empty.
        s3_endpoint: String,
        /// Its name.
        s3_bucket: String,
        /// Its region.
        s3_region: String,
        /// Key.
        s3_key: String,
        /// Secret.
        s3_secret: SecretString,
    }
}

section! {
    /// The SIP trunk.
    Sip {
        /// Host, or empty.
        host: String,
        /// Port.
        port: u16,
        /// User.
        user: String,
        /// Password.
        password: SecretString,
        /// Codecs.
        codecs: Vec<String>,
        /// `registration` or `address`.
        authentication: String,
    }
}

section! {
    /// The voice.
    VoiceSettings {
        /// Who speaks, in the order in which they are asked.
        engine: String,
        /// `self_hosted`: Telnyx is not chosen by its key alone.
        stack: String,
        /// Voice.
        voice: String,
        /// Language.
        language: String,
        /// flite's program.
        flite: String,
        /// espeak-ng's program.
        espeak_ng: String,
    }
}

section! {
    /// The recogniser.
    Recognition {
        /// Engine.
        engine: String,
        /// `neural` or `level`.
        detection: String,
        /// Folder of Moonshine's files.
        moonshine: PathBuf,
        /// `PocketSphinx`' program.
        pocketsphinx: String,
        /// Its model.
        model: PathBuf,
    }
}

section! {
    /// Who converses.
    DialogueSettings {
        /// Names, in the order in which they are asked; `scripted`: the script alone.
        engine: String,
    }
}

section! {
    /// The dialer.
    DialerSettings {
        /// Calls in flight at once.
        max_concurrent_calls: u32,
        /// Default spacing.
        call_interval_ms: u32,
        /// Default retries.
        max_retry_attempts: u32,
        /// Default delay.
        retry_delay_ms: u32,
        /// Start of the day, `08:00`.
        opens: String,
        /// End of the day, `21:00`.
        closes: String,
        /// A file of rules of law; empty: only the shipped ones.
        rules: String,
        /// Country of numbers without one.
        region: String,
    }
}

section! {
    /// Logs.
    Log {
        /// Filter.
        level: String,
        /// Folder, or empty.
        folder: String,
        /// `text` or `json`.
        format: String,
    }
}
