//! A list to choose from, a line to type, and lines to read, over the panes.

use super::overlay::{centred, frame_box};
use super::{Scene, wrap};
use crate::plain;
use crate::state::{Asked, Chosen};
use dialdeck_protocol::{Choice, PhoneKind};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use unicode_width::UnicodeWidthStr;

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
        Chosen::Monitor(..) => "In this call · key or Enter · Esc closes",
        Chosen::Disposition(_) => "What came of it? key or Enter · Tab note · Esc closes",
    };
    let height = u16::try_from(choices.len()).unwrap_or(u16::MAX).saturating_add(3).min(20);
    let inner = frame_box(frame, scene, centred(frame.area(), 60, height), title);
    let [top, bottom] = Layout::vertical([Constraint::Min(1), Constraint::Length(1)]).areas(inner);
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
    if let Some(note) = note {
        let text = format!("note: {}", plain::fit(note, usize::from(bottom.width).saturating_sub(8)));
        let x = bottom.x + u16::try_from(text.width()).unwrap_or(0);
        frame.render_widget(Paragraph::new(text).style(scene.theme.text), bottom);
        frame.set_cursor_position((x.min(bottom.right().saturating_sub(1)), bottom.y));
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
    let inner =
        frame_box(frame, scene, centred(frame.area(), 64, 6), &format!("{title} · Enter · Esc closes"));
    let [input, below] = Layout::vertical([Constraint::Length(1), Constraint::Min(1)]).areas(inner);
    let text = format!("> {}", plain::fit(typed, usize::from(input.width).saturating_sub(4)));
    let x = input.x + u16::try_from(text.width()).unwrap_or(0);
    frame.render_widget(Paragraph::new(text).style(scene.theme.text), input);
    let hint = Paragraph::new(hint).style(scene.theme.dim).wrap(ratatui::widgets::Wrap { trim: true });
    frame.render_widget(hint, below);
    frame.set_cursor_position((x.min(input.right().saturating_sub(1)), input.y));
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
