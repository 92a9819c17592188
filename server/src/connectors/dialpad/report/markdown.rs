//! A report as Markdown.

use super::{HEADS, cells, missing, peaks, title};
use dialdeck_protocol::dialpad::Picture;
use std::fmt::Write as _;

/// A text that means nothing to Markdown.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if "\\`*_{}[]<>()#+!|~&".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

fn row(out: &mut String, cells: &[String]) {
    let _ = writeln!(out, "| {} |", cells.join(" | "));
}

pub(super) fn write(picture: &Picture) -> String {
    let cards = &picture.cards;
    let mut out = format!("# {}\n\n", plain(&title(picture)));
    let _ = writeln!(
        out,
        "{} calls: {} in, {} out; {} completed, {} missed ({:.1} % completed).\n",
        cards.total,
        cards.inbound,
        cards.outbound,
        cards.completed,
        cards.missed,
        cards.efficiency() * 100.0
    );
    for line in missing(picture) {
        let _ = writeln!(out, "**{}**\n", plain(&line));
    }
    if picture.activity.is_empty() {
        out.push_str("No agent had a call.\n");
        return out;
    }
    row(&mut out, &HEADS.map(str::to_owned));
    let _ = writeln!(out, "|---|{}", "---:|".repeat(HEADS.len() - 1));
    for agent in &picture.activity {
        row(&mut out, &cells(&plain(&agent.name), &agent.cards, Some(agent.score)));
    }
    row(&mut out, &cells("all, each call once", cards, None));
    let _ = writeln!(out, "\n{}.\n\nBusiest hours:\n", plain(&picture.formula));
    for (day, hour, calls) in peaks(picture, 5) {
        let _ = writeln!(out, "- {day} {hour:02}:00, {calls} calls");
    }
    out
}
