//! What to answer. The scripted engine decides from intents alone; it never guesses.

pub mod emotion;
pub mod mind;
pub mod review;
pub mod scripted;
pub mod sentences;
pub mod slots;
pub mod tools;

pub use scripted::{Dialogue, Free, Move};
