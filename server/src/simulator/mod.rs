//! A calling floor in simulated time: the real pacing code against the ways others dial.
//!
//! [`scenario`] reads a floor from a file, [`world`] lets it happen under a [`policy`], [`opponent`] dials as others do,
//! [`tuning`] gives each opponent its best setting, [`score`] says how it went, [`reference`] what is possible at all.

pub mod draw;
pub mod opponent;
pub mod policy;
pub mod reference;
pub mod scenario;
pub mod score;
pub mod tuning;
pub mod world;
