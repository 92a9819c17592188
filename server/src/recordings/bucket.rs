//! Recordings in a bucket that speaks S3: each request is signed for a minute, and nothing else is told.

use super::shelf::{LARGEST, Shelf};
use crate::settings::RecordingSettings;
use async_trait::async_trait;
use bytes::Bytes;
use futures_util::StreamExt;
use rusty_s3::{Credentials, S3Action, UrlStyle};
use secrecy::ExposeSecret;
use std::path::Path;
use std::time::Duration;

/// How long a signature holds.
const SIGNED: Duration = Duration::from_mins(1);
/// How long the bucket may say nothing.
const SILENT: Duration = Duration::from_secs(30);

/// Slowest line that is waited for, bytes a second.
const SLOWEST: u64 = 50_000;

/// The bucket.
pub struct Bucket {
    bucket: rusty_s3::Bucket,
    credentials: Credentials,
    client: reqwest::Client,
}

impl Bucket {
    /// That of the settings.
    ///
    /// # Errors
    /// When its address is none.
    pub fn new(settings: &RecordingSettings) -> Result<Self, String> {
        let endpoint: url::Url = settings
            .s3_endpoint
            .parse()
            .map_err(|error| format!("recordings.s3_endpoint: {error}; use https://s3.example.com"))?;
        let (name, region) = (settings.s3_bucket.clone(), settings.s3_region.clone());
        // In the path: buckets of one's own seldom have a name of their own.
        let bucket = rusty_s3::Bucket::new(endpoint, UrlStyle::Path, name, region)
            .map_err(|error| format!("recordings.s3_bucket: {error}"))?;
        let credentials =
            Credentials::new(settings.s3_key.clone(), settings.s3_secret.expose_secret().to_owned());
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(SILENT)
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self { bucket, credentials, client })
    }
}

/// An error without the address, which carries the signature.
fn plain(error: reqwest::Error) -> String {
    crate::domain::plain::line(&error.without_url().to_string(), 200)
}

fn refused(status: reqwest::StatusCode) -> String {
    format!("the bucket answered {status}")
}

#[async_trait]
impl Shelf for Bucket {
    fn id(&self) -> String {
        self.bucket.base_url().to_string()
    }

    async fn put(&self, name: &str, from: &Path) -> Result<(), String> {
        let file = tokio::fs::File::open(from).await.map_err(|error| error.to_string())?;
        let length = file.metadata().await.map_err(|error| error.to_string())?.len();
        let url = self.bucket.put_object(Some(&self.credentials), name).sign(SIGNED);
        let body = reqwest::Body::wrap_stream(tokio_util::io::ReaderStream::new(file));
        let sent = self
            .client
            .put(url)
            .header("content-type", "audio/wav")
            .header("content-length", length)
            .timeout(SILENT + Duration::from_secs(length / SLOWEST))
            .body(body)
            .send()
            .await
            .map_err(plain)?;
        if !sent.status().is_success() {
            return Err(refused(sent.status()));
        }
        tokio::fs::remove_file(from).await.map_err(|error| error.to_string())
    }

    async fn get(&self, name: &str) -> Result<Bytes, String> {
        let url = self.bucket.get_object(Some(&self.credentials), name).sign(SIGNED);
        let longest = SILENT + Duration::from_secs(LARGEST / SLOWEST);
        let answer = self.client.get(url).timeout(longest).send().await.map_err(plain)?;
        if !answer.status().is_success() {
            return Err(refused(answer.status()));
        }
        let mut sound = Vec::new();
        let mut stream = answer.bytes_stream();
        while let Some(piece) = stream.next().await {
            let piece = piece.map_err(plain)?;
            if sound.len() + piece.len() > usize::try_from(LARGEST).unwrap_or(usize::MAX) {
                return Err("it is larger than a call can be".into());
            }
            sound.extend_from_slice(&piece);
        }
        Ok(Bytes::from(sound))
    }

    async fn delete(&self, name: &str) -> Result<(), String> {
        let url = self.bucket.delete_object(Some(&self.credentials), name).sign(SIGNED);
        let answer = self.client.delete(url).timeout(SILENT).send().await.map_err(plain)?;
        match answer.status() {
            status if status.is_success() || status == reqwest::StatusCode::NOT_FOUND => Ok(()),
            status => Err(refused(status)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Bucket, Shelf};
    use crate::settings::Settings;
    use dialdeck_testkit::s3::{BUCKET, KEY, S3, SECRET};

    fn bucket(server: &S3, name: &str, secret: &str) -> Bucket {
        let sets = [
            ("recordings.s3_endpoint", server.endpoint()),
            ("recordings.s3_bucket", name.to_owned()),
            ("recordings.s3_region", "us-east-1".to_owned()),
            ("recordings.s3_key", KEY.to_owned()),
            ("recordings.s3_secret", secret.to_owned()),
        ];
        let sets: Vec<(String, String)> = sets.into_iter().map(|(n, v)| (n.to_owned(), v)).collect();
        Bucket::new(&Settings::load(None, &|_| None, &sets).unwrap().recordings).unwrap()
    }

    #[tokio::test]
    async fn what_is_put_into_a_bucket_is_got_back_and_deleted() {
        let server = S3::start().await.unwrap();
        let shelf = bucket(&server, BUCKET, SECRET);
        let folder = tempfile::tempdir().unwrap();
        let (name, made) = ("default/2026-03-02/a call.wav", folder.path().join("made.wav"));
        let sound: Vec<u8> = (0..100_000_u32).flat_map(u32::to_le_bytes).collect();
        std::fs::write(&made, &sound).unwrap();
        shelf.put(name, &made).await.unwrap();
        assert!(!made.exists(), "it is in the bucket now, and only there");
        assert_eq!(std::fs::read(server.path(name)).unwrap(), sound);
        assert_eq!(shelf.get(name).await.unwrap(), sound);
        shelf.delete(name).await.unwrap();
        assert!(!server.path(name).exists());
        shelf.delete(name).await.unwrap();
        assert!(shelf.get(name).await.unwrap_err().contains("404"));
    }

    #[tokio::test]
    async fn a_recording_that_a_bucket_refuses_stays_where_it_was() {
        let server = S3::start().await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let made = folder.path().join("made.wav");
        std::fs::write(&made, b"RIFF").unwrap();
        let stranger = bucket(&server, BUCKET, "another secret");
        let refused = stranger.put("default/call.wav", &made).await.unwrap_err();
        assert!(refused.contains("403"), "{refused}");
        let shelf = bucket(&server, BUCKET, SECRET);
        drop(server);
        let unreached = shelf.put("default/call.wav", &made).await.unwrap_err();
        for told in [refused, unreached] {
            assert!(!told.contains(KEY) && !told.contains("Signature"), "{told}");
        }
        assert!(made.exists());
    }
}
