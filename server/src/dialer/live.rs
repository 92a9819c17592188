//! The calls that this server has in flight, and how to end each.

use dialdeck_protocol::{CallId, CampaignId, OrganizationId};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio_util::sync::CancellationToken;

struct Entry {
    organization: OrganizationId,
    campaign: CampaignId,
    phone: String,
    end: CancellationToken,
}

/// All of them. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct LiveCalls(Arc<Mutex<HashMap<CallId, Entry>>>);

/// Keeps a call counted as in flight; dropped, it is no more.
pub(super) struct InFlight {
    calls: LiveCalls,
    call: CallId,
    /// Cancelled when somebody wants the call ended.
    pub end: CancellationToken,
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.calls.lock().remove(&self.call);
    }
}

impl LiveCalls {
    fn lock(&self) -> MutexGuard<'_, HashMap<CallId, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn add(
        &self,
        call: &CallId,
        organization: &OrganizationId,
        campaign: CampaignId,
        phone: &str,
    ) -> InFlight {
        let end = CancellationToken::new();
        let (organization, phone) = (organization.clone(), phone.to_owned());
        self.lock().insert(call.clone(), Entry { organization, campaign, phone, end: end.clone() });
        InFlight { calls: self.clone(), call: call.clone(), end }
    }

    pub(super) fn count(&self) -> usize {
        self.lock().len()
    }

    pub(super) fn count_of(&self, campaign: CampaignId) -> usize {
        self.lock().values().filter(|entry| entry.campaign == campaign).count()
    }

    /// Asks a call to end; false when it is not in flight here.
    pub(super) fn end(&self, call: &CallId) -> bool {
        self.lock().get(call).is_some_and(|entry| {
            entry.end.cancel();
            true
        })
    }

    /// Asks an organization's calls to a number to end.
    pub(super) fn end_number(&self, organization: &OrganizationId, phone: &str) {
        let ours = |entry: &&Entry| entry.phone == phone && entry.organization == *organization;
        for entry in self.lock().values().filter(ours) {
            entry.end.cancel();
        }
    }

    pub(super) fn end_all(&self) {
        for entry in self.lock().values() {
            entry.end.cancel();
        }
    }
}
