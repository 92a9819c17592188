//! VICIdial's words: the functions of its two APIs with their arguments, and the live floor as its real-time report
//! shows it. Measured on agent API 2.14-81 and non-agent API 2.14-194.

mod agent_api;
mod floor;
mod non_agent_api;

pub use agent_api::AGENT_API;
pub use floor::{
    Colour, Floor, FloorAgent, FloorCall, FloorCampaign, FloorState, Letter, Thresholds, Waiting,
};
pub use non_agent_api::NON_AGENT_API;

use crate::function::{Api, Arg, Function, Kind};

use serde::{Deserialize, Serialize};

/// Columns of a lead that both APIs take under these names.
pub const LEAD_FIELDS: &[&str] = &[
    "vendor_lead_code",
    "source_id",
    "gmt_offset_now",
    "title",
    "first_name",
    "middle_initial",
    "last_name",
    "address1",
    "address2",
    "address3",
    "city",
    "state",
    "province",
    "postal_code",
    "country_code",
    "gender",
    "date_of_birth",
    "alt_phone",
    "email",
    "security_phrase",
    "comments",
    "rank",
    "owner",
];

/// A name that people ask for and that VICIdial does not have; what it does is in its description.
pub const ALIASES: &[Function] = &[
    Function::new("external_update_lead", Api::NonAgent, "Change a lead: on the agent's screen where agent_user is given, else in the database")
        .args(&[Arg::opt("agent_user"), Arg::opt("lead_id"), Arg::opt("status"), Arg::phone("phone_number").optional()])
        .lead_fields()
        .acts(),
    Function::new("blind_transfer", Api::Agent, "Send the agent's call to a number and let go of it")
        .args(&[Arg::need("agent_user"), Arg::phone("phone_number")])
        .queued("external_transferconf")
        .asks(),
    Function::new("campaign_info", Api::NonAgent, "A campaign's settings, and how many leads its hopper holds")
        .args(&[Arg::need("campaign_id")]),
    Function::new("call_log_export", Api::NonAgent, "Calls: of phone_number, of the DID did with date, of call_id, or counted for campaigns with query_date")
        .args(&[
            Arg::phone("phone_number").optional(),
            Arg::opt("did"),
            Arg::opt("date").of(Kind::Date),
            Arg::opt("call_id"),
            Arg::opt("campaigns"),
            Arg::opt("query_date").of(Kind::Date),
            Arg::opt("end_date").of(Kind::Date),
        ]),
];

/// All functions, those that people ask for under other names among them.
pub fn functions() -> impl Iterator<Item = &'static Function> {
    AGENT_API.iter().chain(NON_AGENT_API).chain(ALIASES)
}

/// The function of this name.
pub fn function(name: &str) -> Option<&'static Function> {
    functions().find(|function| function.name == name)
}

/// How far an action got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// VICIdial took it; an agent's screen has yet to.
    Sent,
    /// It is done: the answer says so, or the live-agents row changed.
    Done,
    /// VICIdial took it, and no agent's screen did.
    NotTaken,
    /// VICIdial took it, and nothing that can be looked at would show more.
    Unseen,
}

impl Progress {
    /// As people read it.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Done => "done",
            Self::NotTaken => "no agent screen took it",
            Self::Unseen => "sent; VICIdial does not show whether the screen took it",
        }
    }
}

/// What a function gave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct VicidialAnswer {
    /// Which VICIdial.
    pub vicidial: String,
    /// The function that was called; not the one asked for where that does not exist.
    pub function: String,
    /// How far it got.
    pub progress: Progress,
    /// A sentence for the screen.
    pub message: String,
    /// Names of what the rows hold.
    #[serde(default)]
    pub columns: Vec<String>,
    /// Rows.
    #[serde(default)]
    pub rows: Vec<Vec<String>>,
    /// What VICIdial said besides.
    #[serde(default)]
    pub notices: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::functions;
    use crate::function::Need;

    #[test]
    fn no_name_twice_and_no_argument_twice() {
        let mut seen = std::collections::BTreeSet::new();
        for function in functions() {
            assert!(seen.insert(function.name), "{} twice", function.name);
            let mut arguments = std::collections::BTreeSet::new();
            for arg in function.arguments() {
                assert!(arguments.insert(arg.name), "{}: {} twice", function.name, arg.name);
            }
            assert!(
                function.args.iter().all(|arg| arg.need != Need::OneOf)
                    || function.args.iter().filter(|arg| arg.need == Need::OneOf).count() > 1,
                "{}: one of one",
                function.name
            );
        }
    }
}
