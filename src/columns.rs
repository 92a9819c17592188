//! The columns of every table: their names in the layouts' file, their headings and widths.

use crate::state::Pane;

/// A column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Its name in the layouts' file.
    pub name: &'static str,
    /// What stands above it.
    pub heading: &'static str,
    /// Columns of the screen; 0 takes what is left.
    pub width: usize,
    /// Whether it is there unless one chooses otherwise.
    pub usual: bool,
}

const fn column(name: &'static str, heading: &'static str, width: usize) -> Column {
    Column { name, heading, width, usual: true }
}

/// One that is there only if it is chosen.
const fn more(name: &'static str, heading: &'static str, width: usize) -> Column {
    Column { name, heading, width, usual: false }
}

/// Width of the bar of Dialpad's calls.
pub const BAR: usize = 10;

/// Campaigns.
pub const CAMPAIGNS: &[Column] = &[
    column("campaign", "CAMPAIGN", 20),
    column("queue", "QUEUE", 10),
    column("done", "DONE", 11),
    column("calls", "CALLS", 5),
    column("good", "GOOD", 5),
    column("failed", "FAILED", 6),
    column("held", "HELD", 5),
    column("next", "NEXT", 8),
    column("mode", "MODE", 11),
    column("left", "LEFT", 6),
    column("answered", "ANSW", 5),
    column("dropped", "DROPPED 30 D", 15),
    column("why", "WHY", 0),
];

/// Calls in flight.
pub const CALLS: &[Column] = &[
    column("mark", " ", 1),
    column("name", "NAME", 18),
    column("phone", "PHONE", 14),
    column("time", "TIME", 7),
    column("intent", "INTENT", 15),
    column("emotion", "EMOTION", 10),
    column("company", "COMPANY", 0),
    more("campaign", "CAMPAIGN", 16),
    more("state", "STATE", 11),
    more("agent", "AGENT", 14),
    more("turns", "TURNS", 5),
];

/// Calls of the past.
pub const HISTORY: &[Column] = &[
    column("when", "WHEN", 15),
    column("name", "NAME", 18),
    column("outcome", "OUTCOME", 15),
    column("time", "TIME", 7),
    column("phone", "PHONE", 14),
    column("emotion", "EMOTION", 10),
    column("cost", "COST", 0),
    more("agent", "AGENT", 14),
    more("disposition", "DISPOSITION", 12),
    more("campaign", "CAMPAIGN", 16),
    more("satisfied", "SATISFIED", 9),
];

/// Agents.
pub const AGENTS: &[Column] = &[
    column("mark", " ", 1),
    column("name", "AGENT", 18),
    column("state", "STATE", 10),
    column("time", "TIME", 7),
    column("pause", "PAUSE", 7),
    column("calls", "CALLS", 5),
    column("customer", "CUSTOMER", 20),
    column("phone", "PHONE", 0),
    more("campaign", "CAMPAIGN", 16),
];

/// Agents, where those of a VICIdial stand beside them: there is more to say of each.
pub const AGENTS_BESIDE: &[Column] = &[
    column("mark", " ", 1),
    column("user", "USER", 8),
    column("name", "NAME", 14),
    column("state", "STATE", 8),
    column("time", "TIME", 7),
    column("pause", "PAUSE", 6),
    column("campaign", "CAMPAIGN", 10),
    column("calls", "CALLS", 5),
    column("kind", "·", 1),
    column("customer", "CUSTOMER", 16),
    column("ingroup", "IN-GROUP", 12),
    column("hold", "HOLD", 5),
    column("session", "SESSION", 9),
    column("group", "GROUP", 12),
    column("station", "STATION", 0),
];

/// Callbacks.
pub const CALLBACKS: &[Column] = &[
    column("mark", "", 1),
    column("due", "DUE, WHERE THEY ARE", 21),
    column("in", "IN", 9),
    column("name", "NAME", 18),
    column("phone", "PHONE", 14),
    column("whose", "WHOSE", 10),
    column("campaign", "CAMPAIGN", 16),
    column("note", "NOTE", 0),
];

/// Campaigns of VICIdials.
pub const FLOOR_CAMPAIGNS: &[Column] = &[
    column("mark", " ", 1),
    column("campaign", "CAMPAIGN", 12),
    column("level", "LEVEL", 6),
    column("drop_percent", "DROP %", 12),
    column("hopper", "HOPPER", 6),
    column("dialable", "DIALABLE", 8),
    column("calls", "CALLS", 7),
    column("answers", "ANSWERS", 7),
    column("drops", "DROPS", 6),
    column("diff_percent", "DIFF %", 7),
    column("callbacks", "CALLBACKS", 9),
    column("method", "METHOD", 17),
    column("name", "NAME", 0),
];

/// Calls of VICIdials.
pub const FLOOR_CALLS: &[Column] = &[
    column("status", "STATUS", 8),
    column("campaign", "CAMPAIGN", 14),
    column("time", "TIME", 7),
    column("number", "NUMBER", 14),
    column("type", "TYPE", 8),
    column("prio", "PRIO", 4),
    column("call", "CALL", 0),
];

/// Dialpad's agents.
pub const DIALPAD_AGENTS: &[Column] = &[
    column("agent", "AGENT", 16),
    column("duty", "DUTY", 9),
    column("total", "TOTAL", 6),
    column("missed", "MISSED", 6),
    column("done_percent", "DONE %", 6),
    column("avg", "AVG", 6),
    column("score", "SCORE", 5),
    column("calls", "CALLS", BAR),
    column("in", "IN", 5),
    column("out", "OUT", 5),
    column("talked", "TALKED", 8),
    column("by_day", "BY DAY", 0),
];

/// Dialpad's calls.
pub const DIALPAD_CALLS: &[Column] = &[
    column("when", "WHEN", 12),
    column("way", "WAY", 3),
    column("status", "STATUS", 10),
    column("agent", "AGENT", 16),
    column("number", "NUMBER", 15),
    column("talked", "TALKED", 7),
    column("name", "NAME", 18),
    column("labels", "LABELS", 0),
];

/// Campaigns of a day.
pub const DASHBOARD: &[Column] = &[
    column("campaign", "CAMPAIGN", 20),
    column("calls", "CALLS", 6),
    column("answered", "ANSWERED", 8),
    column("good", "GOOD", 6),
    column("time", "TIME", 6),
    column("left", "LEFT", 6),
    column("dropped", "DROPPED 30 D", 16),
    column("cost", "COST", 9),
    column("rest", "", 0),
];

/// Parts of the server.
pub const PARTS: &[Column] =
    &[column("part", "PART", 14), column("state", "STATE", 10), column("message", "WHERE, OR WHAT TO DO", 0)];

/// Its log.
pub const LOG: &[Column] =
    &[column("when", "WHEN", 8), column("level", "LEVEL", 7), column("what", "WHAT", 0)];

/// What was done.
pub const AUDIT: &[Column] = &[
    column("when", "WHEN", 15),
    column("who", "WHO", 14),
    column("what", "WHAT", 18),
    column("result", "RESULT", 24),
    column("target", "ON", 0),
];

/// Alerts.
pub const ALERTS: &[Column] =
    &[column("mark", "", 1), column("for", "FOR", 8), column("known", "", 5), column("what", "WHAT", 0)];

/// Caller IDs.
pub const NUMBERS: &[Column] = &[
    column("number", "NUMBER", 14),
    column("label", "LABEL", 16),
    column("campaigns", "CAMPAIGNS", 18),
    column("calls", "CALLS 7 D", 9),
    column("answered", "ANSWERED", 9),
    column("last", "LAST CALL", 0),
];

/// Connectors.
pub const CONNECTORS: &[Column] = &[
    column("mark", "", 1),
    column("name", "CONNECTOR", 18),
    column("kind", "KIND", 12),
    column("state", "STATE", 9),
    column("reached", "REACHED AT", 28),
    column("secret", "SECRET", 8),
    column("message", "WHAT IT SAYS", 0),
];

/// The tables that a pane may show, the usual one first; none for one that is no table.
pub const fn of(pane: Pane) -> &'static [&'static [Column]] {
    match pane {
        Pane::Campaigns => &[CAMPAIGNS],
        Pane::Calls => &[CALLS],
        Pane::History => &[HISTORY],
        Pane::Agents => &[AGENTS, AGENTS_BESIDE],
        Pane::FloorCampaigns => &[FLOOR_CAMPAIGNS],
        Pane::FloorCalls => &[FLOOR_CALLS],
        Pane::DialpadAgents => &[DIALPAD_AGENTS],
        Pane::DialpadCalls => &[DIALPAD_CALLS],
        Pane::Callbacks => &[CALLBACKS],
        Pane::Dashboard => &[DASHBOARD],
        Pane::Numbers => &[NUMBERS],
        Pane::Connectors => &[CONNECTORS],
        Pane::Parts => &[PARTS],
        Pane::Log => &[LOG],
        Pane::Audit => &[AUDIT],
        Pane::Alerts => &[ALERTS],
        Pane::Conversation | Pane::Transcript | Pane::Seat | Pane::Learning => &[],
    }
}

/// Whether a pane has a column of this name.
pub fn has(pane: Pane, name: &str) -> bool {
    of(pane).iter().any(|table| table.iter().any(|column| column.name == name))
}

/// Names of a pane's columns, each once.
pub fn names(pane: Pane) -> Vec<&'static str> {
    let mut names = Vec::new();
    for column in of(pane).iter().copied().flatten() {
        if !names.contains(&column.name) {
            names.push(column.name);
        }
    }
    names
}
