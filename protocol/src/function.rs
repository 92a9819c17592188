//! How something that a connector can be asked to do is described: once, for checks, forms, palette, hotkeys and REST.

use crate::vicidial::LEAD_FIELDS;

/// Whose API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Api {
    /// `/agc/api.php`: steers agents.
    Agent,
    /// `/vicidial/non_agent_api.php`: leads, lists, users, reports.
    NonAgent,
    /// Dialpad's.
    Dialpad,
}

impl Api {
    /// The connector's word, which stands before the dot in the name of an action.
    pub const fn connector(self) -> &'static str {
        match self {
            Self::Agent | Self::NonAgent => "vicidial",
            Self::Dialpad => "dialpad",
        }
    }
}

/// What calling it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Tells; a repeat harms nobody.
    Reads,
    /// Changes at once.
    Acts,
    /// Writes this column of the agent's row, which the agent's screen takes.
    Queued(&'static str),
}

/// The least role that may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Least {
    /// Who steers the floor.
    Supervisor,
    /// Who sets the system up.
    Admin,
}

/// What an argument holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Any text.
    Text,
    /// One of these words.
    Word(&'static [&'static str]),
    /// Digits.
    Digits,
    /// A number as VICIdial holds it: digits without a country code.
    Phone,
    /// A number in any usual form, with its country code or in the server's country.
    Number,
    /// `2026-11-20`.
    Date,
    /// `2026-11-20 12:00:00`.
    DateTime,
    /// A password: it stands in no log.
    Secret,
}

/// Whether an argument must be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// It must.
    Must,
    /// One of those that are marked so must.
    OneOf,
    /// It need not.
    May,
}

/// An argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arg {
    /// Its name on the wire.
    pub name: &'static str,
    /// Whether it must be given.
    pub need: Need,
    /// What it holds.
    pub kind: Kind,
}

impl Arg {
    /// One that must be given.
    pub const fn need(name: &'static str) -> Self {
        Self { name, need: Need::Must, kind: Kind::Text }
    }

    /// One that may be left out.
    pub const fn opt(name: &'static str) -> Self {
        Self { name, need: Need::May, kind: Kind::Text }
    }

    /// One of several of which one must be given.
    pub const fn either(name: &'static str) -> Self {
        Self { name, need: Need::OneOf, kind: Kind::Text }
    }

    /// One of a few words, which must be given.
    pub const fn word(name: &'static str, words: &'static [&'static str]) -> Self {
        Self { name, need: Need::Must, kind: Kind::Word(words) }
    }

    /// A number in any usual form, which must be given.
    pub const fn number(name: &'static str) -> Self {
        Self { name, need: Need::Must, kind: Kind::Number }
    }

    /// A telephone number as VICIdial holds it, which must be given.
    pub const fn phone(name: &'static str) -> Self {
        Self { name, need: Need::Must, kind: Kind::Phone }
    }

    /// The same, holding that.
    #[must_use]
    pub const fn of(mut self, kind: Kind) -> Self {
        self.kind = kind;
        self
    }

    /// The same, one of several of which one must be given.
    #[must_use]
    pub const fn either_of(mut self) -> Self {
        self.need = Need::OneOf;
        self
    }

    /// The same, which may be left out.
    #[must_use]
    pub const fn optional(mut self) -> Self {
        self.need = Need::May;
        self
    }
}

/// A function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Function {
    /// Its name on the wire.
    pub name: &'static str,
    /// Which API has it.
    pub api: Api,
    /// What it does, for people.
    pub what: &'static str,
    /// Its arguments.
    pub args: &'static [Arg],
    /// Whether it takes a lead's fields besides.
    pub lead: bool,
    /// Whether it takes arguments that no list names: custom fields.
    pub open: bool,
    /// What calling it does.
    pub effect: Effect,
    /// Whether a person is asked first.
    pub asks: bool,
    /// Who may.
    pub least: Least,
    /// Names of what stands behind SUCCESS, or of a row's cells.
    pub gives: &'static [&'static str],
}

impl Function {
    /// One that tells.
    pub const fn new(name: &'static str, api: Api, what: &'static str) -> Self {
        Self {
            name,
            api,
            what,
            args: &[],
            lead: false,
            open: false,
            effect: Effect::Reads,
            asks: false,
            least: Least::Supervisor,
            gives: &[],
        }
    }

    /// With these arguments.
    #[must_use]
    pub const fn args(mut self, args: &'static [Arg]) -> Self {
        self.args = args;
        self
    }

    /// And a lead's fields.
    #[must_use]
    pub const fn lead_fields(mut self) -> Self {
        self.lead = true;
        self
    }

    /// And custom fields.
    #[must_use]
    pub const fn custom_fields(mut self) -> Self {
        self.open = true;
        self
    }

    /// It gives this.
    #[must_use]
    pub const fn gives(mut self, gives: &'static [&'static str]) -> Self {
        self.gives = gives;
        self
    }

    /// It changes something at once.
    #[must_use]
    pub const fn acts(mut self) -> Self {
        self.effect = Effect::Acts;
        self
    }

    /// It writes this column for the agent's screen.
    #[must_use]
    pub const fn queued(mut self, column: &'static str) -> Self {
        self.effect = Effect::Queued(column);
        self
    }

    /// A person is asked first.
    #[must_use]
    pub const fn asks(mut self) -> Self {
        self.asks = true;
        self
    }

    /// Only administrators.
    #[must_use]
    pub const fn admin(mut self) -> Self {
        self.least = Least::Admin;
        self
    }

    /// Its name as an action: the connector's word, a dot, the function's.
    pub fn action(&self) -> String {
        format!("{}.{}", self.api.connector(), self.name)
    }

    /// All arguments that have a name.
    pub fn arguments(&self) -> impl Iterator<Item = Arg> {
        let fields: &[&'static str] = if self.lead { LEAD_FIELDS } else { &[] };
        let listed = self.args;
        let more = fields.iter().filter(move |name| !listed.iter().any(|arg| arg.name == **name));
        listed.iter().copied().chain(more.map(|name| Arg::opt(name)))
    }

    /// The argument of this name.
    pub fn argument(&self, name: &str) -> Option<Arg> {
        self.arguments().find(|arg| arg.name == name)
    }
}
