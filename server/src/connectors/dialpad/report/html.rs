//! A report as a page of its own, without anything from elsewhere.

use super::{HEADS, cells, missing, peaks, title};
use dialdeck_protocol::dialpad::Picture;
use std::fmt::Write as _;

const STYLE: &str = "body{font:14px sans-serif;margin:2em}table{border-collapse:collapse}\
                     td,th{padding:.3em .8em;border-bottom:1px solid #ccc;text-align:right}\
                     td:first-child,th:first-child{text-align:left}tr:last-child{font-weight:bold}";

/// A text that means nothing to HTML.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

fn row(out: &mut String, tag: &str, cells: &[String]) {
    out.push_str("<tr>");
    for cell in cells {
        let _ = write!(out, "<{tag}>{}</{tag}>", plain(cell));
    }
    out.push_str("</tr>\n");
}

pub(super) fn write(picture: &Picture) -> String {
    let (title, cards) = (plain(&title(picture)), &picture.cards);
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title><style>{STYLE}</style></head>\n\
         <body><h1>{title}</h1>\n<p>{} calls: {} in, {} out; {} completed, {} missed.</p>\n<table>\n",
        cards.total, cards.inbound, cards.outbound, cards.completed, cards.missed
    );
    for line in missing(picture) {
        let _ = writeln!(out, "<caption>{}</caption>", plain(&line));
    }
    row(&mut out, "th", &HEADS.map(str::to_owned));
    for agent in &picture.activity {
        row(&mut out, "td", &cells(&agent.name, &agent.cards, Some(agent.score)));
    }
    row(&mut out, "td", &cells("all, each call once", cards, None));
    let _ = writeln!(out, "</table>\n<p>{}.</p>\n<h2>Busiest hours</h2>\n<ul>", plain(&picture.formula));
    for (day, hour, calls) in peaks(picture, 5) {
        let _ = writeln!(out, "<li>{day} {hour:02}:00, {calls} calls</li>");
    }
    out.push_str("</ul></body></html>\n");
    out
}
