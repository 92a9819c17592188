//! Who answers which number. The last digits decide, so that a test or a demo knows whom it calls.

use dialdeck_protocol::Outcome;

/// A far end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Persona {
    /// Wants it.
    Interested,
    /// Objects to the price, then wants it.
    Objecting,
    /// Does not want it.
    NotInterested,
    /// Asks to be called another time.
    CallBack,
    /// Asks never to be called again.
    LeaveMeAlone,
    /// Not the person meant.
    WrongNumber,
    /// Says nothing.
    Silent,
    /// Hangs up while we speak.
    HangsUp,
    /// An answering machine.
    Machine,
    /// Asks who it is, then declines politely.
    Curious,
    /// Interrupts us.
    Interrupts,
    /// Busy.
    Busy,
    /// Nobody picks up.
    NoAnswer,
    /// No way through the network.
    Congested,
    /// No such number.
    BadNumber,
}

/// The n-th digit from the end, from 0.
pub(super) fn digit(number: &str, n: usize) -> u8 {
    number.bytes().rev().filter(u8::is_ascii_digit).nth(n).map_or(0, |b| b - b'0')
}

impl Persona {
    /// All, by the last two digits modulo their number.
    pub const ALL: [Self; 15] = [
        Self::Interested,
        Self::Objecting,
        Self::NoAnswer,
        Self::NotInterested,
        Self::Machine,
        Self::CallBack,
        Self::Busy,
        Self::LeaveMeAlone,
        Self::Curious,
        Self::WrongNumber,
        Self::HangsUp,
        Self::Interrupts,
        Self::Silent,
        Self::Congested,
        Self::BadNumber,
    ];

    /// Who answers `number`.
    pub fn of(number: &str) -> Self {
        let two = usize::from(digit(number, 1)) * 10 + usize::from(digit(number, 0));
        Self::ALL[two % Self::ALL.len()]
    }

    /// What must come of a call to them.
    pub const fn outcome(self) -> Outcome {
        match self {
            Self::Interested | Self::Objecting | Self::Interrupts => Outcome::Interested,
            Self::NotInterested | Self::Curious => Outcome::NotInterested,
            Self::CallBack => Outcome::Callback,
            Self::LeaveMeAlone => Outcome::DoNotCall,
            Self::WrongNumber => Outcome::WrongNumber,
            Self::Silent => Outcome::Unclear,
            Self::HangsUp => Outcome::HungUp,
            Self::Machine => Outcome::Voicemail,
            Self::Busy => Outcome::Busy,
            Self::NoAnswer => Outcome::NoAnswer,
            Self::Congested => Outcome::Congestion,
            Self::BadNumber => Outcome::BadNumber,
        }
    }

    /// What they say, one line each time it is their turn.
    pub(super) const fn lines(self) -> &'static [&'static str] {
        match self {
            Self::Interested => &[
                "yes go ahead",
                "yes that sounds good",
                // Where the script asks for more.
                "it is ann dot lee at example dot com",
                "yes that is right",
            ],
            Self::Objecting => &["yes", "that is too expensive", "all right then yes please"],
            Self::NotInterested => &["i am not interested"],
            Self::CallBack => &["i am driving can you call me back tomorrow"],
            Self::LeaveMeAlone => &["i told you already stop calling me"],
            Self::WrongNumber => &["there is no one here by that name"],
            Self::Machine => &[
                "hello you have reached the lee family we cannot come to the phone right now please leave a message after the tone [beep]",
            ],
            Self::Curious => &["who is this", "no thank you", "no thanks goodbye"],
            Self::Interrupts => &["yes what is it about", "tell me more please"],
            Self::Silent
            | Self::HangsUp
            | Self::Busy
            | Self::NoAnswer
            | Self::Congested
            | Self::BadNumber => &[],
        }
    }
}
