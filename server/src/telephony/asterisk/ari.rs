//! ARI's REST side: originate with ids of our own, hang up, and ask what lives.

use super::super::{CHANNEL_PREFIX, PlaceError, channel_id};
use dialdeck_protocol::CallId;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::time::Duration;
use url::Url;

/// Longest a request may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Largest answer that is read, in bytes.
const MAX_ANSWER: usize = 8 << 20;

/// Where ARI is.
#[derive(Debug, Clone)]
pub struct AriSettings {
    /// Such as `http://127.0.0.1:8088/ari`.
    pub url: Url,
    /// User of `ari.conf`.
    pub username: String,
    /// Its password.
    pub password: SecretString,
    /// Name under which we listen; one server each.
    pub application: String,
}

/// A client of one Asterisk.
pub(super) struct Ari {
    settings: AriSettings,
    http: reqwest::Client,
}

#[derive(Deserialize)]
struct Channel {
    id: String,
}

impl Ari {
    pub(super) fn new(settings: AriSettings) -> Self {
        let http = reqwest::Client::builder().timeout(PATIENCE).no_proxy().build().unwrap_or_default();
        Self { settings, http }
    }

    pub(super) fn describe(&self) -> String {
        let mut url = self.settings.url.clone();
        let _ = url.set_password(None);
        format!("Asterisk, ARI at {url}")
    }

    pub(super) fn settings(&self) -> &AriSettings {
        &self.settings
    }

    fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        let url = format!("{}/{path}", self.settings.url.as_str().trim_end_matches('/'));
        self.http
            .request(method, url)
            .basic_auth(&self.settings.username, Some(self.settings.password.expose_secret()))
    }

    /// Asks Asterisk to call `endpoint` and, once answered, to run `call` in `context`. 200 says nothing of what
    /// becomes of the call.
    pub(super) async fn originate(
        &self,
        call: &CallId,
        endpoint: &str,
        context: &str,
        from: &str,
        ring: Duration,
    ) -> Result<(), PlaceError> {
        let id = channel_id(call);
        let other = format!("{id};2");
        let ring = ring.as_secs().to_string();
        let caller = format!("<{from}>");
        let mut query = vec![
            ("endpoint", endpoint),
            ("channelId", &id),
            ("context", context),
            ("extension", "call"),
            ("priority", "1"),
            ("timeout", &ring),
            ("callerId", &caller),
        ];
        if endpoint.starts_with("Local/") {
            // A Local pair left to itself runs at 192 kHz: half as loud and twelve times the work.
            query.extend([("otherChannelId", other.as_str()), ("formats", "slin")]);
        }
        let body = serde_json::json!({ "variables": { "DIALDECK_CALL": call.as_str() } });
        let sent = self.request(reqwest::Method::POST, "channels").query(&query).json(&body).send().await;
        match sent {
            Ok(answer) if answer.status().is_success() => Ok(()),
            Ok(answer) => {
                let status = answer.status();
                let said = message(&bounded(answer).await);
                Err(PlaceError::Refused(format!("ARI answered {status}: {said}")))
            }
            Err(error) if error.is_connect() => Err(PlaceError::Unavailable(error.without_url().to_string())),
            Err(error) => Err(PlaceError::Unknown(error.without_url().to_string())),
        }
    }

    /// Hangs up; a channel that is gone is no error.
    pub(super) async fn hang_up(&self, call: &CallId) -> Result<(), PlaceError> {
        let path = format!("channels/{}", channel_id(call));
        let answer = self
            .request(reqwest::Method::DELETE, &path)
            .query(&[("reason", "normal")])
            .send()
            .await
            .map_err(|e| PlaceError::Unavailable(e.without_url().to_string()))?;
        if answer.status().is_success() || answer.status() == reqwest::StatusCode::NOT_FOUND {
            return Ok(());
        }
        Err(PlaceError::Refused(format!("ARI answered {}", answer.status())))
    }

    /// Our channels that live there.
    pub(super) async fn live(&self) -> Result<Vec<CallId>, PlaceError> {
        let answer = self
            .request(reqwest::Method::GET, "channels")
            .send()
            .await
            .map_err(|e| PlaceError::Unavailable(e.without_url().to_string()))?;
        if !answer.status().is_success() {
            return Err(PlaceError::Unavailable(refusal(answer.status())));
        }
        let channels: Vec<Channel> = serde_json::from_slice(&bounded(answer).await)
            .map_err(|e| PlaceError::Unavailable(format!("ARI's list of channels cannot be read: {e}")))?;
        let ours = channels.iter().filter_map(|c| call_of(&c.id));
        Ok(ours.collect())
    }

    /// Tells Asterisk which events we want: seven an answered call instead of thirty-seven. It forgets this whenever
    /// the WebSocket closes.
    pub(super) async fn filter_events(&self) -> Result<(), String> {
        let path = format!("applications/{}/eventFilter", self.settings.application);
        let allowed: Vec<_> = ["Dial", "ChannelDestroyed", "StasisStart", "StasisEnd", "ApplicationReplaced"]
            .iter()
            .map(|kind| serde_json::json!({ "type": kind }))
            .collect();
        let body = serde_json::json!({ "allowed": allowed });
        let answer = self.request(reqwest::Method::PUT, &path).json(&body).send().await;
        match answer {
            Ok(answer) if answer.status().is_success() => Ok(()),
            Ok(answer) => Err(format!("ARI answered {}", answer.status())),
            Err(error) => Err(error.without_url().to_string()),
        }
    }

    /// Asterisk's version.
    pub(super) async fn version(&self) -> Result<String, String> {
        let answer = self
            .request(reqwest::Method::GET, "asterisk/info")
            .query(&[("only", "system")])
            .send()
            .await
            .map_err(|e| e.without_url().to_string())?;
        if !answer.status().is_success() {
            return Err(refusal(answer.status()));
        }
        let info: serde_json::Value =
            serde_json::from_slice(&bounded(answer).await).map_err(|e| e.to_string())?;
        let version =
            info.pointer("/system/version").and_then(|v| v.as_str()).unwrap_or("of unknown version");
        Ok(crate::domain::plain::line(version, 40))
    }
}

/// What an HTTP status means for the one who set it up.
fn refusal(status: reqwest::StatusCode) -> String {
    match status.as_u16() {
        401 | 403 => format!("ARI answered {status}: check ARI_USERNAME and ARI_PASSWORD against ari.conf"),
        404 => format!("ARI answered {status}: check ARI_URL and that res_ari is loaded"),
        _ => format!("ARI answered {status}"),
    }
}

/// At most [`MAX_ANSWER`] bytes of an answer.
async fn bounded(mut answer: reqwest::Response) -> Vec<u8> {
    let mut bytes = Vec::new();
    while let Ok(Some(chunk)) = answer.chunk().await {
        if bytes.len() + chunk.len() > MAX_ANSWER {
            break;
        }
        bytes.extend_from_slice(&chunk);
    }
    bytes
}

fn message(body: &[u8]) -> String {
    let json: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let said = json.get("message").or_else(|| json.get("error")).and_then(|m| m.as_str()).unwrap_or_default();
    crate::domain::plain::line(said, 200)
}

/// The call of a channel id that is ours. The far half of a Local pair is not.
pub(super) fn call_of(channel: &str) -> Option<CallId> {
    let id = channel.strip_prefix(CHANNEL_PREFIX)?;
    (id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit())).then(|| CallId(id.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::call_of;
    use crate::telephony::channel_id;
    use dialdeck_protocol::CallId;

    #[test]
    fn only_our_own_half_is_ours() {
        let call = CallId::new();
        assert_eq!(call_of(&channel_id(&call)), Some(call.clone()));
        assert_eq!(call_of(&format!("{};2", channel_id(&call))), None);
        assert_eq!(call_of("1700000000.12"), None);
        assert_eq!(call_of("dialdeck-../../x"), None);
    }
}
