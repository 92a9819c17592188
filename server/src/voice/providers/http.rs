//! One provider's address: where and with which key it is asked, and how much of an answer is read.

use super::shape::Provider;
use crate::domain::plain;
use futures_util::StreamExt;
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use std::time::Duration;
use url::Url;

/// Largest answer that is no sound, in bytes.
pub(super) const MOST_TEXT: usize = 1 << 20;
/// Largest sound, in bytes: three minutes at 24 kHz s16.
pub(super) const MOST_SOUND: usize = 9 << 20;
/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(3);

/// Where a provider is asked. Cheap to clone.
#[derive(Clone)]
pub(super) struct Line {
    /// Its name in the settings.
    pub name: String,
    url: Url,
    key: SecretString,
    auth: String,
    client: Client,
}

/// An answer's kind and its bytes.
pub(super) struct Body {
    /// Media type, without parameters, in small letters.
    pub kind: String,
    pub bytes: Vec<u8>,
}

impl Line {
    pub(super) fn new(name: &str, settings: &Provider) -> Result<Self, String> {
        let url: Url = settings.url.parse().map_err(|e| {
            format!(
                "providers.{name}.url cannot be read ({e}); use an address such as https://api.example.com/v1"
            )
        })?;
        let client = Client::builder()
            .connect_timeout(CONNECT)
            .timeout(settings.timeout())
            // An answer that comes piece by piece may take longer as a whole, but no piece of it.
            .read_timeout(settings.timeout())
            // Where a provider is moved its key does not follow.
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|e| format!("providers.{name}: {e}"))?;
        let (key, auth) = (settings.key.clone(), settings.auth.clone());
        Ok(Self { name: name.to_owned(), url, key, auth, client })
    }

    /// An address below the provider's own; a path that begins with a slash begins at its host.
    pub(super) fn address(&self, path: &str) -> Url {
        let mut url = self.url.clone();
        let below = if path.starts_with('/') {
            path.to_owned()
        } else {
            format!("{}/{path}", self.url.path().trim_end_matches('/'))
        };
        url.set_path(&below);
        url
    }

    /// The value of the header that proves who asks; `None` where there is no key.
    pub(super) fn proof(&self) -> Option<String> {
        let key = self.key.expose_secret();
        (!key.is_empty()).then(|| format!("{} {key}", self.auth))
    }

    pub(super) fn post(&self, path: &str) -> RequestBuilder {
        let request = self.client.post(self.address(path));
        match self.proof() {
            Some(proof) => request.header(reqwest::header::AUTHORIZATION, proof),
            None => request,
        }
    }

    /// What went wrong, in words that name the provider and hold no key.
    pub(super) fn trouble(&self, error: &reqwest::Error) -> String {
        let why = if error.is_timeout() {
            "it did not answer in time".to_owned()
        } else if error.is_connect() {
            "it cannot be reached".to_owned()
        } else {
            // Its own words may hold the address, and an address a key.
            "the connection broke".to_owned()
        };
        format!("{}: {why}", self.name)
    }

    /// Sends, and gives the answer where it is a good one.
    pub(super) async fn send(&self, request: RequestBuilder) -> Result<Response, String> {
        let response = request.send().await.map_err(|e| self.trouble(&e))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let said = self.read(response, 4096).await.map(|body| body.bytes).unwrap_or_default();
        let said = String::from_utf8_lossy(&said).into_owned();
        let key = self.key.expose_secret();
        let said = if key.is_empty() { said } else { said.replace(key, "…") };
        let said = plain::line(&said, 200);
        Err(match status {
            StatusCode::TOO_MANY_REQUESTS => format!("{}: it is asked too often (429)", self.name),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                format!(
                    "{}: it refuses the key ({}); check providers.{}.key",
                    self.name,
                    status.as_u16(),
                    self.name
                )
            }
            _ => format!("{}: it answered {}: {said}", self.name, status.as_u16()),
        })
    }

    /// Reads an answer of at most so many bytes.
    pub(super) async fn read(&self, response: Response, most: usize) -> Result<Body, String> {
        let header = response.headers().get(reqwest::header::CONTENT_TYPE);
        let kind = header.and_then(|value| value.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim().to_lowercase();
        let mut bytes = Vec::new();
        let mut stream = response.bytes_stream();
        while let Some(piece) = stream.next().await {
            let piece = piece.map_err(|e| self.trouble(&e))?;
            if bytes.len() + piece.len() > most {
                return Err(format!("{}: its answer is larger than {most} bytes", self.name));
            }
            bytes.extend_from_slice(&piece);
        }
        Ok(Body { kind, bytes })
    }

    /// Asks for a JSON object.
    pub(super) async fn json(&self, request: RequestBuilder) -> Result<serde_json::Value, String> {
        let response = self.send(request).await?;
        let body = self.read(response, MOST_TEXT).await?;
        serde_json::from_slice(&body.bytes).map_err(|_| format!("{}: its answer is no JSON", self.name))
    }
}
