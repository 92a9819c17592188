//! What Asterisk answers to a command.

/// An answer: `200 result=…`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The result; empty after a timeout of GET DATA.
    pub result: String,
    /// What stands in parentheses: a variable's value, `timeout`, `hangup`.
    pub data: String,
    /// Where a sound stopped, in samples.
    pub endpos: Option<u64>,
}

/// An answer that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReplyError {
    /// 510, 520: the command is unknown or was used wrongly.
    #[error("Asterisk refused the command: {0}")]
    Refused(String),
    /// 511: the channel is dead; the call may live on elsewhere.
    #[error("the channel is dead")]
    Dead,
    /// Not an answer.
    #[error("Asterisk's answer cannot be read")]
    Unreadable,
}

/// What one line is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Line {
    /// `HANGUP`, which may come at any moment.
    HangUp,
    /// The first or a middle line of a `520-` block.
    Usage,
    /// An answer.
    Reply(Result<Reply, ReplyError>),
}

/// Reads one line.
pub(super) fn parse(line: &str) -> Line {
    let line = line.trim_end_matches(['\r', '\n']);
    if line == "HANGUP" {
        return Line::HangUp;
    }
    let code = line.get(..3).unwrap_or_default();
    let rest = line.get(4..).unwrap_or_default();
    match (code, line.as_bytes().get(3)) {
        ("200", Some(b' ')) => Line::Reply(reply(rest)),
        ("511", _) => Line::Reply(Err(ReplyError::Dead)),
        ("520", Some(b'-')) => Line::Usage,
        ("510" | "520", _) => Line::Reply(Err(ReplyError::Refused(crate::domain::plain::line(rest, 200)))),
        (code, _) if code.len() == 3 && code.bytes().all(|b| b.is_ascii_digit()) => {
            Line::Reply(Err(ReplyError::Unreadable))
        }
        _ => Line::Usage,
    }
}

fn reply(text: &str) -> Result<Reply, ReplyError> {
    let rest = text.strip_prefix("result=").ok_or(ReplyError::Unreadable)?;
    let (result, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    let (data, rest) = match rest.strip_prefix('(') {
        // The value may hold parentheses of its own; only ` endpos=` can follow it.
        Some(inner) => match inner.rsplit_once(')') {
            Some((data, rest)) => (data, rest),
            None => return Err(ReplyError::Unreadable),
        },
        None => ("", rest),
    };
    let endpos = rest.trim().strip_prefix("endpos=").and_then(|n| n.parse().ok());
    Ok(Reply { result: result.to_owned(), data: crate::domain::plain::line(data, 4096), endpos })
}

#[cfg(test)]
mod tests {
    use super::{Line, Reply, ReplyError, parse};
    use proptest::prelude::*;

    fn good(result: &str, data: &str, endpos: Option<u64>) -> Line {
        Line::Reply(Ok(Reply { result: result.into(), data: data.into(), endpos }))
    }

    #[test]
    fn answers_as_measured() {
        for (line, expected) in [
            ("200 result=0", good("0", "", None)),
            ("200 result=1 (42)", good("1", "42", None)),
            ("200 result=49 endpos=9760", good("49", "", Some(9760))),
            ("200 result=-1 (hangup) endpos=0", good("-1", "hangup", Some(0))),
            ("200 result=6187 (timeout) endpos=62616", good("6187", "timeout", Some(62_616))),
            ("200 result= (timeout)", good("", "timeout", None)),
            ("200 result=1 (a (b) c)", good("1", "a (b) c", None)),
            ("HANGUP\n", Line::HangUp),
            (
                "511 Command Not Permitted on a dead channel or intercept routine",
                Line::Reply(Err(ReplyError::Dead)),
            ),
            ("520-Invalid command syntax.  Proper usage follows:", Line::Usage),
            ("Usage: ANSWER", Line::Usage),
            (
                "520 End of proper usage.",
                Line::Reply(Err(ReplyError::Refused("End of proper usage.".into()))),
            ),
            (
                "510 Invalid or unknown command",
                Line::Reply(Err(ReplyError::Refused("Invalid or unknown command".into()))),
            ),
        ] {
            assert_eq!(parse(line), expected, "{line}");
        }
    }

    proptest! {
        #[test]
        fn garbage_never_panics(line in ".{0,200}") {
            let _ = parse(&line);
        }
    }
}
