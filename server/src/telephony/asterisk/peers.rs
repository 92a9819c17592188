//! Who may connect to FastAGI and AudioSocket, and how they are let in. Neither has authentication: loopback, and what
//! the operator names.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// Connections at once, on each port.
const CONNECTIONS: usize = 4096;

/// Addresses that may connect besides loopback.
#[derive(Debug, Clone, Default)]
pub struct Allowed(Arc<BTreeSet<IpAddr>>);

impl Allowed {
    /// Loopback and these.
    pub fn new(addresses: impl IntoIterator<Item = IpAddr>) -> Self {
        Self(Arc::new(addresses.into_iter().collect()))
    }

    /// Whether a peer may.
    pub fn may(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        peer.is_loopback() || self.0.contains(&peer)
    }

    /// Lets peers in until told to stop, each in a task of its own. `what` stands in the log.
    pub(super) async fn admit<F>(
        &self,
        what: &'static str,
        listener: TcpListener,
        stop: CancellationToken,
        serve: impl Fn(TcpStream, SocketAddr) -> F,
    ) where
        F: Future<Output = ()> + Send + 'static,
    {
        let room = Arc::new(Semaphore::new(CONNECTIONS));
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
            if !self.may(peer.ip()) {
                tracing::warn!(%peer, what, "connection refused: neither loopback nor in asterisk.allow");
                continue;
            }
            let Ok(place) = room.clone().try_acquire_owned() else {
                tracing::warn!(%peer, what, "connection refused: too many at once");
                continue;
            };
            let _ = stream.set_nodelay(true);
            let served = serve(stream, peer);
            tokio::spawn(async move {
                served.await;
                drop(place);
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Allowed;

    #[test]
    fn loopback_and_what_is_named() {
        let allowed = Allowed::new(["192.0.2.7".parse().unwrap()]);
        for (address, may) in [
            ("127.0.0.1", true),
            ("::1", true),
            ("::ffff:127.0.0.1", true),
            ("192.0.2.7", true),
            ("192.0.2.8", false),
        ] {
            assert_eq!(allowed.may(address.parse().unwrap()), may, "{address}");
        }
    }
}
