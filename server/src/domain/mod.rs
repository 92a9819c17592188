//! The nouns and rules of the floor: pure, no I/O, no clock of its own.

pub mod agent;
pub mod callback;
pub mod caller;
pub mod campaign;
pub mod catalog;
pub mod contact;
pub mod cost;
pub mod debt;
pub mod dialpad;
pub mod do_not_call;
pub mod ending;
pub mod gate;
pub mod import;
pub mod law;
pub mod lead_merge;
pub mod lead_sync;
pub mod lockout;
pub mod numbers;
pub mod phone;
pub mod plain;
pub mod script;
pub mod slot;
pub mod spreadsheet;
pub mod words;
pub mod zone;
