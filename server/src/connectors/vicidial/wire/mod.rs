//! VICIdial's answers, read: lines and rows, typed records, and what each refusal means.

pub mod answer;
mod line;
mod page;
mod record;
mod table;
mod trouble;

pub use answer::{Answer, Asked, read};
pub use line::{Line, Mark};
pub use record::{AgentStatus, Callback, CampaignSettings, HopperLead, LoggedInAgent, Records, records};
pub use table::Table;
pub use trouble::{Class, Trouble};
