//! A VICIdial's agents take the calls of a campaign here: `external_dial` for one of them, who is followed until they have said
//! what came of it.

use super::Connector;
use super::status;
use super::wire::{LoggedInAgent, Trouble};
use crate::domain::phone::Phone;
use crate::telephony::carrier::{Booked, Carried, Carrier};
use async_trait::async_trait;
use chrono::Utc;
use dialdeck_protocol::Outcome;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// How often all agents are looked at together, however many calls there are.
const LOOK: Duration = Duration::from_secs(1);
/// How long an agent's screen has to take a dial: it asks about once a second.
const TAKEN: Duration = Duration::from_secs(8);
/// How long an agent may take to say what came of a call.
const DISPOSED: Duration = Duration::from_mins(10);
/// How long nobody is dialled for after VICIdial refused.
const REFUSED: Duration = Duration::from_secs(30);
/// How old the last look at the agents may be for what it shows to count.
const SEEN: Duration = Duration::from_secs(4);
/// How long VICIdial may be out of reach before a call is given up.
const LOST: Duration = Duration::from_mins(2);

/// What was last seen of all agents.
#[derive(Default)]
struct Seen {
    at: Option<Instant>,
    agents: Vec<LoggedInAgent>,
}

/// A VICIdial as a carrier. Cheap to clone.
#[derive(Clone)]
pub struct VicidialCarrier {
    connector: Arc<Connector>,
    taken: Arc<Mutex<BTreeSet<String>>>,
    seen: Arc<tokio::sync::Mutex<Seen>>,
    /// When VICIdial last refused to dial, and why: asked again only after a while.
    refused: Arc<Mutex<Option<(Instant, String)>>>,
}

/// Keeps others from taking an agent.
struct Held {
    taken: Arc<Mutex<BTreeSet<String>>>,
    agent: String,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.agent);
    }
}

impl VicidialCarrier {
    /// The agents of this VICIdial.
    pub fn new(connector: Arc<Connector>) -> Self {
        Self { connector, taken: Arc::default(), seen: Arc::default(), refused: Arc::default() }
    }

    /// Whether these are the agents of this one.
    pub fn is_of(&self, connector: &Arc<Connector>) -> bool {
        Arc::ptr_eq(&self.connector, connector)
    }

    /// All agents, asked for once a second at most.
    async fn agents(&self) -> Result<Vec<LoggedInAgent>, Trouble> {
        let mut seen = self.seen.lock().await;
        if seen.at.is_none_or(|at| at.elapsed() >= LOOK) {
            let answer = self.connector.ask("logged_in_agents", &[("show_sub_status", "YES")]).await?;
            *seen = Seen { at: Some(Instant::now()), agents: answer.table.records() };
        }
        Ok(seen.agents.clone())
    }

    /// Whether a lead has this number.
    async fn is_for(&self, lead: i64, number: &str) -> bool {
        let told = self.connector.lead(&lead.to_string()).await;
        told.is_ok_and(|told| told.field("phone_number").is_some_and(|known| known.ends_with(number)))
    }

    /// What the agent said came of it, by the lead's status.
    async fn disposition(&self, lead: i64) -> Option<String> {
        let answer = self.connector.lead(&lead.to_string()).await.ok()?;
        answer.field("status").map(str::to_owned)
    }
}

/// Where a call is.
#[derive(Debug, Default)]
struct Following {
    lead: i64,
    rang: bool,
    answered: bool,
    /// Since when the talk is over, and the agent has not said what came of it.
    over: Option<(Instant, chrono::DateTime<Utc>)>,
}

impl Following {
    /// Takes what an agent's row shows; what is to be told, and whether the agent is done with it.
    fn see(&mut self, row: Option<&LoggedInAgent>) -> (Vec<Carried>, bool) {
        let mut told = Vec::new();
        let busy = row.filter(|row| row.lead_id > 0 && (self.lead == 0 || row.lead_id == self.lead));
        let Some(row) = busy else {
            if self.lead > 0 {
                self.over.get_or_insert_with(|| (Instant::now(), Utc::now()));
            }
            return (told, self.lead > 0);
        };
        self.lead = row.lead_id;
        let talks =
            row.status == "INCALL" && !matches!(row.sub_status.as_str(), "DIAL" | "RING" | "DEAD" | "DISPO");
        if talks && !self.answered {
            self.answered = true;
            told.push(Carried::Answered);
        } else if row.status == "INCALL" && !talks && !self.answered && !self.rang && row.sub_status != "DEAD"
        {
            self.rang = true;
            told.push(Carried::Ringing);
        }
        if self.over.is_none()
            && (row.status != "INCALL" || matches!(row.sub_status.as_str(), "DEAD" | "DISPO"))
        {
            self.over = Some((Instant::now(), Utc::now()));
        }
        (told, self.over.is_some_and(|(since, _)| since.elapsed() >= DISPOSED))
    }
}

impl VicidialCarrier {
    async fn follow(
        self,
        agent: String,
        to: Phone,
        ring: Duration,
        end: CancellationToken,
        tell: mpsc::UnboundedSender<Carried>,
    ) {
        let (code, number) = to.country_and_national();
        let args = [
            ("agent_user", agent.as_str()),
            ("value", &number),
            ("phone_code", &code),
            ("search", "YES"),
            ("preview", "NO"),
            ("focus", "YES"),
        ];
        // Where no answer came it may have been queued all the same: the agent's row tells.
        if let Err(trouble) = self.connector.ask("external_dial", &args).await
            && !trouble.class.may_pass()
        {
            let why = format!("VICIdial {} did not dial: {}", self.connector.name, trouble.class.word());
            *self.refused.lock().unwrap_or_else(PoisonError::into_inner) =
                Some((Instant::now(), why.clone()));
            let _ = tell.send(Carried::NotPlaced(why));
            return;
        }
        let (asked, mut known, mut hung_up) = (Instant::now(), Instant::now(), false);
        let mut call = Following::default();
        let done = loop {
            tokio::time::sleep(LOOK).await;
            match self.agents().await {
                Ok(agents) => {
                    known = Instant::now();
                    let row = agents.iter().find(|row| row.user == agent);
                    // Another call that the agent has meanwhile is not ours to follow, or to end.
                    let row = match row.filter(|row| row.lead_id > 0 && call.lead == 0) {
                        Some(fresh) if !self.is_for(fresh.lead_id, &number).await => None,
                        _ => row,
                    };
                    let (told, done) = call.see(row);
                    for one in told {
                        let _ = tell.send(one);
                    }
                    if done {
                        break true;
                    }
                }
                Err(_) if known.elapsed() >= LOST => break false,
                Err(_) => {}
            }
            // Only who is seen not to have taken it has not: unseen, they may be talking.
            if call.lead == 0 && asked.elapsed() >= TAKEN && known.elapsed() < SEEN {
                break false;
            }
            let unanswered = !call.answered && asked.elapsed() >= ring + TAKEN;
            if call.lead > 0 && !hung_up && call.over.is_none() && (end.is_cancelled() || unanswered) {
                hung_up = self
                    .connector
                    .ask("external_hangup", &[("agent_user", &agent), ("value", "1")])
                    .await
                    .is_ok();
            }
        };
        let at = call.over.map_or_else(Utc::now, |(_, at)| at);
        let said = if done { self.disposition(call.lead).await } else { None };
        let (outcome, detail) = match (said, call.lead) {
            (_, 0) if known.elapsed() < SEEN => {
                (Outcome::Error, format!("no agent screen took it ({agent})"))
            }
            // What is no usual status may mean anything: nobody is called again because of it.
            (Some(said), _) => (
                status::outcome(&said).unwrap_or(Outcome::Transferred),
                format!("VICIdial's agent {agent} said {said}"),
            ),
            (None, _) => {
                (Outcome::Transferred, format!("VICIdial's agent {agent} had it, and nothing more was heard"))
            }
        };
        let _ = tell.send(Carried::Ended { outcome, detail, at });
    }
}

#[async_trait]
impl Carrier for VicidialCarrier {
    fn name(&self) -> String {
        format!("vicidial/{}", self.connector.name)
    }

    async fn book(&self, agents: &[String], pause_code: &str) -> Result<Option<Booked>, String> {
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, why)) = refused.filter(|(at, _)| at.elapsed() < REFUSED) {
            return Err(why);
        }
        let rows = self.agents().await.map_err(|trouble| {
            format!("VICIdial {} does not say who is free: {}", self.connector.name, trouble.class.word())
        })?;
        let free = |row: &&LoggedInAgent| {
            agents.contains(&row.user)
                && row.status == "PAUSED"
                && row.lead_id == 0
                && row.pause_code.eq_ignore_ascii_case(pause_code)
        };
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(row) = rows.iter().filter(free).find(|row| !taken.contains(&row.user)) else {
            return Ok(None);
        };
        taken.insert(row.user.clone());
        let held = Held { taken: self.taken.clone(), agent: row.user.clone() };
        Ok(Some(Booked::new(row.user.clone(), held)))
    }

    fn dial(
        &self,
        agent: &str,
        to: &str,
        ring: Duration,
        end: CancellationToken,
    ) -> mpsc::UnboundedReceiver<Carried> {
        let (tell, told) = mpsc::unbounded_channel();
        match Phone::from_e164(to) {
            Some(to) => drop(tokio::spawn(self.clone().follow(agent.to_owned(), to, ring, end, tell))),
            None => drop(tell.send(Carried::NotPlaced("the number cannot be read".into()))),
        }
        told
    }
}

#[cfg(test)]
mod tests {
    use super::{Carried, Following};
    use crate::connectors::vicidial::wire::LoggedInAgent;

    fn row(status: &str, sub_status: &str, lead_id: i64) -> LoggedInAgent {
        LoggedInAgent {
            status: status.into(),
            sub_status: sub_status.into(),
            lead_id,
            ..LoggedInAgent::default()
        }
    }

    #[test]
    fn a_call_from_the_dial_to_the_disposition() {
        let mut call = Following::default();
        assert_eq!(call.see(Some(&row("PAUSED", "", 0))), (Vec::new(), false));
        assert_eq!(call.see(Some(&row("INCALL", "DIAL", 7))), (vec![Carried::Ringing], false));
        assert_eq!(call.see(Some(&row("INCALL", "", 7))), (vec![Carried::Answered], false));
        assert_eq!(call.see(Some(&row("INCALL", "DEAD", 7))), (Vec::new(), false));
        assert!(call.over.is_some());
        assert_eq!(call.see(Some(&row("PAUSED", "DISPO", 7))), (Vec::new(), false));
        assert_eq!(call.see(Some(&row("PAUSED", "", 0))), (Vec::new(), true));
    }

    #[test]
    fn the_next_lead_or_a_log_out_ends_it() {
        for after in [Some(row("INCALL", "", 8)), None] {
            let mut call = Following::default();
            call.see(Some(&row("INCALL", "", 7)));
            assert_eq!(call.see(after.as_ref()), (Vec::new(), true));
        }
    }
}
