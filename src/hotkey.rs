//! Keys of one's own, bound to typed actions of the server: the file is checked when it is read, with file, line, and what
//! would be right. What a row holds becomes an argument and nothing else: no lead's data can inject a command.

use crate::action::Action;
use crate::key::Key;
use crate::keymap::Keymap;
use crate::state::Pane;
use dialdeck_protocol::dialpad::{ACTIONS, action_named};
use dialdeck_protocol::function::Function;
use dialdeck_protocol::vicidial::{function, functions};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use toml::Spanned;

/// The file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    hotkey: Vec<Spanned<Written>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    key: Spanned<String>,
    #[serde(default)]
    scope: Vec<Spanned<String>>,
    action: Spanned<String>,
    #[serde(default)]
    args: BTreeMap<String, Spanned<String>>,
    #[serde(default)]
    confirm: bool,
    #[serde(default)]
    inputs: Vec<Spanned<WrittenInput>>,
    #[serde(default)]
    describe: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenInput {
    name: String,
    #[serde(rename = "type", default = "text")]
    kind: String,
    #[serde(default)]
    options: Vec<String>,
    #[serde(default)]
    default: Option<String>,
    #[serde(default = "yes")]
    required: bool,
}

fn text() -> String {
    "text".into()
}

const fn yes() -> bool {
    true
}

/// What is asked for when a key is pressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// Its name.
    pub name: String,
    /// What it may be; empty: any text.
    pub options: Vec<String>,
    /// What stands there at first.
    pub default: Option<String>,
    /// Whether it must be given.
    pub required: bool,
}

/// What an argument is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// This text.
    Text(String),
    /// What the selected row holds.
    Column(String),
    /// What is typed.
    Input(String),
}

/// What a key does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// Something of the console.
    Action(Action),
    /// A function of a VICIdial.
    Function(&'static Function),
}

/// A key of one's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hotkey {
    /// The key.
    pub key: Key,
    /// Panes in which it works; empty: everywhere.
    pub scope: Vec<Pane>,
    /// What it does.
    pub what: What,
    /// With what.
    pub args: BTreeMap<String, Value>,
    /// Whether it asks first.
    pub confirm: bool,
    /// What it asks for.
    pub inputs: Vec<Input>,
    /// What it does, in the user's words.
    pub describe: String,
}

const SCOPES: &[(&str, Pane, &[&str])] = &[
    (
        "agents",
        Pane::Agents,
        &[
            "vicidial",
            "user",
            "name",
            "group",
            "station",
            "session",
            "server_ip",
            "state",
            "pause_code",
            "campaign",
            "ingroup",
            "lead_id",
            "phone",
            "call_id",
        ],
    ),
    ("vicidial.campaigns", Pane::FloorCampaigns, &["vicidial", "campaign", "name", "level", "method"]),
    ("vicidial.calls", Pane::FloorCalls, &["vicidial", "call_id", "campaign", "phone", "state"]),
    ("dialpad.agents", Pane::DialpadAgents, &["agent_id", "name", "duty"]),
    ("dialpad.calls", Pane::DialpadCalls, &["call_id", "agent_id", "agent", "name", "phone", "status"]),
    ("campaigns", Pane::Campaigns, &[]),
    ("calls", Pane::Calls, &[]),
    ("conversation", Pane::Conversation, &[]),
    ("history", Pane::History, &[]),
    ("seat", Pane::Seat, &[]),
    ("callbacks", Pane::Callbacks, &[]),
    ("dashboard", Pane::Dashboard, &[]),
    ("alerts", Pane::Alerts, &[]),
    ("numbers", Pane::Numbers, &[]),
    ("connectors", Pane::Connectors, &[]),
    ("learning", Pane::Learning, &[]),
    ("transcript", Pane::Transcript, &[]),
];

/// All keys of one's own.
#[derive(Debug, Clone, Default)]
pub struct Hotkeys(Vec<Hotkey>);

impl Hotkeys {
    /// Reads the file; without one there are none.
    ///
    /// # Errors
    /// File, line, what is wrong, and what would be right.
    pub fn load(file: Option<&Path>, keymap: &Keymap) -> Result<Self, String> {
        let Some(path) = file else { return Ok(Self::default()) };
        let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
        read(&text, keymap).map_err(|e| format!("{}: {e}", path.display()))
    }

    /// What a key does in a pane.
    pub fn of(&self, key: Key, pane: Pane) -> Option<&Hotkey> {
        self.0
            .iter()
            .find(|hotkey| hotkey.key == key && (hotkey.scope.is_empty() || hotkey.scope.contains(&pane)))
    }

    /// Those that work in a pane.
    pub fn in_pane(&self, pane: Pane) -> impl Iterator<Item = &Hotkey> {
        self.0.iter().filter(move |hotkey| hotkey.scope.is_empty() || hotkey.scope.contains(&pane))
    }
}

impl Hotkey {
    /// Its action's name.
    pub fn name(&self) -> String {
        match self.what {
            What::Action(action) => action.name().to_owned(),
            What::Function(function) => function.action(),
        }
    }

    /// What it does, in a few words.
    pub fn shown(&self) -> String {
        match (&self.describe[..], self.what) {
            ("", What::Action(action)) => action.what().to_owned(),
            ("", What::Function(function)) => function.name.to_owned(),
            (words, _) => words.to_owned(),
        }
    }
}

fn line(text: &str, span: &Range<usize>) -> usize {
    text.get(..span.start).map_or(1, |before| before.matches('\n').count() + 1)
}

fn read(text: &str, keymap: &Keymap) -> Result<Hotkeys, String> {
    let file: File = toml::from_str(text).map_err(|e| {
        let at = e.span().map_or(1, |span| line(text, &span));
        format!("line {at}: {}", e.message())
    })?;
    let mut all: Vec<Hotkey> = Vec::new();
    for written in file.hotkey {
        let hotkey = checked(text, written.into_inner(), keymap, &all)?;
        all.push(hotkey);
    }
    Ok(Hotkeys(all))
}

fn checked(text: &str, written: Written, keymap: &Keymap, others: &[Hotkey]) -> Result<Hotkey, String> {
    let wrong = |span: Range<usize>, why: String| format!("line {}: {why}", line(text, &span));
    let key: Key = written.key.get_ref().parse().map_err(|e: String| wrong(written.key.span(), e))?;
    let mut scope = Vec::new();
    for name in &written.scope {
        let known = SCOPES.iter().find(|(known, ..)| known == name.get_ref());
        let Some((_, pane, _)) = known else {
            let names: Vec<&str> = SCOPES.iter().map(|(name, ..)| *name).collect();
            let why = format!("{:?} is no scope; there are {}", name.get_ref(), names.join(", "));
            return Err(wrong(name.span(), why));
        };
        scope.push(*pane);
    }
    let what = what(written.action.get_ref()).map_err(|why| wrong(written.action.span(), why))?;
    if let Some(other) = others.iter().find(|other| {
        other.key == key
            && (other.scope.is_empty()
                || scope.is_empty()
                || other.scope.iter().any(|pane| scope.contains(pane)))
    }) {
        return Err(wrong(
            written.key.span(),
            format!("{key} is {} already, in the same place", other.name()),
        ));
    }
    // Within its scope a key of one's own goes before the keymap's; without one it would take the key from everywhere.
    if let (true, Some(taken)) = (scope.is_empty(), keymap.taken(&[key])) {
        let why = format!("{taken} already; give it a scope, or another key");
        return Err(wrong(written.key.span(), why));
    }
    let mut inputs = Vec::new();
    for input in written.inputs {
        let span = input.span();
        let WrittenInput { name, kind, options, default, required } = input.into_inner();
        match kind.as_str() {
            "dropdown" if options.is_empty() => {
                return Err(wrong(
                    span,
                    format!("the input {name} is a dropdown without options; give options = [\"…\"]"),
                ));
            }
            "dropdown" | "text" => {}
            other => return Err(wrong(span, format!("{other:?} is no type of input; use text or dropdown"))),
        }
        inputs.push(Input { name, options, default, required });
    }
    let mut args = BTreeMap::new();
    for (name, value) in &written.args {
        argument(what, name).map_err(|why| wrong(value.span(), why))?;
        let value = match value.get_ref() {
            v if v.starts_with("$COL.") => {
                let column = &v[5..];
                let missing = SCOPES
                    .iter()
                    .find(|(_, pane, columns)| scope.contains(pane) && !columns.contains(&column));
                if scope.is_empty() {
                    return Err(wrong(
                        value.span(),
                        format!("{v} needs a scope, such as scope = [\"agents\"]"),
                    ));
                }
                if let Some((scope, _, columns)) = missing {
                    let has = if columns.is_empty() { "none".to_owned() } else { columns.join(", ") };
                    return Err(wrong(
                        value.span(),
                        format!("{scope} has no column {column:?}; it has {has}"),
                    ));
                }
                Value::Column(column.to_owned())
            }
            v if v.starts_with("$INPUT.") => {
                let input = &v[7..];
                if !inputs.iter().any(|known| known.name == input) {
                    return Err(wrong(
                        value.span(),
                        format!("there is no input {input:?}; add it to inputs"),
                    ));
                }
                Value::Input(input.to_owned())
            }
            v if v.starts_with('$') => {
                return Err(wrong(
                    value.span(),
                    format!("{v:?} is no variable; use $COL.name or $INPUT.name"),
                ));
            }
            v => Value::Text(v.to_owned()),
        };
        args.insert(name.clone(), value);
    }
    // An input that no argument names is the argument of its own name.
    for input in &inputs {
        let used = args.values().any(|value| *value == Value::Input(input.name.clone()));
        if !used {
            argument(what, &input.name)
                .map_err(|why| wrong(written.action.span(), format!("input {why}")))?;
            args.insert(input.name.clone(), Value::Input(input.name.clone()));
        }
    }
    Ok(Hotkey { key, scope, what, args, confirm: written.confirm, inputs, describe: written.describe })
}

fn what(name: &str) -> Result<What, String> {
    if let Some(name) = name.strip_prefix("vicidial.") {
        return function(name).map(What::Function).ok_or_else(|| {
            let near: Vec<&str> = functions()
                .map(|f| f.name)
                .filter(|f| f.contains(name) || name.contains(f) || f.get(..4) == name.get(..4))
                .collect();
            let near =
                if near.is_empty() { String::new() } else { format!("; near it are {}", near.join(", ")) };
            format!("VICIdial has no {name:?}{near}")
        });
    }
    // Dialpad's view has keys of the console's own under the same word.
    if let Some(own) = name.strip_prefix("dialpad.")
        && name.parse::<Action>().is_err()
    {
        return action_named(own).map(What::Function).ok_or_else(|| {
            let all: Vec<&str> = ACTIONS.iter().map(|action| action.name).collect();
            format!("Dialpad cannot do {own:?}; it can do {}", all.join(", "))
        });
    }
    name.parse().map(What::Action)
}

fn argument(what: What, name: &str) -> Result<(), String> {
    match what {
        What::Action(action) => Err(format!("{} takes no arguments, and {name:?} is one", action.name())),
        What::Function(function) if function.argument(name).is_some() || function.open => Ok(()),
        What::Function(function) => {
            let takes: Vec<&str> = function.arguments().map(|arg| arg.name).collect();
            Err(format!("{} has no argument {name:?}; it takes {}", function.name, takes.join(", ")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Value, read};
    use crate::keymap::Keymap;
    use crate::state::Pane;

    const SHOWN: &str = r#"
[[hotkey]]
key = "shift-p"
scope = ["agents"]
action = "vicidial.external_pause"
args = { agent_user = "$COL.user", value = "PAUSE" }
confirm = true
inputs = [{ name = "code", type = "dropdown", options = ["BREAK", "LUNCH"] }]
"#;

    #[test]
    fn as_it_is_shown() {
        let hotkeys = read(SHOWN, &Keymap::load(None).unwrap()).unwrap();
        let hotkey = hotkeys.of("P".parse().unwrap(), Pane::Agents).unwrap();
        assert_eq!(hotkey.args["agent_user"], Value::Column("user".into()));
        assert_eq!(hotkey.args["code"], Value::Input("code".into()));
        assert!(hotkey.confirm && hotkeys.of("P".parse().unwrap(), Pane::Calls).is_none());
    }

    #[test]
    fn each_mistake_is_named_with_its_line() {
        let keymap = Keymap::load(None).unwrap();
        for (from, to, line, part) in [
            ("vicidial.external_pause", "vicidial.external_puase", 5, "near it are"),
            ("vicidial.external_pause", "fly", 5, "is no action"),
            ("\"agents\"", "\"agent\"", 4, "is no scope; there are agents"),
            ("$COL.user", "$COL.users", 6, "agents has no column \"users\""),
            ("$COL.user", "$USER", 6, "use $COL.name or $INPUT.name"),
            ("agent_user =", "agent =", 6, "has no argument \"agent\""),
            ("shift-p", "banana", 3, "is no key"),
            ("name = \"code\"", "name = \"codes\"", 5, "has no argument \"codes\""),
            ("options = [\"BREAK\", \"LUNCH\"]", "options = []", 8, "without options"),
            ("confirm = true", "confirms = true", 7, "unknown field"),
            ("scope = [\"agents\"]", "", 6, "needs a scope"),
        ] {
            let message = read(&SHOWN.replace(from, to), &keymap).unwrap_err();
            assert!(
                message.contains(part) && message.starts_with(&format!("line {line}:")),
                "{to}: {message}"
            );
        }
        let twice = format!("{SHOWN}{SHOWN}");
        assert!(read(&twice, &keymap).unwrap_err().contains("already, in the same place"));
        let quit = "[[hotkey]]\nkey = \"q\"\naction = \"help\"\n";
        assert!(read(quit, &keymap).unwrap_err().contains("q is quit already"));
    }
}
