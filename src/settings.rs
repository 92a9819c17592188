//! The person's own files: keymap, hotkeys, alerts, themes; read at the start, and again when one has changed.

use crate::alert::Rules;
use crate::hotkey::Hotkeys;
use crate::keymap::Keymap;
use crate::theme::{Depth, Theme};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// What the files say.
#[derive(Debug, Clone)]
pub struct Settings {
    folder: Option<PathBuf>,
    theme_name: String,
    depth: Depth,
    /// When each file was changed, as it was read.
    read: Vec<Option<SystemTime>>,
    /// Which key does what.
    pub keymap: Keymap,
    /// Keys of one's own.
    pub hotkeys: Hotkeys,
    /// From when on something is warned of.
    pub rules: Rules,
    /// How it looks.
    pub theme: Theme,
}

fn folder() -> Option<PathBuf> {
    let base = std::env::var_os("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".config")))?;
    Some(base.join("dialdeck"))
}

impl Settings {
    /// Reads them. `theme`: the one that was asked for.
    ///
    /// # Errors
    /// File, place, what is wrong, and what would be right.
    pub fn load(theme: Option<&str>) -> Result<Self, String> {
        let depth = Depth::detect(&|name| std::env::var(name).ok());
        let default = if depth == Depth::None { "monochrome" } else { "dark" };
        Self::read(folder(), theme.unwrap_or(default), depth)
    }

    fn read(folder: Option<PathBuf>, theme: &str, depth: Depth) -> Result<Self, String> {
        let own = |name: &str| folder.as_ref().map(|f| f.join(name)).filter(|path| path.exists());
        let keymap = Keymap::load(own("keymap.toml").as_deref())?;
        let hotkeys = Hotkeys::load(own("hotkeys.toml").as_deref(), &keymap)?;
        let rules = Rules::load(own("alerts.toml").as_deref())?;
        let look = Theme::load(theme, folder.as_ref().map(|f| f.join("themes")).as_deref(), depth)?;
        let read = stamps(folder.as_deref(), theme);
        Ok(Self { folder, theme_name: theme.to_owned(), depth, read, keymap, hotkeys, rules, theme: look })
    }

    /// Reads them again where one has changed; `None` where none has.
    ///
    /// # Errors
    /// As [`Settings::load`]; what was read before stays.
    pub fn again(&mut self) -> Option<Result<(), String>> {
        let now = stamps(self.folder.as_deref(), &self.theme_name);
        if now == self.read {
            return None;
        }
        // A mistake is told once, not every second.
        self.read = now;
        let read = Self::read(self.folder.clone(), &self.theme_name, self.depth);
        Some(read.map(|read| *self = read))
    }

    /// Takes the next theme; gives its name.
    ///
    /// # Errors
    /// What is wrong in it.
    pub fn next_theme(&mut self) -> Result<String, String> {
        let names = Theme::names(self.folder.as_ref().map(|f| f.join("themes")).as_deref());
        let at = names.iter().position(|name| *name == self.theme_name).map_or(0, |at| at + 1);
        let mut wrong = "there is no other theme".to_owned();
        // One that cannot be read is passed over.
        for name in names.iter().cycle().skip(at).take(names.len()) {
            match Self::read(self.folder.clone(), name, self.depth) {
                Ok(read) => {
                    *self = read;
                    return Ok(name.clone());
                }
                Err(why) => wrong = why,
            }
        }
        Err(wrong)
    }
}

fn stamps(folder: Option<&Path>, theme: &str) -> Vec<Option<SystemTime>> {
    let theme = format!("themes/{theme}.toml");
    let changed = |name: &str| std::fs::metadata(folder?.join(name)).and_then(|data| data.modified()).ok();
    ["keymap.toml", "hotkeys.toml", "alerts.toml", &theme].into_iter().map(changed).collect()
}

#[cfg(test)]
mod tests {
    use super::Settings;
    use crate::action::Action;
    use crate::theme::Depth;

    #[test]
    fn a_file_that_was_changed_is_read_again_and_a_mistake_told_once() {
        let home = tempfile::tempdir().unwrap();
        let mut settings = Settings::read(Some(home.path().to_owned()), "dark", Depth::True).unwrap();
        assert!(settings.again().is_none());
        let keymap = home.path().join("keymap.toml");
        std::fs::write(&keymap, "[[bind]]\nkeys=['q']\naction='help'\n").unwrap();
        assert_eq!(settings.again(), Some(Ok(())));
        assert_eq!(settings.keymap.action("q".parse().unwrap()), Some(Action::Help));
        std::fs::remove_file(&keymap).unwrap();
        std::fs::create_dir(home.path().join("themes")).unwrap();
        std::fs::write(home.path().join("themes/dark.toml"), "[bad]\nfg = 'reddish'\n").unwrap();
        assert!(settings.again().unwrap().unwrap_err().contains("reddish"));
        assert!(settings.again().is_none());
        assert_eq!(settings.keymap.action("q".parse().unwrap()), Some(Action::Help), "what was read stays");
    }

    #[test]
    fn all_themes_come_round() {
        let mut settings = Settings::read(None, "dark", Depth::True).unwrap();
        let names: Vec<String> = (0..6).map(|_| settings.next_theme().unwrap()).collect();
        assert_eq!(names.last().map(String::as_str), Some("dark"));
        assert!(names.contains(&"colour-blind".to_owned()) && names.contains(&"monochrome".to_owned()));
    }
}
