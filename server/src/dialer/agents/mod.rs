//! The agents who are logged in on this server: their states, their phones, and who gets whom.
//!
//! [`crate::domain::agent::Seat`] says what may follow what; this is the one place that holds seats. Changes are made
//! under a lock and written down in the order in which they were made, by one task ([`registrar`]).

mod matching;
mod phone;
mod registrar;
mod reserved;
mod staff;

pub use reserved::Reserved;
pub(super) use staff::Staff;

use super::pacers::Pacers;
use super::pacing::Seen;
use crate::domain::agent::{Due, LogIn, Pause, Seat};
use crate::storage::agents::SeatRow;
use crate::storage::{Journal, Store, StoreResult};
use crate::telephony::{LegId, Telephony};
use chrono::{DateTime, Utc};
use dialdeck_protocol::{
    AgentRow, AgentState, CallId, CampaignId, Code, ContactId, OrganizationId, PhoneKind, Problem, UserId,
};
use registrar::Registrar;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, broadcast, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

/// How often it is looked what time alone has brought about.
const TICK: Duration = Duration::from_millis(500);

/// An agent's phone as we have rung it.
#[derive(Clone)]
struct Phone {
    leg: LegId,
    /// Cancelled when it is gone.
    gone: CancellationToken,
    /// What is pressed on it.
    keys: broadcast::Sender<char>,
}

impl Phone {
    fn new() -> Self {
        Self { leg: LegId::new(), gone: CancellationToken::new(), keys: broadcast::Sender::new(8) }
    }
}

/// An agent's place: what they do, and their phone.
struct Place {
    seat: Seat,
    phone: Option<Phone>,
}

/// A person who waits for an agent.
struct Waiter {
    organization: OrganizationId,
    campaign: CampaignId,
    call: CallId,
    contact: ContactId,
    found: oneshot::Sender<Reserved>,
}

#[derive(Default)]
struct Room {
    places: BTreeMap<UserId, Place>,
    /// Who has waited longest comes first.
    waiting: Vec<Waiter>,
}

struct Inner {
    room: Mutex<Room>,
    registrar: Registrar,
    store: Arc<dyn Store>,
    telephony: Arc<dyn Telephony>,
    pacers: Pacers,
    owner: String,
    /// Told when an agent's place has changed.
    changed: Notify,
    /// Wrap-ups that have ended by themselves.
    defaults: mpsc::UnboundedSender<Ended>,
    /// Cancelled when phones are to be hung up: after the calls.
    phones: CancellationToken,
}

/// A wrap-up that has ended by itself: which call, whose, and what is to be set.
pub(super) type Ended = (OrganizationId, UserId, CallId, String);

/// All agents of this server. Cheap to clone.
#[derive(Clone)]
pub struct Agents(Arc<Inner>);

impl Agents {
    /// Of a server called `owner`. Wrap-ups that end by themselves come by the receiver.
    pub(super) fn start(
        store: Arc<dyn Store>,
        journal: Journal,
        telephony: Arc<dyn Telephony>,
        pacers: Pacers,
        owner: String,
        closing: CancellationToken,
    ) -> (Self, mpsc::UnboundedReceiver<Ended>) {
        let (defaults, ended) = mpsc::unbounded_channel();
        let agents = Self(Arc::new(Inner {
            room: Mutex::default(),
            registrar: Registrar::start(journal, closing.clone()),
            store,
            telephony,
            pacers,
            owner,
            changed: Notify::new(),
            defaults,
            phones: CancellationToken::new(),
        }));
        let ticking = agents.clone();
        tokio::spawn(async move {
            let mut tick = tokio::time::interval(TICK);
            loop {
                tokio::select! {
                    _ = tick.tick() => ticking.tick(Utc::now()),
                    () = closing.cancelled() => return,
                }
            }
        });
        (agents, ended)
    }

    /// Hangs all phones up.
    pub(super) fn close(&self) {
        self.0.phones.cancel();
    }

    fn lock(&self) -> MutexGuard<'_, Room> {
        self.0.room.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the places over that the last run left behind: nobody is put through before they go ready again.
    pub(super) async fn recover(&self) -> StoreResult<()> {
        for row in self.0.store.seats(&self.0.owner).await? {
            if let Ok(leg) = row.leg.parse::<LegId>()
                && let Err(error) = self.0.telephony.drop_agent(leg).await
            {
                tracing::debug!(%error, "an agent's phone of the last run was not hung up");
            }
            let seat = Seat::restored(row.organization_id, row.agent, row.version, Utc::now());
            let mut room = self.lock();
            let place = room.places.entry(seat.row.user_id).or_insert(Place { seat, phone: None });
            self.write(place, Utc::now());
        }
        Ok(())
    }

    /// Writes a place down, after those that were written before.
    fn write(&self, place: &mut Place, now: DateTime<Utc>) -> oneshot::Receiver<()> {
        place.seat.version = (place.seat.version + 1).max(now.timestamp_micros());
        let row = SeatRow {
            organization_id: place.seat.organization_id.clone(),
            agent: place.seat.row.clone(),
            version: place.seat.version,
            owner: self.0.owner.clone(),
            leg: place.phone.as_ref().map(|phone| phone.leg.to_string()).unwrap_or_default(),
        };
        self.0.changed.notify_one();
        self.0.registrar.write(row, now)
    }

    /// Waits until some agent's place has changed.
    pub(super) async fn changed(&self) {
        self.0.changed.notified().await;
    }

    /// Changes an agent's place; what it gives is said once the change is on disk.
    async fn change<T>(
        &self,
        organization: &OrganizationId,
        user: UserId,
        change: impl FnOnce(&mut Place, DateTime<Utc>) -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        let (given, written) = {
            let mut room = self.lock();
            let now = Utc::now();
            let place = room
                .places
                .get_mut(&user)
                .filter(|place| place.seat.organization_id == *organization)
                .ok_or_else(|| Problem::not_found("an agent who is logged in by this name"))?;
            let given = change(place, now)?;
            (given, self.write(place, now))
        };
        let _ = written.await;
        self.assign();
        Ok(given)
    }

    /// The same where nobody waits for the disk; gives whether there was anything to change.
    fn note(&self, user: UserId, change: impl FnOnce(&mut Place, DateTime<Utc>)) -> bool {
        let found = {
            let mut room = self.lock();
            let now = Utc::now();
            room.places.get_mut(&user).is_some_and(|place| {
                change(place, now);
                drop(self.write(place, now));
                true
            })
        };
        self.assign();
        found
    }

    /// Logs an agent in; somebody who is logged in already, on the same phone, goes on where they were.
    ///
    /// # Errors
    /// When they are logged in on another phone.
    pub async fn log_in(&self, who: LogIn) -> Result<AgentRow, Problem> {
        let (user, organization) = (who.user_id, who.organization_id.clone());
        let nailed_up = who.phone == PhoneKind::NailedUp;
        {
            let mut room = self.lock();
            if let Some(place) = room.places.get(&user) {
                let same = place.seat.row.extension == who.extension && place.seat.row.phone == who.phone;
                return if same && place.seat.organization_id == organization {
                    Ok(place.seat.row.clone())
                } else {
                    let message =
                        format!("logged in already, on {}; log out first", place.seat.row.extension);
                    Err(Problem::new(Code::Conflict, message))
                };
            }
            room.places.insert(user, Place { seat: Seat::new(who, Utc::now()), phone: None });
        }
        let row = self.change(&organization, user, |place, _| Ok(place.seat.row.clone())).await?;
        if nailed_up {
            self.ring(user);
        }
        Ok(row)
    }

    /// Logs an agent out. `force`: also where a disposition is due, which then stays open.
    ///
    /// # Errors
    /// When they are not logged in, or a call of theirs is under way or waits for its disposition.
    pub async fn log_out(
        &self,
        organization: &OrganizationId,
        user: UserId,
        force: bool,
    ) -> Result<AgentRow, Problem> {
        let (row, phone) = self
            .change(organization, user, |place, now| {
                let wrapping = matches!(place.seat.row.state, AgentState::WrapUp | AgentState::Dead);
                if force && wrapping {
                    place.seat.give_up(now);
                }
                if place.seat.row.state.is_busy() {
                    let message = "a call is under way, or waits for its disposition; end it first";
                    return Err(Problem::new(Code::Conflict, message));
                }
                place.seat.pause(Pause::default(), now);
                place.seat.row.state = AgentState::LoggedOut;
                place.seat.row.phone_up = false;
                Ok((place.seat.row.clone(), place.phone.take()))
            })
            .await?;
        self.lock().places.remove(&user);
        if let Some(phone) = phone {
            phone.gone.cancel();
            if let Err(error) = self.0.telephony.drop_agent(phone.leg).await {
                tracing::warn!(%error, "an agent's phone was not hung up");
            }
        }
        Ok(row)
    }

    /// Lets an agent take calls. A phone that is not there any more is rung again first.
    ///
    /// # Errors
    /// When a disposition is due, or the phone has to be picked up first.
    pub async fn ready(&self, organization: &OrganizationId, user: UserId) -> Result<AgentRow, Problem> {
        let missing = {
            let room = self.lock();
            let place = room.places.get(&user).filter(|p| p.seat.organization_id == *organization);
            place.is_some_and(|place| place.phone.is_none() && !place.seat.rings_per_call())
        };
        if missing {
            self.ring(user);
            let message = "the phone is rung once more; pick it up, then go ready";
            return Err(Problem::new(Code::Conflict, message));
        }
        self.change(organization, user, |place, now| {
            place.seat.ready(now)?;
            Ok(place.seat.row.clone())
        })
        .await
    }

    /// Lets an agent take no more calls, at once or after the one under way.
    ///
    /// # Errors
    /// When they are not logged in.
    pub async fn pause(
        &self,
        organization: &OrganizationId,
        user: UserId,
        pause: Pause,
    ) -> Result<AgentRow, Problem> {
        self.change(organization, user, |place, now| {
            place.seat.pause(pause, now);
            Ok(place.seat.row.clone())
        })
        .await
    }

    /// Somebody may not work as an agent any more, or not as before: after the call under way they are logged out.
    pub async fn dismiss(&self, organization: &OrganizationId, user: UserId) {
        if self.find(organization, user).is_none() {
            return;
        }
        if self.log_out(organization, user, true).await.is_err() {
            let _ = self.pause(organization, user, Pause::because("ENDED")).await;
        }
    }

    /// Gives an offered number back, and gives its contact, which may be offered again at once: `Dialer::skip` lets it rest.
    ///
    /// # Errors
    /// When nothing is offered.
    pub async fn skip(&self, organization: &OrganizationId, user: UserId) -> Result<ContactId, Problem> {
        self.change(organization, user, |place, now| {
            let contact = place.seat.row.contact_id.filter(|_| place.seat.row.offered);
            place.seat.skip(now);
            contact.ok_or_else(|| Problem::new(Code::Conflict, "no number is offered"))
        })
        .await
    }

    /// An agent as they are now.
    pub fn find(&self, organization: &OrganizationId, user: UserId) -> Option<AgentRow> {
        let room = self.lock();
        let place = room.places.get(&user).filter(|p| p.seat.organization_id == *organization)?;
        Some(place.seat.row.clone())
    }

    /// What came of a call was said, and is on disk.
    pub(super) fn disposed(&self, user: UserId, call: &CallId) {
        let pacers = self.0.pacers.clone();
        self.note(user, |place, now| {
            let row = &place.seat.row;
            let wrapping = matches!(row.state, AgentState::WrapUp | AgentState::Dead);
            if wrapping
                && row.call_id.as_ref() == Some(call)
                && let Some(campaign) = row.campaign_id
            {
                pacers.observe(campaign, Seen::WrappedUp((now - row.since).as_seconds_f64().max(0.0)));
            }
            place.seat.disposed(call, now);
        });
    }

    fn tick(&self, now: DateTime<Utc>) {
        let mut ended = Vec::new();
        let changed = {
            let mut room = self.lock();
            let mut changed = false;
            for place in room.places.values_mut() {
                let Some(due) = place.seat.tick(now) else { continue };
                changed = true;
                if let Due::Default(call, code) = due {
                    let organization = place.seat.organization_id.clone();
                    ended.push((organization, place.seat.row.user_id, call, code));
                }
                drop(self.write(place, now));
            }
            changed
        };
        for wrap_up in ended {
            let _ = self.0.defaults.send(wrap_up);
        }
        if changed {
            self.assign();
        }
    }
}
