//! The non-agent API, as it was recorded: leads, lists and agents are kept; the rest is what the real PHP said.

use super::Params;
use super::state::{Lead, State};

fn arg<'a>(params: &'a Params, name: &str) -> &'a str {
    params.get(name).map_or("", String::as_str)
}

/// Answers.
pub(super) fn answer(state: &mut State, params: &Params) -> (u16, String) {
    let function = arg(params, "function").to_owned();
    let (user, pass, source) = (arg(params, "user"), arg(params, "pass"), arg(params, "source"));
    if function == "coffee" {
        return (418, "Coffee: coffee|Error 418 I'm a teapot".into());
    }
    let bad = |pass: &str| format!("ERROR: Login incorrect, please try again: |{user}|{pass}|BAD|\n");
    let Some(account) = state.accounts.get_mut(user) else { return (200, bad(pass)) };
    if account.failures >= 10 {
        return (200, format!("ERROR: Too many login attempts, try again in 15 minutes: |{user}|LOCK|\n"));
    }
    if account.password != pass || account.level < 7 {
        account.failures += 1;
        return (200, bad(pass));
    }
    account.failures = 0;
    if source.len() < 2 {
        return (200, format!("ERROR: Invalid Source - {source}\nERROR: Invalid Source: |{source}|\n"));
    }
    if account.functions.as_ref().is_some_and(|allowed| !allowed.contains(&function)) {
        return (
            200,
            format!("ERROR: auth USER DOES NOT HAVE PERMISSION TO USE THIS FUNCTION: |{user}|{function}|\n"),
        );
    }
    if !account.access {
        return (
            200,
            format!("ERROR: {function} USER DOES NOT HAVE PERMISSION TO GET AGENT INFO: |{user}|0|\n"),
        );
    }
    if function.is_empty() {
        return (200, "ERROR: NO FUNCTION SPECIFIED\n".into());
    }
    work(state, params, &function)
}

fn work(state: &mut State, params: &Params, function: &str) -> (u16, String) {
    let user = arg(params, "user").to_owned();
    let head =
        |names: &str| if arg(params, "header") == "YES" { format!("{names}\n") } else { String::new() };
    let body = match function {
        "agent_status" => {
            let who = arg(params, "agent_user");
            match state.agents.get(who) {
                None => format!("ERROR: agent_status AGENT NOT FOUND: {user}|{who}\n"),
                Some(agent) => {
                    let phone = state.leads.get(&agent.lead_id).map_or("", |lead| lead.phone_number.as_str());
                    let names = "status|callerid|lead_id|campaign_id|calls_today|full_name|user_group|user_level|pause_code|real_time_sub_status|phone_number|vendor_lead_code|session_id";
                    format!(
                        "{}{}|{}|{}|{}|{}|{}|AGENTS|1|{}|{}|{phone}||{}\n",
                        head(names),
                        agent.status,
                        agent.callerid,
                        agent.lead_id,
                        agent.campaign_id,
                        agent.calls_today,
                        agent.full_name,
                        agent.pause_code,
                        agent.sub_status,
                        agent.session_id
                    )
                }
            }
        }
        "logged_in_agents" if state.agents.is_empty() => {
            format!("ERROR: logged_in_agents NO LOGGED IN AGENTS: {user}|\n")
        }
        "logged_in_agents" => {
            let sub = arg(params, "show_sub_status") == "YES";
            let more = if sub { "|pause_code|sub_status" } else { "" };
            let mut text = head(&format!(
                "user|campaign_id|session_id|status|lead_id|callerid|calls_today|full_name|user_group|user_level{more}"
            ));
            for (who, agent) in &state.agents {
                text += &format!(
                    "{who}|{}|{}|{}|{}|{}|{}|{}|AGENTS|1",
                    agent.campaign_id,
                    agent.session_id,
                    agent.status,
                    agent.lead_id,
                    agent.callerid,
                    agent.calls_today,
                    agent.full_name
                );
                if sub {
                    text += &format!("|{}|{}", agent.pause_code, agent.sub_status);
                }
                text.push('\n');
            }
            text
        }
        "add_lead" => add_lead(state, params, &user),
        "update_lead" => update_lead(state, params, &user),
        "lead_search" => {
            let number = arg(params, "phone_number");
            let found: Vec<String> = state
                .leads
                .iter()
                .filter(|(_, lead)| lead.phone_number == number)
                .map(|(id, _)| id.to_string())
                .collect();
            if found.is_empty() {
                format!("ERROR: lead_search NO MATCHES FOUND IN THE SYSTEM: |{user}|||{number}\n")
            } else {
                format!("{number}|{}|{}\n", found.len(), found.join("-"))
            }
        }
        "lead_field_info" => {
            let (id, name) = (arg(params, "lead_id"), arg(params, "field_name"));
            match id.parse().ok().and_then(|id: i64| state.leads.get(&id)) {
                None => format!("ERROR: lead_field_info LEAD NOT FOUND: {user}|{id}\n"),
                Some(lead) => match name {
                    "phone_number" => lead.phone_number.clone(),
                    "status" => lead.status.clone(),
                    name => {
                        lead.fields.get(name).or_else(|| lead.custom.get(name)).cloned().unwrap_or_default()
                    }
                },
            }
        }
        "lead_all_info" => {
            let id = arg(params, "lead_id");
            let Some(lead) = id.parse().ok().and_then(|id: i64| state.leads.get(&id)) else {
                return (200, format!("ERROR: lead_all_info LEAD NOT FOUND: {user}|{id}\n"));
            };
            let field = |name: &str| lead.fields.get(name).cloned().unwrap_or_default();
            let names = "status|user|vendor_lead_code|source_id|list_id|gmt_offset_now|phone_code|phone_number|title|first_name|middle_initial|last_name|address1|address2|address3|city|state|province|postal_code|country_code|gender|date_of_birth|alt_phone|email|security_phrase|comments|called_count|last_local_call_time|rank|owner|entry_list_id|lead_id";
            let cells = [
                lead.status.clone(),
                String::new(),
                field("vendor_lead_code"),
                field("source_id"),
                lead.list_id.to_string(),
                "-5.00".into(),
                lead.fields.get("phone_code").cloned().unwrap_or_else(|| "1".into()),
                lead.phone_number.clone(),
                field("title"),
                field("first_name"),
                String::new(),
                field("last_name"),
                field("address1"),
                String::new(),
                String::new(),
                field("city"),
                field("state"),
                String::new(),
                field("postal_code"),
                "USA".into(),
                "U".into(),
                String::new(),
                field("alt_phone"),
                field("email"),
                String::new(),
                field("comments"),
                "0".into(),
                String::new(),
                field("rank"),
                String::new(),
                lead.list_id.to_string(),
                id.to_owned(),
            ];
            format!("{}{}\n", head(names), cells.join("|"))
        }
        "add_dnc_phone" => {
            let entry = (arg(params, "campaign_id").to_owned(), arg(params, "phone_number").to_owned());
            if state.dnc.insert(entry.clone()) {
                format!("SUCCESS: add_dnc_phone DNC NUMBER HAS BEEN ADDED - {user}|{}|{}\n", entry.1, entry.0)
            } else {
                format!("ERROR: add_dnc_phone DNC NUMBER ALREADY EXISTS: |{user}|{}|{}\n", entry.1, entry.0)
            }
        }
        "delete_dnc_phone" => {
            let entry = (arg(params, "campaign_id").to_owned(), arg(params, "phone_number").to_owned());
            if state.dnc.remove(&entry) {
                format!(
                    "SUCCESS: delete_dnc_phone DNC NUMBER HAS BEEN DELETED - {user}|{}|{}\n",
                    entry.1, entry.0
                )
            } else {
                format!(
                    "ERROR: delete_dnc_phone DNC NUMBER DOES NOT EXIST: |{user}|{}|{}\n",
                    entry.1, entry.0
                )
            }
        }
        "campaigns_list" => {
            let mut text = head(
                "campaign_id|campaign_name|active|user_group|dial_method|dial_level|lead_order|dial_statuses|dial_timeout|dial_prefix|manual_dial_prefix|three_way_dial_prefix",
            );
            for (id, campaign) in &state.campaigns {
                let cell = |name: &str| campaign.get(name).cloned().unwrap_or_default();
                text += &format!(
                    "{id}|{}|{}|---ALL---|{}|{}|DOWN|NEW NA|26|9||\n",
                    cell("campaign_name"),
                    cell("active"),
                    cell("dial_method"),
                    cell("auto_dial_level")
                );
            }
            text
        }
        "hopper_list" => hopper(
            state,
            params,
            &user,
            &head(
                "hopper_order|priority|lead_id|list_id|phone_number|phone_code|state|status|count|gmt_offset|rank|alt|hopper_source|vendor_lead_code|source_id|age_days|last_call_time",
            ),
        ),
        "update_campaign" => {
            let id = arg(params, "campaign_id").to_owned();
            let Some(campaign) = state.campaigns.get_mut(&id) else {
                return (200, format!("ERROR: update_campaign CAMPAIGN DOES NOT EXIST: |{user}|{id}\n"));
            };
            let mut changed = false;
            for name in ["campaign_name", "active", "dial_method", "auto_dial_level"] {
                if let Some(value) = params.get(name) {
                    campaign.insert(name, value.clone());
                    changed = true;
                }
            }
            let mut text = if changed {
                format!("SUCCESS: update_campaign CAMPAIGN HAS BEEN UPDATED - {user}|{id}\n")
            } else {
                format!("NOTICE: update_campaign NO UPDATES DEFINED: |{user}|\n")
            };
            if arg(params, "reset_hopper") == "Y" {
                state.hopper.remove(&id);
                text += &format!("NOTICE: update_campaign HOPPER HAS BEEN RESET - {user}|{id}|\n");
            }
            text
        }
        "update_remote_agent" => update_remote_agent(state, params, &user),
        _ => {
            return state
                .recorded("non_agent", params)
                .unwrap_or_else(|| (200, "ERROR: NO FUNCTION SPECIFIED\n".into()));
        }
    };
    (200, body)
}

fn update_remote_agent(state: &mut State, params: &Params, user: &str) -> String {
    let who = arg(params, "agent_user");
    let Some((status, lines, campaign)) = state.remote_agents.get_mut(who) else {
        return format!("ERROR: update_remote_agent REMOTE AGENT DOES NOT EXIST: |{user}|\n");
    };
    let mut changed = false;
    match arg(params, "status") {
        "" => {}
        wanted @ ("ACTIVE" | "INACTIVE") => {
            wanted.clone_into(status);
            changed = true;
        }
        wrong => {
            return format!(
                "ERROR: update_remote_agent STATUS MUST BE ACTIVE OR INACTIVE, THIS IS AN OPTIONAL FIELD: |{user}|{wrong}\n"
            );
        }
    }
    if let Some(wanted) = params.get("number_of_lines") {
        match wanted.parse() {
            Ok(wanted @ 1..) => *lines = wanted,
            _ => {
                return format!(
                    "ERROR: update_remote_agent YOU MUST USE A VALID NUMBER OF LINES, THIS IS AN OPTIONAL FIELD: |{user}|{wanted}\n"
                );
            }
        }
        changed = true;
    }
    if let Some(wanted) = params.get("campaign_id") {
        campaign.clone_from(wanted);
        changed = true;
    }
    if changed {
        format!("SUCCESS: update_remote_agent REMOTE AGENT HAS BEEN UPDATED - {user}|{who}|\n")
    } else {
        format!("ERROR: update_remote_agent NO UPDATES DEFINED: |{user}|\n")
    }
}

fn hopper(state: &State, params: &Params, user: &str, head: &str) -> String {
    let id = arg(params, "campaign_id");
    if !state.campaigns.contains_key(id) {
        return format!("ERROR: hopper_list THIS CAMPAIGN DOES NOT EXIST: |{user}|{id}\n");
    }
    let Some(leads) = state.hopper.get(id).filter(|leads| !leads.is_empty()) else {
        return format!(
            "ERROR: hopper_list THERE ARE NO LEADS IN THE HOPPER FOR THIS CAMPAIGN: {user}|{id}\n"
        );
    };
    let mut text = head.to_owned();
    for (order, lead_id) in leads.iter().enumerate() {
        let Some(lead) = state.leads.get(lead_id) else { continue };
        text += &format!(
            "{order}|0|{lead_id}|{}|{}|1|FL|{}|0|-5.00|5|NONE|S|V001|SRC1|0|26 YEARS \n",
            lead.list_id, lead.phone_number, lead.status
        );
    }
    text
}

fn add_lead(state: &mut State, params: &Params, user: &str) -> String {
    let number = arg(params, "phone_number").to_owned();
    let list: i64 = arg(params, "list_id").parse().unwrap_or(999);
    if !(6..=18).contains(&number.len()) {
        return format!("ERROR: add_lead INVALID PHONE NUMBER LENGTH - {number}|{user}\n");
    }
    let twin = state
        .leads
        .iter()
        .find(|(_, lead)| lead.phone_number == number)
        .map(|(id, lead)| (*id, lead.list_id));
    if let (Some((id, list)), true) = (twin, arg(params, "duplicate_check").starts_with("DUP")) {
        return format!("ERROR: add_lead DUPLICATE PHONE NUMBER IN SYSTEM - {number}|{list}|{id}|{list}\n");
    }
    if arg(params, "list_exists_check") == "Y" && !state.lists.contains_key(&list) {
        return format!(
            "ERROR: add_lead NOT A DEFINED LIST ID, LIST EXISTS CHECK ENABLED - {number}|{list}\n"
        );
    }
    let id = state.add_lead(list, &number, params);
    let mut text = format!("SUCCESS: add_lead LEAD HAS BEEN ADDED - {number}|{list}|{id}||{user}\n");
    if arg(params, "custom_fields") == "Y" {
        // In this version they are never stored.
        text += &format!(
            "NOTICE: add_lead CUSTOM FIELDS NOT ADDED, NO FIELDS TO UPDATE DEFINED - {number}|{id}|{list}\n"
        );
    }
    text
}

const NOT_FIELDS: &[&str] = &[
    "user",
    "pass",
    "source",
    "function",
    "header",
    "phone_number",
    "list_id",
    "lead_id",
    "search_method",
    "custom_fields",
    "force_entry_list_id",
    "duplicate_check",
    "list_exists_check",
    "phone_code",
    "insert_if_not_found",
    "agent_user",
    "add_to_hopper",
    "remove_from_hopper",
    "hopper_priority",
    "no_update",
];

fn update_lead(state: &mut State, params: &Params, user: &str) -> String {
    let (id, number) = (arg(params, "lead_id"), arg(params, "phone_number"));
    let found = match arg(params, "search_method") {
        "PHONE_NUMBER" => state.leads.iter().find(|(_, lead)| lead.phone_number == number).map(|(id, _)| *id),
        _ => id.parse().ok().filter(|id| state.leads.contains_key(id)),
    };
    let Some(found) = found else {
        let mut text =
            format!("NOTICE: update_lead NO MATCHES FOUND IN THE SYSTEM: |{user}|{id}||{number}\n");
        if arg(params, "insert_if_not_found") == "Y" {
            let list: i64 = arg(params, "list_id").parse().unwrap_or(999);
            let id = state.add_lead(list, number, params);
            text += &format!("SUCCESS: update_lead LEAD HAS BEEN ADDED - {number}|{list}|{id}||{user}\n");
        }
        return text;
    };
    let custom = arg(params, "custom_fields") == "Y";
    let mut text = String::new();
    let fields: Vec<(String, String)> = params
        .iter()
        .filter(|(name, _)| !NOT_FIELDS.contains(&name.as_str()))
        .map(|(n, v)| (n.clone(), v.clone()))
        .collect();
    let Some(lead) = state.leads.get_mut(&found) else { return text };
    let list = lead.list_id;
    for (name, value) in &fields {
        match name.as_str() {
            "status" => lead.status.clone_from(value),
            _ if custom => drop(lead.custom.insert(name.clone(), value.clone())),
            _ => drop(lead.fields.insert(name.clone(), value.clone())),
        }
    }
    if custom {
        text +=
            &format!("NOTICE: update_lead CUSTOM FIELDS VALUES UPDATED - |{found}|{list}|{list}|{list}|1\n");
    } else if !fields.is_empty() {
        text += &format!("SUCCESS: update_lead LEAD HAS BEEN UPDATED - {user}|{found}|1|||\n");
    }
    let campaign = state.lists.get(&list).cloned().unwrap_or_default();
    let hopper = state.hopper.entry(campaign).or_default();
    if arg(params, "add_to_hopper") == "Y" {
        if hopper.contains(&found) {
            text += &format!(
                "NOTICE: update_lead NOT ADDED TO HOPPER, LEAD IS ALREADY IN THE HOPPER - |{found}|{user}\n"
            );
        } else {
            hopper.push(found);
            text += &format!("NOTICE: update_lead ADDED TO HOPPER - |{found}|4|{user}\n");
        }
    }
    text
}

impl State {
    /// Adds a lead with what the request says of it.
    pub(super) fn add_lead(&mut self, list_id: i64, number: &str, params: &Params) -> i64 {
        let id = self.leads.keys().max().copied().unwrap_or(0).max(1000) + 1;
        let fields =
            params.iter().filter(|(name, _)| !NOT_FIELDS.contains(&name.as_str()) && *name != "status");
        let status = match arg(params, "status") {
            "" => "NEW".to_owned(),
            status => status.to_owned(),
        };
        let lead = Lead {
            list_id,
            status,
            phone_number: number.to_owned(),
            fields: fields.map(|(name, value)| (name.clone(), value.clone())).collect(),
            ..Lead::default()
        };
        self.leads.insert(id, lead);
        id
    }
}
