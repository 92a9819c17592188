//! What Dialpad answers, read leniently: whole numbers come as numbers and as texts, all fields may be absent, and there
//! are fields that its own description does not name.

mod call;
mod department;
mod subscription;
mod transcript;
mod trouble;
mod user;

pub use call::{Named, call, event_time, named, page};
pub use department::{Department, department};
pub use subscription::{Endpoint, Subscription, endpoint, subscription};
pub use transcript::transcript;
pub use trouble::{Class, Trouble, refusal};
pub use user::{duty, operators, user};

use crate::domain::plain;
use serde_json::Value;

/// Longest text that is taken, in characters.
const LONGEST: usize = 200;

/// A whole number, whichever way it is written; no part of it is lost.
pub fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64().or_else(|| {
            let float = number.as_f64().filter(|float| float.fract() == 0.0 && float.abs() < 9e15)?;
            #[allow(clippy::cast_possible_truncation, reason = "it is whole, and small enough")]
            Some(float as i64)
        }),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// Milliseconds with a fraction, as whole ones.
fn millis(value: &Value) -> Option<i64> {
    let float = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    #[allow(clippy::cast_possible_truncation, reason = "durations are far below 2^53 ms")]
    (float.is_finite() && float.abs() < 9e15).then(|| float.round() as i64)
}

/// An id or a moment: a whole number above 0.
fn id(value: &Value) -> Option<i64> {
    whole(value).filter(|id| *id > 0)
}

/// A text, made plain; nothing where it is none or empty.
fn text(value: &Value) -> Option<String> {
    let text = plain::line(value.as_str()?, LONGEST);
    (!text.is_empty()).then_some(text)
}

/// Objects of a list that may be absent.
fn items<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}
