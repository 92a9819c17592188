//! FastAGI: Asterisk connects for each answered call, and we tell it what to do.
//!
//! The protocol has no authentication and its peers may be anything: loopback only unless an allow-list says more,
//! a half-sent block is timed out, lines and connections are bounded, and a peer that says nothing costs nothing.

mod channel;
mod reply;
mod request;
mod session;

pub use channel::{Channel, ChannelError};
pub use reply::{Reply, ReplyError};
pub use request::{Request, RequestError};
pub(super) use session::Session;

use super::peers::Allowed;
use std::net::SocketAddr;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

/// Serves calls until told to stop.
pub(super) async fn serve(listener: TcpListener, session: Session, peers: Allowed, stop: CancellationToken) {
    serve_with(listener, peers, stop, move |stream, peer| {
        let session = session.clone();
        async move {
            if let Err(error) = session.run(stream).await {
                tracing::warn!(%peer, %error, "FastAGI session ended");
            }
        }
    })
    .await;
}

/// Serves whatever is done with a channel, until told to stop: who may connect, and how many, is looked after here.
pub async fn serve_with<F>(
    listener: TcpListener,
    peers: Allowed,
    stop: CancellationToken,
    handler: impl Fn(TcpStream, SocketAddr) -> F,
) where
    F: Future<Output = ()> + Send + 'static,
{
    peers.admit("FastAGI", listener, stop, handler).await;
}
