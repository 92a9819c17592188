//! Supervisors in calls: their phone is rung, they listen, whisper or barge in, and leave when the call is over, they hang up, or
//! say so.

use super::Dialer;
use super::target::Target;
use crate::domain::caller::{Permit, SteerCalls};
use crate::storage::{CallKey, Change};
use crate::telephony::{Leg, LegId, Monitored};
use chrono::Utc;
use dialdeck_protocol::{CallId, CallStatus, Code, MonitorMode, Problem, UserId};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// How long a supervisor's phone is rung.
const RING: Duration = Duration::from_secs(30);
/// How often it is looked who has the call now.
const LOOK: Duration = Duration::from_millis(300);

struct Watch {
    call: CallId,
    /// The supervisor's phone, each time another.
    leg: LegId,
    mode: watch::Sender<MonitorMode>,
    stop: CancellationToken,
}

/// All who are in calls. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Monitors(Arc<Mutex<HashMap<UserId, Watch>>>);

impl Monitors {
    fn lock(&self) -> MutexGuard<'_, HashMap<UserId, Watch>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// This phone is in a call no more; whoever the supervisor is by now with another stays.
    fn forget(&self, user: UserId, leg: LegId) {
        let mut all = self.lock();
        if all.get(&user).is_some_and(|watch| watch.leg == leg) {
            all.remove(&user);
        }
    }
}

/// A supervisor's phone in one call.
struct Watching {
    dialer: Dialer,
    user: UserId,
    name: String,
    key: CallKey,
    leg: LegId,
    mode: watch::Receiver<MonitorMode>,
    stop: CancellationToken,
    /// Cancelled when the call is over.
    over: CancellationToken,
}

impl Dialer {
    /// Lets a supervisor into a call by their phone, or changes how they are in it.
    ///
    /// # Errors
    /// When the call is over, or their phone cannot be rung.
    pub async fn monitor(
        &self,
        permit: &Permit<SteerCalls>,
        call: &CallId,
        mode: MonitorMode,
        extension: &str,
    ) -> Result<String, Problem> {
        let (organization, user) = (permit.organization(), permit.caller().user_id);
        let known = self.0.tools.store.call(organization, call).await?;
        let row = known.ok_or_else(|| Problem::not_found(format!("call {call}")))?.row;
        let gone = || Problem::new(Code::Conflict, "nobody talks in this call at the moment");
        let over =
            self.0.live.over(call).filter(|_| row.status == CallStatus::InProgress).ok_or_else(gone)?;
        let campaign_id = row.campaign_id.ok_or_else(gone)?;
        if mode == MonitorMode::Whisper && self.0.live.leg_of(call).is_none() {
            let message = "an AI caller cannot be whispered to; listen, or barge in";
            return Err(Problem::new(Code::Conflict, message));
        }
        let (mode_told, mode_heard) = watch::channel(mode);
        let (stop, leg) = (CancellationToken::new(), LegId::new());
        {
            let mut all = self.0.monitors.lock();
            if let Some(watch) = all.get(&user).filter(|watch| watch.call == *call) {
                watch.mode.send_replace(mode);
                return Ok(format!("you {} now", verb(mode)));
            }
            let watch = Watch { call: call.clone(), leg, mode: mode_told, stop: stop.clone() };
            if let Some(before) = all.insert(user, watch) {
                before.stop.cancel();
            }
        }
        let told = match self.0.tools.telephony.ring_agent(leg, extension, RING).await {
            Ok(told) => told,
            Err(error) => {
                self.0.monitors.forget(user, leg);
                return Err(Problem::new(Code::Unavailable, format!("your phone cannot be rung: {error}")));
            }
        };
        let key = CallKey { call_id: call.clone(), campaign_id, organization_id: organization.clone() };
        let name = permit.caller().name.clone();
        let watching = Watching { dialer: self.clone(), user, name, key, leg, mode: mode_heard, stop, over };
        self.0.tasks.spawn(watching.run(told));
        Ok(format!("{extension} is being rung; pick it up to {}", verb(mode)))
    }

    /// A supervisor leaves the call that they are in.
    ///
    /// # Errors
    /// When they are in none.
    pub fn stop_monitoring(&self, user: UserId) -> Result<(), Problem> {
        let watch = self.0.monitors.lock().remove(&user);
        let watch = watch.ok_or_else(|| Problem::new(Code::Conflict, "you are in no call"))?;
        watch.stop.cancel();
        Ok(())
    }

    /// Takes a call over: from an AI caller, or from an agent. Whoever takes it is logged in as an agent.
    ///
    /// # Errors
    /// When nobody talks in it, or the supervisor has a call already or no phone.
    pub async fn take_over(&self, permit: &Permit<SteerCalls>, call: &CallId) -> Result<String, Problem> {
        let (organization, user) = (permit.organization(), permit.caller().user_id);
        let known = self.0.tools.store.call(organization, call).await?;
        let row = known.ok_or_else(|| Problem::not_found(format!("call {call}")))?;
        let gone = || Problem::new(Code::Conflict, "nobody talks in this call at the moment");
        if row.row.status != CallStatus::InProgress {
            return Err(gone());
        }
        let handing = self.0.live.hand(call)?;
        let (campaign, contact) = row.row.campaign_id.zip(row.contact_id).ok_or_else(gone)?;
        let which = super::placing::Reserve::This(user);
        let mut seat = self.0.agents.take(organization, campaign, call, contact, which)?;
        // A phone that is rung for each call is picked up first: the person goes on talking to whoever has them meanwhile.
        let phone = tokio::select! {
            phone = seat.phone() => phone,
            () = handing.over.cancelled() => return Err(gone()),
        };
        phone.map_err(|why| Problem::new(Code::Conflict, format!("your phone was not picked up: {why}")))?;
        if handing.over.is_cancelled() {
            return Err(gone());
        }
        // Who listened to it is in it now.
        let _ = self.stop_monitoring(user);
        if handing.give(Target::Agent(seat)).await { Ok("the call is yours".into()) } else { Err(gone()) }
    }
}

const fn verb(mode: MonitorMode) -> &'static str {
    match mode {
        MonitorMode::Listen => "listen",
        MonitorMode::Whisper => "whisper",
        MonitorMode::Barge => "join the call",
    }
}

impl Watching {
    async fn run(mut self, mut told: UnboundedReceiver<Leg>) {
        let up = tokio::select! {
            first = told.recv() => matches!(first, Some(Leg::Up)),
            () = self.stop.cancelled() => false,
            () = self.over.cancelled() => false,
        };
        if up {
            self.stay(&mut told).await;
            self.tell(None).await;
        }
        let telephony = &self.dialer.0.tools.telephony;
        for ended in [telephony.unmonitor(self.leg).await, telephony.drop_agent(self.leg).await] {
            if let Err(error) = ended {
                tracing::debug!(%error, "a supervisor's phone was not let go");
            }
        }
        self.dialer.0.monitors.forget(self.user, self.leg);
    }

    async fn stay(&mut self, told: &mut UnboundedReceiver<Leg>) {
        let mut look = tokio::time::interval(LOOK);
        let mut done: Option<(Option<LegId>, MonitorMode)> = None;
        loop {
            tokio::select! {
                // Picked up once; whatever comes after, but for keys, is its end.
                word = told.recv() => if !matches!(word, Some(Leg::Key(_))) { return },
                () = self.stop.cancelled() => return,
                () = self.over.cancelled() => return,
                changed = self.mode.changed() => if changed.is_err() { return },
                _ = look.tick() => {}
            }
            let wanted = (self.dialer.0.live.leg_of(&self.key.call_id), *self.mode.borrow_and_update());
            if done == Some(wanted) {
                continue;
            }
            let (agent, mode) = wanted;
            // Who whispered to an agent does not speak to a person because an AI caller has the call now.
            let mode =
                if agent.is_none() && mode == MonitorMode::Whisper { MonitorMode::Listen } else { mode };
            let target = Monitored { call: self.key.call_id.clone(), agent };
            match self.dialer.0.tools.telephony.monitor(self.leg, &target, mode).await {
                Ok(()) => {
                    done = Some(wanted);
                    self.tell(Some(mode)).await;
                }
                // Between two who have it nobody does: it is tried again with the next look.
                Err(error) => {
                    tracing::debug!(call = %self.key.call_id, %error, "a supervisor is not in the call yet");
                }
            }
        }
    }

    /// Writes down who is in the call, and how.
    async fn tell(&self, mode: Option<MonitorMode>) {
        let (key, by) = (self.key.clone(), self.name.clone());
        let change = Change::Monitored { key, by, mode, at: Utc::now() };
        if let Err(error) = self.dialer.0.tools.journal.commit(vec![change]).await {
            tracing::debug!(%error, "who is in a call was not written down");
        }
    }
}
