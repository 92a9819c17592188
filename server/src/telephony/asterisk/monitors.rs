//! Supervisors in calls, by ARI: snooping on a channel to listen, whisper or be heard, and moved into an agent's room to
//! join a call of people.

use super::ari::Ari;
use crate::telephony::{LegId, Monitored, PlaceError};
use dialdeck_protocol::MonitorMode;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use uuid::Uuid;

/// How a supervisor's phone is in a call.
#[derive(Clone)]
enum Within {
    /// By a channel that snoops.
    Snoop(String),
    /// In the room of an agent's phone.
    Room(LegId),
}

/// All supervisors in calls. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Monitors(Arc<Mutex<HashMap<LegId, Within>>>);

impl Monitors {
    fn lock(&self) -> MutexGuard<'_, HashMap<LegId, Within>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a supervisor's phone, which is up, into a call; whatever it did before ends. `channel`: the person's.
    pub(super) async fn enter(
        &self,
        ari: &Ari,
        leg: LegId,
        channel: &str,
        target: &Monitored,
        mode: MonitorMode,
    ) -> Result<(), PlaceError> {
        self.leave(ari, leg).await?;
        let (on, whisper) = match (target.agent, mode) {
            (Some(agent), MonitorMode::Barge) => {
                // Noted before it is asked for: an answer that is lost may have been a yes.
                self.lock().insert(leg, Within::Room(agent));
                return ari.move_room(leg, leg, agent).await;
            }
            (Some(agent), MonitorMode::Listen) => (agent.to_string(), "none"),
            (Some(agent), MonitorMode::Whisper) => (agent.to_string(), "out"),
            (None, MonitorMode::Listen) => (channel.to_owned(), "none"),
            (None, MonitorMode::Barge) => (channel.to_owned(), "out"),
            (None, MonitorMode::Whisper) => {
                let why = "an AI caller cannot be whispered to; listen, or barge in";
                return Err(PlaceError::Refused(why.into()));
            }
        };
        let snoop = format!("dialdeck-snoop-{}", Uuid::now_v7().simple());
        self.lock().insert(leg, Within::Snoop(snoop.clone()));
        ari.snoop(&on, &snoop, whisper).await?;
        ari.enter_room_soon(leg, &snoop).await
    }

    /// Takes a supervisor's phone out of the call; it stays up. Where that fails it is known to be in there still, so that it
    /// can be asked for again: nobody goes on listening unseen.
    pub(super) async fn leave(&self, ari: &Ari, leg: LegId) -> Result<(), PlaceError> {
        let Some(within) = self.lock().get(&leg).cloned() else { return Ok(()) };
        let left = match within {
            Within::Snoop(snoop) => ari.hang_up_channel(&snoop).await,
            Within::Room(agent) => ari.move_room(leg, agent, leg).await,
        };
        match left {
            // What is refused is gone: the snooping channel, or the phone itself.
            Ok(()) | Err(PlaceError::Refused(_)) => {
                self.lock().remove(&leg);
                Ok(())
            }
            Err(error) => Err(error),
        }
    }
}
