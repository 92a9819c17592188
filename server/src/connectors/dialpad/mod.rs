//! Dialpad: its departments' calls pulled and pushed into the record, its agents, and what can be done at it.
//!
//! Its own description (`testkit/src/dialpad/openapi.json`) says what its API is like; where the wire is known to be
//! otherwise, the wire is followed.

pub mod action;
pub mod client;
mod connector;
pub mod delivery;
pub mod look;
pub mod probe;
pub mod pull;
pub mod report;
pub mod socket;
pub mod subscription;
pub mod wire;

pub use connector::Connector;
