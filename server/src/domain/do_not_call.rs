//! Do-not-call lists: of the organization and of each campaign, for ever or until a moment.

use super::contact::Contact;
use super::ending::{ContactAfter, far_future};
use chrono::{DateTime, Utc};
use dialdeck_protocol::{CallId, CampaignId, ContactStatus, OptOutScope, OrganizationId};

/// Which list a number goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum List {
    /// One campaign's.
    Campaign(CampaignId),
    /// The organization's: no campaign of it calls the number.
    Organization,
    /// Those of all organizations of this record.
    Everywhere,
}

impl List {
    /// Where somebody goes who does not want to be called again, as the campaign has it.
    pub fn of(scope: OptOutScope, campaign: CampaignId) -> Self {
        match scope {
            OptOutScope::Campaign => Self::Campaign(campaign),
            OptOutScope::Organization => Self::Organization,
            OptOutScope::Everywhere => Self::Everywhere,
        }
    }
}

/// A number that goes on a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// Who puts it there.
    pub organization_id: OrganizationId,
    /// On which list.
    pub list: List,
    /// The number, E.164.
    pub phone: String,
    /// Where it comes from: `voice`, `agent`, `api`, `import`.
    pub source: String,
    /// The call in which it was said.
    pub call_id: Option<CallId>,
    /// When it leaves the list again; `None`: never.
    pub expires_at: Option<DateTime<Utc>>,
    /// When.
    pub at: DateTime<Utc>,
}

impl Listing {
    /// On the organization's list, for ever.
    pub fn for_ever(
        organization_id: &OrganizationId,
        phone: &str,
        source: impl Into<String>,
        at: DateTime<Utc>,
    ) -> Self {
        Self {
            organization_id: organization_id.clone(),
            list: List::Organization,
            phone: phone.to_owned(),
            source: source.into(),
            call_id: None,
            expires_at: None,
            at,
        }
    }

    /// The same on another list, said in a call.
    #[must_use]
    pub fn said_in(self, list: List, call: &CallId) -> Self {
        Self { list, call_id: Some(call.clone()), ..self }
    }
}

/// What the lists that apply say of a number that stands on one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listed {
    /// When the last of them lets go of it; `None`: never.
    pub until: Option<DateTime<Utc>>,
}

impl Listed {
    /// What several entries say together; `None` where there are none.
    pub fn together(entries: impl IntoIterator<Item = Option<DateTime<Utc>>>) -> Option<Self> {
        entries
            .into_iter()
            .map(|until| Self { until })
            .reduce(|one, other| Self { until: one.until.zip(other.until).map(|(a, b)| a.max(b)) })
    }

    /// What becomes of a contact whose number stands there, and of whom a call would have made something else.
    pub fn contact_after(listed: Option<Self>, otherwise: ContactAfter) -> ContactAfter {
        let is_called_again =
            matches!(otherwise.status, ContactStatus::New | ContactStatus::Retry | ContactStatus::Held);
        match listed {
            None => otherwise,
            Some(Self { until: None }) => {
                ContactAfter { status: ContactStatus::DoNotCall, next_attempt_at: far_future() }
            }
            Some(Self { until: Some(until) }) if is_called_again => ContactAfter {
                status: ContactStatus::Held,
                next_attempt_at: until.max(otherwise.next_attempt_at),
            },
            Some(_) => otherwise,
        }
    }
}

/// All numbers of a contact: whoever does not want to be called on one of them is called on none.
pub fn numbers(contact: &Contact) -> Vec<String> {
    contact.numbers().all().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::Listed;
    use crate::domain::ending::{ContactAfter, far_future};
    use chrono::{TimeZone, Utc};
    use dialdeck_protocol::ContactStatus;

    #[test]
    fn the_entry_that_lasts_longest_counts() {
        let at = |day| Utc.with_ymd_and_hms(2026, 1, day, 0, 0, 0).unwrap();
        assert_eq!(Listed::together([]), None);
        assert_eq!(Listed::together([Some(at(3)), Some(at(9))]), Some(Listed { until: Some(at(9)) }));
        assert_eq!(Listed::together([Some(at(3)), None]), Some(Listed { until: None }));
    }

    #[test]
    fn an_entry_that_ends_holds_and_one_that_does_not_ends_it() {
        let until = Utc.with_ymd_and_hms(2026, 1, 9, 0, 0, 0).unwrap();
        let after = |status| ContactAfter { status, next_attempt_at: until - chrono::Duration::days(1) };
        let listed = |until| Some(Listed { until });
        let become_of = |status, listed| Listed::contact_after(listed, after(status));
        assert_eq!(become_of(ContactStatus::Retry, None), after(ContactStatus::Retry));
        let held = become_of(ContactStatus::Retry, listed(Some(until)));
        assert_eq!((held.status, held.next_attempt_at), (ContactStatus::Held, until));
        assert_eq!(become_of(ContactStatus::Completed, listed(Some(until))).status, ContactStatus::Completed);
        let never = become_of(ContactStatus::Retry, listed(None));
        assert_eq!((never.status, never.next_attempt_at), (ContactStatus::DoNotCall, far_future()));
    }
}
