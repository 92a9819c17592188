//! Styles by meaning, from a TOML file, for the colours that the terminal has.

use dialdeck_protocol::vicidial::Colour;
use ratatui::style::{Color, Modifier, Style};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// Themes that are carried along.
const SHIPPED: [(&str, &str); 6] = [
    ("dark", include_str!("../themes/dark.toml")),
    ("light", include_str!("../themes/light.toml")),
    ("colour-blind", include_str!("../themes/colour-blind.toml")),
    ("high-contrast", include_str!("../themes/high-contrast.toml")),
    ("solarized", include_str!("../themes/solarized.toml")),
    ("monochrome", include_str!("../themes/monochrome.toml")),
];

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
#[allow(clippy::struct_excessive_bools, reason = "they are a file's switches, each by itself")]
struct Spec {
    fg: Option<String>,
    bg: Option<String>,
    bold: bool,
    dim: bool,
    reversed: bool,
    underlined: bool,
}

/// How many colours the terminal has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// 24 bits.
    True,
    /// The 256 of xterm.
    Indexed,
    /// The 16 of old.
    Basic,
    /// None.
    None,
}

impl Depth {
    /// As the environment says.
    pub fn detect(environment: &dyn Fn(&str) -> Option<String>) -> Self {
        let term = environment("TERM").unwrap_or_default();
        if environment("NO_COLOR").is_some_and(|v| !v.is_empty()) || term == "dumb" {
            Self::None
        } else if environment("COLORTERM").is_some_and(|v| v == "truecolor" || v == "24bit") {
            Self::True
        } else if term.contains("256color") || term.starts_with("tmux") {
            Self::Indexed
        } else {
            Self::Basic
        }
    }
}

macro_rules! theme {
    ($($name:ident),+ $(,)?) => {
        /// A theme.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct Theme {
            $(pub $name: Style,)+
            /// How many colours there are.
            pub depth: Depth,
        }

        impl Theme {
            const MEANINGS: &'static [&'static str] = &[$(stringify!($name)),+];

            fn build(depth: Depth, take: &mut dyn FnMut(&str) -> Result<Style, String>) -> Result<Self, String> {
                Ok(Self { $($name: take(stringify!($name))?,)+ depth })
            }
        }
    };
}

theme! {
    text, dim, title, border, border_focused, selected, header, key, good, warning, bad, ringing, in_call, waiting,
    customer, ai, stale,
}

impl Theme {
    /// The named one: shipped, or a file of `folder`.
    ///
    /// # Errors
    /// When there is none of that name, or something in it is wrong.
    pub fn load(name: &str, folder: Option<&Path>, depth: Depth) -> Result<Self, String> {
        let own = folder.map(|f| f.join(format!("{name}.toml"))).filter(|path| path.exists());
        let text = match (&own, SHIPPED.iter().find(|(n, _)| *n == name)) {
            (Some(path), _) => {
                std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?
            }
            (None, Some((_, text))) => (*text).to_owned(),
            (None, None) => {
                let names = Self::names(folder).join(", ");
                return Err(format!("there is no theme {name:?}; there are {names}"));
            }
        };
        Self::parse(&text, depth).map_err(|e| format!("theme {name}: {e}"))
    }

    /// All that there are: those that are shipped, then those of `folder`.
    pub fn names(folder: Option<&Path>) -> Vec<String> {
        let mut names: Vec<String> = SHIPPED.iter().map(|(name, _)| (*name).to_owned()).collect();
        let files = folder.and_then(|folder| std::fs::read_dir(folder).ok()).into_iter().flatten().flatten();
        let mut own: Vec<String> = files
            .filter_map(|file| Some(file.file_name().to_str()?.strip_suffix(".toml")?.to_owned()))
            .filter(|name| !names.contains(name))
            .collect();
        own.sort();
        names.append(&mut own);
        names
    }

    fn parse(text: &str, depth: Depth) -> Result<Self, String> {
        let mut specs: BTreeMap<String, Spec> = toml::from_str(text).map_err(|e| e.to_string())?;
        let theme = Self::build(depth, &mut |name| {
            let spec = specs.remove(name).unwrap_or_default();
            style(&spec, depth).map_err(|e| format!("{name}: {e}"))
        })?;
        match specs.keys().next() {
            Some(unknown) => {
                Err(format!("{unknown:?} is no meaning; there are {}", Self::MEANINGS.join(", ")))
            }
            None => Ok(theme),
        }
    }
}

impl Theme {
    /// A colour of VICIdial's real-time report, behind black or white, whichever can be read on it; nothing where there are
    /// no colours: the letter says it.
    pub fn report(&self, colour: Colour) -> Style {
        let Some((r, g, b)) = colour.rgb() else { return self.text };
        let light = 299 * u32::from(r) + 587 * u32::from(g) + 114 * u32::from(b) > 128_000;
        let (back, front) = match self.depth {
            Depth::None => return self.text,
            Depth::True => {
                (Color::Rgb(r, g, b), if light { Color::Rgb(0, 0, 0) } else { Color::Rgb(255, 255, 255) })
            }
            Depth::Indexed => {
                (Color::Indexed(indexed(r, g, b)), Color::Indexed(if light { 16 } else { 231 }))
            }
            Depth::Basic => (basic(r, g, b), if light { Color::Black } else { Color::White }),
        };
        Style::default().bg(back).fg(front)
    }
}

fn style(spec: &Spec, depth: Depth) -> Result<Style, String> {
    let mut style = Style::default();
    if let Some(fg) = &spec.fg {
        style.fg = colour(fg, depth)?;
    }
    if let Some(bg) = &spec.bg {
        style.bg = colour(bg, depth)?;
        if style.bg.is_none() {
            style = style.add_modifier(Modifier::REVERSED);
        }
    }
    for (set, modifier) in [
        (spec.bold, Modifier::BOLD),
        (spec.dim, Modifier::DIM),
        (spec.reversed, Modifier::REVERSED),
        (spec.underlined, Modifier::UNDERLINED),
    ] {
        if set {
            style = style.add_modifier(modifier);
        }
    }
    Ok(style)
}

fn colour(text: &str, depth: Depth) -> Result<Option<Color>, String> {
    let colour: Color = text.parse().map_err(|_| format!("{text:?} is no colour; use a name or #rrggbb"))?;
    Ok(match (depth, colour) {
        (Depth::None, _) => None,
        (Depth::Indexed, Color::Rgb(r, g, b)) => Some(Color::Indexed(indexed(r, g, b))),
        (Depth::Basic, Color::Rgb(r, g, b)) => Some(basic(r, g, b)),
        (_, colour) => Some(colour),
    })
}

/// The nearest of xterm's colour cube and greys.
fn indexed(r: u8, g: u8, b: u8) -> u8 {
    let spread = r.max(g).max(b) - r.min(g).min(b);
    if spread < 10 {
        return match r {
            0..=7 => 16,
            248..=255 => 231,
            _ => 232 + (r - 8) / 10,
        };
    }
    let level = |c: u8| {
        if c < 48 {
            0
        } else if c < 115 {
            1
        } else {
            (c - 35) / 40
        }
    };
    16 + 36 * level(r) + 6 * level(g) + level(b)
}

/// The nearest of the sixteen, by which of the three primaries are strong.
fn basic(r: u8, g: u8, b: u8) -> Color {
    let strong = |c: u8| c >= 150;
    match (strong(r), strong(g), strong(b)) {
        (false, false, false) => Color::DarkGray,
        (true, false, false) => Color::Red,
        (false, true, false) => Color::Green,
        (true, true, false) => Color::Yellow,
        (false, false, true) => Color::Blue,
        (true, false, true) => Color::Magenta,
        (false, true, true) => Color::Cyan,
        (true, true, true) => Color::Gray,
    }
}

#[cfg(test)]
mod tests {
    use super::{Depth, SHIPPED, Theme};
    use ratatui::style::Color;

    #[test]
    fn shipped_themes_are_whole_at_every_depth() {
        for (name, text) in SHIPPED {
            for meaning in Theme::MEANINGS {
                assert!(text.contains(&format!("[{meaning}]")), "{name} lacks {meaning}");
            }
            for depth in [Depth::True, Depth::Indexed, Depth::Basic, Depth::None] {
                Theme::load(name, None, depth).unwrap();
            }
        }
    }

    #[test]
    fn without_colour_there_is_none_and_the_selection_still_shows() {
        let theme = Theme::load("dark", None, Depth::None).unwrap();
        assert_eq!((theme.bad.fg, theme.selected.bg), (None, None));
        assert_ne!(theme.selected, theme.text);
        let dark = Theme::load("dark", None, Depth::Indexed).unwrap();
        assert!(matches!(dark.bad.fg, Some(Color::Indexed(_))));
    }

    #[test]
    fn each_mistake_is_named() {
        for (text, part) in [
            ("[bad]\nfg = 'reddish'", "reddish"),
            ("[worse]\nfg = 'red'", "\"worse\" is no meaning"),
            ("[bad]\ncolour = 'red'", "colour"),
        ] {
            let message = Theme::parse(text, Depth::True).unwrap_err();
            assert!(message.contains(part), "{message}");
        }
    }
}
