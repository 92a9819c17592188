//! AI callers as remote agents of a VICIdial: its call comes in with the call code as the caller's name, an AI caller of a
//! campaign of ours talks, and VICIdial is told what came of it before anybody hangs up.

use crate::api::App;
use crate::connectors::vicidial::Connector;
use crate::connectors::vicidial::discretion::discreet;
use crate::connectors::vicidial::status;
use crate::connectors::vicidial::wire::{Class, LoggedInAgent};
use crate::domain::campaign::Campaign;
use crate::domain::contact::{Consent, Contact, NewContact};
use crate::domain::ending::far_future;
use crate::domain::plain;
use crate::settings::Vicidial;
use crate::storage::{Change, ImportMode};
use crate::telephony::adoption::{Adopted, Ending, Farewell, Inbound};
use async_trait::async_trait;
use chrono::Utc;
use dialdeck_protocol::{Code, OrganizationId, Outcome, Problem};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// Looks for the line that has the call: VICIdial writes it down at the moment it rings.
const LOOKS: u32 = 4;
const BETWEEN: Duration = Duration::from_millis(400);
/// How long all of that may take; the session waits a little longer.
const LOOKUP: Duration = Duration::from_secs(6);
/// Waits between tries to put a number onto VICIdial's do-not-call list.
const NEVER_AGAIN: [Duration; 4] =
    [Duration::from_secs(1), Duration::from_secs(10), Duration::from_mins(1), Duration::from_mins(5)];
/// The status of a call on which we may not talk, unless the settings say otherwise.
const HELD: &str = "AIHELD";

/// Answers until the telephony is gone.
pub async fn run(app: App, mut inbound: mpsc::Receiver<Inbound>) {
    while let Some(call) = inbound.recv().await {
        let app = app.clone();
        tokio::spawn(async move {
            if let Err(problem) = take(&app, call).await {
                let problem = discreet(&problem.message, &[]);
                tracing::warn!(problem, "a call of a VICIdial was not answered");
            }
        });
    }
}

/// Whether a caller's name is a call code of VICIdial's: a letter for its kind, and nineteen digits.
fn is_code(name: &str) -> bool {
    name.len() == 20
        && name.starts_with(['V', 'Y', 'M', 'J'])
        && name.bytes().skip(1).all(|b| b.is_ascii_digit())
}

async fn take(app: &App, inbound: Inbound) -> Result<(), Problem> {
    let Inbound { channel, from, code, number, taken } = inbound;
    let connector = app.vicidials.get(&from)?;
    if !is_code(&code) {
        let message = format!(
            "the caller's name {:?} is no call code; is the call VICIdial's, and does the trunk carry names?",
            plain::line(&code, 30)
        );
        return Err(Problem::field("calleridname", message));
    }
    // Beyond that the caller has been let go, and nobody is to be talked to any more.
    let until = tokio::time::Instant::now() + LOOKUP;
    let line = tokio::time::timeout_at(until, line(&connector, &code)).await;
    let line = line.unwrap_or_else(|_| LoggedInAgent {
        user: connector.settings.remote_agent.clone(),
        ..LoggedInAgent::default()
    });
    let lead = match tokio::time::timeout_at(until, lead(&connector, &code, line.lead_id)).await {
        Ok(lead) => lead,
        Err(_) => Err(Problem::new(Code::Unavailable, "VICIdial did not say in time whose call it is")),
    };
    let known = lead.as_ref().cloned().unwrap_or_default();
    let (user, lead_id) = (line.user, line.lead_id);
    let farewell = Arc::new(Bye { connector: connector.clone(), code, user, lead_id, lead: known });
    let admitted = match lead {
        Ok(lead) => admit(app, &connector, &lead, &number).await,
        Err(problem) => Err(problem),
    };
    match admitted {
        Ok((campaign, contact)) => {
            // Ours too: while it lives the call is kept, until VICIdial has been told that we do not talk.
            let adopted = Arc::new(Adopted::new(channel, farewell.clone(), taken));
            let result = app.dialer.take_in(&campaign, contact, adopted.clone()).await;
            if let Err(not) = &result {
                farewell.held(not.do_not_call).await;
            }
            result.map_err(|not| not.problem)
        }
        Err(problem) => {
            farewell.held(false).await;
            Err(problem)
        }
    }
}

/// The line of the remote agent that has this call; the settings' first user where VICIdial does not say.
async fn line(connector: &Connector, code: &str) -> LoggedInAgent {
    for look in 0..LOOKS {
        if look > 0 {
            tokio::time::sleep(BETWEEN).await;
        }
        let Ok(answer) = connector.ask("logged_in_agents", &[]).await else { continue };
        let rows: Vec<LoggedInAgent> = answer.table.records();
        if let Some(row) = rows.into_iter().find(|row| row.callerid == code) {
            return row;
        }
    }
    LoggedInAgent { user: connector.settings.remote_agent.clone(), ..LoggedInAgent::default() }
}

/// What VICIdial knows of the person, by the names of its columns.
async fn lead(connector: &Connector, code: &str, lead_id: i64) -> Result<BTreeMap<String, String>, Problem> {
    let told = if lead_id > 0 {
        connector.lead(&lead_id.to_string()).await
    } else {
        connector.ask("ccc_lead_info", &[("call_id", code)]).await
    };
    let answer = told.map_err(|trouble| trouble.problem(&connector.name))?;
    let row = answer.table.rows.into_iter().next().unwrap_or_default();
    Ok(answer.table.columns.into_iter().zip(row).collect())
}

/// The campaign whose AI callers talk, and the contact that the lead is in it.
async fn admit(
    app: &App,
    connector: &Connector,
    lead: &BTreeMap<String, String>,
    number: &str,
) -> Result<(Campaign, Contact), Problem> {
    let settings = &connector.settings;
    let organization = OrganizationId(settings.organization.clone());
    let campaigns = app.store.campaigns(&organization).await?;
    let campaign =
        campaigns.into_iter().find(|c| c.name == settings.campaign || c.id.to_string() == settings.campaign);
    let campaign = campaign.ok_or_else(|| {
        let message = format!(
            "there is no campaign {:?} here (vicidial.{}.campaign)",
            settings.campaign, connector.name
        );
        Problem::field("campaign", message)
    })?;
    let cell = |name: &str| lead.get(name).map(|value| plain::line(value, 200)).unwrap_or_default();
    let told = match cell("phone_number") {
        told if told.is_empty() => number.to_owned(),
        told => told,
    };
    app.dialer.takes_in(&campaign).await?;
    let phone = settings
        .number(&cell("phone_code"), &told, &app.settings.dialer.region)
        .map_err(|error| Problem::field("phone_number", error.to_string()))?;
    let find = || async {
        let all = app.store.contacts_of(&organization, phone.as_str()).await?;
        Ok::<_, Problem>(all.into_iter().find(|contact| contact.campaign_id == campaign.id))
    };
    if let Some(contact) = find().await? {
        return Ok((campaign, contact));
    }
    let consent = (!settings.consent_basis.is_empty()).then(|| Consent {
        basis: settings.consent_basis.clone(),
        at: None,
        source: format!("VICIdial {}", connector.name),
    });
    let person = NewContact {
        first_name: cell("first_name"),
        last_name: cell("last_name"),
        email: cell("email"),
        state: cell("state"),
        postal_code: cell("postal_code"),
        consent,
        ..NewContact::numbered(phone.clone())
    };
    add(app, &campaign, &[person]).await?;
    let contact = find().await?.ok_or_else(|| Problem::not_found("the contact that was just made"))?;
    // VICIdial dials this person; our own queue, should it ever run, does not.
    let never = Change::Postpone { contact_id: contact.id, until: far_future() };
    app.journal
        .commit(vec![never])
        .await
        .map_err(|error| Problem::new(Code::Unavailable, error.to_string()))?;
    Ok((campaign, contact))
}

/// Makes contacts of persons whom VICIdial knows.
///
/// # Errors
/// When the record cannot be written to.
pub(crate) async fn add(app: &App, campaign: &Campaign, persons: &[NewContact]) -> Result<(), Problem> {
    let mut import = app.store.import(campaign, ImportMode::Whole, Utc::now()).await?;
    import.add(persons, 1, 0).await?;
    import.finish().await?;
    Ok(())
}

/// What VICIdial is told at the end.
#[derive(Clone)]
struct Bye {
    connector: Arc<Connector>,
    code: String,
    /// The live line, which is not always the remote agent's first.
    user: String,
    lead_id: i64,
    /// What VICIdial knows of the person.
    lead: BTreeMap<String, String>,
}

impl Bye {
    async fn control(&self, stage: &str, status: &str, more: &[(&str, &str)]) {
        let mut args = vec![
            ("agent_user", self.user.as_str()),
            ("value", &self.code),
            ("stage", stage),
            ("status", status),
        ];
        args.extend(more);
        // The person waits while this is said: a few tries, and no more.
        for _ in 0..3 {
            match self.connector.ask("ra_call_control", &args).await {
                Ok(_) => return,
                Err(trouble) if trouble.class == Class::TooMany => tokio::time::sleep(BETWEEN).await,
                // What may have been done is not done again: a second transfer would take the person from whom they reached.
                Err(trouble) if trouble.class == Class::Unreachable => {}
                Err(trouble) if stage == "HANGUP" && trouble.class.may_pass() => {}
                Err(trouble) => {
                    tracing::warn!(%trouble, "VICIdial did not take what came of a call");
                    return;
                }
            }
        }
    }

    /// We may not talk on it; `never`: because the number is never to be called.
    async fn held(&self, never: bool) {
        let status = if never { "DNC" } else { HELD };
        self.control("HANGUP", status, &[]).await;
        if never {
            tokio::spawn(self.clone().never_again());
        }
    }

    /// The number, in whichever list or campaign, is not to be called by VICIdial either.
    async fn never_again(self) {
        let number = self.lead.get("phone_number").map_or("", String::as_str);
        let args = [("phone_number", number), ("campaign_id", "SYSTEM_INTERNAL")];
        if number.is_empty() {
            return;
        }
        // It is there once, however often it is asked for.
        for again in NEVER_AGAIN {
            match self.connector.ask("add_dnc_phone", &args).await {
                Ok(_) => return,
                Err(trouble) if trouble.class == Class::Duplicate => return,
                Err(trouble) => tracing::error!(
                    vicidial = self.connector.name,
                    lead = self.lead_id,
                    class = trouble.class.word(),
                    "VICIdial did not put a number onto its do-not-call list"
                ),
            }
            tokio::time::sleep(again).await;
        }
        tracing::error!(
            vicidial = self.connector.name,
            lead = self.lead_id,
            "put the number of this lead onto VICIdial's do-not-call list by hand"
        );
    }

    /// What was found out, onto the lead.
    async fn note(&self, summary: &str) {
        if self.lead_id <= 0 {
            return;
        }
        let before = self.lead.get("comments").map_or("", String::as_str);
        let fresh = plain::line(&format!("AI caller: {summary}"), 200);
        // What people wrote stays, as far as there is room.
        let kept = plain::line(before, 250 - fresh.chars().count());
        let comments = if kept.is_empty() { fresh } else { plain::line(&format!("{kept} | {fresh}"), 255) };
        let id = self.lead_id.to_string();
        let args = [("lead_id", id.as_str()), ("comments", &comments)];
        if let Err(trouble) = self.connector.ask("update_lead", &args).await {
            tracing::warn!(%trouble, "VICIdial did not take a note");
        }
    }
}

/// How a person is handed on: the stage of `ra_call_control`, and where to.
fn hand_on(settings: &Vicidial) -> Option<(&'static str, (&'static str, &str))> {
    let (ingroup, extension) = (settings.transfer_ingroup.as_str(), settings.transfer_extension.as_str());
    if !ingroup.is_empty() {
        Some(("INGROUPTRANSFER", ("ingroup_choices", ingroup)))
    } else if !extension.is_empty() {
        Some(("EXTENSIONTRANSFER", ("phone_number", extension)))
    } else {
        None
    }
}

#[async_trait]
impl Farewell for Bye {
    fn takes_over(&self) -> bool {
        hand_on(&self.connector.settings).is_some()
    }

    async fn say(&self, Ending { outcome, do_not_call, summary }: Ending<'_>) {
        let settings = &self.connector.settings;
        let do_not_call = do_not_call || outcome == Outcome::DoNotCall;
        let own = settings.statuses.get(outcome.as_str()).map(String::as_str);
        let status = own.unwrap_or_else(|| status::of_outcome(outcome));
        let status = if do_not_call { "DNC" } else { status };
        match hand_on(settings).filter(|_| outcome == Outcome::Transferred) {
            Some((stage, to)) => self.control(stage, status, &[to]).await,
            None => self.control("HANGUP", status, &[]).await,
        }
        if do_not_call {
            tokio::spawn(self.clone().never_again());
        }
        if !summary.is_empty() {
            self.note(summary).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{hand_on, is_code};
    use crate::settings::Vicidial;

    #[test]
    fn handed_on_to_an_ingroup_before_an_extension() {
        let mut settings = Vicidial::default();
        assert_eq!(hand_on(&settings), None);
        settings.transfer_extension = "8600100".into();
        assert_eq!(hand_on(&settings), Some(("EXTENSIONTRANSFER", ("phone_number", "8600100"))));
        settings.transfer_ingroup = "SALESLINE".into();
        assert_eq!(hand_on(&settings), Some(("INGROUPTRANSFER", ("ingroup_choices", "SALESLINE"))));
    }

    #[test]
    fn call_codes() {
        assert!(is_code("V1120230000000000002") && is_code("Y1120230000000000003"));
        assert!(
            !is_code("") && !is_code("Bob") && !is_code("V112023000000000000x") && !is_code("+12025550142")
        );
    }
}
