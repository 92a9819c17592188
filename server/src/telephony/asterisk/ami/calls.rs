//! Channels as events tell of them: which calls there are, what they do, and since when. Pure.

use super::message::Message;
use std::collections::BTreeMap;

/// A channel.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AmiCall {
    /// Asterisk's name of it.
    pub channel: String,
    /// The caller's name; VICIdial puts its call code there.
    pub caller_name: String,
    /// The number at the far end.
    pub number: String,
    /// `Down`, `Ring`, `Ringing`, `Up` …
    pub state: String,
    /// Since when, Unix time.
    pub since: i64,
}

/// All channels, by their unique ids.
#[derive(Debug, Clone, Default)]
pub struct AmiCalls(BTreeMap<String, AmiCall>);

impl AmiCalls {
    /// Takes an event; tells whether something changed.
    pub fn take(&mut self, event: &Message, now: i64) -> bool {
        let id = event.get("Uniqueid");
        if id.is_empty() {
            return false;
        }
        match event.get("Event") {
            "Hangup" => self.0.remove(id).is_some(),
            "Newchannel" | "Newstate" | "NewCallerid" => {
                let call = self
                    .0
                    .entry(id.to_owned())
                    .or_insert_with(|| AmiCall { since: now, ..AmiCall::default() });
                let before = call.clone();
                event.get("Channel").clone_into(&mut call.channel);
                event.get("ChannelStateDesc").clone_into(&mut call.state);
                let number = event.get("ConnectedLineNum");
                let number = if number.is_empty() || number == "<unknown>" {
                    event.get("CallerIDNum")
                } else {
                    number
                };
                if number != "<unknown>" {
                    number.clone_into(&mut call.number);
                }
                let name = event.get("CallerIDName");
                if name != "<unknown>" && !name.is_empty() {
                    name.clone_into(&mut call.caller_name);
                }
                if before.state != call.state {
                    call.since = now;
                }
                before != *call
            }
            _ => false,
        }
    }

    /// Everything is unknown again: the connection was lost.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Channels, by their unique ids.
    pub fn all(&self) -> impl Iterator<Item = (&String, &AmiCall)> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::{AmiCalls, Message};

    #[test]
    fn channels_come_change_and_go() {
        let mut calls = AmiCalls::default();
        let event = |name, state| {
            Message::of(&[
                ("Event", name),
                ("Uniqueid", "1.1"),
                ("Channel", "SIP/x-1"),
                ("ChannelStateDesc", state),
                ("CallerIDName", "V1120230000000000002"),
                ("CallerIDNum", "2025550142"),
            ])
        };
        assert!(calls.take(&event("Newchannel", "Down"), 10));
        assert!(calls.take(&event("Newstate", "Up"), 20) && !calls.take(&event("Newstate", "Up"), 30));
        let (_, call) = calls.all().next().unwrap();
        assert_eq!((call.since, call.caller_name.as_str()), (20, "V1120230000000000002"));
        assert!(calls.take(&event("Hangup", "Up"), 40) && calls.all().next().is_none());
    }
}
