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
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Serves sessions until told to stop.
pub(super) async fn serve(listener: TcpListener, session: Session, peers: Allowed, stop: CancellationToken) {
    peers
        .admit("FastAGI", listener, stop, |stream, peer| {
            let session = session.clone();
            async move {
                if let Err(error) = session.run(stream).await {
                    tracing::warn!(%peer, %error, "FastAGI session ended");
                }
            }
        })
        .await;
}
