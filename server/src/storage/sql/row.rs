//! Rows as the engine gives them, and how they become the domain's nouns.

use super::engine::Amount;
use super::{StoreResult, word};
use crate::domain::campaign::Campaign;
use crate::domain::contact::{Consent, Contact, NewContact};
use crate::domain::phone::Phone;
use crate::storage::{CallRecord, LiveCall, QueueRow, StoreError, UserRow};
use chrono::NaiveDateTime;
use dialdeck_protocol::{
    CallId, CallSettings, CampaignId, ContactId, HistoryRow, OrganizationId, PhoneNumberId, ScriptId, UserId,
};
use sqlx::FromRow;
use sqlx::types::Json;
use std::collections::BTreeMap;
use uuid::Uuid;

#[derive(FromRow)]
pub(super) struct User {
    id: Uuid,
    organization_id: String,
    name: String,
    role: String,
    password_hash: String,
    disabled: bool,
    campaigns: Option<Json<Vec<CampaignId>>>,
    created_at: NaiveDateTime,
}

impl User {
    pub(super) fn noun(self) -> StoreResult<UserRow> {
        Ok(UserRow {
            id: UserId(self.id),
            organization_id: OrganizationId(self.organization_id),
            role: word(&self.role)?,
            name: self.name,
            password_hash: self.password_hash,
            disabled: self.disabled,
            campaigns: self.campaigns.map(|list| list.0),
            created_at: self.created_at.and_utc(),
        })
    }
}

#[derive(FromRow)]
pub(super) struct CampaignRow {
    id: Uuid,
    organization_id: String,
    name: String,
    #[sqlx(rename = "type")]
    kind: String,
    status: String,
    description: String,
    script_id: Option<Uuid>,
    call_settings: Json<CallSettings>,
    phone_number_id: Option<Uuid>,
}

impl CampaignRow {
    pub(super) fn noun(self) -> StoreResult<Campaign> {
        Ok(Campaign {
            id: CampaignId(self.id),
            organization_id: OrganizationId(self.organization_id),
            kind: word(&self.kind)?,
            status: word(&self.status)?,
            name: self.name,
            description: self.description,
            script_id: self.script_id.map(ScriptId),
            call_settings: self.call_settings.0,
            phone_number_id: self.phone_number_id.map(PhoneNumberId),
        })
    }
}

#[derive(FromRow)]
pub(super) struct Queue {
    state: String,
    reason: String,
    phone_number_id: Option<Uuid>,
    review_after: Option<i32>,
    started_calls: i32,
    last_call_at: Option<NaiveDateTime>,
    next_call_at: Option<NaiveDateTime>,
}

impl Queue {
    pub(super) fn noun(self) -> StoreResult<QueueRow> {
        Ok(QueueRow {
            state: word(&self.state)?,
            reason: self.reason,
            phone_number_id: self.phone_number_id.map(PhoneNumberId),
            review_after: self.review_after,
            started_calls: self.started_calls,
            last_call_at: self.last_call_at.map(|t| t.and_utc()),
            next_call_at: self.next_call_at.map(|t| t.and_utc()),
        })
    }
}

#[derive(FromRow)]
pub(super) struct ContactRow {
    id: Uuid,
    organization_id: String,
    campaign_id: Uuid,
    first_name: String,
    last_name: String,
    phone: String,
    email: String,
    company: String,
    status: String,
    last_contacted: Option<NaiveDateTime>,
    attempts: i32,
    created_at: NaiveDateTime,
    next_attempt_at: NaiveDateTime,
    held_reason: String,
    state: String,
    postal_code: String,
    timezone: String,
    consent_basis: String,
    consent_at: Option<NaiveDateTime>,
    consent_source: String,
    custom_fields: Json<BTreeMap<String, String>>,
    priority: i32,
    alternates: String,
    dead_numbers: String,
    number_turn: i32,
}

/// Numbers as a column holds them: a space between two.
pub(super) fn spaced(numbers: &[Phone]) -> String {
    numbers.iter().map(Phone::as_str).collect::<Vec<_>>().join(" ")
}

impl ContactRow {
    pub(super) fn noun(self) -> StoreResult<Contact> {
        let phone = Phone::from_e164(&self.phone)
            .ok_or_else(|| StoreError::Unreadable(format!("contact {}: phone is not E.164", self.id)))?;
        let consent = (!self.consent_basis.is_empty()).then_some(Consent {
            basis: self.consent_basis,
            at: self.consent_at.map(|t| t.and_utc()),
            source: self.consent_source,
        });
        Ok(Contact {
            id: ContactId(self.id),
            organization_id: OrganizationId(self.organization_id),
            campaign_id: CampaignId(self.campaign_id),
            person: NewContact {
                first_name: self.first_name,
                last_name: self.last_name,
                phone,
                alternates: self.alternates.split_whitespace().filter_map(Phone::from_e164).collect(),
                email: self.email,
                company: self.company,
                state: self.state,
                postal_code: self.postal_code,
                timezone: self.timezone,
                consent,
                priority: self.priority,
                custom_fields: self.custom_fields.0,
            },
            status: word(&self.status)?,
            attempts: self.attempts,
            last_contacted: self.last_contacted.map(|t| t.and_utc()),
            held_reason: self.held_reason,
            next_attempt_at: self.next_attempt_at.and_utc(),
            created_at: self.created_at.and_utc(),
            dead_numbers: self.dead_numbers.split_whitespace().map(str::to_owned).collect(),
            number_turn: self.number_turn,
        })
    }
}

#[derive(FromRow)]
pub(super) struct Call {
    pub(super) id: String,
    pub(super) campaign_id: Option<Uuid>,
    contact_id: Option<Uuid>,
    pub(super) status: String,
    outcome: Option<String>,
    duration: i32,
    transcript: String,
    emotion: Option<String>,
    csat_score: Option<i32>,
    cost: Amount,
    from_number: String,
    pub(super) to_number: String,
    channel_id: String,
    pub(super) created_at: NaiveDateTime,
    pub(super) contact_name: String,
    pub(super) contact_company: String,
    pub(super) detail: String,
    pub(super) answered_at: Option<NaiveDateTime>,
    pub(super) agent_name: String,
    disposition: String,
    pub(super) summary: String,
    contact_status: Option<String>,
    recorded: bool,
}

impl Call {
    pub(super) fn noun(self) -> StoreResult<CallRecord> {
        Ok(CallRecord {
            contact_id: self.contact_id.map(ContactId),
            from_number: self.from_number.clone(),
            channel_id: self.channel_id.clone(),
            row: self.history()?,
        })
    }

    pub(super) fn history(self) -> StoreResult<HistoryRow> {
        Ok(HistoryRow {
            id: CallId(self.id),
            campaign_id: self.campaign_id.map(CampaignId),
            name: self.contact_name,
            phone: self.to_number,
            status: word(&self.status)?,
            outcome: self.outcome.as_deref().map(word).transpose()?,
            agent: self.agent_name,
            disposition: self.disposition,
            duration: self.duration,
            emotion: self.emotion.as_deref().map(word).transpose()?,
            csat_score: self.csat_score,
            cost: self.cost.into(),
            transcript: self.transcript,
            contact_status: self.contact_status.as_deref().map(word).transpose()?,
            created_at: self.created_at.and_utc(),
            recorded: self.recorded,
        })
    }
}

#[derive(FromRow)]
pub(super) struct Live {
    id: String,
    organization_id: String,
    campaign_id: Option<Uuid>,
    contact_id: Option<Uuid>,
    attempt: i32,
    to_number: String,
    channel_id: String,
    answered_at: Option<NaiveDateTime>,
    taker: String,
    connected_at: Option<NaiveDateTime>,
}

impl Live {
    pub(super) fn noun(self) -> LiveCall {
        LiveCall {
            call_id: CallId(self.id),
            organization_id: OrganizationId(self.organization_id),
            campaign_id: CampaignId(self.campaign_id.unwrap_or_default()),
            contact_id: ContactId(self.contact_id.unwrap_or_default()),
            attempt: self.attempt,
            to: self.to_number,
            channel_id: self.channel_id,
            answered_at: self.answered_at.map(|t| t.and_utc()),
            for_agents: self.taker == "person",
            with_agent: self.connected_at.is_some(),
        }
    }
}
