//! A report as CSV: a row an agent, and calls by day. What a spreadsheet would compute is defused.

use super::HEADS;
use crate::domain::spreadsheet::cell;
use dialdeck_protocol::dialpad::{Cards, Picture};

pub(super) fn write(picture: &Picture) -> String {
    let mut out = csv::Writer::from_writer(Vec::new());
    let days = picture.from.iter_days().take_while(|day| *day <= picture.to).map(|day| day.to_string());
    let mut heads: Vec<String> = HEADS.iter().map(|head| head.to_lowercase()).collect();
    heads[6] = "efficiency".into();
    heads[7] = "talked_seconds".into();
    heads[8] = "average_seconds".into();
    heads.extend(days);
    let mut write = |cells: Vec<String>| {
        // Into memory: it does not fail.
        let _ = out.write_record(cells);
    };
    write(heads);
    let row = |name: &str, cards: &Cards, score: String, days: &[i64]| {
        let mut cells = vec![
            cell(name),
            cards.total.to_string(),
            cards.inbound.to_string(),
            cards.outbound.to_string(),
            cards.completed.to_string(),
            cards.missed.to_string(),
            format!("{:.4}", cards.efficiency()),
            (cards.duration_ms / 1000).to_string(),
            (cards.average_ms() / 1000).to_string(),
            score,
        ];
        cells.extend(days.iter().map(ToString::to_string));
        cells
    };
    for agent in &picture.activity {
        write(row(&agent.name, &agent.cards, format!("{:.1}", agent.score), &agent.days));
    }
    String::from_utf8(out.into_inner().unwrap_or_default()).unwrap_or_default()
}
