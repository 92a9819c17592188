//! What the console knows: rows as the server told them, and where the person is looking.

mod callbacks;
mod chat;
mod dialpad;
mod events;
mod figures;
mod guide;
pub mod history;
mod look;
pub mod marks;
mod notes;
mod replay;
mod seat;
mod setup;
mod sort;
mod vicidial;

pub use dialpad::{Dialpad, DialpadAgent, days_in_words, level};
pub use events::Need;
pub use figures::lesson_lines;
pub use guide::Guide;
pub use history::Past;
pub use look::{Asked, Chosen, ColumnChoice, Field, Form, Overlay, Pane, View};
pub use marks::{Mark, Marks};
pub use notes::{Notes, Tone};
pub use replay::Replay;
use seat::order;
pub use seat::{Choices, Lead};
pub use sort::{sorts, sorts_by};
pub use vicidial::{Entry, FloorChange, SeenFloor};

use crate::alert::Alerts;
use crate::layout::Layout;
use chrono::{DateTime, Utc};
use dialdeck_protocol::connector::{ConnectorRow, NumberRow};
use dialdeck_protocol::dashboard::{Dashboard, Standing};
use dialdeck_protocol::figures::{Latency, Ledger};
use dialdeck_protocol::knowledge::{self, Known};
use dialdeck_protocol::learning::Lessons;
use dialdeck_protocol::{
    AgentRow, Answer, CallFilter, CallId, CallRow, CallbackRow, CampaignId, CampaignRow, Command, ContactId,
    Exchange, HistoryRow, MonitorMode, Part, Role, Snapshot, Speaker, UserId,
};
use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap, VecDeque};

/// Turns after which what was heard here tells enough of a campaign.
const ENOUGH_TURNS: u32 = 20;

/// How it stands with the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link {
    /// First connection under way.
    Connecting,
    /// Connected, and what is shown is true.
    Live,
    /// Gone since then; why. What is shown is as old.
    Lost { since: DateTime<Utc>, why: String },
}

/// A line that one side has begun to say, before the exchange is complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spoken {
    /// Who.
    pub speaker: Speaker,
    /// What.
    pub text: String,
}

/// Everything. Cloned for a frozen screen.
#[derive(Debug, Clone)]
pub struct State {
    /// How it stands with the server.
    pub link: Link,
    /// Who is logged in.
    pub user: String,
    /// Their id.
    pub user_id: Option<UserId>,
    /// As what.
    pub role: Option<Role>,
    /// Server's clock minus ours, in milliseconds: timers count by the server's.
    pub clock_ahead_ms: i64,
    /// The last event seen; where a new connection resumes.
    pub seq: Option<i64>,
    /// Campaigns.
    pub campaigns: Vec<CampaignRow>,
    /// Calls in flight.
    pub calls: Vec<CallRow>,
    /// How fast AI callers answered, by campaign.
    pub ledgers: HashMap<CampaignId, Ledger>,
    /// Lines begun, by call.
    pub spoken: HashMap<CallId, Vec<Spoken>>,
    /// Agents who are logged in.
    pub agents: Vec<AgentRow>,
    /// Floors of VICIdials.
    pub floors: BTreeMap<String, SeenFloor>,
    /// Dialpad.
    pub dialpad: Dialpad,
    /// Supervisors in calls: who, and how.
    pub monitored: HashMap<CallId, Vec<(String, MonitorMode)>>,
    /// Callbacks to be kept, the next due first; `None` until asked for.
    pub callbacks: Option<Vec<CallbackRow>>,
    /// A day in figures; `None` until asked for.
    pub dashboard: Option<Dashboard>,
    /// How the server itself is; `None` until asked for.
    pub standing: Option<Standing>,
    /// What wants a person's eyes.
    pub alerts: Alerts,
    /// Caller IDs; `None` until asked for.
    pub numbers: Option<Vec<NumberRow>>,
    /// Connectors; `None` until asked for.
    pub connectors: Option<Vec<ConnectorRow>>,
    /// What calls teach, of the campaign that was asked for last.
    pub lessons: Option<Lessons>,
    /// The script of whoever is on the line, and for whom it was asked.
    pub guide: Option<Guide>,
    pub guide_asked: Option<ContactId>,
    /// Parts of the server.
    pub parts: Vec<Part>,
    /// Calls of the past; `None` until asked for.
    pub history: Vec<HistoryRow>,
    /// Which of them are looked at.
    pub past: Past,
    /// What the knowledge base holds, by campaign, as far as it was asked for.
    pub knowledge: HashMap<CampaignId, Vec<Known>>,
    /// Rows that are marked.
    pub marked: Marks,
    /// Whether the history was answered yet.
    pub history_loaded: bool,
    /// The conversation opened in the history.
    pub opened: Option<(HistoryRow, Vec<Exchange>)>,
    /// Whether it is gone through once more.
    pub replay: Option<Replay>,
    /// Whose recording is played.
    pub playing: Option<CallId>,
    /// How the screens are arranged.
    pub layout: Layout,
    /// Where the person is looking.
    pub view: View,
    /// Which pane has the keys.
    pub pane: Pane,
    /// Whether that pane has the whole screen.
    pub zoomed: bool,
    /// Selected row by pane.
    pub selected: HashMap<Pane, usize>,
    /// First line of the conversation that is shown; `None` follows its end.
    pub scrolled: Option<usize>,
    /// The largest that makes sense, as it was last drawn.
    pub scroll_limit: Cell<usize>,
    /// The conversation that was drawn last, measured.
    pub measured: RefCell<chat::Measure>,
    /// Whether the selection is being kept already, by whoever changes many things at once.
    pub keeping: bool,
    /// The filter.
    pub filter: String,
    /// The pane that it was typed for.
    pub filtered: Pane,
    /// What lies over the panes.
    pub overlay: Option<Overlay>,
    /// What came to be read while something else was typed; it is shown after that.
    pub unread: VecDeque<Overlay>,
    /// What the last actions gave.
    pub notes: Notes,
    /// A note that was typed to a disposition, while its list has the keys.
    pub kept_note: Option<(CallId, String)>,
    /// What one chooses from, and for which campaign it was asked.
    pub choices: Choices,
    pub choices_of: Option<Option<CampaignId>>,
    /// The contact that one talks to, and which was asked for.
    pub lead: Option<Lead>,
    pub lead_asked: Option<ContactId>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            link: Link::Connecting,
            user: String::new(),
            user_id: None,
            role: None,
            clock_ahead_ms: 0,
            seq: None,
            campaigns: Vec::new(),
            calls: Vec::new(),
            ledgers: HashMap::new(),
            spoken: HashMap::new(),
            agents: Vec::new(),
            floors: BTreeMap::new(),
            dialpad: Dialpad::default(),
            monitored: HashMap::new(),
            callbacks: None,
            dashboard: None,
            standing: None,
            alerts: Alerts::default(),
            numbers: None,
            connectors: None,
            lessons: None,
            guide: None,
            guide_asked: None,
            parts: Vec::new(),
            history: Vec::new(),
            past: Past::default(),
            knowledge: HashMap::new(),
            marked: Marks::default(),
            history_loaded: false,
            opened: None,
            replay: None,
            playing: None,
            layout: Layout::default(),
            view: View::Floor,
            pane: Pane::Campaigns,
            zoomed: false,
            selected: HashMap::new(),
            scrolled: None,
            scroll_limit: Cell::new(0),
            measured: RefCell::default(),
            keeping: false,
            filter: String::new(),
            filtered: Pane::Campaigns,
            overlay: None,
            unread: VecDeque::new(),
            notes: Notes::default(),
            kept_note: None,
            choices: Choices::default(),
            choices_of: None,
            lead: None,
            lead_asked: None,
        }
    }
}

impl State {
    /// Whether what is shown is true now.
    pub fn is_live(&self) -> bool {
        self.link == Link::Live
    }

    /// The server's clock.
    pub fn server_now(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        now + chrono::Duration::milliseconds(self.clock_ahead_ms)
    }

    /// Whether some timer ticks on the screen.
    pub fn ticks(&self) -> bool {
        !self.calls.is_empty()
            || !self.agents.is_empty()
            || self.floors.values().any(|seen| !seen.floor.agents.is_empty() || !seen.floor.calls.is_empty())
            || self.view == View::Dialpad && self.dialpad_ticks()
            || self.callbacks.as_ref().is_some_and(|rows| !rows.is_empty())
            || self.view == View::Alerts && self.alerts.iter().len() > 0
            || matches!(self.link, Link::Lost { .. })
            || self.replay.is_some()
            || self.campaigns.iter().any(|c| c.next_call_at.is_some())
    }

    /// Replaces everything that the server knows.
    pub fn take_snapshot(&mut self, snapshot: Snapshot, now: DateTime<Utc>) {
        self.clock_ahead_ms = (snapshot.now - now).num_milliseconds();
        self.seq = Some(snapshot.seq);
        self.keeping_selection(|state| {
            state.campaigns = snapshot.campaigns;
            state.calls = snapshot.calls;
            state.agents = snapshot.agents;
            state.agents.sort_by(|a, b| order(a).cmp(&order(b)));
        });
        self.parts = snapshot.parts;
        let mut marked = std::mem::take(&mut self.marked);
        marked.keep(|mark| match mark {
            Mark::Call(id) => self.calls.iter().any(|call| call.id == *id),
            Mark::Agent(id) => self.agents.iter().any(|agent| agent.user_id == *id),
        });
        self.marked = marked;
        self.spoken.clear();
        self.monitored.clear();
    }

    /// Changes rows or filter; what was selected stays so, wherever its row stands then: nobody hangs up on whoever
    /// moved into its place.
    pub fn keeping_selection(&mut self, change: impl FnOnce(&mut Self)) {
        if self.keeping {
            return change(self);
        }
        let campaign = self.selected_campaign().map(|c| c.id);
        let call = self.selected_call().map(|c| c.id.clone());
        let callback = self.selected_callback().map(|row| row.id);
        let alert = self.selected_alert().map(str::to_owned);
        let past = self.selected_past_call().map(|c| c.id.clone());
        let number = self.selected_number().map(|row| row.id);
        let connector =
            self.selected_connector().map(|row| (row.kind.clone(), row.name.clone(), row.entry_id));
        let agent = self.selected_entry().map(|entry| entry.key());
        let floor_campaign = self.selected_floor_campaign().map(|(v, c)| (v.to_owned(), c.id.clone()));
        let dialpad_agent = self.selected_dialpad_agent().map(|row| row.id.to_owned());
        let dialpad_call = self.selected_dialpad_call().map(|call| call.id.clone());
        let floor_call = self.selected_floor_call().map(|(v, c)| (v.to_owned(), c.call_id.clone()));
        self.keeping = true;
        change(self);
        self.keeping = false;
        let places = [
            (Pane::Campaigns, self.shown_campaigns().iter().position(|c| Some(c.id) == campaign)),
            (Pane::Calls, self.shown_calls().iter().position(|c| Some(&c.id) == call.as_ref())),
            (Pane::Agents, self.shown_agents().iter().position(|a| Some(a.key()) == agent)),
            (
                Pane::FloorCampaigns,
                self.shown_floor_campaigns().iter().position(|(v, c)| {
                    floor_campaign.as_ref().is_some_and(|(a, b)| (a, b) == (&(*v).to_owned(), &c.id))
                }),
            ),
            (
                Pane::FloorCalls,
                self.shown_floor_calls().iter().position(|(v, c)| {
                    floor_call.as_ref().is_some_and(|(a, b)| (a, b) == (&(*v).to_owned(), &c.call_id))
                }),
            ),
            (
                Pane::DialpadAgents,
                self.shown_dialpad_agents().iter().position(|row| Some(row.id) == dialpad_agent.as_deref()),
            ),
            (
                Pane::DialpadCalls,
                self.shown_dialpad_calls().iter().position(|call| Some(&call.id) == dialpad_call.as_ref()),
            ),
            (Pane::Alerts, self.shown_alerts().iter().position(|s| Some(&s.alert.key) == alert.as_ref())),
            (Pane::Numbers, self.shown_numbers().iter().position(|row| Some(row.id) == number)),
            (
                Pane::Connectors,
                self.shown_connectors().iter().position(|row| {
                    connector.as_ref().is_some_and(|(kind, name, id)| {
                        *kind == row.kind && *name == row.name && *id == row.entry_id
                    })
                }),
            ),
            (Pane::Callbacks, self.shown_callbacks().iter().position(|row| Some(row.id) == callback)),
            (Pane::History, self.shown_history().iter().position(|c| Some(&c.id) == past.as_ref())),
        ];
        let gone = |pane| places.iter().any(|(of, place)| *of == pane && place.is_none());
        if call.is_some() && gone(Pane::Calls) && self.pane != Pane::Transcript {
            // Another conversation takes its place, and is seen from its end.
            self.scrolled = None;
        }
        for (pane, place) in places {
            if let Some(place) = place {
                self.selected.insert(pane, place);
            }
        }
    }

    /// Takes an answer that belongs onto the screen.
    pub fn take_answer(&mut self, answer: Answer) {
        // What the console asks for by itself answers nothing that a person waits for.
        let own = matches!(
            answer,
            Answer::Dashboard(_)
                | Answer::Standing(_)
                | Answer::Knowledge { .. }
                | Answer::History { .. }
                | Answer::Callbacks { .. }
                | Answer::Numbers { .. }
                | Answer::Connectors { .. }
                | Answer::Lessons(_)
                | Answer::Script { .. }
                | Answer::Choices { .. }
                | Answer::Lead { .. }
        );
        if !own {
            self.notes.answered();
        }
        match answer {
            Answer::Done { message } => self.notes.say(&message, false),
            Answer::History { calls, next, filter } => self.take_history(calls, next, filter),
            Answer::Conversation { call, exchanges } => {
                self.opened = Some((*call, exchanges));
                self.replay = None;
                self.scrolled = None;
            }
            Answer::Choices { dispositions, pause_codes } => {
                self.choices = Choices { dispositions, pause_codes };
            }
            Answer::Lead { contact_id, fields, calls, verdict, allowed, zone } => {
                if let Some(Overlay::Confirm { question, commands }) = &mut self.overlay
                    && let [Command::AgentDial { contact_id: Some(asked) }] = commands.as_slice()
                    && *asked == contact_id
                    && !question.contains('\n')
                {
                    let mark = if allowed { "✓" } else { "✗" };
                    *question = format!("{question}\n{mark} {}", crate::plain::line(&verdict));
                }
                // Of somebody else than who is on the line it says nothing of one's own place.
                if self.me().is_some_and(|row| row.contact_id == Some(contact_id)) {
                    self.lead = Some(Lead { contact_id, fields, calls, verdict, allowed, zone });
                }
            }
            Answer::Callbacks { callbacks } => {
                self.keeping_selection(|state| state.callbacks = Some(callbacks));
            }
            Answer::Knowledge { campaign_id, entries } => drop(self.knowledge.insert(campaign_id, entries)),
            Answer::Numbers { numbers } => {
                self.keeping_selection(|state| state.numbers = Some(numbers));
            }
            Answer::Connectors { connectors } => {
                self.keeping_selection(|state| state.connectors = Some(connectors));
            }
            Answer::Lessons(lessons) => self.lessons = Some(*lessons),
            // Of somebody else than who is on the line by now it is of no use.
            Answer::Script { contact_id, .. } if self.guide_asked != contact_id => {}
            Answer::Script { campaign_id, contact_id, lines, answers } => {
                self.guide = Some(Guide::new(campaign_id, contact_id, lines, answers));
            }
            Answer::Dashboard(day) => self.keeping_selection(|state| state.dashboard = Some(*day)),
            Answer::Standing(standing) => self.take_standing(*standing),
            Answer::Dialpad(picture) => self.take_dialpad(*picture),
            Answer::Vicidial(answer) => self.take_vicidial(&answer),
            Answer::Lines { title, lines } => {
                self.show(format!("{} · Esc closes", crate::plain::line(&title)), lines);
            }
            Answer::Once { title, lines } => {
                let once =
                    Overlay::Once { title: format!("{} · Esc closes", crate::plain::line(&title)), lines };
                match &self.overlay {
                    None | Some(Overlay::Lines { .. }) => self.overlay = Some(once),
                    Some(_) => self.unread.push_front(once),
                }
            }
            Answer::Why { phone, lines } => {
                let title = format!("Why was {phone} called, or not? · Esc closes");
                self.show(title, lines);
            }
            Answer::Estimate { campaign_id, contacts, cost, currency, basis } => {
                // Only onto the question that it was asked for, and once.
                let Some(Overlay::Confirm { question, commands }) = &mut self.overlay else { return };
                let [Command::StartQueue { campaign_id: asked, .. }] = commands.as_slice() else { return };
                if *asked == campaign_id && !question.contains('\n') {
                    *question = format!(
                        "{question}\n{contacts} contacts to call, about {cost:.2} {currency}.\n({basis})"
                    );
                }
            }
        }
    }

    /// Calls of the past: the newest of those that are looked at, or the page that was asked for behind them. Answers to what was
    /// asked before are passed over: they may come in any order.
    fn take_history(&mut self, calls: Vec<HistoryRow>, next: Option<String>, filter: CallFilter) {
        let after = filter.after.clone();
        if (CallFilter { after: None, limit: None, ..filter }) != self.past.filter {
            return;
        }
        match after {
            None => self.keeping_selection(|state| state.history = calls),
            Some(after) if self.past.asked.take_if(|asked| *asked == after).is_some() => {
                self.keeping_selection(|state| state.history.extend(calls));
            }
            Some(_) => return,
        }
        self.history_loaded = true;
        self.past.next = next;
    }

    /// How the server is: the log is followed at its end, unless somebody looks further up.
    fn take_standing(&mut self, standing: Standing) {
        let rows = self.shown_log().len();
        let at_end = self.selected.get(&Pane::Log).is_none_or(|at| at + 1 >= rows);
        self.standing = Some(standing);
        if at_end {
            self.selected.insert(Pane::Log, self.shown_log().len().saturating_sub(1));
        }
    }

    /// Lines to read: at once, or once what is being typed is done. What arrives must not take the keys away.
    pub fn show(&mut self, title: String, lines: Vec<String>) {
        let overlay = Overlay::Lines { title, lines, scrolled: 0 };
        match self.overlay {
            None | Some(Overlay::Lines { .. }) => self.overlay = Some(overlay),
            // The newest of those that are only looked at is enough; what is told once is never lost.
            Some(_) => {
                self.unread.retain(|waiting| matches!(waiting, Overlay::Once { .. } | Overlay::Form(_)));
                self.unread.push_back(overlay);
            }
        }
    }

    /// Campaigns that pass the filter, with their places.
    pub fn shown_campaigns(&self) -> Vec<&CampaignRow> {
        let keep = self.keep(Pane::Campaigns);
        let rows = self.campaigns.iter().filter(|c| keep(format_args!("{}", c.name))).collect();
        self.sorted(Pane::Campaigns, rows, |row, column| self.campaign_key(row, column))
    }

    /// Calls that pass the filter.
    pub fn shown_calls(&self) -> Vec<&CallRow> {
        let keep = self.keep(Pane::Calls);
        let kept = self.calls.iter().filter(|c| keep(format_args!("{} {} {}", c.name, c.company, c.phone)));
        self.sorted(Pane::Calls, kept.collect(), |row, column| self.call_key(row, column))
    }

    /// History that passes the filter.
    pub fn shown_history(&self) -> Vec<&HistoryRow> {
        let keep = self.keep(Pane::History);
        let kept = self.history.iter().filter(|c| {
            let outcome = c.outcome.map_or("", dialdeck_protocol::Outcome::as_str);
            keep(format_args!("{} {} {outcome} {}", c.name, c.phone, c.status))
        });
        self.sorted(Pane::History, kept.collect(), |row, column| self.history_key(row, column))
    }

    /// The filter as a test; it stays with the pane it was typed for. `!` before it turns it round.
    fn keep(&self, pane: Pane) -> impl Fn(std::fmt::Arguments) -> bool {
        let applies = !self.filter.is_empty() && self.filtered == pane;
        let (inverse, text) = match self.filter.strip_prefix('!') {
            Some(text) => (true, text),
            None => (false, self.filter.as_str()),
        };
        let pattern = Pattern::parse(text, CaseMatching::Ignore, Normalization::Smart);
        let matcher = std::cell::RefCell::new(Matcher::new(Config::DEFAULT));
        move |row: std::fmt::Arguments| {
            if !applies {
                return true;
            }
            let mut buffer = Vec::new();
            let found = pattern
                .score(Utf32Str::new(&row.to_string(), &mut buffer), &mut matcher.borrow_mut())
                .is_some();
            found != inverse
        }
    }

    /// Index of the selected row of a pane, within what is shown.
    pub fn selection(&self, pane: Pane, rows: usize) -> Option<usize> {
        (rows > 0).then(|| self.selected.get(&pane).copied().unwrap_or(0).min(rows - 1))
    }

    /// The selected campaign.
    pub fn selected_campaign(&self) -> Option<&CampaignRow> {
        let rows = self.shown_campaigns();
        self.selection(Pane::Campaigns, rows.len()).map(|n| rows[n])
    }

    /// The selected call in flight.
    pub fn selected_call(&self) -> Option<&CallRow> {
        let rows = self.shown_calls();
        self.selection(Pane::Calls, rows.len()).map(|n| rows[n])
    }

    /// How fast a campaign's AI callers answer: by what was heard here, once that is enough, else by what the server told.
    pub fn latency(&self, campaign: &CampaignRow) -> Option<Latency> {
        let own = self.ledgers.get(&campaign.id).and_then(Ledger::latency);
        own.filter(|own| own.turns >= ENOUGH_TURNS || campaign.latency.is_none()).or(campaign.latency)
    }

    /// What the knowledge base holds on what was said last in a call.
    pub fn suggestion(&self, call: &CallRow) -> Option<&Known> {
        let entries = self.knowledge.get(&call.campaign_id)?;
        let begun = self.spoken.get(&call.id).into_iter().flatten();
        let begun = begun.filter(|line| line.speaker == Speaker::Customer).map(|line| line.text.as_str());
        let heard = call.exchanges.iter().rev().map(|exchange| exchange.user_input.as_str());
        let mut begun = begun.rev();
        let said = begun.next().or_else(|| heard.into_iter().find(|text| !text.is_empty()))?;
        knowledge::suggested(entries, said)
    }

    /// The selected call of the past.
    pub fn selected_past_call(&self) -> Option<&HistoryRow> {
        let rows = self.shown_history();
        self.selection(Pane::History, rows.len()).map(|n| rows[n])
    }
}
