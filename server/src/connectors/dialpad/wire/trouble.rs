//! What can go wrong with Dialpad, in classes.

use crate::domain::plain;
use dialdeck_protocol::{Code, Problem};
use serde_json::Value;

/// What kind of trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// There is no token.
    NotSetUp,
    /// The token is refused.
    Unauthorized,
    /// The token lacks a scope, or its user a right.
    Forbidden,
    /// It is not there.
    NotFound,
    /// Dialpad does not take the request as it is.
    Invalid,
    /// Too many requests.
    RateLimited,
    /// No answer in time.
    TimedOut,
    /// It cannot be reached.
    Unreachable,
    /// Its certificate is not trusted.
    Certificate,
    /// A fault of Dialpad's.
    Fault,
    /// The answer is no JSON, or too long.
    Unreadable,
}

impl Class {
    /// A word that stays.
    pub const fn word(self) -> &'static str {
        match self {
            Self::NotSetUp => "not_set_up",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::Invalid => "invalid",
            Self::RateLimited => "rate_limited",
            Self::TimedOut => "timed_out",
            Self::Unreachable => "unreachable",
            Self::Certificate => "certificate",
            Self::Fault => "fault",
            Self::Unreadable => "unreadable",
        }
    }

    /// What to do about it.
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::NotSetUp => "set DIALPAD_API_TOKEN and DIALPAD_DEPARTMENT_ID (docs/DIALPAD.md)",
            Self::Unauthorized => {
                "make a new API key in Dialpad's admin portal and set DIALPAD_API_TOKEN; a changed token is taken up by itself"
            }
            Self::Forbidden => "give the API key the scope, or make it as a company admin",
            Self::NotFound => "check the id (DIALPAD_DEPARTMENT_ID)",
            Self::Invalid => "see what Dialpad says",
            Self::RateLimited => {
                "wait: Dialpad allows 20 requests a second to a whole company; lower dialpad.per_second where others use the same"
            }
            Self::TimedOut => {
                "raise dialpad.timeout_seconds, or fetch fewer days or departments: large ones take 20 to 60 s"
            }
            Self::Unreachable => "check the network, and dialpad.url",
            Self::Certificate => {
                "check the clock, and whether something between here and Dialpad opens connections"
            }
            Self::Fault => "try again later; status.dialpad.com says how Dialpad is",
            Self::Unreadable => "check dialpad.url: something else answers there",
        }
    }

    /// Whether it says for certain that nothing was done.
    pub const fn is_refusal(self) -> bool {
        matches!(
            self,
            Self::NotSetUp
                | Self::Unauthorized
                | Self::Forbidden
                | Self::NotFound
                | Self::Invalid
                | Self::RateLimited
        )
    }

    /// Whether asking again may help.
    pub const fn may_pass(self) -> bool {
        matches!(self, Self::TimedOut | Self::Unreachable | Self::Fault)
    }
}

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} ({})", .class.word())]
pub struct Trouble {
    /// Of which kind.
    pub class: Class,
    /// In words; without a secret.
    pub message: String,
}

impl Trouble {
    /// Of a kind, in words.
    pub fn new(class: Class, message: impl Into<String>) -> Self {
        Self { class, message: message.into() }
    }

    /// In words, with what to do.
    pub fn with_remedy(&self) -> String {
        format!("{self}: {}", self.class.remedy())
    }

    /// As those who asked are told.
    pub fn problem(&self) -> Problem {
        let code = match self.class {
            Class::NotFound => Code::NotFound,
            Class::Invalid => Code::Invalid,
            Class::RateLimited => Code::RateLimited,
            Class::NotSetUp => Code::Conflict,
            _ => Code::Unavailable,
        };
        Problem::new(code, format!("Dialpad: {}", self.with_remedy()))
    }
}

/// What a status other than success says. The body is `{"error": {"code", "errors": [{domain, message, reason}],
/// "message"}}`, or something else.
pub fn refusal(status: u16, body: &str) -> Trouble {
    let class = match status {
        401 => Class::Unauthorized,
        403 => Class::Forbidden,
        404 | 410 => Class::NotFound,
        429 => Class::RateLimited,
        408 | 504 => Class::TimedOut,
        500.. => Class::Fault,
        _ => Class::Invalid,
    };
    let told: Value = serde_json::from_str(body).unwrap_or_default();
    let error = &told["error"];
    let said = error["message"].as_str().or_else(|| error["errors"][0]["message"].as_str());
    let said = said.map(|said| plain::line(said, 300)).filter(|said| !said.is_empty());
    Trouble::new(class, said.unwrap_or_else(|| format!("it answered with status {status}")))
}

#[cfg(test)]
mod tests {
    use super::{Class, refusal};

    #[test]
    fn what_dialpad_says_is_passed_on_plainly() {
        let body = r#"{"error":{"code":403,"errors":[{"domain":"global","message":"x","reason":"forbidden"}],"message":"needs \u001b[31mcalls:list"}}"#;
        let trouble = refusal(403, body);
        assert_eq!((trouble.class, trouble.message.as_str()), (Class::Forbidden, "needs [31mcalls:list"));
        assert_eq!(refusal(502, "<html>").message, "it answered with status 502");
        assert_eq!(refusal(400, "{}").class, Class::Invalid);
    }
}
