//! What can be done at Dialpad. Listening in, whispering and joining a call are not among it: Dialpad has no operation for
//! them, so that none is offered.

use crate::function::{Api, Arg, Function, Kind};

/// On or off.
const SWITCH: &[&str] = &["on", "off"];

const fn action(name: &'static str, what: &'static str, args: &'static [Arg]) -> Function {
    Function::new(name, Api::Dialpad, what).args(args).acts()
}

const fn digits(name: &'static str) -> Arg {
    Arg::need(name).of(Kind::Digits)
}

/// All of it, under the names of Dialpad's own operations.
pub const ACTIONS: &[Function] = &[
    action(
        "initiate_call",
        "Ring a user's Dialpad, and then the number; at most five a minute for a user",
        &[digits("user_id"), Arg::number("phone_number"), Arg::number("outbound_caller_id").optional()],
    )
    .asks(),
    action("hangup", "Hang up a call", &[digits("call_id")]).asks(),
    action(
        "transfer",
        "Transfer a call to a number, a user, a department or a call centre",
        &[
            digits("call_id"),
            Arg::number("to_number").either_of(),
            Arg::either("to_user").of(Kind::Digits),
            Arg::either("to_department").of(Kind::Digits),
            Arg::either("to_callcenter").of(Kind::Digits),
        ],
    )
    .asks(),
    action(
        "labels",
        "Label a call: these labels, with commas between them, in the place of those it has",
        &[digits("call_id"), Arg::need("labels")],
    ),
    action(
        "recording",
        "Record a user's call, or stop recording it",
        &[
            digits("user_id"),
            Arg::word("recording", SWITCH),
            Arg::word("play_message", &["yes", "no"]).optional(),
        ],
    ),
    action(
        "duty_status",
        "Put a user on or off duty",
        &[digits("user_id"), Arg::word("on_duty", SWITCH), Arg::opt("reason")],
    ),
    action(
        "dnd",
        "Let nobody disturb a user, or let everybody again; in all groups, or in one department",
        &[digits("user_id"), Arg::word("do_not_disturb", SWITCH), Arg::opt("department").of(Kind::Digits)],
    ),
];

/// The action of this name.
pub fn action_named(name: &str) -> Option<&'static Function> {
    ACTIONS.iter().find(|action| action.name == name)
}
