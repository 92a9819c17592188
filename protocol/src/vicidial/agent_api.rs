//! The agent API's functions.

use crate::function::{Api, Arg, Function, Kind};

const AGENT: Arg = Arg::need("agent_user");

const fn agent(name: &'static str, what: &'static str) -> Function {
    Function::new(name, Api::Agent, what)
}

/// The agent API: all but `version`, `webserver`, `calls_in_queue_count` and the `st_` two do something.
pub const AGENT_API: &[Function] = &[
    agent("version", "The agent API's version").gives(&["version", "build", "date", "epoch"]),
    agent("webserver", "What VICIdial's web server is and how it is doing").gives(&["name", "value"]),
    // The code is ours: VICIdial takes it by a function of its own, once the agent is paused.
    agent("external_pause", "Pause an agent, with a pause code where one is given, or resume")
        .args(&[AGENT, Arg::word("value", &["PAUSE", "RESUME"]), Arg::opt("code")])
        .queued("external_pause")
        .gives(&["value", "epoch", "agent_user"]),
    agent("pause_code", "Give a paused agent's pause a code")
        .args(&[AGENT, Arg::need("value")])
        .queued("external_pause_code")
        .gives(&["value", "agent_user"]),
    agent("external_hangup", "Hang up an agent's call")
        .args(&[AGENT, Arg::opt("value")])
        .queued("external_hangup")
        .asks()
        .gives(&["value", "agent_user"]),
    agent("external_status", "Set the status of an agent's call, with a callback where the status is one")
        .args(&[
            AGENT,
            Arg::need("value"),
            Arg::opt("callback_datetime").of(Kind::DateTime),
            Arg::word("callback_type", &["USERONLY", "ANYONE"]).optional(),
            Arg::opt("callback_comments"),
            Arg::opt("qm_dispo_code"),
        ])
        .queued("external_status")
        .gives(&["value", "agent_user"]),
    agent("logout", "Log an agent out")
        .args(&[AGENT, Arg::word("value", &["LOGOUT"])])
        .queued("external_pause")
        .asks()
        .gives(&["value", "epoch", "agent_user"]),
    agent("external_dial", "Dial a number, or a lead, for a paused agent")
        .args(&[
            AGENT,
            Arg::phone("value").optional(),
            Arg::opt("phone_code").of(Kind::Digits),
            Arg::word("search", &["YES", "NO"]).optional(),
            Arg::word("preview", &["YES", "NO"]).optional(),
            Arg::word("focus", &["YES", "NO"]).optional(),
            Arg::opt("lead_id").of(Kind::Digits),
            Arg::opt("vendor_id"),
            Arg::opt("dial_prefix"),
            Arg::opt("group_alias"),
            Arg::opt("vtiger_callback"),
            Arg::opt("alt_dial"),
            Arg::opt("dial_ingroup"),
            Arg::opt("outbound_cid").of(Kind::Phone),
        ])
        .queued("external_dial")
        .asks()
        .gives(&[
            "phone_number", "agent_user", "phone_code", "search", "preview", "focus", "vendor_id", "epoch",
            "dial_prefix", "group_alias", "vtiger_callback", "alt_dial",
        ]),
    agent("preview_dial_action", "Take, skip, or dial otherwise what an agent previews")
        .args(&[AGENT, Arg::word("value", &["SKIP", "DIALONLY", "ALTDIAL", "ADR3DIAL", "FINISH"])])
        .queued("external_dial")
        .gives(&["value", "agent_user", "action"]),
    agent("external_add_lead", "Add a lead to the manual list of an agent's campaign; duplicates are not looked for")
        .args(&[
            AGENT,
            Arg::phone("phone_number"),
            Arg::need("phone_code").of(Kind::Digits),
            Arg::word("dnc_check", &["NO", "YES", "CAMPAIGN"]).optional(),
            Arg::word("campaign_dnc_check", &["NO", "YES"]).optional(),
        ])
        .lead_fields()
        .acts()
        .gives(&["phone_number", "campaign_id", "list_id", "lead_id", "agent_user"]),
    agent("change_ingroups", "Change the in-groups that an agent takes calls of")
        .args(&[
            AGENT,
            Arg::word("value", &["CHANGE", "REMOVE", "ADD"]),
            Arg::word("blended", &["YES", "NO"]),
            Arg::opt("ingroup_choices"),
            Arg::word("set_as_default", &["YES", "NO"]).optional(),
        ])
        .queued("external_ingroups")
        .gives(&["user", "agent_user", "ingroup_choices", "blended", "default"]),
    agent("update_fields", "Change the lead on an agent's screen")
        .args(&[AGENT, Arg::phone("phone_number").optional(), Arg::opt("phone_code").of(Kind::Digits)])
        .lead_fields()
        .custom_fields()
        .queued("external_update_fields")
        .gives(&["user", "agent_user", "lead_id", "rows", "rows_live", "fields", "values"]),
    agent("refresh_panel", "Load a part of an agent's screen again: formreload, scriptreload, script2reload, emailreload, chatreload or callbacksreload as 1")
        .args(&[
            AGENT,
            Arg::either("formreload"),
            Arg::either("scriptreload"),
            Arg::either("script2reload"),
            Arg::either("emailreload"),
            Arg::either("chatreload"),
            Arg::either("callbacksreload"),
        ])
        .queued("external_update_fields")
        .gives(&["user", "agent_user", "rows", "panels"]),
    agent("set_timer_action", "Let something happen on an agent's screen after some seconds of a call")
        .args(&[
            AGENT,
            Arg::word(
                "value",
                &[
                    "NONE", "D1_DIAL", "D2_DIAL", "D3_DIAL", "D4_DIAL", "D5_DIAL", "MESSAGE_ONLY", "WEBFORM",
                    "WEBFORM2", "WEBFORM3", "HANGUP", "EXTENSION", "CALLMENU", "INGROUP",
                ],
            ),
            Arg::opt("notes"),
            Arg::opt("rank").of(Kind::Digits),
        ])
        .queued("external_timer_action")
        .gives(&["user", "agent_user", "value", "notes", "seconds"]),
    agent("send_dtmf", "Press keys in an agent's call; P is a pound, S a star, Q a pause")
        .args(&[AGENT, Arg::need("value")])
        .queued("external_dtmf")
        .gives(&["value", "agent_user"]),
    agent("park_call", "Park an agent's customer, and take them back")
        .args(&[
            AGENT,
            Arg::word(
                "value",
                &[
                    "PARK_CUSTOMER", "GRAB_CUSTOMER", "PARK_IVR_CUSTOMER", "GRAB_IVR_CUSTOMER", "PARK_XFER",
                    "GRAB_XFER", "SWAP_PARK_CUSTOMER", "SWAP_PARK_XFER", "HANGUP_XFER_GRAB_CUSTOMER",
                ],
            ),
        ])
        .queued("external_park")
        .gives(&["value", "agent_user"]),
    agent("transfer_conference", "Transfer an agent's call, or bring somebody into it")
        .args(&[
            AGENT,
            Arg::word(
                "value",
                &[
                    "HANGUP_XFER", "HANGUP_BOTH", "BLIND_TRANSFER", "LEAVE_VM", "LOCAL_CLOSER", "DIAL_WITH_CUSTOMER",
                    "PARK_CUSTOMER_DIAL", "LEAVE_3WAY_CALL",
                ],
            ),
            Arg::opt("phone_number").of(Kind::Phone),
            Arg::opt("ingroup_choices"),
            Arg::word("consultative", &["YES", "NO"]).optional(),
            Arg::word("dial_override", &["YES", "NO"]).optional(),
            Arg::opt("group_alias"),
            Arg::opt("cid_choice"),
        ])
        .queued("external_transferconf")
        .asks()
        .gives(&["value", "ingroup", "phone_number", "consultative", "agent_user", "call_id"]),
    agent("recording", "Start or stop recording an agent's call")
        .args(&[AGENT, Arg::word("value", &["START", "STOP"]), Arg::opt("stage")])
        .queued("external_recording")
        .gives(&["agent_user", "value", "recording_id", "filename", "start_time", "server_ip", "session_id", "status"]),
    agent("switch_lead", "Put another lead under an agent's inbound call")
        .args(&[AGENT, Arg::either("lead_id").of(Kind::Digits), Arg::either("vendor_lead_code")])
        .queued("external_lead_id")
        .gives(&["agent_user", "lead_id", "vendor_lead_code", "campaign_id", "old_lead_id"]),
    agent("vm_message", "Say which messages an agent's lead hears on a voicemail; several with | between")
        .args(&[AGENT, Arg::need("value"), Arg::opt("lead_id").of(Kind::Digits)])
        .acts()
        .gives(&["agent_user", "lead_id", "value"]),
    agent("calls_in_queue_count", "How many calls wait for an agent")
        .args(&[AGENT, Arg::word("value", &["DISPLAY"])])
        .gives(&["calls"]),
    agent("st_login_log", "Which agent has this id of another system; vendor_id goes into their record")
        .args(&[Arg::need("value"), Arg::need("vendor_id")])
        .acts()
        .gives(&["agent_user"]),
    agent("st_get_agent_active_lead", "The lead of the agent who has this id of another system")
        .args(&[Arg::need("value"), Arg::need("vendor_id")])
        .gives(&["agent_user", "lead_id", "vendor_lead_code", "phone_number", "list_id", "campaign_id"]),
    agent("ra_call_control", "End or send on a remote agent's call; value is the call code")
        .args(&[
            AGENT,
            Arg::need("value"),
            Arg::word("stage", &["HANGUP", "EXTENSIONTRANSFER", "INGROUPTRANSFER"]),
            Arg::opt("ingroup_choices"),
            Arg::opt("phone_number").of(Kind::Phone),
            Arg::opt("status"),
        ])
        .acts()
        .asks()
        .gives(&["agent_user", "call_id", "target"]),
    agent("call_agent", "Ring an agent's phone again").args(&[AGENT, Arg::word("value", &["CALL"])]).acts().gives(&["agent_user"]),
    agent("audio_playback", "Play a sound into an agent's session")
        .args(&[
            AGENT,
            Arg::opt("value"),
            Arg::word("stage", &["PLAY", "STOP", "PAUSE", "RESUME", "RESTART"]),
            Arg::word("dial_override", &["Y", "N"]).optional(),
        ])
        .acts()
        .gives(&["value", "stage", "agent_user"]),
    agent("send_notification", "Show a text on agents' screens")
        .args(&[
            Arg::need("recipient"),
            Arg::word("recipient_type", &["USER", "USER_GROUP", "CAMPAIGN"]),
            Arg::opt("notification_text"),
            Arg::opt("notification_date").of(Kind::DateTime),
            Arg::opt("text_size"),
            Arg::opt("text_font"),
            Arg::opt("text_weight"),
            Arg::opt("text_color"),
            Arg::word("show_confetti", &["Y", "N"]).optional(),
            Arg::opt("duration").of(Kind::Digits),
            Arg::opt("notification_retry"),
        ])
        .acts()
        .gives(&["recipient", "recipient_type", "count"]),
    agent("webphone_url", "Where an agent's web phone is, or show or hide it")
        .args(&[AGENT, Arg::word("value", &["DISPLAY", "LAUNCH"])])
        .acts()
        .gives(&["url"]),
    agent("force_fronter_leave_3way", "Let the agent who transferred a call leave it")
        .args(&[AGENT, Arg::word("value", &["LOCAL_ONLY", "LOCAL_AND_CCC", "CCC_REMOTE"]), Arg::opt("lead_id").of(Kind::Digits)])
        .queued("external_transferconf")
        .gives(&["agent_user", "fronter"]),
    agent("force_fronter_audio_stop", "Stop the sound that plays for the agent who transferred a call")
        .args(&[AGENT, Arg::word("value", &["LOCAL_ONLY", "LOCAL_AND_CCC", "CCC_REMOTE"]), Arg::opt("lead_id").of(Kind::Digits)])
        .acts()
        .gives(&["agent_user", "fronter"]),
];
