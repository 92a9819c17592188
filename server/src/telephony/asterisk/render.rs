//! The files that an operator copies into Asterisk, filled from the settings.

use crate::settings::Settings;
use secrecy::ExposeSecret;

/// What stands in for a value that the settings do not give.
const UNSET: &str = "CHANGE-ME";

/// The templates of `asterisk-config/`, by file name.
const TEMPLATES: &[(&str, &str)] = &[
    ("extensions.conf", include_str!("../../../../asterisk-config/extensions.conf")),
    ("ari.conf", include_str!("../../../../asterisk-config/ari.conf")),
    ("http.conf", include_str!("../../../../asterisk-config/http.conf")),
    ("manager.conf", include_str!("../../../../asterisk-config/manager.conf")),
    ("pjsip.conf", include_str!("../../../../asterisk-config/pjsip.conf")),
];

/// Files by name with their text, and the settings that lack.
pub type Rendered = (Vec<(&'static str, String)>, Vec<&'static str>);

/// The files, by name, and what still has to be filled in by hand.
///
/// # Errors
/// Names a setting whose value cannot stand in a configuration file.
pub fn files(settings: &Settings) -> Result<Rendered, String> {
    let mut missing = Vec::new();
    let mut or_unset = |value: &str, name: &'static str| {
        if value.is_empty() {
            missing.push(name);
            UNSET.to_owned()
        } else {
            value.to_owned()
        }
    };
    let ari = settings.ari_url().ok();
    let (bind, port) = ari.as_ref().map_or(("127.0.0.1".to_owned(), 8088), |url| {
        (url.host_str().unwrap_or("127.0.0.1").to_owned(), url.port_or_known_default().unwrap_or(8088))
    });
    let sip = &settings.sip;
    let values = [
        ("@AGI@", settings.asterisk.agi.to_string()),
        ("@CONTEXT@", settings.asterisk.context.clone()),
        ("@HTTP_BIND@", if bind == "localhost" { "127.0.0.1".into() } else { bind }),
        ("@HTTP_PORT@", port.to_string()),
        ("@ARI_USER@", settings.asterisk.username.clone()),
        ("@ARI_PASSWORD@", or_unset(settings.asterisk.password.expose_secret(), "ARI_PASSWORD")),
        ("@SIP_HOST@", or_unset(&sip.host, "SIP_HOST")),
        ("@SIP_PORT@", sip.port.to_string()),
        ("@SIP_USER@", or_unset(&sip.user, "SIP_USER")),
        ("@SIP_PASSWORD@", or_unset(sip.password.expose_secret(), "SIP_PASS")),
        ("@CODECS@", sip.codecs.join(",")),
    ];
    for (name, value) in &values {
        // A line end or a semicolon would be configuration of its own.
        if value.chars().any(|c| c.is_control() || c == ';') {
            return Err(format!(
                "the value for {name} has a line end or a semicolon, which Asterisk cannot take"
            ));
        }
    }
    let registration = sip.authentication == "registration";
    let files = TEMPLATES.iter().map(|(name, template)| {
        let mut text = choose(template, registration);
        for (placeholder, value) in &values {
            text = text.replace(placeholder, value);
        }
        (*name, text)
    });
    Ok((files.collect(), missing))
}

/// Keeps the lines of the chosen authentication: a block between `;@registration` or `;@address` and `;@end`.
fn choose(template: &str, registration: bool) -> String {
    let mut keep = true;
    let mut out = String::with_capacity(template.len());
    for line in template.lines() {
        match line.trim() {
            ";@registration" => keep = registration,
            ";@address" => keep = !registration,
            ";@end" => keep = true,
            _ if keep => {
                out.push_str(line);
                out.push('\n');
            }
            _ => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::files;
    use crate::settings::Settings;

    fn settings(environment: &[(&str, &str)]) -> Settings {
        let get = |name: &str| environment.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned());
        Settings::load(None, &get, &[]).unwrap()
    }

    #[test]
    fn placeholders_are_filled_and_what_lacks_is_named() {
        let (rendered, missing) =
            files(&settings(&[("SIP_HOST", "sip.example.com"), ("ARI_PASSWORD", "p")])).unwrap();
        for (name, text) in &rendered {
            for word in ["@AGI@", "@SIP_", "@ARI_", "@HTTP_", "@CODECS@", "@CONTEXT@", ";@"] {
                assert!(!text.contains(word), "{name} still has {word}");
            }
        }
        assert_eq!(missing, ["SIP_USER", "SIP_PASS"]);
        let pjsip = &rendered.iter().find(|(n, _)| *n == "pjsip.conf").unwrap().1;
        assert!(pjsip.contains("type = registration") && !pjsip.contains("type = identify"));
    }

    #[test]
    fn by_address_there_is_no_registration() {
        let (rendered, _) = files(&settings(&[("DIALDECK__SIP__AUTHENTICATION", "address")])).unwrap();
        let pjsip = &rendered.iter().find(|(n, _)| *n == "pjsip.conf").unwrap().1;
        assert!(!pjsip.contains("type = registration") && pjsip.contains("type = identify"));
    }

    #[test]
    fn a_password_is_no_configuration() {
        let message = files(&settings(&[("ARI_PASSWORD", "x\n[admin]")])).unwrap_err();
        assert!(message.contains("@ARI_PASSWORD@"));
    }
}
