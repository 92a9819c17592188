//! A telephony that does anything, quickly, and notes whatever should never have been asked of it.

use async_trait::async_trait;
use dialdeck_protocol::{CallId, PartState};
use dialdeck_server::telephony::{Condition, Ended, Leg, LegId, Place, PlaceError, Progress, Telephony};
use dialdeck_server::voice::media::{Frame, Media};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};

struct Line {
    phone: String,
    progress: mpsc::UnboundedSender<Progress>,
    /// The person's end of the media, while we have the other.
    ends: Option<(mpsc::Sender<Frame>, mpsc::Receiver<Frame>)>,
}

#[derive(Default)]
struct State {
    lines: HashMap<CallId, Line>,
    phones: HashMap<LegId, mpsc::UnboundedSender<Leg>>,
    /// Every call that was placed, and whom it called.
    placed: BTreeMap<CallId, String>,
    most: usize,
    wrong: Vec<String>,
}

/// The network. It outlives the server that crashes on it.
pub struct Network {
    state: Mutex<State>,
    rng: Mutex<StdRng>,
    condition: watch::Sender<Condition>,
    /// Where its own things happen.
    runtime: Handle,
    never: BTreeSet<String>,
}

impl Network {
    /// On which these numbers must never be called.
    pub fn new(seed: u64, never: BTreeSet<String>) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::default(),
            rng: Mutex::new(StdRng::seed_from_u64(seed)),
            condition: watch::Sender::new(Condition { state: PartState::Up, message: "anything".into() }),
            runtime: Handle::current(),
            never,
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn chance(&self, percent: u32) -> bool {
        self.rng.lock().unwrap().random_range(0..100) < percent
    }

    fn soon(&self, most: u64) -> Duration {
        Duration::from_millis(self.rng.lock().unwrap().random_range(0..=most))
    }

    /// What should never have happened, and what was called, and the most calls there were at once.
    pub fn account(&self) -> (Vec<String>, BTreeMap<CallId, String>, usize) {
        let state = self.state();
        (state.wrong.clone(), state.placed.clone(), state.most)
    }

    /// Calls that are on the line.
    pub fn busy(&self) -> usize {
        self.state().lines.len()
    }

    /// Some person hangs up.
    pub fn hang_up_somebody(&self) {
        let call = self.state().lines.keys().next().cloned();
        if let Some(call) = call {
            self.end(&call, true);
        }
    }

    /// Some agent's phone vanishes.
    pub fn cut_a_phone(&self) {
        let mut state = self.state();
        let leg = state.phones.keys().next().copied();
        if let Some(tell) = leg.and_then(|leg| state.phones.remove(&leg)) {
            let _ = tell.send(Leg::Gone("cut".into()));
        }
    }

    fn end(&self, call: &CallId, answered: bool) {
        if let Some(line) = self.state().lines.remove(call) {
            let dial_status = if answered { "ANSWER" } else { "NOANSWER" }.to_owned();
            let _ = line.progress.send(Progress::Ended(Ended { answered, dial_status, cause: 16 }));
        }
    }

    fn answer(&self, call: &CallId) {
        let (to_us, heard) = mpsc::channel(8);
        let (spoken, from_us) = mpsc::channel(2);
        if let Some(line) = self.state().lines.get_mut(call) {
            line.ends = Some((to_us, from_us));
            let _ = line.progress.send(Progress::Answered(Media::over(heard, spoken, true)));
        }
    }

    async fn live_through(self: Arc<Self>, call: CallId) {
        tokio::time::sleep(self.soon(30)).await;
        if self.chance(40) {
            return self.end(&call, false);
        }
        if let Some(line) = self.state().lines.get(&call) {
            let _ = line.progress.send(Progress::Ringing);
        }
        tokio::time::sleep(self.soon(30)).await;
        self.answer(&call);
        tokio::time::sleep(self.soon(200)).await;
        if self.chance(80) {
            self.end(&call, true);
        }
        // The others stay on the line until they are hung up.
    }
}

/// The network as a server has it.
pub struct Access(pub Arc<Network>);

#[async_trait]
impl Telephony for Access {
    fn describe(&self) -> String {
        "a network that does anything".into()
    }

    fn capabilities(&self) -> &'static [&'static str] {
        &["place", "hang_up", "converse", "agents"]
    }

    fn condition(&self) -> watch::Receiver<Condition> {
        self.0.condition.subscribe()
    }

    async fn place(&self, call: Place) -> Result<mpsc::UnboundedReceiver<Progress>, PlaceError> {
        let network = &self.0;
        if network.chance(5) {
            return Err(PlaceError::Unavailable("away".into()));
        }
        if network.chance(5) {
            return Err(PlaceError::Refused("no".into()));
        }
        let (progress, receiver) = mpsc::unbounded_channel();
        {
            let mut state = network.state();
            if network.never.contains(&call.to) {
                state.wrong.push(format!("{} must never be called", call.to));
            }
            if state.lines.values().any(|line| line.phone == call.to) {
                state.wrong.push(format!("{} is called twice at once", call.to));
            }
            if state.placed.insert(call.call_id.clone(), call.to.clone()).is_some() {
                state.wrong.push(format!("call {} is placed twice", call.call_id));
            }
            if call.ring < Duration::from_secs(15) {
                state.wrong.push(format!("rings for {:?}", call.ring));
            }
            state.lines.insert(call.call_id.clone(), Line { phone: call.to, progress, ends: None });
            state.most = state.most.max(state.lines.len());
        }
        network.runtime.spawn(network.clone().live_through(call.call_id));
        // The answer may be lost while the phone rings.
        if network.chance(5) { Err(PlaceError::Unknown("lost".into())) } else { Ok(receiver) }
    }

    async fn hang_up(&self, call: &CallId) -> Result<(), PlaceError> {
        self.0.end(call, true);
        Ok(())
    }

    async fn ring_agent(
        &self,
        leg: LegId,
        _: &str,
        _: Duration,
    ) -> Result<mpsc::UnboundedReceiver<Leg>, PlaceError> {
        let (tell, told) = mpsc::unbounded_channel();
        if self.0.chance(20) {
            let _ = tell.send(Leg::Gone("not picked up".into()));
        } else {
            let _ = tell.send(Leg::Up);
            self.0.state().phones.insert(leg, tell);
        }
        Ok(told)
    }

    async fn drop_agent(&self, leg: LegId) -> Result<(), PlaceError> {
        if let Some(tell) = self.0.state().phones.remove(&leg) {
            let _ = tell.send(Leg::Gone("hung up".into()));
        }
        Ok(())
    }

    async fn join(&self, call: &CallId, leg: LegId, media: Media) -> Result<(), PlaceError> {
        drop(media);
        let gone = self.0.chance(5);
        let mut state = self.0.state();
        if !state.phones.contains_key(&leg) || gone {
            return Err(PlaceError::Refused("the agent is not there".into()));
        }
        match state.lines.get_mut(call) {
            Some(line) => {
                line.ends = None;
                Ok(())
            }
            None => Err(PlaceError::Unavailable("the person is gone".into())),
        }
    }

    async fn take_back(&self, call: &CallId) -> Result<(), PlaceError> {
        self.0.answer(call);
        Ok(())
    }

    async fn live(&self) -> Result<Vec<CallId>, PlaceError> {
        Ok(self.0.state().lines.keys().cloned().collect())
    }
}
