//! Errors as responses: RFC 9457 everywhere, but for the paths that existing users call, whose shape they know.

use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use dialdeck_protocol::{Code, Problem};

/// RFC 9457 problem details, as they go out.
#[derive(serde::Serialize, utoipa::ToSchema)]
pub struct ProblemDetails {
    /// `urn:dialdeck:problem:` and the code.
    #[serde(rename = "type")]
    kind: String,
    /// The status in words.
    title: String,
    /// The status.
    status: u16,
    /// Stable; programs branch on this.
    code: Code,
    /// What was wrong and what would be right.
    detail: String,
    /// The field at fault.
    field: Option<String>,
}

/// The inner part of [`CallProblem`].
#[derive(serde::Serialize, utoipa::ToSchema)]
pub struct CallError {
    /// Stable; programs branch on this.
    code: Code,
    /// What was wrong and what would be right.
    message: String,
}

/// A problem in the shape that existing users read.
#[derive(serde::Serialize, utoipa::ToSchema)]
pub struct CallProblem {
    /// Always false.
    success: bool,
    /// Why.
    error: CallError,
}

/// A problem as `application/problem+json`.
#[derive(Debug)]
pub struct Refused(pub Problem);

/// A problem as `{success: false, error: {code, message}}`.
#[derive(Debug)]
pub struct RefusedCall(pub Problem);

fn status(code: Code) -> StatusCode {
    match code {
        Code::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
        Code::Unauthenticated => StatusCode::UNAUTHORIZED,
        Code::Forbidden => StatusCode::FORBIDDEN,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::Conflict => StatusCode::CONFLICT,
        Code::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        Code::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Code::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// A problem's details as JSON.
pub fn details(problem: Problem) -> String {
    let status = status(problem.code);
    let details = ProblemDetails {
        kind: format!("urn:dialdeck:problem:{}", problem.code),
        title: status.canonical_reason().unwrap_or_default().to_owned(),
        status: status.as_u16(),
        code: problem.code,
        detail: problem.message,
        field: problem.field,
    };
    serde_json::to_string(&details).unwrap_or_default()
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let status = status(self.0.code);
        let body = details(self.0);
        let mut response =
            (status, [(header::CONTENT_TYPE, "application/problem+json")], body).into_response();
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl IntoResponse for RefusedCall {
    fn into_response(self) -> Response {
        let error = CallError { code: self.0.code, message: self.0.message };
        (status(self.0.code), Json(CallProblem { success: false, error })).into_response()
    }
}

impl<E: Into<Problem>> From<E> for Refused {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl<E: Into<Problem>> From<E> for RefusedCall {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

/// A body that could not be read.
pub fn body<T>(read: Result<Json<T>, JsonRejection>) -> Result<T, Problem> {
    read.map(|Json(value)| value).map_err(|rejection| {
        let code =
            if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE { Code::TooLarge } else { Code::Invalid };
        Problem::new(code, crate::domain::plain::line(&rejection.body_text(), 300))
    })
}

/// A query string that could not be read.
pub fn query<T>(read: Result<axum::extract::Query<T>, QueryRejection>) -> Result<T, Problem> {
    read.map(|axum::extract::Query(value)| value).map_err(|rejection| {
        Problem::new(Code::Invalid, crate::domain::plain::line(&rejection.body_text(), 300))
    })
}

/// An id in the path that is none.
pub fn path<T>(read: Result<axum::extract::Path<T>, PathRejection>) -> Result<T, Problem> {
    read.map(|axum::extract::Path(value)| value)
        .map_err(|_| Problem::new(Code::NotFound, "the id in the path is none of ours"))
}

/// What cannot be done to a path.
pub async fn no_such_method(method: axum::http::Method, uri: axum::http::Uri) -> Response {
    let path = crate::domain::plain::line(uri.path(), 200);
    let problem = Problem::new(Code::Invalid, format!("{method} is nothing that {path} takes"));
    let mut response = Refused(problem).into_response();
    *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
    response
}

/// What is not there.
pub async fn no_such_path(uri: axum::http::Uri) -> Refused {
    Refused(Problem::not_found(format!("the path {}", crate::domain::plain::line(uri.path(), 200))))
}
