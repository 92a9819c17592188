//! All that can be done, once: help, bottom bar, palette and keymap are made from this list.

use crate::state::{Pane, State, View};
use dialdeck_protocol::dialpad::Fate;
use dialdeck_protocol::vicidial::{FloorAgent, FloorState};
use dialdeck_protocol::{AgentRow, AgentState, CallStatus, QueueState, Role};

macro_rules! actions {
    ($($variant:ident = $name:literal, $group:literal, $what:literal;)+) => {
        /// Something a person can do.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Action { $(#[doc = $what] $variant),+ }

        impl Action {
            /// Every action, in the order in which help shows them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its name in the keymap and the palette.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// The heading it stands under in help.
            pub const fn group(self) -> &'static str {
                match self { $(Self::$variant => $group),+ }
            }

            /// What it does, in a few words.
            pub const fn what(self) -> &'static str {
                match self { $(Self::$variant => $what),+ }
            }
        }
    };
}

actions! {
    StartQueue = "queue.start", "Campaign", "start queue";
    StopQueue = "queue.stop", "Campaign", "stop queue";
    ResetList = "list.reset", "Campaign", "call again";
    Pace = "campaign.pace", "Campaign", "pace";
    HangUp = "call.hang_up", "Call", "hang up";
    AgentReady = "agent.ready", "Agent", "ready";
    AgentPause = "agent.pause", "Agent", "pause";
    AgentDial = "agent.dial", "Agent", "dial";
    AgentSkip = "agent.skip", "Agent", "skip";
    AgentHangUp = "agent.hang_up", "Agent", "hang up";
    Dispose = "agent.dispose", "Agent", "disposition";
    AgentMessage = "agent.message", "Agent", "message";
    Listen = "agent.listen", "Agent", "listen in";
    Transfer = "agent.transfer", "Agent", "put through";
    CallFunction = "vicidial.action", "Agent", "all it can do";
    AgentLogIn = "agent.log_in", "Agent", "log in";
    AgentLogOut = "agent.log_out", "Agent", "log out";
    NextStep = "step.next", "Agent", "next";
    PreviousStep = "step.previous", "Agent", "previous";
    Objection = "script.answer", "Agent", "objections";
    CallbackKept = "callback.kept", "Callback", "kept";
    CallbackMove = "callback.move", "Callback", "another time";
    CallbackOff = "callback.off", "Callback", "call off";
    DialpadRange = "dialpad.range", "Dialpad", "days";
    DialpadDates = "dialpad.dates", "Dialpad", "any days";
    DialpadDirection = "dialpad.direction", "Dialpad", "in/out";
    DialpadStatus = "dialpad.status", "Dialpad", "status";
    DialpadDepartment = "dialpad.department", "Dialpad", "department";
    DialpadHours = "dialpad.hours", "Dialpad", "busy hours";
    DialpadPull = "dialpad.pull", "Dialpad", "fetch now";
    New = "new", "Set up", "new";
    Change = "change", "Set up", "change";
    Remove = "remove", "Set up", "remove";
    Try = "connector.test", "Set up", "try";
    Open = "open", "Look", "open";
    Replay = "history.replay", "Look", "replay";
    Faster = "replay.faster", "Look", "faster";
    Slower = "replay.slower", "Look", "slower";
    Narrow = "history.filter", "Look", "which calls";
    Export = "history.export", "Look", "to a file";
    Play = "history.play", "Look", "recording";
    Floor = "view.floor", "Look", "floor";
    History = "view.history", "Look", "history";
    Agents = "view.agents", "Look", "agents";
    Callbacks = "view.callbacks", "Look", "callbacks";
    Dashboard = "view.dashboard", "Look", "dashboard";
    Server = "view.server", "Look", "server";
    Alerts = "view.alerts", "Look", "alerts";
    Numbers = "view.numbers", "Look", "caller IDs";
    Connectors = "view.connectors", "Look", "connectors";
    Learning = "view.learning", "Look", "learning";
    Acknowledge = "alert.acknowledge", "Look", "known";
    Why = "why", "Look", "why called";
    Filter = "filter", "Look", "filter";
    Knowledge = "knowledge", "Look", "look up";
    Mark = "mark", "Look", "mark";
    Freeze = "freeze", "Look", "freeze";
    Zoom = "pane.zoom", "Look", "zoom";
    Reload = "reload", "Look", "reload";
    Vicidial = "view.vicidial", "Look", "VICIdial floor";
    Dialpad = "view.dialpad", "Look", "Dialpad";
    LeadSyncs = "vicidial.sync", "Look", "leads kept the same";
    Capabilities = "vicidial.capabilities", "Look", "what it lets us do";
    SetUpVicidial = "vicidial.set_up", "Look", "new VICIdial";
    Down = "move.down", "Move", "down";
    Up = "move.up", "Move", "up";
    Top = "move.top", "Move", "first";
    Bottom = "move.bottom", "Move", "last, and follow";
    PageDown = "move.page_down", "Move", "page down";
    PageUp = "move.page_up", "Move", "page up";
    NextPane = "pane.next", "Move", "next pane";
    PreviousPane = "pane.previous", "Move", "previous pane";
    Columns = "columns", "Arrange", "columns";
    Sort = "sort.next", "Arrange", "sort";
    Split = "view.split", "Arrange", "split";
    NextLayout = "layout.next", "Arrange", "next layout";
    SaveLayout = "layout.save", "Arrange", "save layout";
    Messages = "messages", "Program", "what was said";
    NextTheme = "theme.next", "Program", "next theme";
    Help = "help", "Program", "help";
    Palette = "palette", "Program", "commands";
    Back = "back", "Program", "back";
    Quit = "quit", "Program", "quit";
}

impl std::str::FromStr for Action {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL.iter().copied().find(|action| action.name() == name).ok_or_else(|| {
            let all: Vec<_> = Self::ALL.iter().map(|a| a.name()).collect();
            format!("{name:?} is no action; there are {}", all.join(", "))
        })
    }
}

impl Action {
    /// Whether it does something to people or calls, which the server decides on.
    pub const fn is_command(self) -> bool {
        matches!(
            self,
            Self::StartQueue
                | Self::StopQueue
                | Self::ResetList
                | Self::Pace
                | Self::Numbers
                | Self::Connectors
                | Self::Learning
                | Self::HangUp
                | Self::DialpadPull
                | Self::New
                | Self::Change
                | Self::Remove
                | Self::Try
        ) || self.is_of_agents()
            || self.is_of_callbacks()
    }

    /// Whether it looks at Dialpad, or fetches.
    pub const fn is_of_dialpad(self) -> bool {
        matches!(
            self,
            Self::Dialpad
                | Self::DialpadRange
                | Self::DialpadDates
                | Self::DialpadDirection
                | Self::DialpadStatus
                | Self::DialpadDepartment
                | Self::DialpadHours
                | Self::DialpadPull
        )
    }

    /// Whether it is done to a callback.
    pub const fn is_of_callbacks(self) -> bool {
        matches!(self, Self::CallbackKept | Self::CallbackMove | Self::CallbackOff)
    }

    /// Whether it is an agent's, or done to one.
    pub const fn is_of_agents(self) -> bool {
        matches!(
            self,
            Self::AgentReady
                | Self::AgentPause
                | Self::AgentDial
                | Self::AgentSkip
                | Self::AgentHangUp
                | Self::Dispose
                | Self::AgentMessage
                | Self::AgentLogIn
                | Self::AgentLogOut
                | Self::Listen
                | Self::Transfer
                | Self::CallFunction
        )
    }

    /// The least role that may.
    pub const fn least_role(self) -> Role {
        match self {
            Self::SetUpVicidial | Self::Try => Role::Admin,
            Self::StartQueue
            | Self::StopQueue
            | Self::ResetList
            | Self::Pace
            | Self::New
            | Self::Change
            | Self::Remove
            | Self::HangUp
            | Self::AgentMessage
            | Self::Why
            | Self::Capabilities
            | Self::DialpadPull
            | Self::Listen
            | Self::Export
            | Self::Play
            | Self::CallFunction => Role::Supervisor,
            _ if self.is_of_agents() || self.is_of_callbacks() => Role::Agent,
            _ => Role::Viewer,
        }
    }

    /// The view that it goes to.
    pub const fn goes_to(self) -> Option<View> {
        Some(match self {
            Self::Floor => View::Floor,
            Self::History => View::History,
            Self::Agents => View::Agents,
            Self::Vicidial => View::Vicidial,
            Self::Dialpad => View::Dialpad,
            Self::Callbacks => View::Callbacks,
            Self::Dashboard => View::Dashboard,
            Self::Server => View::Server,
            Self::Alerts => View::Alerts,
            Self::Numbers => View::Numbers,
            Self::Connectors => View::Connectors,
            Self::Learning => View::Learning,
            _ => return None,
        })
    }

    /// Whether it can be done now: with this selection, this role, and a server that is there.
    pub fn is_available(self, state: &State) -> bool {
        let may = state.role.is_some_and(|role| role >= self.least_role());
        if self.is_command() && !(state.is_live() && may) {
            return false;
        }
        if let Some(view) = self.goes_to() {
            return state.view != view;
        }
        if self == Self::CallFunction {
            return if state.view == View::Dialpad {
                state.steers_dialpad()
            } else {
                state.steers_vicidial()
            };
        }
        if state.view == View::Dialpad && self.is_of_agents() {
            return self.fits_dialpad(state);
        }
        if self.is_of_callbacks() || self == Self::AgentDial && state.view == View::Callbacks {
            let dials = self != Self::AgentDial || state.me().is_some_and(|row| !row.state.is_busy());
            return dials && state.view == View::Callbacks && state.selected_callback().is_some();
        }
        if self == Self::Transfer && state.vicidial_meant().is_none() {
            return state.call_to_put_through().is_some();
        }
        if self.is_of_agents() && !(self == Self::Listen && state.view == View::Floor) {
            return state.view == View::Agents && self.fits_agent(state);
        }
        match self {
            Self::StartQueue | Self::StopQueue | Self::ResetList | Self::Pace => {
                state.view == View::Floor && self.fits_campaign(state)
            }
            Self::New | Self::Change | Self::Remove | Self::Try => self.fits_set_up(state),
            Self::NextStep | Self::PreviousStep => {
                state.view == View::Learning && state.campaigns.len() > 1 || state.guides()
            }
            Self::Objection => state.guides(),
            Self::Replay => state.opened.is_some() && state.view == View::History,
            Self::Faster | Self::Slower => state.replay.is_some() && state.view == View::History,
            Self::Export => may && state.is_live() && state.view == View::History,
            Self::Play => {
                let call = state.selected_past_call().is_some_and(|call| call.recorded);
                may && state.is_live() && state.view == View::History && (call || state.playing.is_some())
            }
            Self::Columns => !crate::columns::of(state.pane).is_empty(),
            Self::Sort => crate::state::sorts(state.pane),
            Self::Split => state.view.panes().len() > 1,
            Self::Listen => {
                let talks = |call: &dialdeck_protocol::CallRow| call.status == CallStatus::InProgress;
                state.view == View::Floor
                    && state.pane != Pane::Campaigns
                    && state.selected_call().is_some_and(talks)
            }
            Self::HangUp => {
                state.view == View::Floor && state.pane != Pane::Campaigns && state.selected_call().is_some()
            }
            Self::Open => match state.view {
                View::Floor => state.pane != Pane::Conversation && !state.calls.is_empty(),
                View::History => state.pane == Pane::History && !state.history.is_empty() && state.is_live(),
                View::Dialpad => state.is_live() && state.dialpad.picture.is_some(),
                View::Agents
                | View::Vicidial
                | View::Callbacks
                | View::Dashboard
                | View::Server
                | View::Numbers
                | View::Connectors
                | View::Learning
                | View::Alerts => false,
            },
            Self::Reload => {
                let asked = matches!(
                    state.view,
                    View::History
                        | View::Dialpad
                        | View::Dashboard
                        | View::Server
                        | View::Numbers
                        | View::Connectors
                        | View::Learning
                );
                asked && state.is_live()
            }
            Self::DialpadPull => may && state.is_live() && state.view == View::Dialpad,
            Self::DialpadRange
            | Self::DialpadDates
            | Self::DialpadDirection
            | Self::DialpadStatus
            | Self::DialpadDepartment => state.is_live() && state.view == View::Dialpad,
            Self::DialpadHours => state.view == View::Dialpad && state.dialpad.picture.is_some(),
            Self::Why => may && state.is_live(),
            Self::Capabilities => {
                may && state.is_live() && matches!(state.view, View::Vicidial | View::Dialpad)
            }
            Self::LeadSyncs | Self::SetUpVicidial => may && state.is_live() && state.view == View::Vicidial,
            Self::Knowledge => state.is_live() && !state.campaigns.is_empty(),
            Self::Narrow => state.view == View::History && state.is_live(),
            Self::Mark => state.markable().is_some(),
            Self::Acknowledge => state.view == View::Alerts && state.selected_alert().is_some(),
            _ => true,
        }
    }

    /// Whether the selected campaign is in a state in which it can be done.
    fn fits_campaign(self, state: &State) -> bool {
        state.selected_campaign().is_some_and(|campaign| match self {
            Self::StartQueue => matches!(campaign.queue, QueueState::Stopped | QueueState::Paused),
            Self::StopQueue => matches!(campaign.queue, QueueState::Running | QueueState::Waiting),
            _ => true,
        })
    }

    /// Whether something can be set up here: caller IDs by supervisors, connectors by administrators.
    fn fits_set_up(self, state: &State) -> bool {
        match state.view {
            View::Numbers => match self {
                Self::New => true,
                Self::Change | Self::Remove => state.selected_number().is_some(),
                _ => false,
            },
            View::Connectors if state.role == Some(Role::Admin) => match self {
                Self::New => true,
                Self::Try => state.selected_connector().is_some(),
                _ => state.selected_connector().is_some_and(|connector| connector.here),
            },
            _ => false,
        }
    }

    /// Whether an agent is in a state in which it can be done.
    fn fits_agent(self, state: &State) -> bool {
        if let Some((_, agent)) = state.vicidial_meant() {
            return self.fits_vicidial(agent);
        }
        let rows = state.meant_agents();
        if rows.is_empty() {
            return self == Self::AgentLogIn && state.me().is_none();
        }
        rows.into_iter().any(|row| self.fits_row(state, row))
    }

    /// Whether one of our agents is in a state in which it can be done.
    pub fn fits_row(self, state: &State, row: &AgentRow) -> bool {
        let mine = Some(row.user_id) == state.user_id;
        let own = state.me();
        match self {
            Self::AgentLogIn => own.is_none(),
            Self::AgentReady => {
                matches!(row.state, AgentState::Paused | AgentState::WrapUp) && !row.disposition_due
                    || !row.pause_code.is_empty()
            }
            Self::AgentPause => row.state != AgentState::Paused || row.pause_code == "LOGIN",
            Self::AgentLogOut => !row.state.is_busy(),
            Self::AgentDial | Self::AgentSkip => own.is_some_and(|row| row.offered),
            Self::AgentHangUp => own.is_some_and(|row| {
                matches!(row.state, AgentState::InCall | AgentState::Dialling | AgentState::Ringing)
            }),
            Self::Dispose => own.is_some_and(|row| row.disposition_due),
            Self::AgentMessage => !mine,
            _ => false,
        }
    }

    /// Whether it can be done at Dialpad to the selected row. What Dialpad cannot do, such as listening in, never can.
    fn fits_dialpad(self, state: &State) -> bool {
        let Some(row) = Some(state).filter(|state| state.steers_dialpad()) else { return false };
        let agent = row.selected_dialpad_agent().filter(|_| state.pane == Pane::DialpadAgents);
        let call = row.selected_dialpad_call().filter(|_| state.pane == Pane::DialpadCalls);
        let on_duty = agent.and_then(|agent| agent.duty).and_then(|duty| duty.on_duty);
        match self {
            Self::AgentReady => agent.is_some() && on_duty != Some(true),
            Self::AgentPause => agent.is_some() && on_duty != Some(false),
            Self::AgentDial => agent.is_some() || call.is_some_and(|call| !call.agent_id.is_empty()),
            Self::AgentHangUp => call.is_some_and(|call| call.status == Fate::Live),
            _ => false,
        }
    }

    /// Whether an agent of a VICIdial is in a state in which it can be done.
    const fn fits_vicidial(self, agent: &FloorAgent) -> bool {
        let paused = matches!(agent.state, FloorState::Paused | FloorState::Dispo);
        let talks = matches!(
            agent.state,
            FloorState::InCall
                | FloorState::Park
                | FloorState::ThreeWay
                | FloorState::Dead
                | FloorState::Dial
        );
        match self {
            Self::AgentReady => paused,
            Self::AgentPause => !paused,
            Self::AgentDial => matches!(agent.state, FloorState::Paused),
            Self::AgentHangUp | Self::Listen => talks,
            Self::Dispose => talks || matches!(agent.state, FloorState::Dispo),
            Self::AgentLogOut | Self::AgentMessage | Self::CallFunction => true,
            _ => false,
        }
    }

    /// Whether it belongs into the bottom bar.
    pub const fn is_in_bar(self) -> bool {
        !matches!(
            self,
            Self::Down
                | Self::Up
                | Self::Top
                | Self::Bottom
                | Self::PageDown
                | Self::PageUp
                | Self::PreviousPane
                | Self::Back
                | Self::Why
                | Self::ResetList
                | Self::Capabilities
                | Self::SetUpVicidial
                | Self::NextTheme
                | Self::Messages
                | Self::Columns
                | Self::Sort
                | Self::Split
                | Self::NextLayout
                | Self::SaveLayout
                | Self::Pace
                | Self::Numbers
                | Self::Connectors
                | Self::Learning
                | Self::Knowledge
        )
    }
}

/// What can be done now, in order.
pub fn available(state: &State) -> impl Iterator<Item = Action> + '_ {
    Action::ALL.iter().copied().filter(|action| action.is_available(state))
}
