//! VICIdial: its two HTTP APIs, its live floor in its database, and our keys bound to both.
//!
//! What VICIdial does on the wire was measured on its own PHP (agent API 2.14-81, non-agent API 2.14-194); where its
//! documents differ, the wire is followed.

pub mod action;
pub mod carrier;
pub mod client;
pub mod confirm;
mod connector;
pub mod database;
pub mod discretion;
pub mod floor;
pub mod guard;
mod insert;
pub mod leads;
pub mod letter;
pub mod probe;
pub mod status;
mod vicidials;
pub mod wire;
pub mod wirelog;

pub use connector::{Connector, is_old};
pub use vicidials::{RereadByName, Vicidials};
