//! Environment variables: the names that existing users know, and a general form.

use super::SettingsError;

/// Known names, and the setting each stands for.
const NAMES: &[(&str, &str)] = &[
    ("DATABASE_URL", "database.url"),
    ("ARI_URL", "asterisk.url"),
    ("ARI_USERNAME", "asterisk.username"),
    ("ARI_PASSWORD", "asterisk.password"),
    ("TTS_ENGINE", "voice.engine"),
    ("TTS_VOICE", "voice.voice"),
    ("TTS_LANGUAGE", "voice.language"),
    ("STT_ENGINE", "recognition.engine"),
    ("VOICE_STACK", "voice.stack"),
    ("TELNYX_API_KEY", "providers.telnyx.key"),
    ("S3_SECRET", "recordings.s3_secret"),
    ("OPENAI_API_KEY", "providers.openai.key"),
    ("DEEPGRAM_API_KEY", "providers.deepgram.key"),
    ("MAX_CONCURRENT_CALLS", "dialer.max_concurrent_calls"),
    ("CALL_INTERVAL_MS", "dialer.call_interval_ms"),
    ("MAX_RETRY_ATTEMPTS", "dialer.max_retry_attempts"),
    ("RETRY_DELAY_MS", "dialer.retry_delay_ms"),
    ("SIP_HOST", "sip.host"),
    ("SIP_PORT", "sip.port"),
    ("SIP_USER", "sip.user"),
    ("SIP_PASS", "sip.password"),
    ("VITE_VICI_SERVER_URL", "vicidial.main.url"),
    ("VITE_VICI_API_USER", "vicidial.main.user"),
    ("VITE_VICI_API_PASS", "vicidial.main.password"),
    ("VITE_VICI_SOURCE", "vicidial.main.source"),
    ("VITE_VICI_AGENT_USER", "vicidial.main.agent_user"),
    ("VITE_VICI_CAMPAIGN_ID", "vicidial.main.campaign_id"),
    ("VITE_VICI_PHONE_CODE", "vicidial.main.phone_code"),
    ("VITE_VICI_USE_AGENT_API", "vicidial.main.use_agent_api"),
    ("VICI_API_URL", "vicidial.main.url"),
    ("VICI_API_USER", "vicidial.main.user"),
    ("VICI_API_PASS", "vicidial.main.password"),
    ("VICI_API_SOURCE", "vicidial.main.source"),
    ("VICI_DB_HOST", "vicidial.main.db_host"),
    ("VICI_DB_PORT", "vicidial.main.db_port"),
    ("VICI_DB_USER", "vicidial.main.db_user"),
    ("VICI_DB_PASSWORD", "vicidial.main.db_password"),
    ("VICI_DB_NAME", "vicidial.main.db_name"),
    ("VICI_AMI_HOST", "vicidial.main.ami_host"),
    ("VICI_AMI_PORT", "vicidial.main.ami_port"),
    ("VICI_AMI_USER", "vicidial.main.ami_user"),
    ("VICI_AMI_PASS", "vicidial.main.ami_secret"),
    ("DIALPAD_API_TOKEN", "dialpad.token"),
    ("DIALPAD_DEPARTMENT_ID", "dialpad.departments"),
    ("DIALPAD_SMTP_PASSWORD", "dialpad.report.smtp_password"),
    ("RUST_LOG", "log.level"),
];

/// Sections whose settings may be given as `DIALDECK__SECTION__NAME`, with their names.
fn general() -> Vec<(String, String)> {
    let table: toml::Table = toml::from_str(super::DEFAULTS).unwrap_or_default();
    table
        .iter()
        .filter_map(|(section, value)| value.as_table().map(|t| (section, t)))
        .flat_map(|(section, t)| t.keys().map(move |name| (section.clone(), name.clone())))
        .map(|(section, name)| {
            let variable = format!("DIALDECK__{}__{}", section.to_uppercase(), name.to_uppercase());
            (variable, format!("{section}.{name}"))
        })
        .collect()
}

/// What the environment says, as setting and value; the general form goes before the known names.
pub(super) fn overrides(
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Vec<(String, String)>, SettingsError> {
    let mut found = Vec::new();
    for (variable, path) in NAMES {
        if let Some(value) = read(variable, environment)? {
            found.push(((*path).to_owned(), value));
        }
    }
    if let Some(agi) = agi(environment)? {
        found.push(("asterisk.agi".into(), agi));
    }
    for (variable, path) in general() {
        if let Some(value) = read(&variable, environment)? {
            found.push((path, value));
        }
    }
    Ok(found)
}

/// A variable, or the file that its `_FILE` twin names. An empty one counts as not given.
fn read(
    variable: &str,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Option<String>, SettingsError> {
    if let Some(value) = environment(variable).filter(|v| !v.is_empty()) {
        return Ok(Some(value));
    }
    let twin = format!("{variable}_FILE");
    let Some(path) = environment(&twin).filter(|p| !p.is_empty()) else { return Ok(None) };
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned())),
        Err(error) => Err(SettingsError(format!("{twin}: {path} cannot be read ({error})"))),
    }
}

/// `AGI_HOST` and `AGI_PORT` make one address.
fn agi(environment: &dyn Fn(&str) -> Option<String>) -> Result<Option<String>, SettingsError> {
    let (host, port) = (environment("AGI_HOST"), environment("AGI_PORT"));
    if host.is_none() && port.is_none() {
        return Ok(None);
    }
    let host = host.filter(|h| !h.is_empty()).unwrap_or_else(|| "127.0.0.1".into());
    let port = port.filter(|p| !p.is_empty()).unwrap_or_else(|| "4573".into());
    let port: u16 =
        port.parse().map_err(|_| SettingsError(format!("AGI_PORT is {port:?}; use a port such as 4573")))?;
    let ip: std::net::IpAddr = match host.as_str() {
        "localhost" => std::net::Ipv4Addr::LOCALHOST.into(),
        text => text.parse().map_err(|_| {
            SettingsError(format!("AGI_HOST is {text:?}; use the address to listen on, such as 127.0.0.1"))
        })?,
    };
    Ok(Some(std::net::SocketAddr::new(ip, port).to_string()))
}
