//! A list to choose from, a line to type, and lines to read, over the panes.

use super::overlay::{centred, frame_box};
use super::{Scene, wrap};
use crate::plain;
use crate::state::{Asked, Chosen};
use crate::when;
use dialdeck_protocol::{Choice, PhoneKind};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use unicode_width::UnicodeWidthStr;

/// Lines in which a note is typed, with the hint below it.
const NOTE: u16 = 5;

pub(super) fn list(
    frame: &mut Frame,
    scene: &Scene,
    what: &Chosen,
    choices: &[Choice],
    selected: usize,
    note: Option<&str>,
) {
    let title = match what {
        Chosen::Pause(_) => "Pause · key or Enter · Esc closes",
        Chosen::Connector => "A connector of which kind? key or Enter · Esc closes",
        Chosen::Monitor(..) => "In this call · key or Enter · Esc closes",
        Chosen::Disposition(_) => "What came of it? key or Enter · Tab note · Esc closes",
    };
    let area = if note.is_some() { NOTE } else { 1 };
    let height = u16::try_from(choices.len()).unwrap_or(u16::MAX).saturating_add(2 + area).min(20);
    let inner = frame_box(frame, scene, centred(frame.area(), 60, height), title);
    let [top, bottom] = Layout::vertical([Constraint::Min(1), Constraint::Length(area)]).areas(inner);
    let from = (selected + 1).saturating_sub(usize::from(top.height));
    let lines: Vec<Line> = choices
        .iter()
        .enumerate()
        .skip(from)
        .map(|(n, choice)| {
            let style = if n == selected { scene.theme.selected } else { scene.theme.text };
            let key = choice.key.map_or(' ', |key| key);
            Line::from(vec![
                Span::styled(format!(" {key} "), scene.theme.key),
                Span::styled(format!("{:<10}", choice.code), style),
                Span::styled(plain::fit(&choice.label, 44), style),
            ])
        })
        .collect();
    frame.render_widget(Paragraph::new(lines), top);
    let of_this = |call| matches!(what, Chosen::Disposition(of) if of == call);
    let kept = scene.state.kept_note.as_ref().filter(|(call, _)| of_this(call));
    if let (None, Some((_, kept))) = (note, kept) {
        let text = plain::fit(&format!("note: {kept}"), usize::from(bottom.width));
        frame.render_widget(Paragraph::new(text).style(scene.theme.dim), bottom);
    }
    if let Some(note) = note {
        let width = usize::from(bottom.width).saturating_sub(1).max(8);
        let text = format!("note: {note}");
        let lines: Vec<String> =
            text.split('\n').flat_map(|line| wrap::wrap(&plain::line(line), width)).collect();
        // The end is what is being typed.
        let from = lines.len().saturating_sub(usize::from(bottom.height).saturating_sub(1));
        let seen = &lines[from..];
        let (last, rows) = (seen.last().map_or(0, |line| line.width()), seen.len());
        let mut drawn: Vec<Line> =
            seen.iter().map(|line| Line::styled(line.clone(), scene.theme.text)).collect();
        drawn.resize(usize::from(bottom.height).saturating_sub(1), Line::raw(""));
        drawn.push(Line::styled("Enter sends · alt-Enter a new line", scene.theme.dim));
        frame.render_widget(Paragraph::new(drawn), bottom);
        let x = bottom.x + u16::try_from(last).unwrap_or(0);
        let y = bottom.y + u16::try_from(rows).unwrap_or(1).saturating_sub(1);
        frame.set_cursor_position((x.min(bottom.right().saturating_sub(1)), y));
    }
}

pub(super) fn line(frame: &mut Frame, scene: &Scene, what: &Asked, typed: &str) {
    let (title, hint) = match what {
        Asked::Extension(PhoneKind::NailedUp) => (
            "Log in as an agent".to_owned(),
            "your phone, such as PJSIP/6001; empty for the one on file. It is rung now and kept open. Tab: rung for each call",
        ),
        Asked::Extension(PhoneKind::PerCall) => (
            "Log in as an agent".to_owned(),
            "your phone, such as PJSIP/6001; empty for the one on file. It is rung for each call. Tab: kept open",
        ),
        Asked::Message(_, name) => {
            (format!("Message to {name}"), "what they read at the bottom of their screen")
        }
        Asked::Knowledge => (
            "Look up in the knowledge base".to_owned(),
            "words of a title, a text or a keyword; empty for all of it",
        ),
        Asked::File => (
            "The calls that are looked at, into which file?".to_owned(),
            "~/calls.csv; a name that ends in .jsonl gives JSON lines. Those that F says: / does not count. A file that is there is left alone",
        ),
        Asked::Narrow => ("Which calls of the past?".to_owned(), crate::state::history::HINT),
        Asked::Dates => {
            ("Which days?".to_owned(), "21 (days up to today), 2026-11-01, or 2026-11-01 2026-11-10")
        }
        Asked::Another(_, zone) | Asked::CallBack { zone, .. } => {
            let there = if zone.is_empty() { "UTC" } else { zone };
            (
                format!("Call back when? In {there}"),
                "tomorrow 3pm, friday 10:30, in 2 hours, 2026-12-01 14:00",
            )
        }
        Asked::Phone(..) => (
            "Which phone?".to_owned(),
            "your phone, such as PJSIP/6001; empty for the one on file. It is rung now",
        ),
        Asked::Through(_, name, attended) => (
            format!("Put {name} through to which phone?"),
            if *attended {
                "a phone such as PJSIP/200. Whoever picks up hears of them and may refuse; they go on talking meanwhile. Tab: without asking"
            } else {
                "a phone such as PJSIP/200. Whoever picks up has them at once. Tab: asked first"
            },
        ),
        Asked::Number => ("Why was a number called, or not?".to_owned(), "a number in any usual form"),
    };
    let height = if what.zone().is_some() { 15 } else { 6 };
    let inner =
        frame_box(frame, scene, centred(frame.area(), 64, height), &format!("{title} · Enter · Esc closes"));
    let [input, below] = Layout::vertical([Constraint::Length(1), Constraint::Min(1)]).areas(inner);
    let below = match what.zone() {
        Some(zone) => {
            let [below, calendar] =
                Layout::vertical([Constraint::Length(2), Constraint::Min(0)]).areas(below);
            self::calendar(frame, calendar, scene, typed, zone);
            below
        }
        None => below,
    };
    let text = format!("> {}", plain::fit(typed, usize::from(input.width).saturating_sub(4)));
    let x = input.x + u16::try_from(text.width()).unwrap_or(0);
    frame.render_widget(Paragraph::new(text).style(scene.theme.text), input);
    let hint = Paragraph::new(hint).style(scene.theme.dim).wrap(ratatui::widgets::Wrap { trim: true });
    frame.render_widget(hint, below);
    frame.set_cursor_position((x.min(input.right().saturating_sub(1)), input.y));
}

/// What was typed, as it is understood, and its month.
fn calendar(frame: &mut Frame, area: Rect, scene: &Scene, typed: &str, zone: &str) {
    let theme = scene.theme;
    let zone = when::zone(zone).unwrap_or(chrono_tz::UTC);
    let read = when::read(typed, zone, scene.now);
    let meant = match &read {
        Ok(at) => Line::styled(format!("= {}", when::shown(*at, Some(zone))), theme.good),
        Err(why) if typed.trim().is_empty() => {
            Line::styled(plain::fit(why, usize::from(area.width)), theme.dim)
        }
        Err(why) => Line::styled(plain::fit(why, usize::from(area.width)), theme.warning),
    };
    let day = read.unwrap_or(scene.now).with_timezone(&zone).date_naive();
    let mut lines = vec![
        meant,
        Line::styled("←→ day · ↑↓ week · PgUp PgDn half an hour", theme.dim),
        Line::styled(format!("{:<24}Mo Tu We Th Fr Sa Su", day.format("%B %Y").to_string()), theme.header),
    ];
    for week in when::month(day) {
        let mut spans = vec![Span::raw(" ".repeat(24))];
        for day in week {
            spans.push(match day {
                // The one that is meant stands between marks too: colour alone does not say it.
                Some((day, true)) => Span::styled(format!("{day:>2}<"), theme.selected),
                Some((day, false)) => Span::styled(format!("{day:>2} "), theme.text),
                None => Span::raw("   "),
            });
        }
        lines.push(Line::from(spans));
    }
    frame.render_widget(Paragraph::new(lines), area);
}

pub(super) fn lines(frame: &mut Frame, scene: &Scene, title: &str, lines: &[String], scrolled: usize) {
    let area = frame.area();
    let width = area.width.saturating_sub(4).min(110);
    let inner = frame_box(frame, scene, centred(area, width, area.height.saturating_sub(4)), title);
    let text: Vec<Line> = lines
        .iter()
        .flat_map(|line| wrap::wrap(&plain::line(line), usize::from(inner.width).max(8)))
        .map(Line::raw)
        .collect();
    let most = text.len().saturating_sub(usize::from(inner.height));
    let from = u16::try_from(scrolled.min(most)).unwrap_or(0);
    frame.render_widget(Paragraph::new(text).style(scene.theme.text).scroll((from, 0)), inner);
}
