//! How a call's sound comes, and how voice is told from noise in it.

use super::{AsteriskSettings, Settings, SettingsError};
use crate::telephony::asterisk::transport::{SharedFolder, Transport, Wish};
use crate::voice::detector::Detection;

impl Settings {
    /// How sound is to be carried.
    ///
    /// # Errors
    /// What is wrong, and what would be right.
    pub fn sound(&self) -> Result<Wish, SettingsError> {
        let AsteriskSettings { transport, shared, shared_there, .. } = &self.asterisk;
        let wished = match transport.as_str() {
            "" => None,
            name => Some(Transport::parse(name).ok_or_else(|| {
                SettingsError(format!(
                    "asterisk.transport is {name:?}; use audiosocket, websocket or files, or leave it empty"
                ))
            })?),
        };
        let there = if shared_there.is_empty() { shared } else { shared_there };
        // It stands in a command of AGI, where a space would begin the next argument.
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '_' | '-');
        let is_whole = there.starts_with('/') && there.chars().all(plain);
        if !(there.is_empty() || is_whole) {
            return Err(SettingsError(format!(
                "asterisk.shared is {there:?} to Asterisk; use a whole path of letters, digits and /._-"
            )));
        }
        if wished == Some(Transport::Files) && shared.is_empty() {
            return Err(SettingsError(
                "asterisk.transport is files, but asterisk.shared names no folder; name one that Asterisk and dialdeckd both write".into(),
            ));
        }
        let folder = SharedFolder { here: shared.into(), there: there.trim_end_matches('/').to_owned() };
        Ok(Wish { transport: wished, shared: (!shared.is_empty()).then_some(folder) })
    }

    /// How voice is told from noise.
    pub fn detection(&self) -> Detection {
        Detection::parse(&self.recognition.detection).unwrap_or_default()
    }

    pub(super) fn check_detection(&self) -> Result<(), SettingsError> {
        let named = &self.recognition.detection;
        Detection::parse(named)
            .map(|_| ())
            .ok_or_else(|| SettingsError(format!("recognition.detection is {named:?}; use neural or level")))
    }
}

#[cfg(test)]
mod tests {
    use super::{Settings, Transport};

    fn load(sets: &[(&str, &str)]) -> Result<Settings, String> {
        let sets: Vec<(String, String)> =
            sets.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Settings::load(None, &|_| None, &sets).map_err(|e| e.to_string())
    }

    #[test]
    fn each_mistake_is_named_with_what_would_be_right() {
        for (sets, named, right) in [
            (vec![("asterisk.transport", "pigeon")], "asterisk.transport", "audiosocket, websocket or files"),
            (vec![("asterisk.transport", "files")], "asterisk.shared", "name one that Asterisk"),
            (vec![("asterisk.shared", "/srv/a b")], "asterisk.shared", "letters, digits"),
            (vec![("asterisk.shared", "sounds")], "asterisk.shared", "a whole path"),
            (vec![("recognition.detection", "psychic")], "recognition.detection", "neural or level"),
        ] {
            let refused = load(&sets).err().unwrap_or_default();
            assert!(refused.contains(named) && refused.contains(right), "{sets:?}: {refused:?}");
        }
    }

    #[test]
    fn a_folder_may_have_another_name_to_asterisk() {
        let there = [("asterisk.shared", "/srv/a b"), ("asterisk.shared_there", "/var/spool/dialdeck/")];
        let wish = load(&there).unwrap().sound().unwrap();
        assert_eq!((wish.transport, wish.shared.unwrap().there.as_str()), (None, "/var/spool/dialdeck"));
        let files = load(&[("asterisk.transport", "files"), ("asterisk.shared", "/srv/sounds")]).unwrap();
        assert_eq!(files.sound().unwrap().transport, Some(Transport::Files));
    }
}
