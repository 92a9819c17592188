//! A campaign whose calls another's agents take: one call for each of them who is free.

use super::{Driver, LOOK, Next, Placed, Reserve};
use crate::dialer::carried::CarriedBy;
use crate::dialer::placing::Placing;
use crate::dialer::taker::{taker, tier};
use crate::storage::{QueueRow, StoreResult};
use chrono::{Duration, Utc};
use dialdeck_protocol::{PartState, QueueState, Taker};

/// How often it is asked who is free.
const LOOKS: Duration = Duration::seconds(1);
/// The same while the carrier cannot be reached.
const AWAY: Duration = Duration::seconds(5);

impl Driver {
    /// Places one call, for an agent who is free there or, where a rule or the fallback says so, for an AI caller here.
    pub(super) async fn carried(&mut self, row: &QueueRow) -> StoreResult<Next> {
        let settings = self.campaign.call_settings.clone();
        let Some(wanted) = &settings.carrier else { return Ok(Next::Now) };
        let carrier = (self.dialer.0.tools.carriers)(&self.campaign.organization_id, &wanted.vicidial);
        let Some(carrier) = carrier else {
            let why = format!(
                "there is no VICIdial {:?} here; set it up, or choose another carrier",
                wanted.vicidial
            );
            self.say(QueueState::Paused, &why, None).await?;
            return Ok(Next::Never);
        };
        let Some(from) = self.from(row).await? else { return Ok(Next::Never) };
        let (mut moved, mut away) = (false, None);
        for contact in self.candidates(LOOK).await? {
            if self.stop.is_cancelled() {
                return Ok(Next::Never);
            }
            let who = match taker(&settings, &contact) {
                Taker::Person if away.is_some() && wanted.fallback_to_ai => Taker::Ai,
                who => who,
            };
            if who == Taker::Person && away.is_some() || who == Taker::Ai && !self.can_talk() {
                continue;
            }
            let Some(decision) = self.judged(&contact, who).await? else {
                moved = true;
                continue;
            };
            let placed = if who == Taker::Ai {
                self.begin(contact, &from, decision, Taker::Ai, Reserve::Nobody).await?
            } else {
                let agents = wanted.agents(tier(&settings, &contact));
                match carrier.book(&agents, &wanted.pause_code).await {
                    Err(why) => {
                        away = Some(why);
                        if !wanted.fallback_to_ai || !self.can_talk() {
                            continue;
                        }
                        // An artificial voice is another question to the law.
                        let Some(decision) = self.judged(&contact, Taker::Ai).await? else { continue };
                        self.begin(contact, &from, decision, Taker::Ai, Reserve::Nobody).await?
                    }
                    Ok(None) => Placed::NoAgent,
                    Ok(Some(booked)) => {
                        let placing = Placing {
                            campaign: &self.campaign,
                            from: from.clone(),
                            decision,
                            taker: Taker::Person,
                            reserve: Reserve::Nobody,
                            by_hand: false,
                            adopted: None,
                            carried: Some(CarriedBy { carrier: carrier.clone(), booked }),
                            contact: contact.clone(),
                        };
                        self.begun(contact.id, placing).await?
                    }
                }
            };
            match placed {
                Placed::Yes => {
                    self.say(QueueState::Running, "", Some(Utc::now())).await?;
                    return Ok(Next::Now);
                }
                Placed::NoLine => return Ok(Next::At(Utc::now() + LOOKS)),
                // Somebody of another tier may be free, or an AI caller.
                Placed::No | Placed::NoAgent => {}
            }
        }
        if moved && away.is_none() {
            return Ok(Next::At(Utc::now() + LOOKS));
        }
        let (why, pause) = match away {
            Some(why) => (why, AWAY),
            None => (format!("no agent of VICIdial {} is free", wanted.vicidial), LOOKS),
        };
        self.say(QueueState::Waiting, &why, None).await?;
        Ok(Next::At(Utc::now() + pause))
    }

    /// Whether an AI caller of ours could talk now.
    fn can_talk(&self) -> bool {
        let tools = &self.dialer.0.tools;
        tools.telephony.condition().borrow().state == PartState::Up && (tools.in_words || tools.sound.is_ok())
    }
}
