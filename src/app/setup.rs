//! Forms of the console itself: a campaign's pace, caller IDs, webhooks, VICIdials.

use super::App;
use crate::action::Action;
use crate::net::Ask;
use crate::plain;
use crate::state::{Field, Form, Overlay, View};
use dialdeck_protocol::connector::ConnectorRow;
use dialdeck_protocol::{Choice, Command, DialMode, Query};
use std::collections::BTreeMap;

/// In the place of a connector: the form is the console's own.
pub(super) const HERE: &str = "dialdeck";
const PACE: &str = "campaign.pace";
const NUMBER: &str = "caller ID";
const WEBHOOK: &str = "webhook";

fn field(name: &str, value: impl Into<String>, required: bool) -> Field {
    Field { name: name.to_owned(), value: value.into(), required, words: Vec::new(), secret: false }
}

fn word(name: &str, value: impl Into<String>, words: &[&str]) -> Field {
    let words = words.iter().map(|word| (*word).to_owned()).collect();
    Field { words, ..field(name, value, true) }
}

fn form(function: &str, what: &str, fixed: &[(&str, String)], fields: Vec<Field>) -> Overlay {
    Overlay::Form(Box::new(Form {
        connector: HERE,
        vicidial: String::new(),
        function: function.to_owned(),
        what: what.to_owned(),
        fixed: fixed.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
        fields,
        selected: 0,
        asks: false,
        wrong: String::new(),
    }))
}

impl App {
    /// Sets up; false where an action does something else.
    pub(super) fn set_up(&mut self, action: Action) -> bool {
        let connectors = self.state.view == View::Connectors;
        match action {
            Action::Pace => self.begin_pace(),
            Action::New if connectors => {
                let choice = |key: char, code: &str, label: &str| Choice {
                    code: code.to_owned(),
                    label: label.to_owned(),
                    key: Some(key),
                    callback: false,
                };
                let kinds = vec![
                    choice('v', "vicidial", "a VICIdial: its agents, campaigns and calls"),
                    choice('w', "webhook", "an address that is told what happens"),
                ];
                self.state.overlay = Some(Overlay::choose(crate::state::Chosen::Connector, kinds));
            }
            Action::New => self.begin_number(None),
            Action::Change if connectors => {
                if let Some(connector) = self.state.selected_connector().cloned() {
                    self.begin_connector(&connector.kind, Some(&connector));
                }
            }
            Action::Change => {
                let number = self.state.selected_number();
                let number = number.map(|row| (row.id.to_string(), row.number.clone(), row.label.clone()));
                self.begin_number(number);
            }
            Action::Try => {
                if let Some(connector) = self.state.selected_connector() {
                    let (kind, name, entry_id) =
                        (connector.kind.clone(), connector.name.clone(), connector.entry_id);
                    let _ = self.asks.send(Ask::Command(Command::TestConnector { kind, name, entry_id }));
                    self.state.notes.asked("asked; it is tried, which may take seconds");
                }
            }
            Action::Remove => {
                let confirm = if connectors {
                    self.state.selected_connector().map(|row| {
                        let (kind, name, entry_id) = (row.kind.clone(), row.name.clone(), row.entry_id);
                        let at = plain::fit(&row.reached, 60);
                        let question =
                            format!("Take the {kind} {} away? It is reached at {at}.", plain::line(&name));
                        (question, Command::RemoveConnector { kind, name, entry_id })
                    })
                } else {
                    self.state.selected_number().map(|row| {
                        let question =
                            format!("Remove the caller ID {} {}?", row.number, plain::line(&row.label));
                        (question, Command::RemoveNumber { phone_number_id: row.id })
                    })
                };
                if let Some((question, command)) = confirm {
                    self.state.overlay = Some(Overlay::Confirm { question, commands: vec![command] });
                }
            }
            _ => return false,
        }
        true
    }

    fn begin_pace(&mut self) {
        let Some(campaign) = self.state.selected_campaign() else { return };
        let settings = &campaign.call_settings;
        let mut fields = Vec::new();
        if let Some(people) = &settings.people {
            let modes: Vec<&str> = DialMode::ALL.iter().map(|mode| mode.as_str()).collect();
            fields.push(word("mode", people.mode.as_str(), &modes));
            fields.push(field("level", people.maximum_level.to_string(), true));
            fields.push(field("limit", people.drop_limit_percent.to_string(), true));
        }
        fields.push(field("calls", settings.max_concurrent_calls.to_string(), true));
        let of_people = if settings.people.is_some() {
            " level: most lines an agent, 1 to 20; limit: percent that may be abandoned, 0 to 3;"
        } else {
            ""
        };
        let name = plain::line(&campaign.name);
        let what = format!("How {name} dials.{of_people} calls: at a time, 1 to 500.");
        let mut form = form(PACE, &what, &[("campaign_id", campaign.id.to_string())], fields);
        if let Overlay::Form(form) = &mut form {
            let before = form.fields.iter().map(|field| (format!("was {}", field.name), field.value.clone()));
            form.fixed.extend(before.collect::<Vec<_>>());
        }
        self.state.overlay = Some(form);
    }

    fn begin_number(&mut self, old: Option<(String, String, String)>) {
        let (id, number, label) = old.unwrap_or_default();
        let what = "A number that you may call from, such as +13125550199, and what it is called here.";
        let fields = vec![field("number", number, true), field("label", label, false)];
        self.state.overlay = Some(form(NUMBER, what, &[("id", id)], fields));
    }

    /// A form for a connector: a new one, or one that is there.
    pub(super) fn begin_connector(&mut self, kind: &str, old: Option<&ConnectorRow>) {
        if kind == "vicidial" {
            return self.begin_vicidial(old.map(|row| (row.name.clone(), row.settings.clone())));
        }
        let set = |name: &str| {
            let set = old.and_then(|row| row.settings.iter().find(|(known, _)| known == name));
            set.map(|(_, value)| value.clone()).unwrap_or_default()
        };
        let paused = if set("paused").is_empty() { "no".to_owned() } else { set("paused") };
        let fields = vec![
            field("name", old.map(|row| row.name.clone()).unwrap_or_default(), true),
            field("url", set("url"), true),
            field("events", set("events"), false),
            word("paused", paused, &["no", "yes"]),
        ];
        let what = "An address that is told what happens, signed. events: types with spaces between, such as call_ended; empty: all.";
        let id = old.and_then(|row| row.entry_id).map(|id| id.to_string()).unwrap_or_default();
        self.state.overlay = Some(form(WEBHOOK, what, &[("id", id)], fields));
    }

    /// Sends one of the console's own forms; one that cannot be read stays open.
    pub(super) fn send_here(&mut self, mut form: Form) {
        match read(&form) {
            Ok(_) if !self.state.is_live() => {
                "the server is not there: nothing is done, and nothing is kept for later"
                    .clone_into(&mut form.wrong);
                self.state.overlay = Some(Overlay::Form(Box::new(form)));
            }
            Ok(command) => {
                let _ = self.asks.send(Ask::Form(Box::new(command)));
                self.state.notes.asked("asked; waiting for the server");
                self.sent_form = Some(Box::new(form));
            }
            Err((name, wrong)) => {
                form.selected = form.fields.iter().position(|field| field.name == name).unwrap_or(0);
                form.wrong = wrong;
                self.state.overlay = Some(Overlay::Form(Box::new(form)));
            }
        }
    }

    /// What the server has refused of a form stands there again, with what was wrong.
    pub(super) fn mend(&mut self, wrong: &str) {
        let Some(mut form) = self.sent_form.take() else { return };
        plain::line(wrong).clone_into(&mut form.wrong);
        let form = Overlay::Form(form);
        if self.state.overlay.is_none() {
            self.state.overlay = Some(form);
        } else {
            self.state.unread.push_back(form);
        }
    }

    /// Asks for what a view shows that no event tells.
    pub(super) fn ask_set_up(&mut self) {
        let query = match self.state.view {
            View::Numbers => Query::Numbers,
            View::Connectors => Query::Connectors,
            View::Learning => match self.state.selected_campaign() {
                Some(campaign) => Query::Lessons { campaign_id: campaign.id },
                None => return,
            },
            _ => return,
        };
        let _ = self.asks.send(Ask::Query(query));
    }
}

type Wrong = (&'static str, String);

/// What a form says.
fn read(form: &Form) -> Result<Command, Wrong> {
    let typed: BTreeMap<&str, &str> =
        form.fields.iter().map(|field| (field.name.as_str(), field.value.trim())).collect();
    let text = |name: &str| typed.get(name).copied().unwrap_or_default().to_owned();
    let id = form.fixed.get("id").filter(|id| !id.is_empty());
    match form.function.as_str() {
        PACE => {
            let number = |name: &'static str, right: &str| -> Result<Option<f64>, Wrong> {
                let Some(typed) = typed.get(name) else { return Ok(None) };
                let wrong = || (name, format!("{name}: {:?} is no number; use {right}", plain::line(typed)));
                let parsed: f64 = typed.replace(',', ".").parse().map_err(|_| wrong())?;
                if !parsed.is_finite() {
                    return Err(wrong());
                }
                // Only what was changed here is sent: somebody else may have changed the rest.
                let before = form.fixed.get(&format!("was {name}"));
                Ok((before.map(String::as_str) != Some(*typed)).then_some(parsed))
            };
            let campaign_id = form.fixed.get("campaign_id").and_then(|id| id.parse().ok());
            let calls = number("calls", "1 to 500")?;
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked")]
            let calls = match calls {
                Some(calls) if calls.fract() == 0.0 && (1.0..=500.0).contains(&calls) => Some(calls as u32),
                None => None,
                Some(_) => return Err(("calls", "calls: use a whole number, 1 to 500".into())),
            };
            Ok(Command::Pace {
                campaign_id: campaign_id.ok_or(("mode", "the campaign is gone".to_owned()))?,
                mode: typed
                    .get("mode")
                    .filter(|mode| form.fixed.get("was mode").map(String::as_str) != Some(**mode))
                    .and_then(|mode| mode.parse().ok()),
                maximum_level: number("level", "1 to 20, such as 2.5")?,
                drop_limit_percent: number("limit", "0 to 3, such as 2.5")?,
                max_concurrent_calls: calls,
            })
        }
        NUMBER => Ok(Command::SaveNumber {
            phone_number_id: id.and_then(|id| id.parse().ok()),
            number: text("number"),
            label: text("label"),
        }),
        _ => Ok(Command::SetUpWebhook {
            entry_id: id.and_then(|id| id.parse().ok()),
            name: text("name"),
            url: text("url"),
            events: text("events").split([' ', ',']).filter(|e| !e.is_empty()).map(str::to_owned).collect(),
            paused: text("paused") == "yes",
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::{HERE, PACE, field, read};
    use crate::state::Form;
    use dialdeck_protocol::{CampaignId, Command};

    #[test]
    fn a_pace_is_read_and_what_is_no_number_is_told() {
        let with = |calls: &str, level: &str| Form {
            connector: HERE,
            vicidial: String::new(),
            function: PACE.into(),
            what: String::new(),
            fixed: [("campaign_id".to_owned(), CampaignId::new().to_string())].into(),
            fields: vec![field("level", level, true), field("calls", calls, true)],
            selected: 0,
            asks: false,
            wrong: String::new(),
        };
        let Ok(Command::Pace { maximum_level, max_concurrent_calls, mode, .. }) = read(&with("20", "2,5"))
        else {
            panic!("no pace")
        };
        assert_eq!((maximum_level, max_concurrent_calls, mode), (Some(2.5), Some(20), None));
        assert_eq!(read(&with("20", "fast")).unwrap_err().0, "level");
        for calls in ["2.5", "0", "501", "many"] {
            assert_eq!(read(&with(calls, "2")).unwrap_err().0, "calls", "{calls}");
        }
    }
}
