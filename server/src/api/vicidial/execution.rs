//! A function of a VICIdial, called: permitted, lawful, done, told, and written into the audit log.

use super::law::lawful;
use crate::api::{App, commands};
use crate::connectors::vicidial::action::{Args, Request};
use crate::connectors::vicidial::confirm::Seen;
use crate::connectors::vicidial::{Connector, wire};
use crate::domain::caller::{Caller, SetUpVicidial, SteerVicidial};
use crate::storage::Change;
use crate::storage::change::VicidialDeed;
use chrono::Utc;
use dialdeck_protocol::function::{Effect, Function, Least};
use dialdeck_protocol::vicidial::{Progress, VicidialAnswer};
use dialdeck_protocol::{Answer, Problem};
use serde_json::json;
use std::sync::Arc;

/// Who may call a function; all of them concern the whole organization.
fn may(caller: &Caller, function: &Function) -> Result<(), Problem> {
    caller.everywhere()?;
    match function.least {
        Least::Supervisor => caller.permit::<SteerVicidial>().map(|_| ()),
        Least::Admin => caller.permit::<SetUpVicidial>().map(|_| ()),
    }
}

/// Calls a function: permitted, lawful, done, and written into the audit log.
pub(in crate::api) async fn execute(
    app: &App,
    caller: &Caller,
    vicidial: &str,
    name: &str,
    args: Args,
    wait: bool,
) -> Result<Answer, Problem> {
    caller.everywhere()?;
    let known = dialdeck_protocol::vicidial::function(name);
    if let Some(function) = known {
        may(caller, function)?;
    } else {
        caller.permit::<SteerVicidial>()?;
    }
    let connector = app.vicidials.of(&caller.organization_id).get(vicidial)?;
    let request = connector.prepare(name, args)?;
    may(caller, request.function)?;
    let decision = lawful(app, caller, &connector, &request).await?;
    let command = format!("vicidial.{}", request.function.name);
    let mut detail = json!({ "vicidial": connector.name, "args": request.shown() });
    if !decision.is_null() {
        detail["decision"] = decision;
    }
    let answer = commands::audited(app, caller, &command, request.target(), detail, async {
        call(app, caller, &connector, &request, name, wait).await
    })
    .await?;
    Ok(Answer::Vicidial(Box::new(answer)))
}

async fn call(
    app: &App,
    caller: &Caller,
    connector: &Arc<Connector>,
    request: &Request,
    asked: &str,
    wait: bool,
) -> Result<VicidialAnswer, Problem> {
    let before = connector.before(request).await;
    let result = connector.call(request).await;
    let (mut answer, mut progress) = result.map_err(|trouble| trouble.problem(&connector.name))?;
    if asked == "campaign_info" {
        add_hopper(connector, request, &mut answer).await;
    }
    if progress == Progress::Sent && wait {
        progress = finished(app, caller, connector, request, &answer, before).await;
    } else if progress == Progress::Sent {
        deed(app, caller, connector, request, progress).await;
        let (app, caller, connector) = (app.clone(), caller.clone(), connector.clone());
        let (request, answer) = (request.clone(), answer.clone());
        tokio::spawn(async move {
            finished(&app, &caller, &connector, &request, &answer, before).await;
        });
    } else if request.function.effect != Effect::Reads {
        deed(app, caller, connector, request, progress).await;
    }
    Ok(connector.told(request, &answer, progress))
}

/// Waits until an agent's screen took it, tells, and does what follows.
async fn finished(
    app: &App,
    caller: &Caller,
    connector: &Connector,
    request: &Request,
    answer: &wire::Answer,
    before: Option<Seen>,
) -> Progress {
    let progress = connector.confirmed(request, answer, before.as_ref()).await;
    deed(app, caller, connector, request, progress).await;
    let Some(then) = request.then.as_deref().filter(|_| progress == Progress::Done) else { return progress };
    let before = connector.before(then).await;
    let then_progress = match connector.call(then).await {
        Ok((answer, _)) => connector.confirmed(then, &answer, before.as_ref()).await,
        Err(trouble) => {
            tracing::warn!(function = then.function.name, %trouble, "what was to follow was refused");
            Progress::NotTaken
        }
    };
    deed(app, caller, connector, then, then_progress).await;
    then_progress
}

/// Tells consoles how far a change got.
async fn deed(app: &App, caller: &Caller, connector: &Connector, request: &Request, progress: Progress) {
    let deed = VicidialDeed {
        organization_id: caller.organization_id.clone(),
        vicidial: connector.name.clone(),
        function: request.function.name.to_owned(),
        target: request.target().to_owned(),
        progress,
        by: caller.name.clone(),
        at: Utc::now(),
    };
    if let Err(error) = app.journal.commit(vec![Change::Vicidial(Box::new(deed))]).await {
        tracing::error!(function = request.function.name, %error, "what came of a VICIdial action could not be told");
    }
}

/// `campaign_info`: the one campaign, with how many leads its hopper holds.
async fn add_hopper(connector: &Connector, request: &Request, answer: &mut wire::Answer) {
    let campaign = request.arg("campaign_id");
    let at = answer.table.columns.iter().position(|name| name == "campaign_id").unwrap_or(0);
    answer.table.rows.retain(|row| row.get(at).is_some_and(|cell| cell == campaign));
    match connector.ask("hopper_list", &[("campaign_id", campaign)]).await {
        Ok(hopper) => {
            answer.table.columns.push("hopper".into());
            let count = hopper.table.rows.len().to_string();
            answer.table.rows.iter_mut().for_each(|row| row.push(count.clone()));
        }
        Err(trouble) => answer.notices.push(format!("the hopper cannot be read: {}", trouble.message)),
    }
}
