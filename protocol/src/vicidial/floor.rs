//! The live floor of a VICIdial, as its real-time report shows it: states, letters, and colours by time in state.

use serde::{Deserialize, Serialize};

/// What an agent does, in the report's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "UPPERCASE")]
pub enum FloorState {
    /// An on-hook agent's phone rings.
    Ring,
    /// Two agents or more on one lead.
    #[serde(rename = "3-WAY")]
    ThreeWay,
    /// The call is over, the status is not set.
    Dispo,
    /// The customer is parked.
    Park,
    /// The customer is gone, the agent has not noticed.
    Dead,
    /// A manual call is being dialled.
    Dial,
    /// In a call.
    InCall,
    /// Takes calls.
    Ready,
    /// Takes calls of in-groups.
    Closer,
    /// A call is on its way.
    Queue,
    /// Takes none.
    Paused,
    /// What the report does not know.
    Other,
}

impl FloorState {
    /// As the report writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ring => "RING",
            Self::ThreeWay => "3-WAY",
            Self::Dispo => "DISPO",
            Self::Park => "PARK",
            Self::Dead => "DEAD",
            Self::Dial => "DIAL",
            Self::InCall => "INCALL",
            Self::Ready => "READY",
            Self::Closer => "CLOSER",
            Self::Queue => "QUEUE",
            Self::Paused => "PAUSED",
            Self::Other => "?",
        }
    }

    /// The letter that goes with the colour.
    pub const fn glyph(self) -> char {
        match self {
            Self::Ring => 'G',
            Self::ThreeWay => '3',
            Self::Dispo => 'W',
            Self::Park => 'K',
            Self::Dead => 'D',
            Self::Dial => 'L',
            Self::InCall => 'T',
            Self::Ready | Self::Closer => 'R',
            Self::Queue => 'Q',
            Self::Paused => 'P',
            Self::Other => '?',
        }
    }

    /// Rows that have been so for six hours are hidden.
    pub const fn is_hidden_after_hours(self) -> bool {
        matches!(self, Self::Dead | Self::Dispo | Self::Paused)
    }
}

/// Of which kind an agent's call is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum Letter {
    /// Dialled by the dialer.
    A,
    /// Came in.
    I,
    /// An e-mail.
    E,
    /// Dialled by hand, or anything else.
    M,
}

/// A colour of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Colour {
    /// None.
    None,
    /// `#ADD8E6`
    LightBlue,
    /// `#0000FF`
    Blue,
    /// `#191970`
    MidnightBlue,
    /// `#D8BFD8`
    Thistle,
    /// `#EE82EE`
    Violet,
    /// `#800080`
    Purple,
    /// `#F0E68C`
    Khaki,
    /// `#FFFF00`
    Yellow,
    /// `#808000`
    Olive,
    /// `#556B2F`
    DarkOliveGreen,
    /// `#8B4513`
    SaddleBrown,
    /// `#990000`
    DarkRed,
    /// Called lime; really `#006600`
    Lime,
    /// `#000000`
    Black,
    /// `#FA8072`
    Salmon,
}

impl Colour {
    /// Red, green, blue; nothing where there is no colour.
    pub const fn rgb(self) -> Option<(u8, u8, u8)> {
        Some(match self {
            Self::None => return None,
            Self::LightBlue => (0xAD, 0xD8, 0xE6),
            Self::Blue => (0x00, 0x00, 0xFF),
            Self::MidnightBlue => (0x19, 0x19, 0x70),
            Self::Thistle => (0xD8, 0xBF, 0xD8),
            Self::Violet => (0xEE, 0x82, 0xEE),
            Self::Purple => (0x80, 0x00, 0x80),
            Self::Khaki => (0xF0, 0xE6, 0x8C),
            Self::Yellow => (0xFF, 0xFF, 0x00),
            Self::Olive => (0x80, 0x80, 0x00),
            Self::DarkOliveGreen => (0x55, 0x6B, 0x2F),
            Self::SaddleBrown => (0x8B, 0x45, 0x13),
            Self::DarkRed => (0x99, 0x00, 0x00),
            Self::Lime => (0x00, 0x66, 0x00),
            Self::Black => (0x00, 0x00, 0x00),
            Self::Salmon => (0xFA, 0x80, 0x72),
        })
    }
}

/// From how many seconds each colour stands; the container `REALTIME_REPORT_TIMES` may say otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Thresholds {
    /// Waiting: light blue at once, blue from the second, midnight blue from the third; the first is option 4's.
    pub waiting: [i64; 3],
    /// In call and parked: thistle, violet, purple.
    pub incall: [i64; 3],
    /// Paused and dispo: khaki, yellow, olive, dark olive green, saddle brown.
    pub paused: [i64; 5],
    /// Three-way.
    pub threeway: i64,
    /// Dead.
    pub dead: i64,
    /// Dark red, where the pause code has no limit of its own.
    pub pause_limit: i64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            waiting: [30, 60, 300],
            incall: [10, 60, 300],
            paused: [10, 60, 300, 600, 900],
            threeway: 10,
            dead: 10,
            pause_limit: 999_999,
        }
    }
}

impl Thresholds {
    /// The colour of a row that has been so for `seconds`; the last that is reached stands. `pause_limit` is the pause
    /// code's own.
    pub fn colour(&self, state: FloorState, seconds: i64, pause_limit: Option<i64>) -> Colour {
        let last = |steps: &[(i64, Colour)]| {
            steps.iter().rev().find(|(from, _)| seconds >= *from).map_or(Colour::None, |(_, colour)| *colour)
        };
        match state {
            FloorState::Ready | FloorState::Closer => last(&[
                (0, Colour::LightBlue),
                (self.waiting[1], Colour::Blue),
                (self.waiting[2], Colour::MidnightBlue),
            ]),
            FloorState::InCall | FloorState::Park => last(&[
                (self.incall[0], Colour::Thistle),
                (self.incall[1], Colour::Violet),
                (self.incall[2], Colour::Purple),
            ]),
            FloorState::Paused | FloorState::Dispo => last(&[
                (self.paused[0], Colour::Khaki),
                (self.paused[1], Colour::Yellow),
                (self.paused[2], Colour::Olive),
                (self.paused[3], Colour::DarkOliveGreen),
                (self.paused[4], Colour::SaddleBrown),
                (pause_limit.unwrap_or(self.pause_limit), Colour::DarkRed),
            ]),
            FloorState::ThreeWay => last(&[(self.threeway, Colour::Lime)]),
            FloorState::Dead => last(&[(self.dead, Colour::Black)]),
            FloorState::Ring => Colour::Salmon,
            FloorState::Dial | FloorState::Queue | FloorState::Other => Colour::None,
        }
    }
}

/// How urgent a number of those who wait is: none, then ever redder (calls) or greener (agents).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting(pub u8);

impl Waiting {
    /// Of so many.
    pub const fn of(count: usize) -> Self {
        Self(match count {
            0 => 0,
            1..=4 => 1,
            5..=9 => 2,
            10..=14 => 3,
            _ => 4,
        })
    }
}

/// A row of the report: an agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct FloorAgent {
    /// VICIdial's user.
    pub user: String,
    /// Their name.
    pub name: String,
    /// Their user group.
    pub group: String,
    /// Their phone.
    pub station: String,
    /// The session: the conference their phone is in.
    pub session: String,
    /// The Asterisk it is on.
    pub server_ip: String,
    /// What they do.
    pub state: FloorState,
    /// Of which kind their call is.
    pub letter: Letter,
    /// Why they pause.
    pub pause_code: String,
    /// After how many seconds that pause is too long.
    #[serde(default)]
    pub pause_limit: Option<i64>,
    /// Since when: seconds of the database's clock, Unix time.
    pub since: i64,
    /// Their campaign.
    pub campaign: String,
    /// Their in-group, where the call came in by one.
    pub ingroup: String,
    /// Calls today.
    pub calls: i64,
    /// The lead on their screen; 0 for none.
    pub lead_id: i64,
    /// The lead's number.
    pub phone: String,
    /// The call's code.
    pub call_id: String,
    /// Seconds the caller waited.
    pub hold: i64,
}

/// A call that no agent has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct FloorCall {
    /// The call's code.
    pub call_id: String,
    /// `LIVE` waits, `IVR` hears a menu, all else but `CLOSER` rings.
    pub status: String,
    /// Campaign or in-group.
    pub campaign: String,
    /// The number.
    pub phone: String,
    /// `IN` or `OUT`.
    pub kind: String,
    /// Since when: seconds of the database's clock, Unix time.
    pub since: i64,
    /// Its priority.
    pub priority: i64,
}

impl FloorCall {
    /// Whether an agent should have it.
    pub fn is_waiting(&self) -> bool {
        self.status == "LIVE"
    }

    /// Whether the report counts it as ringing: every row that is neither `LIVE` nor `CLOSER`.
    pub fn is_ringing(&self) -> bool {
        !matches!(self.status.as_str(), "LIVE" | "CLOSER")
    }
}

/// A campaign's figures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct FloorCampaign {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Whether it dials.
    pub active: bool,
    /// Its dial method.
    pub method: String,
    /// Its level.
    pub level: f64,
    /// Leads in the hopper that are ready.
    pub hopper: i64,
    /// Leads that may be dialled.
    pub dialable: i64,
    /// Calls today.
    pub calls: i64,
    /// Answered today.
    pub answers: i64,
    /// Dropped today.
    pub drops: i64,
    /// Dropped of answered, percent, as VICIdial reckons it.
    pub drop_percent: f64,
    /// The limit.
    pub drop_limit: f64,
    /// Agents waiting less calls waiting, of the average of agents, percent.
    pub diff_percent: f64,
    /// Callbacks that are due.
    pub callbacks: i64,
}

impl FloorCampaign {
    /// Red and bold.
    pub fn is_over_limit(&self) -> bool {
        self.drop_percent >= self.drop_limit
    }
}

/// The floor at one moment.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Floor {
    /// Which VICIdial.
    pub vicidial: String,
    /// Seconds of the database's clock when this was read, Unix time; 0: nothing was ever read.
    pub now: i64,
    /// The server's clock at that moment, Unix time: how old the picture is, and how far timers have gone since.
    #[serde(default)]
    pub read_at: i64,
    /// Where the floor comes from: `database` or `api`.
    pub source: String,
    /// Why it is not newer; empty where it is fresh.
    #[serde(default)]
    pub trouble: String,
    /// Agents.
    pub agents: Vec<FloorAgent>,
    /// Calls that no agent has.
    pub calls: Vec<FloorCall>,
    /// Campaigns.
    pub campaigns: Vec<FloorCampaign>,
    /// When which colour stands.
    #[serde(default)]
    pub thresholds: Thresholds,
}

#[cfg(test)]
mod tests {
    use super::{Colour, FloorState, Thresholds, Waiting};

    #[test]
    fn colours_as_the_real_page_gave_them() {
        let times = Thresholds::default();
        for (state, seconds, limit, colour) in [
            (FloorState::Ready, 45, None, Colour::LightBlue),
            (FloorState::InCall, 0, None, Colour::None),
            (FloorState::Dead, 30, None, Colour::Black),
            (FloorState::Paused, 400, None, Colour::Olive),
            (FloorState::Dispo, 15, None, Colour::Khaki),
            (FloorState::Ready, 60, None, Colour::Blue),
            (FloorState::Closer, 300, None, Colour::MidnightBlue),
            (FloorState::Park, 59, None, Colour::Thistle),
            (FloorState::Park, 60, None, Colour::Violet),
            (FloorState::Paused, 899, None, Colour::DarkOliveGreen),
            (FloorState::Paused, 900, None, Colour::SaddleBrown),
            (FloorState::Paused, 30, Some(30), Colour::DarkRed),
            (FloorState::ThreeWay, 9, None, Colour::None),
            (FloorState::Ring, 0, None, Colour::Salmon),
            (FloorState::Queue, 9999, None, Colour::None),
        ] {
            assert_eq!(times.colour(state, seconds, limit), colour, "{state:?} {seconds}");
        }
        assert_eq!([0, 1, 4, 5, 9, 10, 14, 15].map(|n| Waiting::of(n).0), [0, 1, 1, 2, 2, 3, 3, 4]);
    }
}
