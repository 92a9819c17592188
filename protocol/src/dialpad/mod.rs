//! Dialpad's words: its departments' calls and agents as they are stored here, and what can be done at Dialpad.

mod actions;
mod picture;

pub use actions::{ACTIONS, action_named};
pub use picture::{
    Activity, Cards, Department, DialpadCall, DialpadFilter, Direction, Duty, Fate, Hour, Picture, Status,
    Work,
};
