//! ARI's REST side: originate with ids of our own, hang up, and ask what lives.

use super::super::{CHANNEL_PREFIX, LegId, PlaceError, channel_id};
use super::websocket::MEDIA_PREFIX;
use dialdeck_protocol::CallId;
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::net::SocketAddr;
use std::time::Duration;
use url::Url;
use uuid::Uuid;

/// Longest a request may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a channel may take to be ARI's.
const THERE: Duration = Duration::from_secs(3);
const AGAIN: Duration = Duration::from_millis(50);
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
    #[serde(default)]
    dialplan: Dialplan,
}

#[derive(Deserialize, Default)]
struct Dialplan {
    #[serde(default)]
    app_name: String,
    #[serde(default)]
    app_data: String,
}

/// A phone that was rung by a server of ours and lives.
pub(super) struct OpenLeg {
    pub leg: LegId,
    /// Whether our application has it: another server's phones are not ours to hang up.
    pub is_ours: bool,
}

/// What lives on an Asterisk and is of our making.
pub(super) struct Living {
    pub calls: Vec<CallId>,
    pub legs: Vec<OpenLeg>,
    /// Channels that carry sound to us over a WebSocket, by name; only those of our application.
    pub carriages: Vec<String>,
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

    /// What Asterisk's web server takes as log-in.
    pub(super) fn authorization(&self) -> Option<HeaderValue> {
        let basic = self.request(reqwest::Method::GET, "").build().ok()?;
        basic.headers().get(reqwest::header::AUTHORIZATION).cloned()
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

    /// Sends a request without a body of interest; what is gone already (404) is no error where it says so.
    async fn order(
        &self,
        method: reqwest::Method,
        path: &str,
        query: &[(&str, &str)],
        may_be_gone: bool,
    ) -> Result<(), PlaceError> {
        let sent = self.request(method, path).query(query).send().await;
        let answer = match sent {
            Ok(answer) => answer,
            Err(error) if error.is_connect() => {
                return Err(PlaceError::Unavailable(error.without_url().to_string()));
            }
            Err(error) => return Err(PlaceError::Unknown(error.without_url().to_string())),
        };
        let status = answer.status();
        if status.is_success() || may_be_gone && status == reqwest::StatusCode::NOT_FOUND {
            return Ok(());
        }
        let said = message(&bounded(answer).await);
        Err(PlaceError::Refused(format!("ARI answered {status}: {said}")))
    }

    /// Rings an agent's phone; once it is picked up it is ours.
    pub(super) async fn ring(&self, leg: LegId, extension: &str, ring: Duration) -> Result<(), PlaceError> {
        let (id, ring) = (leg.to_string(), ring.as_secs().to_string());
        let other = format!("{id};2");
        let mut query = vec![
            ("endpoint", extension),
            ("channelId", id.as_str()),
            ("app", self.settings.application.as_str()),
            ("appArgs", "agent"),
            ("timeout", ring.as_str()),
            ("callerId", "Dialdeck"),
        ];
        if extension.starts_with("Local/") {
            query.extend([("otherChannelId", other.as_str()), ("formats", "slin")]);
        }
        self.order(reqwest::Method::POST, "channels", &query, false).await
    }

    /// Makes the room of an agent's phone and puts the phone into it.
    pub(super) async fn make_room(&self, leg: LegId) -> Result<(), PlaceError> {
        self.open_bridge(&room_of(leg)).await?;
        self.enter_room(leg, &leg.to_string()).await
    }

    /// Puts a channel into the room of an agent's phone.
    pub(super) async fn enter_room(&self, leg: LegId, channel: &str) -> Result<(), PlaceError> {
        self.enter_bridge(&room_of(leg), channel).await
    }

    /// The same for a channel that becomes ARI's a moment after it was asked for.
    pub(super) async fn enter_room_soon(&self, leg: LegId, channel: &str) -> Result<(), PlaceError> {
        self.enter_bridge_soon(&room_of(leg), channel).await
    }

    /// Moves a phone from one room to another.
    pub(super) async fn move_room(&self, leg: LegId, from: LegId, to: LegId) -> Result<(), PlaceError> {
        let (path, id) = (format!("bridges/{}/removeChannel", room_of(from)), leg.to_string());
        match self.order(reqwest::Method::POST, &path, &[("channel", &id)], true).await {
            // It was not in there, or the room is gone: that is where it is to be.
            Ok(()) | Err(PlaceError::Refused(_)) => {}
            Err(error) => return Err(error),
        }
        self.enter_room(to, &id).await
    }

    /// Snoops on a channel: hears both of its sides, and is heard by it where `whisper` is `out`.
    pub(super) async fn snoop(&self, channel: &str, snoop: &str, whisper: &str) -> Result<(), PlaceError> {
        let path = format!("channels/{channel}/snoop/{snoop}");
        let query = [
            ("spy", "both"),
            ("whisper", whisper),
            ("app", self.settings.application.as_str()),
            ("appArgs", "snoop"),
        ];
        self.order(reqwest::Method::POST, &path, &query, false).await
    }

    /// Opens a channel that carries sound to and from our AudioSocket, under a ticket, and is ARI's.
    pub(super) async fn external(
        &self,
        channel: &str,
        audiosocket: SocketAddr,
        ticket: Uuid,
    ) -> Result<(), PlaceError> {
        let (host, ticket) = (audiosocket.to_string(), ticket.to_string());
        let query = [
            ("channelId", channel),
            ("app", self.settings.application.as_str()),
            ("external_host", host.as_str()),
            ("encapsulation", "audiosocket"),
            ("transport", "tcp"),
            ("connection_type", "client"),
            ("format", "slin"),
            ("direction", "both"),
            ("data", ticket.as_str()),
        ];
        self.order(reqwest::Method::POST, "channels/externalMedia", &query, false).await
    }

    /// The same over `chan_websocket`: gives the address at which the channel waits for us.
    pub(super) async fn external_websocket(&self, channel: &str) -> Result<String, PlaceError> {
        let query = [
            ("channelId", channel),
            ("app", self.settings.application.as_str()),
            ("external_host", "INCOMING"),
            ("encapsulation", "none"),
            ("transport", "websocket"),
            ("connection_type", "server"),
            ("format", "slin"),
            ("direction", "both"),
        ];
        let sent = self.request(reqwest::Method::POST, "channels/externalMedia").query(&query).send().await;
        let answer = sent.map_err(|e| PlaceError::Unavailable(e.without_url().to_string()))?;
        let status = answer.status();
        let body = bounded(answer).await;
        if !status.is_success() {
            return Err(PlaceError::Refused(format!("ARI answered {status}: {}", message(&body))));
        }
        let made: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
        let id = made.pointer("/channelvars/MEDIA_WEBSOCKET_CONNECTION_ID").and_then(|id| id.as_str());
        let is_plain =
            |id: &&str| id.len() <= 64 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        let id = id.filter(is_plain).ok_or_else(|| {
            PlaceError::Refused("ARI names no address for the WebSocket; is chan_websocket loaded?".into())
        })?;
        // Beside ARI, not below it.
        let beside =
            |ari: &str| format!("{}/media/{id}", ari.rsplit_once('/').map_or("", |(before, _)| before));
        self.websocket(beside).map(Into::into).map_err(PlaceError::Refused)
    }

    /// The address of a WebSocket on Asterisk's web server; `path` makes its path of ARI's, which has no slash at its end.
    pub(super) fn websocket(&self, path: impl FnOnce(&str) -> String) -> Result<Url, String> {
        let mut url = self.settings.url.clone();
        let scheme = if url.scheme() == "https" { "wss" } else { "ws" };
        url.set_scheme(scheme).map_err(|()| "ARI_URL must begin with http:// or https://".to_owned())?;
        let path = path(url.path().trim_end_matches('/'));
        url.set_path(&path);
        Ok(url)
    }

    /// Makes a room of its own for a call and who talks to it.
    pub(super) async fn open_bridge(&self, bridge: &str) -> Result<(), PlaceError> {
        let query = [("type", "mixing"), ("name", bridge)];
        self.order(reqwest::Method::POST, &format!("bridges/{bridge}"), &query, false).await
    }

    async fn enter_bridge(&self, bridge: &str, channel: &str) -> Result<(), PlaceError> {
        let path = format!("bridges/{bridge}/addChannel");
        self.order(reqwest::Method::POST, &path, &[("channel", channel)], false).await
    }

    /// Puts a channel into a bridge; it becomes ARI's a moment after that was asked for.
    pub(super) async fn enter_bridge_soon(&self, bridge: &str, channel: &str) -> Result<(), PlaceError> {
        let begun = tokio::time::Instant::now();
        loop {
            match self.enter_bridge(bridge, channel).await {
                Err(PlaceError::Refused(_)) if begun.elapsed() < THERE => tokio::time::sleep(AGAIN).await,
                other => return other,
            }
        }
    }

    /// Takes a bridge away; one that is gone is no error.
    pub(super) async fn close_bridge(&self, bridge: &str) -> Result<(), PlaceError> {
        self.order(reqwest::Method::DELETE, &format!("bridges/{bridge}"), &[], true).await
    }

    /// Whether Asterisk has loaded a module and runs it.
    pub(super) async fn has_module(&self, name: &str) -> Result<bool, String> {
        let answer = self.request(reqwest::Method::GET, &format!("asterisk/modules/{name}")).send().await;
        let answer = answer.map_err(|e| e.without_url().to_string())?;
        if !answer.status().is_success() {
            return Ok(false);
        }
        let module: serde_json::Value = serde_json::from_slice(&bounded(answer).await).unwrap_or_default();
        Ok(module.get("status").and_then(|status| status.as_str()) == Some("Running"))
    }

    /// Gives a channel in ARI's hands back to its dialplan.
    pub(super) async fn give_back(&self, channel: &str) -> Result<(), PlaceError> {
        let path = format!("channels/{channel}/continue");
        self.order(reqwest::Method::POST, &path, &[], true).await
    }

    /// Hangs an agent's phone up, and takes its room away.
    pub(super) async fn drop_leg(&self, leg: LegId) -> Result<(), PlaceError> {
        let hung_up = self
            .order(reqwest::Method::DELETE, &format!("channels/{leg}"), &[("reason", "normal")], true)
            .await;
        self.close_bridge(&room_of(leg)).await?;
        hung_up
    }

    /// Hangs up; a channel that is gone is no error.
    pub(super) async fn hang_up(&self, call: &CallId) -> Result<(), PlaceError> {
        self.hang_up_channel(&channel_id(call)).await
    }

    /// Ends a channel, whoever named it.
    pub(super) async fn hang_up_channel(&self, channel: &str) -> Result<(), PlaceError> {
        let path = format!("channels/{channel}");
        match self.order(reqwest::Method::DELETE, &path, &[("reason", "normal")], true).await {
            Err(PlaceError::Unknown(why)) => Err(PlaceError::Unavailable(why)),
            other => other,
        }
    }

    /// What of ours lives there.
    pub(super) async fn live(&self) -> Result<Living, PlaceError> {
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
        // Arguments follow the application's name, where there are any.
        let own = format!("{},", self.settings.application);
        let is_ours = |c: &Channel| {
            c.dialplan.app_name == "Stasis" && format!("{},", c.dialplan.app_data).starts_with(&own)
        };
        let legs =
            channels.iter().filter_map(|c| Some(OpenLeg { leg: c.id.parse().ok()?, is_ours: is_ours(c) }));
        let carriages = channels.iter().filter(|c| c.id.starts_with(MEDIA_PREFIX) && is_ours(c));
        Ok(Living {
            calls: channels.iter().filter_map(|c| call_of(&c.id)).collect(),
            legs: legs.collect(),
            carriages: carriages.map(|c| c.id.clone()).collect(),
        })
    }

    /// Tells Asterisk which events we want: eight an answered call, and a key pressed in ARI's hands, instead of thirty-seven. It forgets this whenever
    /// the WebSocket closes.
    pub(super) async fn filter_events(&self) -> Result<(), String> {
        let path = format!("applications/{}/eventFilter", self.settings.application);
        let allowed: Vec<_> = [
            "Dial",
            "ChannelDestroyed",
            "ChannelDtmfReceived",
            "StasisStart",
            "StasisEnd",
            "ApplicationReplaced",
        ]
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

/// The bridge in which a call meets the channel that carries its sound.
pub(super) fn bridge_of(channel: &str) -> String {
    format!("{channel}-bridge")
}

/// The bridge of an agent's phone.
fn room_of(leg: LegId) -> String {
    format!("{leg}-room")
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
