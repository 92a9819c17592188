//! `dialdeckd call test`: one's own number first.

use crate::domain::caller::Caller;
use crate::domain::campaign::{Campaign, PhoneNumber};
use crate::domain::contact::{Consent, NewContact};
use crate::domain::phone::Phone;
use crate::floor::Floor;
use crate::settings::{Kind, Settings};
use crate::storage::Change;
use crate::telemetry::log;
use chrono::Utc;
use color_eyre::eyre::{Result, bail, eyre};
use dialdeck_protocol::{
    CallSettings, CampaignId, CampaignStatus, CampaignType, EventBody, OrganizationId, Outcome,
    PhoneNumberId, QueueState,
};
use std::collections::BTreeMap;

pub(super) async fn run(mut settings: Settings, number: &str, from: &str) -> Result<()> {
    let _guard = log::start(&settings.log).map_err(|e| eyre!(e))?;
    if settings.kind()? == Kind::None {
        bail!("no telephony: set ARI_URL, ARI_USERNAME and ARI_PASSWORD to connect an Asterisk");
    }
    let region = settings.dialer.region.clone();
    let to = Phone::parse(number, &region)?;
    let from = Phone::parse(from, &region)?;
    // A record of its own: a test call is no part of anybody's campaign. No console connects to it.
    let folder = tempfile::tempdir()?;
    settings.database.url = folder.path().join("test.sqlite").to_string_lossy().into_owned().into();
    settings.server.http.set_port(0);
    let floor = Floor::start(settings).await?;
    let events = floor.app.bus.listen();
    let campaign = prepare(&floor, to, from).await?;
    let operator = Caller::operator(OrganizationId("default".into()));
    let permit = operator.permit().map_err(|p| eyre!(p))?;
    floor.app.dialer.start_queue(&permit, campaign, None, None).await.map_err(|p| eyre!(p))?;
    let outcome = watch(events, campaign).await;
    floor.app.dialer.close(std::time::Duration::from_secs(5)).await;
    match outcome? {
        outcome if outcome.was_answered() => Ok(()),
        outcome => bail!("the call did not come about: {outcome}"),
    }
}

async fn prepare(floor: &Floor, to: Phone, from: Phone) -> Result<CampaignId> {
    let now = Utc::now();
    let organization_id = OrganizationId("default".into());
    let number = PhoneNumber { id: PhoneNumberId::new(), number: from.as_str().into(), label: "Test".into() };
    let campaign = Campaign {
        id: CampaignId::new(),
        organization_id: organization_id.clone(),
        name: "Test call".into(),
        kind: CampaignType::FollowUp,
        status: CampaignStatus::Active,
        description: String::new(),
        script_id: None,
        call_settings: CallSettings { retry_attempts: 0, ..CallSettings::default() },
        phone_number_id: Some(number.id),
    };
    let person = NewContact {
        first_name: String::new(),
        last_name: String::new(),
        phone: to,
        email: String::new(),
        company: String::new(),
        state: String::new(),
        postal_code: String::new(),
        timezone: String::new(),
        consent: Some(Consent {
            basis: "own number".into(),
            at: Some(now),
            source: "dialdeckd call test".into(),
        }),
        custom_fields: BTreeMap::new(),
    };
    let saved = vec![
        Change::SavePhoneNumber { organization_id, number, at: now },
        Change::SaveCampaign { campaign: Box::new(campaign.clone()), is_new: true, at: now },
    ];
    floor.app.journal.commit(saved).await?;
    let mut import = floor.app.store.import(&campaign, now).await?;
    import.add(&[person]).await?;
    import.finish().await?;
    Ok(campaign.id)
}

/// Prints what happens until the call is over, or cannot come about.
async fn watch(mut events: crate::bus::Listener, campaign: CampaignId) -> Result<Outcome> {
    loop {
        let group = events.recv().await?;
        for published in group.iter().filter(|p| p.event.campaign_id == Some(campaign)) {
            match &published.event.body {
                EventBody::CallStarted { phone, .. } => println!("calling {phone}"),
                EventBody::CallStatusUpdate { status, detail } => println!("{status} {detail}"),
                EventBody::ConversationTurn { speaker: Some(speaker), text, .. } => {
                    println!("{speaker:?}: {text}")
                }
                EventBody::ContactHeld { reason } => bail!("{reason}"),
                EventBody::QueueStatusUpdate { state: QueueState::Waiting, reason, .. } => {
                    println!("waiting: {reason}");
                }
                EventBody::CallEnded { outcome, duration, cost, .. } => {
                    println!("ended: {outcome}, {duration} s, cost {cost:.4}");
                    return Ok(*outcome);
                }
                _ => {}
            }
        }
    }
}
