//! In which order contacts come out of the hopper, on both engines.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends where it cannot go on"
)]

use chrono::{DateTime, Duration, TimeZone, Utc};
use dialdeck_protocol::{
    CallSettings, CampaignId, CampaignStatus, CampaignType, ContactStatus, ListOrder, OrganizationId,
    Outcome, Recycle,
};
use dialdeck_server::domain::campaign::Campaign;
use dialdeck_server::domain::contact::{Consent, NewContact};
use dialdeck_server::domain::ending::contact_after;
use dialdeck_server::domain::phone::Phone;
use dialdeck_server::storage::{Change, ImportMode, Store, open};
use dialdeck_testkit::postgres::Postgres;

fn noon() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 1, 15, 18, 0, 0).unwrap()
}

fn person(n: u8, priority: i32) -> NewContact {
    NewContact {
        first_name: format!("{n:02}"),
        priority,
        consent: Some(Consent { basis: "written".into(), at: None, source: "form".into() }),
        ..NewContact::numbered(Phone::parse(&format!("+131255501{n:02}"), "US").unwrap())
    }
}

async fn names(store: &dyn Store, campaign: CampaignId, order: ListOrder, limit: i64) -> Vec<String> {
    let found = store.candidates(campaign, order, noon(), limit).await.unwrap();
    found.into_iter().map(|contact| contact.person.first_name).collect()
}

async fn orders(store: &dyn Store) {
    let organization = OrganizationId("default".into());
    let campaign = Campaign {
        id: CampaignId::new(),
        organization_id: organization.clone(),
        name: "Hopper".into(),
        kind: CampaignType::ALL[0],
        status: CampaignStatus::Active,
        description: String::new(),
        script_id: None,
        call_settings: CallSettings::default(),
        phone_number_id: None,
    };
    let save = Change::SaveCampaign { campaign: Box::new(campaign.clone()), before: None, at: noon() };
    store.commit(&[vec![save]]).await.unwrap().remove(0).unwrap();
    let people: Vec<NewContact> = (0..12).map(|n| person(n, if n == 7 { 5 } else { 0 })).collect();
    let mut import = store.import(&campaign, ImportMode::Whole, noon()).await.unwrap();
    import.add(&people, 13, 0).await.unwrap();
    import.finish().await.unwrap();

    let all = |order| names(store, campaign.id, order, 50);
    let oldest = all(ListOrder::Oldest).await;
    assert_eq!(&oldest[..4], ["07", "00", "01", "02"], "priority, then as they came in");
    assert_eq!(&all(ListOrder::Newest).await[..4], ["07", "11", "10", "09"]);
    let by_lot = all(ListOrder::Random).await;
    assert_eq!((by_lot.len(), by_lot[0].as_str()), (12, "07"));
    assert_ne!(by_lot, oldest, "one in forty million lots falls like this");
    assert_eq!(by_lot, all(ListOrder::Random).await, "a lot is drawn once");

    // Two are to be called again: their time has come, and they come first, by their attempts where that is asked for.
    for (name, attempts, minutes) in [("03", 2, 0), ("05", 1, 60)] {
        let contact = store.candidates(campaign.id, ListOrder::Oldest, noon(), 50).await.unwrap();
        let contact = contact.into_iter().find(|c| c.person.first_name == name).unwrap();
        for attempt in 1..=attempts {
            call(store, &campaign, &contact, attempt, minutes).await;
        }
    }
    assert_eq!(&names(store, campaign.id, ListOrder::Oldest, 3).await[..], ["03", "05", "07"]);
    assert_eq!(&names(store, campaign.id, ListOrder::AttemptsUp, 3).await[..], ["05", "03", "07"]);
    assert_eq!(&names(store, campaign.id, ListOrder::AttemptsDown, 3).await[..], ["03", "05", "07"]);
    assert_eq!(names(store, campaign.id, ListOrder::AttemptsUp, 1).await, ["05"]);

    // Attempts that the telephony never heard of count, without end: nobody is forgotten for having many.
    let contact = store.candidates(campaign.id, ListOrder::Oldest, noon(), 50).await.unwrap();
    let contact = contact.into_iter().find(|c| c.person.first_name == "03").unwrap();
    let never_ends = Recycle { outcome: Outcome::NoAnswer, minutes: 1, attempts: 100 };
    let patient = CallSettings { recycle: vec![never_ends], ..CallSettings::default() };
    let patient = Campaign { call_settings: patient, ..campaign.clone() };
    for attempt in 3..=13 {
        call(store, &patient, &contact, attempt, 0).await;
    }
    assert_eq!(&names(store, campaign.id, ListOrder::AttemptsUp, 3).await[..], ["05", "03", "07"]);
    assert_eq!(&names(store, campaign.id, ListOrder::AttemptsDown, 3).await[..], ["03", "05", "07"]);
}

/// A call that nobody answered, in the morning.
async fn call(
    store: &dyn Store,
    campaign: &Campaign,
    contact: &dialdeck_server::domain::contact::Contact,
    attempt: i32,
    minutes: i64,
) {
    use dialdeck_protocol::{CallId, CallStatus, Emotion, Taker};
    use dialdeck_server::domain::gate::{Hours, Question, judge};
    use dialdeck_server::domain::law::Rules;
    use dialdeck_server::storage::{BeginAttempt, CallKey, EndCall};
    let at = noon() - Duration::hours(4) + Duration::minutes(i64::from(attempt) * 10 + minutes);
    let key = CallKey {
        call_id: CallId::new(),
        campaign_id: campaign.id,
        organization_id: campaign.organization_id.clone(),
    };
    let rules = Rules::shipped();
    let hours = Hours::default();
    let question = Question { hours, ..Question::of(&contact.person, &rules) };
    let begun = BeginAttempt {
        key: key.clone(),
        contact_id: contact.id,
        name: contact.person.display_name(),
        company: String::new(),
        to: contact.person.phone.as_str().into(),
        from: "+13125550199".into(),
        attempt,
        channel_id: key.call_id.to_string(),
        owner: "main".into(),
        decision: judge(question, at),
        taker: Taker::Ai,
        rested_since: None,
        by_hand: false,
        caps: Vec::new(),
        subject: None,
        at,
    };
    let end = EndCall {
        key,
        contact_id: contact.id,
        status: CallStatus::Failed,
        outcome: Outcome::NoAnswer,
        duration: 0,
        transcript: String::new(),
        emotion: Emotion::Neutral,
        intent_score: 0.0,
        csat_score: None,
        insights: serde_json::json!({}),
        cost: 0.0,
        script_id: None,
        last_step: None,
        detail: String::new(),
        contact: contact_after(Outcome::NoAnswer, attempt, &campaign.call_settings, at),
        abandoned: false,
        said_by: String::new(),
        numbers: None,
        answered_at: None,
        at,
    };
    let deeds = [vec![Change::BeginAttempt(Box::new(begun))], vec![Change::EndCall(Box::new(end))]];
    for outcome in store.commit(&deeds).await.unwrap() {
        outcome.unwrap();
    }
}

#[tokio::test]
async fn orders_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    orders(open(&folder.path().join("hopper.sqlite").display().to_string()).await.unwrap().as_ref()).await;
}

#[tokio::test]
async fn orders_on_postgres() {
    let postgres = Postgres::start().unwrap();
    orders(open(&postgres.database().await.unwrap()).await.unwrap().as_ref()).await;
}

#[test]
fn recycling_has_its_own_delay_and_attempts() {
    let busy = Recycle { outcome: Outcome::Busy, minutes: 15, attempts: 1 };
    let settings = CallSettings { recycle: vec![busy], ..CallSettings::default() };
    assert_eq!(settings.check(), Ok(()));
    let after = |outcome, attempt| contact_after(outcome, attempt, &settings, noon());
    assert_eq!(after(Outcome::Busy, 1).next_attempt_at, noon() + Duration::minutes(15));
    assert_eq!(after(Outcome::Busy, 2).status, ContactStatus::Failed);
    assert_eq!(after(Outcome::NoAnswer, 2).next_attempt_at, noon() + Duration::minutes(5));
    for wrong in [
        vec![Recycle { outcome: Outcome::NotInterested, ..busy }],
        vec![Recycle { minutes: 0, ..busy }],
        vec![busy, busy],
    ] {
        let settings = CallSettings { recycle: wrong, ..CallSettings::default() };
        assert_eq!(settings.check().unwrap_err().0, "recycle");
    }
    // What is recycled is what is called again, and nothing else.
    for outcome in Outcome::ALL {
        let again =
            contact_after(*outcome, 1, &CallSettings::default(), noon()).status == ContactStatus::Retry;
        assert_eq!(again, outcome.is_called_again(), "{outcome}");
    }
}
