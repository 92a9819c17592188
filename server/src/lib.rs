//! `dialdeckd`, the server behind the Dialdeck console.
//!
//! Facts flow one way (contacts → dialer → telephony → voice → storage → bus → API → console), commands the other.
//! See `docs/ARCHITECTURE.md`.

pub mod bus;
pub mod domain;
pub mod storage;
pub mod voice;
