//! The live floor: read from the database once a second at most, derived as the real-time report does, told to all who
//! look.

mod derive;
mod picture;
mod reader;
mod watch;

pub use derive::{AgentRow, CallRow, Rows, agents, calls, thresholds};
pub use picture::Picture;
pub use reader::{LEAST_TABLES, Reader};
pub use watch::Watch;
