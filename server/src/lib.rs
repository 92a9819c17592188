//! `dialdeckd`, the server behind the Dialdeck console.
//!
//! Facts flow one way (contacts → dialer → telephony → voice → storage → bus → API → console), commands the other.
//! See `docs/ARCHITECTURE.md`.

pub mod api;
pub mod bus;
pub mod cli;
pub mod connectors;
pub mod dashboard;
pub mod dialer;
pub mod doctor;
pub mod domain;
pub mod floor;
pub mod lawbook;
pub mod lead_sync;
pub mod open_files;
pub mod recordings;
pub mod remote_agents;
pub mod settings;
pub mod simulator;
pub mod speech;
pub mod storage;
pub mod telemetry;
pub mod telephony;
pub mod upkeep;
pub mod voice;
pub mod webhook;
