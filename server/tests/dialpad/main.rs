//! Dialpad against a stand-in that is held to Dialpad's own description.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends where it cannot go on"
)]

mod actions;
mod document;
mod limits;
mod office;
mod pull;
mod push;
mod report;
mod store;
