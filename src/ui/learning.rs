//! What calls teach: where they end, how people sound over the weeks, which script does better and how sure that is.

use super::{Scene, table};
use crate::plain;
use crate::state::Pane;
use dialdeck_protocol::learning::{Lessons, ScriptFigures, StepEnds, Week};
use dialdeck_protocol::{Emotion, figures};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

/// Width of the names.
const NAMES: usize = 24;

pub(super) fn draw(frame: &mut Frame, area: Rect, scene: &Scene) {
    let campaign = scene.state.selected_campaign();
    let name = campaign.map(|campaign| plain::fit(&campaign.name, 40)).unwrap_or_default();
    let block = scene.block(Pane::Learning, &format!("What calls teach · {name} · eight weeks"));
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let Some(campaign) = campaign else {
        return table::empty(frame, inner, scene, "No campaigns yet.");
    };
    let lessons = scene.state.lessons.as_ref().filter(|lessons| lessons.campaign_id == campaign.id);
    let Some(lessons) = lessons else { return table::empty(frame, inner, scene, "Loading…") };
    if lessons.ends.is_empty() && lessons.weeks.iter().all(|week| week.answered == 0) {
        return table::empty(frame, inner, scene, "No call of this campaign was answered in these weeks.");
    }
    let width = usize::from(inner.width);
    let lines = lines(lessons, scene, width);
    let most = lines.len().saturating_sub(usize::from(inner.height));
    let from = scene.state.selected.get(&Pane::Learning).copied().unwrap_or(0).min(most);
    let seen: Vec<Line> = lines.into_iter().skip(from).take(usize::from(inner.height)).collect();
    frame.render_widget(Paragraph::new(seen), inner);
    if scene.state.pane == Pane::Learning && scene.state.overlay.is_none() {
        frame.set_cursor_position((inner.x, inner.y));
    }
}

fn lines(lessons: &Lessons, scene: &Scene, width: usize) -> Vec<Line<'static>> {
    let theme = scene.theme;
    let heading = |text: &str| Line::styled(plain::fit(text, width), theme.header);
    let mut lines = vec![heading("WHERE CONVERSATIONS END            ended   good   they hung up")];
    let most = lessons.ends.iter().map(|end| end.ended).max().unwrap_or(1).max(1);
    lines.extend(lessons.ends.iter().map(|end| ending(end, most, scene, width)));
    if lessons.ends.is_empty() {
        lines.push(Line::styled("no conversation of an AI caller", theme.dim));
    }
    lines.push(Line::raw(""));
    lines.push(heading("WEEK FROM     answered   good   satisfied   how people sounded"));
    lines.extend(lessons.weeks.iter().map(|week| self::week(week, scene, width)));
    lines.push(Line::raw(""));
    lines.push(heading("SCRIPT                   answered   good (95 % interval)       asked never again"));
    for script in &lessons.scripts {
        lines.push(self::script(script, scene, width));
        lines.push(interval(script, scene, width));
    }
    if !lessons.comparison.is_empty() {
        lines.push(Line::raw(""));
        lines.extend(
            super::wrap::wrap(&plain::line(&lessons.comparison), width.max(8))
                .into_iter()
                .map(|line| Line::styled(line, theme.title)),
        );
    }
    lines
}

fn percent(part: i64, whole: i64) -> String {
    dialdeck_protocol::dashboard::Tally::percent(part, whole)
        .map_or_else(|| "–".into(), |share| format!("{share:.0} %"))
}

fn ending(end: &StepEnds, most: i64, scene: &Scene, width: usize) -> Line<'static> {
    let theme = scene.theme;
    let room = i64::try_from(width.saturating_sub(NAMES + 38)).unwrap_or(0);
    let bar = "█".repeat(usize::try_from(end.ended * room / most).unwrap_or(0));
    let style =
        if end.step == "closings.interested" || end.step == "hand_over" { theme.good } else { theme.text };
    Line::from(vec![
        Span::styled(format!("{:<NAMES$}", plain::fit(&end.step, NAMES - 1)), style),
        Span::styled(
            format!(
                "{:>16} {:>6}   {:>12}  ",
                end.ended,
                percent(end.good, end.ended),
                percent(end.hung_up, end.ended)
            ),
            theme.text,
        ),
        Span::styled(bar, style),
    ])
}

fn mood(emotion: Emotion, scene: &Scene) -> Style {
    match emotion {
        Emotion::Positive => scene.theme.good,
        Emotion::Angry | Emotion::Frustrated => scene.theme.bad,
        Emotion::Confused => scene.theme.warning,
        Emotion::Neutral => scene.theme.text,
    }
}

/// The letter of an emotion, so that colour is not needed.
pub(super) const fn letter(emotion: Emotion) -> char {
    match emotion {
        Emotion::Positive => '+',
        Emotion::Neutral => '·',
        Emotion::Confused => '?',
        Emotion::Frustrated => '-',
        Emotion::Angry => '!',
    }
}

fn week(week: &Week, scene: &Scene, width: usize) -> Line<'static> {
    let theme = scene.theme;
    let satisfied = week.satisfaction.map_or_else(|| "–".into(), |mean| format!("{mean:.1} of 5"));
    let from = crate::when::here(week.from).format("%d %b").to_string();
    let mut spans = vec![
        Span::styled(format!("{from:<12}"), theme.dim),
        Span::styled(
            format!("{:>10} {:>6} {satisfied:>11}   ", week.answered, percent(week.good, week.answered)),
            theme.text,
        ),
    ];
    let whole: i64 = week.emotions.iter().map(|(_, count)| count).sum();
    // What they sounded like as a bar whose letters say which: + friendly, · neither, ? confused, - impatient, ! angry.
    let room = i64::try_from(width.saturating_sub(46).min(40)).unwrap_or(0);
    for (emotion, count) in &week.emotions {
        let length = usize::try_from(count * room / whole.max(1)).unwrap_or(0).max(1);
        spans.push(Span::styled(letter(*emotion).to_string().repeat(length), mood(*emotion, scene)));
    }
    Line::from(spans)
}

fn script(script: &ScriptFigures, scene: &Scene, width: usize) -> Line<'static> {
    let share = script.good_share.map_or_else(
        || "–".to_owned(),
        |share| format!("{:.1} % ({:.1} to {:.1} %)", share.percent, share.low, share.high),
    );
    let text = format!(
        "{:<NAMES$} {:>8}   {share:<26} {}",
        plain::fit(&script.name, NAMES),
        script.answered,
        percent(script.refused, script.answered)
    );
    Line::styled(plain::fit(&text, width), scene.theme.text)
}

/// The interval drawn from 0 to 100 %: where the share lies.
fn interval(script: &ScriptFigures, scene: &Scene, width: usize) -> Line<'static> {
    let Some(share) = script.good_share else { return Line::raw("") };
    let room = width.saturating_sub(NAMES + 2).clamp(10, 100);
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a place on the screen"
    )]
    let place = |percent: f64| ((percent / 100.0 * room as f64) as usize).min(room - 1);
    let (low, at, high) = (place(share.low), place(share.percent), place(share.high));
    let bar: String = (0..room)
        .map(|n| match n {
            n if n == at => '●',
            n if (low..=high).contains(&n) => '─',
            _ => '·',
        })
        .collect();
    Line::from(vec![Span::raw(" ".repeat(NAMES + 1)), Span::styled(bar, scene.theme.in_call)])
}

/// How a person sounded, turn by turn.
pub(super) fn moods(exchanges: &[dialdeck_protocol::Exchange]) -> String {
    let said = exchanges.iter().filter(|exchange| !exchange.user_input.is_empty());
    let all: Vec<char> = said.map(|exchange| letter(exchange.emotion)).collect();
    let from = all.len().saturating_sub(24);
    all[from..].iter().collect()
}

/// The estimate of satisfaction, where there is one.
pub(super) fn satisfied(
    exchanges: &[dialdeck_protocol::Exchange],
    outcome: Option<dialdeck_protocol::Outcome>,
) -> Option<i32> {
    figures::satisfaction(exchanges, outcome).map(|satisfaction| satisfaction.score)
}
