//! What is subscribed at Dialpad, so that it tells us of calls: by a webhook, or by its `WebSocket` where we have no public
//! address. What was made is kept with its secret, so that it can be taken away again.

use super::client::{Ask, Client};
use super::connector::Connector;
use super::wire::{self, Class, Endpoint, Subscription, Trouble};
use crate::storage::keeping::EntryRow;
use crate::storage::{Change, CommitError, Store, StoreResult};
use chrono::Utc;
use dialdeck_protocol::{EntryId, OrganizationId};
use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::json;
use url::Url;

/// Under which it is kept.
const KIND: &str = "dialpad";
const NAME: &str = "events";
/// Pages of a list that are looked through, at most.
const PAGES: usize = 100;
/// What we want to be told.
pub const STATES: &[&str] = &[
    "calling",
    "ringing",
    "preanswer",
    "queued",
    "connected",
    "hold",
    "parked",
    "merged",
    "hangup",
    "missed",
    "voicemail",
    "voicemail_uploaded",
    "recording",
    "transcription",
    "dispositions",
    "postcall",
];

/// Which way events come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// Dialpad posts them to us.
    Webhook,
    /// We listen.
    Websocket,
}

impl Way {
    /// A word that stays; the last part of its path.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Websocket => "websocket",
        }
    }

    const fn path(self) -> &'static str {
        match self {
            Self::Webhook => "/webhooks",
            Self::Websocket => "/websockets",
        }
    }
}

/// What was subscribed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// Which way.
    pub way: Way,
    /// Id of the webhook or `WebSocket`.
    pub endpoint_id: i64,
    /// The webhook's address; empty for the `WebSocket`, whose address is as good as a key.
    pub hook_url: String,
    /// Subscriptions: id, and of which department.
    pub subscriptions: Vec<(i64, i64)>,
    /// With which events are signed.
    #[serde(skip)]
    pub secret: String,
}

async fn row(store: &dyn Store, organization: &OrganizationId) -> StoreResult<Option<EntryRow>> {
    let rows = store.entries(organization, KIND, None, None, 10).await?;
    Ok(rows.into_iter().find(|row| row.name == NAME))
}

/// What was subscribed, if anything was.
///
/// # Errors
/// When the record cannot be asked.
pub async fn kept(store: &dyn Store, organization: &OrganizationId) -> StoreResult<Option<Kept>> {
    let Some(row) = row(store, organization).await? else { return Ok(None) };
    let kept = serde_json::from_value::<Kept>(row.body).ok();
    Ok(kept.map(|kept| Kept { secret: row.secret, ..kept }))
}

fn lost(error: &dyn std::fmt::Display) -> Trouble {
    Trouble::new(Class::Fault, format!("our own record does not take it: {error}"))
}

async fn keep(connector: &Connector, kept: &Kept) -> Result<(), Trouble> {
    let (store, organization) = (connector.store.as_ref(), &connector.organization);
    let now = Utc::now();
    let before = row(store, organization).await.map_err(|e| lost(&e))?;
    let entry = EntryRow {
        id: before.as_ref().map_or_else(EntryId::default, |row| row.id),
        organization_id: organization.clone(),
        kind: KIND.into(),
        campaign_id: None,
        name: NAME.into(),
        body: serde_json::to_value(kept).map_err(|e| lost(&e))?,
        secret: kept.secret.clone(),
        created_at: before.map_or(now, |row| row.created_at),
        updated_at: now,
    };
    commit(store, Change::SaveEntry { entry: Box::new(entry), at: now }).await
}

async fn commit(store: &dyn Store, change: Change) -> Result<(), Trouble> {
    let done = store.commit(&[vec![change]]).await.map_err(|e| lost(&e))?;
    let refused = |error: CommitError| lost(&error);
    done.into_iter().try_for_each(|one| one.map(|_| ()).map_err(refused))
}

/// All of a list, page by page.
async fn all<T>(
    client: &Client,
    ask: Ask,
    read: impl Fn(&serde_json::Value) -> Option<T>,
) -> Result<Vec<T>, Trouble> {
    let (mut all, mut cursor) = (Vec::new(), None::<String>);
    for _ in 0..PAGES {
        let ask = cursor.iter().fold(ask.clone(), |ask, cursor| ask.with("cursor", cursor));
        let answer = client.look(&ask).await?;
        let (items, next) = wire::page(&answer);
        all.extend(items.iter().filter_map(&read));
        if next.is_none() || next == cursor {
            break;
        }
        cursor = next;
    }
    Ok(all)
}

async fn endpoints(client: &Client, way: Way) -> Result<Vec<Endpoint>, Trouble> {
    all(client, Ask::get(way.path()), wire::endpoint).await
}

async fn subscriptions(client: &Client, department: i64) -> Result<Vec<Subscription>, Trouble> {
    let ask = Ask::get("/subscriptions/call")
        .with("target_type", "department")
        .with("target_id", department.to_string());
    all(client, ask, wire::subscription).await
}

/// Subscribes all departments: by a webhook to this address, or by the `WebSocket`. What is there already is left, what is
/// missing is made; so it may be done again.
///
/// # Errors
/// What Dialpad refuses. What was made until then is kept, and goes with `unsubscribe`.
pub async fn subscribe(connector: &Connector, hook: Option<&Url>) -> Result<Vec<String>, Trouble> {
    let client = connector.client()?;
    let way = if hook.is_some() { Way::Webhook } else { Way::Websocket };
    let hook_url = hook.map(ToString::to_string).unwrap_or_default();
    let before =
        kept(connector.store.as_ref(), &connector.organization).await.map_err(|error| lost(&error))?;
    let mut lines = Vec::new();
    let same = match before {
        Some(before) if before.way == way && before.hook_url == hook_url => {
            let there = endpoints(client, way).await?;
            there.iter().any(|one| one.id == before.endpoint_id).then_some(before)
        }
        Some(_) => {
            lines.extend(unsubscribe(connector).await?);
            None
        }
        None => None,
    };
    let mut kept = if let Some(same) = same {
        lines.push(format!("the {} is there already", way.word()));
        same
    } else {
        let secret: [u8; 32] = rand::random();
        let secret = hex::encode(secret);
        let body = match way {
            Way::Webhook => json!({ "hook_url": hook_url, "secret": secret }),
            Way::Websocket => json!({ "secret": secret }),
        };
        let told = client.act(&Ask::act(Method::POST, way.path(), Some(body))).await?;
        let made = wire::endpoint(&told)
            .ok_or_else(|| Trouble::new(Class::Unreadable, "it made an endpoint without an id"))?;
        lines.push(format!("made a {}", way.word()));
        let kept = Kept { way, endpoint_id: made.id, hook_url, subscriptions: Vec::new(), secret };
        keep(connector, &kept).await?;
        kept
    };
    for department in connector.settings.department_ids() {
        let there = subscriptions(client, department).await?;
        let own = there.iter().find(|one| {
            one.endpoint == Some(kept.endpoint_id)
                && one.enabled
                && one.target.is_none_or(|id| id == department)
        });
        if let Some(own) = own {
            lines.push(format!("department {department} is subscribed already"));
            if !kept.subscriptions.iter().any(|(id, _)| *id == own.id) {
                kept.subscriptions.push((own.id, department));
            }
        } else {
            let body = json!({ "call_states": STATES, "enabled": true, "endpoint_id": kept.endpoint_id,
                               "group_calls_only": true, "target_id": department, "target_type": "department" });
            let told = client.act(&Ask::act(Method::POST, "/subscriptions/call", Some(body))).await?;
            let made = wire::subscription(&told)
                .ok_or_else(|| Trouble::new(Class::Unreadable, "it made a subscription without an id"))?;
            kept.subscriptions.push((made.id, department));
            lines.push(format!("subscribed department {department}"));
        }
        keep(connector, &kept).await?;
    }
    Ok(lines)
}

/// How it stands with what was subscribed: here, and at Dialpad.
///
/// # Errors
/// When Dialpad or the record cannot be asked.
pub async fn status(connector: &Connector) -> Result<(Vec<String>, bool), Trouble> {
    let client = connector.client()?;
    let kept = kept(connector.store.as_ref(), &connector.organization).await.map_err(|error| lost(&error))?;
    let Some(kept) = kept else {
        let line = "nothing is subscribed: calls come by fetching alone. dialdeckd dialpad subscribe";
        return Ok((vec![line.into()], false));
    };
    let there = endpoints(client, kept.way).await?.into_iter().any(|one| one.id == kept.endpoint_id);
    let mut well = there;
    let what = match kept.way {
        Way::Webhook => format!("webhook to {}", kept.hook_url),
        Way::Websocket => "websocket".to_owned(),
    };
    let mark = |well: bool| if well { "ok:" } else { "GONE:" };
    let mut lines = vec![format!("{} {what}", mark(there))];
    for department in connector.settings.department_ids() {
        let there = subscriptions(client, department).await?;
        let own = kept
            .subscriptions
            .iter()
            .any(|(id, of)| *of == department && there.iter().any(|one| one.id == *id && one.enabled));
        well &= own;
        lines.push(format!("{} calls of department {department}", mark(own)));
    }
    if !well {
        lines.push("what is gone is made anew by: dialdeckd dialpad subscribe".into());
    }
    Ok((lines, well))
}

/// Takes away what was subscribed, here and at Dialpad; nothing else.
///
/// # Errors
/// What Dialpad refuses; it stays known here, so that it can be tried again.
pub async fn unsubscribe(connector: &Connector) -> Result<Vec<String>, Trouble> {
    let client = connector.client()?;
    let (store, organization) = (connector.store.as_ref(), &connector.organization);
    let known = kept(store, organization).await.map_err(|error| lost(&error))?;
    let Some(known) = known else { return Ok(vec!["nothing is subscribed".into()]) };
    let gone = async |path: String| match client.act(&Ask::act(Method::DELETE, path, None)).await {
        Ok(_) => Ok(()),
        Err(trouble) if trouble.class == Class::NotFound => Ok(()),
        Err(trouble) => Err(trouble),
    };
    let mut lines = Vec::new();
    for (id, department) in &known.subscriptions {
        gone(format!("/subscriptions/call/{id}")).await?;
        lines.push(format!("department {department} is not subscribed any more"));
    }
    gone(format!("{}/{}", known.way.path(), known.endpoint_id)).await?;
    lines.push(format!("the {} is gone", known.way.word()));
    if let Some(row) = row(store, organization).await.map_err(|error| lost(&error))? {
        commit(store, Change::DeleteEntry { entry: Box::new(row), at: Utc::now() }).await?;
    }
    Ok(lines)
}
