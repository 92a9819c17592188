//! Asterisk's manager interface: log-in, actions, events, and coming back when it was gone. For the Asterisk of a VICIdial
//! as for our own. Its banner is `Asterisk Call Manager/11.0.0` on Asterisk 22; messages are lines of `Key: value`.

mod calls;
mod connection;
mod message;

pub use calls::{AmiCall, AmiCalls};
pub use connection::{AmiError, Connection, Login, follow};
pub use message::{Message, read_message};
