//! What a console reads of what the crier tells: over real sockets, one of which takes little at a time.

use super::super::crier::Crier;
use super::super::wire::Writes;
use super::{Line, View};
use crate::bus::Bus;
use crate::domain::caller::{Caller, Proof};
use chrono::Utc;
use dialdeck_protocol::{CampaignId, Event, EventBody, OrganizationId, Role, Scope, UserId};
use futures_util::StreamExt;
use std::collections::BTreeSet;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol;

/// A console's line over a socket, and its other end.
async fn line(crier: &Crier, organization: &str, campaigns: Option<CampaignId>) -> (Arc<Line>, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let far = socket.connect(listener.local_addr().unwrap()).await.unwrap();
    let (near, _) = listener.accept().await.unwrap();
    let (_, write) = near.into_split();
    (joined(crier, Writes::Plain(write), organization, campaigns), far)
}

/// A console that the crier tells.
fn joined(crier: &Crier, write: Writes, organization: &str, campaigns: Option<CampaignId>) -> Arc<Line> {
    let caller = Caller {
        user_id: UserId::new(),
        proof: Proof::Operator,
        name: "sue".into(),
        role: Role::Viewer,
        organization_id: OrganizationId(organization.into()),
        campaigns: campaigns.map(|campaign| Arc::new(BTreeSet::from([campaign]))),
        scopes: None,
    };
    let view = View { caller, scope: Scope::default() };
    let line = Arc::new(Line::new(write, view, Duration::from_secs(10)));
    crier.join(&line).unwrap();
    line
}

fn event(seq: i64, organization: &str, campaign_id: Option<CampaignId>, text: String) -> Event {
    Event {
        seq,
        at: Utc::now(),
        organization_id: OrganizationId(organization.into()),
        campaign_id,
        call_id: None,
        body: EventBody::ConversationTurn { speaker: None, turn: 1, text, exchange: None },
    }
}

/// Numbers of the events that come, up to `last`; meanwhile the console's own task does its part.
async fn heard(line: &Line, far: impl AsyncRead + AsyncWrite + Unpin, last: i64) -> Vec<i64> {
    let reading = async {
        let mut stream = WebSocketStream::from_raw_socket(far, protocol::Role::Client, None).await;
        let mut seqs = Vec::new();
        while seqs.last() != Some(&last) {
            let text = stream.next().await.unwrap().unwrap().into_text().unwrap();
            let message: serde_json::Value = serde_json::from_str(text.as_str()).unwrap();
            let events = message["events"].as_array().unwrap();
            seqs.extend(events.iter().map(|event| event["seq"].as_i64().unwrap()));
        }
        seqs
    };
    let own = async {
        loop {
            line.more().await;
            line.flush().await.unwrap();
        }
    };
    tokio::select! {
        seqs = reading => seqs,
        () = own => unreachable!(),
        () = tokio::time::sleep(Duration::from_mins(1)) => panic!("nothing more comes"),
    }
}

#[tokio::test]
async fn what_a_socket_takes_in_part_comes_whole_and_in_order() {
    let (bus, crier) = (Bus::default(), Crier::default());
    let mut listener = bus.listen();
    let (line, far) = line(&crier, "default", None).await;
    for seq in 1..=20 {
        bus.publish([event(seq, "default", None, "x".repeat(300_000))].iter());
        crier.tell(&[listener.recv().await.unwrap()]);
    }
    assert_eq!(heard(&line, far, 20).await, (1..=20).collect::<Vec<_>>());
}

/// Takes whatever is written, and gives it on when it is flushed: as TLS does where its socket is full.
struct Keeping {
    kept: Vec<u8>,
    far: DuplexStream,
}

impl AsyncWrite for Keeping {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.kept.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { kept, far } = &mut *self;
        while !kept.is_empty() {
            let given = ready!(Pin::new(&mut *far).poll_write(cx, kept))?;
            kept.drain(..given);
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[tokio::test]
async fn what_was_written_and_kept_back_comes_without_another_event() {
    let (bus, crier) = (Bus::default(), Crier::default());
    let mut listener = bus.listen();
    let (near, far) = tokio::io::duplex(64);
    let write = Writes::Other(Box::new(Keeping { kept: Vec::new(), far: near }));
    let line = joined(&crier, write, "default", None);
    for seq in 1..=2 {
        bus.publish([event(seq, "default", None, "x".repeat(1000))].iter());
        crier.tell(&[listener.recv().await.unwrap()]);
    }
    assert_eq!(heard(&line, far, 2).await, [1, 2]);
}

#[tokio::test]
async fn nobody_hears_what_is_behind_a_wall() {
    let (bus, crier) = (Bus::default(), Crier::default());
    let mut listener = bus.listen();
    let (spring, autumn) = (CampaignId::new(), CampaignId::new());
    let all = line(&crier, "default", None).await;
    let confined = line(&crier, "default", Some(spring)).await;
    let other = line(&crier, "other", None).await;
    // Groups of one organization, of both, and of nobody's, told together and one by one.
    let groups = [
        vec![
            event(1, "default", Some(spring), String::new()),
            event(2, "default", Some(autumn), String::new()),
        ],
        vec![event(3, "default", Some(autumn), String::new()), event(4, "other", None, String::new())],
        vec![event(5, "other", None, String::new())],
        vec![event(6, "default", Some(spring), String::new())],
        vec![event(7, "", None, String::new())],
    ];
    let mut told = Vec::new();
    for group in &groups {
        bus.publish(group.iter());
        told.push(listener.recv().await.unwrap());
    }
    crier.tell(&told[..2]);
    crier.tell(&told[2..3]);
    crier.tell(&told[3..]);
    for ((line, far), seqs) in [(all, vec![1, 2, 3, 6, 7]), (confined, vec![1, 6, 7]), (other, vec![4, 5, 7])]
    {
        assert_eq!(heard(&line, far, 7).await, seqs);
    }
}
