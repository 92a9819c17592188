//! What a frame of the console costs: CPU, bytes and writes, at 200 columns by 60 lines, for floors of several sizes; beside it the
//! same screen drawn without thought, every row and every line of the conversation made for each frame.
//!
//! Flags: `--frames N` (200 a median). The last line is one JSON object. What it does not cover: the terminal's own work, and the
//! network between.

use dialdeck::drawing::{Drawing, Look, Nowhere};
use ratatui::backend::CrosstermBackend;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::Line;
use ratatui::widgets::{Block, Borders, Paragraph, Row, Table, TableState, Wrap};
use ratatui::{Terminal, TerminalOptions, Viewport};
use serde_json::{Value, json};
use std::time::Instant;

const WIDTH: u16 = 200;
const HEIGHT: u16 = 60;

/// Median and 95th percentile, in milliseconds.
fn spread(mut all: Vec<f64>) -> Value {
    all.sort_by(f64::total_cmp);
    let at = |share: f64| {
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "an index"
        )]
        let n = (all.len() as f64 * share) as usize;
        (all[n.min(all.len() - 1)] * 1e4).round() / 1e4
    };
    json!({ "median": at(0.5), "p95": at(0.95) })
}

fn median(value: &Value) -> f64 {
    value["median"].as_f64().unwrap_or(0.0)
}

/// Milliseconds that work takes.
fn timed<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let begun = Instant::now();
    let done = work();
    (begun.elapsed().as_secs_f64() * 1e3, done)
}

/// CPU of a frame in steady work: something changes, and it is drawn.
fn ours(agents: usize, lines: usize, frames: usize) -> Result<Value, String> {
    let mut console = Drawing::new((agents, 60, lines), (WIDTH, HEIGHT))?;
    let mut all = Vec::new();
    for look in [Look::Agents, Look::Floor] {
        console.look(look);
        console.frame(0)?;
        let mut each = Vec::new();
        for n in 0..frames {
            if look == Look::Agents {
                console.burst(1, n);
            } else {
                console.say(n);
            }
            let (ms, drawn) = timed(|| console.frame(i64::try_from(n).unwrap_or(0) / 30));
            drawn?;
            each.push(ms);
        }
        all.push(spread(each));
    }
    Ok(json!({ "agents": agents, "lines": lines, "agents_view_ms": all[0], "floor_view_ms": all[1],
        "worst_ms": median(&all[0]).max(median(&all[1])) }))
}

/// The same without thought: a table of every agent and a paragraph of every line, wrapped anew each time.
fn naive(agents: usize, lines: usize, frames: usize) -> Result<Value, String> {
    let out = Nowhere::default();
    let options = TerminalOptions { viewport: Viewport::Fixed(Rect::new(0, 0, WIDTH, HEIGHT)) };
    let backend = CrosstermBackend::new(out.clone());
    let mut terminal = Terminal::with_options(backend, options).map_err(|e| e.to_string())?;
    let names: Vec<String> = (0..agents).map(|n| format!("Agent {n:05}")).collect();
    let mut said: Vec<String> = (0..lines)
        .map(|n| format!("number {n}: could you say once more what it costs for a company of our size?"))
        .collect();
    let (mut table, mut chat, mut bytes) = (Vec::new(), Vec::new(), Vec::new());
    for n in 0..frames {
        let (ms, drawn) = timed(|| {
            terminal.draw(|frame| {
                let rows = names.iter().enumerate().map(|(k, name)| {
                    Row::new([
                        name.clone(),
                        "in call".into(),
                        format!("{}:{:02}", k % 60, n % 60),
                        "BREAK".into(),
                    ])
                });
                let widths = [18, 10, 7, 7].map(Constraint::Length);
                let mut state = TableState::new().with_selected(Some(0));
                let table = Table::new(rows, widths).block(Block::new().borders(Borders::ALL));
                frame.render_stateful_widget(table, frame.area(), &mut state);
            })
        });
        drawn.map_err(|e| e.to_string())?;
        table.push(ms);
    }
    out.taken();
    for n in 0..frames {
        said.push(format!("number {n}: and one more"));
        let (ms, drawn) = timed(|| {
            terminal.draw(|frame| {
                let [left, right] =
                    Layout::horizontal([Constraint::Percentage(50), Constraint::Percentage(50)])
                        .areas(frame.area());
                let text: Vec<Line> = said.iter().map(|line| Line::raw(line.as_str())).collect();
                let chat =
                    Paragraph::new(text).wrap(Wrap { trim: true }).block(Block::new().borders(Borders::ALL));
                let end = chat.line_count(right.width - 2).saturating_sub(usize::from(right.height));
                frame.render_widget(Block::new().borders(Borders::ALL), left);
                frame.render_widget(chat.scroll((u16::try_from(end).unwrap_or(u16::MAX), 0)), right);
            })
        });
        drawn.map_err(|e| e.to_string())?;
        chat.push(ms);
        bytes.push(out.taken());
    }
    let writes: usize = bytes.iter().map(|written| written.writes).sum();
    let line: usize = bytes.iter().skip(1).map(|written| written.bytes).sum();
    Ok(
        json!({ "agents": agents, "lines": lines, "agents_view_ms": spread(table), "floor_view_ms": spread(chat),
        "bytes_a_new_line": line / frames.saturating_sub(1).max(1), "writes_a_frame": writes / frames }),
    )
}

/// What goes to the terminal.
fn bytes() -> Result<Value, String> {
    let mut console = Drawing::new((500, 60, 600), (WIDTH, HEIGHT))?;
    let mut ticking = Vec::new();
    for look in [Look::Agents, Look::Floor] {
        console.look(look);
        console.frame(0)?;
        let idle = (0..10).map(|_| console.frame(0)).collect::<Result<Vec<_>, _>>()?;
        let ticks = (1..=10).map(|second| console.frame(second)).collect::<Result<Vec<_>, _>>()?;
        ticking.push(json!({
            "view": format!("{look:?}"),
            "idle_bytes_in_10_frames": idle.iter().map(|w| w.bytes).sum::<usize>(),
            "bytes_a_second_all_timers_ticking": ticks.iter().map(|w| w.bytes).sum::<usize>() / 10,
            "writes_a_frame": ticks.iter().map(|w| w.writes).max(),
        }));
    }
    // A line at a time into a conversation that fills its pane.
    let mut lines = Vec::new();
    for n in 0..60 {
        console.say(n);
        lines.push(console.frame(10)?);
    }
    let mut sizes: Vec<usize> = lines.iter().map(|w| w.bytes).collect();
    sizes.sort_unstable();
    let exchange = json!({
        "mean": sizes.iter().sum::<usize>() / sizes.len(),
        "median": sizes[sizes.len() / 2],
        "most": sizes.last(),
        "lines_each": 3,
    });
    Ok(json!({ "ticking": ticking, "bytes_a_new_exchange": exchange,
        "writes_a_frame": lines.iter().map(|w| w.writes).max() }))
}

/// A burst of 1,000 events in a second, 30 frames of it: the longest that a key pressed meanwhile waits for its frame.
fn burst(agents: usize) -> Result<Value, String> {
    let mut console = Drawing::new((agents, 60, 600), (WIDTH, HEIGHT))?;
    console.look(Look::Agents);
    console.frame(0)?;
    let (mut each, mut sent, mut frames) = (Vec::new(), 0, 0);
    for n in 0..30 {
        let (ms, written) = timed(|| {
            console.burst(34, n + 1);
            console.frame(0)
        });
        each.push(ms);
        sent += written?.bytes;
        frames += 1;
    }
    // All at once, as after a stall: 512 are taken before a frame is drawn.
    let (at_once, drawn) = timed(|| {
        console.burst(512, 7);
        console.frame(0)
    });
    drawn?;
    Ok(
        json!({ "agents": agents, "events_and_frame_ms": spread(each), "bytes_in_the_second": sent, "frames": frames,
        "512_events_and_frame_ms": (at_once * 1e3).round() / 1e3 }),
    )
}

fn main() -> Result<(), String> {
    let arguments: Vec<String> = std::env::args().collect();
    let frames = arguments
        .iter()
        .position(|word| word == "--frames")
        .and_then(|at| arguments.get(at + 1)?.parse().ok())
        .unwrap_or(200);
    let mut all = Vec::new();
    for (agents, lines) in [(50, 100), (500, 10_000), (5_000, 100_000)] {
        let (own, peer) = (ours(agents, lines, frames)?, naive(agents, lines, frames.min(20))?);
        eprintln!("{own}\n  naive: {peer}");
        all.push(json!({ "ours": own, "naive": peer }));
    }
    let worst = |n: usize| all[n]["ours"]["worst_ms"].as_f64().unwrap_or(0.0);
    let grows = (worst(2) / worst(1) * 100.0).round() / 100.0;
    let bursts = [500, 5_000].into_iter().map(burst).collect::<Result<Vec<_>, _>>()?;
    println!(
        "{}",
        json!({ "bench": "frame", "size": "200x60", "floors": all, "times_larger_at_5000_and_100k": grows,
            "bytes": bytes()?, "burst": bursts })
    );
    Ok(())
}
