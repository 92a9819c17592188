//! Callbacks that are to be kept, the next due first.

use super::table::{self, Cell};
use super::{Scene, clock};
use crate::columns;
use crate::state::Pane;
use crate::when;
use dialdeck_protocol::CallbackRow;
use ratatui::Frame;
use ratatui::layout::Rect;

pub(super) fn draw(frame: &mut Frame, area: Rect, scene: &Scene) {
    let rows = scene.state.shown_callbacks();
    let due = scene.state.callbacks_due(scene.now);
    let title = if due > 0 {
        format!("Callbacks {}, {due} due", rows.len())
    } else {
        format!("Callbacks {}", rows.len())
    };
    let block = scene.block(Pane::Callbacks, &title);
    let inner = block.inner(area);
    frame.render_widget(block, area);
    if rows.is_empty() {
        let text = match &scene.state.callbacks {
            None => "Loading…",
            Some(all) if all.is_empty() => {
                "Nobody is to be called back. The disposition \"Call back\" promises it, with a time."
            }
            Some(_) => "No callback matches the filter. Esc clears it.",
        };
        return table::empty(frame, inner, scene, text);
    }
    table::draw(frame, inner, scene, Pane::Callbacks, columns::CALLBACKS, rows.len(), &|n| {
        row(rows[n], scene)
    });
}

fn row(callback: &CallbackRow, scene: &Scene) -> Vec<Cell> {
    let theme = scene.theme;
    let left = (callback.due_at - scene.now).num_seconds();
    let (mark, style) = if left <= 0 { ("!", theme.warning) } else { ("", theme.text) };
    let since = if left <= 0 { format!("-{}", clock(-left)) } else { clock(left) };
    let own = callback.user_id == scene.state.user_id && callback.user_id.is_some();
    let whose = match (own, callback.user_id) {
        (true, _) => "mine".to_owned(),
        (false, None) => "anyone's".to_owned(),
        (false, Some(_)) => callback.user.clone(),
    };
    let cell = |text: String, style| Cell { text, style };
    vec![
        cell(mark.into(), style),
        cell(when::shown(callback.due_at, when::zone(&callback.timezone)), style),
        cell(since, style),
        cell(callback.name.clone(), theme.text),
        cell(callback.phone.clone(), theme.text),
        cell(whose, theme.dim),
        cell(callback.campaign.clone(), theme.dim),
        cell(callback.note.clone(), theme.text),
    ]
}
