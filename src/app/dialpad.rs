//! Looking at Dialpad, and what is done at it.

use super::App;
use crate::action::Action;
use crate::net::Ask;
use crate::state::{Asked, Overlay, Pane, View};
use dialdeck_protocol::dialpad::{DialpadFilter, action_named};
use dialdeck_protocol::{Command, Query};
use std::collections::BTreeMap;

/// An argument that stands fast, and its value.
type Fixed = (&'static str, &'static str);

/// The action that an agent's key does, what stands fast, and what is asked for.
fn behind(action: Action) -> Option<(&'static str, &'static [Fixed], &'static [&'static str])> {
    Some(match action {
        Action::AgentReady => ("duty_status", &[("on_duty", "on")], &[]),
        Action::AgentPause => ("duty_status", &[("on_duty", "off")], &["reason"]),
        Action::AgentDial => ("initiate_call", &[], &["phone_number"]),
        Action::AgentHangUp => ("hangup", &[], &[]),
        _ => return None,
    })
}

impl App {
    /// Asks for what is looked at.
    pub(super) fn ask_dialpad(&self) {
        let filter = self.state.dialpad.filter.clone();
        let _ = self.asks.send(Ask::Query(Query::Dialpad { filter }));
    }

    /// Asks for the calls behind the last one, where there are any.
    pub(super) fn ask_older_calls(&self) {
        let Some(after) = self.state.dialpad.picture.as_ref().and_then(|picture| picture.next.clone()) else {
            return;
        };
        let filter = DialpadFilter { after: Some(after), ..self.state.dialpad.filter.clone() };
        let _ = self.asks.send(Ask::Query(Query::Dialpad { filter }));
    }

    /// The search was typed to its end, or emptied: the server looks through all that is stored.
    pub(super) fn search_dialpad(&mut self) {
        let typed = self.state.filter.trim().to_owned();
        let of_calls = self.state.filtered == Pane::DialpadCalls;
        let wanted = Some(typed).filter(|typed| of_calls && !typed.is_empty() && !typed.starts_with('!'));
        if self.state.view == View::Dialpad && self.state.dialpad.filter.search != wanted {
            self.state.dialpad.filter.search = wanted;
            self.ask_dialpad();
        }
    }

    /// What looks at Dialpad otherwise.
    pub(super) fn look_at_dialpad(&mut self, action: Action) {
        let dialpad = &mut self.state.dialpad;
        match action {
            Action::Dialpad => {
                self.state.go(View::Dialpad);
                self.state.dialpad.filter.search = None;
                self.watch_floors();
            }
            Action::DialpadRange => dialpad.next_range(),
            Action::DialpadDirection => dialpad.next_direction(),
            Action::DialpadStatus => dialpad.next_status(),
            Action::DialpadDepartment => dialpad.next_department(),
            Action::DialpadDates => {
                let what = Asked::Dates;
                self.state.overlay = Some(Overlay::Ask { what, text: String::new() });
                return;
            }
            Action::DialpadHours => {
                let title = format!("Calls by hour, {} · Esc closes", dialpad.range_words());
                let lines = dialpad.hours_in_words();
                self.state.show(title, lines);
                return;
            }
            _ => {
                let _ = self.asks.send(Ask::Command(Command::PullDialpad { from: None }));
                self.state.notes.asked("asked; Dialpad's calls are being fetched");
                return;
            }
        }
        self.ask_dialpad();
    }

    /// Days were typed.
    pub(super) fn take_dates(&mut self, typed: &str) {
        match self.state.dialpad.take_range(typed) {
            Ok(()) => self.ask_dialpad(),
            Err(right) => self.note(&format!("days: {right}"), true),
        }
    }

    /// Enter: only the selected agent's calls, or everybody's again; or all that is known of a call.
    pub(super) fn open_in_dialpad(&mut self) {
        if self.state.pane == Pane::DialpadCalls {
            if let Some(id) = self.state.selected_dialpad_call().map(|call| call.id.clone()) {
                let _ = self.asks.send(Ask::Query(Query::DialpadCall { id }));
                self.state.notes.asked("asked; a transcript may have to be fetched");
            }
            return;
        }
        let Some(id) = self.state.selected_dialpad_agent().map(|row| row.id.to_owned()) else { return };
        let own = &mut self.state.dialpad.filter.agent;
        *own = if own.as_ref() == Some(&id) { None } else { Some(id) };
        self.ask_dialpad();
    }

    /// An agent's key in Dialpad's view; false elsewhere.
    pub(super) fn act_on_dialpad(&mut self, action: Action) -> bool {
        if self.state.view != View::Dialpad {
            return false;
        }
        let Some((name, fixed, wanted)) = behind(action) else { return false };
        let Some(function) = action_named(name) else { return false };
        let columns = self.state.columns();
        let mut fixed: BTreeMap<String, String> =
            fixed.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let whom = if name == "hangup" { ("call_id", "call_id") } else { ("user_id", "agent_id") };
        let Some(id) = columns.get(whom.1).filter(|id| !id.is_empty()) else {
            self.note("the selected row names nobody whom that could concern", true);
            return true;
        };
        fixed.insert(whom.0.to_owned(), id.clone());
        if name == "hangup" {
            // Whose call it is, and not only its id: another may have come into its place.
            let column =
                |name: &str| columns.get(name).map(|text| crate::plain::line(text)).unwrap_or_default();
            let question = format!(
                "Hang up on {} {}, who talks to {}?",
                column("name"),
                column("phone"),
                column("agent")
            );
            let command = Command::Dialpad { action: name.to_owned(), args: fixed };
            self.state.overlay = Some(Overlay::Confirm { question, commands: vec![command] });
            return true;
        }
        let mut fields: Vec<_> =
            wanted.iter().map(|name| super::vicidial::field(function, name, &columns)).collect();
        // Somebody who called is most often called back.
        if let (Some(field), Some(number)) =
            (fields.iter_mut().find(|f| f.name == "phone_number"), columns.get("phone"))
        {
            field.value.clone_from(number);
        }
        self.open_form(function, String::new(), fixed, fields, function.asks);
        true
    }
}
