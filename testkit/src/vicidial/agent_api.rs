//! The agent API, as it was recorded: it writes columns that the agent's screen takes.

use super::Params;
use super::state::State;

fn arg<'a>(params: &'a Params, name: &str) -> &'a str {
    params.get(name).map_or("", String::as_str)
}

/// Who may ask at all.
fn admitted(state: &mut State, params: &Params) -> Result<(), String> {
    let (user, pass, source) = (arg(params, "user"), arg(params, "pass"), arg(params, "source"));
    let function = arg(params, "function");
    if !state.agent_api {
        return Err("ERROR: System API NOT ACTIVE\n".into());
    }
    if source.len() < 2 {
        return Err(format!("ERROR: Invalid Source - {source}\n"));
    }
    let Some(account) = state.accounts.get_mut(user) else {
        return Err(format!(
            "ERROR: Invalid Username/Password: |{user}|{pass}|0|0|BAD|0|api|SELECT count(*) from vicidial_users where user='{user}' and pass='{pass}' and user_level > 0 and active='Y' and ( (failed_login_count < 10) or (UNIX_TIMESTAMP(last_login_date) < 1795216917) );|"
        ));
    };
    if account.failures >= 10 {
        return Err(format!("ERROR: Invalid Username/Password: |{user}|{pass}|0|1|LOCK|\n"));
    }
    if account.password != pass {
        account.failures += 1;
        return Err(format!(
            "ERROR: Invalid Username/Password: |{user}|{pass}|0|0|BAD|0|api|SELECT count(*) from vicidial_users where user='{user}' and pass='{pass}';|"
        ));
    }
    account.failures = 0;
    if !account.access {
        return Err(format!("ERROR: Invalid Username/Password: |{user}|{pass}|1|0|GOOD|\n"));
    }
    if account.functions.as_ref().is_some_and(|allowed| !allowed.contains(function)) {
        let value = arg(params, "value");
        return Err(format!(
            "ERROR: auth USER DOES NOT HAVE PERMISSION TO USE THIS FUNCTION - {value}|{user}|{function}|ADMIN\n"
        ));
    }
    Ok(())
}

/// The column that a function writes for the screen, and how its success begins.
fn column(function: &str) -> Option<&'static str> {
    Some(match function {
        "external_hangup" => "external_hangup",
        "external_status" => "external_status",
        "external_pause" | "logout" => "external_pause",
        "pause_code" => "external_pause_code",
        "external_dial" | "preview_dial_action" => "external_dial",
        "send_dtmf" => "external_dtmf",
        "park_call" => "external_park",
        "transfer_conference" => "external_transferconf",
        _ => return None,
    })
}

/// Answers.
pub(super) fn answer(state: &mut State, params: &Params) -> (u16, String) {
    let function = arg(params, "function").to_owned();
    match function.as_str() {
        "version" => {
            return (
                200,
                "VERSION: 2.14-81|BUILD: 240429-2220|DATE: 2026-11-20 23:36:56|EPOCH: 1795217816\n".into(),
            );
        }
        "coffee" => return (418, "Coffee: coffee|Error 418 I'm a teapot".into()),
        _ => {}
    }
    if let Err(refused) = admitted(state, params) {
        return (200, refused);
    }
    (200, work(state, params, &function))
}

fn work(state: &mut State, params: &Params, function: &str) -> String {
    let (user, value, epoch) = (arg(params, "agent_user"), arg(params, "value"), 1_795_217_840);
    if let Some(column) = column(function) {
        if user.is_empty() {
            return format!("ERROR: {function} not valid - {value}|\n");
        }
        let Some(agent) = state.agents.get_mut(user) else {
            return format!("ERROR: agent_user is not logged in - {user}\n");
        };
        let waits = matches!(agent.status.as_str(), "READY" | "QUEUE" | "INCALL" | "CLOSER");
        let no_call = agent.status != "INCALL";
        let written = match function {
            "external_pause" if value == "RESUME" && waits => {
                return format!("ERROR: external_pause agent is not paused - RESUME|{user}\n");
            }
            "pause_code" if value.len() > 6 => {
                return format!("ERROR: pause_code not valid - {value}|{user}\n");
            }
            "pause_code" if agent.status != "PAUSED" => {
                return format!("ERROR: pause_code error - agent is not paused - {user}\n");
            }
            "external_dial" if agent.status != "PAUSED" || agent.lead_id > 0 => {
                return format!("ERROR: agent_user is not paused - {user}\n");
            }
            "transfer_conference" if no_call => {
                return format!("ERROR: agent_user does not have a live call - {user}\n");
            }
            "park_call" if no_call => {
                return format!("ERROR: agent_user does not have a lead on their screen - {user}\n");
            }
            "external_pause" => format!("{value}!{epoch}"),
            "external_dial" => {
                let lead = arg(params, "lead_id");
                format!("{value}!{}!YES!NO!YES!!{epoch}!!!!!{lead}!!", arg(params, "phone_code"))
            }
            "external_status" if params.contains_key("callback_datetime") => format!(
                "{value}!{}!{}!{}!{}",
                arg(params, "callback_datetime"),
                arg(params, "callback_type"),
                arg(params, "callback_comments"),
                arg(params, "qm_dispo_code")
            ),
            _ => value.to_owned(),
        };
        let callerid = agent.callerid.clone();
        agent.columns.insert(column, written.clone());
        return match function {
            "external_pause" | "logout" => {
                format!("SUCCESS: {function} function set - {value}|{epoch}|{user}\n")
            }
            "external_dial" => format!(
                "SUCCESS: external_dial function set - {value}|{user}|{}|{}|{}|{}||{epoch}||||\n",
                arg(params, "phone_code"),
                arg(params, "search"),
                arg(params, "preview"),
                arg(params, "focus")
            ),
            "preview_dial_action" => format!("SUCCESS: {function} function set - {value}|{user}|{value}\n"),
            "transfer_conference" => format!(
                "SUCCESS: transfer_conference function set - {value}|{}|{}|NO|{user}|{callerid}|\n",
                arg(params, "ingroup_choices"),
                arg(params, "phone_number")
            ),
            "external_status" => format!("SUCCESS: external_status function set - {written}|{user}\n"),
            _ => format!("SUCCESS: {function} function set - {value}|{user}\n"),
        };
    }
    match function {
        "" => String::new(),
        "ra_call_control" => {
            let (stage, target) = (arg(params, "stage"), arg(params, "phone_number"));
            if value.is_empty() || stage.is_empty() {
                return format!("ERROR: ra_call_control not valid - {value}|{user}|{stage}\n");
            }
            let Some(agent) = state.agents.get_mut(user) else {
                return format!("ERROR: agent_user is not logged in - {user}\n");
            };
            agent.status = "READY".into();
            let word = if stage == "HANGUP" { "hungup" } else { "transfer" };
            format!("SUCCESS: ra_call_control {word} - {user}|{value}|{target}\n")
        }
        "update_fields" => {
            let Some(agent) = state.agents.get(user) else {
                return format!("ERROR: agent_user is not logged in - {user}\n");
            };
            if agent.lead_id == 0 {
                return format!("ERROR: agent_user does not have a lead on their screen - {user}\n");
            }
            let known = ["user", "pass", "source", "function", "agent_user", "header"];
            let given: Vec<(&String, &String)> =
                params.iter().filter(|(name, _)| !known.contains(&name.as_str())).collect();
            let lead_id = agent.lead_id;
            let Some(lead) = state.leads.get_mut(&lead_id) else { return String::new() };
            for (name, value) in &given {
                lead.fields.insert((*name).clone(), (*value).clone());
            }
            let names: Vec<&str> = given.iter().map(|(name, _)| name.as_str()).collect();
            format!(
                "SUCCESS: update_fields lead updated - {}|{user}|{lead_id}|1|1|{}||\n",
                arg(params, "user"),
                names.join(",")
            )
        }
        "external_add_lead" => {
            let Some(agent) = state.agents.get(user) else {
                return format!("ERROR: agent_user is not logged in - {user}\n");
            };
            let (campaign, number) = (agent.campaign_id.clone(), arg(params, "phone_number").to_owned());
            let id = state.add_lead(998, &number, params);
            format!("SUCCESS: lead added - {number}|{campaign}|998|{id}|{user}\n")
        }
        "calls_in_queue_count" => "SUCCESS: calls_in_queue_count - 1".into(),
        _ => {
            let known = user.is_empty() || state.agents.contains_key(user);
            if !known {
                return format!("ERROR: agent_user is not logged in - {user}\n");
            }
            state.recorded("agent", params).map(|(_, body)| body).unwrap_or_default()
        }
    }
}
