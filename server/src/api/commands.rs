//! Commands, whichever way they come: permitted, done, and written into the audit log.

use super::App;
use crate::domain::callback::CallbackStatus;
use crate::domain::caller::{Caller, EditCampaigns, Look, RunQueue, SteerCalls, TakeCalls};
use crate::domain::catalog::Webhook;
use crate::storage::{AuditEntry, Change};
use chrono::Utc;
use dialdeck_protocol::{Answer, CampaignId, Command, Problem, Query};
use serde_json::{Value, json};

/// Writes a line into the audit log.
pub(super) async fn note(
    app: &App,
    caller: &Caller,
    command: &str,
    target: &str,
    detail: Value,
    result: &str,
) {
    let entry = AuditEntry {
        organization_id: caller.organization_id.clone(),
        at: Utc::now(),
        actor: caller.name.clone(),
        command: command.to_owned(),
        target: target.to_owned(),
        detail,
        result: crate::domain::plain::line(result, 500),
    };
    if let Err(error) = app.journal.commit(vec![Change::Audit(entry)]).await {
        tracing::error!(command, %error, "a command could not be written into the audit log");
    }
}

/// Runs what is asked, and notes it with its result.
pub(super) async fn audited<T>(
    app: &App,
    caller: &Caller,
    command: &str,
    target: &str,
    detail: Value,
    work: impl Future<Output = Result<T, Problem>>,
) -> Result<T, Problem> {
    let result = work.await;
    let word = match &result {
        Ok(_) => "done".to_owned(),
        Err(problem) => format!("{}: {}", problem.code, problem.message),
    };
    note(app, caller, command, target, detail, &word).await;
    result
}

/// Does a command that writes its own line into the audit log: it holds secrets, or REST has it under another name. Gives the others
/// back.
async fn done_elsewhere(
    app: &App,
    caller: &Caller,
    command: Command,
) -> Result<Result<Answer, Problem>, Command> {
    let done = |message: &str| Answer::Done { message: message.into() };
    Ok(match command {
        Command::Vicidial { vicidial, function, args, wait } => {
            super::vicidial::execute(app, caller, &vicidial, &function, args, wait).await
        }
        Command::SetUpVicidial { vicidial, settings, force } => {
            super::connectors::execute(app, caller, &vicidial, settings, force).await
        }
        Command::Dialpad { action, args } => super::dialpad::execute(app, caller, &action, args).await,
        Command::PullDialpad { from } => super::dialpad::begin_pull(app, caller, from).await,
        Command::SaveNumber { phone_number_id, number, label } => {
            let given = super::numbers::Given { number, label };
            let saved = super::numbers::save(app, caller, phone_number_id, given).await;
            saved.map(|_| done("the caller ID is saved"))
        }
        Command::RemoveNumber { phone_number_id } => {
            let removed = super::numbers::remove(app, caller, phone_number_id).await;
            removed.map(|()| done("the caller ID is removed"))
        }
        Command::TestConnector { kind, name, entry_id } => {
            super::connections::tested(app, caller, &kind, &name, entry_id).await
        }
        Command::RemoveConnector { kind, name, entry_id } => {
            super::connections::remove(app, caller, &kind, &name, entry_id).await
        }
        Command::SetUpWebhook { entry_id, name, url, events, paused } => {
            let webhook = Webhook { name, url, events, campaign_id: None, paused };
            super::connections::set_up_webhook(app, caller, entry_id, webhook).await
        }
        command => return Err(command),
    })
}

/// What a command is done to, for the audit log; the caller where it is nothing else.
fn target(caller: &Caller, command: &Command) -> String {
    match command {
        Command::StartQueue { campaign_id, .. }
        | Command::StopQueue { campaign_id }
        | Command::ResetList { campaign_id, .. }
        | Command::Pace { campaign_id, .. } => campaign_id.to_string(),
        Command::HangUp { call_id }
        | Command::Dispose { call_id, .. }
        | Command::Monitor { call_id, .. }
        | Command::TakeOver { call_id }
        | Command::Transfer { call_id, .. } => call_id.to_string(),
        Command::AgentLogOut { user_id }
        | Command::AgentReady { user_id }
        | Command::AgentPause { user_id, .. } => user_id.unwrap_or(caller.user_id).to_string(),
        Command::AgentMessage { user_id, .. } => user_id.to_string(),
        Command::SettleCallback { callback_id, .. } | Command::MoveCallback { callback_id, .. } => {
            callback_id.to_string()
        }
        _ => caller.user_id.to_string(),
    }
}

/// Does a command. Callers see to it that it is done to its end: `detached` over REST, a task each over the WebSocket.
pub(super) async fn execute(app: &App, caller: &Caller, command: Command) -> Result<Answer, Problem> {
    let command = match done_elsewhere(app, caller, command).await {
        Ok(done) => return done,
        Err(command) => command,
    };
    let name = command.name();
    let detail = serde_json::to_value(&command).unwrap_or_default();
    let target = target(caller, &command);
    audited(app, caller, name, &target, detail, async {
        let message = match command {
            Command::StartQueue { campaign_id, phone_number_id, review_after } => {
                caller.within(campaign_id)?;
                let permit = caller.permit::<RunQueue>()?;
                let campaign =
                    app.dialer.start_queue(&permit, campaign_id, phone_number_id, review_after).await?;
                format!("the queue of {} is started", campaign.name)
            }
            Command::StopQueue { campaign_id } => {
                caller.within(campaign_id)?;
                let permit = caller.permit::<RunQueue>()?;
                let campaign = app.dialer.stop_queue(&permit, campaign_id).await?;
                format!("the queue of {} is stopped; calls in flight go on", campaign.name)
            }
            Command::HangUp { call_id } => {
                caller.permit::<TakeCalls>()?;
                let call = app.store.call(&caller.organization_id, &call_id).await?;
                if call.is_none_or(|c| !caller.covers_call(c.row.campaign_id)) {
                    return Err(Problem::not_found(format!("call {call_id}")));
                }
                // Everybody may hang up their own.
                if app.dialer.agents().has(&caller.organization_id, caller.user_id, &call_id) {
                    app.dialer.end(&call_id);
                } else {
                    app.dialer.hang_up(&caller.permit::<SteerCalls>()?, &call_id).await?;
                }
                "the call is being hung up".to_owned()
            }
            Command::Monitor { call_id, mode, extension } => {
                super::monitoring::let_in(app, caller, &call_id, mode, &extension).await?
            }
            Command::StopMonitoring => {
                caller.permit::<SteerCalls>()?;
                app.dialer.stop_monitoring(caller.user_id)?;
                "you have left the call".to_owned()
            }
            Command::TakeOver { call_id } => super::monitoring::hand_over(app, caller, &call_id).await?,
            Command::Transfer { call_id, to, attended } => {
                super::monitoring::put_through(app, caller, &call_id, &to, attended).await?
            }
            Command::SettleCallback { callback_id, kept } => {
                let status = if kept { CallbackStatus::Done } else { CallbackStatus::Cancelled };
                super::callbacks::change(app, caller, callback_id, Some(status), None).await?
            }
            Command::MoveCallback { callback_id, due_at } => {
                super::callbacks::change(app, caller, callback_id, None, Some(due_at)).await?
            }
            Command::Pace { campaign_id, mode, maximum_level, drop_limit_percent, max_concurrent_calls } => {
                let (level, drop_limit) = (maximum_level, drop_limit_percent);
                let change = super::campaigns::Pace { mode, level, drop_limit, max_concurrent_calls };
                super::campaigns::pace(app, caller, campaign_id, change).await?
            }
            Command::ResetList { campaign_id, statuses } => {
                caller.permit::<EditCampaigns>()?;
                let count = super::contacts::reset_list(app, caller, campaign_id, statuses).await?;
                format!("{count} contacts are to be called again")
            }
            agents => super::seats::execute(app, caller, agents).await?,
        };
        Ok(Answer::Done { message })
    })
    .await
}

/// Answers a query.
pub(super) async fn answer(app: &App, caller: &Caller, query: Query) -> Result<Answer, Problem> {
    let permit = caller.permit::<Look>()?;
    let organization = permit.organization();
    match query {
        Query::History { filter } => {
            let (calls, next) = app.store.calls(organization, &filter, caller.campaigns.as_deref()).await?;
            Ok(Answer::History { calls, next, filter })
        }
        Query::Conversation { call_id } => {
            let call = app
                .store
                .call(organization, &call_id)
                .await?
                .filter(|call| caller.covers_call(call.row.campaign_id))
                .ok_or_else(|| Problem::not_found(format!("call {call_id}")))?;
            let exchanges = app.store.exchanges(&call_id).await?;
            Ok(Answer::Conversation { call: Box::new(call.row), exchanges })
        }
        Query::Choices { campaign_id } => super::seats::choices(app, caller, campaign_id).await,
        Query::Lead { contact_id } => super::leads::lead(app, caller, contact_id).await,
        Query::Callbacks => super::callbacks::rows(app, caller).await,
        Query::LeadSyncs => super::lead_syncs::lines(app, caller).await,
        Query::Dialpad { filter } => super::dialpad::picture(app, caller, &filter).await,
        Query::DialpadCall { id } => super::dialpad::call_lines(app, caller, &id).await,
        Query::Capabilities => super::connectors::capabilities(app, caller).await,
        Query::Why { phone } => super::leads::why(app, caller, &phone).await,
        Query::Knowledge { campaign_id } => super::leads::knowledge(app, caller, campaign_id).await,
        Query::Dashboard => Ok(Answer::Dashboard(Box::new(super::standing::day(app, caller).await?))),
        Query::Standing => Ok(Answer::Standing(Box::new(super::standing::now(app, caller).await?))),
        Query::Numbers => Ok(Answer::Numbers { numbers: super::numbers::rows(app, caller).await? }),
        Query::Connectors => {
            Ok(Answer::Connectors { connectors: super::connections::rows(app, caller).await? })
        }
        Query::Lessons { campaign_id } => {
            Ok(Answer::Lessons(Box::new(super::learning::lessons(app, caller, campaign_id).await?)))
        }
        Query::Script { campaign_id, contact_id } => {
            super::learning::script(app, caller, campaign_id, contact_id).await
        }
        Query::Estimate { campaign_id } => estimate(app, caller, campaign_id).await,
    }
}

/// What starting a campaign would cost.
pub(super) async fn estimate(app: &App, caller: &Caller, campaign: CampaignId) -> Result<Answer, Problem> {
    super::campaigns::find(app, caller, campaign).await?;
    let contacts = app.store.callable(campaign).await?;
    let (cost, basis) = app.settings.rates.estimate(contacts);
    Ok(Answer::Estimate {
        campaign_id: campaign,
        contacts,
        cost,
        currency: app.settings.rates.currency.clone(),
        basis,
    })
}

/// A target and its detail for the audit log.
pub(super) fn detail_of(fields: &[(&str, String)]) -> Value {
    fields.iter().fold(json!({}), |mut object, (name, value)| {
        object[*name] = json!(value);
        object
    })
}
