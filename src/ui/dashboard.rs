//! A day in figures: what today's calls came to, hour by hour, and each campaign's share.

use super::table::{self, Cell};
use super::{Scene, clock};
use crate::columns;
use crate::plain;
use crate::state::Pane;
use dialdeck_protocol::dashboard::{CampaignFigures, Dashboard, Tally};
use dialdeck_protocol::{CampaignId, Emotion, Outcome};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders, Paragraph, Sparkline};

/// Draws all of it.
pub(super) fn draw(frame: &mut Frame, area: Rect, scene: &Scene) {
    let Some(day) = &scene.state.dashboard else {
        let block = scene.block(Pane::Dashboard, "Today");
        let inner = block.inner(area);
        frame.render_widget(block, area);
        return table::empty(frame, inner, scene, "Loading…");
    };
    let campaigns = u16::try_from(day.campaigns.len()).unwrap_or(u16::MAX).clamp(1, (area.height / 3).max(1));
    let [cards, middle, list] =
        Layout::vertical([Constraint::Length(4), Constraint::Min(7), Constraint::Length(campaigns + 3)])
            .areas(area);
    self::cards(frame, cards, scene, day);
    let parts = [Constraint::Percentage(40), Constraint::Percentage(30), Constraint::Percentage(30)];
    let narrow = [Constraint::Percentage(50), Constraint::Percentage(50), Constraint::Length(0)];
    let wide = middle.width >= 100;
    let [hours, outcomes, people] = Layout::horizontal(if wide { parts } else { narrow }).areas(middle);
    self::hours(frame, hours, scene, day);
    bars(frame, outcomes, scene, "What they came to", &outcome_bars(day, scene));
    if wide {
        bars(frame, people, scene, "How people sounded", &emotion_bars(day, scene));
    }
    let rows = scene.state.shown_figures();
    let block = scene.block(Pane::Dashboard, "Campaigns today");
    let inner = block.inner(list);
    frame.render_widget(block, list);
    if rows.is_empty() {
        return table::empty(frame, inner, scene, "No campaigns yet.");
    }
    table::draw(frame, inner, scene, Pane::Dashboard, columns::DASHBOARD, rows.len(), &|n| {
        row(rows[n], scene)
    });
}

fn percent(part: i64, whole: i64) -> String {
    Tally::percent(part, whole).map_or_else(|| "–".into(), |share| format!("{share:.0} %"))
}

fn cards(frame: &mut Frame, area: Rect, scene: &Scene, day: &Dashboard) {
    let (today, theme) = (&day.today, scene.theme);
    let rated: i64 = day.satisfaction.iter().sum();
    let stars: i64 = day.satisfaction.iter().zip(1..).map(|(count, stars)| count * stars).sum();
    #[allow(clippy::cast_precision_loss, reason = "counts of a day")]
    let mean = if rated > 0 { format!("{:.1} of 5", stars as f64 / rated as f64) } else { "–".into() };
    let all = [
        ("calls", today.calls.to_string(), theme.text),
        ("in flight", scene.state.calls.len().to_string(), theme.in_call),
        ("answered", percent(today.answered, today.calls), theme.text),
        ("good, of answered", percent(today.good, today.answered), theme.good),
        ("average", today.mean_seconds().map_or_else(|| "–".into(), clock), theme.text),
        ("satisfied (estimate)", mean, theme.text),
        ("cost", format!("{:.2}", today.cost), theme.text),
    ];
    let since = crate::when::here(day.since).format("%d %b %H:%M");
    let block = Block::new()
        .borders(Borders::ALL)
        .border_style(theme.border)
        .title(Line::styled(format!(" Today, since {since} "), theme.title));
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let fits = (usize::from(inner.width) / 14).clamp(1, all.len());
    for (place, (what, figure, style)) in
        Layout::horizontal(vec![Constraint::Fill(1); fits]).split(inner).iter().zip(&all)
    {
        let width = usize::from(place.width).saturating_sub(1);
        let lines = vec![
            Line::styled(plain::fit(figure, width), style.patch(theme.title)),
            Line::styled(plain::fit(what, width), theme.dim),
        ];
        frame.render_widget(Paragraph::new(lines), *place);
    }
}

/// Calls an hour, and those that came to something.
fn hours(frame: &mut Frame, area: Rect, scene: &Scene, day: &Dashboard) {
    let theme = scene.theme;
    let most = day.hours.iter().map(|hour| hour.tally.calls).max().unwrap_or(0);
    let block = Block::new()
        .borders(Borders::ALL)
        .border_style(theme.border)
        .title(Line::styled(format!(" Calls an hour, at most {most} "), theme.title));
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let [calls, good, scale] =
        Layout::vertical([Constraint::Fill(2), Constraint::Fill(1), Constraint::Length(1)]).areas(inner);
    let width = (usize::from(inner.width) / day.hours.len().max(1)).max(1);
    let series = |of: fn(&Tally) -> i64| {
        let one =
            |hour: &dialdeck_protocol::dashboard::HourTally| u64::try_from(of(&hour.tally)).unwrap_or(0);
        let hours = day.hours.iter().rev().take(usize::from(inner.width) / width).rev();
        hours.flat_map(|hour| std::iter::repeat_n(one(hour), width)).collect::<Vec<u64>>()
    };
    let drawn = series(|tally| tally.calls);
    let used = drawn.len();
    frame.render_widget(Sparkline::default().data(drawn).style(theme.in_call), calls);
    frame.render_widget(Sparkline::default().data(series(|tally| tally.good)).style(theme.good), good);
    let first = day.hours.first().map(|hour| crate::when::here(hour.from).format("%H:%M").to_string());
    let text =
        format!("{:<room$}now · below: good", first.unwrap_or_default(), room = used.saturating_sub(3));
    frame.render_widget(Paragraph::new(plain::fit(&text, usize::from(scale.width))).style(theme.dim), scale);
}

struct Bar {
    what: String,
    count: i64,
    /// Of how many.
    of: i64,
    style: Style,
}

fn outcome_bars(day: &Dashboard, scene: &Scene) -> Vec<Bar> {
    let style = |outcome: Outcome| match outcome {
        _ if outcome.is_success() => scene.theme.good,
        Outcome::DoNotCall | Outcome::Error | Outcome::Abandoned => scene.theme.bad,
        _ if outcome.was_answered() => scene.theme.text,
        _ => scene.theme.dim,
    };
    let of = day.outcomes.iter().map(|(_, count)| count).sum();
    let bar = |(outcome, count): &(Outcome, i64)| Bar {
        what: outcome.as_str().replace('_', " "),
        count: *count,
        of,
        style: style(*outcome),
    };
    day.outcomes.iter().map(bar).collect()
}

fn emotion_bars(day: &Dashboard, scene: &Scene) -> Vec<Bar> {
    let style = |emotion: Emotion| match emotion {
        Emotion::Positive => scene.theme.good,
        Emotion::Angry | Emotion::Frustrated => scene.theme.bad,
        Emotion::Confused => scene.theme.warning,
        Emotion::Neutral => scene.theme.text,
    };
    let of = day.emotions.iter().map(|(_, count)| count).sum();
    let rated = day.satisfaction.iter().sum();
    let emotions = day.emotions.iter().map(|(emotion, count)| Bar {
        what: emotion.to_string(),
        count: *count,
        of,
        style: style(*emotion),
    });
    let stars = day.satisfaction.iter().zip(1..6_i32).rev().filter(|(count, _)| **count > 0);
    let stars = stars.map(|(count, stars)| Bar {
        what: format!("{stars} of 5 (est.)"),
        count: *count,
        of: rated,
        style: scene.theme.dim,
    });
    emotions.chain(stars).collect()
}

/// Counts as bars, each with its number and share: colour and length say what the figures say too.
fn bars(frame: &mut Frame, area: Rect, scene: &Scene, title: &str, bars: &[Bar]) {
    let block = Block::new()
        .borders(Borders::ALL)
        .border_style(scene.theme.border)
        .title(Line::styled(format!(" {title} "), scene.theme.title));
    let inner = block.inner(area);
    frame.render_widget(block, area);
    if bars.is_empty() {
        return table::empty(frame, inner, scene, "No calls yet today.");
    }
    let most = bars.iter().map(|bar| bar.count).max().unwrap_or(1).max(1);
    let room = usize::from(inner.width).saturating_sub(28);
    let lines: Vec<Line> = bars
        .iter()
        .take(usize::from(inner.height))
        .map(|bar| {
            let length = usize::try_from(bar.count).unwrap_or(0) * room / usize::try_from(most).unwrap_or(1);
            let share = percent(bar.count, bar.of);
            Line::from(vec![
                Span::styled(format!("{:<15}", plain::fit(&bar.what, 14)), bar.style),
                Span::styled("█".repeat(length), bar.style),
                Span::styled(format!(" {} {share}", bar.count), scene.theme.dim),
            ])
        })
        .collect();
    frame.render_widget(Paragraph::new(lines), inner);
}

fn row(figures: &CampaignFigures, scene: &Scene) -> Vec<Cell> {
    let (theme, today) = (scene.theme, &figures.today);
    let name = |id: CampaignId| scene.state.campaigns.iter().find(|c| c.id == id).map(|c| c.name.clone());
    let cell = |text: String, style| Cell { text, style };
    let (dropped, style) = dropped(figures, scene);
    vec![
        cell(name(figures.campaign_id).unwrap_or_default(), theme.text),
        cell(today.calls.to_string(), theme.text),
        cell(percent(today.answered, today.calls), theme.text),
        cell(today.good.to_string(), theme.good),
        cell(today.mean_seconds().map_or_else(|| "–".into(), clock), theme.text),
        cell(figures.dialable.to_string(), if figures.dialable == 0 { theme.warning } else { theme.text }),
        cell(dropped, style),
        cell(format!("{:.2}", today.cost), theme.dim),
        cell(String::new(), theme.dim),
    ]
}

/// The share that was abandoned against its limit, red at the limit.
pub(super) fn dropped(figures: &CampaignFigures, scene: &Scene) -> (String, Style) {
    match (figures.dropped_percent, figures.drop_limit_percent) {
        (Some(dropped), Some(limit)) => {
            let (mark, style) =
                if dropped >= limit { ("✗ ", scene.theme.bad) } else { ("", scene.theme.text) };
            (format!("{mark}{dropped:.2} of {limit} %"), style)
        }
        (None, Some(limit)) => (format!("– of {limit} %"), scene.theme.dim),
        _ => (String::new(), scene.theme.dim),
    }
}
