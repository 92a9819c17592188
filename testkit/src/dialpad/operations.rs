//! What the stand-in answers, operation by operation, in the shapes of Dialpad's description.

use super::document::Operation;
use super::state::{Endpoint, State, User};
use super::{LIFE, state};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Instant;

/// A status and what it says.
type Refused = (u16, &'static str);

const NOT_THERE: Refused = (404, "not found");

fn signature(secret: &str) -> Value {
    json!({ "algo": "HS256", "secret": secret, "type": "jwt" })
}

fn webhook(id: i64, (url, secret): &Endpoint) -> Value {
    json!({ "id": id.to_string(), "hook_url": url, "signature": signature(secret) })
}

/// A `WebSocket`, with an address that was not there before.
fn websocket(state: &mut State, url: &str, id: i64) -> Result<Value, Refused> {
    let (_, secret) = state.websockets.get(&id).cloned().ok_or(NOT_THERE)?;
    let key = format!("key-{}", state.fresh_id());
    state.socket_keys.push((key.clone(), Instant::now() + LIFE));
    let address = format!("{}/events/{key}", url.replacen("http", "ws", 1));
    Ok(json!({ "id": id.to_string(), "websocket_url": address, "signature": signature(&secret) }))
}

fn subscription(state: &State, id: i64) -> Option<Value> {
    let (endpoint, department) = state.subscriptions.get(&id)?;
    let mut told = json!({ "id": id.to_string(), "enabled": true, "group_calls_only": false, "call_states": ["hangup"],
                           "target_id": department.to_string(), "target_type": "department" });
    if let Some(own) = state.webhooks.get(endpoint) {
        told["webhook"] = webhook(*endpoint, own);
    } else if let Some((_, secret)) = state.websockets.get(endpoint) {
        told["websocket"] = json!({ "id": endpoint.to_string(), "signature": signature(secret) });
    }
    Some(told)
}

fn user(id: i64, user: &User, department: i64) -> Value {
    json!({ "id": id.to_string(), "display_name": user.name, "emails": [format!("user{id}@example.com")], "state": "active",
        "is_on_duty": user.on_duty, "on_duty_status": user.status, "do_not_disturb": user.do_not_disturb,
        "is_available": user.on_duty && !user.do_not_disturb,
        "group_details": [{ "group_id": department.to_string(), "group_type": "department", "role": "operator",
                            "do_not_disturb": user.do_not_disturb }] })
}

fn text(body: Option<&Value>, name: &str) -> String {
    body.and_then(|body| body[name].as_str()).unwrap_or_default().to_owned()
}

/// A page of calls: newest first, of a department, between two moments, after a cursor.
fn calls(state: &State, query: &BTreeMap<&str, &str>) -> Result<Value, Refused> {
    let number = |name: &str| query.get(name).and_then(|text| text.parse::<i64>().ok());
    let department = number("target_id").ok_or((400, "target_id is missing"))?;
    let none = Vec::new();
    let all = state.calls.get(&department).unwrap_or(&none);
    let (after, before) =
        (number("started_after").unwrap_or(i64::MIN), number("started_before").unwrap_or(i64::MAX));
    let skip = match query.get("cursor") {
        None => 0,
        Some(cursor) => {
            let place = cursor.strip_prefix("place-").and_then(|place| place.parse::<usize>().ok());
            place.ok_or((400, "the cursor is not valid any more"))?
        }
    };
    let mut wanted = all.iter().filter(|(began, _)| *began > after && *began < before).skip(skip);
    let items: Vec<Value> = wanted.by_ref().take(state.page).map(|(_, leg)| leg.clone()).collect();
    let cursor = wanted.next().map(|_| format!("place-{}", skip + items.len()));
    Ok(json!({ "cursor": cursor, "items": items }))
}

/// Answers; the request fits the description.
pub(super) fn answer(
    state: &mut State,
    url: &str,
    method: &str,
    operation: &Operation,
    query: &[(String, String)],
    body: Option<&Value>,
) -> Result<Value, Refused> {
    let query: BTreeMap<&str, &str> = query.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let named = |name: &str| operation.parameters.get(name).and_then(|id| id.parse::<i64>().ok());
    let id = named("id").or_else(|| named("call_id")).unwrap_or_default();
    let whole = |name: &str| {
        let value = body.map(|body| body[name].clone()).unwrap_or_default();
        value.as_i64().or_else(|| value.as_str()?.parse().ok())
    };
    let known_user = |state: &State| if state.users.contains_key(&id) { Ok(()) } else { Err(NOT_THERE) };
    let known_call = if id == 1 { Err(NOT_THERE) } else { Ok(()) };
    match (method, operation.template.as_str()) {
        ("GET", "/api/v2/call") => calls(state, &query),
        ("GET", "/api/v2/departments/{id}") => {
            let own = state.departments.get(&id).ok_or(NOT_THERE)?;
            Ok(json!({ "id": id.to_string(), "name": own.name, "timezone": own.timezone, "state": "active" }))
        }
        ("GET", "/api/v2/departments/{id}/operators") => {
            let own = state.departments.get(&id).ok_or(NOT_THERE)?;
            let users = own.operators.iter().filter_map(|one| Some(user(*one, state.users.get(one)?, id)));
            Ok(json!({ "users": users.collect::<Vec<_>>(), "rooms": [] }))
        }
        ("GET", "/api/v2/transcripts/{call_id}") => {
            let lines = state.transcripts.get(&id).ok_or(NOT_THERE)?;
            let lines: Vec<Value> = lines
                .iter()
                .enumerate()
                .map(|(n, (who, what))| {
                    json!({ "name": who, "content": what, "type": "transcript", "time": format!("2026-11-01T10:00:{n:02}.000000") })
                })
                .collect();
            Ok(json!({ "call_id": id.to_string(), "lines": lines }))
        }
        ("GET", "/api/v2/webhooks") => {
            let items: Vec<Value> = state.webhooks.iter().map(|(id, own)| webhook(*id, own)).collect();
            Ok(json!({ "items": items }))
        }
        ("POST", "/api/v2/webhooks") => {
            let made = state.fresh_id();
            let own = (text(body, "hook_url"), text(body, "secret"));
            state.webhooks.insert(made, own.clone());
            Ok(webhook(made, &own))
        }
        ("DELETE", "/api/v2/webhooks/{id}") => {
            let own = state.webhooks.remove(&id).ok_or(NOT_THERE)?;
            Ok(webhook(id, &own))
        }
        ("GET", "/api/v2/websockets") => {
            let ids: Vec<i64> = state.websockets.keys().copied().collect();
            let items: Result<Vec<Value>, Refused> =
                ids.into_iter().map(|id| websocket(state, url, id)).collect();
            Ok(json!({ "items": items? }))
        }
        ("POST", "/api/v2/websockets") => {
            let made = state.fresh_id();
            state.websockets.insert(made, (String::new(), text(body, "secret")));
            websocket(state, url, made)
        }
        ("GET", "/api/v2/websockets/{id}") => websocket(state, url, id),
        ("DELETE", "/api/v2/websockets/{id}") => {
            let told = websocket(state, url, id)?;
            state.websockets.remove(&id);
            Ok(told)
        }
        ("GET", "/api/v2/subscriptions/call") => {
            let wanted = query.get("target_id").and_then(|id| id.parse::<i64>().ok());
            let ids = state.subscriptions.iter().filter(|(_, (_, of))| wanted.is_none_or(|id| id == *of));
            let items: Vec<Value> = ids.filter_map(|(id, _)| subscription(state, *id)).collect();
            Ok(json!({ "items": items }))
        }
        ("POST", "/api/v2/subscriptions/call") => {
            let endpoint = whole("endpoint_id").ok_or((400, "endpoint_id is missing"))?;
            if !state.webhooks.contains_key(&endpoint) && !state.websockets.contains_key(&endpoint) {
                return Err((400, "there is no such endpoint"));
            }
            let made = state.fresh_id();
            state.subscriptions.insert(made, (endpoint, whole("target_id").unwrap_or_default()));
            subscription(state, made).ok_or(NOT_THERE)
        }
        ("DELETE", "/api/v2/subscriptions/call/{id}") => {
            let told = subscription(state, id).ok_or(NOT_THERE)?;
            state.subscriptions.remove(&id);
            Ok(told)
        }
        ("POST", "/api/v2/users/{id}/initiate_call") => {
            known_user(state)?;
            let device = json!({ "id": format!("user-{id}-client-native"), "type": "native", "display_name": "native",
                                 "user_id": id.to_string() });
            Ok(json!({ "device": device }))
        }
        ("PUT", "/api/v2/call/{id}/actions/hangup") => known_call.map(|()| Value::Null),
        ("POST", "/api/v2/call/{id}/transfer") => known_call.map(|()| {
            json!({ "call_id": id.to_string(), "transferred_to_state": "hold",
                    "transferred_to_number": body.and_then(|body| body["to"]["number"].as_str()) })
        }),
        ("PUT", "/api/v2/call/{id}/labels") => known_call.map(
            |()| json!({ "call_id": id.to_string(), "labels": body.map(|body| body["labels"].clone()) }),
        ),
        ("PATCH", "/api/v2/users/{id}/activecall") => {
            let own = state.users.get_mut(&id).ok_or(NOT_THERE)?;
            own.recording = body.is_some_and(|body| body["is_recording"] == json!(true));
            Ok(json!({ "call_state": "connected", "id": id.to_string(), "is_recording": own.recording }))
        }
        ("PATCH", "/api/v2/users/{id}/togglednd") => {
            let own = state.users.get_mut(&id).ok_or(NOT_THERE)?;
            own.do_not_disturb = body.is_some_and(|body| body["do_not_disturb"] == json!(true));
            Ok(json!({ "id": id.to_string(), "do_not_disturb": own.do_not_disturb }))
        }
        ("PATCH", "/api/v2/callcenters/operators/{id}/dutystatus") => {
            let own = state.users.get_mut(&id).ok_or(NOT_THERE)?;
            own.on_duty = body.is_some_and(|body| body["on_duty"] == json!(true));
            own.status = if own.on_duty { "available".into() } else { "unavailable".into() };
            Ok(json!({ "user_id": id.to_string(), "on_duty": own.on_duty, "on_duty_status": own.status,
                       "duty_status_reason": body.and_then(|body| body["duty_status_reason"].as_str()) }))
        }
        _ => {
            let what = format!("{method} {} is not played", operation.template);
            state::State::note_drift(state, what);
            Err((501, "not played by the stand-in"))
        }
    }
}
