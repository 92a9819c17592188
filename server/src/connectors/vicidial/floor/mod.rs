//! The live floor: read from the database once a second at most, derived as the real-time report does, told to all who
//! look.

mod database;
mod derive;
mod picture;
mod watch;

pub use database::{Database, DatabaseError, LEAST_TABLES};
pub use derive::{AgentRow, CallRow, Rows, agents, calls, thresholds};
pub use picture::Picture;
pub use watch::Watch;
