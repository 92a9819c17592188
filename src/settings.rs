//! The person's own files: keymap, hotkeys, alerts, themes; read at the start, and again when one has changed.

use crate::action::Action;
use crate::alert::Rules;
use crate::config::Config;
use crate::hotkey::Hotkeys;
use crate::key::Key;
use crate::keymap::{Keymap, bound};
use crate::layout::{Layout, Layouts, saved};
use crate::theme::{Depth, Theme};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The files, but for the theme's.
const FILES: [&str; 5] = ["keymap.toml", "hotkeys.toml", "alerts.toml", "layouts.toml", "config.toml"];

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
    /// The rest.
    pub config: Config,
    /// How screens are arranged.
    pub layouts: Layouts,
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
        let folder = folder();
        let own = folder.as_ref().map(|f| f.join("config.toml")).filter(|path| path.exists());
        let config = Config::load(own.as_deref())?;
        // A terminal without colours has none, whatever is liked elsewhere.
        let liked = Some(config.theme.as_str()).filter(|theme| !theme.is_empty() && depth != Depth::None);
        Self::read(folder, theme.or(liked).unwrap_or(default), depth)
    }

    fn read(folder: Option<PathBuf>, theme: &str, depth: Depth) -> Result<Self, String> {
        let own = |name: &str| folder.as_ref().map(|f| f.join(name)).filter(|path| path.exists());
        let keymap = Keymap::load(own("keymap.toml").as_deref())?;
        let hotkeys = Hotkeys::load(own("hotkeys.toml").as_deref(), &keymap)?;
        let rules = Rules::load(own("alerts.toml").as_deref())?;
        let config = Config::load(own("config.toml").as_deref())?;
        let layouts = Layouts::load(own("layouts.toml").as_deref())?;
        let look = Theme::load(theme, folder.as_ref().map(|f| f.join("themes")).as_deref(), depth)?;
        let read = stamps(folder.as_deref(), theme);
        let theme_name = theme.to_owned();
        Ok(Self { folder, theme_name, depth, read, keymap, hotkeys, rules, config, layouts, theme: look })
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
        // Which file it is says its name: the folder would take the room of what is wrong.
        let bare = |why: String| match &self.folder {
            Some(folder) => why.replace(&format!("{}/", folder.display()), ""),
            None => why,
        };
        Some(match read {
            Ok(read) => {
                *self = read;
                Ok(())
            }
            Err(why) => Err(bare(why)),
        })
    }

    /// Keeps a layout as one's own, to begin with it; gives the file.
    ///
    /// # Errors
    /// Why it could not be written.
    pub fn save_layout(&mut self, layout: &Layout) -> Result<String, String> {
        if layout.name.is_empty() {
            return Err("there is no layout to save before the server has said who you are".into());
        }
        let text = saved(&self.own("layouts.toml")?, layout)?;
        let file = self.write("layouts.toml", &text)?;
        self.layouts.keep(layout);
        Ok(file)
    }

    /// Binds keys to an action in one's own file, or, without keys, gives it back its usual ones; gives the file.
    ///
    /// # Errors
    /// What hinders it; then nothing has changed.
    pub fn bind(&mut self, action: Action, keys: &[Key]) -> Result<String, String> {
        let old = self.own("keymap.toml")?;
        let text = bound(&old, action, keys).map_err(|why| format!("keymap.toml: {why}"))?;
        let file = self.write("keymap.toml", &text)?;
        match Self::read(self.folder.clone(), &self.theme_name, self.depth) {
            Ok(read) => *self = read,
            // A hotkey may stand on that key: what was there is put back.
            Err(why) => {
                self.write("keymap.toml", &old)?;
                return Err(why);
            }
        }
        Ok(file)
    }

    /// What stands in one of one's own files; nothing in one that is not there.
    fn own(&self, name: &str) -> Result<String, String> {
        let path = self.folder.as_ref().ok_or("there is no home folder to keep it in")?.join(name);
        match std::fs::read_to_string(&path) {
            Ok(text) => Ok(text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
            Err(error) => Err(format!("{}: {error}", path.display())),
        }
    }

    /// Writes one of the files, whole or not at all; what was written by us is not read again as news.
    fn write(&mut self, name: &str, text: &str) -> Result<String, String> {
        let folder = self.folder.clone().ok_or("there is no home folder to keep it in")?;
        let path = folder.join(name);
        // Where it is a link, what it leads to is written, and the link stays.
        let target = std::fs::canonicalize(&path).unwrap_or_else(|_| path.clone());
        let part = target.with_file_name(format!(".{name}.part"));
        let written = std::fs::create_dir_all(&folder)
            .and_then(|()| std::fs::write(&part, text))
            .and_then(|()| std::fs::rename(&part, &target));
        written.map_err(|error| format!("{}: {error}", path.display()))?;
        // Only this one: another that was changed meanwhile is still to be read.
        let fresh = stamps(Some(&folder), &self.theme_name);
        if let Some(n) = FILES.iter().position(|file| *file == name) {
            self.read[n] = fresh[n];
        }
        Ok(path.display().to_string())
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
    FILES.into_iter().chain([theme.as_str()]).map(changed).collect()
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
    fn keys_are_bound_and_layouts_saved_without_being_told_as_news() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("dialdeck");
        let mut settings = Settings::read(Some(folder.clone()), "dark", Depth::True).unwrap();
        settings.bind(Action::Quit, &["ctrl-q".parse().unwrap()]).unwrap();
        assert_eq!(settings.keymap.keys(Action::Quit).first().map(String::as_str), Some("ctrl-q"));
        assert!(settings.again().is_none());
        let hotkeys = "[[hotkey]]\nkey = 'ctrl-y'\naction = 'help'\n";
        std::fs::write(folder.join("hotkeys.toml"), hotkeys).unwrap();
        let wrong = settings.bind(Action::Quit, &["ctrl-y".parse().unwrap()]).unwrap_err();
        assert!(wrong.contains("ctrl-y is quit already"), "{wrong}");
        let text = std::fs::read_to_string(folder.join("keymap.toml")).unwrap();
        assert!(text.contains("ctrl-q") && !text.contains("ctrl-y"), "as it was: {text}");
        let layout = settings.layouts.begin(dialdeck_protocol::Role::Viewer);
        settings.save_layout(&layout).unwrap();
        assert!(settings.again().is_none_or(|read| read.is_ok()));
        assert_eq!(settings.layouts.begin(dialdeck_protocol::Role::Admin).name, layout.name);
    }

    #[test]
    fn all_themes_come_round() {
        let mut settings = Settings::read(None, "dark", Depth::True).unwrap();
        let names: Vec<String> = (0..6).map(|_| settings.next_theme().unwrap()).collect();
        assert_eq!(names.last().map(String::as_str), Some("dark"));
        assert!(names.contains(&"colour-blind".to_owned()) && names.contains(&"monochrome".to_owned()));
    }
}
