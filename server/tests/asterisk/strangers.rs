//! Whoever else speaks to the ports that Asterisk speaks to.

use super::{lab, over, start_queue};
use dialdeck_testkit::daemon::Daemon;
use serde_json::json;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

async fn agi(server: &Daemon) -> TcpStream {
    TcpStream::connect(server.agi.as_ref().unwrap()).await.unwrap()
}

/// The other side closes, whatever it says before.
async fn is_closed(mut stream: TcpStream, what: &str) {
    let mut buffer = Vec::new();
    let closed = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut buffer)).await;
    assert!(closed.is_ok(), "{what}: the connection stays open");
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_at_fastagi_and_audiosocket() {
    let lab = lab();
    let server = lab.setup.start(&["serve"]).unwrap();
    // Those who say nothing and close, those who say nothing, and those who say too much.
    drop(agi(&server).await);
    let silent: Vec<TcpStream> = futures_util::future::join_all((0..50).map(|_| agi(&server))).await;
    let mut half = agi(&server).await;
    half.write_all(b"agi_network: yes\nagi_ch").await.unwrap();
    let mut garbage = agi(&server).await;
    garbage.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let mut unknown = agi(&server).await;
    unknown
        .write_all(b"agi_network_script: call\nagi_uniqueid: dialdeck-00000000000000000000000000000000\n\n")
        .await
        .unwrap();
    let mut endless = agi(&server).await;
    let flood = vec![b'a'; 1 << 20];
    for _ in 0..10 {
        if endless.write_all(&flood).await.is_err() {
            break;
        }
    }
    for (stream, what) in
        [(half, "half a block"), (garbage, "garbage"), (unknown, "an unknown call"), (endless, "10 MB")]
    {
        is_closed(stream, what).await;
    }
    for stream in silent {
        is_closed(stream, "silence").await;
    }
    let audio = server.audiosocket.as_ref().unwrap();
    let mut wrong_id = TcpStream::connect(audio).await.unwrap();
    wrong_id.write_all(&[[1, 0, 16].as_slice(), &[7; 16]].concat()).await.unwrap();
    is_closed(wrong_id, "an unknown id").await;
    let mut half_header = TcpStream::connect(audio).await.unwrap();
    half_header.write_all(&[1, 0]).await.unwrap();
    is_closed(half_header, "half a header").await;
    // And it still works.
    let client = server.log_in("sue").await.unwrap();
    let campaign = client
        .campaign("After", json!({ "callIntervalMs": 0, "retryAttempts": 0 }), &[("Busy", 16)])
        .await
        .unwrap();
    start_queue(&client, &campaign).await;
    assert_eq!(over(&client, &campaign, 1).await[0]["outcome"], "busy");
}
