//! The words of a contact.

use crate::vocabulary::vocabulary;

vocabulary! {
    /// Where a contact stands within its campaign.
    ContactStatus, "status" {
        /// Never called.
        New = "new",
        /// A call to it is in flight.
        Pending = "pending",
        /// To be called again when its time comes.
        Retry = "retry",
        /// Spoken to; a person should follow up.
        Contacted = "contacted",
        /// Done.
        Completed = "completed",
        /// Attempts used up, or the number is bad.
        Failed = "failed",
        /// A rule forbids the call for now; the reason stands beside it.
        Held = "held",
        /// Asked not to be called. Final.
        DoNotCall = "do_not_call",
    }
}
