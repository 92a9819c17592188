//! When the system, or ctrl-c, asks the program to end.

use std::io;
use tokio::signal::unix::{SignalKind, signal};

/// Listens from now on, until the program is asked to end; gives the signal's number.
///
/// # Errors
/// When the system lets nobody listen.
pub fn asked() -> io::Result<impl Future<Output = i32>> {
    let kinds = [SignalKind::terminate(), SignalKind::hangup(), SignalKind::interrupt()];
    let mut streams =
        kinds.into_iter().map(|kind| Ok((kind, signal(kind)?))).collect::<io::Result<Vec<_>>>()?;
    Ok(async move {
        let asked = streams.iter_mut().map(|(kind, stream)| {
            Box::pin(async move {
                stream.recv().await;
                kind.as_raw_value()
            })
        });
        futures_util::future::select_all(asked).await.0
    })
}
