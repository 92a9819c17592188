//! One's own place: state and timer, the person on the line, what came of the call by one key.

use super::{Scene, agents, chat, clock, guide, table};
use crate::plain;
use crate::state::{Lead, Pane};
use dialdeck_protocol::{AgentRow, AgentState, Choice};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Wrap};

/// Width of the names of a contact's fields.
const NAMES: usize = 10;

pub(super) fn draw(frame: &mut Frame, area: Rect, scene: &Scene) {
    let block = scene.block(Pane::Seat, "My seat");
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let Some(me) = scene.state.me() else {
        return table::empty(
            frame,
            inner,
            scene,
            "You are not logged in as an agent. i logs you in on your phone.",
        );
    };
    let over = matches!(me.state, AgentState::Dead | AgentState::WrapUp);
    let choices = if me.disposition_due && over { scene.state.choices.dispositions.as_slice() } else { &[] };
    let keys = u16::from(!choices.is_empty());
    let [state, keyed, rest] =
        Layout::vertical([Constraint::Length(2), Constraint::Length(keys * 2), Constraint::Min(1)])
            .areas(inner);
    frame.render_widget(Paragraph::new(status(me, scene)).wrap(Wrap { trim: true }), state);
    if keys > 0 {
        frame.render_widget(Paragraph::new(dispositions(choices, scene)).wrap(Wrap { trim: true }), keyed);
    }
    let lead = scene.state.lead.as_ref().filter(|lead| Some(lead.contact_id) == me.contact_id);
    let Some(lead) = lead else {
        let text = match (me.contact_id, me.state) {
            (Some(_), _) => "Loading the contact…",
            (None, AgentState::Ready) => "Waiting for a call.",
            (None, _) => "No call.",
        };
        return table::empty(frame, rest, scene, text);
    };
    let call = scene.state.calls.iter().find(|call| Some(&call.id) == me.call_id.as_ref());
    let talk = call.filter(|call| !call.exchanges.is_empty());
    let parts = [Constraint::Percentage(50), Constraint::Percentage(50)];
    let split = if rest.width >= 100 { Layout::horizontal(parts) } else { Layout::vertical(parts) };
    let Some(talk) = talk else {
        let Some(script) = scene.state.guide_in_hand() else {
            return person(frame, rest, scene, lead);
        };
        let [left, right] = split.areas(rest);
        person(frame, left, scene, lead);
        return guide::draw(frame, right, scene, script);
    };
    // What the AI caller found out, over the whole width: it is read before the first word.
    let summary = Paragraph::new(format!("AI: {}", plain::line(&talk.summary)))
        .style(scene.theme.ai)
        .wrap(Wrap { trim: true });
    let lines = if talk.summary.is_empty() { 0 } else { summary.line_count(rest.width).min(3) };
    let [told, rest] =
        Layout::vertical([Constraint::Length(u16::try_from(lines).unwrap_or(0)), Constraint::Min(1)])
            .areas(rest);
    frame.render_widget(summary, told);
    let [left, right] = split.areas(rest);
    person(frame, left, scene, lead);
    // What was said before goes before what is to be said, but for an answer that was asked for.
    if let Some(script) = scene.state.guide_in_hand().filter(|guide| guide.answer.is_some()) {
        return guide::draw(frame, right, scene, script);
    }
    chat::draw(frame, right, scene, talk.id.as_str(), &talk.exchanges, &[]);
}

fn status(me: &AgentRow, scene: &Scene) -> Vec<Line<'static>> {
    let (word, style) = agents::look(me, scene);
    let mut first = vec![
        Span::styled(format!("{} {word} ", me.state.letter()), style),
        Span::styled(clock((scene.now - me.since).num_seconds()), style),
    ];
    if !me.pause_code.is_empty() {
        let when = if me.state == AgentState::Paused { "" } else { " after this call" };
        first.push(Span::styled(format!("  {}{when}", me.pause_code), scene.theme.warning));
    }
    let ends = me.wrap_up_ends_at.or(me.pause_ends_at);
    if let Some(at) = ends {
        first.push(Span::styled(
            format!("  ends in {}", clock((at - scene.now).num_seconds())),
            scene.theme.dim,
        ));
    }
    let phone = match (me.phone_up, me.phone) {
        (true, _) => "connected",
        (false, dialdeck_protocol::PhoneKind::NailedUp) => "✗ not connected",
        (false, dialdeck_protocol::PhoneKind::PerCall) => "rung for each call",
    };
    let second = format!("{} {phone} · {} calls", plain::line(&me.extension), me.calls);
    vec![Line::from(first), Line::styled(second, scene.theme.dim)]
}

fn dispositions(choices: &[Choice], scene: &Scene) -> Line<'static> {
    let mut spans = vec![Span::styled("What came of it? ", scene.theme.title)];
    for choice in choices {
        let key = choice.key.map_or_else(|| "e".to_owned(), String::from);
        spans.push(Span::styled(key, scene.theme.key));
        spans.push(Span::styled(format!(" {}  ", plain::fit(&choice.label, 24)), scene.theme.text));
    }
    Line::from(spans)
}

fn person(frame: &mut Frame, area: Rect, scene: &Scene, lead: &Lead) {
    let width = usize::from(area.width);
    let mut lines = Vec::new();
    let verdict = if lead.allowed { scene.theme.good } else { scene.theme.bad };
    // What the law says goes before whatever a small screen has no room for.
    let mark = if lead.allowed { "✓" } else { "✗" };
    lines.push(Line::styled(plain::fit(&format!("{mark} {}", lead.verdict), width), verdict));
    for (name, value) in &lead.fields {
        let value = plain::fit(value, width.saturating_sub(NAMES + 1));
        lines.push(Line::from(vec![
            Span::styled(format!("{:NAMES$} ", plain::fit(name, NAMES)), scene.theme.dim),
            Span::styled(value, scene.theme.text),
        ]));
    }
    for call in &lead.calls {
        let outcome = call.outcome.map_or_else(|| call.status.to_string(), |o| o.to_string());
        let when = crate::when::here(call.created_at).format("%d %b %H:%M");
        let text = format!("{when} {outcome} {} {}", call.disposition, call.agent);
        lines.push(Line::styled(plain::fit(text.trim_end(), width), scene.theme.dim));
    }
    frame.render_widget(Paragraph::new(lines), area);
}
