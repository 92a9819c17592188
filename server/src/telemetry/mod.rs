//! What the server says of itself: log, figures, and the state of its parts.

pub mod log;
pub mod metrics;
pub mod parts;
