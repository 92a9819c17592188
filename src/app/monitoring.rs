//! How a supervisor gets into a call, and out of it.

use super::App;
use crate::state::{Asked, Chosen, Overlay};
use dialdeck_protocol::{CallId, Choice, Command, MonitorMode};

impl App {
    /// Offers what can be done in the selected call.
    pub(super) fn begin_monitoring(&mut self) {
        let Some(call) = self.state.selected_call() else { return };
        let name = crate::plain::line(&call.name);
        let mine = self.state.is_in(&call.id);
        let choice = |key: char, code: &str, label: &str| Choice {
            code: code.to_owned(),
            label: label.to_owned(),
            key: Some(key),
            callback: false,
        };
        let mut choices = vec![choice('l', "listen", "hear both sides; nobody hears you")];
        if !call.agent.is_empty() {
            choices.push(choice('w', "whisper", "the agent hears you, the person does not"));
        }
        choices.push(choice('b', "barge", "everybody hears you"));
        if self.state.me().is_some() {
            choices.push(choice('t', "take over", "the person is yours; whoever talks now is out"));
        }
        if mine {
            choices.push(choice('s', "leave", "your phone is hung up; the call goes on"));
        }
        self.state.overlay = Some(Overlay::choose(Chosen::Monitor(call.id.clone(), name), choices));
    }

    /// Does what was chosen.
    pub(super) fn monitor(&mut self, call_id: CallId, name: &str, code: &str) {
        match code {
            "leave" => self.command(Command::StopMonitoring),
            "take over" => {
                let question = format!("Take the call with {name} over?");
                self.state.overlay =
                    Some(Overlay::Confirm { question, commands: vec![Command::TakeOver { call_id }] });
            }
            code => {
                let Ok(mode) = code.parse::<MonitorMode>() else { return };
                let inside = self.state.is_in(&call_id);
                let command = Command::Monitor { call_id: call_id.clone(), mode, extension: String::new() };
                if mode == MonitorMode::Barge {
                    let question = format!("Speak to {name}, and be heard by everybody in the call?");
                    self.state.overlay = Some(Overlay::Confirm { question, commands: vec![command] });
                } else if inside || self.state.me().is_some() {
                    self.command(command);
                } else {
                    self.state.overlay =
                        Some(Overlay::Ask { what: Asked::Phone(call_id, mode), text: String::new() });
                }
            }
        }
    }
}
