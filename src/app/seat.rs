//! What an agent does, and what a supervisor does with agents.

use super::App;
use crate::action::Action;
use crate::net::Ask;
use crate::state::{Asked, Chosen, Overlay, Pane, View};
use crate::when::Step;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use dialdeck_protocol::{AgentRow, Choice, Command, PhoneKind, Query, Role, UserId};

/// Commands that are under way at once.
const TOGETHER: usize = 16;

impl App {
    /// Asks for what one's place needs and the server has not told yet.
    pub(super) fn fetch_for_seat(&mut self) {
        let campaign = self.state.me().and_then(|row| row.campaign_id.or(row.campaigns.first().copied()));
        if self.state.me().is_some() && self.state.choices_of != Some(campaign) {
            self.state.choices_of = Some(campaign);
            let _ = self.asks.send(Ask::Query(Query::Choices { campaign_id: campaign }));
        }
        if let Some(contact) = self.state.lead_wanted()
            && self.state.lead_asked != Some(contact)
        {
            self.state.lead_asked = Some(contact);
            let _ = self.asks.send(Ask::Query(Query::Lead { contact_id: contact }));
        }
        if self.state.me().is_none_or(|row| row.contact_id.is_none()) {
            // Whoever is called again is talked to from the beginning, in the words of then.
            self.state.guide = None;
            self.state.guide_asked = None;
        }
        if let Some((campaign_id, contact)) = self.state.guide_wanted()
            && self.state.guide_asked != Some(contact)
        {
            self.state.guide_asked = Some(contact);
            let query = Query::Script { campaign_id, contact_id: Some(contact) };
            let _ = self.asks.send(Ask::Query(query));
        }
    }

    /// Goes to the agents; who is one, to their own place.
    pub(super) fn go_to_agents(&mut self) {
        self.state.go(View::Agents);
        if self.state.me().is_some() || self.state.role == Some(Role::Agent) {
            self.state.pane = Pane::Seat;
        }
    }

    /// Whom an action is about, and who that is in words.
    fn meant(&self, action: Action) -> Option<(Vec<UserId>, String)> {
        // Of many, those in whose state it makes sense.
        let mut rows = self.state.meant_agents();
        rows.retain(|row| action.fits_row(&self.state, row));
        let name = match rows.as_slice() {
            [] => return None,
            [row] => crate::plain::line(&row.name),
            all => format!("all {} marked agents", all.len()),
        };
        Some((rows.iter().map(|row| row.user_id).collect(), name))
    }

    /// Does all of it; what was marked for it is not marked any more.
    pub(super) fn commands(&mut self, commands: Vec<Command>) {
        // Behind those of an action before it that are still to be sent.
        self.later.extend(commands);
        for _ in 0..TOGETHER {
            self.next_command();
        }
        self.state.marked.clear();
        self.state.notes.asked("asked; waiting for the server");
    }

    pub(super) fn command(&mut self, command: Command) {
        let _ = self.asks.send(Ask::Command(command));
        self.state.notes.asked("asked; waiting for the server");
    }

    /// Sends the next of many. The server takes so many at a time and no more: each answer brings the next.
    pub(super) fn next_command(&mut self) {
        if let Some(command) = self.later.pop_front() {
            let _ = self.asks.send(Ask::Command(command));
        }
    }

    pub(super) fn act_on_agents(&mut self, action: Action) {
        match action {
            Action::AgentLogIn => {
                self.state.overlay =
                    Some(Overlay::Ask { what: Asked::Extension(PhoneKind::NailedUp), text: String::new() });
            }
            Action::AgentReady => {
                let users = self
                    .meant(action)
                    .map_or_else(|| vec![None], |(users, _)| users.into_iter().map(Some).collect());
                self.commands(users.into_iter().map(|user_id| Command::AgentReady { user_id }).collect());
            }
            Action::AgentPause => {
                let Some((users, _)) = self.meant(action) else { return };
                let codes = self.state.choices.pause_codes.clone();
                if codes.is_empty() {
                    return self.commands(paused(users, ""));
                }
                self.state.overlay = Some(Overlay::choose(Chosen::Pause(users), codes));
            }
            Action::AgentLogOut => {
                let Some((users, name)) = self.meant(action) else { return };
                let question = format!("Log {name} out?");
                let out = |user| Command::AgentLogOut { user_id: Some(user) };
                let commands = users.into_iter().map(out).collect();
                self.state.overlay = Some(Overlay::Confirm { question, commands });
            }
            Action::AgentDial => self.command(Command::AgentDial { contact_id: None }),
            Action::AgentSkip => self.command(Command::AgentSkip),
            Action::AgentHangUp => {
                if let Some(call_id) = self.state.me().and_then(|row| row.call_id.clone()) {
                    self.command(Command::HangUp { call_id });
                }
            }
            Action::Dispose => {
                let dispositions = self.state.choices.dispositions.clone();
                if dispositions.is_empty() {
                    return self.note("no dispositions are set up; a supervisor makes them", true);
                }
                if let Some(call) = self.state.me().and_then(|row| row.call_id.clone()) {
                    self.state.kept_note = None;
                    self.state.overlay = Some(Overlay::choose(Chosen::Disposition(call), dispositions));
                }
            }
            Action::AgentMessage => {
                if let Some((users, name)) = self.meant(action) {
                    let what = Asked::Message(users, name);
                    self.state.overlay = Some(Overlay::Ask { what, text: String::new() });
                }
            }
            Action::Listen => self.begin_monitoring(),
            Action::Transfer => {
                if let Some(call) = self.state.call_to_put_through() {
                    let what = Asked::Through(call.id.clone(), crate::plain::line(&call.name), true);
                    self.state.overlay = Some(Overlay::Ask { what, text: String::new() });
                }
            }
            _ => {
                self.state.overlay = Some(Overlay::Ask { what: Asked::Number, text: String::new() });
            }
        }
    }

    /// A key that by itself sets the disposition that is due; false when it is none.
    pub(super) fn dispose_by_key(&mut self, event: KeyEvent) -> bool {
        let KeyCode::Char(typed) = event.code else { return false };
        if event.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) || !self.state.is_live() {
            return false;
        }
        let Some(call_id) = self.state.me().and_then(|row: &AgentRow| row.call_id.clone()) else {
            return false;
        };
        let found = self.state.choices.dispositions.iter().find(|choice| choice.key == Some(typed));
        let Some(choice) = found.cloned() else { return false };
        self.chosen(Chosen::Disposition(call_id), Some(&choice), None);
        true
    }

    /// A key within a list that one chooses from.
    pub(super) fn choose_key(
        &mut self,
        event: KeyEvent,
        what: Chosen,
        choices: Vec<Choice>,
        mut selected: usize,
        mut note: Option<String>,
    ) {
        let plain = !event.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
        match (event.code, &mut note) {
            (KeyCode::Tab, _) => {
                // The list has the keys again, and what was noted is kept for it. Only a disposition has a note.
                if let Chosen::Disposition(call) = &what {
                    let kept = self.state.kept_note.take().filter(|(of, _)| of == call).map(|(_, note)| note);
                    if let Some(typed) = note.take() {
                        self.state.kept_note = Some((call.clone(), typed));
                    } else {
                        note = Some(kept.unwrap_or_default());
                    }
                }
            }
            (KeyCode::Backspace, Some(text)) => {
                text.pop();
            }
            (KeyCode::Char(c), Some(text)) if plain => text.push(c),
            (KeyCode::Down, _) | (KeyCode::Char('j'), None) => {
                selected = (selected + 1).min(choices.len().saturating_sub(1));
            }
            (KeyCode::Up, _) | (KeyCode::Char('k'), None) => selected = selected.saturating_sub(1),
            // A note may have several lines.
            (KeyCode::Enter, Some(text)) if event.modifiers.contains(KeyModifiers::ALT) => text.push('\n'),
            (KeyCode::Char('j'), Some(text)) if event.modifiers.contains(KeyModifiers::CONTROL) => {
                text.push('\n');
            }
            (KeyCode::Enter, _) => return self.chosen(what, choices.get(selected), note),
            (KeyCode::Char(c), None) if choices.iter().any(|choice| choice.key == Some(c)) => {
                let choice = choices.iter().find(|choice| choice.key == Some(c)).cloned();
                return self.chosen(what, choice.as_ref(), None);
            }
            _ => {}
        }
        self.state.overlay = Some(Overlay::Choose { what, choices, selected, note });
    }

    fn chosen(&mut self, what: Chosen, choice: Option<&Choice>, note: Option<String>) {
        let kept = self.state.kept_note.take();
        let kept = kept.filter(|(call, _)| matches!(&what, Chosen::Disposition(of) if of == call));
        let note = note.or(kept.map(|(_, note)| note));
        let Some(choice) = choice else { return };
        let code = choice.code.clone();
        if let (Chosen::Disposition(call), true) = (&what, choice.callback) {
            // Who promises to call back says when.
            let zone = self.state.lead.as_ref().map(|lead| lead.zone.clone()).unwrap_or_default();
            let (call, note) = (call.clone(), in_one_line(&note.unwrap_or_default()));
            let what = Asked::CallBack { call, disposition: code, note, zone };
            self.state.overlay = Some(Overlay::Ask { what, text: String::new() });
            return;
        }
        if let Chosen::Monitor(call_id, name) = what {
            return self.monitor(call_id, &name, &code);
        }
        self.command(match what {
            Chosen::Connector => return self.begin_connector(&code, None),
            Chosen::Monitor(..) => return,
            Chosen::Pause(users) => return self.commands(paused(users, &code)),
            Chosen::Disposition(call_id) => Command::Dispose {
                call_id,
                disposition: code,
                note: in_one_line(&note.unwrap_or_default()),
                callback_at: None,
            },
        });
    }

    /// A key within a line that is typed.
    pub(super) fn ask_key(&mut self, event: KeyEvent, what: Asked, mut text: String) {
        let plain = !event.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
        let what = match (event.code, what) {
            (KeyCode::Tab, Asked::Extension(PhoneKind::NailedUp)) => Asked::Extension(PhoneKind::PerCall),
            (KeyCode::Tab, Asked::Extension(PhoneKind::PerCall)) => Asked::Extension(PhoneKind::NailedUp),
            (KeyCode::Tab, Asked::Through(call, name, attended)) => Asked::Through(call, name, !attended),
            (KeyCode::Enter, what @ (Asked::Another(..) | Asked::CallBack { .. })) => {
                return self.take_time(what, text);
            }
            (code, what @ (Asked::Another(..) | Asked::CallBack { .. })) if step_of(code).is_some() => {
                let zone = what.zone().and_then(crate::when::zone).unwrap_or(chrono_tz::UTC);
                let now = self.state.server_now(chrono::Utc::now());
                if let Some(step) = step_of(code) {
                    text = crate::when::stepped(&text, zone, now, step);
                }
                what
            }
            (KeyCode::Enter, what) => return self.asked(&what, text),
            (KeyCode::Backspace, what) => {
                text.pop();
                what
            }
            (KeyCode::Char('u'), what) if event.modifiers.contains(KeyModifiers::CONTROL) => {
                text.clear();
                what
            }
            (KeyCode::Char('w'), what) if event.modifiers.contains(KeyModifiers::CONTROL) => {
                let kept = text.trim_end().rfind(' ').map_or(0, |at| at + 1);
                text.truncate(kept);
                what
            }
            (KeyCode::Char(c), what) => {
                if plain {
                    text.push(c);
                }
                what
            }
            (_, what) => what,
        };
        self.state.overlay = Some(Overlay::Ask { what, text });
    }

    fn asked(&mut self, what: &Asked, text: String) {
        match what {
            Asked::Extension(phone) => {
                self.command(Command::AgentLogIn { extension: text, phone: *phone, campaigns: Vec::new() });
            }
            Asked::Message(users, _) => {
                let say = |user: &UserId| Command::AgentMessage { user_id: *user, text: text.clone() };
                self.commands(users.iter().map(say).collect());
            }
            Asked::Narrow => self.narrow(text),
            Asked::File => self.export(&text),
            Asked::Knowledge => self.look_up(&text),
            Asked::Dates => self.take_dates(&text),
            Asked::Another(..) | Asked::CallBack { .. } => {}
            Asked::Phone(call, mode) => {
                let (call_id, mode, extension) = (call.clone(), *mode, text);
                self.command(Command::Monitor { call_id, mode, extension });
            }
            Asked::Through(call, _, attended) => {
                let (call_id, attended, to) = (call.clone(), *attended, text);
                self.command(Command::Transfer { call_id, to, attended });
            }
            Asked::Number => {
                let _ = self.asks.send(Ask::Query(Query::Why { phone: text }));
            }
        }
    }
}

/// A note of several lines as the record keeps it: in one, with what parted them.
fn in_one_line(note: &str) -> String {
    note.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" / ")
}

/// How a key steps through the calendar.
fn step_of(key: KeyCode) -> Option<Step> {
    Some(match key {
        KeyCode::Left => Step::Days(-1),
        KeyCode::Right => Step::Days(1),
        KeyCode::Up => Step::Days(-7),
        KeyCode::Down => Step::Days(7),
        KeyCode::PageUp => Step::Minutes(-30),
        KeyCode::PageDown => Step::Minutes(30),
        _ => return None,
    })
}

fn paused(users: Vec<UserId>, code: &str) -> Vec<Command> {
    let pause = |user| Command::AgentPause { user_id: Some(user), code: code.to_owned(), seconds: None };
    users.into_iter().map(pause).collect()
}
