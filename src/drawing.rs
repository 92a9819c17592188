//! Screens of a floor that does not exist, drawn onto nothing: to be measured.

use crate::hotkey::Hotkeys;
use crate::keymap::Keymap;
use crate::state::{Link, Pane, State, View};
use crate::terminal::screen::Screen;
use crate::theme::{Depth, Theme};
use crate::ui;
use chrono::{DateTime, Duration, TimeZone, Utc};
use dialdeck_protocol::{
    AgentRow, AgentState, CallCounts, CallId, CallRow, CallSettings, CallStatus, CampaignId, CampaignRow,
    CampaignStatus, CampaignType, Emotion, Event, EventBody, Exchange, Intent, OrganizationId, PhoneKind,
    QueueState, Role, Snapshot, TurnLatency, UserId,
};
use std::cell::Cell;
use std::io::{self, Write};
use std::rc::Rc;

/// What was written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Written {
    /// Bytes.
    pub bytes: usize,
    /// Writes: each is a system call on a terminal.
    pub writes: usize,
}

/// Counts what is written onto it.
#[derive(Debug, Clone, Default)]
pub struct Nowhere(Rc<Cell<Written>>);

impl Nowhere {
    /// What was written since it was asked last.
    pub fn taken(&self) -> Written {
        self.0.take()
    }
}

impl Write for Nowhere {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let before = self.0.get();
        self.0.set(Written { bytes: before.bytes + bytes.len(), writes: before.writes + 1 });
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// Campaigns, calls, the selected call's conversation.
    Floor,
    /// Agents.
    Agents,
}

/// A console that shows a floor of some size.
pub struct Drawing {
    state: State,
    keymap: Keymap,
    hotkeys: Hotkeys,
    theme: Theme,
    screen: Screen<Nowhere>,
    out: Nowhere,
    seq: i64,
}

fn beginning() -> DateTime<Utc> {
    Utc.timestamp_opt(1_800_000_000, 0).single().unwrap_or_default()
}

fn id(n: usize) -> uuid::Uuid {
    uuid::Uuid::from_u128(n as u128 + 1)
}

/// An agent, the `n`th, in a state that `turn` changes.
fn agent(n: usize, turn: usize) -> AgentRow {
    let states = [AgentState::InCall, AgentState::Ready, AgentState::Paused, AgentState::WrapUp];
    let (seconds, calls) = (i64::try_from(n * 7 % 900).unwrap_or(0), u32::try_from(n % 90).unwrap_or(0));
    AgentRow {
        user_id: UserId(id(n)),
        name: format!("Agent {n:05}"),
        extension: format!("PJSIP/{}", 6000 + n),
        phone: PhoneKind::NailedUp,
        phone_up: true,
        state: states[(n + turn) % states.len()],
        since: beginning() - Duration::seconds(seconds),
        pause_code: if (n + turn) % 4 == 2 { "BREAK".into() } else { String::new() },
        campaigns: Vec::new(),
        campaign_id: None,
        call_id: None,
        contact_id: None,
        offered: false,
        disposition_due: false,
        pause_limit_seconds: None,
        pause_ends_at: None,
        wrap_up_ends_at: None,
        calls,
    }
}

fn exchange(n: usize) -> Exchange {
    Exchange {
        user_input: format!("number {n}: could you say once more what it costs for a company of our size?"),
        ai_response: format!(
            "of course, number {n}: it costs forty a month for each seat, and less from ten on."
        ),
        turn: i32::try_from(n).unwrap_or(i32::MAX),
        emotion: Emotion::Neutral,
        intent: Intent::PriceObjection,
        confidence: 0.9,
        latency: TurnLatency {
            total_ms: 0,
            endpoint_ms: 700,
            recognise_ms: 80,
            think_ms: 1,
            synthesise_ms: 12,
        },
        timestamp: beginning(),
    }
}

fn call(n: usize) -> CallRow {
    CallRow {
        id: CallId(format!("{n:032x}")),
        campaign_id: CampaignId(id(0)),
        name: format!("Person {n}"),
        company: "Acme".into(),
        phone: "+13125550142".into(),
        status: CallStatus::InProgress,
        detail: String::new(),
        started_at: beginning() - Duration::seconds(90),
        answered_at: Some(beginning() - Duration::seconds(80)),
        agent: String::new(),
        summary: String::new(),
        intent: Some(Intent::PriceObjection),
        emotion: Some(Emotion::Neutral),
        exchanges: Vec::new(),
    }
}

impl Drawing {
    /// A floor of so many agents and calls, the selected one with about so many lines of conversation, in colour, on a screen of
    /// a size.
    ///
    /// # Errors
    /// When what is shipped cannot be read.
    pub fn new(
        (agents, calls, lines): (usize, usize, usize),
        (width, height): (u16, u16),
    ) -> Result<Self, String> {
        let out = Nowhere::default();
        let keymap = Keymap::load(None)?;
        let mut rows: Vec<CallRow> = (0..calls.max(1)).map(call).collect();
        // An exchange is three lines or more.
        rows[0].exchanges = (0..lines / 3).map(exchange).collect();
        let mut state = State { link: Link::Live, role: Some(Role::Supervisor), ..State::default() };
        let campaign = CampaignRow {
            latency: None,
            id: CampaignId(id(0)),
            name: "Spring".into(),
            kind: CampaignType::Sales,
            status: CampaignStatus::Active,
            call_settings: CallSettings::default(),
            queue: QueueState::Running,
            reason: String::new(),
            next_call_at: None,
            counts: CallCounts::default(),
        };
        let snapshot = Snapshot {
            seq: 1,
            now: beginning(),
            campaigns: vec![campaign],
            calls: rows,
            agents: (0..agents).map(|n| agent(n, 0)).collect(),
            parts: Vec::new(),
        };
        state.take_snapshot(snapshot, beginning());
        Ok(Self {
            state,
            keymap,
            hotkeys: Hotkeys::default(),
            theme: Theme::load("dark", None, Depth::True)?,
            screen: Screen::fixed(out.clone(), width, height).map_err(|e| e.to_string())?,
            out,
            seq: 1,
        })
    }

    /// Looks at something.
    pub fn look(&mut self, look: Look) {
        match look {
            Look::Floor => {
                self.state.go(View::Floor);
                self.state.pane = Pane::Calls;
            }
            Look::Agents => self.state.go(View::Agents),
        }
    }

    /// Draws the screen as it is so many seconds after the beginning; what that wrote.
    ///
    /// # Errors
    /// Never on this screen.
    pub fn frame(&mut self, seconds: i64) -> Result<Written, String> {
        let keys = ui::Keys { keymap: &self.keymap, hotkeys: &self.hotkeys, pending: &[] };
        let (state, theme, now) = (&self.state, &self.theme, beginning() + Duration::seconds(seconds));
        let drawn = self.screen.draw(|frame| ui::draw(frame, state, keys, theme, None, now));
        drawn.map_err(|e| e.to_string())?;
        Ok(self.out.taken())
    }

    fn event(&mut self, call: Option<usize>, body: EventBody) -> Event {
        self.seq += 1;
        Event {
            seq: self.seq,
            at: beginning(),
            organization_id: OrganizationId("default".into()),
            campaign_id: Some(CampaignId(id(0))),
            call_id: call.map(|n| CallId(format!("{n:032x}"))),
            body,
        }
    }

    /// One exchange more in the selected conversation.
    pub fn say(&mut self, n: usize) {
        let spoken = exchange(n);
        let body = EventBody::ConversationTurn {
            speaker: None,
            text: String::new(),
            turn: spoken.turn,
            exchange: Some(spoken),
        };
        let event = self.event(Some(0), body);
        self.state.take_events(vec![event], beginning());
    }

    /// Something happens to so many agents at once.
    pub fn burst(&mut self, events: usize, turn: usize) {
        let all = self.state.agents.len().max(1);
        let events: Vec<Event> = (0..events)
            .map(|n| self.event(None, EventBody::AgentStatusUpdate { agent: agent(n * 31 % all, turn) }))
            .collect();
        self.state.take_events(events, beginning());
    }
}
