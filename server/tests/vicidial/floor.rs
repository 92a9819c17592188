//! The live floor of a real MariaDB whose zone is not UTC: states and timers, one set of queries a second however many
//! look, and what happens when the database is slow or gone.

use dialdeck_protocol::vicidial::{Floor, FloorState, Progress};
use dialdeck_protocol::{ClientMessage, Scope, ServerMessage};
use dialdeck_server::connectors::vicidial::floor::Reader;
use dialdeck_server::settings::Vicidial as Settings;
use dialdeck_testkit::daemon::{Client, Daemon, PASSWORD, Setup};
use dialdeck_testkit::mariadb::MariaDb;
use dialdeck_testkit::vicidial::Vicidial;
use dialdeck_testkit::wait::within;
use futures_util::{SinkExt, StreamExt};
use reqwest::Method;
use serde_json::json;
use sqlx::Row;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

const AGENTS: &str = "
INSERT INTO vicidial_live_agents (user, server_ip, conf_exten, extension, status, lead_id, campaign_id, callerid, comments, last_call_time, last_state_change, calls_today) VALUES
 ('1001','10.0.0.1','8600051','SIP/gs101','READY',0,'TESTCAMP','','',NOW() - INTERVAL 90 SECOND,NOW() - INTERVAL 45 SECOND,3),
 ('1002','10.0.0.1','8600052','SIP/gs102','INCALL',2,'TESTCAMP','V1120230000000000002','AUTO',NOW() - INTERVAL 70 SECOND,NOW() - INTERVAL 70 SECOND,4),
 ('1003','10.0.0.1','8600053','SIP/gs103','PAUSED',0,'TESTCAMP','','',NOW() - INTERVAL 900 SECOND,NOW() - INTERVAL 400 SECOND,2),
 ('1004','10.0.0.1','8600054','SIP/gs104','INCALL',3,'TESTCAMP','Y1120230000000000003','INBOUND',NOW() - INTERVAL 20 SECOND,NOW() - INTERVAL 20 SECOND,5),
 ('1005','10.0.0.1','8600055','SIP/gs105','PAUSED',6,'TESTCAMP','V1120230000000000006','',NOW() - INTERVAL 60 SECOND,NOW() - INTERVAL 15 SECOND,5),
 ('hidden','10.0.0.1','8600056','SIP/gs106','READY',0,'TESTCAMP','','',NOW(),NOW(),0);
UPDATE vicidial_live_agents SET pause_code='BREAK' WHERE user='1003';
UPDATE vicidial_live_agents SET uniqueid='1699999991.1' WHERE user='1004';
INSERT INTO vicidial_closer_log (campaign_id, uniqueid, queue_seconds) VALUES ('SALESLINE','1699999991.1',12.5);
INSERT INTO vicidial_auto_calls (campaign_id, status, lead_id, uniqueid, callerid, channel, phone_number, call_time, call_type) VALUES
 ('SALESLINE','CLOSER',3,'1699999991.1','Y1120230000000000003','SIP/x-1','7275551003',NOW() - INTERVAL 30 SECOND,'IN'),
 ('TESTCAMP','LIVE',4,'1699999992.1','V1120230000000000004','SIP/x-2','7275551004',NOW() - INTERVAL 3 SECOND,'OUT');
";

fn settings(db: &MariaDb, user: &str) -> Settings {
    Settings {
        db_host: "127.0.0.1".into(),
        db_port: db.port,
        db_user: user.into(),
        db_password: "1234".into(),
        ..Settings::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn states_and_timers_by_the_databases_clock() {
    let db = MariaDb::start().await.unwrap();
    db.run(AGENTS).await.unwrap();
    // A user who may only read is enough.
    let mut database = Reader::new(&settings(&db, "reader"));
    let looked = database.look().await.unwrap();
    let now = chrono::Utc::now().timestamp();
    assert!((looked.rows.now - now).abs() <= 2, "the clock is off by {}", looked.rows.now - now);
    let agents = dialdeck_server::connectors::vicidial::floor::agents(&looked.rows);
    let seen: BTreeMap<&str, (FloorState, i64)> =
        agents.iter().map(|a| (a.user.as_str(), (a.state, looked.rows.now - a.since))).collect();
    for (user, state, seconds) in [
        ("1001", FloorState::Ready, 45),
        ("1002", FloorState::Dead, 70),
        ("1003", FloorState::Paused, 400),
        ("1004", FloorState::InCall, 20),
        ("1005", FloorState::Dispo, 15),
    ] {
        let (is, since) = seen[user];
        assert!(is == state && (since - seconds).abs() <= 5, "{user}: {is:?} since {since}");
    }
    assert!(!seen.contains_key("hidden"));
    let inbound = agents.iter().find(|a| a.user == "1004").unwrap();
    assert_eq!(
        (inbound.ingroup.as_str(), inbound.hold, inbound.phone.as_str()),
        ("SALESLINE", 12, "7275551003")
    );
    assert_eq!(agents.iter().find(|a| a.user == "1003").unwrap().pause_limit, Some(30));
    let campaign = looked.campaigns.iter().find(|c| c.id == "TESTCAMP").unwrap();
    assert_eq!((campaign.hopper, campaign.dialable, campaign.active), (1, 120, true));
    assert!(
        (campaign.drop_percent - 4.0).abs() < 1e-9
            && campaign.is_over_limit()
            && (campaign.level - 2.154).abs() < 1e-9
    );
    // A table that is locked makes it late, not silent; then it goes on.
    let mut lock = db.connect().await.unwrap();
    sqlx::query("USE asterisk").execute(&mut lock).await.unwrap();
    sqlx::raw_sql("LOCK TABLES vicidial_live_agents WRITE").execute(&mut lock).await.unwrap();
    let begun = Instant::now();
    assert!(database.look().await.is_err());
    assert!(begun.elapsed() < Duration::from_secs(15));
    sqlx::raw_sql("UNLOCK TABLES").execute(&mut lock).await.unwrap();
    let looked = database.look().await.unwrap();
    assert_eq!(dialdeck_server::connectors::vicidial::floor::agents(&looked.rows).len(), 5);
}

struct House {
    server: Daemon,
    _home: tempfile::TempDir,
}

fn house(db: &MariaDb, more: &[(&str, &str)]) -> House {
    let home = tempfile::tempdir().unwrap();
    let mut setup = Setup::new(env!("CARGO_BIN_EXE_dialdeckd"), home.path())
        .set("telephony.kind", "simulated")
        .env("VICI_DB_HOST", "127.0.0.1")
        .env("VICI_DB_PORT", &db.port.to_string())
        .env("VICI_DB_USER", "reader")
        .env("VICI_DB_PASSWORD", "1234");
    for (name, value) in more {
        setup = setup.env(name, value);
    }
    setup.add_user("supervisor", "supervisor").unwrap();
    House { server: setup.start(&["serve"]).unwrap(), _home: home }
}

type Socket = tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>;

/// A console that looks at the floor.
async fn console(server: &Daemon, token: &str) -> Socket {
    let url = format!("{}/api/v1/ws", server.http.replace("http://", "ws://"));
    let mut request = url.into_client_request().unwrap();
    request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    let (mut socket, _) = tokio_tungstenite::connect_async(request).await.unwrap();
    for message in [
        ClientMessage::Subscribe { organization_id: None, scope: Scope::default(), resume_from: None },
        ClientMessage::WatchFloor { on: true },
    ] {
        let text = serde_json::to_string(&message).unwrap();
        socket.send(Message::Text(text.into())).await.unwrap();
    }
    socket
}

async fn token(server: &Daemon) -> String {
    let body = json!({ "username": "supervisor", "password": PASSWORD });
    let answer = reqwest::Client::new().post(format!("{}/api/v1/auth/login", server.http)).json(&body).send();
    let answer: serde_json::Value = answer.await.unwrap().json().await.unwrap();
    answer["token"].as_str().unwrap().to_owned()
}

/// What a console knows of the floor, as it is told.
#[derive(Default)]
struct Seen(Floor);

impl Seen {
    fn take(&mut self, message: ServerMessage) {
        match message {
            ServerMessage::Floor(floor) => self.0 = *floor,
            ServerMessage::FloorChange { agents, gone, trouble, .. } => {
                self.0.trouble = trouble;
                self.0.agents.retain(|a| !gone.contains(&a.user) && !agents.iter().any(|b| b.user == a.user));
                self.0.agents.extend(agents);
            }
            _ => {}
        }
    }
}

/// SELECT statements that the database has run.
async fn selects(db: &MariaDb) -> i64 {
    let mut connection = db.connect().await.unwrap();
    let row = sqlx::query("SHOW GLOBAL STATUS LIKE 'Com_select'").fetch_one(&mut connection).await.unwrap();
    row.get::<String, _>(1).parse().unwrap()
}

/// Statements of one set, with those that come every tenth time.
const SET: i64 = 6;
const SELDOM: i64 = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_hundred_agents_fifty_consoles_and_one_set_a_second() {
    let db = MariaDb::start().await.unwrap();
    let users: Vec<String> = (0..500).map(|n| format!("('a{n}','Agent {n}',1,'AGENTS')")).collect();
    let rows: Vec<String> = (0..500)
        .map(|n| format!("('a{n}','10.0.0.1','86{n}','SIP/{n}','READY',0,'TESTCAMP','',NOW(),NOW())"))
        .collect();
    db.run(&format!(
        "INSERT INTO vicidial_users (user, full_name, user_level, user_group) VALUES {}",
        users.join(",")
    ))
    .await
    .unwrap();
    db.run(&format!(
        "INSERT INTO vicidial_live_agents (user, server_ip, conf_exten, extension, status, lead_id, campaign_id, callerid, last_call_time, last_state_change) VALUES {}",
        rows.join(",")
    ))
    .await
    .unwrap();
    let house = house(&db, &[]);
    let token = token(&house.server).await;
    let mut consoles = Vec::new();
    for _ in 0..50 {
        let mut socket = console(&house.server, &token).await;
        consoles.push(tokio::spawn(async move {
            let mut seen = Seen::default();
            while let Some(Ok(message)) = socket.next().await {
                let Message::Text(text) = message else { continue };
                seen.take(serde_json::from_str(text.as_str()).unwrap());
                // The last state that is written is told apart by its pause code.
                if seen.0.agents.len() == 500 && seen.0.agents.iter().all(|a| a.pause_code == "LAST") {
                    return seen.0.agents.len();
                }
            }
            0
        }));
    }
    let (before, begun) = (selects(&db).await, Instant::now());
    for second in 0..5 {
        let status = if second % 2 == 0 { "PAUSED" } else { "READY" };
        db.run(&format!("UPDATE vicidial_live_agents SET status='{status}', last_state_change=NOW()"))
            .await
            .unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    db.run("UPDATE vicidial_live_agents SET status='PAUSED', pause_code='LAST', last_state_change=NOW()")
        .await
        .unwrap();
    for seen in consoles {
        let seen = tokio::time::timeout(Duration::from_mins(1), seen)
            .await
            .expect("a console never saw the last state");
        assert_eq!(seen.unwrap(), 500);
    }
    let sets = i64::try_from(begun.elapsed().as_secs()).unwrap() + 2;
    let asked = selects(&db).await - before;
    // As many sets as seconds, whatever the consoles.
    assert!(asked <= sets * SET + (sets / 10 + 1) * SELDOM + 4, "{asked} selects in {sets} s");
    // Nobody looks any more: nothing is asked any more.
    let quiet = within(Duration::from_secs(20), "the database to be left alone", || async {
        let before = selects(&db).await;
        tokio::time::sleep(Duration::from_secs(2)).await;
        (selects(&db).await == before).then_some(())
    });
    quiet.await;
}

async fn floor(client: &Client) -> Option<serde_json::Value> {
    client.get("/api/v1/vicidial/main/floor").await.ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_goes_and_comes_back_and_the_picture_says_so() {
    let db = MariaDb::start().await.unwrap();
    db.run(AGENTS).await.unwrap();
    let house = house(&db, &[]);
    let client = house.server.log_in("supervisor").await.unwrap();
    let agents = |n: usize| {
        let client = &client;
        within(Duration::from_mins(1), "the floor", move || async move {
            let floor = floor(client).await?;
            (floor["agents"].as_array()?.len() == n && floor["trouble"] == "").then_some(())
        })
    };
    agents(5).await;
    // Somebody takes the right to read away in the middle.
    db.run("REVOKE SELECT ON asterisk.* FROM 'reader'@'127.0.0.1'; FLUSH PRIVILEGES").await.unwrap();
    let mut master = db.connect().await.unwrap();
    let kill = "SELECT id FROM information_schema.processlist WHERE user = 'reader'";
    for row in sqlx::query(kill).fetch_all(&mut master).await.unwrap() {
        let id: i64 = row.try_get_unchecked(0).unwrap();
        let _ = sqlx::raw_sql(sqlx::AssertSqlSafe(format!("KILL {id}"))).execute(&mut master).await;
    }
    within(Duration::from_mins(1), "the trouble", || async {
        let floor = floor(&client).await?;
        // What was last seen stays, with its age.
        (floor["trouble"] != "" && floor["agents"].as_array()?.len() == 5).then_some(())
    })
    .await;
    db.run("GRANT SELECT ON asterisk.* TO 'reader'@'127.0.0.1'; DELETE FROM vicidial_live_agents WHERE user = '1003'").await.unwrap();
    agents(4).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_database_the_screen_is_seen_to_take_an_action() {
    let db = MariaDb::start().await.unwrap();
    db.run(AGENTS).await.unwrap();
    let fake = Vicidial::start().await.unwrap();
    let house = house(
        &db,
        &[("VICI_API_URL", &fake.url), ("VICI_API_USER", "apiuser"), ("VICI_API_PASS", "apipass1")],
    );
    let client = house.server.log_in("supervisor").await.unwrap();
    let act = |value: &'static str| {
        let client = &client;
        async move {
            let body = json!({ "args": { "agent_user": "1002", "value": value }, "wait": true });
            let path = "/api/v1/vicidial/main/functions/send_dtmf";
            let (_, told) = client.send(Method::POST, path, Some(body)).await.unwrap();
            serde_json::from_value::<Progress>(told["progress"].clone()).unwrap()
        }
    };
    // Nothing was written there, as where a campaign queues elsewhere: nobody can tell.
    assert_eq!(act("0").await, Progress::Unseen);
    // The column stays written: no screen reads it.
    db.run("UPDATE vicidial_live_agents SET external_dtmf='1' WHERE user='1002'").await.unwrap();
    assert_eq!(act("1").await, Progress::NotTaken);
    // It is written, and then a screen reads it.
    let screen = async {
        let before = selects(&db).await;
        within(Duration::from_secs(20), "a look at the column", || async {
            (selects(&db).await > before).then_some(())
        })
        .await;
        db.run("UPDATE vicidial_live_agents SET external_dtmf='' WHERE user='1002'").await.unwrap();
    };
    let (progress, ()) = tokio::join!(act("2"), screen);
    assert_eq!(progress, Progress::Done);
}
