//! Where the person is looking.

use super::State;
use crate::action::Action;
use crate::key::Key;
use crate::layout::Sort;
use dialdeck_protocol::{CallId, CallbackId, Choice, Command, MonitorMode, PhoneKind, UserId};
use std::collections::BTreeMap;

/// A screen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum View {
    /// Campaigns, live calls, conversation.
    #[default]
    Floor,
    /// Calls of the past with transcripts.
    History,
    /// Agents, and one's own place among them.
    Agents,
    /// Campaigns and calls of VICIdials.
    Vicidial,
    /// Dialpad's calls and agents.
    Dialpad,
    /// Callbacks that are to be kept.
    Callbacks,
    /// A day in figures.
    Dashboard,
    /// The server itself.
    Server,
    /// What wants a person's eyes.
    Alerts,
    /// Caller IDs.
    Numbers,
    /// Connectors: how they are, and setting them up.
    Connectors,
    /// What calls teach: where they end, how they sound over weeks, which script does better.
    Learning,
}

/// A pane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pane {
    /// Campaigns.
    Campaigns,
    /// Live calls.
    Calls,
    /// The selected call's conversation.
    Conversation,
    /// Calls of the past.
    History,
    /// Transcript of the opened one.
    Transcript,
    /// Agents.
    Agents,
    /// One's own place.
    Seat,
    /// Campaigns of VICIdials.
    FloorCampaigns,
    /// Calls of VICIdials that no agent has.
    FloorCalls,
    /// Dialpad's agents.
    DialpadAgents,
    /// Dialpad's calls.
    DialpadCalls,
    /// Callbacks.
    Callbacks,
    /// A day in figures.
    Dashboard,
    /// Parts of the server, and its load.
    Parts,
    /// Its log.
    Log,
    /// What was done.
    Audit,
    /// What wants a person's eyes.
    Alerts,
    /// Caller IDs.
    Numbers,
    /// Connectors.
    Connectors,
    /// What calls teach.
    Learning,
}

impl Pane {
    /// Every pane with its name in the files of layouts and hotkeys.
    const NAMES: &[(Self, &'static str)] = &[
        (Self::Campaigns, "campaigns"),
        (Self::Calls, "calls"),
        (Self::Conversation, "conversation"),
        (Self::History, "history"),
        (Self::Transcript, "transcript"),
        (Self::Agents, "agents"),
        (Self::Seat, "seat"),
        (Self::FloorCampaigns, "vicidial.campaigns"),
        (Self::FloorCalls, "vicidial.calls"),
        (Self::DialpadAgents, "dialpad.agents"),
        (Self::DialpadCalls, "dialpad.calls"),
        (Self::Callbacks, "callbacks"),
        (Self::Dashboard, "dashboard"),
        (Self::Parts, "parts"),
        (Self::Log, "log"),
        (Self::Audit, "audit"),
        (Self::Alerts, "alerts"),
        (Self::Numbers, "numbers"),
        (Self::Connectors, "connectors"),
        (Self::Learning, "learning"),
    ];

    /// Every pane.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::NAMES.iter().map(|(pane, _)| *pane)
    }

    /// Its name in the files of layouts and hotkeys.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(pane, _)| *pane == self).map_or("", |(_, name)| name)
    }
}

/// What a list is chosen from for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Chosen {
    /// A pause of these agents.
    Pause(Vec<UserId>),
    /// What came of this call.
    Disposition(CallId),
    /// Of which kind a new connector is.
    Connector,
    /// How to be in this call, of a person of this name.
    Monitor(CallId, String),
}

/// What a line is typed for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// One's phone, to log in with.
    Extension(PhoneKind),
    /// Something to say to these agents; who they are, in words.
    Message(Vec<UserId>, String),
    /// Which calls of the past.
    Narrow,
    /// A file for the calls that are looked at.
    File,
    /// Words that are looked up in the knowledge base.
    Knowledge,
    /// One's phone, to be in this call with.
    Phone(CallId, MonitorMode),
    /// Another phone, to put the call with this person through to; whether whoever picks up is asked first.
    Through(CallId, String, bool),
    /// A number of which is asked why it was called, or not.
    Number,
    /// Days of Dialpad's calls.
    Dates,
    /// Another time for a callback, in this zone.
    Another(CallbackId, String),
    /// A time to call somebody back, in this zone, with what came of the call.
    CallBack { call: CallId, disposition: String, note: String, zone: String },
}

impl Asked {
    /// The zone in which a moment is asked for; `None` where none is.
    pub fn zone(&self) -> Option<&str> {
        match self {
            Self::Another(_, zone) | Self::CallBack { zone, .. } => Some(zone),
            _ => None,
        }
    }
}

/// What is typed into one line of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// The argument.
    pub name: String,
    /// What stands there.
    pub value: String,
    /// Whether it must.
    pub required: bool,
    /// What it may be, where that is a few words.
    pub words: Vec<String>,
    /// Whether it is shown as dots.
    pub secret: bool,
}

/// A function of a connector, with what is asked for before it is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    /// The connector's word: `vicidial` or `dialpad`.
    pub connector: &'static str,
    /// Which VICIdial; empty elsewhere.
    pub vicidial: String,
    /// The function.
    pub function: String,
    /// What it does.
    pub what: String,
    /// What stands fast.
    pub fixed: BTreeMap<String, String>,
    /// What is typed.
    pub fields: Vec<Field>,
    /// Which line has the keys.
    pub selected: usize,
    /// Whether a person is asked before it is called.
    pub asks: bool,
    /// What is missing.
    pub wrong: String,
}

/// A table's columns while they are chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnChoice {
    /// Of which table.
    pub pane: Pane,
    /// Its columns in their order, and whether each is shown.
    pub rows: Vec<(String, bool)>,
    /// By which it is sorted.
    pub sort: Option<Sort>,
    /// Which row has the keys.
    pub selected: usize,
}

/// What lies over the panes and has the keys.
#[derive(Debug, Clone, PartialEq)]
pub enum Overlay {
    /// Every key.
    Help { scrolled: usize },
    /// Type a command.
    Palette { typed: String, selected: usize },
    /// Type a filter.
    Filter,
    /// A dangerous or costly command asks.
    Confirm { question: String, commands: Vec<Command> },
    /// Choose from a list; with a note where one is typed.
    Choose { what: Chosen, choices: Vec<Choice>, selected: usize, note: Option<String> },
    /// Type a line.
    Ask { what: Asked, text: String },
    /// Fill in what a function takes.
    Form(Box<Form>),
    /// Read.
    Lines { title: String, lines: Vec<String>, scrolled: usize },
    /// Read what is told once: only Esc or Enter closes it, and nothing takes its place.
    Once { title: String, lines: Vec<String> },
    /// Choose a table's columns, their order, and by which it is sorted.
    Columns(Box<ColumnChoice>),
    /// Press the keys that shall do something; what is wrong with them.
    Bind { action: Action, keys: Vec<Key>, wrong: String },
}

impl Overlay {
    /// A list, its first entry selected.
    pub fn choose(what: Chosen, choices: Vec<Choice>) -> Self {
        Self::Choose { what, choices, selected: 0, note: None }
    }
}

impl View {
    /// Its panes, in the order of Tab.
    pub const fn panes(self) -> &'static [Pane] {
        match self {
            Self::Floor => &[Pane::Campaigns, Pane::Calls, Pane::Conversation],
            Self::History => &[Pane::History, Pane::Transcript],
            Self::Agents => &[Pane::Agents, Pane::Seat],
            Self::Vicidial => &[Pane::FloorCampaigns, Pane::FloorCalls],
            Self::Dialpad => &[Pane::DialpadAgents, Pane::DialpadCalls],
            Self::Callbacks => &[Pane::Callbacks],
            Self::Dashboard => &[Pane::Dashboard],
            Self::Server => &[Pane::Parts, Pane::Log, Pane::Audit],
            Self::Alerts => &[Pane::Alerts],
            Self::Numbers => &[Pane::Numbers],
            Self::Connectors => &[Pane::Connectors],
            Self::Learning => &[Pane::Learning],
        }
    }

    /// Every view with its name on the screen and in the layouts' file.
    const NAMES: &[(Self, &'static str)] = &[
        (Self::Floor, "floor"),
        (Self::History, "history"),
        (Self::Agents, "agents"),
        (Self::Vicidial, "vicidial"),
        (Self::Dialpad, "dialpad"),
        (Self::Callbacks, "callbacks"),
        (Self::Dashboard, "dashboard"),
        (Self::Server, "server"),
        (Self::Alerts, "alerts"),
        (Self::Numbers, "numbers"),
        (Self::Connectors, "connectors"),
        (Self::Learning, "learning"),
    ];

    /// Every view.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::NAMES.iter().map(|(view, _)| *view)
    }

    /// Its name in the layouts' file.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(view, _)| *view == self).map_or("", |(_, name)| name)
    }
}

impl State {
    /// Whether one is in a call as a supervisor.
    pub fn is_in(&self, call: &CallId) -> bool {
        self.monitored.get(call).is_some_and(|all| all.iter().any(|(who, _)| *who == self.user))
    }

    /// Goes to a view.
    pub fn go(&mut self, view: View) {
        self.view = view;
        self.pane = view.panes()[0];
        self.zoomed = false;
        self.scrolled = None;
        // What is out of sight is not meant any more.
        self.marked.clear();
        self.keeping_selection(|state| state.filter.clear());
    }

    /// Goes to the next pane, or the one before.
    pub fn turn(&mut self, forward: bool) {
        let panes = self.view.panes();
        let at = panes.iter().position(|p| *p == self.pane).unwrap_or(0);
        let step = if forward { 1 } else { panes.len() - 1 };
        self.pane = panes[(at + step) % panes.len()];
    }

    /// Moves the selection, or scrolls a conversation.
    pub fn step(&mut self, action: Action, page: usize) {
        if matches!(self.pane, Pane::Conversation | Pane::Transcript) {
            let limit = self.scroll_limit.get();
            let at = self.scrolled.unwrap_or(limit).min(limit);
            let to = match action {
                Action::Up => at.saturating_sub(1),
                Action::Down => at + 1,
                Action::PageUp => at.saturating_sub(page),
                Action::PageDown => at + page,
                Action::Top => 0,
                _ => limit,
            };
            self.scrolled = (to < limit).then_some(to);
            return;
        }
        let rows = match self.pane {
            Pane::Campaigns => self.shown_campaigns().len(),
            Pane::Calls => self.shown_calls().len(),
            Pane::Agents => self.shown_agents().len(),
            Pane::Seat => 0,
            Pane::FloorCampaigns => self.shown_floor_campaigns().len(),
            Pane::FloorCalls => self.shown_floor_calls().len(),
            Pane::DialpadAgents => self.shown_dialpad_agents().len(),
            Pane::DialpadCalls => self.shown_dialpad_calls().len(),
            Pane::Callbacks => self.shown_callbacks().len(),
            Pane::Dashboard => self.shown_figures().len(),
            Pane::Parts => self.parts.len(),
            Pane::Log => self.shown_log().len(),
            Pane::Audit => self.shown_deeds().len(),
            Pane::Alerts => self.shown_alerts().len(),
            Pane::Numbers => self.shown_numbers().len(),
            Pane::Connectors => self.shown_connectors().len(),
            Pane::Learning => crate::state::lesson_lines(self),
            _ => self.shown_history().len(),
        };
        let Some(at) = self.selection(self.pane, rows) else { return };
        let to = match action {
            Action::Up => at.saturating_sub(1),
            Action::Down => at + 1,
            Action::PageUp => at.saturating_sub(page),
            Action::PageDown => at + page,
            Action::Top => 0,
            _ => rows - 1,
        };
        self.selected.insert(self.pane, to.min(rows - 1));
        self.scrolled = None;
    }
}
