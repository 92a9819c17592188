//! Whether anybody answers at the other end of the trunk: an OPTIONS over UDP (RFC 3261, section 11), to which whatever answer
//! means that it is there.

use super::{Verdict, fail, ok, skip};
use std::time::Duration;
use tokio::net::UdpSocket;

/// How often it is asked, and how long each answer may take: UDP loses.
const TRIES: u32 = 3;
const PATIENCE: Duration = Duration::from_millis(1500);

const REMEDY: &str =
    "check SIP_HOST and SIP_PORT, that the provider lets this address in, and that nothing between drops UDP";

pub(super) async fn trunk(host: &str, port: u16) -> Verdict {
    if host.is_empty() {
        return skip("not set up (SIP_HOST); needed only where calls go out by a trunk of one's own");
    }
    match asked(host, port).await {
        Ok(Some(line)) => ok(format!("{host}:{port} answered an OPTIONS with {line}")),
        Ok(None) => fail(format!("{host}:{port} did not answer an OPTIONS over UDP"), REMEDY),
        Err(error) => fail(format!("{host}:{port}: {error}"), REMEDY),
    }
}

async fn asked(host: &str, port: u16) -> std::io::Result<Option<String>> {
    let mut found = tokio::net::lookup_host((host, port)).await?;
    let there = found.next().ok_or_else(|| std::io::Error::other("it has no address"))?;
    let here = if there.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    let socket = UdpSocket::bind(here).await?;
    socket.connect(there).await?;
    let own = socket.local_addr()?;
    let mark: u32 = rand::random();
    for count in 1..=TRIES {
        let request = format!(
            "OPTIONS sip:{there} SIP/2.0\r\nVia: SIP/2.0/UDP {own};branch=z9hG4bK{mark:08x}{count};rport\r\n\
             Max-Forwards: 70\r\nFrom: <sip:dialdeck@{own}>;tag={mark:08x}\r\nTo: <sip:{there}>\r\n\
             Call-ID: {mark:08x}@dialdeck\r\nCSeq: {count} OPTIONS\r\nContact: <sip:dialdeck@{own}>\r\n\
             Accept: application/sdp\r\nContent-Length: 0\r\n\r\n"
        );
        socket.send(request.as_bytes()).await?;
        let mut answer = [0_u8; 2048];
        if let Ok(received) = tokio::time::timeout(PATIENCE, socket.recv(&mut answer)).await {
            let text = String::from_utf8_lossy(&answer[..received?]).into_owned();
            let line = text.lines().next().unwrap_or_default().to_owned();
            if line.starts_with("SIP/2.0 ") {
                return Ok(Some(crate::domain::plain::line(&line, 80)));
            }
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::trunk;
    use crate::doctor::State;
    use tokio::net::UdpSocket;

    #[tokio::test]
    async fn whoever_answers_is_there() {
        let provider = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let port = provider.local_addr().unwrap().port();
        let answering = tokio::spawn(async move {
            let mut request = [0_u8; 2048];
            let (length, from) = provider.recv_from(&mut request).await.unwrap();
            let text = String::from_utf8_lossy(&request[..length]).into_owned();
            assert!(text.starts_with("OPTIONS sip:127.0.0.1") && text.ends_with("\r\n\r\n"), "{text}");
            provider.send_to(b"SIP/2.0 401 Unauthorized\r\n\r\n", from).await.unwrap();
        });
        let (state, detail, _) = trunk("127.0.0.1", port).await;
        assert!(state == State::Ok && detail.contains("401"), "{detail}");
        answering.await.unwrap();
        assert_eq!(trunk("", 5060).await.0, State::Skip);
        assert_eq!(trunk("127.0.0.1", 9).await.0, State::Fail);
    }
}
