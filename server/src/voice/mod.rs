//! The voice loop: hear, understand, answer, speak, until done.
//!
//! [`conversation`] joins the parts: [`ear`] finds speech in what comes in and where it ends, [`recognise`] makes
//! words of it, [`dialogue`] decides what to answer, [`synthesise`] makes sound of words, and [`mouth`] plays it and
//! falls silent when the person speaks. The same loop runs on telephone sound (8 kHz s16le) and on plain words; the
//! latter serve the simulated phone network and fast tests.

mod backchannel;
mod beat;
mod card;
pub mod cast;
pub mod chain;
pub mod consultation;
pub mod conversation;
pub mod detector;
pub mod dialogue;
pub mod ear;
pub mod endpoint;
pub mod health;
pub mod hold;
pub mod intent;
mod lexicon;
pub mod machine;
pub mod measured;
pub mod media;
pub mod mouth;
pub mod phrases;
pub mod providers;
pub mod recognise;
pub mod sound;
mod speech;
pub mod synthesise;
pub mod timing;
