//! One story, told to both engines: what the record does must not depend on which one keeps it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_precision_loss,
    reason = "a test ends where it cannot go on"
)]

use chrono::{DateTime, Duration, TimeZone, Utc};
use dialdeck_protocol::{
    CallFilter, CallId, CallSettings, CallStatus, CampaignId, CampaignStatus, CampaignType, ContactStatus,
    Emotion, EventBody, Exchange, ImportId, Intent, ListOrder, OrganizationId, Outcome, PhoneNumberId,
    QueueState, Role, ScriptId, SessionId, Speaker, Taker, TurnLatency, UserId,
};
use dialdeck_server::domain::campaign::{Campaign, PhoneNumber};
use dialdeck_server::domain::contact::{Consent, Contact, NewContact};
use dialdeck_server::domain::debt::Subject;
use dialdeck_server::domain::do_not_call::{List, Listed, Listing};
use dialdeck_server::domain::ending::{ContactAfter, after_number, contact_after, far_future};
use dialdeck_server::domain::gate::{Question, judge};
use dialdeck_server::domain::law::Rules;
use dialdeck_server::domain::phone::Phone;
use dialdeck_server::domain::script::Script;
use dialdeck_server::storage::change::QueueStart;
use dialdeck_server::storage::keeping::HoldRow;
use dialdeck_server::storage::recordings::RecordingRow;
use dialdeck_server::storage::upkeep::Retention;
use dialdeck_server::storage::{
    AuditEntry, BeginAttempt, CallKey, Change, CommitError, ContactPage, EndCall, ImportMode, NewSession,
    NewUser, Refusal, Store, StoreError, open,
};
use dialdeck_testkit::postgres::Postgres;
use std::sync::Arc;

fn noon() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 1, 15, 18, 0, 0).unwrap()
}

fn org() -> OrganizationId {
    OrganizationId("default".into())
}

fn person(n: u32) -> NewContact {
    NewContact {
        first_name: format!("Ann{n}"),
        last_name: "Lee".into(),
        phone: Phone::from_e164(&format!("+131255501{n:02}")).unwrap(),
        alternates: Vec::new(),
        email: "ann@example.com".into(),
        company: "Acme".into(),
        state: "IL".into(),
        postal_code: String::new(),
        timezone: String::new(),
        consent: Some(Consent { basis: "written".into(), at: Some(noon()), source: "form".into() }),
        priority: 0,
        custom_fields: [("plan".to_owned(), "gold".to_owned())].into(),
    }
}

fn begin(campaign: CampaignId, contact: &Contact, at: DateTime<Utc>) -> BeginAttempt {
    let call_id = CallId::new();
    BeginAttempt {
        channel_id: format!("dialdeck-{call_id}"),
        key: CallKey { call_id, campaign_id: campaign, organization_id: org() },
        contact_id: contact.id,
        name: contact.person.display_name(),
        company: contact.person.company.clone(),
        to: contact.person.phone.as_str().into(),
        from: "+13125550199".into(),
        attempt: contact.attempts + 1,
        owner: "main".into(),
        decision: judge(Question::of(&contact.person, &Rules::shipped()), at),
        taker: Taker::Ai,
        rested_since: None,
        by_hand: false,
        caps: Vec::new(),
        subject: None,
        at,
    }
}

fn end(begun: &BeginAttempt, outcome: Outcome, contact: ContactAfter, at: DateTime<Utc>) -> EndCall {
    EndCall {
        key: begun.key.clone(),
        contact_id: begun.contact_id,
        status: if outcome.was_answered() { CallStatus::Completed } else { CallStatus::Failed },
        outcome,
        duration: 42,
        transcript: "AI: Hello\nCustomer: yes".into(),
        emotion: Emotion::Positive,
        intent_score: 0.95,
        csat_score: Some(5),
        insights: serde_json::json!({ "interruptions": 1 }),
        cost: 0.0123,
        script_id: None,
        last_step: None,
        detail: "done".into(),
        contact,
        abandoned: false,
        said_by: String::new(),
        numbers: None,
        answered_at: None,
        at,
    }
}

async fn one(store: &dyn Store, deed: Vec<Change>) -> Result<Vec<EventBody>, Refusal> {
    let mut committed = store.commit(&[deed]).await.unwrap();
    let events = committed.pop().unwrap().map_err(|error| match error {
        CommitError::Refused(refusal) => refusal,
        CommitError::Store(message) => panic!("{message}"),
    });
    events.map(|events| events.into_iter().map(|e| e.body).collect())
}

async fn story(store: Arc<dyn Store>) {
    let store = store.as_ref();
    let campaign = setting_up(store).await;
    importing(store, &campaign).await;
    calling(store, &campaign).await;
    refusing(store, &campaign).await;
    never_again(store, &campaign).await;
    withdrawn_in_between(store, &campaign).await;
    lists_with_an_end(store, &campaign).await;
    one_number_after_the_other(store, &campaign).await;
    counted_by_debt(store, &campaign).await;
    writing_down(store).await;
    in_order(store).await;
    recorded_and_learnt_from(store, &campaign).await;
    everywhere_and_erased(store, &campaign).await;
    found_after_a_merge(store).await;
    going(store, &campaign).await;
}

/// The index of what was said holds the same once it is merged; that a search is the faster for it the benchmark shows.
async fn found_after_a_merge(store: &dyn Store) {
    let said = CallFilter { text: Some("hello".into()), ..CallFilter::default() };
    let found = || async {
        let (rows, _) = store.calls(&org(), &said, None).await.unwrap();
        rows.into_iter().map(|row| row.id).collect::<Vec<_>>()
    };
    let before = found().await;
    assert!(before.len() > 2, "{before:?}");
    store.merge_words().await.unwrap();
    assert_eq!(found().await, before);
}

async fn setting_up(store: &dyn Store) -> Campaign {
    store.ping().await.unwrap();
    let user = NewUser {
        organization_id: org(),
        name: "sue".into(),
        role: Role::Supervisor,
        password_hash: "hash".into(),
        campaigns: None,
        at: noon(),
    };
    store.add_user(&user).await.unwrap();
    assert!(matches!(store.add_user(&user).await, Err(StoreError::Conflict(_))));
    let sue = store.user("sue").await.unwrap().unwrap();
    assert_eq!((sue.role, store.users(&org()).await.unwrap().len()), (Role::Supervisor, 1));
    let session = NewSession {
        id: SessionId::new(),
        user_id: sue.id,
        token_hash: "abc".into(),
        at: noon(),
        expires_at: noon() + chrono::Duration::hours(1),
        client: "192.0.2.7".into(),
    };
    store.add_session(&session).await.unwrap();
    assert_eq!(store.caller("abc", noon()).await.unwrap().unwrap().name, "sue");
    assert!(store.caller("abc", noon() + chrono::Duration::hours(2)).await.unwrap().is_none(), "expired");
    assert_eq!(store.sessions(&org(), Some(sue.id), noon()).await.unwrap()[0].client, "192.0.2.7");
    let other = OrganizationId("other".into());
    assert!(!store.revoke_session(&other, None, session.id, noon()).await.unwrap(), "the wall holds");
    assert!(store.revoke_session(&org(), Some(sue.id), session.id, noon()).await.unwrap());
    assert!(store.caller("abc", noon()).await.unwrap().is_none(), "revoked");
    assert!(store.set_password("sue", "new", noon()).await.unwrap());
    assert!(!store.set_password("nobody", "new", noon()).await.unwrap());

    let number =
        PhoneNumber { id: PhoneNumberId::new(), number: "+13125550199".into(), label: "Main".into() };
    let script = ScriptId::new();
    let campaign = Campaign {
        id: CampaignId::new(),
        organization_id: org(),
        name: "Spring".into(),
        kind: CampaignType::FollowUp,
        status: CampaignStatus::Active,
        description: "first".into(),
        script_id: Some(script),
        call_settings: CallSettings::default(),
        phone_number_id: Some(number.id),
    };
    let saved = vec![
        Change::SavePhoneNumber { organization_id: org(), number: number.clone(), at: noon() },
        Change::SaveScript {
            organization_id: org(),
            id: script,
            name: "S".into(),
            script: Box::default(),
            at: noon(),
        },
        Change::SaveCampaign { campaign: Box::new(campaign.clone()), before: None, at: noon() },
    ];
    assert!(
        matches!(&one(store, saved).await.unwrap()[..], [EventBody::CampaignChanged { change, .. }] if change == "created")
    );
    assert_eq!(store.campaign(&org(), campaign.id).await.unwrap().unwrap(), campaign);
    assert_eq!(store.campaigns(&org()).await.unwrap().len(), 1);
    assert_eq!(store.script(&org(), script).await.unwrap().unwrap().1, Script::default());
    assert_eq!(store.phone_numbers(&org()).await.unwrap(), vec![number.clone()]);
    let other = OrganizationId("other".into());
    assert!(store.campaign(&other, campaign.id).await.unwrap().is_none(), "the wall holds");
    let used = one(store, vec![Change::DeleteScript { organization_id: org(), id: script }]).await;
    assert!(matches!(used, Err(Refusal::InUse(_))));
    let used = one(store, vec![Change::DeletePhoneNumber { organization_id: org(), id: number.id }]).await;
    assert!(matches!(used, Err(Refusal::InUse(_))));
    let again = PhoneNumber { id: PhoneNumberId::new(), ..number };
    let twice =
        one(store, vec![Change::SavePhoneNumber { organization_id: org(), number: again, at: noon() }]).await;
    assert!(matches!(twice, Err(Refusal::InUse(_))));
    campaign
}

async fn importing(store: &dyn Store, campaign: &Campaign) {
    let people: Vec<_> = (0..10).map(person).collect();
    let mut dropped = store.import(campaign, ImportMode::Whole, noon()).await.unwrap();
    dropped.add(&people, 4, 0).await.unwrap();
    drop(dropped);
    assert_eq!(store.counts(campaign.id).await.unwrap().total, 0, "what is not finished was never there");
    let mut import = store.import(campaign, ImportMode::Whole, noon()).await.unwrap();
    assert!(import.add(&people, 4, 0).await.unwrap().already_there.is_empty());
    assert_eq!(import.add(&people[..2], 6, 0).await.unwrap().already_there.len(), 2);
    import.finish().await.unwrap();
    assert_eq!(
        (store.counts(campaign.id).await.unwrap().total, store.callable(campaign.id).await.unwrap()),
        (10, 10)
    );
    let page = ContactPage { status: Some(ContactStatus::New), after: None, limit: 6, newest_first: false };
    let first = store.contacts(&org(), campaign.id, &page).await.unwrap();
    let after = first.last().map(|c| c.id);
    let rest = store.contacts(&org(), campaign.id, &ContactPage { after, ..page }).await.unwrap();
    assert_eq!((first.len(), rest.len()), (6, 4));
    assert_eq!(first[0].person.custom_fields["plan"], "gold");
    assert_eq!(store.contact(&org(), first[0].id).await.unwrap().unwrap(), first[0]);
}

async fn calling(store: &dyn Store, campaign: &Campaign) {
    let start = QueueStart { phone_number_id: campaign.phone_number_id, review_after: Some(50) };
    let queue = |state, start| Change::Queue {
        organization_id: org(),
        campaign_id: campaign.id,
        state,
        reason: "because".into(),
        next_call_at: Some(noon()),
        start,
        at: noon(),
    };
    one(store, vec![queue(QueueState::Running, Some(start))]).await.unwrap();
    assert_eq!(store.open_queues().await.unwrap().len(), 1);
    let ann = store.candidates(campaign.id, ListOrder::Oldest, noon(), 5).await.unwrap().remove(0);
    let begun = begin(campaign.id, &ann, noon());
    let events = one(store, vec![Change::BeginAttempt(Box::new(begun.clone()))]).await.unwrap();
    assert!(matches!(&events[..], [EventBody::CallStarted { attempt: 1, .. }]));
    assert_eq!(store.contact(&org(), ann.id).await.unwrap().unwrap().status, ContactStatus::Pending);
    let live = store.live_calls("main").await.unwrap();
    assert_eq!((live.len(), live[0].attempt, live[0].answered_at), (1, 1, None));
    assert!(store.live_calls("second").await.unwrap().is_empty(), "another server's calls are its own");

    let key = begun.key.clone();
    let exchange = Exchange {
        user_input: "yes".into(),
        ai_response: "Goodbye".into(),
        turn: 2,
        emotion: Emotion::Positive,
        intent: Intent::Interested,
        confidence: 0.95,
        latency: TurnLatency { endpoint_ms: 700, ..TurnLatency::default() },
        timestamp: noon(),
    };
    let talk = vec![
        Change::CallStatus {
            key: key.clone(),
            status: CallStatus::InProgress,
            detail: String::new(),
            at: noon(),
        },
        Change::Spoken { key: key.clone(), speaker: Speaker::Ai, turn: 1, text: "Hello".into(), at: noon() },
        Change::Exchanged { key: key.clone(), exchange: exchange.clone() },
    ];
    assert_eq!(one(store, talk).await.unwrap().len(), 3);
    let snapshot = store.snapshot(&org(), noon()).await.unwrap();
    assert_eq!(snapshot.calls.len(), 1);
    assert_eq!((snapshot.calls[0].intent, snapshot.calls[0].exchanges.len()), (Some(Intent::Interested), 1));
    assert_eq!(snapshot.campaigns[0].queue, QueueState::Running);
    assert_eq!(snapshot.seq, store.last_seq().await.unwrap());

    let settings = CallSettings::default();
    let after = contact_after(Outcome::Interested, 1, &settings, noon());
    let over = end(&begun, Outcome::Interested, after, noon());
    one(store, vec![Change::EndCall(Box::new(over.clone()))]).await.unwrap();
    assert_eq!(
        one(store, vec![Change::EndCall(Box::new(over))]).await,
        Err(Refusal::Settled),
        "settled once"
    );
    let call = store.call(&org(), &key.call_id).await.unwrap().unwrap();
    assert_eq!(
        (call.row.outcome, call.row.duration, call.row.csat_score),
        (Some(Outcome::Interested), 42, Some(5))
    );
    assert!((call.row.cost - 0.0123).abs() < 1e-9);
    assert_eq!(call.row.contact_status, Some(ContactStatus::Contacted));
    assert_eq!(store.exchanges(&key.call_id).await.unwrap(), vec![exchange]);
    let counts = store.counts(campaign.id).await.unwrap();
    assert_eq!((counts.total, counts.processed, counts.successful), (10, 1, 1));
    let row = store.queue(campaign.id).await.unwrap().unwrap();
    assert_eq!((row.started_calls, row.review_after, row.last_call_at), (1, Some(50), Some(noon())));
    let filter = |outcome| CallFilter { outcome: Some(outcome), ..CallFilter::default() };
    assert_eq!(store.calls(&org(), &filter(Outcome::Interested), None).await.unwrap().0.len(), 1);
    assert!(store.calls(&org(), &filter(Outcome::Busy), None).await.unwrap().0.is_empty());
    let later = CallFilter { from: Some(noon() + chrono::Duration::seconds(1)), ..CallFilter::default() };
    assert!(store.calls(&org(), &later, None).await.unwrap().0.is_empty());
    assert_eq!(store.decisions(&org(), begun.to.as_str()).await.unwrap()[0].rule, "allowed");
}

async fn refusing(store: &dyn Store, campaign: &Campaign) {
    let candidates = store.candidates(campaign.id, ListOrder::Oldest, noon(), 5).await.unwrap();
    let (bob, cid) = (&candidates[0], &candidates[1]);
    let begun = begin(campaign.id, bob, noon());
    // Two dialers on one contact in one group: one call, and the other deed's neighbours stand.
    let twice = begin(campaign.id, bob, noon());
    let deeds = [
        vec![Change::BeginAttempt(Box::new(begun.clone()))],
        vec![Change::BeginAttempt(Box::new(twice))],
        vec![Change::Postpone { contact_id: cid.id, until: noon() + chrono::Duration::minutes(1) }],
    ];
    let outcomes = store.commit(&deeds).await.unwrap();
    assert!(outcomes[0].is_ok() && outcomes[2].is_ok());
    assert_eq!(outcomes[1], Err(CommitError::Refused(Refusal::NumberBusy)));
    assert!(
        !store
            .candidates(campaign.id, ListOrder::Oldest, noon(), 50)
            .await
            .unwrap()
            .iter()
            .any(|c| c.id == cid.id)
    );
    let after = contact_after(Outcome::Busy, 1, &CallSettings::default(), noon());
    one(store, vec![Change::EndCall(Box::new(end(&begun, Outcome::Busy, after, noon())))]).await.unwrap();
    let bob = store.contact(&org(), bob.id).await.unwrap().unwrap();
    assert_eq!((bob.status, bob.attempts), (ContactStatus::Retry, 1));
    let stale = BeginAttempt { attempt: 1, ..begin(campaign.id, &bob, noon()) };
    assert_eq!(one(store, vec![Change::BeginAttempt(Box::new(stale))]).await, Err(Refusal::NotCallable));

    let capped = BeginAttempt {
        attempt: 2,
        taker: Taker::Ai,
        rested_since: None,
        by_hand: false,
        caps: vec![(noon() - chrono::Duration::hours(24), 1)],
        ..begin(campaign.id, &bob, noon())
    };
    assert_eq!(one(store, vec![Change::BeginAttempt(Box::new(capped))]).await, Err(Refusal::Capped));

    let mut question = person(1);
    question.consent = None;
    let decision = judge(Question::of(&question, &Rules::shipped()), noon());
    let hold = Change::Hold {
        organization_id: org(),
        campaign_id: campaign.id,
        contact_id: cid.id,
        phone: cid.person.phone.as_str().into(),
        decision,
    };
    one(store, vec![hold]).await.unwrap();
    let held = store.contact(&org(), cid.id).await.unwrap().unwrap();
    assert_eq!((held.status, held.next_attempt_at), (ContactStatus::Held, far_future()));
    assert!(held.held_reason.contains("consent"));
    let person = Box::new(held.person.clone());
    let change = Change::SaveContact {
        organization_id: org(),
        contact_id: cid.id,
        person,
        with_consent: true,
        at: noon(),
    };
    one(store, vec![change]).await.unwrap();
    assert_eq!(
        store.contact(&org(), cid.id).await.unwrap().unwrap().next_attempt_at,
        noon(),
        "looked at afresh"
    );
    // What they said of themselves in a call is kept beside what was known; a contact that is gone keeps nothing.
    let told = |contact_id, fields: &[(&str, &str)]| Change::FillFields {
        organization_id: org(),
        contact_id,
        fields: fields.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect(),
        at: noon(),
    };
    one(store, vec![told(cid.id, &[("size", "large"), ("email", "cid@example.com")])]).await.unwrap();
    one(store, vec![told(cid.id, &[("color", "red")])]).await.unwrap();
    one(store, vec![told(dialdeck_protocol::ContactId::new(), &[("color", "red")])]).await.unwrap();
    let kept = store.contact(&org(), cid.id).await.unwrap().unwrap().person;
    assert_eq!(kept.email, "cid@example.com");
    assert_eq!((kept.custom_fields["size"].as_str(), kept.custom_fields["color"].as_str()), ("large", "red"));
}

async fn never_again(store: &dyn Store, campaign: &Campaign) {
    let dan = store.candidates(campaign.id, ListOrder::Oldest, noon(), 50).await.unwrap().pop().unwrap();
    let begun = begin(campaign.id, &dan, noon());
    one(store, vec![Change::BeginAttempt(Box::new(begun.clone()))]).await.unwrap();
    let listing = Listing::for_ever(&org(), &begun.to, "voice", noon());
    let listed = Change::DoNotCall(Box::new(listing.said_in(List::Organization, &begun.key.call_id)));
    one(store, vec![listed.clone()]).await.unwrap();
    one(store, vec![listed]).await.unwrap();
    let listed = store.listed(&org(), None, std::slice::from_ref(&begun.to), noon()).await.unwrap();
    assert_eq!(listed, Some(Listed { until: None }));
    assert_eq!(store.do_not_call(&org(), None, "", 10).await.unwrap().len(), 1);
    // Even a call that ends as a retry does not bring the number back.
    let after = contact_after(Outcome::Busy, 1, &CallSettings::default(), noon());
    let events =
        one(store, vec![Change::EndCall(Box::new(end(&begun, Outcome::Busy, after, noon())))]).await.unwrap();
    assert!(matches!(&events[..], [EventBody::CallEnded { contact_status: ContactStatus::DoNotCall, .. }]));
    let again = begin(campaign.id, &store.contact(&org(), dan.id).await.unwrap().unwrap(), noon());
    assert_eq!(one(store, vec![Change::BeginAttempt(Box::new(again))]).await, Err(Refusal::DoNotCall));
    // A list that is imported later knows it from the first moment.
    let second = Campaign { id: CampaignId::new(), name: "Second".into(), ..campaign.clone() };
    one(store, vec![Change::SaveCampaign { campaign: Box::new(second.clone()), before: None, at: noon() }])
        .await
        .unwrap();
    let mut import = store.import(&second, ImportMode::Batches(ImportId::new()), noon()).await.unwrap();
    import.add(std::slice::from_ref(&dan.person), 2, 1).await.unwrap();
    import.finish().await.unwrap();
    let page = ContactPage { limit: 10, ..ContactPage::default() };
    let there = store.contacts(&org(), second.id, &page).await.unwrap();
    assert_eq!(there[0].status, ContactStatus::DoNotCall);
    assert_eq!(store.next_due(second.id).await.unwrap(), None);
}

/// The gate looked, then consent was withdrawn, then the attempt is to be committed: it is refused.
async fn withdrawn_in_between(store: &dyn Store, campaign: &Campaign) {
    let mut import = store.import(campaign, ImportMode::Whole, noon()).await.unwrap();
    import.add(&[person(77)], 1, 0).await.unwrap();
    import.finish().await.unwrap();
    let phone = person(77).phone.as_str().to_owned();
    let seen = store.contacts_of(&org(), &phone).await.unwrap().pop().unwrap();
    let withdrawn =
        Change::SetConsent { organization_id: org(), phone: phone.clone(), consent: None, at: noon() };
    one(store, vec![withdrawn]).await.unwrap();
    let attempt = begin(campaign.id, &seen, noon());
    assert_eq!(one(store, vec![Change::BeginAttempt(Box::new(attempt))]).await, Err(Refusal::NotCallable));
    // A change of something else does not bring it back.
    let change = Change::SaveContact {
        organization_id: org(),
        contact_id: seen.id,
        person: Box::new(seen.person.clone()),
        with_consent: false,
        at: noon(),
    };
    one(store, vec![change]).await.unwrap();
    assert_eq!(store.contacts_of(&org(), &phone).await.unwrap()[0].person.consent, None);
    one(store, vec![Change::DeleteContact { organization_id: org(), contact_id: seen.id }]).await.unwrap();
}

async fn added(store: &dyn Store, campaign: &Campaign, person: NewContact) -> Contact {
    let phone = person.phone.as_str().to_owned();
    let mut import = store.import(campaign, ImportMode::Whole, noon()).await.unwrap();
    import.add(&[person], 1, 0).await.unwrap();
    import.finish().await.unwrap();
    let all = store.contacts_of(&org(), &phone).await.unwrap();
    all.into_iter().find(|contact| contact.campaign_id == campaign.id).unwrap()
}

/// A list of one campaign, and an entry that ends.
async fn lists_with_an_end(store: &dyn Store, campaign: &Campaign) {
    let eva = added(store, campaign, person(80)).await;
    let phone = eva.person.phone.as_str();
    let (other, until) = (CampaignId::new(), noon() + chrono::Duration::days(2));
    let listing = Listing {
        list: List::Campaign(campaign.id),
        expires_at: Some(until),
        ..Listing::for_ever(&org(), phone, "import", noon())
    };
    one(store, vec![Change::DoNotCall(Box::new(listing.clone()))]).await.unwrap();
    let listed = async |campaign, at| store.listed(&org(), campaign, &[phone.to_owned()], at).await.unwrap();
    assert_eq!(listed(Some(campaign.id), noon()).await, Some(Listed { until: Some(until) }));
    assert_eq!((listed(Some(other), noon()).await, listed(None, noon()).await), (None, None));
    assert_eq!(listed(Some(campaign.id), until).await, None, "it has ended");
    let held = store.contact(&org(), eva.id).await.unwrap().unwrap();
    assert_eq!((held.status, held.next_attempt_at), (ContactStatus::Held, until));
    let begun = begin(campaign.id, &held, noon());
    assert_eq!(one(store, vec![Change::BeginAttempt(Box::new(begun))]).await, Err(Refusal::DoNotCall));
    let begun = begin(campaign.id, &held, until);
    one(store, vec![Change::BeginAttempt(Box::new(begun.clone()))]).await.unwrap();
    let after = contact_after(Outcome::Busy, 1, &CallSettings::default(), until);
    one(store, vec![Change::EndCall(Box::new(end(&begun, Outcome::Busy, after, until)))]).await.unwrap();
    // What is said for ever is not shortened by a list that ends.
    let never = Listing { expires_at: None, ..listing.clone() };
    for listing in [never, listing] {
        one(store, vec![Change::DoNotCall(Box::new(listing))]).await.unwrap();
    }
    assert_eq!(listed(Some(campaign.id), until).await, Some(Listed { until: None }));
    let rows = store.do_not_call(&org(), Some(campaign.id), "", 10).await.unwrap();
    assert_eq!((rows.len(), rows[0].expires_at), (1, None));
}

async fn one_number_after_the_other(store: &dyn Store, campaign: &Campaign) {
    let mut fay = person(81);
    fay.alternates = vec![Phone::from_e164("+13125550182").unwrap()];
    let fay = added(store, campaign, fay).await;
    assert_eq!(fay.person.alternates.len(), 1);
    let begun = begin(campaign.id, &fay, noon());
    one(store, vec![Change::BeginAttempt(Box::new(begun.clone()))]).await.unwrap();
    let (after, turn) = after_number(Outcome::BadNumber, 1, &fay.numbers(), &CallSettings::default(), noon());
    let ended = EndCall { numbers: Some(turn), ..end(&begun, Outcome::BadNumber, after, noon()) };
    one(store, vec![Change::EndCall(Box::new(ended))]).await.unwrap();
    let fay = store.contact(&org(), fay.id).await.unwrap().unwrap();
    assert_eq!((fay.status, fay.number_turn), (ContactStatus::Retry, 1));
    assert_eq!(fay.dead_numbers, [fay.person.phone.as_str()]);
    assert_eq!(fay.callee().phone.as_str(), "+13125550182");
    let other = BeginAttempt { to: "+13125550182".into(), ..begin(campaign.id, &fay, noon()) };
    let stranger = BeginAttempt { to: "+13125550183".into(), ..other.clone() };
    assert_eq!(one(store, vec![Change::BeginAttempt(Box::new(stranger))]).await, Err(Refusal::NotCallable));
    one(store, vec![Change::BeginAttempt(Box::new(other.clone()))]).await.unwrap();
    let (after, turn) = after_number(Outcome::Busy, 2, &fay.numbers(), &CallSettings::default(), noon());
    assert_eq!(turn.turn, 1, "the dead one is passed over");
    let ended = EndCall { numbers: Some(turn), ..end(&other, Outcome::Busy, after, noon()) };
    one(store, vec![Change::EndCall(Box::new(ended))]).await.unwrap();
    let reset = |statuses| Change::ResetList {
        organization_id: org(),
        campaign_id: campaign.id,
        statuses,
        at: noon(),
    };
    let events = one(store, vec![reset(vec![ContactStatus::Retry, ContactStatus::DoNotCall])]).await.unwrap();
    assert!(matches!(&events[..], [EventBody::ListReset { contacts }] if *contacts >= 1), "{events:?}");
    let fay = store.contact(&org(), fay.id).await.unwrap().unwrap();
    assert_eq!((fay.status, fay.attempts, fay.number_turn), (ContactStatus::New, 0, 1));
    assert_eq!(fay.dead_numbers, [fay.person.phone.as_str()], "a wrong number stays wrong");
    assert!(store.counts(campaign.id).await.unwrap().held >= 0);
}

/// What calls teach, and their recordings: each behind its wall, gone when its time has come, kept under legal hold.
async fn recorded_and_learnt_from(store: &dyn Store, campaign: &Campaign) {
    let script = ScriptId::new();
    let mut calls = Vec::new();
    for n in 90..93 {
        let contact = added(store, campaign, person(n)).await;
        let begun = begin(campaign.id, &contact, noon());
        one(store, vec![Change::BeginAttempt(Box::new(begun.clone()))]).await.unwrap();
        let after = ContactAfter { status: ContactStatus::Contacted, next_attempt_at: noon() };
        let ended = EndCall {
            script_id: Some(script),
            last_step: Some("pitch".into()),
            answered_at: Some(noon()),
            ..end(&begun, Outcome::HungUp, after, noon())
        };
        one(store, vec![Change::EndCall(Box::new(ended))]).await.unwrap();
        calls.push((begun.key.call_id, contact.person.phone.as_str().to_owned()));
    }
    let lessons = store.lessons(campaign.id, noon(), noon() + Duration::hours(1)).await.unwrap();
    let own: Vec<_> = lessons.iter().filter(|lesson| lesson.script_id == Some(script)).collect();
    assert_eq!((own.len(), own[0].calls, own[0].step.as_deref()), (1, 3, Some("pitch")));
    assert_eq!(own[0].satisfaction, Some(5));
    let used = store.number_use(&org(), noon()).await.unwrap();
    let used = used.iter().find(|used| used.number == "+13125550199").unwrap();
    assert!(used.calls >= 3 && used.answered >= 3 && used.last_at.is_some(), "{used:?}");
    assert!(store.number_use(&OrganizationId("other".into()), noon()).await.unwrap().is_empty());

    let tomorrow = noon() + Duration::days(1);
    for (n, (call_id, _)) in calls.iter().enumerate() {
        let row = RecordingRow {
            call_id: call_id.clone(),
            organization_id: org(),
            place: format!("default/2026-01-15/{n}.wav"),
            seconds: 42,
            bytes: 1_344_044,
            created_at: noon(),
            delete_at: Some(if n == 2 { tomorrow } else { noon() }),
        };
        one(store, vec![Change::SaveRecording(Box::new(row))]).await.unwrap();
    }
    let filter = CallFilter { text: None, limit: Some(500), ..CallFilter::default() };
    let (history, _) = store.calls(&org(), &filter, None).await.unwrap();
    assert_eq!(history.iter().filter(|call| call.recorded).count(), 3);
    assert!(store.recording(&org(), &calls[0].0).await.unwrap().is_some());
    let other = OrganizationId("other".into());
    assert!(store.recording(&other, &calls[0].0).await.unwrap().is_none(), "the wall holds");
    let due = async |now| {
        let rows = store.recordings_due(now, "", 10).await.unwrap();
        rows.into_iter().map(|row| row.place).collect::<Vec<_>>()
    };
    let hold = HoldRow {
        phone: calls[1].1.clone(),
        reason: "a claim".into(),
        placed_by: "sue".into(),
        created_at: noon(),
    };
    store.place_hold(&org(), &hold).await.unwrap();
    assert_eq!(due(noon()).await, ["default/2026-01-15/0.wav"]);
    store.lift_hold(&org(), &hold.phone).await.unwrap();
    assert_eq!(due(noon()).await.len(), 2);
    // Who is erased takes their recording with them, at once.
    store.erase(&org(), &calls[2].1).await.unwrap();
    assert_eq!(due(Utc::now()).await.len(), 3);
    for (call_id, _) in &calls {
        one(store, vec![Change::ForgetRecording { call_id: call_id.clone() }]).await.unwrap();
    }
    assert!(due(Utc::now()).await.is_empty());
}

async fn everywhere_and_erased(store: &dyn Store, campaign: &Campaign) {
    let phone = person(80).phone.as_str().to_owned();
    // Everywhere is in every organization.
    let organization = OrganizationId("elsewhere".into());
    store.save_organization(&organization, "Elsewhere", noon()).await.unwrap();
    let everywhere = Listing { list: List::Everywhere, ..Listing::for_ever(&org(), &phone, "voice", noon()) };
    one(store, vec![Change::DoNotCall(Box::new(everywhere))]).await.unwrap();
    assert!(store.listed(&organization, None, std::slice::from_ref(&phone), noon()).await.unwrap().is_some());
    // Erasing a contact's other number leaves it without it.
    store.erase(&org(), "+13125550182").await.unwrap();
    let fay = store.contacts_of(&org(), person(81).phone.as_str()).await.unwrap();
    let fay = fay.iter().find(|contact| contact.campaign_id == campaign.id).unwrap();
    assert!(fay.person.alternates.is_empty());
}

async fn counted_by_debt(store: &dyn Store, campaign: &Campaign) {
    let gus = added(store, campaign, person(84)).await;
    let since = noon() - chrono::Duration::days(7);
    let subject = |caps, quiet_since| Some(Subject { name: "A-7".into(), caps, quiet_since });
    let first = BeginAttempt { subject: subject(vec![(since, 1)], None), ..begin(campaign.id, &gus, noon()) };
    one(store, vec![Change::BeginAttempt(Box::new(first.clone()))]).await.unwrap();
    let after = contact_after(Outcome::NoAnswer, 1, &CallSettings::default(), noon());
    one(store, vec![Change::EndCall(Box::new(end(&first, Outcome::NoAnswer, after, noon())))]).await.unwrap();
    let about = store.calls_about(&org(), "A-7", since).await.unwrap();
    assert_eq!((about.len(), about[0].talked), (1, false));
    // The same debt at another number of another contact counts with it.
    let hal = added(store, campaign, person(85)).await;
    let again =
        |caps, quiet| BeginAttempt { subject: subject(caps, quiet), ..begin(campaign.id, &hal, noon()) };
    let capped = again(vec![(since, 1)], None);
    assert_eq!(one(store, vec![Change::BeginAttempt(Box::new(capped))]).await, Err(Refusal::Capped));
    let second = again(vec![(since, 2)], Some(since));
    one(store, vec![Change::BeginAttempt(Box::new(second.clone()))]).await.unwrap();
    let answered = EndCall {
        answered_at: Some(noon()),
        ..end(
            &second,
            Outcome::Callback,
            contact_after(Outcome::Callback, 1, &CallSettings::default(), noon()),
            noon(),
        )
    };
    one(store, vec![Change::EndCall(Box::new(answered))]).await.unwrap();
    let ida = added(store, campaign, person(86)).await;
    let quiet = BeginAttempt { subject: subject(vec![], Some(since)), ..begin(campaign.id, &ida, noon()) };
    assert_eq!(one(store, vec![Change::BeginAttempt(Box::new(quiet))]).await, Err(Refusal::Capped));
}

async fn writing_down(store: &dyn Store) {
    for n in 0..3 {
        let entry = AuditEntry {
            organization_id: org(),
            at: noon() + chrono::Duration::nanoseconds(123_456_789),
            actor: "sue".into(),
            command: "queue.start".into(),
            target: n.to_string(),
            detail: serde_json::json!({ "b": 1.5, "a": ["x", null] }),
            result: "done".into(),
        };
        one(store, vec![Change::Audit(entry)]).await.unwrap();
    }
    assert_eq!(store.audit(&org(), None, 2).await.unwrap()[0].entry.target, "2");
    assert_eq!(store.verify_audit().await.unwrap(), Ok(3));
}

async fn in_order(store: &dyn Store) {
    let last = store.last_seq().await.unwrap();
    let events = store.events_after(&org(), 0, 10_000).await.unwrap();
    let seqs: Vec<i64> = events.iter().map(|e| e.seq).collect();
    assert_eq!(seqs, (1..=last).collect::<Vec<_>>(), "no gap, no repeat");
    assert_eq!(store.events_after(&org(), last - 2, 10).await.unwrap().len(), 2);
    assert!(
        store.events_after(&OrganizationId("other".into()), 0, 10).await.unwrap().is_empty(),
        "the wall holds"
    );
}

async fn going(store: &dyn Store, campaign: &Campaign) {
    let page = ContactPage { limit: 1, ..ContactPage::default() };
    let contact = store.contacts(&org(), campaign.id, &page).await.unwrap().remove(0);
    one(store, vec![Change::DeleteContact { organization_id: org(), contact_id: contact.id }]).await.unwrap();
    let gone = Change::DeleteCampaign {
        organization_id: org(),
        campaign_id: campaign.id,
        name: campaign.name.clone(),
        at: noon(),
    };
    one(store, vec![gone.clone()]).await.unwrap();
    assert!(matches!(one(store, vec![gone]).await, Err(Refusal::NotFound(_))));
    assert!(
        !store.calls(&org(), &CallFilter::default(), None).await.unwrap().0.is_empty(),
        "calls stay on record"
    );
}

#[tokio::test]
async fn on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    story(open(&folder.path().join("deep/er/d.sqlite").to_string_lossy()).await.unwrap()).await;
}

#[tokio::test]
async fn on_postgres() {
    let postgres = Postgres::start().unwrap();
    story(open(&postgres.database().await.unwrap()).await.unwrap()).await;
}

#[tokio::test]
async fn a_changed_audit_line_shows() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("d.sqlite").to_string_lossy().into_owned();
    let store = open(&file).await.unwrap();
    writing_down(store.as_ref()).await;
    let pool = sqlx::SqlitePool::connect(&file).await.unwrap();
    sqlx::query("UPDATE audit SET actor = 'bob' WHERE id = 2").execute(&pool).await.unwrap();
    assert_eq!(store.verify_audit().await.unwrap(), Err(2));
}

#[tokio::test]
async fn existing_users_sql_runs_on_postgres() {
    let postgres = Postgres::start().unwrap();
    let url = postgres.database().await.unwrap();
    let store = open(&url).await.unwrap();
    let campaign = setting_up(store.as_ref()).await;
    importing(store.as_ref(), &campaign).await;
    calling(store.as_ref(), &campaign).await;
    let pool = sqlx::PgPool::connect(&url).await.unwrap();
    let types: Vec<(String, String, String)> = sqlx::query_as(
        "SELECT table_name::text, column_name::text, data_type::text FROM information_schema.columns \
         WHERE table_name IN ('calls', 'call_events', 'contacts', 'campaigns')",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    let expected = [
        ("calls", "id", "character varying"),
        ("calls", "campaign_id", "uuid"),
        ("calls", "duration", "integer"),
        ("calls", "transcript", "text"),
        ("calls", "intent_score", "numeric"),
        ("calls", "ai_insights", "jsonb"),
        ("calls", "cost", "numeric"),
        ("calls", "automated", "boolean"),
        ("calls", "created_at", "timestamp without time zone"),
        ("campaigns", "call_settings", "jsonb"),
        ("call_events", "id", "bigint"),
        ("call_events", "event_data", "jsonb"),
        ("contacts", "retry_count", "integer"),
        ("contacts", "last_contacted", "timestamp without time zone"),
    ];
    for (table, column, kind) in expected {
        assert!(types.contains(&(table.into(), column.into(), kind.into())), "{table}.{column} is no {kind}");
    }
    let (name, total, good, average): (String, i64, i64, Option<f64>) = sqlx::query_as(
        "SELECT c.name, COUNT(k.id), COUNT(k.id) FILTER (WHERE k.outcome IN ('interested', 'scheduled')), \
         AVG(k.duration)::float8 FROM campaigns c LEFT JOIN calls k ON k.campaign_id = c.id GROUP BY c.name",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    assert_eq!((name.as_str(), total, good, average), ("Spring", 1, 1, Some(42.0)));
    let (completed, csat): (i64, Option<f64>) = sqlx::query_as(
        "SELECT COUNT(*) FILTER (WHERE status = 'completed'), AVG(csat_score)::float8 FROM calls \
         WHERE created_at::date = '2026-01-15'",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    assert_eq!((completed, csat), (1, Some(5.0)));
    let (said, turn): (String, i32) = sqlx::query_as(
        "SELECT event_data->>'user_input', (event_data->>'turn')::int FROM call_events WHERE event_type = 'ai_conversation'",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    assert_eq!((said.as_str(), turn), ("yes", 2));
}

/// A record of the first version, with a call and an event in it.
const OLD: &[&str] = &[
    "INSERT INTO calls (id, organization_id, status, transcript, to_number, channel_id, created_at, updated_at, owner) \
     VALUES ('old', 'default', 'completed', 'Customer: about the greenhouse', '+13125550100', 'c', \
     '2026-01-15 18:00:00', '2026-01-15 18:01:00', 'main')",
    "UPDATE event_counter SET value = 7",
    "INSERT INTO events (seq, organization_id, call_id, type, body, at) VALUES (7, 'default', 'old', 'do_not_call_added', \
     '{\"type\": \"do_not_call_added\", \"source\": \"voice\"}', '2026-01-15 18:00:30')",
];

/// A folder with the first migration only.
fn first_migration(engine: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let name = "0001_record.sql";
    let from = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations").join(engine).join(name);
    std::fs::copy(from, folder.path().join(name)).unwrap();
    folder
}

async fn taken_along(store: Arc<dyn Store>) {
    let filter = CallFilter { text: Some("greenhouse".into()), ..CallFilter::default() };
    let (found, _) = store.calls(&org(), &filter, None).await.unwrap();
    assert_eq!(found[0].id.as_str(), "old", "what was said before is found");
    assert_eq!(store.events_after(&org(), 0, 10).await.unwrap()[0].seq, 7);
    assert_eq!(store.last_seq().await.unwrap(), 7);

    let now = Utc::now();
    let message = Change::Message {
        organization_id: org(),
        to: UserId::new(),
        from: "sue".into(),
        text: "hello".into(),
        at: now,
    };
    let keeps = Retention {
        events: Some(now + Duration::seconds(1)),
        transcripts: None,
        calls: None,
        housekeeping: now,
    };
    let mut last = 7;
    for count in [1, 2, 33] {
        store.purge(&keeps, false).await.unwrap();
        assert_eq!(store.last_seq().await.unwrap(), last, "what was told is over, not undone");
        let committed = store.commit(&vec![vec![message.clone()]; count]).await.unwrap();
        let numbers: Vec<i64> =
            committed.into_iter().flat_map(|events| events.unwrap()).map(|e| e.seq).collect();
        assert_eq!(
            numbers,
            (last + 1..).take(count).collect::<Vec<_>>(),
            "no number is left out, and none given again"
        );
        last += i64::try_from(count).unwrap();
    }
}

#[tokio::test]
async fn a_record_of_the_first_version_is_taken_along() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("old.sqlite").display().to_string();
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&file).create_if_missing(true);
    let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
    sqlx::migrate::Migrator::new(first_migration("sqlite").path()).await.unwrap().run(&pool).await.unwrap();
    for sql in OLD {
        sqlx::query(*sql).execute(&pool).await.unwrap();
    }
    pool.close().await;
    taken_along(open(&file).await.unwrap()).await;

    let server = Postgres::start().unwrap();
    let url = server.database().await.unwrap();
    let pool = sqlx::PgPool::connect(&url).await.unwrap();
    sqlx::migrate::Migrator::new(first_migration("postgres").path()).await.unwrap().run(&pool).await.unwrap();
    for sql in OLD {
        sqlx::query(*sql).execute(&pool).await.unwrap();
    }
    pool.close().await;
    taken_along(open(&url).await.unwrap()).await;
}
