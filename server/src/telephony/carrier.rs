//! Calls that somebody else's agents take: another system dials for one of its agents, and tells what came of it.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use dialdeck_protocol::Outcome;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// An agent who is taken for a call; let go when this is dropped.
pub struct Booked {
    /// Who, by the name they have there.
    pub agent: String,
    _held: Box<dyn Send + Sync>,
}

impl Booked {
    /// An agent, and what keeps others from taking them.
    pub fn new(agent: String, held: impl Send + Sync + 'static) -> Self {
        Self { agent, _held: Box::new(held) }
    }
}

/// What happens to a call, in order. [`Carried::Ended`] is the last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Carried {
    /// It rings.
    Ringing,
    /// The person and the agent talk.
    Answered,
    /// It is over, and the agent said what came of it.
    Ended {
        /// What came of it.
        outcome: Outcome,
        /// A word more.
        detail: String,
        /// When the talk was over.
        at: DateTime<Utc>,
    },
    /// Nobody was called.
    NotPlaced(String),
}

/// Who carries calls so.
#[async_trait]
pub trait Carrier: Send + Sync {
    /// Its name, as it stands in channel ids: `vicidial/main`.
    fn name(&self) -> String;
    /// Takes one of these agents, who is free and paused with this code; `None` where nobody is.
    ///
    /// # Errors
    /// Why it cannot be known.
    async fn book(&self, agents: &[String], pause_code: &str) -> Result<Option<Booked>, String>;
    /// Dials a number, E.164, for an agent. `end`: cancelled when the call is to be ended.
    fn dial(
        &self,
        agent: &str,
        to: &str,
        ring: Duration,
        end: CancellationToken,
    ) -> mpsc::UnboundedReceiver<Carried>;
}

/// Finds a carrier of an organization by the name that campaigns know it by.
pub type Carriers =
    Arc<dyn Fn(&dialdeck_protocol::OrganizationId, &str) -> Option<Arc<dyn Carrier>> + Send + Sync>;
