//! What changes something is done to its end, even if whoever asked has gone: what was stored must be obeyed and written
//! down too.

use super::problem::Refused;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use dialdeck_protocol::{Code, Problem};

/// Lets an unsafe request run in a task of its own.
pub(super) async fn detached(request: Request, next: Next) -> Response {
    if request.method().is_safe() {
        return next.run(request).await;
    }
    let done = tokio::spawn(next.run(request)).await;
    let broken = || Problem::new(Code::Internal, "the command could not be carried out");
    done.unwrap_or_else(|_| Refused(broken()).into_response())
}
