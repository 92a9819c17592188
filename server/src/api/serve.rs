//! Serves the router: plain, or with TLS whose certificate may be replaced while it runs.

use super::{App, router};
use axum::serve::ListenerExt;
use axum_server::Handle;
use axum_server::accept::NoDelayAcceptor;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use tokio::net::TcpListener;

/// How long open requests may go on once the server stops.
const LAST: Duration = Duration::from_secs(5);
/// How often we look whether the certificate was replaced.
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
pub struct ServeError {
    certificate: String,
    key: String,
    why: String,
}

impl Tls {
    fn failed(&self, why: &dyn std::fmt::Display) -> ServeError {
        let shown = |path: &Path| path.display().to_string();
        ServeError { certificate: shown(&self.certificate), key: shown(&self.key), why: why.to_string() }
    }

    /// Reads both.
    ///
    /// # Errors
    /// When one is missing, or they do not belong together.
    pub async fn load(&self) -> Result<RustlsConfig, ServeError> {
        // Two libraries may ask for it; who comes second finds it there.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        RustlsConfig::from_pem_file(&self.certificate, &self.key).await.map_err(|e| self.failed(&e))
    }

    fn written(&self) -> [Option<SystemTime>; 2] {
        [&self.certificate, &self.key].map(|path| std::fs::metadata(path).and_then(|m| m.modified()).ok())
    }

    /// Takes up a new certificate when one is there. A broken one is said, and the old one stays.
    async fn follow(self, config: RustlsConfig) {
        let mut known = self.written();
        loop {
            tokio::time::sleep(LOOK).await;
            let now = self.written();
            if now == known {
                continue;
            }
            match config.reload_from_pem_file(&self.certificate, &self.key).await {
                Ok(()) => {
                    known = now;
                    tracing::info!("the TLS certificate was replaced");
                }
                Err(error) => {
                    tracing::warn!(%error, "the new TLS certificate cannot be used; the old one stays");
                }
            }
        }
    }
}

/// Serves until the application closes.
///
/// # Errors
/// When the listener breaks.
pub async fn serve(listener: TcpListener, app: App, tls: Option<(Tls, RustlsConfig)>) -> std::io::Result<()> {
    let closing = app.closing.clone();
    let service = router(app).into_make_service_with_connect_info::<SocketAddr>();
    let Some((tls, config)) = tls else {
        // Events are small and come in bursts: without this the kernel holds them back for 40 ms.
        let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
        return axum::serve(listener, service)
            .with_graceful_shutdown(async move { closing.cancelled().await })
            .await;
    };
    let handle = Handle::new();
    let (stopper, following) = (handle.clone(), tokio::spawn(tls.follow(config.clone())));
    tokio::spawn(async move {
        closing.cancelled().await;
        following.abort();
        stopper.graceful_shutdown(Some(LAST));
    });
    let listener = listener.into_std()?;
    let acceptor = RustlsAcceptor::new(config).acceptor(NoDelayAcceptor::new());
    axum_server::from_tcp(listener)?.acceptor(acceptor).handle(handle).serve(service).await
}
