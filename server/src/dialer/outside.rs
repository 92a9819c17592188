//! A phone that is no agent's of ours, rung to put one person through.

use super::Dialer;
use crate::telephony::{Leg, LegId, Telephony};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

/// How long it rings.
const RING: Duration = Duration::from_secs(25);

/// Such a phone, picked up. Dropped, it is hung up.
pub(super) struct Outside {
    telephony: Arc<dyn Telephony>,
    /// Where it was rung.
    pub extension: String,
    /// It.
    pub leg: LegId,
    /// Cancelled when it is gone.
    pub gone: CancellationToken,
    /// What is pressed on it.
    pub keys: broadcast::Sender<char>,
}

impl Outside {
    /// Rings a phone until it is picked up.
    ///
    /// # Errors
    /// Why nobody did.
    pub(super) async fn ring(dialer: &Dialer, extension: &str) -> Result<Self, String> {
        let telephony = dialer.0.tools.telephony.clone();
        let (leg, gone) = (LegId::new(), CancellationToken::new());
        let keys = broadcast::Sender::new(8);
        // From here on it is hung up, however this ends.
        let outside = Self {
            telephony: telephony.clone(),
            extension: extension.to_owned(),
            leg,
            gone: gone.clone(),
            keys: keys.clone(),
        };
        let mut told = telephony.ring_agent(leg, extension, RING).await.map_err(|e| e.to_string())?;
        let first = tokio::time::timeout(RING + Duration::from_secs(5), told.recv()).await;
        match first {
            Ok(Some(Leg::Up)) => {}
            Ok(Some(Leg::Gone(why))) => return Err(format!("{extension} was not picked up: {why}")),
            _ => return Err(format!("{extension} was not picked up")),
        }
        tokio::spawn(async move {
            while let Some(Leg::Key(key)) = told.recv().await {
                let _ = keys.send(key);
            }
            gone.cancel();
        });
        Ok(outside)
    }
}

impl Drop for Outside {
    fn drop(&mut self) {
        let (telephony, leg) = (self.telephony.clone(), self.leg);
        tokio::spawn(async move {
            if let Err(error) = telephony.drop_agent(leg).await {
                tracing::warn!(%error, "a phone was not hung up");
            }
        });
    }
}
