//! What is done to a VICIdial: the keys that agents have, any function by a form, and hotkeys of one's own.

use super::App;
use crate::action::Action;
use crate::hotkey::{Hotkey, Input, Value, What};
use crate::net::Ask;
use crate::state::{Field, Form, Overlay, View};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use dialdeck_protocol::Command;
use dialdeck_protocol::function::{Api, Function, Kind, Need};
use dialdeck_protocol::vicidial::function;
use std::collections::BTreeMap;

/// Arguments that the selected row fills, by the row's names.
const FROM_ROW: &[(&str, &str)] = &[
    ("agent_user", "user"),
    ("session_id", "session"),
    ("server_ip", "server_ip"),
    ("campaign_id", "campaign"),
    ("lead_id", "lead_id"),
    ("call_id", "call_id"),
    ("phone_number", "phone"),
    ("user_id", "agent_id"),
];

/// What stands for a function in the form that sets up a VICIdial.
const SET_UP: &str = "set up a VICIdial";
/// Its line for keeping what a test refused.
const FORCE: &str = "keep_untested";

/// The function that an agent's key calls on an agent of a VICIdial, and what stands fast.
fn behind(action: Action) -> Option<(&'static str, &'static [(&'static str, &'static str)])> {
    Some(match action {
        Action::AgentReady => ("external_pause", &[("value", "RESUME")]),
        Action::AgentPause => ("external_pause", &[("value", "PAUSE")]),
        Action::AgentLogOut => ("logout", &[("value", "LOGOUT")]),
        Action::AgentHangUp => ("external_hangup", &[("value", "1")]),
        Action::AgentDial => ("external_dial", &[]),
        Action::Dispose => ("external_status", &[]),
        Action::AgentMessage => ("send_notification", &[("recipient_type", "USER")]),
        Action::Listen => ("blind_monitor", &[]),
        _ => return None,
    })
}

impl App {
    /// Tells the server whether floors are looked at.
    pub(super) fn watch_floors(&mut self) {
        let on = matches!(self.state.view, View::Agents | View::Vicidial);
        if self.watching != on {
            self.watching = on;
            let _ = self.asks.send(Ask::Watch(on));
        }
    }

    /// An agent's key, where the selected agent is a VICIdial's; false where it is not.
    pub(super) fn act_on_vicidial(&mut self, action: Action) -> bool {
        let Some((_, agent)) = self.state.vicidial_meant() else { return false };
        let user = agent.user.clone();
        let Some((name, fixed)) = behind(action) else { return false };
        let mut fixed: BTreeMap<String, String> =
            fixed.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let who = if name == "send_notification" { "recipient" } else { "agent_user" };
        fixed.insert(who.to_owned(), user);
        let wanted: &[&str] = match action {
            Action::AgentPause => &["code"],
            Action::AgentDial => &["value", "lead_id"],
            Action::Dispose => &["value", "callback_datetime", "callback_comments"],
            Action::AgentMessage => &["notification_text"],
            Action::Listen => &["stage", "phone_login", "session_id", "server_ip"],
            _ => &[],
        };
        self.begin(name, fixed, wanted);
        true
    }

    /// Asks for what is wanted of a function, or does it at once where nothing is.
    fn begin(&mut self, name: &str, fixed: BTreeMap<String, String>, wanted: &[&str]) {
        let Some(function) = function(name) else { return };
        let columns = self.state.columns();
        let fields: Vec<Field> = wanted.iter().map(|name| field(function, name, &columns)).collect();
        let vicidial = columns.get("vicidial").cloned().unwrap_or_default();
        self.open_form(function, vicidial, fixed, fields, function.asks);
    }

    /// A form for any function, filled from the selected row.
    pub(super) fn begin_function(&mut self, function: &'static Function) {
        let columns = self.state.columns();
        let vicidial = columns
            .get("vicidial")
            .cloned()
            .or_else(|| self.state.floors.keys().next().cloned())
            .unwrap_or_default();
        // What must be given stands first.
        let mut args: Vec<_> = function.arguments().collect();
        args.sort_by_key(|arg| match arg.need {
            Need::Must => 0,
            Need::OneOf => 1,
            Need::May => 2,
        });
        let fields = args.iter().map(|arg| field(function, arg.name, &columns)).collect();
        self.open_form(function, vicidial, BTreeMap::new(), fields, function.asks);
    }

    pub(super) fn open_form(
        &mut self,
        function: &'static Function,
        vicidial: String,
        fixed: BTreeMap<String, String>,
        fields: Vec<Field>,
        asks: bool,
    ) {
        let form = Form {
            connector: function.api.connector(),
            vicidial,
            function: function.name.to_owned(),
            what: function.what.to_owned(),
            fixed,
            fields,
            selected: 0,
            asks,
            wrong: String::new(),
        };
        if form.fields.is_empty() {
            self.send_form(form);
        } else {
            self.state.overlay = Some(Overlay::Form(Box::new(form)));
        }
    }

    /// A form for a VICIdial that is not there yet, or for changing how one is reached.
    pub(super) fn begin_vicidial(&mut self, old: Option<(String, Vec<(String, String)>)>) {
        let field = |name: &str, value: &str, required: bool| Field {
            name: name.to_owned(),
            value: value.to_owned(),
            required,
            words: Vec::new(),
            secret: matches!(name, "password" | "db_password"),
        };
        let mut fields = vec![field("name", "main", true)];
        fields.extend(
            ["url", "user", "password", "db_host", "db_port", "db_user", "db_password"]
                .map(|name| field(name, "", false)),
        );
        fields.push(Field { words: vec!["no".into(), "yes".into()], ..field(FORCE, "no", false) });
        // What a test refused is mended, not typed again.
        let mut fixed = BTreeMap::new();
        if let Some((name, settings)) = old {
            // Another name would make a second one.
            fields.retain(|field| field.name != "name");
            fixed.insert("name".to_owned(), name);
            for field in &mut fields {
                let set = settings.iter().find(|(known, _)| *known == field.name);
                field.value = match set {
                    Some((_, value)) => value.clone(),
                    None => std::mem::take(&mut field.value),
                };
            }
        } else if let Some(before) = self.unfinished.take() {
            fields = before;
        }
        let form = Form {
            connector: Api::NonAgent.connector(),
            vicidial: String::new(),
            function: SET_UP.to_owned(),
            what: "How a VICIdial is reached; it is tried first. What is left empty stays as it was, and passwords are never shown."
                .to_owned(),
            fixed,
            fields,
            selected: 0,
            asks: false,
            wrong: String::new(),
        };
        self.state.overlay = Some(Overlay::Form(Box::new(form)));
    }

    /// Sends how a VICIdial is reached.
    fn send_set_up(&mut self, fixed: BTreeMap<String, String>, fields: Vec<Field>) {
        if fixed.is_empty() {
            self.unfinished = Some(fields.clone());
        }
        let mut settings: BTreeMap<String, String> = fields
            .into_iter()
            .filter(|field| !field.value.trim().is_empty())
            .map(|field| (field.name, field.value.trim().to_owned()))
            .collect();
        settings.extend(fixed);
        let vicidial = settings.remove("name").unwrap_or_default();
        let force = settings.remove(FORCE).is_some_and(|word| word == "yes");
        let _ = self.asks.send(Ask::Command(Command::SetUpVicidial { vicidial, settings, force }));
        self.state.notes.asked("asked; VICIdial is tried, which takes seconds");
    }

    /// Presses a hotkey.
    pub(super) fn press(&mut self, hotkey: &Hotkey) -> bool {
        let (name, asks) = match &hotkey.what {
            What::Action(action) => return self.act(*action, 10),
            What::Function(function) => (*function, hotkey.confirm || function.asks),
        };
        if !self.state.is_live() {
            self.note("the server is not there: nothing is done, and nothing is kept for later", true);
            return false;
        }
        let columns = self.state.columns();
        let mut fixed = BTreeMap::new();
        let mut open = Vec::new();
        for (arg, value) in &hotkey.args {
            match value {
                Value::Text(text) => drop(fixed.insert(arg.clone(), text.clone())),
                Value::Column(column) => {
                    let held = columns.get(column.as_str()).filter(|value| !value.is_empty());
                    let Some(value) = held else {
                        self.note(&format!("{}: the selected row has no {column}", hotkey.key), true);
                        return false;
                    };
                    fixed.insert(arg.clone(), value.clone());
                }
                Value::Input(input) => open.push((arg.clone(), input.clone())),
            }
        }
        let fields = open
            .iter()
            .map(|(arg, name)| {
                let input = hotkey.inputs.iter().find(|input| input.name == *name);
                of_input(arg, input)
            })
            .collect();
        let vicidial = columns.get("vicidial").cloned().unwrap_or_default();
        self.open_form(name, vicidial, fixed, fields, asks);
        false
    }

    /// A key within a form.
    pub(super) fn form_key(&mut self, event: KeyEvent, mut form: Box<Form>) {
        let plain = !event.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
        let last = form.fields.len().saturating_sub(1);
        form.wrong.clear();
        match event.code {
            KeyCode::Enter => {
                let missing =
                    form.fields.iter().position(|field| field.required && field.value.trim().is_empty());
                if let Some(missing) = missing {
                    form.selected = missing;
                    form.wrong = format!("{} must be given", form.fields[missing].name);
                } else if let Some(wrong) = form.fields.iter().position(|field| {
                    let typed = field.value.trim();
                    !field.words.is_empty()
                        && !typed.is_empty()
                        && !field.words.iter().any(|word| word == typed)
                }) {
                    form.selected = wrong;
                    let field = &form.fields[wrong];
                    form.wrong = format!("{} must be one of {}", field.name, field.words.join(", "));
                } else {
                    return self.send_form(*form);
                }
            }
            KeyCode::Down | KeyCode::Tab => {
                form.selected = if form.selected == last { 0 } else { form.selected + 1 }
            }
            KeyCode::Up | KeyCode::BackTab => {
                form.selected = if form.selected == 0 { last } else { form.selected - 1 };
            }
            code => {
                let selected = form.selected;
                if let Some(field) = form.fields.get_mut(selected) {
                    match code {
                        KeyCode::Left | KeyCode::Right if !field.words.is_empty() => {
                            turn(field, code == KeyCode::Right);
                        }
                        KeyCode::Backspace => drop(field.value.pop()),
                        KeyCode::Char('u') if event.modifiers.contains(KeyModifiers::CONTROL) => {
                            field.value.clear();
                        }
                        KeyCode::Char(c) if plain => field.value.push(c),
                        _ => {}
                    }
                }
            }
        }
        self.state.overlay = Some(Overlay::Form(form));
    }

    /// Sends what a form says, after a question where that is wanted.
    fn send_form(&mut self, form: Form) {
        if form.connector == super::setup::HERE {
            return self.send_here(form);
        }
        if !self.state.is_live() {
            let mut form = Box::new(form);
            "the server is not there: nothing is done, and nothing is kept for later"
                .clone_into(&mut form.wrong);
            self.state.overlay = Some(Overlay::Form(form));
            return;
        }
        let Form { connector, vicidial, function, fixed, fields, asks, .. } = form;
        if function == SET_UP {
            return self.send_set_up(fixed, fields);
        }
        let typed = fields.into_iter().filter(|field| !field.value.trim().is_empty());
        let mut args = fixed;
        let secrets: Vec<String> = typed
            .filter_map(|field| {
                args.insert(field.name.clone(), field.value.trim().to_owned());
                field.secret.then_some(field.name)
            })
            .collect();
        let shown: Vec<String> = args
            .iter()
            .map(|(name, value)| {
                let value = if secrets.contains(name) { "••••" } else { value.as_str() };
                format!("{name} {}", crate::plain::line(value))
            })
            .collect();
        let question = format!("{function}: {}?", shown.join(", "));
        let command = if connector == Api::Dialpad.connector() {
            Command::Dialpad { action: function, args }
        } else {
            Command::Vicidial { vicidial, function, args, wait: false }
        };
        if asks {
            self.state.overlay = Some(Overlay::Confirm { question, commands: vec![command] });
        } else {
            let _ = self.asks.send(Ask::Command(command));
            self.state.notes.asked("asked; waiting for the answer");
        }
    }
}

/// The next of a few words, or the one before.
fn turn(field: &mut Field, forward: bool) {
    let count = field.words.len();
    let at = field.words.iter().position(|word| *word == field.value);
    let next = match (at, forward) {
        (None, true) => 0,
        (None, false) => count - 1,
        (Some(at), true) => (at + 1) % count,
        (Some(at), false) => (at + count - 1) % count,
    };
    field.value.clone_from(&field.words[next]);
}

pub(super) fn field(function: &Function, name: &str, columns: &BTreeMap<&'static str, String>) -> Field {
    let arg = function.argument(name);
    let kind = arg.map_or(Kind::Text, |arg| arg.kind);
    let words = match kind {
        Kind::Word(words) => words.iter().map(|word| (*word).to_owned()).collect(),
        _ => Vec::new(),
    };
    let column = FROM_ROW.iter().find(|(arg, _)| *arg == name).map(|(_, column)| *column);
    let must = arg.is_some_and(|arg| arg.need == Need::Must);
    // Only what is needed is filled in: a row's number must not become the target of a transfer by itself.
    let wanted =
        must && !matches!(kind, Kind::Phone | Kind::Number) || matches!(name, "session_id" | "server_ip");
    let value = column.filter(|_| wanted).and_then(|column| columns.get(column)).cloned().unwrap_or_default();
    let value = match (&words[..], must) {
        ([only], true) => only.clone(),
        _ => value,
    };
    Field { name: name.to_owned(), value, required: must, words, secret: kind == Kind::Secret }
}

fn of_input(arg: &str, input: Option<&Input>) -> Field {
    Field {
        name: arg.to_owned(),
        value: input.and_then(|input| input.default.clone()).unwrap_or_default(),
        required: input.is_none_or(|input| input.required),
        words: input.map(|input| input.options.clone()).unwrap_or_default(),
        secret: false,
    }
}
