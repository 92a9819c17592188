//! The WebSocket: from a snapshot on, in order, without a gap or a repeat, within its scope and its walls.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends where it cannot go on"
)]

use dialdeck_protocol::{CallId, ClientMessage, Code, Command, Event, EventBody, Scope, ServerMessage};
use dialdeck_testkit::daemon::{Client, Daemon, Setup};
use futures_util::{SinkExt, StreamExt};
use serde_json::json;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

fn house(home: &tempfile::TempDir) -> Daemon {
    let setup = Setup::new(env!("CARGO_BIN_EXE_dialdeckd"), home.path())
        .set("telephony.kind", "simulated")
        .set("telephony.simulated_speed", "20");
    for role in ["viewer", "supervisor"] {
        setup.add_user(role, role).unwrap();
    }
    setup.start(&["serve"]).unwrap()
}

async fn connect(server: &Daemon, token: &str) -> Result<Socket, u16> {
    let url = server.http.replace("http://", "ws://") + "/api/v1/ws";
    let mut request = url.into_client_request().unwrap();
    request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    match tokio_tungstenite::connect_async(request).await {
        Ok((socket, _)) => Ok(socket),
        Err(tokio_tungstenite::tungstenite::Error::Http(answer)) => Err(answer.status().as_u16()),
        Err(error) => panic!("{error}"),
    }
}

async fn say(socket: &mut Socket, message: &ClientMessage) {
    socket.send(Message::Text(serde_json::to_string(message).unwrap().into())).await.unwrap();
}

async fn hear(socket: &mut Socket) -> Option<ServerMessage> {
    loop {
        let next = tokio::time::timeout(Duration::from_secs(30), socket.next()).await.expect("silence");
        match next {
            Some(Ok(Message::Text(text))) => return Some(serde_json::from_str(text.as_str()).unwrap()),
            Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
            Some(Ok(_)) => {}
        }
    }
}

fn subscribe(scope: Scope, resume_from: Option<i64>) -> ClientMessage {
    ClientMessage::Subscribe { organization_id: None, scope, resume_from }
}

/// Subscribed, past the welcome; gives the snapshot's number where there is one.
async fn subscribed(
    server: &Daemon,
    client: &Client,
    scope: Scope,
    resume: Option<i64>,
) -> (Socket, Option<i64>) {
    let mut socket = connect(server, &client.token).await.unwrap();
    say(&mut socket, &subscribe(scope, resume)).await;
    assert!(matches!(hear(&mut socket).await, Some(ServerMessage::Welcome { .. })));
    if resume.is_some() {
        return (socket, None);
    }
    let Some(ServerMessage::Snapshot(snapshot)) = hear(&mut socket).await else { panic!("no snapshot") };
    (socket, Some(snapshot.seq))
}

/// Events until one satisfies.
async fn events(socket: &mut Socket, until: impl Fn(&Event) -> bool) -> Vec<Event> {
    let mut all = Vec::new();
    loop {
        if let Some(ServerMessage::Events { events }) = hear(socket).await {
            all.extend(events);
            if all.iter().any(&until) {
                return all;
            }
        }
    }
}

fn stopped(event: &Event) -> bool {
    matches!(&event.body, EventBody::QueueStatusUpdate { state, .. } if state.as_str() == "stopped")
}

#[tokio::test(flavor = "multi_thread")]
async fn resumes_without_a_gap_or_a_repeat() {
    let home = tempfile::tempdir().unwrap();
    let server = house(&home);
    let client = server.log_in("supervisor").await.unwrap();
    let settings = json!({ "maxConcurrentCalls": 5, "callIntervalMs": 0, "retryAttempts": 0 });
    let people: Vec<(&str, u8)> = (0..8).map(|n| ("Person", n)).collect();
    let campaign = client.campaign("Resume", settings.clone(), &people).await.unwrap();
    let (mut whole, from) = subscribed(&server, &client, Scope::default(), None).await;
    let (mut broken, _) = subscribed(&server, &client, Scope::default(), None).await;
    client.post("/api/v1/calls/automated/start", json!({ "campaignId": campaign })).await.unwrap();
    // One console's connection breaks in the middle, again and again, and resumes each time.
    let mut pieces = events(&mut broken, |e| matches!(e.body, EventBody::ConversationTurn { .. })).await;
    while !pieces.iter().any(stopped) {
        drop(broken);
        let seen = pieces.last().unwrap().seq;
        (broken, _) = subscribed(&server, &client, Scope::default(), Some(seen)).await;
        pieces.extend(events(&mut broken, |_| true).await);
    }
    let all = events(&mut whole, stopped).await;
    let numbers = |events: &[Event]| events.iter().map(|e| e.seq).collect::<Vec<_>>();
    let last = all.iter().find(|e| stopped(e)).unwrap().seq;
    let expected: Vec<i64> = (from.unwrap() + 1..=last).collect();
    assert_eq!(numbers(&all)[..expected.len()], expected);
    assert_eq!(numbers(&pieces)[..expected.len()], expected);
    // Both sides as they are spoken, then the whole exchange, then the end.
    let call = all
        .iter()
        .find_map(|e| {
            matches!(&e.body, EventBody::CallEnded { outcome, .. } if outcome.is_success())
                .then(|| e.call_id.clone())
                .flatten()
        })
        .unwrap();
    let kinds: Vec<String> = all
        .iter()
        .filter(|e| e.call_id.as_ref() == Some(&call))
        .map(|e| match &e.body {
            EventBody::CallStarted { .. } => "started".into(),
            EventBody::CallStatusUpdate { status, detail } => format!("{status} {detail}"),
            EventBody::ConversationTurn { speaker: Some(speaker), turn, .. } => format!("{speaker:?} {turn}"),
            EventBody::ConversationTurn { exchange: Some(exchange), .. } => {
                format!("exchange {}", exchange.turn)
            }
            EventBody::CallEnded { .. } => "ended".into(),
            other => format!("{other:?}"),
        })
        .collect();
    assert_eq!(
        kinds,
        [
            "started",
            "initiated ringing",
            "in_progress ",
            "Ai 1",
            "exchange 1",
            "Customer 2",
            "Ai 2",
            "exchange 2",
            "Customer 3",
            "Ai 3",
            "exchange 3",
            "ended"
        ]
    );
    // A number that this record never had: a fresh snapshot.
    let mut future = connect(&server, &client.token).await.unwrap();
    say(&mut future, &subscribe(Scope::default(), Some(1_000_000))).await;
    hear(&mut future).await;
    assert!(matches!(hear(&mut future).await, Some(ServerMessage::Snapshot(_))));
    // Only one campaign's.
    let other = client.campaign("Other", settings, &[("Busy", 21)]).await.unwrap();
    let scope = Scope { campaigns: vec![other.parse().unwrap()], calls: vec![] };
    let (mut narrow, _) = subscribed(&server, &client, scope, None).await;
    client.post("/api/v1/calls/automated/start", json!({ "campaignId": campaign })).await.unwrap();
    client.post("/api/v1/calls/automated/start", json!({ "campaignId": other })).await.unwrap();
    let seen = events(&mut narrow, stopped).await;
    assert!(seen.iter().all(|e| e.campaign_id.is_none_or(|id| id.to_string() == other)));
}

#[tokio::test(flavor = "multi_thread")]
async fn walls_and_bad_manners() {
    let home = tempfile::tempdir().unwrap();
    let server = house(&home);
    assert_eq!(connect(&server, "nonsense").await.err(), Some(401));
    let viewer = server.log_in("viewer").await.unwrap();
    let (mut socket, _) = subscribed(&server, &viewer, Scope::default(), None).await;
    say(&mut socket, &ClientMessage::Command { id: 7, command: Command::HangUp { call_id: CallId::new() } })
        .await;
    let Some(ServerMessage::Reply { id: 7, result: Err(problem) }) = hear(&mut socket).await else {
        panic!("no refusal")
    };
    assert_eq!(problem.code, Code::Forbidden);
    for garbage in ["", "{", "[1]", r#"{"type":"command","id":1,"command":{"do":"fly"}}"#] {
        socket.send(Message::Text(garbage.into())).await.unwrap();
        assert!(
            matches!(hear(&mut socket).await, Some(ServerMessage::Refused(p)) if p.code == Code::Invalid),
            "{garbage}"
        );
    }
    let mut stranger = connect(&server, &viewer.token).await.unwrap();
    let organization_id = Some(dialdeck_protocol::OrganizationId("other".into()));
    say(
        &mut stranger,
        &ClientMessage::Subscribe { organization_id, scope: Scope::default(), resume_from: None },
    )
    .await;
    assert!(
        matches!(hear(&mut stranger).await, Some(ServerMessage::Refused(p)) if p.code == Code::Forbidden)
    );
    assert!(hear(&mut stranger).await.is_none());
    let mut flood = connect(&server, &viewer.token).await.unwrap();
    let _ = flood.send(Message::Text("x".repeat(8 << 20).into())).await;
    assert!(hear(&mut flood).await.is_none(), "too large a message ends the connection");
}
