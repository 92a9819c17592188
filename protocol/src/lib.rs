//! What goes over the wire between `dialdeckd` and its consoles.
//!
//! Ids, closed vocabularies, events, snapshots, commands and errors. The crate depends on nothing else of
//! Dialdeck, so that another program can speak to the server with it alone.
//!
//! A session on the WebSocket: the client sends [`ClientMessage::Subscribe`]; the server answers with a
//! [`ServerMessage::Welcome`], then with a [`ServerMessage::Snapshot`] (or, when the client resumes and the
//! server still has everything it missed, directly with the events), then with [`ServerMessage::Events`] as they
//! are committed. Commands and queries carry an id that their [`ServerMessage::Reply`] repeats.

mod agent;
mod call;
mod callback;
mod campaign;
mod command;
pub mod complaint;
pub mod connector;
mod contact;
pub mod dashboard;
pub mod dialpad;
mod event;
pub mod figures;
pub mod function;
mod ids;
pub mod knowledge;
pub mod learning;
mod message;
pub mod plain;
mod problem;
mod role;
mod snapshot;
pub mod vicidial;
mod vocabulary;

pub use agent::{AgentRow, AgentState, PhoneKind};
pub use call::{CallStatus, Emotion, Intent, MonitorMode, Outcome, Speaker};
pub use callback::CallbackRow;
pub use campaign::{
    CallSettings, CampaignStatus, CampaignType, DialMode, Filter, ListOrder, OptOutScope, People, QueueState,
    Recording, Recycle, Route, Scrub, Taker, Transfer, Trial, VoiceChoice,
};
pub use command::{CallFilter, Command, Query};
pub use contact::ContactStatus;
pub use event::{CallCounts, Event, EventBody, Exchange, TurnLatency};
pub use ids::{
    CallId, CallbackId, CampaignId, ContactId, EntryId, ImportId, OrganizationId, PhoneNumberId, ScriptId,
    SessionId, TokenId, UserId,
};
pub use message::{Answer, Choice, ClientMessage, Scope, ServerMessage};
pub use problem::{Code, Problem};
pub use role::Role;
pub use snapshot::{CallRow, CampaignRow, HistoryRow, Part, PartState, Snapshot};
pub use vocabulary::UnknownWord;

/// Version of this protocol. Raised when a message changes in a way that an older peer cannot read.
pub const VERSION: u32 = 1;

/// Longest message either side accepts on the WebSocket, in bytes.
pub const MAX_MESSAGE_BYTES: usize = 1 << 20;
