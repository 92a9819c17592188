//! What the console does as this person likes it, beside keys, alerts, layouts and looks.

use serde::Deserialize;
use std::path::Path;

const DEFAULT: &str = include_str!("../config/config.toml");

/// The settings.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// How it looks; empty: as suits the terminal.
    pub theme: String,
    /// What plays a recording.
    pub player: String,
}

impl Default for Config {
    fn default() -> Self {
        // The shipped file is parsed by a test.
        #[derive(Deserialize)]
        struct Shipped {
            theme: String,
            player: String,
        }
        let shipped: Option<Shipped> = toml::from_str(DEFAULT).ok();
        shipped.map_or_else(
            || Self { theme: String::new(), player: String::new() },
            |shipped| Self { theme: shipped.theme, player: shipped.player },
        )
    }
}

impl Config {
    /// The defaults, the file's before them, and the environment's before both.
    ///
    /// # Errors
    /// File, and what is wrong in it.
    pub fn load(file: Option<&Path>) -> Result<Self, String> {
        let mut config = match file {
            Some(path) => {
                let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
                let wrong = |e: toml::de::Error| e.to_string().trim().replace('\n', " ");
                toml::from_str(&text).map_err(|e| format!("{}: {}", path.display(), wrong(e)))?
            }
            None => Self::default(),
        };
        if let Some(player) = std::env::var("DIALDECK_PLAYER").ok().filter(|player| !player.is_empty()) {
            config.player = player;
        }
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    use super::{Config, DEFAULT};

    #[test]
    fn the_shipped_file_is_whole() {
        assert_eq!(toml::from_str::<Config>(DEFAULT).unwrap(), Config::default());
    }

    #[test]
    fn a_mistake_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.toml");
        std::fs::write(&file, "plaier = 'aplay'\n").unwrap();
        let wrong = Config::load(Some(&file)).unwrap_err();
        assert!(
            wrong.contains("config.toml") && wrong.contains("plaier") && wrong.contains("player"),
            "{wrong}"
        );
    }
}
