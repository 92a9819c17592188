//! Who may do what, coarsely.

use crate::vocabulary::vocabulary;

vocabulary! {
    /// A user's role. Each may do all that the ones before it may.
    Role, "role" {
        /// May look.
        Viewer = "viewer",
        /// May talk, and set dispositions on own calls.
        Agent = "agent",
        /// May run campaigns and steer calls.
        Supervisor = "supervisor",
        /// May do everything.
        Admin = "admin",
    }
}
