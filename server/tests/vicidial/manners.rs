//! What a VICIdial that misbehaves does to us, and what we do not do to it.

use dialdeck_server::connectors::vicidial::action::{Args, Request};
use dialdeck_server::connectors::vicidial::wire::{Class, Trouble};
use dialdeck_server::connectors::vicidial::{RereadByName, Vicidials};
use dialdeck_server::settings::Vicidial as Settings;
use dialdeck_testkit::vicidial::{Misbehaviour, Vicidial};
use std::sync::{Arc, Mutex};
use tokio_util::sync::CancellationToken;

/// Settings that can be changed while somebody uses them, as a file can.
type Shared = Arc<Mutex<Settings>>;

fn settings(url: &str, user: &str, password: &str) -> Settings {
    Settings {
        url: url.into(),
        user: user.into(),
        password: password.into(),
        timeout_seconds: 1,
        per_second: 1000,
        ..Settings::default()
    }
}

fn reach(settings: &Settings) -> (Vicidials, Shared) {
    let shared: Shared = Arc::new(Mutex::new(settings.clone()));
    let own = shared.clone();
    let reread: RereadByName = Arc::new(move |_| Some(own.lock().unwrap().clone()));
    let all = [("main".to_owned(), settings.clone())].into();
    (Vicidials::start(&all, &reread, &CancellationToken::new()).unwrap(), shared)
}

async fn ask(vicidials: &Vicidials, function: &str, args: &[(&str, &str)]) -> Result<usize, Trouble> {
    let connector = vicidials.get("").unwrap();
    let args: Args = args.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    let request = connector.prepare(function, args).unwrap();
    connector.call(&request).await.map(|(answer, _)| answer.table.rows.len())
}

const STATUS: (&str, &[(&str, &str)]) = ("agent_status", &[("agent_user", "1002")]);

#[tokio::test]
async fn each_class_of_trouble_and_no_question_too_many() {
    let fake = Vicidial::start().await.unwrap();
    let (all, _) = reach(&settings(&fake.url, "apiuser", "apipass1"));
    assert_eq!(ask(&all, STATUS.0, STATUS.1).await, Ok(1));
    for (misbehaves, class, times) in [
        (Misbehaviour::Failing, Class::ServerFailed, 3),
        (Misbehaviour::WebPage, Class::WebPage, 3),
        (Misbehaviour::Redirecting, Class::WebPage, 3),
        (Misbehaviour::Half, Class::CutShort, 3),
    ] {
        fake.state().misbehaves = misbehaves.clone();
        fake.state().asked.clear();
        let trouble = ask(&all, STATUS.0, STATUS.1).await.unwrap_err();
        assert_eq!(trouble.class, class, "{misbehaves:?}: {trouble:?}");
        // What only tells is asked again, twice; what does something never is.
        assert_eq!(fake.state().asked.len(), times, "{misbehaves:?}");
        fake.state().asked.clear();
        let pause = [("agent_user", "1001"), ("value", "PAUSE")];
        let trouble = ask(&all, "external_pause", &pause).await.unwrap_err();
        assert!(trouble.class == class || trouble.class == Class::WebPage, "{misbehaves:?}: {trouble:?}");
        assert_eq!(fake.state().asked.len(), 1, "{misbehaves:?}");
    }
    fake.state().misbehaves = Misbehaviour::Not;
    assert_eq!(ask(&all, STATUS.0, STATUS.1).await, Ok(1));
    for (function, args, class) in [
        ("external_pause", &[("agent_user", "1009"), ("value", "PAUSE")][..], Class::AgentNotLoggedIn),
        ("external_dial", &[("agent_user", "1002"), ("value", "7275551212")], Class::AgentState),
        ("update_lead", &[("lead_id", "99999"), ("last_name", "X")], Class::NotFound),
        (
            "add_dnc_phone",
            &[("phone_number", "7275550666"), ("campaign_id", "SYSTEM_INTERNAL")],
            Class::Duplicate,
        ),
        ("update_campaign", &[("campaign_id", "TESTCAMP")], Class::NothingChanged),
    ] {
        assert_eq!(ask(&all, function, args).await.unwrap_err().class, class, "{function}");
    }
}

#[tokio::test]
async fn a_server_that_hangs_or_is_gone_is_left_alone() {
    let fake = Vicidial::start().await.unwrap();
    fake.state().misbehaves = Misbehaviour::Hanging;
    let (all, _) = reach(&settings(&fake.url, "apiuser", "apipass1"));
    let pause = [("agent_user", "1001"), ("value", "PAUSE")];
    for _ in 0..5 {
        assert_eq!(ask(&all, "external_pause", &pause).await.unwrap_err().class, Class::TimedOut);
    }
    let before = fake.state().asked.len();
    let trouble = ask(&all, "external_pause", &pause).await.unwrap_err();
    assert!(trouble.message.starts_with("not asked"), "{trouble:?}");
    assert_eq!(fake.state().asked.len(), before);
    let gone = "http://127.0.0.1:9";
    let (all, _) = reach(&settings(gone, "apiuser", "apipass1"));
    assert_eq!(ask(&all, STATUS.0, STATUS.1).await.unwrap_err().class, Class::Unreachable);
}

#[tokio::test]
async fn a_wrong_password_is_tried_three_times_and_a_new_one_is_taken_up() {
    let fake = Vicidial::start().await.unwrap();
    let (all, shared) = reach(&settings(&fake.url, "apiuser", "s3cret-wrong"));
    for n in 1..=6 {
        let trouble = ask(&all, STATUS.0, STATUS.1).await.unwrap_err();
        let class = if n <= 3 { Class::LoginRefused } else { Class::Stopped };
        assert_eq!(trouble.class, class, "try {n}");
        assert!(!trouble.message.contains("s3cret"), "{trouble:?}");
    }
    // Far from the ten that lock the user.
    assert_eq!(fake.state().accounts["apiuser"].failures, 3);
    shared.lock().unwrap().password = "apipass1".into();
    assert_eq!(ask(&all, STATUS.0, STATUS.1).await, Ok(1));
    let log = serde_json::to_string(&all.log.last(100)).unwrap();
    assert!(!log.contains("s3cret-wrong") && !log.contains("apipass1"), "{log}");
    assert!(!log.contains("7275551002") && log.contains("…1002"), "{log}");
}

#[tokio::test]
async fn who_may_not_is_told_what_is_missing() {
    let fake = Vicidial::start().await.unwrap();
    for (user, class) in [
        ("apifew", Class::FunctionNotAllowed),
        ("apioff", Class::RightMissing),
        ("apilow", Class::LoginRefused),
        ("nosuch", Class::LoginRefused),
    ] {
        let (all, _) = reach(&settings(&fake.url, user, "apipass1"));
        let trouble = ask(&all, "campaigns_list", &[]).await.unwrap_err();
        assert_eq!(trouble.class, class, "{user}");
        assert!(!trouble.class.remedy().is_empty());
    }
    fake.state().accounts.get_mut("apiuser").unwrap().failures = 10;
    let (all, _) = reach(&settings(&fake.url, "apiuser", "apipass1"));
    assert_eq!(ask(&all, STATUS.0, STATUS.1).await.unwrap_err().class, Class::Locked);
    let before = fake.state().asked.len();
    assert_eq!(ask(&all, STATUS.0, STATUS.1).await.unwrap_err().class, Class::Locked);
    // A locked user is not asked for: each question would begin the fifteen minutes anew.
    assert_eq!(fake.state().asked.len(), before);
}

#[tokio::test]
async fn custom_fields_of_a_new_lead_are_stored_all_the_same() {
    let fake = Vicidial::start().await.unwrap();
    let (all, _) = reach(&settings(&fake.url, "apiuser", "apipass1"));
    let connector = all.get("main").unwrap();
    let args =
        [("phone_number", "+1 727 555 3012"), ("list_id", "101"), ("first_name", "Al"), ("favcolor", "red")];
    let args: Args = args.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    let request = connector.prepare("add_lead", args).unwrap();
    let (answer, _) = connector.call(&request).await.unwrap();
    let id: i64 = answer.field("lead_id").unwrap().parse().unwrap();
    let lead = fake.state().leads[&id].clone();
    assert_eq!((lead.fields["first_name"].as_str(), lead.custom["favcolor"].as_str()), ("Al", "red"));
}

#[tokio::test]
async fn tls_is_verified() {
    let authority = rcgen::generate_simple_self_signed(vec!["127.0.0.1".into()]).unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    let config = axum_server::tls_rustls::RustlsConfig::from_pem(
        authority.cert.pem().into_bytes(),
        authority.signing_key.serialize_pem().into_bytes(),
    )
    .await
    .unwrap();
    let app = axum::Router::new()
        .fallback(|| async { "VERSION: 2.14-81|BUILD: 1|DATE: 2026-11-20 23:36:56|EPOCH: 1\n" });
    tokio::spawn(axum_server::from_tcp_rustls(listener, config).unwrap().serve(app.into_make_service()));
    let url = format!("https://{address}");
    let (all, _) = reach(&settings(&url, "apiuser", "apipass1"));
    let trouble = ask(&all, "version", &[]).await.unwrap_err();
    assert_eq!(trouble.class, Class::Certificate, "{trouble:?}");
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("ca.pem");
    std::fs::write(&ca, authority.cert.pem()).unwrap();
    let (all, _) = reach(&Settings { ca, ..settings(&url, "apiuser", "apipass1") });
    assert_eq!(ask(&all, "version", &[]).await, Ok(1));
}

#[tokio::test]
async fn an_older_version_is_named() {
    let fake = Vicidial::start().await.unwrap();
    fake.state().misbehaves = Misbehaviour::Old;
    let (all, _) = reach(&settings(&fake.url, "apiuser", "apipass1"));
    let told = all.get("").unwrap().test().await.unwrap();
    assert!(told.contains("2.12-50") && told.contains("older than 2.14"), "{told}");
    assert!(Request::of("version", &[]).is_some());
}
