//! One story of legs, told to both engines, in an order that nobody would choose.

use crate::office::{SALES, new_york};
use chrono::{DateTime, NaiveDate, Utc};
use dialdeck_protocol::OrganizationId;
use dialdeck_protocol::dialpad::{Direction, Fate};
use dialdeck_server::connectors::dialpad::wire;
use dialdeck_server::domain::dialpad::Zones;
use dialdeck_server::domain::dialpad::agent::Agent;
use dialdeck_server::domain::dialpad::leg::Facts;
use dialdeck_server::domain::dialpad::window::{Mark, Window};
use dialdeck_server::storage::dialpad::CallQuery;
use dialdeck_server::storage::upkeep::Retention;
use dialdeck_server::storage::{Store, open};
use dialdeck_testkit::dialpad::{Counts, TrueCall, activity, sample};
use dialdeck_testkit::postgres::Postgres;
use std::collections::BTreeMap;
use std::sync::Arc;

fn org() -> OrganizationId {
    OrganizationId("default".into())
}

fn zones(name: &str) -> Zones {
    let zone = name.parse().unwrap();
    Zones { otherwise: zone, by_department: BTreeMap::from([(SALES, zone)]) }
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

async fn table(store: &dyn Store) -> BTreeMap<(String, i64), Counts> {
    let rows = store.dialpad_days(&org(), day("2026-10-01"), day("2026-12-01"), Some(SALES)).await.unwrap();
    rows.into_iter()
        .map(|row| {
            let cards = row.cards;
            let counts = Counts {
                total: cards.total,
                inbound: cards.inbound,
                outbound: cards.outbound,
                completed: cards.completed,
                missed: cards.missed,
                duration_ms: cards.duration_ms,
            };
            ((row.day.to_string(), row.agent_id), counts)
        })
        .collect()
}

async fn story(store: Arc<dyn Store>) {
    let store = store.as_ref();
    let agents = [7, 8, 9];
    let from = "2026-10-30T00:00:00Z".parse::<DateTime<Utc>>().unwrap().timestamp_millis();
    let calls = sample(200, from, from + 4 * 86_400_000, SALES, &agents, 77);
    // What is listed, and what events told before; in an order that only the seed gives, a few at a time.
    let mut told: Vec<(i64, Facts)> = Vec::new();
    for call in &calls {
        let listed = call.legs().into_iter().map(|leg| (call.ended() + 1000, leg));
        for (at, leg) in call.events().into_iter().chain(listed) {
            told.push(wire::call(&leg, at, &[SALES], Some(SALES)).unwrap());
        }
    }
    let mut state = 9_u64;
    for n in (1..told.len()).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        told.swap(n, usize::try_from(state >> 33).unwrap() % (n + 1));
    }
    let window = Window { from, to: from + 5, cursor: "c".into(), pages: 1, calls: 2, reached: None };
    let mark = Mark { name: "Sales".into(), window: Some(window), ..Mark::default() };
    for some in told.chunks(7) {
        store.dialpad_take(&org(), some, &zones("America/New_York"), Some((SALES, &mark))).await.unwrap();
    }
    assert!(store.dialpad_recount(&org()).await.unwrap() >= 4);
    assert_eq!(table(store).await, activity(&calls, new_york));
    assert_eq!(store.dialpad_recount(&org()).await.unwrap(), 0, "only days that changed are counted");
    let again = store.dialpad_take(&org(), &told, &zones("America/New_York"), None).await.unwrap();
    assert_eq!(again, 0, "told again, nothing changes");
    assert_eq!(store.dialpad_marks(&org()).await.unwrap(), [(SALES, mark.clone())]);

    looking(store, &calls).await;
    // The days of another zone.
    store.dialpad_move_days(&org(), SALES, &zones("Asia/Tokyo")).await.unwrap();
    store.dialpad_recount(&org()).await.unwrap();
    let tokyo =
        |at: i64| DateTime::from_timestamp_millis(at + 9 * 3_600_000).unwrap().date_naive().to_string();
    assert_eq!(table(store).await, activity(&calls, tokyo));
    keeping(store, &calls, &told).await;
}

fn everything() -> CallQuery {
    CallQuery {
        from: day("2026-10-01"),
        to: day("2026-12-01"),
        department: Some(SALES),
        agent: None,
        direction: None,
        fate: None,
        search: String::new(),
        limit: 500,
        after: None,
    }
}

async fn looking(store: &dyn Store, calls: &[TrueCall]) {
    let all = everything();
    let seen = async |query: CallQuery| store.dialpad_calls(&org(), &query).await.unwrap().0;
    let listed = seen(all.clone()).await;
    assert_eq!(listed.len(), calls.len());
    assert!(listed.windows(2).all(|two| two[0].started_at >= two[1].started_at));
    let inbound = calls.iter().filter(|call| call.inbound).count();
    assert_eq!(seen(CallQuery { direction: Some(Direction::Inbound), ..all.clone() }).await.len(), inbound);
    let answered = calls.iter().filter(|call| call.parts.iter().any(|part| part.talked.is_some())).count();
    assert_eq!(seen(CallQuery { fate: Some(Fate::Completed), ..all.clone() }).await.len(), answered);
    let talked_or_missed = calls.iter().filter(|call| {
        let answered = call.parts.iter().any(|part| part.talked.is_some());
        call.parts.iter().any(|part| part.agent == 7 && (!answered || part.talked.is_some()))
    });
    assert_eq!(seen(CallQuery { agent: Some(7), ..all.clone() }).await.len(), talked_or_missed.count());
    let number = calls[3].number.clone();
    let same = calls.iter().filter(|call| call.number == number).count();
    assert_eq!(seen(CallQuery { search: number[5..].to_owned(), ..all.clone() }).await.len(), same);
    for nothing in ["%", "_____", "\\", "' OR 1=1 --"] {
        assert_eq!(seen(CallQuery { search: nothing.into(), ..all.clone() }).await.len(), 0, "{nothing}");
    }
    // Page by page it is the same list.
    let (mut paged, mut after) = (Vec::new(), None);
    loop {
        let query = CallQuery { limit: 30, after: after.take(), ..all.clone() };
        let (some, next) = store.dialpad_calls(&org(), &query).await.unwrap();
        paged.extend(some);
        match next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    assert_eq!(paged, listed);
    assert!(
        store.dialpad_calls(&org(), &CallQuery { after: Some("x".into()), ..all.clone() }).await.is_err()
    );
    let hours = store.dialpad_hours(&org(), all.from, all.to, Some(SALES)).await.unwrap();
    assert_eq!(hours.iter().map(|hour| hour.calls).sum::<i64>(), i64::try_from(calls.len()).unwrap());
    assert_eq!(store.dialpad_names(&org(), &[7, 99]).await.unwrap(), [(7, "user 7".to_owned())]);
    assert!(store.dialpad_talking(&org()).await.unwrap().is_empty());
    let leg = listed[0].leg_id.parse().unwrap();
    let (call, legs) = store.dialpad_call(&org(), leg).await.unwrap().unwrap();
    assert!(call == listed[0] && !legs.is_empty());
    assert!(store.dialpad_call(&org(), 5).await.unwrap().is_none());
    // Behind another wall there is nothing.
    let other = OrganizationId("other".into());
    assert!(store.dialpad_calls(&other, &all).await.unwrap().0.is_empty());
    assert!(store.dialpad_call(&other, leg).await.unwrap().is_none());
    let agent = |id: i64| Agent { id, name: format!("user {id}"), ..Agent::default() };
    assert!(store.dialpad_agents_seen(&org(), SALES, &[agent(7), agent(8)]).await.unwrap());
    assert!(!store.dialpad_agents_seen(&org(), SALES, &[agent(7), agent(8)]).await.unwrap());
    assert!(store.dialpad_agents_seen(&org(), SALES, &[agent(8)]).await.unwrap());
    let known = store.dialpad_agents(&org()).await.unwrap();
    assert_eq!(known.iter().map(|one| (one.id, one.departments.len())).collect::<Vec<_>>(), [(7, 0), (8, 1)]);
}

async fn keeping(store: &dyn Store, calls: &[TrueCall], told: &[(i64, Facts)]) {
    let call = calls[0].id;
    let lines = vec!["Ann: hello".to_owned()];
    store.dialpad_save_transcript(&org(), call, &lines).await.unwrap();
    assert_eq!(store.dialpad_transcript(&org(), call).await.unwrap(), Some(lines));
    assert!(!store.dialpad_is_reported(&org(), "a").await.unwrap());
    assert!(store.dialpad_claim_report(&org(), "a", Utc::now()).await.unwrap());
    assert!(!store.dialpad_claim_report(&org(), "a", Utc::now()).await.unwrap());
    assert!(store.dialpad_is_reported(&org(), "a").await.unwrap());

    store.dialpad_release_report(&org(), "b").await.unwrap();

    // The law counts what Dialpad placed, and what it was asked to place, each once.
    let out = calls.iter().find(|call| !call.inbound).unwrap();
    let since = DateTime::from_timestamp_millis(out.began - 1000).unwrap();
    let before = store.calls_since(&org(), &out.number, since).await.unwrap().len();
    assert!(before >= 1);
    let asked = DateTime::from_timestamp_millis(out.began - 500).unwrap();
    store.dialpad_attempt(&org(), &out.number, asked).await.unwrap();
    assert_eq!(store.calls_since(&org(), &out.number, since).await.unwrap().len(), before);
    store.dialpad_attempt(&org(), &out.number, Utc::now()).await.unwrap();
    assert_eq!(store.calls_since(&org(), &out.number, since).await.unwrap().len(), before + 1);
    let refused = Utc::now() + chrono::Duration::seconds(1);
    store.dialpad_attempt(&org(), &out.number, refused).await.unwrap();
    store.dialpad_no_attempt(&org(), &out.number, refused).await.unwrap();
    assert_eq!(store.calls_since(&org(), &out.number, since).await.unwrap().len(), before + 1);
    // A call whose end nobody told is over after a day.
    let live = serde_json::json!({ "call_id": 5, "date_started": out.began, "direction": "inbound", "state": "ringing",
        "contact": { "name": "Ömer ÅS" } });
    let live = wire::call(&live, out.began, &[SALES], Some(SALES)).unwrap();
    store.dialpad_take(&org(), &[live], &zones("Asia/Tokyo"), None).await.unwrap();
    assert_eq!(store.dialpad_call(&org(), 5).await.unwrap().unwrap().0.status, Fate::Live);
    let found = CallQuery { search: "ömer ås".into(), ..everything() };
    assert_eq!(store.dialpad_calls(&org(), &found).await.unwrap().0.len(), 1);
    let now = Utc::now().timestamp_millis();
    assert_eq!(store.dialpad_give_up(&org(), now, &zones("Asia/Tokyo")).await.unwrap(), 1);
    assert_eq!(store.dialpad_call(&org(), 5).await.unwrap().unwrap().0.status, Fate::Missed);
    store.dialpad_recount(&org()).await.unwrap();

    // Somebody is forgotten, and is not learned again from what is told again.
    let person = store.person(&org(), &calls[0].number).await.unwrap();
    assert!(!person["dialpadCalls"].as_array().unwrap().is_empty());
    let before = table(store).await;
    store.erase(&org(), &calls[0].number).await.unwrap();
    store.dialpad_take(&org(), told, &zones("Asia/Tokyo"), None).await.unwrap();
    let person = store.person(&org(), &calls[0].number).await.unwrap();
    assert_eq!(person["dialpadCalls"].as_array().unwrap().len(), 0);
    assert_eq!(store.dialpad_transcript(&org(), call).await.unwrap(), None);
    store.dialpad_recount(&org()).await.unwrap();
    assert_eq!(table(store).await, before, "that there were calls stays");

    // What is older than the settings keep goes; what agents did stays counted.
    store.dialpad_save_transcript(&org(), calls[1].id, &["x".into()]).await.unwrap();
    let now = Utc::now();
    let mut keeps = Retention { events: None, transcripts: Some(now), calls: None, housekeeping: now };
    store.purge(&keeps, false).await.unwrap();
    assert_eq!(store.dialpad_transcript(&org(), calls[1].id).await.unwrap(), None);
    keeps.calls = Some(now);
    let would = store.purge(&keeps, true).await.unwrap().calls;
    assert_eq!((would, store.purge(&keeps, false).await.unwrap().calls), (201, 201));
    assert!(store.dialpad_call(&org(), calls[2].id).await.unwrap().is_none());
    assert_eq!(table(store).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    story(open(&folder.path().join("d.sqlite").to_string_lossy()).await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres() {
    let server = Postgres::start().unwrap();
    story(open(&server.database().await.unwrap()).await.unwrap()).await;
}
