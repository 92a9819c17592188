//! The non-agent API's functions.

use crate::function::{Api, Arg, Function, Kind};

const fn plain(name: &'static str, what: &'static str) -> Function {
    Function::new(name, Api::NonAgent, what)
}

const YES_NO: &[&str] = &["Y", "N"];
const LEAD: Arg = Arg::opt("lead_id").of(Kind::Digits);
const CAMPAIGN: Arg = Arg::need("campaign_id");

const AGENT_STATS: &[&str] = &[
    "user",
    "full_name",
    "user_group",
    "calls",
    "login_time",
    "total_talk_time",
    "avg_talk_time",
    "avg_wait_time",
    "pct_of_queue",
    "pause_time",
    "sessions",
    "avg_session",
    "pauses",
    "avg_pause_time",
    "pause_pct",
    "pauses_per_session",
    "wait_time",
    "talk_time",
    "dispo_time",
    "dead_time",
];

/// The lead of a live call has all but the last two.
const CALL_LEAD: &[&str] = LEAD_ROW.split_at(30).0;

const LEAD_ROW: &[&str] = &[
    "status",
    "user",
    "vendor_lead_code",
    "source_id",
    "list_id",
    "gmt_offset_now",
    "phone_code",
    "phone_number",
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
    "called_count",
    "last_local_call_time",
    "rank",
    "owner",
    "entry_list_id",
    "lead_id",
];

const ADDED_LEAD: &[&str] = &["phone_number", "list_id", "lead_id", "gmt_offset", "user"];

/// The non-agent API.
pub const NON_AGENT_API: &[Function] = &[
    // Leads.
    plain("add_lead", "Add a lead; what comes back is its id")
        .args(&[
            Arg::phone("phone_number"),
            Arg::opt("phone_code").of(Kind::Digits),
            Arg::opt("list_id").of(Kind::Digits),
            Arg::opt("campaign_id"),
            Arg::opt("status"),
            Arg::opt("duplicate_check"),
            Arg::opt("dnc_check"),
            Arg::opt("campaign_dnc_check"),
            Arg::word("list_exists_check", YES_NO).optional(),
            Arg::word("usacan_prefix_check", YES_NO).optional(),
            Arg::word("usacan_areacode_check", YES_NO).optional(),
            Arg::word("nanpa_ac_prefix_check", YES_NO).optional(),
            Arg::word("custom_fields", YES_NO).optional(),
            Arg::word("add_to_hopper", YES_NO).optional(),
            Arg::opt("hopper_priority"),
            Arg::word("hopper_local_call_time_check", YES_NO).optional(),
            Arg::opt("multi_alt_phones"),
            Arg::word("callback", YES_NO).optional(),
            Arg::opt("callback_status"),
            Arg::opt("callback_datetime"),
            Arg::word("callback_type", &["USERONLY", "ANYONE"]).optional(),
            Arg::opt("callback_user"),
            Arg::opt("callback_comments"),
            Arg::opt("tz_method"),
            Arg::word("lookup_state", YES_NO).optional(),
        ])
        .lead_fields()
        .custom_fields()
        .acts()
        .gives(ADDED_LEAD),
    plain("update_lead", "Change a lead, its callback, or its place in the hopper")
        .args(&[
            Arg::opt("search_method"),
            Arg::opt("search_location"),
            LEAD,
            Arg::opt("phone_number").of(Kind::Phone),
            Arg::opt("phone_code").of(Kind::Digits),
            Arg::opt("list_id").of(Kind::Digits),
            Arg::opt("list_id_field").of(Kind::Digits),
            Arg::opt("status"),
            Arg::opt("user_field"),
            Arg::opt("called_count"),
            Arg::opt("records").of(Kind::Digits),
            Arg::opt("entry_list_id"),
            Arg::opt("force_entry_list_id"),
            Arg::opt("phone_number_field"),
            Arg::word("insert_if_not_found", YES_NO).optional(),
            Arg::word("no_update", YES_NO).optional(),
            Arg::word("delete_lead", YES_NO).optional(),
            Arg::word("delete_cf_data", YES_NO).optional(),
            Arg::word("list_exists_check", YES_NO).optional(),
            Arg::word("custom_fields", YES_NO).optional(),
            Arg::word("add_to_hopper", YES_NO).optional(),
            Arg::word("remove_from_hopper", YES_NO).optional(),
            Arg::opt("hopper_priority"),
            Arg::word("hopper_local_call_time_check", YES_NO).optional(),
            Arg::opt("callback"),
            Arg::opt("callback_status"),
            Arg::opt("callback_datetime"),
            Arg::word("callback_type", &["USERONLY", "ANYONE"]).optional(),
            Arg::opt("callback_user"),
            Arg::opt("callback_comments"),
            Arg::word("reset_lead", YES_NO).optional(),
            Arg::word("update_phone_number", YES_NO).optional(),
            Arg::opt("campaign_id"),
            Arg::opt("dispo_call_url"),
        ])
        .lead_fields()
        .custom_fields()
        .acts()
        .gives(&["user", "lead_id", "rows", "phone_number", "vendor_lead_code"]),
    plain("batch_update_lead", "Change several leads alike; their ids with commas between")
        .args(&[
            Arg::need("lead_ids"),
            Arg::opt("status"),
            Arg::opt("list_id_field").of(Kind::Digits),
            Arg::opt("user_field"),
            Arg::opt("called_count"),
            Arg::opt("phone_code").of(Kind::Digits),
            Arg::word("list_exists_check", YES_NO).optional(),
            Arg::word("reset_lead", YES_NO).optional(),
            Arg::opt("records"),
        ])
        .lead_fields()
        .acts()
        .gives(&["user", "changed", "found", "lead_ids"]),
    plain("lead_search", "Leads with a phone number")
        .args(&[Arg::phone("phone_number"), Arg::opt("records").of(Kind::Digits)])
        .gives(&["phone_number", "found", "lead_ids"]),
    plain("lead_field_info", "One field of a lead")
        .args(&[
            Arg::need("lead_id").of(Kind::Digits),
            Arg::need("field_name"),
            Arg::word("custom_fields", YES_NO).optional(),
            Arg::opt("list_id"),
            Arg::word("archived_lead", YES_NO).optional(),
        ])
        .gives(&["value"]),
    plain("lead_all_info", "A whole lead")
        .args(&[
            Arg::either("lead_id").of(Kind::Digits),
            Arg::either("phone_number").of(Kind::Phone),
            Arg::word("custom_fields", YES_NO).optional(),
            Arg::opt("force_entry_list_id"),
            Arg::word("archived_lead", YES_NO).optional(),
        ])
        .gives(LEAD_ROW),
    plain("lead_status_search", "Leads that got a status on a day")
        .args(&[
            Arg::need("status"),
            Arg::need("date").of(Kind::Date),
            Arg::opt("campaign_id"),
            Arg::opt("user_group"),
            Arg::opt("user_field"),
            Arg::opt("list_id"),
            Arg::word("custom_fields", YES_NO).optional(),
            Arg::word("archived_lead", YES_NO).optional(),
        ])
        .gives(LEAD_ROW),
    plain("lead_callback_info", "A lead's callbacks")
        .args(&[
            Arg::need("lead_id").of(Kind::Digits),
            Arg::word("search_location", &["CURRENT", "ARCHIVE", "ALL"]).optional(),
        ])
        .gives(&[
            "lead_id",
            "callback_type",
            "recipient",
            "callback_status",
            "lead_status",
            "callback_date",
            "entry_date",
            "user",
            "list_id",
            "campaign_id",
            "user_group",
            "customer_timezone",
            "customer_time",
            "comments",
        ]),
    plain("lead_dearchive", "Bring a lead back from the archive")
        .args(&[Arg::need("lead_id").of(Kind::Digits)])
        .acts()
        .gives(&["user", "lead_id", "found", "moved"]),
    plain("ccc_lead_info", "The lead of a live call").args(&[Arg::need("call_id")]).gives(CALL_LEAD),
    plain("check_phone_number", "Whether a number may be called at this hour, by its area code")
        .args(&[
            Arg::phone("phone_number"),
            Arg::need("phone_code").of(Kind::Digits),
            Arg::need("local_call_time"),
            Arg::opt("tz_method"),
            Arg::opt("postal_code"),
            Arg::opt("state"),
            Arg::opt("owner"),
            Arg::word("usacan_prefix_check", YES_NO).optional(),
            Arg::word("usacan_areacode_check", YES_NO).optional(),
            Arg::word("nanpa_ac_prefix_check", YES_NO).optional(),
        ])
        .gives(&["phone_number", "phone_code", "gmt_offset", "local_time"]),
    // The floor.
    plain("agent_status", "What an agent does now")
        .args(&[Arg::need("agent_user"), Arg::word("show_ip", &["YES", "NO"]).optional()])
        .gives(&[
            "status",
            "callerid",
            "lead_id",
            "campaign_id",
            "calls_today",
            "full_name",
            "user_group",
            "user_level",
            "pause_code",
            "real_time_sub_status",
            "phone_number",
            "vendor_lead_code",
            "session_id",
        ]),
    plain("logged_in_agents", "Who is logged in")
        .args(&[
            Arg::opt("campaigns"),
            Arg::opt("user_groups"),
            Arg::word("show_sub_status", &["YES", "NO"]).optional(),
        ])
        .gives(&[
            "user",
            "campaign_id",
            "session_id",
            "status",
            "lead_id",
            "callerid",
            "calls_today",
            "full_name",
            "user_group",
            "user_level",
            "pause_code",
            "sub_status",
        ]),
    plain("agent_ingroup_info", "Which in-groups an agent takes calls of")
        .args(&[Arg::need("agent_user"), Arg::word("stage", &["info", "change", "text"]).optional()])
        .gives(&["name", "value"]),
    plain("agent_campaigns", "Which campaigns and in-groups an agent may take")
        .args(&[
            Arg::need("agent_user"),
            Arg::opt("campaign_id"),
            Arg::word("ignore_agentdirect", YES_NO).optional(),
        ])
        .gives(&["user", "allowed_campaigns_list", "allowed_ingroups_list"]),
    plain(
        "blind_monitor",
        "Ring your phone and let you listen to (MONITOR), whisper into or join (BARGE) an agent's session",
    )
    .args(&[
        Arg::need("phone_login"),
        Arg::need("session_id").of(Kind::Digits),
        Arg::need("server_ip"),
        Arg::word("stage", &["MONITOR", "WHISPER", "BARGE", "BARGESWAP", "HIJACK"]).optional(),
        Arg::opt("agent_user"),
    ])
    .acts()
    .asks()
    .gives(&["phone_login", "channel", "extension", "session_id", "manager_id", "user"]),
    plain("in_group_status", "Calls and agents of in-groups; several with | between")
        .args(&[Arg::need("in_groups")])
        .gives(&[
            "ingroups",
            "total_calls",
            "calls_waiting",
            "agents_logged_in",
            "agents_in_calls",
            "agents_waiting",
            "agents_paused",
            "agents_in_dispo",
            "agents_in_dial",
        ]),
    plain("user_group_status", "Agents of user groups; several with | between")
        .args(&[Arg::need("user_groups")])
        .gives(&[
            "usergroups",
            "calls_waiting",
            "agents_logged_in",
            "agents_in_calls",
            "agents_waiting",
            "agents_paused",
            "agents_in_dead_calls",
            "agents_in_dispo",
            "agents_in_dial",
        ]),
    // Campaigns and lists.
    plain("campaigns_list", "Campaigns").args(&[Arg::opt("campaign_id")]).gives(&[
        "campaign_id",
        "campaign_name",
        "active",
        "user_group",
        "dial_method",
        "dial_level",
        "lead_order",
        "dial_statuses",
        "dial_timeout",
        "dial_prefix",
        "manual_dial_prefix",
        "three_way_dial_prefix",
    ]),
    plain("hopper_list", "What a campaign dials next").args(&[CAMPAIGN, Arg::opt("search_method")]).gives(&[
        "hopper_order",
        "priority",
        "lead_id",
        "list_id",
        "phone_number",
        "phone_code",
        "state",
        "status",
        "count",
        "gmt_offset",
        "rank",
        "alt",
        "hopper_source",
        "vendor_lead_code",
        "source_id",
        "age_days",
        "last_call_time",
    ]),
    plain("update_campaign", "Start or stop a campaign, set its level, or change it otherwise")
        .args(&[
            CAMPAIGN,
            Arg::word("active", YES_NO).optional(),
            Arg::opt("auto_dial_level"),
            Arg::opt("adaptive_maximum_level"),
            Arg::word(
                "dial_method",
                &["MANUAL", "RATIO", "INBOUND_MAN", "ADAPT_AVERAGE", "ADAPT_HARD_LIMIT", "ADAPT_TAPERED"],
            )
            .optional(),
            Arg::opt("campaign_name"),
            Arg::opt("hopper_level").of(Kind::Digits),
            Arg::word("reset_hopper", YES_NO).optional(),
            Arg::opt("dial_timeout").of(Kind::Digits),
            Arg::opt("campaign_vdad_exten"),
            Arg::opt("campaign_cid").of(Kind::Digits),
            Arg::opt("campaign_cid_override"),
            Arg::opt("caller_id_group"),
            Arg::opt("cid_group_id"),
            Arg::opt("dial_status_add"),
            Arg::opt("dial_status_remove"),
            Arg::opt("lead_filter_id"),
            Arg::opt("list_order"),
            Arg::opt("list_order_randomize"),
            Arg::opt("list_order_secondary"),
            Arg::opt("xferconf_one"),
            Arg::opt("xferconf_two"),
            Arg::opt("xferconf_three"),
            Arg::opt("xferconf_four"),
            Arg::opt("xferconf_five"),
            Arg::opt("dispo_call_url"),
            Arg::opt("webform_one"),
            Arg::opt("webform_two"),
            Arg::opt("webform_three"),
        ])
        .acts()
        .asks()
        .gives(&["user", "campaign_id"]),
    plain("add_list", "Make a list of leads")
        .args(&[
            Arg::need("list_id").of(Kind::Digits),
            Arg::need("list_name"),
            CAMPAIGN,
            Arg::word("active", YES_NO).optional(),
            Arg::opt("list_description"),
            Arg::opt("outbound_cid"),
            Arg::opt("script"),
            Arg::opt("am_message"),
            Arg::opt("drop_inbound_group"),
            Arg::opt("web_form_address"),
            Arg::opt("web_form_address_two"),
            Arg::opt("web_form_address_three"),
            Arg::opt("reset_time"),
            Arg::opt("tz_method"),
            Arg::opt("local_call_time"),
            Arg::opt("expiration_date"),
            Arg::opt("xferconf_one"),
            Arg::opt("xferconf_two"),
            Arg::opt("xferconf_three"),
            Arg::opt("xferconf_four"),
            Arg::opt("xferconf_five"),
            Arg::word("custom_fields_copy", YES_NO).optional(),
            Arg::opt("custom_copy_method"),
        ])
        .acts()
        .gives(&["user", "list_id", "list_name", "campaign_id"]),
    plain("update_list", "Change a list, reset it, or delete it")
        .args(&[
            Arg::need("list_id").of(Kind::Digits),
            Arg::word("insert_if_not_found", YES_NO).optional(),
            Arg::opt("list_name"),
            Arg::opt("campaign_id"),
            Arg::word("active", YES_NO).optional(),
            Arg::word("reset_list", YES_NO).optional(),
            Arg::word("delete_list", YES_NO).optional(),
            Arg::word("delete_leads", YES_NO).optional(),
            Arg::word("archived_lead", YES_NO).optional(),
            Arg::opt("list_description"),
            Arg::opt("outbound_cid"),
            Arg::opt("script"),
            Arg::opt("am_message"),
            Arg::opt("drop_inbound_group"),
            Arg::opt("web_form_address"),
            Arg::opt("web_form_address_two"),
            Arg::opt("web_form_address_three"),
            Arg::opt("reset_time"),
            Arg::opt("tz_method"),
            Arg::opt("local_call_time"),
            Arg::opt("expiration_date"),
            Arg::word("custom_fields_add", YES_NO).optional(),
            Arg::word("custom_fields_update", YES_NO).optional(),
            Arg::word("custom_fields_delete", YES_NO).optional(),
            Arg::opt("field_label"),
            Arg::opt("field_name"),
            Arg::opt("field_size"),
            Arg::opt("field_type"),
            Arg::opt("field_rank"),
            Arg::opt("field_options"),
            Arg::opt("field_default"),
            Arg::opt("field_max"),
            Arg::opt("field_required"),
        ])
        .acts()
        .asks()
        .gives(&["user", "list_id"]),
    plain("list_info", "A list")
        .args(&[
            Arg::need("list_id").of(Kind::Digits),
            Arg::word("leads_counts", YES_NO).optional(),
            Arg::word("dialable_count", YES_NO).optional(),
            Arg::word("archived_lead", YES_NO).optional(),
        ])
        .gives(&[
            "list_id",
            "list_name",
            "campaign_id",
            "active",
            "list_changedate",
            "list_lastcalldate",
            "expiration_date",
            "resets_today",
            "all_leads_count",
            "new_leads_count",
            "dialable_count",
        ]),
    plain("list_custom_fields", "A list's custom fields; ---ALL--- for all lists")
        .args(&[Arg::need("list_id"), Arg::opt("custom_order")])
        .gives(&[
            "list_id",
            "list_name",
            "campaign_id",
            "active",
            "list_changedate",
            "list_lastcalldate",
            "custom_fields_list_space_delimited",
        ]),
    plain("update_presets", "A campaign's transfer presets")
        .args(&[
            CAMPAIGN,
            Arg::word("action", &["LIST", "NEW", "UPDATE", "DELETE"]),
            Arg::opt("preset_name"),
            Arg::opt("preset_number"),
            Arg::opt("preset_dtmf"),
            Arg::word("preset_hide_number", &["Y", "N"]).optional(),
        ])
        .acts()
        .admin()
        .gives(&["campaign_id", "preset_name", "preset_number", "preset_dtmf", "preset_hide_number"]),
    plain("update_alt_url", "A campaign's or list's alternate addresses, called when something happens")
        .args(&[
            CAMPAIGN,
            Arg::word("entry_type", &["campaign", "ingroup", "list"]),
            Arg::need("url_type"),
            Arg::need("alt_url_id"),
            Arg::word("active", YES_NO).optional(),
            Arg::opt("url_rank"),
            Arg::opt("url_statuses"),
            Arg::opt("url_description"),
            Arg::opt("url_lists"),
            Arg::opt("url_call_length"),
            Arg::opt("url_address"),
        ])
        .acts()
        .admin()
        .gives(&[
            "url_id",
            "campaign_id",
            "entry_type",
            "active",
            "url_type",
            "url_rank",
            "url_statuses",
            "url_description",
            "url_lists",
            "url_call_length",
            "url_address",
        ]),
    plain("update_cid_group_entry", "Caller IDs of a caller-ID group")
        .args(&[
            Arg::need("cid_group_id"),
            Arg::need("areacode"),
            Arg::word("stage", &["INFO", "UPDATE", "ADD", "DELETE", "UPDATEDBYENTRY"]),
            Arg::opt("outbound_cid"),
            Arg::opt("cid_description"),
            Arg::word("active", YES_NO).optional(),
        ])
        .acts()
        .admin()
        .gives(&[
            "cid_group_id",
            "areacode",
            "outbound_cid",
            "active",
            "cid_description",
            "call_count_today",
        ]),
    // Numbers never to call, and filters.
    plain("add_dnc_phone", "Never call a number again, in a campaign or (SYSTEM_INTERNAL) in any")
        .args(&[Arg::phone("phone_number"), CAMPAIGN])
        .acts()
        .gives(&["user", "phone_number", "campaign_id"]),
    plain("delete_dnc_phone", "Take a number off a do-not-call list")
        .args(&[Arg::phone("phone_number"), CAMPAIGN])
        .acts()
        .asks()
        .admin()
        .gives(&["user", "phone_number", "campaign_id"]),
    plain("add_fpg_phone", "Put a number into a filter phone group")
        .args(&[Arg::phone("phone_number"), Arg::need("group")])
        .acts()
        .gives(&["user", "phone_number", "group"]),
    plain("delete_fpg_phone", "Take a number out of a filter phone group")
        .args(&[Arg::phone("phone_number"), Arg::need("group")])
        .acts()
        .asks()
        .admin()
        .gives(&["user", "phone_number", "group"]),
    // Logs and figures.
    plain("recording_lookup", "Recordings of a day and agent, of a lead, or of a call")
        .args(&[
            Arg::either("agent_user"),
            Arg::either("lead_id").of(Kind::Digits),
            Arg::either("uniqueid"),
            Arg::either("extension"),
            Arg::opt("date").of(Kind::Date),
            Arg::word("duration", YES_NO).optional(),
        ])
        .gives(&["start_time", "user", "recording_id", "lead_id", "location"]),
    plain("did_log_export", "Calls that came in on a DID on a day")
        .args(&[Arg::phone("phone_number"), Arg::need("date").of(Kind::Date)])
        .gives(&["did_number", "caller_id_number", "call_date", "length_in_sec"]),
    plain("phone_number_log", "Calls of phone numbers; several with commas between")
        .args(&[
            Arg::need("phone_number"),
            Arg::word("detail", &["ALL", "LAST"]).optional(),
            Arg::word("type", &["ALL", "IN", "OUT"]).optional(),
            Arg::word("archived_lead", YES_NO).optional(),
        ])
        .gives(&[
            "phone_number",
            "call_date",
            "list_id",
            "length_in_sec",
            "lead_status",
            "hangup_reason",
            "call_status",
            "source_id",
            "user",
        ]),
    plain("callid_info", "A call by its code")
        .args(&[Arg::need("call_id"), Arg::word("detail", &["YES", "NO"]).optional()])
        .gives(&[
            "call_id",
            "custtime",
            "call_date",
            "phone",
            "call_type",
            "campaign_id",
            "list_id",
            "status",
            "user",
        ]),
    plain("agent_stats_export", "What agents did between two times")
        .args(&[
            Arg::need("datetime_start").of(Kind::DateTime),
            Arg::need("datetime_end").of(Kind::DateTime),
            Arg::opt("agent_user"),
            Arg::opt("campaign_id"),
            Arg::opt("group_by_campaign"),
            Arg::word("time_format", &["H", "HF", "M", "S"]).optional(),
        ])
        .gives(AGENT_STATS),
    plain(
        "call_status_stats",
        "Calls of a day by hour and status; campaigns with - between, or ALLCAMPAIGNS",
    )
    .args(&[
        Arg::need("campaigns"),
        Arg::opt("query_date").of(Kind::Date),
        Arg::opt("end_date").of(Kind::Date),
        Arg::opt("ingroups"),
        Arg::opt("statuses"),
    ])
    .gives(&["id", "calls", "human_answers", "by_hour", "by_status"]),
    plain("call_dispo_report", "Calls of some days by disposition")
        .args(&[
            Arg::either("campaigns"),
            Arg::either("ingroups"),
            Arg::either("dids"),
            Arg::opt("query_date").of(Kind::Date),
            Arg::opt("query_time"),
            Arg::opt("end_date").of(Kind::Date),
            Arg::opt("end_time"),
            Arg::opt("statuses"),
            Arg::opt("categories"),
            Arg::opt("users"),
            Arg::opt("status_breakdown"),
            Arg::opt("show_percentages"),
            Arg::opt("file_download"),
        ])
        .gives(&["CAMPAIGN", "TOTAL CALLS"]),
    plain("update_log_entry", "Change the status of a call on file")
        .args(&[Arg::need("call_id"), Arg::need("group"), Arg::need("status")])
        .acts()
        .asks()
        .gives(&["user", "group", "call_id", "status", "old_status", "uniqueid"]),
    // Users.
    plain("user_details", "A user").args(&[Arg::need("agent_user")]).gives(&[
        "user",
        "full_name",
        "user_group",
        "user_level",
        "active",
    ]),
    plain("add_user", "Make a user")
        .args(&[
            Arg::need("agent_user"),
            Arg::need("agent_pass").of(Kind::Secret),
            Arg::need("agent_user_level").of(Kind::Digits),
            Arg::need("agent_full_name"),
            Arg::need("agent_user_group"),
            Arg::opt("phone_login"),
            Arg::opt("phone_pass").of(Kind::Secret),
            Arg::word("hotkeys_active", &["0", "1"]).optional(),
            Arg::opt("voicemail_id"),
            Arg::opt("email"),
            Arg::opt("custom_one"),
            Arg::opt("custom_two"),
            Arg::opt("custom_three"),
            Arg::opt("custom_four"),
            Arg::opt("custom_five"),
            Arg::opt("wrapup_seconds_override"),
            Arg::opt("in_groups"),
        ])
        .acts()
        .asks()
        .admin()
        .gives(&[
            "user",
            "agent_user",
            "agent_pass",
            "agent_user_level",
            "agent_full_name",
            "agent_user_group",
        ]),
    plain("copy_user", "Make a user like another")
        .args(&[
            Arg::need("agent_user"),
            Arg::need("agent_pass").of(Kind::Secret),
            Arg::need("agent_full_name"),
            Arg::need("source_user"),
        ])
        .acts()
        .asks()
        .admin()
        .gives(&["user", "agent_user", "agent_pass", "agent_full_name", "source_user"]),
    plain("update_user", "Change a user, or delete one")
        .args(&[
            Arg::need("agent_user"),
            Arg::opt("agent_pass").of(Kind::Secret),
            Arg::opt("agent_user_level").of(Kind::Digits),
            Arg::opt("agent_full_name"),
            Arg::opt("agent_user_group"),
            Arg::opt("phone_login"),
            Arg::opt("phone_pass").of(Kind::Secret),
            Arg::opt("hotkeys_active"),
            Arg::opt("voicemail_id"),
            Arg::opt("email"),
            Arg::opt("custom_one"),
            Arg::opt("custom_two"),
            Arg::opt("custom_three"),
            Arg::opt("custom_four"),
            Arg::opt("custom_five"),
            Arg::opt("active"),
            Arg::opt("wrapup_seconds_override"),
            Arg::opt("campaign_rank"),
            Arg::opt("campaign_grade"),
            Arg::word("camp_rg_only", &["0", "1"]).optional(),
            Arg::opt("ingroup_rank"),
            Arg::opt("ingroup_grade"),
            Arg::word("ingrp_rg_only", &["0", "1"]).optional(),
            Arg::opt("reset_password"),
            Arg::word("delete_user", YES_NO).optional(),
            Arg::opt("in_groups"),
        ])
        .acts()
        .asks()
        .admin()
        .gives(&["user", "agent_user"]),
    plain("update_remote_agent", "Turn lines of a remote agent on and off, and say how many")
        .args(&[
            Arg::need("agent_user"),
            Arg::word("status", &["ACTIVE", "INACTIVE"]).optional(),
            Arg::opt("campaign_id"),
            Arg::opt("number_of_lines"),
        ])
        .acts()
        .asks()
        .gives(&["user", "agent_user"]),
    // Phones, numbers, sounds.
    plain("add_phone", "Make a phone")
        .args(&[
            Arg::need("extension"),
            Arg::need("dialplan_number"),
            Arg::need("voicemail_id"),
            Arg::need("phone_login"),
            Arg::need("phone_pass").of(Kind::Secret),
            Arg::need("server_ip"),
            Arg::need("protocol"),
            Arg::need("registration_password").of(Kind::Secret),
            Arg::need("phone_full_name"),
            Arg::need("local_gmt"),
            Arg::need("outbound_cid"),
            Arg::opt("phone_context"),
            Arg::opt("email"),
            Arg::opt("admin_user_group"),
            Arg::opt("is_webphone"),
            Arg::opt("webphone_auto_answer"),
            Arg::opt("use_external_server_ip"),
            Arg::opt("template_id"),
            Arg::opt("on_hook_agent"),
        ])
        .acts()
        .asks()
        .admin()
        .gives(&[
            "user",
            "extension",
            "dialplan_number",
            "voicemail_id",
            "phone_login",
            "server_ip",
            "protocol",
        ]),
    plain("update_phone", "Change a phone, or delete one")
        .args(&[
            Arg::need("extension"),
            Arg::need("server_ip"),
            Arg::word("delete_phone", YES_NO).optional(),
            Arg::opt("dialplan_number"),
            Arg::opt("voicemail_id"),
            Arg::opt("phone_login"),
            Arg::opt("phone_pass").of(Kind::Secret),
            Arg::opt("protocol"),
            Arg::opt("registration_password").of(Kind::Secret),
            Arg::opt("phone_full_name"),
            Arg::opt("local_gmt"),
            Arg::opt("outbound_cid"),
            Arg::opt("phone_context"),
            Arg::opt("email"),
            Arg::opt("admin_user_group"),
            Arg::opt("phone_ring_timeout"),
            Arg::opt("delete_vm_after_email"),
            Arg::opt("is_webphone"),
            Arg::opt("webphone_auto_answer"),
            Arg::opt("use_external_server_ip"),
            Arg::opt("template_id"),
            Arg::opt("on_hook_agent"),
            Arg::opt("active"),
        ])
        .acts()
        .asks()
        .admin()
        .gives(&["user", "extension", "server_ip"]),
    plain("add_phone_alias", "Give several phones one name")
        .args(&[Arg::need("alias_id"), Arg::need("alias_name"), Arg::need("phone_logins")])
        .acts()
        .admin()
        .gives(&["user", "alias_id", "alias_name", "phone_logins"]),
    plain("update_phone_alias", "Change a phone alias, or delete one")
        .args(&[
            Arg::need("alias_id"),
            Arg::opt("alias_name"),
            Arg::opt("phone_logins"),
            Arg::word("delete_alias", YES_NO).optional(),
        ])
        .acts()
        .asks()
        .admin()
        .gives(&["user", "alias_id"]),
    plain("add_did", "Make a DID")
        .args(&[
            Arg::need("did_pattern"),
            Arg::need("did_description"),
            Arg::opt("active"),
            Arg::opt("did_route"),
            Arg::opt("record_call"),
            Arg::opt("extension"),
            Arg::opt("exten_context"),
            Arg::opt("voicemail_ext"),
            Arg::opt("phone_extension"),
            Arg::opt("server_ip"),
            Arg::opt("group"),
            Arg::opt("menu_id"),
            Arg::opt("filter_clean_cid_number"),
            Arg::opt("call_handle_method"),
            Arg::opt("agent_search_method"),
            Arg::opt("list_id"),
            Arg::opt("entry_list_id"),
            Arg::opt("campaign_id"),
            Arg::opt("phone_code"),
        ])
        .acts()
        .asks()
        .admin()
        .gives(&["user", "did_pattern", "did_description"]),
    plain("copy_did", "Make DIDs like another; several with commas between")
        .args(&[Arg::need("source_did_pattern"), Arg::need("new_dids"), Arg::opt("did_description")])
        .acts()
        .asks()
        .admin()
        .gives(&["user", "source_did_pattern", "added", "existing"]),
    plain("update_did", "Change a DID, or delete one")
        .args(&[
            Arg::need("did_pattern"),
            Arg::word("delete_did", YES_NO).optional(),
            Arg::opt("did_description"),
            Arg::opt("active"),
            Arg::opt("did_route"),
            Arg::opt("record_call"),
            Arg::opt("extension"),
            Arg::opt("exten_context"),
            Arg::opt("voicemail_ext"),
            Arg::opt("phone_extension"),
            Arg::opt("server_ip"),
            Arg::opt("group"),
            Arg::opt("menu_id"),
            Arg::opt("filter_clean_cid_number"),
            Arg::opt("call_handle_method"),
            Arg::opt("agent_search_method"),
            Arg::opt("list_id"),
            Arg::opt("entry_list_id"),
            Arg::opt("campaign_id"),
            Arg::opt("phone_code"),
        ])
        .acts()
        .asks()
        .admin()
        .gives(&["user", "did_pattern"]),
    plain("add_group_alias", "Make a caller ID that agents may choose")
        .args(&[
            Arg::need("caller_id_number").of(Kind::Digits),
            Arg::opt("group_alias_id"),
            Arg::opt("group_alias_name"),
            Arg::opt("caller_id_name"),
            Arg::opt("active"),
            Arg::opt("admin_user_group"),
        ])
        .acts()
        .admin()
        .gives(&["user", "group_alias_id", "group_alias_name", "caller_id_number"]),
    plain("server_refresh", "Let VICIdial write its Asterisks' settings anew")
        .args(&[Arg::word("stage", &["REFRESH"])])
        .acts()
        .asks()
        .admin()
        .gives(&["user", "servers"]),
    plain("sounds_list", "Sounds")
        .args(&[
            Arg::word("format", &["selectframe", "link"]).optional(),
            Arg::opt("comments"),
            Arg::word("stage", &["name", "date", "size"]).optional(),
        ])
        .gives(&["id", "name"]),
    plain("moh_list", "Music on hold")
        .args(&[Arg::opt("format"), Arg::opt("comments")])
        .gives(&["id", "name"]),
    plain("vm_list", "Voicemail boxes")
        .args(&[Arg::opt("format"), Arg::opt("comments")])
        .gives(&["id", "name"]),
    plain("ingroup_list", "In-groups")
        .args(&[Arg::opt("format"), Arg::opt("comments")])
        .gives(&["id", "name"]),
    plain("callmenu_list", "Call menus")
        .args(&[Arg::opt("format"), Arg::opt("comments")])
        .gives(&["id", "name"]),
    plain("container_list", "Settings containers of a type")
        .args(&[Arg::need("type"), Arg::opt("format"), Arg::opt("comments")])
        .gives(&["id", "name"]),
];
