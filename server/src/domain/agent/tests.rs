//! What may follow what, by example and by chance.

use super::{Due, LogIn, Pause, Seat};
use chrono::{DateTime, Duration, TimeZone, Utc};
use dialdeck_protocol::{
    AgentState, CallId, CampaignId, ContactId, OrganizationId, People, PhoneKind, UserId,
};
use proptest::prelude::*;

fn noon() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 1, 15, 12, 0, 0).unwrap()
}

fn seat() -> Seat {
    let who = LogIn {
        organization_id: OrganizationId("default".into()),
        user_id: UserId::new(),
        name: "Ann".into(),
        extension: "PJSIP/6001".into(),
        phone: PhoneKind::NailedUp,
        campaigns: Vec::new(),
        ranks: std::collections::BTreeMap::new(),
    };
    Seat::new(who, noon())
}

fn after(seconds: i64) -> DateTime<Utc> {
    noon() + Duration::seconds(seconds)
}

#[test]
fn a_call_from_ready_to_ready() {
    let (mut ann, call, people) =
        (seat(), CallId::new(), People { wrap_up_seconds: 30, ..People::default() });
    assert_eq!((ann.row.state, ann.row.pause_code.as_str()), (AgentState::Paused, "LOGIN"));
    assert!(ann.ready(after(1)).is_err(), "the phone is not connected");
    ann.phone_up();
    ann.ready(after(2)).unwrap();
    assert!(ann.is_free());
    assert!(ann.queue(call.clone(), CampaignId::new(), ContactId::new(), after(3)));
    assert!(!ann.queue(CallId::new(), CampaignId::new(), ContactId::new(), after(3)), "one call at a time");
    ann.connected(&people, after(4));
    ann.pause(Pause::because("LUNCH"), after(5));
    assert_eq!(ann.row.state, AgentState::InCall, "a pause waits for the end of the call");
    ann.over(&CallId::new(), false, after(6));
    assert_eq!(ann.row.state, AgentState::InCall, "another call's end is not this one's");
    ann.over(&call, false, after(60));
    assert_eq!((ann.row.state, ann.row.pause_code.as_str()), (AgentState::Dead, "LUNCH"));
    assert_eq!(ann.tick(after(69)), None);
    assert_eq!(ann.tick(after(70)), Some(Due::Changed));
    assert_eq!(ann.row.state, AgentState::WrapUp);
    assert!(ann.ready(after(71)).is_err(), "a disposition is due");
    assert_eq!(ann.tick(after(101)), None, "nothing is set by itself unless the campaign says what");
    ann.disposed(&call, after(102));
    assert_eq!((ann.row.state, ann.row.pause_code.as_str()), (AgentState::Paused, "LUNCH"));
}

#[test]
fn a_wrap_up_that_ends_by_itself_sets_the_default_once() {
    let people = People { wrap_up_seconds: 30, default_disposition: Some("NA".into()), ..People::default() };
    let (mut ann, call) = (seat(), CallId::new());
    ann.phone_up();
    ann.ready(noon()).unwrap();
    ann.queue(call.clone(), CampaignId::new(), ContactId::new(), noon());
    ann.connected(&people, noon());
    ann.over(&call, true, after(10));
    assert_eq!(ann.tick(after(39)), None);
    assert_eq!(ann.tick(after(40)), Some(Due::Default(call.clone(), "NA".into())));
    assert_eq!(ann.tick(after(41)), None);
    ann.disposed(&call, after(41));
    assert!(ann.is_free());
}

#[test]
fn a_disposition_set_while_talking_skips_the_wrap_up() {
    let (mut ann, call) = (seat(), CallId::new());
    ann.phone_up();
    ann.dial(call.clone(), CampaignId::new(), ContactId::new(), noon()).unwrap();
    ann.connected(&People::default(), noon());
    ann.disposed(&call, after(5));
    assert_eq!(ann.row.state, AgentState::InCall);
    ann.over(&call, true, after(6));
    assert_eq!(ann.row.state, AgentState::Paused, "dialled from a pause, and back into it");
}

#[test]
fn a_phone_that_vanishes_takes_no_more_calls() {
    let (mut ann, call) = (seat(), CallId::new());
    ann.phone_up();
    ann.ready(noon()).unwrap();
    ann.queue(call.clone(), CampaignId::new(), ContactId::new(), noon());
    ann.connected(&People::default(), noon());
    ann.phone_gone(after(3));
    ann.over(&call, true, after(4));
    ann.disposed(&call, after(5));
    assert_eq!((ann.row.state, ann.row.pause_code.as_str()), (AgentState::Paused, "PHONE"));
    assert!(!ann.is_free());
}

#[test]
fn a_pause_ends_by_itself() {
    let mut ann = seat();
    ann.phone_up();
    ann.pause(Pause { seconds: Some(60), limit_seconds: Some(300), code: "BREAK".into() }, noon());
    assert_eq!(ann.tick(after(59)), None);
    assert_eq!(ann.tick(after(60)), Some(Due::Changed));
    assert!(ann.is_free());
}

proptest! {
    /// Whatever happens in whatever order: a seat that is free has no call, and one that has a call is not free.
    #[test]
    fn free_or_busy_and_never_both(steps in proptest::collection::vec((0u8..13, 0i64..40), 1..80)) {
        let mut ann = seat();
        let mut call = CallId::new();
        let mut at = 0;
        let people = People { wrap_up_seconds: 20, ..People::default() };
        for (what, wait) in steps {
            at += wait;
            let now = after(at);
            match what {
                0 => ann.phone_up(),
                1 => ann.phone_gone(now),
                2 => { let _ = ann.ready(now); }
                3 => ann.pause(Pause { seconds: Some(30), ..Pause::because("X") }, now),
                4 => {
                    let fresh = CallId::new();
                    if ann.queue(fresh.clone(), CampaignId::new(), ContactId::new(), now) { call = fresh; }
                }
                5 => {
                    let fresh = CallId::new();
                    if ann.dial(fresh.clone(), CampaignId::new(), ContactId::new(), now).is_ok() { call = fresh; }
                }
                6 if matches!(ann.row.state, AgentState::Queued | AgentState::Dialling) => ann.connected(&people, now),
                7 => ann.released(&call, now),
                8 => ann.over(&call, at % 2 == 0, now),
                9 => ann.disposed(&call, now),
                10 => ann.offer(CampaignId::new(), ContactId::new(), now),
                11 => ann.skip(now),
                _ => { ann.tick(now); }
            }
            let row = &ann.row;
            prop_assert!(!(ann.is_free() && row.call_id.is_some()), "{row:?}");
            prop_assert!(row.state.is_busy() == row.call_id.is_some(), "{row:?}");
            prop_assert!(!row.disposition_due || row.state.is_busy(), "{row:?}");
        }
    }
}
