//! Serves the router over HTTP/1.1, plain or with TLS. Strangers may connect: what they may keep us waiting for is bounded.

use super::tls::Certificate;
use super::{App, router};
use crate::open_files;
use axum::Router;
use axum::extract::ConnectInfo;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustix::net::sockopt::set_tcp_user_timeout;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;
use tower_http::timeout::TimeoutBody;

/// How long open requests may go on once the server stops.
const LAST: Duration = Duration::from_secs(5);
/// How long a handshake may take, the head of a request (from the connection's beginning, or from the answer before), each next
/// piece of its body, and until a piece of the answer is taken. Longer than proxies keep a connection that they do not use.
const PATIENCE: Duration = Duration::from_secs(75);
/// How often it is said that connections cannot be accepted.
const SAID: Duration = Duration::from_mins(1);
/// How long we wait where the system has no room for one more connection.
const BREATH: Duration = Duration::from_millis(50);

/// What strangers may take of us.
struct Bounds {
    /// Connections at a time; consoles, who are known, do not count.
    connections: usize,
    /// For how long one may say nothing.
    patience: Duration,
}

/// Serves until the application closes, and then what is under way.
pub async fn serve(listener: TcpListener, app: App, tls: Option<Certificate>) {
    let closing = app.closing.clone();
    let bounds = Bounds { connections: open_files::for_http(open_files::limit()), patience: PATIENCE };
    listen(listener, router(app), closing, tls, bounds).await;
}

async fn listen(
    listener: TcpListener,
    router: Router,
    closing: CancellationToken,
    tls: Option<Certificate>,
    bounds: Bounds,
) {
    let (open, tls) = (TaskTracker::new(), tls.map(Arc::new));
    let (places, patience) = (Arc::new(Semaphore::new(bounds.connections)), bounds.patience);
    let following = async {
        match &tls {
            Some(tls) => tls.follow().await,
            None => std::future::pending().await,
        }
    };
    let mut said: Option<Instant> = None;
    let accepting = async {
        // Whoever comes while all places are taken waits in the system's queue.
        while let Ok(place) = places.clone().acquire_owned().await {
            let (stream, peer) = match listener.accept().await {
                Ok(accepted) => accepted,
                // Somebody who went before it was their turn.
                Err(error) if error.kind() == ErrorKind::ConnectionAborted => continue,
                Err(error) => {
                    if said.is_none_or(|at| at.elapsed() > SAID) {
                        tracing::warn!(%error, "connections cannot be accepted");
                        said = Some(Instant::now());
                    }
                    tokio::time::sleep(BREATH).await;
                    continue;
                }
            };
            let (router, closing, tls) = (router.clone(), closing.clone(), tls.clone());
            open.spawn(async move {
                talk(stream, peer, router, closing, tls, patience).await;
                drop(place);
            });
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
    tls: Option<Arc<Certificate>>,
    patience: Duration,
) {
    // Events are small and come in bursts: without this the kernel holds them back for 40 ms.
    let _ = stream.set_nodelay(true);
    // Who takes nothing, and acknowledges nothing, is let go by the system (tcp(7)).
    let _ = set_tcp_user_timeout(&stream, u32::try_from(patience.as_millis()).unwrap_or(u32::MAX));
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
        router.clone().oneshot(request.map(|body| TimeoutBody::new(patience, body)))
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
    use axum::routing::post;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    /// Whoever begins a request and does not go on, says nothing at all, or nothing more, is hung up on.
    #[tokio::test]
    async fn nobody_holds_a_connection_by_saying_nothing() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let closing = CancellationToken::new();
        let router = Router::new().route("/read", post(async |body: String| body));
        let bounds = Bounds { connections: 2, patience: Duration::from_millis(100) };
        let serving = tokio::spawn(listen(listener, router, closing.clone(), None, bounds));
        // More of them than there are places: those who come later have their turn.
        let mut silent = Vec::new();
        for _ in 0..5 {
            silent.push(TcpStream::connect(address).await.unwrap());
        }
        let begun = "POST /read HTTP/1.1\r\nhost: floor.example.com\r\n";
        let whole = format!("{begun}content-length: 0\r\n\r\n");
        let without_body = format!("{begun}content-length: 9\r\n\r\nhalf");
        for said in ["", "P", begun, &whole, &without_body] {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(said.as_bytes()).await.unwrap();
            let mut heard = Vec::new();
            let ended = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut heard)).await;
            assert!(ended.is_ok(), "still open after {said:?}");
        }
        closing.cancel();
        serving.await.unwrap();
    }

    /// What connections take that say nothing is a part of what may be open: who comes after them waits until one has gone.
    #[tokio::test]
    async fn connections_take_their_places_and_no_more() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let closing = CancellationToken::new();
        let bounds = Bounds { connections: 2, patience: PATIENCE };
        let serving = tokio::spawn(listen(listener, Router::new(), closing.clone(), None, bounds));
        let first = TcpStream::connect(address).await.unwrap();
        let _second = TcpStream::connect(address).await.unwrap();
        let mut third = TcpStream::connect(address).await.unwrap();
        third.write_all(b"GET / HTTP/1.1\r\nhost: floor.example.com\r\n\r\n").await.unwrap();
        let mut answer = [0; 12];
        let early = tokio::time::timeout(Duration::from_millis(200), third.read_exact(&mut answer)).await;
        assert!(early.is_err(), "there was no place for it");
        drop(first);
        third.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 404");
        closing.cancel();
        serving.await.unwrap();
    }
}
