//! What calls teach: at which step of the script they end, how people sound over weeks, which script does better and how sure
//! that is.

use crate::{CampaignId, Emotion, Exchange, Intent, Outcome, ScriptId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// z of a 95 % interval.
const Z: f64 = 1.959_964;

/// Conversations whose last step was this one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct StepEnds {
    /// The step, as the script names it: `opening`, `pitch`, `answers.price_objection`, `closings.interested` …
    pub step: String,
    /// Conversations that ended at it.
    pub ended: i64,
    /// Those of them that came to something.
    pub good: i64,
    /// Those of them in which the person hung up on us.
    pub hung_up: i64,
}

/// A week.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Week {
    /// When it began.
    pub from: DateTime<Utc>,
    /// Calls that somebody answered.
    pub answered: i64,
    /// Those that came to something.
    pub good: i64,
    /// How people sounded at the end, how often each.
    pub emotions: Vec<(Emotion, i64)>,
    /// Mean of the estimates of satisfaction, 1 to 5; none without any.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub satisfaction: Option<f64>,
}

/// A share with the interval in which it lies with 95 % probability, in percent.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Share {
    /// Of the calls that were looked at.
    pub percent: f64,
    /// Not less.
    pub low: f64,
    /// Not more.
    pub high: f64,
}

/// How a script does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ScriptFigures {
    /// Which; none: the shipped one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub script_id: Option<ScriptId>,
    /// Its name.
    pub name: String,
    /// Answered calls in its words.
    pub answered: i64,
    /// Those that came to something.
    pub good: i64,
    /// Those after which the person asks never to be called again.
    pub refused: i64,
    /// What share came to something; none without a call.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub good_share: Option<Share>,
}

/// What a campaign's calls teach.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Lessons {
    /// Which campaign.
    pub campaign_id: CampaignId,
    /// Calls from then on were looked at.
    pub from: DateTime<Utc>,
    /// Where conversations ended, the most first.
    pub ends: Vec<StepEnds>,
    /// Week by week, the oldest first.
    pub weeks: Vec<Week>,
    /// Script by script, the most used first.
    pub scripts: Vec<ScriptFigures>,
    /// What can be said of the two most used scripts; empty where there is one.
    pub comparison: String,
}

/// The step of the script at which a conversation stands: what we said last. `None` where nobody talked with us.
pub fn step(exchanges: &[Exchange], outcome: Outcome) -> Option<String> {
    // A machine's greeting is no conversation, whatever was said over it.
    if matches!(outcome, Outcome::Voicemail) {
        return None;
    }
    let last = exchanges.last()?;
    let heard = exchanges.iter().rev().find(|exchange| !exchange.user_input.is_empty());
    let Some(heard) = heard else { return Some("opening".into()) };
    if outcome == Outcome::Transferred {
        return Some("hand_over".into());
    }
    let closes = |intent: Intent| format!("closings.{intent}");
    Some(match (outcome, last.intent) {
        (Outcome::DoNotCall, _) => closes(Intent::DoNotCall),
        (Outcome::Interested | Outcome::Scheduled, _) => closes(Intent::Interested),
        (Outcome::Callback, _) => closes(Intent::Callback),
        (Outcome::WrongNumber, _) => closes(Intent::WrongNumber),
        (Outcome::NotInterested, _) => closes(Intent::HardNo),
        (_, Intent::Yes | Intent::Interested) => "pitch".into(),
        (_, Intent::No) => format!("answers.{}", Intent::SoftNo),
        _ => format!("answers.{}", heard.intent),
    })
}

/// A share of a count with its 95 % interval (Wilson's: it holds for few calls too); none of nothing.
pub fn share(part: i64, whole: i64) -> Option<Share> {
    if whole <= 0 {
        return None;
    }
    #[allow(clippy::cast_precision_loss, reason = "counts of calls")]
    let (p, n) = (part as f64 / whole as f64, whole as f64);
    let z2 = Z * Z;
    let middle = (p + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = Z / (1.0 + z2 / n) * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
    let percent = |x: f64| (x.clamp(0.0, 1.0)) * 100.0;
    Some(Share { percent: percent(p), low: percent(middle - half), high: percent(middle + half) })
}

/// By how many points the first is better than the second, with the 95 % interval of that (Newcombe's, of two Wilson intervals).
pub fn difference(first: Share, second: Share) -> (f64, f64, f64) {
    let points = first.percent - second.percent;
    let low = ((first.percent - first.low).powi(2) + (second.high - second.percent).powi(2)).sqrt();
    let high = ((first.high - first.percent).powi(2) + (second.percent - second.low).powi(2)).sqrt();
    (points, points - low, points + high)
}

/// What can be said of two scripts, in a sentence.
pub fn comparison(scripts: &[ScriptFigures]) -> String {
    let [first, second, ..] = scripts else { return String::new() };
    let (Some(a), Some(b)) = (first.good_share, second.good_share) else { return String::new() };
    let (better, worse, (points, low, high)) = if a.percent >= b.percent {
        (first, second, difference(a, b))
    } else {
        (second, first, difference(b, a))
    };
    let interval = format!("{low:.1} to {high:.1} points at 95 %");
    if low > 0.0 {
        return format!(
            "{} does better than {} by {points:.1} points ({interval}).",
            better.name, worse.name
        );
    }
    format!(
        "No difference can be told yet: {} is ahead of {} by {points:.1} points, which may be chance ({interval}).",
        better.name, worse.name
    )
}

#[cfg(test)]
mod tests {
    use super::{ScriptFigures, comparison, share, step};
    use crate::{Emotion, Exchange, Intent, Outcome, TurnLatency};

    fn said(user_input: &str, intent: Intent) -> Exchange {
        Exchange {
            user_input: user_input.into(),
            ai_response: "…".into(),
            turn: 1,
            emotion: Emotion::Neutral,
            intent,
            confidence: 1.0,
            latency: TurnLatency::default(),
            timestamp: chrono::DateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn the_step_is_what_we_said_last() {
        let opening = said("", Intent::Unclear);
        let of = |more: &[Exchange], outcome| {
            let all: Vec<Exchange> = std::iter::once(opening.clone()).chain(more.iter().cloned()).collect();
            step(&all, outcome).unwrap()
        };
        assert_eq!(step(&[], Outcome::NoAnswer), None);
        let greeting = said("you have reached the Lee family", Intent::Voicemail);
        assert_eq!(step(&[opening.clone(), greeting], Outcome::Voicemail), None, "a machine");
        assert_eq!(of(&[], Outcome::HungUp), "opening");
        assert_eq!(of(&[said("yes", Intent::Yes)], Outcome::HungUp), "pitch");
        let price = said("too expensive", Intent::PriceObjection);
        assert_eq!(of(std::slice::from_ref(&price), Outcome::HungUp), "answers.price_objection");
        assert_eq!(of(&[price, said("no", Intent::HardNo)], Outcome::NotInterested), "closings.hard_no");
        assert_eq!(
            of(&[said("stop calling", Intent::DoNotCall)], Outcome::DoNotCall),
            "closings.do_not_call"
        );
        assert_eq!(of(&[said("yes", Intent::Yes)], Outcome::Transferred), "hand_over");
    }

    #[test]
    fn a_share_of_few_calls_is_told_as_what_it_is() {
        assert_eq!(share(0, 0), None);
        // Published values of Wilson's interval.
        let ten = share(1, 10).unwrap();
        assert!((ten.low - 1.79).abs() < 0.01 && (ten.high - 40.42).abs() < 0.01, "{ten:?}");
        let none = share(0, 20).unwrap();
        assert!(none.low == 0.0 && (none.high - 16.11).abs() < 0.02, "{none:?}");
    }

    #[test]
    fn two_scripts() {
        let script = |name: &str, answered, good| ScriptFigures {
            script_id: None,
            name: name.into(),
            answered,
            good,
            refused: 0,
            good_share: share(good, answered),
        };
        let text = comparison(&[script("A", 1000, 100), script("B", 900, 160)]);
        assert!(text.starts_with("B does better than A by 7.8 points"), "{text}");
        let text = comparison(&[script("A", 20, 3), script("B", 18, 2)]);
        assert!(text.starts_with("No difference can be told yet: A is ahead of B"), "{text}");
        assert_eq!(comparison(&[script("A", 20, 3)]), "");
    }
}
