//! Serves the router over HTTP/1.1, plain or with TLS. Strangers may connect: what they may keep us waiting for is bounded.

use super::tls::Shown;
use super::{App, router};
use axum::Router;
use axum::extract::ConnectInfo;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

/// How long open requests may go on once the server stops.
const LAST: Duration = Duration::from_secs(5);
/// How long a handshake may take, and the head of a request: from the connection's beginning, or from the answer before.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long we wait where the system has no room for one more connection.
const BREATH: Duration = Duration::from_millis(50);

/// Serves until the application closes, and then what is under way.
pub async fn serve(listener: TcpListener, app: App, tls: Option<Shown>) {
    let closing = app.closing.clone();
    listen(listener, router(app), closing, tls, PATIENCE).await;
}

async fn listen(
    listener: TcpListener,
    router: Router,
    closing: CancellationToken,
    tls: Option<Shown>,
    patience: Duration,
) {
    let (open, tls) = (TaskTracker::new(), tls.map(Arc::new));
    let following = async {
        match &tls {
            Some(tls) => tls.follow().await,
            None => std::future::pending().await,
        }
    };
    let accepting = async {
        loop {
            let (stream, peer) = match listener.accept().await {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::debug!(%error, "a connection was not accepted");
                    tokio::time::sleep(BREATH).await;
                    continue;
                }
            };
            let (router, closing, tls) = (router.clone(), closing.clone(), tls.clone());
            open.spawn(async move { talk(stream, peer, router, closing, tls, patience).await });
        }
    };
    tokio::select! {
        () = closing.cancelled() => {}
        () = accepting => {}
        () = following => {}
    }
    drop(listener);
    open.close();
    let _ = tokio::time::timeout(LAST, open.wait()).await;
}

async fn talk(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    closing: CancellationToken,
    tls: Option<Arc<Shown>>,
    patience: Duration,
) {
    // Events are small and come in bursts: without this the kernel holds them back for 40 ms.
    let _ = stream.set_nodelay(true);
    match tls {
        None => answer(stream, peer, router, closing, patience).await,
        Some(tls) => {
            let shaken = tokio::time::timeout(patience, tls.acceptor().accept(stream)).await;
            if let Ok(Ok(stream)) = shaken {
                answer(stream, peer, router, closing, patience).await;
            }
        }
    }
}

async fn answer(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: SocketAddr,
    router: Router,
    closing: CancellationToken,
    patience: Duration,
) {
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        router.clone().oneshot(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(patience)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    tokio::select! {
        _ = connection.as_mut() => {}
        () = closing.cancelled() => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    /// Whoever begins a request and does not go on, says nothing at all, or nothing more, is hung up on.
    #[tokio::test]
    async fn nobody_holds_a_connection_by_saying_nothing() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (closing, patience) = (CancellationToken::new(), Duration::from_millis(100));
        let serving = tokio::spawn(listen(listener, Router::new(), closing.clone(), None, patience));
        let begun = "POST / HTTP/1.1\r\nhost: floor.example.com\r\n";
        for said in ["", "P", begun, &format!("{begun}content-length: 0\r\n\r\n")] {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(said.as_bytes()).await.unwrap();
            let mut heard = Vec::new();
            let ended = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut heard)).await;
            assert!(ended.is_ok(), "still open after {said:?}");
        }
        closing.cancel();
        serving.await.unwrap();
    }
}
