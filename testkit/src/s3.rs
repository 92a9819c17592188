//! A bucket that speaks S3, with a server's own check of signatures, on a folder of its own.

use color_eyre::eyre::{Result, eyre};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use s3s_fs::FileSystem;
use std::net::SocketAddr;
use std::path::PathBuf;
use tokio::net::TcpListener;
use tokio::task::AbortHandle;

/// The one bucket that it has.
pub const BUCKET: &str = "recordings";
/// The key that it knows.
pub const KEY: &str = "DIALDECKTEST";
/// That key's secret.
pub const SECRET: &str = "not-a-secret-of-anyone";

/// The server; it ends with this value.
pub struct S3 {
    folder: tempfile::TempDir,
    address: SocketAddr,
    serving: AbortHandle,
}

impl S3 {
    /// Starts it with an empty bucket, on a port of the system's choice.
    ///
    /// # Errors
    /// When there is no folder or no port for it.
    pub async fn start() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        std::fs::create_dir(folder.path().join(BUCKET))?;
        let files = FileSystem::new(folder.path()).map_err(|error| eyre!("{error:?}"))?;
        let service = {
            let mut builder = S3ServiceBuilder::new(files);
            builder.set_auth(SimpleAuth::from_single(KEY, SECRET));
            builder.build()
        };
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let serving = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let service = service.clone();
                tokio::spawn(async move {
                    let http = Builder::new(TokioExecutor::new());
                    let _ = http.serve_connection(TokioIo::new(socket), service).await;
                });
            }
        });
        Ok(Self { folder, address, serving: serving.abort_handle() })
    }

    /// Where it is.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where an object lies on the disk.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(BUCKET).join(name)
    }
}

impl Drop for S3 {
    fn drop(&mut self) {
        self.serving.abort();
    }
}
