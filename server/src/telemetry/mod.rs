//! What the server says of itself: log and the state of its parts.

pub mod log;
pub mod parts;
