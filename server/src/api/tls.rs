//! The certificate that the server shows, which may be replaced while it runs.

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};
use tokio_rustls::TlsAcceptor;

/// How often we look whether it was replaced.
const LOOK: Duration = Duration::from_secs(10);

/// Certificate chain and key, both PEM.
#[derive(Debug, Clone)]
pub struct Tls {
    /// Certificate chain.
    pub certificate: PathBuf,
    /// Private key.
    pub key: PathBuf,
}

/// Why TLS cannot be served.
#[derive(Debug, thiserror::Error)]
#[error("server.tls_certificate {certificate} and server.tls_key {key} cannot be used: {why}")]
pub struct TlsError {
    certificate: String,
    key: String,
    why: String,
}

impl Tls {
    /// Reads both.
    ///
    /// # Errors
    /// When one is missing, or they do not belong together.
    pub async fn load(self) -> Result<Certificate, TlsError> {
        let known = self.written();
        let config = self.read().await.map_err(|why| {
            let shown = |path: &Path| path.display().to_string();
            TlsError { certificate: shown(&self.certificate), key: shown(&self.key), why: why.to_string() }
        })?;
        Ok(Certificate { files: self, known, config: Mutex::new(config) })
    }

    async fn read(&self) -> Result<Arc<ServerConfig>, Box<dyn Error + Send + Sync>> {
        // Two libraries may ask for it; who comes second finds it there.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let (chain, key) = (tokio::fs::read(&self.certificate).await?, tokio::fs::read(&self.key).await?);
        let chain = CertificateDer::pem_slice_iter(&chain).collect::<Result<Vec<_>, _>>()?;
        let key = PrivateKeyDer::from_pem_slice(&key)?;
        let mut config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }

    fn written(&self) -> [Option<SystemTime>; 2] {
        [&self.certificate, &self.key].map(|path| std::fs::metadata(path).and_then(|m| m.modified()).ok())
    }
}

/// A certificate in use.
pub struct Certificate {
    files: Tls,
    /// When its files had been written.
    known: [Option<SystemTime>; 2],
    config: Mutex<Arc<ServerConfig>>,
}

impl Certificate {
    /// For the next connection.
    pub(super) fn acceptor(&self) -> TlsAcceptor {
        self.config.lock().unwrap_or_else(PoisonError::into_inner).clone().into()
    }

    /// Takes up a new certificate when one is there. A broken one is said, and the old one stays.
    pub(super) async fn follow(&self) {
        let mut known = self.known;
        loop {
            tokio::time::sleep(LOOK).await;
            let now = self.files.written();
            if now == known {
                continue;
            }
            match self.files.read().await {
                Ok(fresh) => {
                    known = now;
                    *self.config.lock().unwrap_or_else(PoisonError::into_inner) = fresh;
                    tracing::info!("the TLS certificate was replaced");
                }
                Err(error) => {
                    tracing::warn!(%error, "the new TLS certificate cannot be used; the old one stays");
                }
            }
        }
    }
}
