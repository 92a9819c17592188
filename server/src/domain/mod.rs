//! The nouns and rules of the floor: pure, no I/O, no clock of its own.

pub mod caller;
pub mod campaign;
pub mod contact;
pub mod cost;
pub mod ending;
pub mod gate;
pub mod import;
pub mod phone;
pub mod plain;
pub mod script;
pub mod zone;
