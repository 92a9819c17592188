//! What an agent says came of a call, and what follows from it.

use super::Dialer;
use super::agents::Ended;
use crate::domain::callback::{Callback, CallbackStatus};
use crate::domain::catalog::{Disposition, Noun};
use crate::domain::do_not_call::{List, Listing};
use crate::domain::ending::{self, ContactAfter};
use crate::domain::numbers::{self, Numbers, Turn};
use crate::domain::plain;
use crate::storage::agents::Dispose;
use crate::storage::journal::CommitError;
use crate::storage::{CallKey, Change};
use chrono::{DateTime, Utc};
use dialdeck_protocol::{
    CallId, CallSettings, CallbackId, CampaignId, Code, ContactStatus, OrganizationId, Outcome, Problem,
    UserId,
};
use tokio::sync::mpsc::UnboundedReceiver;

/// Most entries of one kind that are looked through.
const MOST: i64 = 1000;

/// Who says what of which call.
#[derive(Debug, Clone)]
pub struct Said {
    /// Behind which wall.
    pub organization_id: OrganizationId,
    /// Who.
    pub user_id: UserId,
    /// Their name.
    pub name: String,
    /// Which call.
    pub call_id: CallId,
    /// The disposition's code.
    pub disposition: String,
    /// In their own words.
    pub note: String,
    /// When to call back.
    pub callback_at: Option<DateTime<Utc>>,
    /// Whether nobody said it: the wrap-up ended by itself.
    pub by_itself: bool,
}

impl Dialer {
    /// Dispositions of a campaign: its own, and those of all.
    ///
    /// # Errors
    /// When the store is not available.
    pub async fn dispositions(
        &self,
        organization: &OrganizationId,
        campaign: Option<CampaignId>,
    ) -> Result<Vec<Disposition>, Problem> {
        let own = self.entries(organization, campaign).await?;
        Ok(if own.is_empty() { shipped() } else { own })
    }

    /// Entries of a kind that hold in a campaign: its own, and those of all.
    ///
    /// # Errors
    /// When the store is not available.
    pub async fn entries<N: Noun>(
        &self,
        organization: &OrganizationId,
        campaign: Option<CampaignId>,
    ) -> Result<Vec<N>, Problem> {
        let rows = self.0.tools.store.entries(organization, N::KIND, None, None, MOST).await?;
        let fits = rows.into_iter().filter(|row| row.campaign_id.is_none() || row.campaign_id == campaign);
        let mut nouns: Vec<N> = fits.filter_map(|row| serde_json::from_value::<N>(row.body).ok()).collect();
        // A campaign's own stands before the one of the same name that holds everywhere.
        nouns.sort_by(|a, b| (a.name(), a.campaign().is_none()).cmp(&(b.name(), b.campaign().is_none())));
        nouns.dedup_by(|later, earlier| later.name() == earlier.name());
        Ok(nouns)
    }

    /// Sets a disposition. It is on disk when this returns, and the agent goes on.
    ///
    /// # Errors
    /// When the call is not theirs, or there is no such disposition.
    pub async fn dispose(&self, said: Said) -> Result<Outcome, Problem> {
        let tools = &self.0.tools;
        let missing = || Problem::not_found(format!("a call of yours {}", said.call_id));
        let call = tools.store.disposable(&said.organization_id, &said.call_id).await?;
        let due = self
            .0
            .agents
            .find(&said.organization_id, said.user_id)
            .is_some_and(|row| row.call_id.as_ref() == Some(&said.call_id) && row.disposition_due);
        // Gone with its campaign: there is nothing left to say, and the agent goes on.
        let Some(call) = call else {
            if due {
                self.0.agents.disposed(said.user_id, &said.call_id);
                return Ok(Outcome::Transferred);
            }
            return Err(missing());
        };
        let own = call.agent_id == Some(said.user_id);
        if !own && !due {
            return Err(missing());
        }
        let code = said.disposition.trim().to_uppercase();
        let known = self.dispositions(&said.organization_id, Some(call.campaign_id)).await?;
        let Some(disposition) = known.iter().find(|d| d.code == code) else {
            let codes: Vec<&str> = known.iter().map(|d| d.code.as_str()).collect();
            let codes = if codes.is_empty() { "none are set up".into() } else { codes.join(", ") };
            let message = format!("disposition {:?} is unknown; use one of {codes}", plain::line(&code, 20));
            return Err(Problem::field("disposition", message));
        };
        let settings = tools
            .store
            .campaign(&said.organization_id, call.campaign_id)
            .await?
            .map_or_else(CallSettings::default, |campaign| campaign.call_settings);
        let now = Utc::now();
        let key = CallKey {
            call_id: said.call_id.clone(),
            campaign_id: call.campaign_id,
            organization_id: said.organization_id.clone(),
        };
        let list = List::of(settings.opt_out_scope, call.campaign_id);
        let listing =
            Listing::for_ever(&said.organization_id, &call.phone, "agent", now).said_in(list, &said.call_id);
        let called = match call.contact_id {
            Some(id) => tools.store.contact(&said.organization_id, id).await?,
            None => None,
        };
        let numbers = called.as_ref().and_then(|contact| contact.numbers().after_call_to(&call.phone));
        let (contact, numbers) = contact_after(disposition, call.attempt, numbers.as_ref(), &settings, now);
        let mut deed = Vec::new();
        if disposition.outcome == Outcome::DoNotCall {
            deed.push(Change::DoNotCall(Box::new(listing.clone())));
        }
        let dispose = Change::Dispose(Box::new(Dispose {
            key,
            contact_id: call.contact_id,
            user_id: said.user_id,
            agent: said.name.clone(),
            disposition: disposition.code.clone(),
            outcome: disposition.outcome,
            note: plain::line(&said.note, 4000),
            by_itself: said.by_itself,
            contact,
            numbers,
            at: now,
        }));
        // Where another agent went on with the call, theirs is the word on it; a wish not to be called counts from anybody.
        if own {
            deed.push(dispose);
        }
        if let (Some(due_at), Some(contact_id)) = (said.callback_at, call.contact_id) {
            if due_at <= now || due_at > now + chrono::Duration::days(366) {
                let message = "callbackAt must lie within the next year";
                return Err(Problem::field("callbackAt", message));
            }
            deed.push(Change::SaveCallback {
                callback: Box::new(Callback {
                    id: CallbackId::new(),
                    organization_id: said.organization_id.clone(),
                    campaign_id: call.campaign_id,
                    contact_id,
                    user_id: Some(said.user_id),
                    due_at,
                    timezone: String::new(),
                    note: plain::line(&said.note, 1000),
                    status: CallbackStatus::Pending,
                    created_at: now,
                }),
                at: now,
            });
        }
        match tools.journal.commit(deed).await {
            Err(CommitError::Refused(_)) if said.by_itself => {}
            other => drop(other?),
        }
        if disposition.outcome == Outcome::DoNotCall {
            self.end_listed(&listing);
        }
        self.0.agents.disposed(said.user_id, &said.call_id);
        Ok(disposition.outcome)
    }
}

/// What there is to choose from where nobody has set up anything.
fn shipped() -> Vec<Disposition> {
    let all = [
        ("INT", "Interested", "1", Outcome::Interested),
        ("NI", "Not interested", "2", Outcome::NotInterested),
        ("CALLBK", "Call back", "3", Outcome::Callback),
        ("WRONG", "Wrong number", "4", Outcome::WrongNumber),
        ("AM", "Answering machine", "5", Outcome::Voicemail),
        ("DNC", "Never call again", "9", Outcome::DoNotCall),
    ];
    let made = |(code, label, key, outcome): (&str, &str, &str, Outcome)| Disposition {
        campaign_id: None,
        code: code.to_owned(),
        label: label.to_owned(),
        hotkey: Some(key.to_owned()),
        outcome,
        is_final: false,
    };
    all.map(made).to_vec()
}

/// What a disposition makes of the contact, and of its numbers: where this one is somebody else's the next is called.
/// `numbers`: as if the one that was called were next; `None` where it is not theirs any more.
fn contact_after(
    disposition: &Disposition,
    attempt: i32,
    numbers: Option<&Numbers<'_>>,
    settings: &CallSettings,
    now: DateTime<Utc>,
) -> (ContactAfter, Option<Turn>) {
    let outcome = disposition.outcome;
    if let Some(numbers) = numbers.filter(|_| numbers::is_dead(outcome) && !disposition.is_final) {
        let (after, turn) = ending::after_number(outcome, attempt, numbers, settings, now);
        return (after, Some(turn));
    }
    let turn = numbers.map(|numbers| numbers.after(outcome));
    let after = ending::contact_after(outcome, attempt, settings, now);
    if disposition.is_final && after.status == ContactStatus::Retry {
        let done = ContactAfter { status: ContactStatus::Completed, next_attempt_at: ending::far_future() };
        return (done, turn);
    }
    (after, turn)
}

/// Sets what a campaign sets by itself when a wrap-up has taken too long.
pub(super) async fn set_defaults(dialer: Dialer, mut ended: UnboundedReceiver<Ended>) {
    while let Some((organization_id, user_id, call_id, disposition)) = ended.recv().await {
        let name = dialer.0.agents.find(&organization_id, user_id).map(|row| row.name).unwrap_or_default();
        let said = Said {
            organization_id,
            user_id,
            name,
            call_id: call_id.clone(),
            disposition,
            note: "set by itself at the end of the wrap-up".into(),
            callback_at: None,
            by_itself: true,
        };
        if let Err(problem) = dialer.dispose(said).await {
            tracing::warn!(call = %call_id, %problem, "a wrap-up ended by itself, and its disposition could not be set");
            debug_assert!(problem.code != Code::Internal, "{problem}");
        }
    }
}
