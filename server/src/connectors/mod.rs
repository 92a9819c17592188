//! What Dialdeck is connected to besides telephony: a folder each, which know nothing of each other.

pub mod dialpad;
pub mod vicidial;
