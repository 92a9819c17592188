//! Who may connect to FastAGI and AudioSocket. Neither has authentication: loopback, and what the operator names.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

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
}
