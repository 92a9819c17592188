//! Applying deeds in one transaction, and numbering their events in commit order.

use super::engine::{self, BEGIN_WRITE};
use super::{
    Conn, SqlStore, agents, audit, calls, campaigns, contacts, failed, keeping, law, lead_notes, recordings,
};
use crate::storage::Committed;
use crate::storage::change::Happening;
use crate::storage::{Change, CommitError, Refusal, StoreResult};
use dialdeck_protocol::{EventBody, OrganizationId};
use sqlx::Connection;

/// Why a change did not go through.
pub(super) enum Stop {
    Refused(Refusal),
    Failed(sqlx::Error),
}

impl From<sqlx::Error> for Stop {
    fn from(error: sqlx::Error) -> Self {
        Self::Failed(error)
    }
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// The events that a change makes.
pub(super) type Applied = Result<Vec<Happening>, Stop>;

impl SqlStore {
    pub(super) async fn commit_deeds(&self, deeds: &[Vec<Change>]) -> StoreResult<Committed> {
        match self.commit_together(deeds).await {
            Ok(committed) => return Ok(committed),
            Err(Stop::Failed(error)) if deeds.len() == 1 => return Err(failed(&error)),
            Err(Stop::Refused(refusal)) if deeds.len() == 1 => {
                return Ok(vec![Err(CommitError::Refused(refusal))]);
            }
            // One of many did not go through, which undid the others with it: each by itself then. It is rare.
            Err(_) => {}
        }
        let mut outcomes = Vec::with_capacity(deeds.len());
        let mut lost = None;
        for deed in deeds {
            if let Some(message) = &lost {
                outcomes.push(Err(CommitError::Store(String::clone(message))));
                continue;
            }
            match self.commit_together(std::slice::from_ref(deed)).await {
                Ok(mut committed) => outcomes.append(&mut committed),
                Err(Stop::Refused(refusal)) => outcomes.push(Err(CommitError::Refused(refusal))),
                Err(Stop::Failed(error)) => {
                    let message = failed(&error).to_string();
                    // What the database itself says concerns this deed; anything else concerns all that follow.
                    if !matches!(error, sqlx::Error::Database(_)) {
                        lost = Some(message.clone());
                    }
                    outcomes.push(Err(CommitError::Store(message)));
                }
            }
        }
        Ok(outcomes)
    }

    async fn commit_together(&self, deeds: &[Vec<Change>]) -> Result<Committed, Stop> {
        let mut conn = self.writer.take().await?;
        let committed = commit_by(&mut conn, deeds).await;
        if let Err(Stop::Failed(error)) = &committed
            && !matches!(error, sqlx::Error::Database(_))
        {
            engine::doubt(&mut conn);
        }
        committed
    }
}

async fn commit_by(conn: &mut engine::Taken<'_>, deeds: &[Vec<Change>]) -> Result<Committed, Stop> {
    let only_told: Option<Vec<Vec<Happening>>> =
        deeds.iter().map(|deed| deed.iter().map(told).collect()).collect();
    if let Some(happenings) = only_told.filter(|made| is_written_at_once(made.iter().flatten().count())) {
        let all: Vec<_> = happenings.iter().flatten().collect();
        let numbers = numbers(engine::write(conn, &all).await?, all.len());
        return Ok(numbered(happenings, numbers));
    }
    let mut tx = conn.begin_with(BEGIN_WRITE).await?;
    let mut happenings: Vec<Vec<Happening>> = Vec::with_capacity(deeds.len());
    for deed in deeds {
        let mut made = Vec::new();
        for change in deed {
            made.extend(apply(&mut tx, change).await?);
        }
        happenings.push(made);
    }
    let numbers = write_events(&mut tx, happenings.iter().flatten()).await?;
    tx.commit().await?;
    Ok(numbered(happenings, numbers))
}

/// What happened, with its numbers.
fn numbered(happenings: Vec<Vec<Happening>>, numbers: impl IntoIterator<Item = i64>) -> Committed {
    let mut numbers = numbers.into_iter();
    let events = |made: Vec<Happening>| {
        Ok(made.into_iter().zip(numbers.by_ref()).map(|(happening, seq)| happening.numbered(seq)).collect())
    };
    happenings.into_iter().map(events).collect()
}

fn is_written_at_once(count: usize) -> bool {
    count > 0 && engine::at_once(count) == count
}

/// Writes what happened, numbered in this order; gives the numbers. Until the transaction is over nobody else gets one.
async fn write_events<'a>(
    conn: &mut Conn,
    happenings: impl Iterator<Item = &'a Happening>,
) -> Result<Vec<i64>, sqlx::Error> {
    let happenings: Vec<_> = happenings.collect();
    let mut rest = &happenings[..];
    let mut given = Vec::with_capacity(rest.len());
    while !rest.is_empty() {
        let (some, others) = rest.split_at(engine::at_once(rest.len()));
        rest = others;
        given.extend(numbers(engine::write(conn, some).await?, some.len()));
    }
    Ok(given)
}

/// The numbers of `count` events, of which this is the last.
fn numbers(last: i64, count: usize) -> impl Iterator<Item = i64> {
    last + 1 - i64::try_from(count).unwrap_or(1)..=last
}

/// What of a change is told, where that is all that is done about it.
fn told(change: &Change) -> Option<Happening> {
    let happening = match change {
        Change::Spoken { key, speaker, turn, text, at } => calls::spoken(key, *speaker, *turn, text, *at),
        Change::Monitored { key, by, mode, at } => calls::monitored(key, by, *mode, *at),
        Change::Imported { organization_id, campaign_id, imported, rejected, at } => Happening::of_campaign(
            organization_id,
            *campaign_id,
            *at,
            EventBody::ContactsImported { imported: *imported, rejected: *rejected },
        ),
        Change::Message { organization_id, to, from, text, at } => {
            let body = EventBody::MessageSent { to: *to, from: from.clone(), text: text.clone() };
            of_organization(organization_id.clone(), body, *at)
        }
        Change::Vicidial(deed) => asked(deed),
        Change::Dialpad { organization_id, status, at } => {
            let body = EventBody::DialpadUpdate { status: (**status).clone() };
            of_organization(organization_id.clone(), body, *at)
        }
        Change::Part { part, at } => {
            let body = EventBody::PartStatusUpdate { part: part.clone() };
            of_organization(OrganizationId(String::new()), body, *at)
        }
        _ => return None,
    };
    Some(happening)
}

#[allow(clippy::too_many_lines, reason = "one arm for each kind of change; none of them is more than a call")]
async fn apply(conn: &mut Conn, change: &Change) -> Applied {
    match change {
        Change::BeginAttempt(attempt) => calls::begin(conn, attempt).await,
        Change::CallStatus { key, status, detail, at } => {
            calls::status(conn, key, *status, detail, *at).await
        }
        Change::Exchanged { key, exchange } => calls::exchanged(conn, key, exchange).await,
        Change::EndCall(end) => calls::end(conn, end).await,
        Change::Hold { organization_id, campaign_id, contact_id, phone, decision } => {
            law::hold(conn, organization_id, *campaign_id, *contact_id, phone, decision).await
        }
        Change::Postpone { contact_id, until } => contacts::postpone(conn, *contact_id, *until).await,
        Change::Queue { organization_id, campaign_id, state, reason, next_call_at, start, at } => {
            campaigns::queue_state(
                conn,
                organization_id,
                *campaign_id,
                *state,
                reason,
                *next_call_at,
                *start,
                *at,
            )
            .await
        }
        Change::DoNotCall(listing) => {
            law::do_not_call(conn, listing, std::slice::from_ref(&listing.phone)).await
        }
        Change::DoNotCallList { listing, phones } => law::do_not_call(conn, listing, phones).await,
        Change::SaveCampaign { campaign, before, at } => {
            campaigns::save(conn, campaign, before.as_deref(), *at).await
        }
        Change::DeleteCampaign { organization_id, campaign_id, name, at } => {
            campaigns::delete(conn, organization_id, *campaign_id, name, *at).await
        }
        Change::SaveScript { organization_id, id, name, script, at } => {
            campaigns::save_script(conn, organization_id, *id, name, script, *at).await
        }
        Change::DeleteScript { organization_id, id } => {
            campaigns::delete_script(conn, organization_id, *id).await
        }
        Change::SavePhoneNumber { organization_id, number, at } => {
            campaigns::save_phone_number(conn, organization_id, number, *at).await
        }
        Change::DeletePhoneNumber { organization_id, id } => {
            campaigns::delete_phone_number(conn, organization_id, *id).await
        }
        Change::SaveContact { organization_id, contact_id, person, with_consent, at } => {
            contacts::save(conn, organization_id, *contact_id, person, *with_consent, *at).await
        }
        Change::FillFields { organization_id, contact_id, fields, at } => {
            contacts::fill(conn, organization_id, *contact_id, fields, *at).await
        }
        Change::DeleteContact { organization_id, contact_id } => {
            contacts::delete(conn, organization_id, *contact_id).await
        }
        Change::SaveEntry { entry, at } => keeping::save_entry(conn, entry, *at).await,
        Change::DeleteEntry { entry, at } => keeping::delete_entry(conn, entry, *at).await,
        Change::SaveCallback { callback, at } => keeping::save_callback(conn, callback, *at).await,
        Change::SetConsent { organization_id, phone, consent, at } => {
            keeping::set_consent(conn, organization_id, phone, consent.as_ref(), *at).await
        }
        Change::ResetContact { organization_id, contact_id, at } => {
            contacts::reset(conn, organization_id, *contact_id, *at).await
        }
        Change::ToolUsed { key, tool, arguments, result, at } => {
            calls::tool_used(conn, key, tool, arguments, result, *at).await
        }
        Change::ResetList { organization_id, campaign_id, statuses, at } => {
            contacts::reset_list(conn, organization_id, *campaign_id, statuses, *at).await
        }
        Change::Seat { seat, at } => agents::save_seat(conn, seat, *at).await,
        Change::Connected { key, user_id, agent, summary, at } => {
            agents::connected(conn, key, *user_id, agent, summary, *at).await
        }
        Change::Dispose(said) => agents::dispose(conn, said).await,
        Change::ForeignCall(call) => lead_notes::foreign_call(conn, call).await,
        Change::SaveRecording(row) => recordings::save(conn, row).await,
        Change::ForgetRecording { call_id } => recordings::forget(conn, call_id).await,
        Change::Audit(entry) => audit::append(conn, entry).await,
        Change::Spoken { .. }
        | Change::Monitored { .. }
        | Change::Imported { .. }
        | Change::Message { .. }
        | Change::Vicidial(_)
        | Change::Dialpad { .. }
        | Change::Part { .. } => Ok(told(change).into_iter().collect()),
    }
}

/// What is of no campaign and no call.
fn of_organization(
    organization_id: OrganizationId,
    body: EventBody,
    at: chrono::DateTime<chrono::Utc>,
) -> Happening {
    Happening { organization_id, campaign_id: None, call_id: None, at, body }
}

/// What was asked of a VICIdial, as an event.
fn asked(deed: &crate::storage::change::VicidialDeed) -> Happening {
    Happening {
        organization_id: deed.organization_id.clone(),
        campaign_id: None,
        call_id: None,
        at: deed.at,
        body: EventBody::VicidialAction {
            vicidial: deed.vicidial.clone(),
            function: deed.function.clone(),
            target: deed.target.clone(),
            progress: deed.progress,
            by: deed.by.clone(),
        },
    }
}
