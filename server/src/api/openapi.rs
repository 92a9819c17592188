//! The OpenAPI document: what the handlers say of themselves, and what holds for all of them.

use super::idempotency;
use super::problem::{CallProblem, ProblemDetails};
use crate::domain::caller::PERMISSIONS;
use axum::http::Method;
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{ContentBuilder, OpenApi, Ref, RefOr, Required, ResponseBuilder};
use utoipa::{PartialSchema, ToSchema};

/// Paths whose errors have the shape that existing users read.
fn is_of_calls(path: &str) -> bool {
    ["/api/v1/calls", "/api/v1/asterisk/", "/api/v1/conversation/"].iter().any(|p| path.starts_with(p))
}

/// What every request may meet.
const PROBLEMS: &[(&str, &str)] = &[
    ("401", "No or no valid session or token"),
    ("403", "The role, the scopes or the campaigns do not allow it"),
    ("404", "It is not there, or not behind this wall"),
    ("408", "It took too long"),
    ("409", "It clashes with the state things are in"),
    ("413", "The body is too large"),
    ("422", "A field is wrong, or the request cannot be read; `field` names it"),
    ("429", "Too many requests; try again later"),
    ("500", "A fault of ours"),
    ("503", "Something it needs is not there now"),
];

/// `delete_webhooks_id`: stable, and of nothing but method and path.
fn operation_id(path: &str, method: &Method) -> String {
    let parts =
        path.trim_start_matches("/api/v1").split(['/', '-', '{', '}']).filter(|part| !part.is_empty());
    parts.fold(method.as_str().to_lowercase(), |id, part| format!("{id}_{part}"))
}

/// Stands in the place of a scope where no log-in is needed.
pub const PUBLIC: &str = "public";

/// The scope that an operation takes; `None`: any caller may.
fn scope(operation: &Operation) -> Option<String> {
    operation.security.iter().flatten().find_map(|requirement| {
        let requirement = serde_json::to_value(requirement).unwrap_or_default();
        match requirement.get("bearer") {
            Some(scopes) => scopes.get(0).and_then(|s| s.as_str()).map(str::to_owned),
            None => Some(PUBLIC.to_owned()),
        }
    })
}

fn complete(path: &str, method: &Method, operation: &mut Operation) {
    operation.operation_id = Some(operation_id(path, method));
    let name = if is_of_calls(path) { CallProblem::name() } else { ProblemDetails::name() };
    let content_type = if is_of_calls(path) { "application/json" } else { "application/problem+json" };
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response
            && response.description.is_empty()
        {
            let words = match status.as_str() {
                "201" => "Made",
                "204" => "Done",
                _ => "The answer",
            };
            words.clone_into(&mut response.description);
        }
    }
    for (status, words) in PROBLEMS {
        if operation.responses.responses.contains_key(*status) {
            continue;
        }
        let mut response = ResponseBuilder::new().description(*words);
        // A request that takes too long is cut off without a body.
        if *status != "408" {
            let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(name.clone())));
            response = response.content(content_type, content.build());
            // The key is looked at before the path's own shape is known.
            if is_of_calls(path) && ["409", "413", "422", "503"].contains(status) {
                let problem = Ref::from_schema_name(ProblemDetails::name());
                response = response
                    .content("application/problem+json", ContentBuilder::new().schema(Some(problem)).build());
            }
        }
        operation.responses.responses.insert((*status).into(), RefOr::T(response.build()));
    }
    if !method.is_safe() && scope(operation).as_deref() != Some(PUBLIC) {
        let key = ParameterBuilder::new()
            .name(idempotency::HEADER)
            .parameter_in(ParameterIn::Header)
            .required(Required::False)
            .description(Some("The same key with the same request is done once; the answer is given again."))
            .schema(Some(
                ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(200)),
            ))
            .build();
        operation.parameters.get_or_insert_default().push(RefOr::T(key));
    }
    let scope = scope(operation);
    let known = scope.and_then(|scope| PERMISSIONS.iter().find(|(word, ..)| *word == scope));
    if let Some((scope, role, what)) = known {
        let own = operation.description.take().unwrap_or_default();
        let takes = format!("Takes the role **{role}** (scope `{scope}`): may {what}.");
        operation.description = Some(if own.is_empty() { takes } else { format!("{own}\n\n{takes}") });
    }
}

/// Completes what the handlers said of themselves.
pub(super) fn finished(mut document: OpenApi) -> OpenApi {
    document.info.title = "Dialdeck".into();
    document.info.version = env!("CARGO_PKG_VERSION").into();
    document.info.description = Some(
        "The calling floor's server. Log in with `POST /api/v1/auth/login`, or make a token, and send \
         `Authorization: Bearer …`. Errors are RFC 9457 problem details, but for the paths under `/api/v1/calls`, \
         `/api/v1/asterisk` and `/api/v1/conversation`, whose shape existing users know."
            .into(),
    );
    document.info.license = None;
    document.info.contact = None;
    let components = document.components.get_or_insert_default();
    components.schemas.insert(ProblemDetails::name().into(), ProblemDetails::schema());
    components.schemas.insert(CallProblem::name().into(), CallProblem::schema());
    let mut inner = Vec::new();
    ProblemDetails::schemas(&mut inner);
    CallProblem::schemas(&mut inner);
    components.schemas.extend(inner);
    // A noun with its id beside it is more than the noun that is sent: it cannot forbid what it has.
    for schema in components.schemas.values_mut() {
        if let RefOr::T(Schema::AllOf(all)) = schema {
            for item in &mut all.items {
                if let RefOr::T(Schema::Object(object)) = item {
                    object.additional_properties = None;
                }
            }
        }
    }
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    components.security_schemes.insert("bearer".into(), RefOr::T(SecurityScheme::Http(bearer)));
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in [
            (Method::GET, &mut item.get),
            (Method::PUT, &mut item.put),
            (Method::POST, &mut item.post),
            (Method::DELETE, &mut item.delete),
            (Method::PATCH, &mut item.patch),
        ] {
            if let Some(operation) = operation {
                complete(path, &method, operation);
            }
        }
    }
    document.security = Some(vec![SecurityRequirement::new("bearer", Vec::<String>::new())]);
    document
}

/// Every operation: method, path, scope (empty: any caller; [`PUBLIC`]: anyone).
pub fn operations(document: &OpenApi) -> Vec<(Method, String, String)> {
    let mut all = Vec::new();
    for (path, item) in &document.paths.paths {
        for (method, operation) in [
            (Method::GET, &item.get),
            (Method::PUT, &item.put),
            (Method::POST, &item.post),
            (Method::DELETE, &item.delete),
            (Method::PATCH, &item.patch),
        ] {
            let Some(operation) = operation else { continue };
            all.push((method, path.clone(), scope(operation).unwrap_or_default()));
        }
    }
    all
}
