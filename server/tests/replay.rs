//! A campaign of thirty days, by a clock of its own; afterwards every attempt and every hold is explained by its decision
//! record alone, and what the record says is judged once more by rules that are written down here a second time.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends where it cannot go on"
)]

use chrono::{DateTime, Datelike, Duration, TimeZone, Timelike, Utc, Weekday};
use chrono_tz::Tz;
use dialdeck_protocol::{
    CallFilter, CallId, CallSettings, CallStatus, CampaignId, CampaignStatus, CampaignType, Emotion,
    ListOrder, OrganizationId, Outcome, Recycle, Taker,
};
use dialdeck_server::domain::campaign::Campaign;
use dialdeck_server::domain::contact::{Consent, Contact, NewContact};
use dialdeck_server::domain::do_not_call::Listing;
use dialdeck_server::domain::ending::{contact_after, status};
use dialdeck_server::domain::gate::{Question, caps, judge};
use dialdeck_server::domain::law::Rules;
use dialdeck_server::domain::phone::Phone;
use dialdeck_server::storage::{BeginAttempt, CallKey, Change, EndCall, ImportMode, Store, open};
use std::collections::BTreeMap;

const DAYS: i64 = 30;

fn begin() -> DateTime<Utc> {
    // A Thursday in winter: Martin Luther King's and Presidents' Day lie within, and so does the leap of no clock.
    Utc.with_ymd_and_hms(2026, 1, 15, 0, 0, 0).unwrap()
}

fn organization() -> OrganizationId {
    OrganizationId("default".into())
}

/// Area codes: two zones in one (850), a cap and a shorter evening (305), no Sundays (205, 504), weekdays only until six
/// (401), the far west (808), no state at all (800), and another country (+44).
const PLACES: [(&str, &str); 9] = [
    ("+1312555", "IL"),
    ("+1850555", "FL"),
    ("+1305555", "FL"),
    ("+1205555", "AL"),
    ("+1504555", "LA"),
    ("+1401555", "RI"),
    ("+1808555", "HI"),
    ("+1800555", ""),
    ("+44207946", ""),
];

fn people() -> Vec<NewContact> {
    let consent = Consent { basis: "written".into(), at: None, source: "form".into() };
    let mut people = Vec::new();
    for (n, (prefix, state)) in PLACES.iter().enumerate() {
        for k in 0..6 {
            let phone = format!("{prefix}{:04}", 100 + 10 * n + k);
            people.push(NewContact {
                first_name: format!("{n}-{k}"),
                state: (*state).to_owned(),
                // The last of each place never agreed to anything.
                consent: (k < 5).then(|| consent.clone()),
                ..NewContact::numbered(Phone::parse(&phone, "US").unwrap())
            });
        }
    }
    people
}

/// What comes of an attempt, by a rule that is the same every time.
fn outcome(contact: &Contact, now: DateTime<Utc>) -> Outcome {
    let digits = contact.person.phone.as_str().bytes().map(u32::from).sum::<u32>();
    // Nobody in Florida comes to the phone at first: the cap of a day is reached.
    if contact.person.state == "FL" && contact.attempts < 4 {
        return Outcome::NoAnswer;
    }
    match (digits * 7 + now.hour() * 3 + now.ordinal() * 5) % 16 {
        0..=5 => Outcome::NoAnswer,
        6..=10 => Outcome::Busy,
        11..=14 => Outcome::Voicemail,
        _ => Outcome::Interested,
    }
}

async fn attempt(
    store: &dyn Store,
    campaign: &Campaign,
    contact: &Contact,
    rules: &Rules,
    now: DateTime<Utc>,
) {
    let (phone, organization) = (contact.person.phone.as_str(), organization());
    let phones = [phone.to_owned()];
    let listed = store.listed(&organization, None, &phones, now).await.unwrap();
    let recent = store.calls_since(&organization, phone, now - Duration::days(8)).await.unwrap();
    let question = Question { listed, recent: &recent, ..Question::of(&contact.person, rules) };
    let decision = judge(question, now);
    if !decision.is_allowed() {
        let hold = Change::Hold {
            organization_id: organization,
            campaign_id: campaign.id,
            contact_id: contact.id,
            phone: phone.to_owned(),
            decision,
        };
        store.commit(&[vec![hold]]).await.unwrap().remove(0).unwrap();
        return;
    }
    let key = CallKey { call_id: CallId::new(), campaign_id: campaign.id, organization_id: organization };
    let begun = BeginAttempt {
        key: key.clone(),
        contact_id: contact.id,
        name: contact.person.display_name(),
        company: String::new(),
        to: phone.to_owned(),
        from: "+13125550199".into(),
        attempt: contact.attempts + 1,
        channel_id: key.call_id.to_string(),
        owner: "main".into(),
        decision,
        taker: Taker::Ai,
        rested_since: None,
        by_hand: false,
        caps: caps(&contact.person, rules, now),
        subject: None,
        at: now,
    };
    let outcome = outcome(contact, now);
    let end = EndCall {
        key,
        contact_id: contact.id,
        status: status(outcome),
        outcome,
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
        contact: contact_after(outcome, contact.attempts + 1, &campaign.call_settings, now),
        abandoned: false,
        said_by: String::new(),
        numbers: None,
        answered_at: None,
        at: now + Duration::seconds(40),
    };
    store.commit(&[vec![Change::BeginAttempt(Box::new(begun))]]).await.unwrap().remove(0).unwrap();
    store.commit(&[vec![Change::EndCall(Box::new(end))]]).await.unwrap().remove(0).unwrap();
}

/// The law a second time, by hand: why a call at a moment in a place would be wrong.
fn wrong(state: &str, zone: Tz, at: DateTime<Utc>) -> Option<&'static str> {
    let local = at.with_timezone(&zone);
    let hour = local.hour();
    let closes = match (state, local.weekday()) {
        ("FL", _) => 20,
        ("RI", Weekday::Sat | Weekday::Sun) => 17,
        ("RI", _) => 18,
        _ => 21,
    };
    if hour < 8 || hour >= closes || state == "RI" && hour < 9 {
        return Some("outside the hours of the place");
    }
    if local.weekday() == Weekday::Sun && ["AL", "LA", "RI"].contains(&state) {
        return Some("on a Sunday");
    }
    None
}

async fn save(store: &dyn Store, campaign: &Campaign, people: &[NewContact]) {
    let save = Change::SaveCampaign { campaign: Box::new(campaign.clone()), before: None, at: begin() };
    store.commit(&[vec![save]]).await.unwrap().remove(0).unwrap();
    let mut import = store.import(campaign, ImportMode::Whole, begin()).await.unwrap();
    import.add(people, 1, 0).await.unwrap();
    import.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn thirty_days_explain_themselves() {
    let home = tempfile::tempdir().unwrap();
    let store = open(&home.path().join("record.sqlite").to_string_lossy()).await.unwrap();
    let campaign = Campaign {
        id: CampaignId::new(),
        organization_id: organization(),
        name: "Thirty days".into(),
        kind: CampaignType::ALL[0],
        status: CampaignStatus::Active,
        description: String::new(),
        script_id: None,
        call_settings: CallSettings {
            retry_attempts: 10,
            retry_delay_minutes: 150,
            recycle: vec![
                Recycle { outcome: Outcome::Busy, minutes: 3500, attempts: 10 },
                Recycle { outcome: Outcome::Voicemail, minutes: 5900, attempts: 10 },
            ],
            ..CallSettings::default()
        },
        phone_number_id: None,
    };
    let people = people();
    save(store.as_ref(), &campaign, &people).await;
    let rules = Rules::shipped();
    for quarter in 0..DAYS * 48 {
        let now = begin() + Duration::minutes(30 * quarter);
        if quarter == 10 * 48 {
            // The first of each place asks on the tenth day never to be called again.
            for person in people.iter().step_by(6) {
                let listing = Listing::for_ever(&organization(), person.phone.as_str(), "voice", now);
                let listed = Change::DoNotCall(Box::new(listing));
                store.commit(&[vec![listed]]).await.unwrap().remove(0).unwrap();
            }
        }
        for contact in store.candidates(campaign.id, ListOrder::Oldest, now, 200).await.unwrap() {
            attempt(store.as_ref(), &campaign, &contact, &rules, now).await;
        }
    }

    // Replayed: each attempt has one record that allows it, and no record allows what is wrong.
    let filter = CallFilter { limit: Some(500), ..CallFilter::default() };
    let (calls, next) = store.calls(&organization(), &filter, None).await.unwrap();
    assert!(next.is_none() && calls.len() > 60, "{} calls", calls.len());
    assert!(calls.iter().all(|call| call.status != CallStatus::Initiated));
    let (mut explained, mut held) = (0, BTreeMap::<String, u32>::new());
    for person in &people {
        let phone = person.phone.as_str();
        let mut decisions = store.decisions(&organization(), phone).await.unwrap();
        decisions.reverse();
        let mut opens: Option<DateTime<Utc>> = None;
        let mut made: Vec<DateTime<Utc>> = Vec::new();
        for decision in &decisions {
            let at = decision.decided_at;
            let zones: Vec<Tz> = decision.facts["zones"]
                .as_array()
                .unwrap()
                .iter()
                .map(|zone| zone.as_str().unwrap().parse().unwrap())
                .collect();
            assert!(opens.is_none_or(|opens| at >= opens), "{phone}: asked again before it opens");
            if decision.rule == "allowed" {
                assert!(!zones.is_empty(), "{phone}: allowed without a zone");
                for zone in &zones {
                    assert_eq!(
                        wrong(&person.state, *zone, at),
                        None,
                        "{phone} at {at} in {zone}: {decision:?}"
                    );
                }
                assert!(decision.facts["consent"].as_str().unwrap().contains("written"), "{decision:?}");
                let id = decision.call_id.as_ref().expect("what is allowed is called");
                let call = calls.iter().find(|call| call.id.as_str() == id).unwrap();
                assert_eq!((call.phone.as_str(), call.created_at), (phone, at));
                made.push(at);
                let within = made.iter().filter(|earlier| at - **earlier < Duration::hours(24)).count();
                assert!(person.state != "FL" || within <= 3, "{phone}: {within} calls in a day");
                let since = begin() + Duration::days(10);
                assert!(!person.first_name.ends_with("-0") || at < since, "called after the list said no");
                (explained, opens) = (explained + 1, None);
            } else {
                assert!(decision.reason.starts_with("held: "), "{decision:?}");
                let basis = decision.facts["basis"].as_str().unwrap();
                let by_law = ["hours", "closed", "cap"].contains(&decision.rule.as_str());
                assert!(!by_law || basis.contains(": ") || basis.contains("operator"), "{decision:?}");
                if decision.rule == "hours" || decision.rule == "closed" {
                    // Held rightly: some zone or place forbids it, or a holiday does, which is named.
                    let really = zones.iter().any(|zone| wrong(&person.state, *zone, at).is_some());
                    assert!(really || decision.rule == "closed", "{phone} at {at}: {decision:?}");
                }
                opens = decision.facts["opens_at"].as_str().map(|text| text.parse().unwrap());
                if let Some(opens) = opens {
                    assert!(decision.reason.contains(&opens.format("opens %Y-%m-%d %H:%M").to_string()));
                }
                *held.entry(decision.rule.clone()).or_default() += 1;
            }
        }
    }
    assert_eq!(explained, calls.len(), "each call by one record, and each record by one call");
    for rule in ["hours", "closed", "cap", "consent", "zone"] {
        assert!(held.contains_key(rule), "{rule} never held anybody: {held:?}");
    }
}
