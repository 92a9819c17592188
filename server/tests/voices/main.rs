//! Providers of speech and language against a stand-in that follows their pages, and misbehaves.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "a test ends where it cannot go on"
)]

mod conversations;
mod exchanges;
