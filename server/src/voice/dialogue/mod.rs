//! What to answer. The scripted engine decides from intents alone; it never guesses.

pub mod emotion;
pub mod intent;
mod lexicon;
pub mod review;
pub mod scripted;

pub use scripted::{Dialogue, Free, Move};
