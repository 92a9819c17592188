//! What Dialpad's token may and may not, whether the departments have agents, and what to shorten where Dialpad is slow.

use super::{Finding, State};
use crate::connectors::dialpad::probe::{Found, probe};
use crate::domain::plain;
use crate::settings::Dialpad;

/// Tries Dialpad. Nothing is changed there.
pub async fn examine(settings: &Dialpad) -> Vec<Finding> {
    if !settings.is_set_up() {
        let detail = "not set up (DIALPAD_API_TOKEN, DIALPAD_DEPARTMENT_ID)".to_owned();
        let (name, remedy) = ("dialpad".to_owned(), String::new());
        return vec![Finding { name, state: State::Skip, detail, remedy, ms: 0 }];
    }
    let finding = |(what, found, ms): (String, Found, u64)| {
        let (state, detail, remedy) = match found {
            Found::Well(detail) => (State::Ok, detail, String::new()),
            Found::Doubtful(detail, remedy) => (State::Warn, detail, remedy),
            Found::Refused(detail, remedy) => (State::Fail, detail, remedy),
        };
        let plain = |text: String| plain::line(&text, 400);
        Finding { name: format!("dialpad: {what}"), state, detail: plain(detail), remedy: plain(remedy), ms }
    };
    probe(settings).await.into_iter().map(finding).collect()
}
