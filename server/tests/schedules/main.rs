//! Whatever answers, hang-ups, agents' moves and crashes come in whatever order: no call outside the rules, over the
//! attempts, twice for one attempt, or over the trunks; and in the end nothing is left open.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends where it cannot go on"
)]

mod network;

use chrono::Utc;
use dialdeck_protocol::{
    CallSettings, CampaignId, CampaignStatus, CampaignType, ContactStatus, DialMode, OrganizationId, People,
    PhoneKind, PhoneNumberId, Role, UserId,
};
use dialdeck_server::bus::Bus;
use dialdeck_server::dialer::disposition::Said;
use dialdeck_server::dialer::{Dialer, Tools};
use dialdeck_server::domain::agent::{LogIn, Pause};
use dialdeck_server::domain::caller::Caller;
use dialdeck_server::domain::campaign::{Campaign, PhoneNumber};
use dialdeck_server::domain::catalog::{Disposition, Noun};
use dialdeck_server::domain::contact::{Consent, NewContact};
use dialdeck_server::domain::cost::Rates;
use dialdeck_server::domain::do_not_call::Listing;
use dialdeck_server::domain::gate::Hours;
use dialdeck_server::domain::phone::Phone;
use dialdeck_server::lawbook::Lawbook;
use dialdeck_server::storage::keeping::EntryRow;
use dialdeck_server::storage::{Change, ContactPage, ImportMode, Journal, NewUser, Store, open};
use dialdeck_server::voice::cast::{Cast, Roles};
use dialdeck_server::voice::conversation::Providers;
use dialdeck_server::voice::detector::Detection;
use dialdeck_server::voice::recognise::text::TextRecogniser;
use dialdeck_server::voice::synthesise::Voice;
use dialdeck_server::voice::synthesise::text::TextSynthesiser;
use dialdeck_server::voice::timing::Timing;
use dialdeck_testkit::people::number;
use dialdeck_testkit::wait::until;
use network::{Access, Network};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

/// Trunks of the campaign.
const TRUNKS: u32 = 4;
/// Further attempts after the first.
const AGAIN: u32 = 1;
/// Contacts who may be called.
const PEOPLE: u8 = 14;

/// Something that happens.
#[derive(Debug, Clone, Copy)]
enum Step {
    LogIn(usize),
    LogOut(usize),
    Ready(usize),
    Pause(usize),
    Dispose(usize),
    Dial(usize, u8),
    Skip(usize),
    HangUp,
    CutPhone,
    NeverAgain(u8),
    Mode(DialMode),
    Crash,
}

fn steps() -> impl Strategy<Value = Vec<(Step, u64)>> {
    let who = 0usize..3;
    let step = prop_oneof![
        3 => who.clone().prop_map(Step::LogIn),
        1 => who.clone().prop_map(Step::LogOut),
        8 => who.clone().prop_map(Step::Ready),
        2 => who.clone().prop_map(Step::Pause),
        8 => who.clone().prop_map(Step::Dispose),
        2 => (who.clone(), 0..PEOPLE).prop_map(|(who, n)| Step::Dial(who, n)),
        1 => who.prop_map(Step::Skip),
        3 => Just(Step::HangUp),
        1 => Just(Step::CutPhone),
        1 => (0..PEOPLE).prop_map(Step::NeverAgain),
        1 => prop_oneof![Just(DialMode::Preview), Just(DialMode::Progressive), Just(DialMode::Predictive)]
            .prop_map(Step::Mode),
        1 => Just(Step::Crash),
    ];
    proptest::collection::vec((step, 0u64..120), 40..90)
}

/// A server's insides, in a runtime of their own: a crash is the end of that runtime.
struct Server {
    runtime: Runtime,
    store: Arc<dyn Store>,
    journal: Journal,
    dialer: Dialer,
}

impl Server {
    fn start(file: &Path, network: &Arc<Network>) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let (file, network) = (file.to_string_lossy().into_owned(), network.clone());
        let (store, journal, dialer) = runtime.handle().clone().block_on(async move {
            let store = open(&file).await.unwrap();
            let journal = Journal::start(store.clone(), Bus::default());
            let words = Providers {
                tap: None,
                recogniser: Arc::new(TextRecogniser),
                synthesiser: Arc::new(TextSynthesiser),
                voice: Voice::default(),
                chat: None,
                timing: Timing::default().faster(40.0),
                detection: Detection::Neural,
            };
            let dialer = Dialer::start(Tools {
                store: store.clone(),
                journal: journal.clone(),
                telephony: Arc::new(Access(network)),
                words,
                sound: Err("words".into()),
                name: "main".into(),
                max_calls: 100,
                rates: Rates { currency: "USD".into(), per_minute: 0.0, per_1000_characters: 0.0 },
                hours: Hours::default(),
                law: Lawbook::open(None, CancellationToken::new()).unwrap(),
                in_words: true,
                cast: Arc::new(Cast::new(
                    Roles::default(),
                    None,
                    Arc::new(TextSynthesiser),
                    Voice::default(),
                    Arc::new(|_, _| {}),
                )),
                carriers: Arc::new(|_, _| None),
                recordings: None,
            });
            (store, journal, dialer)
        });
        Self { runtime, store, journal, dialer }
    }

    fn run<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }
}

fn organization() -> OrganizationId {
    OrganizationId("default".into())
}

/// Numbers at which it is night now, so that the law forbids to call them.
fn asleep() -> &'static str {
    match Utc::now().format("%H").to_string().parse::<u8>().unwrap() {
        // In summer and in winter, with an hour to spare for the test.
        7..=12 => "+131255502",
        13..=20 => "+612555020",
        _ => "+4420794601",
    }
}

struct Scene {
    campaign: Campaign,
    agents: Vec<UserId>,
    never: BTreeSet<String>,
    file: std::path::PathBuf,
    _home: tempfile::TempDir,
}

/// A campaign, its people, three agents and two dispositions in a fresh record.
async fn scene() -> Scene {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("record.sqlite");
    let store = open(&file.to_string_lossy()).await.unwrap();
    let now = Utc::now();
    let number_id = PhoneNumberId::new();
    let caller = PhoneNumber { id: number_id, number: "+13125550199".into(), label: String::new() };
    let people = People {
        mode: DialMode::Predictive,
        abandon_message: "Example, press 9".into(),
        calls_per_second: 50,
        ..People::default()
    };
    let campaign = Campaign {
        id: CampaignId::new(),
        organization_id: organization(),
        name: "Any".into(),
        kind: CampaignType::ALL[0],
        status: CampaignStatus::Active,
        description: String::new(),
        script_id: None,
        call_settings: CallSettings {
            max_concurrent_calls: TRUNKS,
            retry_attempts: AGAIN,
            retry_delay_minutes: 1,
            people: Some(people),
            ..CallSettings::default()
        },
        phone_number_id: Some(number_id),
    };
    let mut deed = vec![
        Change::SavePhoneNumber { organization_id: organization(), number: caller, at: now },
        Change::SaveCampaign { campaign: Box::new(campaign.clone()), before: None, at: now },
    ];
    let mut never: BTreeSet<String> = (0..3).map(|n| format!("{}{n:02}", asleep())).collect();
    let listed: Vec<String> = (90..93).map(number).collect();
    for phone in &listed {
        let listing = Listing::for_ever(&organization(), phone, "import", now);
        deed.push(Change::DoNotCall(Box::new(listing)));
    }
    for (code, outcome) in [("NI", "not_interested"), ("NA", "no_answer")] {
        let mut noun: Disposition =
            serde_json::from_value(serde_json::json!({ "code": code, "label": code, "outcome": outcome }))
                .unwrap();
        noun.check().unwrap();
        let entry = EntryRow {
            id: dialdeck_protocol::EntryId::new(),
            organization_id: organization(),
            kind: Disposition::KIND.into(),
            campaign_id: None,
            name: code.into(),
            body: serde_json::to_value(&noun).unwrap(),
            secret: String::new(),
            created_at: now,
            updated_at: now,
        };
        deed.push(Change::SaveEntry { entry: Box::new(entry), at: now });
    }
    store.commit(&[deed]).await.unwrap().remove(0).unwrap();
    let phones: Vec<String> = (0..PEOPLE).map(number).chain(never.clone()).chain(listed.clone()).collect();
    let consent = Consent { basis: "written".into(), at: None, source: "form".into() };
    let contacts: Vec<NewContact> = phones
        .iter()
        .map(|phone| NewContact {
            consent: Some(consent.clone()),
            ..NewContact::numbered(Phone::parse(phone, "US").unwrap())
        })
        .collect();
    let mut import = store.import(&campaign, ImportMode::Whole, now).await.unwrap();
    import.add(&contacts, 1, 0).await.unwrap();
    import.finish().await.unwrap();
    let mut agents = Vec::new();
    for name in ["ann", "bob", "cid"] {
        let user = NewUser {
            organization_id: organization(),
            name: name.into(),
            role: Role::Agent,
            password_hash: String::new(),
            campaigns: None,
            at: now,
        };
        agents.push(store.add_user(&user).await.unwrap());
    }
    never.extend(listed);
    Scene { campaign, agents, never, file, _home: home }
}

async fn happens(server: &Server, scene: &mut Scene, network: &Network, step: Step) {
    let (agents, org) = (server.dialer.agents(), organization());
    match step {
        Step::LogIn(n) => {
            let who = LogIn {
                organization_id: org,
                user_id: scene.agents[n],
                name: format!("agent {n}"),
                extension: "PJSIP/6001".into(),
                phone: if n == 2 { PhoneKind::PerCall } else { PhoneKind::NailedUp },
                campaigns: Vec::new(),
                ranks: BTreeMap::new(),
            };
            let _ = agents.log_in(who).await;
        }
        Step::LogOut(n) => drop(agents.log_out(&org, scene.agents[n], false).await),
        Step::Ready(n) => drop(agents.ready(&org, scene.agents[n]).await),
        Step::Pause(n) => drop(agents.pause(&org, scene.agents[n], Pause::because("X")).await),
        Step::Dispose(n) => {
            let Some(row) = agents.find(&org, scene.agents[n]) else { return };
            let Some(call_id) = row.call_id.filter(|_| row.disposition_due) else { return };
            let said = Said {
                organization_id: org,
                user_id: scene.agents[n],
                name: row.name,
                call_id,
                disposition: if row.calls % 2 == 0 { "NI" } else { "NA" }.into(),
                note: String::new(),
                callback_at: None,
                by_itself: false,
            };
            let _ = server.dialer.dispose(said).await;
        }
        Step::Dial(n, contact) => {
            let page = ContactPage { limit: 100, ..ContactPage::default() };
            let contacts = server.store.contacts(&org, scene.campaign.id, &page).await.unwrap();
            // Any of them: also those whom nobody may call.
            let contact = contacts[usize::from(contact) * contacts.len() / usize::from(PEOPLE)].id;
            let _ = server.dialer.dial_for(&org, scene.agents[n], contact).await;
        }
        Step::Skip(n) => drop(agents.skip(&org, scene.agents[n]).await),
        Step::HangUp => network.hang_up_somebody(),
        Step::CutPhone => network.cut_a_phone(),
        Step::NeverAgain(n) => {
            let listing = Listing::for_ever(&org, &number(n), "api", Utc::now());
            let change = Change::DoNotCall(Box::new(listing.clone()));
            server.journal.commit(vec![change]).await.unwrap();
            server.dialer.end_listed(&listing);
        }
        Step::Mode(mode) => {
            let before = Some(Box::new(scene.campaign.clone()));
            if let Some(people) = &mut scene.campaign.call_settings.people {
                people.mode = mode;
            }
            let campaign = Box::new(scene.campaign.clone());
            let change = Change::SaveCampaign { campaign, before, at: Utc::now() };
            server.journal.commit(vec![change]).await.unwrap();
        }
        Step::Crash => {}
    }
}

fn schedule(seed: u64, steps: Vec<(Step, u64)>) -> Result<(), TestCaseError> {
    let outside = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let mut scene = outside.block_on(scene());
    let network = outside.block_on(async { Network::new(seed, scene.never.clone()) });
    let mut server = Server::start(&scene.file, &network);
    let permit = Caller::operator(organization()).permit().unwrap();
    server.run(server.dialer.start_queue(&permit, scene.campaign.id, None, None)).unwrap();
    for n in 0..3 {
        server.run(happens(&server, &mut scene, &network, Step::LogIn(n)));
    }
    for (step, wait) in steps {
        if matches!(step, Step::Crash) {
            // As a power cut: nothing of it gets another turn.
            server.runtime.shutdown_timeout(Duration::ZERO);
            server = Server::start(&scene.file, &network);
            continue;
        }
        server.run(happens(&server, &mut scene, &network, step));
        outside.block_on(async { tokio::time::sleep(Duration::from_millis(wait)).await });
    }
    let organization = organization();
    server.run(async {
        until("what the crash left to be settled", || async { server.dialer.has_recovered().then_some(()) })
            .await;
        let _ = server.dialer.stop_queue(&permit, scene.campaign.id).await;
        server.dialer.close(Duration::ZERO).await;
    });
    let (wrong, placed, most) = network.account();
    prop_assert!(wrong.is_empty(), "{wrong:?}");
    prop_assert!(most <= TRUNKS as usize, "{most} calls at once over {TRUNKS} trunks");
    prop_assert_eq!(network.busy(), 0, "a line was left open");
    let page = ContactPage { limit: 100, ..ContactPage::default() };
    let contacts = server.run(server.store.contacts(&organization, scene.campaign.id, &page)).unwrap();
    let (calls, _) = server
        .run(server.store.calls(
            &organization,
            &dialdeck_protocol::CallFilter { limit: Some(500), ..Default::default() },
            None,
        ))
        .unwrap();
    for call in &calls {
        prop_assert!(call.status.is_final(), "{call:?}");
    }
    for (id, phone) in &placed {
        prop_assert!(calls.iter().any(|call| call.id == *id), "{id} was placed and is not in the record");
        let decisions = server.run(server.store.decisions(&organization, phone)).unwrap();
        let own = decisions.iter().find(|d| d.call_id.as_deref() == Some(id.as_str()));
        prop_assert!(own.is_some_and(|d| d.rule == "allowed"), "{id}: {own:?}");
    }
    for contact in contacts {
        prop_assert_ne!(contact.status, ContactStatus::Pending, "{:?}", contact);
        let dialled = placed.values().filter(|phone| *phone == contact.person.phone.as_str()).count();
        prop_assert!(
            dialled <= usize::try_from(contact.attempts).unwrap(),
            "{contact:?} was dialled {dialled} times"
        );
    }
    server.runtime.shutdown_timeout(Duration::ZERO);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, max_shrink_iters: 20, ..ProptestConfig::default() })]
    #[test]
    fn whatever_happens(seed: u64, steps in steps()) {
        schedule(seed, steps)?;
    }
}
