//! What a person does with callbacks, and with a list that is to be called again.

use super::App;
use crate::action::Action;
use crate::net::Ask;
use crate::state::{Asked, Overlay};
use crate::when;
use chrono::Utc;
use dialdeck_protocol::{Command, ContactStatus, Query, Role};

impl App {
    /// Asks for what is to be kept; viewers keep nothing.
    pub(super) fn ask_callbacks(&mut self) {
        if self.state.role.is_some_and(|role| role >= Role::Agent) {
            let _ = self.asks.send(Ask::Query(Query::Callbacks));
        }
    }

    pub(super) fn act_on_callback(&mut self, action: Action) {
        let Some(row) = self.state.selected_callback().cloned() else { return };
        let name = crate::plain::line(&row.name);
        match action {
            Action::AgentDial => {
                // What the law says of it now comes with the answer, before it is dialled.
                let question = format!("Call {name} ({}) now?", row.phone);
                let command = Command::AgentDial { contact_id: Some(row.contact_id) };
                self.state.overlay = Some(Overlay::Confirm { question, commands: vec![command] });
                let _ = self.asks.send(Ask::Query(Query::Lead { contact_id: row.contact_id }));
            }
            Action::CallbackKept => self.command(Command::SettleCallback { callback_id: row.id, kept: true }),
            Action::CallbackOff => {
                let question = format!("Call the callback to {name} off?");
                let command = Command::SettleCallback { callback_id: row.id, kept: false };
                self.state.overlay = Some(Overlay::Confirm { question, commands: vec![command] });
            }
            Action::CallbackMove => {
                let what = Asked::Another(row.id, row.timezone);
                self.state.overlay = Some(Overlay::Ask { what, text: String::new() });
            }
            _ => {}
        }
    }

    /// A time was typed; one that cannot be leaves the line open.
    pub(super) fn take_time(&mut self, what: Asked, text: String) {
        let zone = match &what {
            Asked::Another(_, zone) | Asked::CallBack { zone, .. } => when::zone(zone),
            _ => return,
        };
        let now = self.state.server_now(Utc::now());
        let at = match when::read(&text, zone.unwrap_or(chrono_tz::UTC), now) {
            Ok(at) => at,
            Err(why) => {
                self.note(&why, true);
                self.state.overlay = Some(Overlay::Ask { what, text });
                return;
            }
        };
        match what {
            Asked::Another(callback_id, _) => self.command(Command::MoveCallback { callback_id, due_at: at }),
            Asked::CallBack { call, disposition, note, .. } => {
                self.command(Command::Dispose { call_id: call, disposition, note, callback_at: Some(at) });
            }
            _ => {}
        }
    }

    /// Whoever was not reached is called again as if new: a question first, because many are.
    pub(super) fn begin_reset(&mut self) {
        let Some(campaign) = self.state.selected_campaign() else { return };
        let name = crate::plain::line(&campaign.name);
        let question = format!(
            "Call all contacts of {name} again who failed or wait for another attempt, as if they were new? Whoever \
             refused, or is on a do-not-call list, is left alone."
        );
        let statuses = vec![ContactStatus::Failed, ContactStatus::Retry];
        let command = Command::ResetList { campaign_id: campaign.id, statuses };
        self.state.overlay = Some(Overlay::Confirm { question, commands: vec![command] });
    }
}
