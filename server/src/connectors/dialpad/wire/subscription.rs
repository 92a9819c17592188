//! Webhooks, `WebSocket`s, and what is subscribed for them.

use super::id;
use serde_json::Value;

/// `WebhookProto` or `WebsocketProto`.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Id.
    pub id: i64,
    /// A webhook's address, or the `WebSocket`'s, which is as good as a key.
    pub address: String,
}

/// `CallEventSubscriptionProto`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// Id.
    pub id: i64,
    /// Of which department, user … ; nothing: of the whole company.
    pub target: Option<i64>,
    /// For which webhook or `WebSocket`.
    pub endpoint: Option<i64>,
    /// Whether it is on.
    pub enabled: bool,
}

/// A webhook or `WebSocket`; nothing where there is no id.
pub fn endpoint(answer: &Value) -> Option<Endpoint> {
    let address = answer.get("hook_url").or_else(|| answer.get("websocket_url"));
    let address = address.and_then(Value::as_str).unwrap_or_default().to_owned();
    Some(Endpoint { id: id(answer.get("id")?)?, address })
}

/// A subscription; nothing where there is no id.
pub fn subscription(answer: &Value) -> Option<Subscription> {
    let endpoint = ["webhook", "websocket"].iter().find_map(|name| id(&answer[*name]["id"]));
    Some(Subscription {
        id: id(answer.get("id")?)?,
        target: id(&answer["target_id"]),
        endpoint,
        enabled: answer["enabled"].as_bool().unwrap_or(true),
    })
}
