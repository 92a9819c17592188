//! The VICIdial connector, from outside: every recorded exchange, actions against a stand-in, the floor of a real MariaDB.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends where it cannot go on"
)]

mod actions;
mod carrier;
mod exchanges;
mod floor;
mod manners;
mod sync;
