//! Rows as records.

use super::table::Table;
use serde::de::DeserializeOwned;
use serde::de::value::{Error, MapDeserializer};
use serde::{Deserialize, Deserializer};

/// A number that may be left empty; what is none counts as nothing.
fn number<'de, T: std::str::FromStr + Default, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
    let text = String::deserialize(from)?;
    Ok(text.trim().parse().unwrap_or_default())
}

/// Makes records, and the one enum that holds any of them.
macro_rules! kinds {
    ($($function:literal => $(#[$doc:meta])* $name:ident { $($text:ident),* } [ $($whole:ident),* ] ( $($real:ident),* ))+) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Default, PartialEq, Deserialize)]
            #[serde(default)]
            #[allow(missing_docs, reason = "the columns have VICIdial's own names")]
            pub struct $name {
                $(pub $text: String,)*
                $(#[serde(deserialize_with = "number")] pub $whole: i64,)*
                $(#[serde(deserialize_with = "number")] pub $real: f64,)*
            }
        )+

        /// Rows of a function, as records.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Records {
            $($(#[$doc])* $name(Vec<$name>),)+
            /// Of a function whose rows have no shape of their own.
            Plain(Table),
        }

        /// Reads a function's rows as records.
        pub fn records(function: &str, table: &Table) -> Records {
            match function {
                $($function => Records::$name(table.records()),)+
                _ => Records::Plain(table.clone()),
            }
        }
    };
}

kinds! {
    "agent_status" =>
    /// What an agent does now.
    AgentStatus { status, callerid, campaign_id, full_name, user_group, pause_code, real_time_sub_status, phone_number,
        vendor_lead_code, session_id } [ lead_id, calls_today, user_level ] (  )
    "logged_in_agents" =>
    /// Somebody who is logged in.
    LoggedInAgent { user, campaign_id, session_id, status, callerid, full_name, user_group, pause_code, sub_status } [ lead_id, calls_today, user_level ] (  )
    "campaigns_list" =>
    /// A campaign.
    CampaignSettings { campaign_id, campaign_name, active, user_group, dial_method, lead_order, dial_statuses, dial_prefix,
        manual_dial_prefix, three_way_dial_prefix } [ dial_timeout ] ( dial_level )
    "hopper_list" =>
    /// A lead that is dialled next.
    HopperLead { phone_number, phone_code, state, status, alt, hopper_source, vendor_lead_code, source_id, last_call_time } [ hopper_order, priority, lead_id, list_id, count, rank, age_days ] ( gmt_offset )
    "lead_callback_info" =>
    /// A callback.
    Callback { callback_type, recipient, callback_status, lead_status, callback_date, entry_date, user, campaign_id, user_group,
        customer_timezone, customer_time, comments } [ lead_id, list_id ] (  )
    "lead_all_info" =>
    /// A lead.
    Lead { status, user, vendor_lead_code, source_id, phone_code, phone_number, title, first_name, middle_initial, last_name,
        address1, address2, address3, city, state, province, postal_code, country_code, gender, date_of_birth, alt_phone,
        email, security_phrase, comments, last_local_call_time, owner } [ list_id, called_count, rank, entry_list_id, lead_id ] ( gmt_offset_now )
    "ccc_lead_info" =>
    /// The lead of a live call.
    CallLead { status, user, vendor_lead_code, source_id, phone_code, phone_number, first_name, last_name, city, state,
        postal_code, alt_phone, email, comments, last_local_call_time, owner } [ list_id, called_count, rank ] ( gmt_offset_now )
    "user_details" =>
    /// A user.
    UserDetails { user, full_name, user_group, active } [ user_level ] (  )
    "recording_lookup" =>
    /// A recording.
    Recording { start_time, user, location } [ recording_id, lead_id ] (  )
    "did_log_export" =>
    /// A call that came in.
    DidCall { did_number, call_date, caller_id_number } [ length_in_sec ] (  )
    "phone_number_log" =>
    /// A call.
    LoggedCall { phone_number, call_date, lead_status, hangup_reason, call_status, source_id, user } [ list_id, length_in_sec ] (  )
    "callid_info" =>
    /// A call by its code.
    CallInfo { call_id, call_date, phone, call_type, campaign_id, status, user } [ custtime, list_id ] (  )
    "in_group_status" =>
    /// An in-group now.
    InGroupStatus { ingroups } [ total_calls, calls_waiting, agents_logged_in, agents_in_calls, agents_waiting, agents_paused, agents_in_dispo,
        agents_in_dial ] (  )
    "user_group_status" =>
    /// User groups now.
    UserGroupStatus { usergroups } [ calls_waiting, agents_logged_in, agents_in_calls, agents_waiting, agents_paused, agents_in_dead_calls,
        agents_in_dispo, agents_in_dial ] (  )
    "list_info" =>
    /// A list.
    ListInfo { list_name, campaign_id, active, list_changedate, list_lastcalldate, expiration_date } [ list_id, resets_today, all_leads_count, new_leads_count, dialable_count ] (  )
    "agent_stats_export" =>
    /// What an agent did.
    AgentStats { user, full_name, user_group, login_time, total_talk_time, avg_talk_time, avg_wait_time, pct_of_queue, avg_session,
        avg_pause_time, pause_pct } [ calls, pause_time, sessions, pauses ] (  )
    "call_status_stats" =>
    /// Calls by hour and status.
    StatusStats { id, by_hour, by_status } [ calls, human_answers ] (  )
    "add_lead" =>
    /// A lead that was added.
    AddedLead { phone_number, gmt_offset, user } [ list_id, lead_id ] (  )
}

impl Table {
    /// Its rows as records: cells that a record does not know are left out, those that are missing are empty.
    pub fn records<T: DeserializeOwned>(&self) -> Vec<T> {
        let read = |row: std::collections::BTreeMap<&str, &str>| {
            let cells = row.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
            T::deserialize(MapDeserializer::<_, Error>::new(cells))
        };
        self.named().filter_map(|row| read(row).ok()).collect()
    }
}
