//! How a VICIdial is reached: its HTTP APIs, its database, its manager interface. Each part may be missing.

use super::SettingsError;
use crate::domain::phone::{Phone, PhoneError};
use secrecy::SecretString;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;
use url::Url;

/// One VICIdial, by the name that stands behind `vicidial.` in the settings.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Vicidial {
    /// Where its web server is, before `/agc` and `/vicidial`. Empty: no HTTP API.
    pub url: String,
    /// The API user.
    pub user: String,
    /// Their password.
    pub password: SecretString,
    /// Which program asks; two characters or more.
    pub source: String,
    /// A certificate authority of one's own, a PEM file. Empty: the machine's.
    pub ca: PathBuf,
    /// Longest that one request may take, in seconds.
    pub timeout_seconds: u64,
    /// Most requests in a second.
    pub per_second: u32,
    /// Agents for whom nothing else is said.
    pub agent_user: String,
    /// The campaign for which nothing else is said.
    pub campaign_id: String,
    /// The country code of numbers, as VICIdial holds it.
    pub phone_code: String,
    /// Whether agents may be steered at all.
    pub use_agent_api: bool,
    /// The phone of whoever listens, where they name none.
    pub phone_login: String,
    /// The remote agent whose lines our AI callers answer; empty: none.
    pub remote_agent: String,
    /// The organization and the campaign here whose AI callers talk on those lines.
    pub organization: String,
    /// See `organization`: its name or id.
    pub campaign: String,
    /// What consent to an artificial voice the leads of this VICIdial have given; empty: only contacts with consent on file
    /// here are talked to.
    pub consent_basis: String,
    /// The in-group to which AI callers hand people on; empty: they hand nobody on.
    pub transfer_ingroup: String,
    /// The extension of VICIdial's to which they do so where there is no in-group; empty: none.
    pub transfer_extension: String,
    /// VICIdial's status for an outcome here, where it is not the usual one.
    pub statuses: BTreeMap<String, String>,
    /// The database's host. Empty: no database.
    pub db_host: String,
    /// Its port.
    pub db_port: u16,
    /// Its user.
    pub db_user: String,
    /// Their password.
    pub db_password: SecretString,
    /// The database.
    pub db_name: String,
    /// How often the floor is read, in milliseconds; a second or more.
    pub floor_ms: u64,
    /// How often leads are kept the same as contacts here, in seconds.
    pub sync_seconds: u64,
    /// The manager interface's host. Empty: none.
    pub ami_host: String,
    /// Its port.
    pub ami_port: u16,
    /// Its user.
    pub ami_user: String,
    /// Their secret.
    pub ami_secret: SecretString,
}

impl Default for Vicidial {
    fn default() -> Self {
        Self {
            url: String::new(),
            user: String::new(),
            password: SecretString::default(),
            source: "dialdeck".into(),
            ca: PathBuf::new(),
            timeout_seconds: 10,
            per_second: 10,
            agent_user: String::new(),
            campaign_id: String::new(),
            phone_code: "1".into(),
            use_agent_api: true,
            phone_login: String::new(),
            remote_agent: String::new(),
            organization: "default".into(),
            campaign: String::new(),
            consent_basis: String::new(),
            transfer_ingroup: String::new(),
            transfer_extension: String::new(),
            statuses: BTreeMap::new(),
            db_host: String::new(),
            db_port: 3306,
            db_user: String::new(),
            db_password: SecretString::default(),
            db_name: "asterisk".into(),
            floor_ms: 1000,
            sync_seconds: 10,
            ami_host: String::new(),
            ami_port: 5038,
            ami_user: String::new(),
            ami_secret: SecretString::default(),
        }
    }
}

/// Columns whose bare names in a request let `update_fields` write them, so that a source must not hold one.
fn hidden_field(source: &str) -> Option<&'static str> {
    dialdeck_protocol::vicidial::LEAD_FIELDS.iter().copied().find(|field| source.contains(field))
}

impl Vicidial {
    /// Where its web server is, without the API's own path; nothing where there is no HTTP API.
    ///
    /// # Errors
    /// When it is no web address.
    pub fn base(&self, name: &str) -> Result<Option<Url>, SettingsError> {
        if self.url.is_empty() {
            return Ok(None);
        }
        let wrong = |why: &str| {
            SettingsError(format!(
                "vicidial.{name}.url (VICI_API_URL) {why}; use the web server's address, such as https://vicidial.example.com"
            ))
        };
        let mut url: Url = self.url.parse().map_err(|_| wrong("cannot be read"))?;
        if !["http", "https"].contains(&url.scheme()) || url.host_str().is_none() {
            return Err(wrong("is no web address"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(wrong("holds a user or password, which have settings of their own"));
        }
        // People copy the whole path.
        let path = url.path().to_owned();
        let known = ["/agc/api.php", "/vicidial/non_agent_api.php", "/agc", "/vicidial", "/"];
        let cut =
            known.iter().find_map(|end| path.trim_end_matches('/').strip_suffix(end.trim_end_matches('/')));
        url.set_path(cut.unwrap_or(&path));
        url.set_query(None);
        Ok(Some(url))
    }

    /// Whether the database is to be read.
    pub const fn has_database(&self) -> bool {
        !self.db_host.is_empty()
    }

    /// A number as VICIdial holds it: its country code, or nothing for the usual one, and what stands behind it.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn number(&self, code: &str, digits: &str, region: &str) -> Result<Phone, PhoneError> {
        let code = if code.is_empty() { &self.phone_code } else { code };
        Phone::with_country(code, digits, region)
    }

    /// Refuses what cannot work.
    ///
    /// # Errors
    /// Which setting, what is wrong, and what would be right.
    pub fn check(&self, name: &str) -> Result<(), SettingsError> {
        let refuse = |field: &str, why: String| Err(SettingsError(format!("vicidial.{name}.{field} {why}")));
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b)) {
            return Err(SettingsError(format!("vicidial.{name}: a name has letters, digits, - and _ only")));
        }
        self.base(name)?;
        if !(2..=20).contains(&self.source.len())
            || !self.source.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        {
            return refuse("source", "(VICI_API_SOURCE) must have 2 to 20 letters, digits or _".into());
        }
        if let Some(field) = hidden_field(&self.source) {
            let why = format!(
                "(VICI_API_SOURCE) is {:?}, which contains {field:?}: VICIdial would empty that field of leads whenever one is changed on an agent's screen; use another, such as dialdeck",
                self.source
            );
            return refuse("source", why);
        }
        if !(1..=60).contains(&self.timeout_seconds) {
            return refuse("timeout_seconds", format!("is {}; use 1 to 60", self.timeout_seconds));
        }
        if !(1..=1000).contains(&self.per_second) {
            return refuse("per_second", format!("is {}; use 1 to 1000", self.per_second));
        }
        if !(1000..=60_000).contains(&self.floor_ms) {
            return refuse(
                "floor_ms",
                format!(
                    "is {}; use 1000 to 60000: VICIdial's database is read once a second at most",
                    self.floor_ms
                ),
            );
        }
        if !self.transfer_extension.bytes().all(|b| b.is_ascii_digit()) || self.transfer_extension.len() > 16
        {
            let why = format!("is {:?}; use digits, such as 8600100", self.transfer_extension);
            return refuse("transfer_extension", why);
        }
        if !(1..=3600).contains(&self.sync_seconds) {
            return refuse("sync_seconds", format!("is {}; use 1 to 3600", self.sync_seconds));
        }
        for (outcome, status) in &self.statuses {
            if outcome.parse::<dialdeck_protocol::Outcome>().is_err() || !(1..=6).contains(&status.len()) {
                let why = format!(
                    "holds {outcome:?} = {status:?}; use an outcome such as interested, and a status of one to six characters"
                );
                return refuse("statuses", why);
            }
        }
        if !self.phone_code.bytes().all(|b| b.is_ascii_digit()) || self.phone_code.is_empty() {
            return refuse("phone_code", format!("is {:?}; use digits, such as 1", self.phone_code));
        }
        Ok(())
    }
}
