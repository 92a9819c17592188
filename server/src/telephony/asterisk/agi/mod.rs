//! FastAGI: Asterisk connects for each answered call, and we tell it what to do.
//!
//! The protocol has no authentication and its peers may be anything: loopback only unless an allow-list says more,
//! a half-sent block is timed out, lines and connections are bounded, and a peer that says nothing costs nothing.

mod reply;
mod request;
mod session;

pub use reply::{Reply, ReplyError};
pub use request::{Request, RequestError};
pub(super) use session::Session;

use super::peers::Allowed;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// Sessions at once.
const SESSIONS: usize = 4096;

/// Serves sessions until told to stop.
pub(super) async fn serve(listener: TcpListener, session: Session, peers: Allowed, stop: CancellationToken) {
    let room = Arc::new(Semaphore::new(SESSIONS));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => return,
        };
        let Ok((stream, peer)) = accepted else {
            // Out of file descriptors, most likely: a moment later there may be some.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        if !peers.may(peer.ip()) {
            tracing::warn!(%peer, "FastAGI connection refused: neither loopback nor on the allow-list");
            continue;
        }
        let Ok(place) = room.clone().try_acquire_owned() else {
            tracing::warn!(%peer, "FastAGI connection refused: too many at once");
            continue;
        };
        let session = session.clone();
        tokio::spawn(async move {
            let _ = stream.set_nodelay(true);
            if let Err(error) = session.run(stream).await {
                tracing::warn!(%peer, %error, "FastAGI session ended");
            }
            drop(place);
        });
    }
}
