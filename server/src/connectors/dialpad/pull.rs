//! Fetches departments' calls page by page, each stored with the place where the next begins: whatever interrupts it, it goes
//! on from there.

use super::client::{Ask, Client};
use super::connector::Connector;
use super::wire::{self, Class, Trouble};
use crate::domain::dialpad::Zones;
use crate::domain::dialpad::leg::{Fact, Facts};
use crate::domain::dialpad::window::{Mark, Window};
use chrono::{DateTime, Utc};
use dialdeck_protocol::dialpad::Work;
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How often days are counted anew while pages come.
const RECOUNT: Duration = Duration::from_secs(2);
/// A cursor that Dialpad does not know any more: the window is begun anew, so often.
const ANEW: u32 = 1;

/// How long after its beginning a call is taken for over, where nothing is heard of its end.
const LOST: chrono::Duration = chrono::Duration::hours(24);

/// Why a round ended before it was through.
enum Stop {
    Dialpad(Trouble),
    Store(crate::storage::StoreError),
    Closing,
}

impl From<Trouble> for Stop {
    fn from(trouble: Trouble) -> Self {
        Self::Dialpad(trouble)
    }
}

impl From<crate::storage::StoreError> for Stop {
    fn from(error: crate::storage::StoreError) -> Self {
        Self::Store(error)
    }
}

fn moment(ms: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(ms).unwrap_or_default()
}

impl Connector {
    /// Fetches whenever it is time, or somebody asks, until the server stops.
    pub async fn keep_pulling(self: Arc<Self>, closing: CancellationToken) {
        let Some(client) = &self.client else { return };
        let ids = self.settings.department_ids();
        if ids.is_empty() {
            self.note(|status| status.trouble = "there is no department; set DIALPAD_DEPARTMENT_ID".into());
            return;
        }
        // What was shown before the server fell is shown again, and what was interrupted goes on.
        let mut due = self.begin().await || self.settings.pull_minutes > 0;
        loop {
            let mut left = false;
            if due {
                left = self.round(client, &ids, &closing).await;
            }
            let pause = match (left, self.settings.pull_minutes) {
                (true, _) => Duration::from_secs(1),
                (false, 0) => Duration::from_hours(24 * 365),
                (false, minutes) => Duration::from_mins(minutes),
            };
            tokio::select! {
                () = tokio::time::sleep(pause) => due = left || self.settings.pull_minutes > 0,
                () = self.wake.notified() => due = true,
                () = closing.cancelled() => return,
            }
        }
    }

    /// Looks who is on duty, again and again, until the server stops.
    pub async fn keep_duty(self: Arc<Self>, closing: CancellationToken) {
        let Some(client) = &self.client else { return };
        if self.settings.duty_seconds == 0 {
            return;
        }
        loop {
            tokio::select! {
                () = tokio::time::sleep(Duration::from_secs(self.settings.duty_seconds)) => {}
                () = closing.cancelled() => return,
            }
            for id in self.settings.department_ids() {
                if let Err(Stop::Dialpad(trouble)) = self.look_at_agents(client, id).await {
                    tracing::debug!(%trouble, "who is on duty at Dialpad cannot be seen");
                }
            }
        }
    }

    /// Takes up what the record holds. Tells whether something was interrupted.
    async fn begin(&self) -> bool {
        let _ = self.store.dialpad_recount(&self.organization).await;
        let marks = self.store.dialpad_marks(&self.organization).await.unwrap_or_default();
        let pulled = marks.iter().filter_map(|(_, mark)| mark.pulled_at).max();
        self.note(|status| status.pulled_at = pulled.map(moment));
        marks.iter().any(|(_, mark)| mark.window.is_some())
    }

    /// One round over all departments. Tells whether the page limit left something for the next.
    async fn round(&self, client: &Client, ids: &[i64], closing: &CancellationToken) -> bool {
        let mut pages = self.settings.page_limit;
        let mut trouble = String::new();
        let wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.note(|status| status.begun += 1);
        for id in ids {
            let result = tokio::select! {
                result = self.department(client, *id, wanted, &mut pages) => result,
                () = closing.cancelled() => Err(Stop::Closing),
            };
            let why = match result {
                Ok(()) => continue,
                Err(Stop::Dialpad(trouble)) => trouble.with_remedy(),
                Err(Stop::Store(error)) => error.to_string(),
                Err(Stop::Closing) => return false,
            };
            tracing::warn!(department = id, why, "Dialpad's calls cannot be fetched");
            trouble.clone_from(&why);
            self.excuse(*id, why).await;
        }
        if let Err(error) = self.give_up_lost_calls().await {
            tracing::warn!(%error, "calls of which nothing is heard cannot be closed");
        }
        let _ = self.store.dialpad_recount(&self.organization).await;
        let through = pages > 0 && trouble.is_empty();
        self.note(|status| {
            status.work = None;
            if pages > 0 {
                status.ended = status.begun;
            }
            status.trouble = trouble;
            status.serial += 1;
            if through {
                status.pulled_at = Some(Utc::now());
            }
        });
        pages == 0
    }

    /// Calls whose end was neither told nor listed do not go on for ever.
    async fn give_up_lost_calls(&self) -> crate::storage::StoreResult<()> {
        let before = (Utc::now() - LOST).timestamp_millis();
        let zones = self.zones().await?;
        self.store.dialpad_give_up(&self.organization, before, &zones).await.map(|_| ())
    }

    /// Notes why a department could not be read.
    async fn excuse(&self, id: i64, why: String) {
        if let Ok(mut mark) = self.mark(id).await {
            mark.trouble = why;
            let _ = self.store.dialpad_save_mark(&self.organization, id, &mark).await;
        }
    }

    async fn mark(&self, id: i64) -> Result<Mark, Stop> {
        let marks = self.store.dialpad_marks(&self.organization).await?;
        Ok(marks.into_iter().find(|(known, _)| *known == id).map(|(_, mark)| mark).unwrap_or_default())
    }

    /// All that is to be fetched of a department.
    async fn department(
        &self,
        client: &Client,
        id: i64,
        wanted: Option<i64>,
        pages: &mut u32,
    ) -> Result<(), Stop> {
        let begun = Utc::now().timestamp_millis();
        let mut mark = self.mark(id).await?;
        let days = i64::from(self.settings.days) * 86_400_000;
        if let Some(wanted) = wanted {
            mark.want_again(wanted);
        } else if mark.wanted == 0 {
            mark.wanted = begun - days;
        }
        self.store.dialpad_save_mark(&self.organization, id, &mark).await?;
        self.look_at_department(client, id, &mut mark).await?;
        self.look_at_agents(client, id).await?;
        self.store.dialpad_save_mark(&self.organization, id, &mark).await?;
        let overlap = i64::from(self.settings.overlap_hours) * 3_600_000;
        let zones = self.zones().await?;
        while *pages > 0 {
            let Some(window) = mark.next(begun, overlap) else {
                mark.pulled_at = Some(begun);
                mark.trouble = String::new();
                self.store.dialpad_save_mark(&self.organization, id, &mark).await?;
                return Ok(());
            };
            self.window(client, id, &mut mark, window, &zones, pages).await?;
        }
        Ok(())
    }

    /// Name and zone of a department. Days that began and ended otherwise before are counted anew.
    async fn look_at_department(&self, client: &Client, id: i64, mark: &mut Mark) -> Result<(), Stop> {
        let told = client.look(&Ask::get(format!("/departments/{id}"))).await?;
        let Some(department) = wire::department(&told) else {
            return Err(Trouble::new(Class::Unreadable, "it tells nothing of the department").into());
        };
        mark.name = if department.name.is_empty() { id.to_string() } else { department.name };
        mark.told_zone = department.zone;
        let mut told: Vec<(i64, String)> = self
            .store
            .dialpad_marks(&self.organization)
            .await?
            .into_iter()
            .map(|(id, mark)| (id, mark.told_zone))
            .collect();
        told.push((id, mark.told_zone.clone()));
        let zones = self.settings.zones(told);
        let zone = zones.of(id).name().to_owned();
        if mark.zone != zone {
            // First where new calls go, then those that are there: none comes in between.
            self.store.dialpad_save_mark(&self.organization, id, mark).await?;
            // Events may have brought calls before the zone was known.
            self.store.dialpad_move_days(&self.organization, id, &zones).await?;
            mark.zone = zone;
        }
        Ok(())
    }

    async fn look_at_agents(&self, client: &Client, id: i64) -> Result<(), Stop> {
        let told = client.look(&Ask::get(format!("/departments/{id}/operators"))).await?;
        let agents = wire::operators(&told, id);
        if self.store.dialpad_agents_seen(&self.organization, id, &agents).await? {
            self.note(|status| status.serial += 1);
        }
        Ok(())
    }

    /// One window, from where it was left to its end or the page limit.
    async fn window(
        &self,
        client: &Client,
        id: i64,
        mark: &mut Mark,
        mut window: Window,
        zones: &Zones,
        pages: &mut u32,
    ) -> Result<(), Stop> {
        let ours = self.settings.department_ids();
        let mut anew = 0;
        let mut counted = Instant::now();
        while *pages > 0 {
            let mut ask = Ask::get("/call")
                .with("target_id", id.to_string())
                .with("target_type", "department")
                // Whatever "after" and "before" mean of a moment itself.
                .with("started_after", window.from.saturating_sub(1).max(0).to_string())
                .with("started_before", window.to.saturating_add(1).to_string());
            if !window.cursor.is_empty() {
                ask = ask.with("cursor", &window.cursor);
            }
            let answer = match self.ask(client, &ask, &mark.name, &window).await {
                Err(trouble)
                    if trouble.class == Class::Invalid && !window.cursor.is_empty() && anew < ANEW =>
                {
                    anew += 1;
                    window = Window { cursor: String::new(), pages: 0, calls: 0, reached: None, ..window };
                    continue;
                }
                answer => answer?,
            };
            *pages -= 1;
            let now = Utc::now().timestamp_millis();
            let (items, next) = wire::page(&answer);
            let legs: Vec<(i64, Facts)> = items
                .iter()
                .filter_map(|item| wire::call(item, now, &ours, Some(id)))
                .map(concluded)
                .collect();
            let oldest = legs.iter().filter_map(|(id, facts)| facts.leg(*id).begun()).min();
            window.pages += 1;
            window.calls += i64::try_from(legs.len()).unwrap_or_default();
            window.reached = window.reached.into_iter().chain(oldest).min();
            // A cursor that leads nowhere would lead there for ever.
            let next = next.filter(|next| *next != window.cursor);
            let ended = next.is_none();
            window.cursor = next.unwrap_or_default();
            mark.window = Some(window.clone());
            if ended {
                mark.finish(&window);
            }
            let changed = self.store.dialpad_take(&self.organization, &legs, zones, Some((id, mark))).await?;
            if ended || counted.elapsed() > RECOUNT {
                let days = self.store.dialpad_recount(&self.organization).await?;
                counted = Instant::now();
                self.note(|status| status.serial += u64::from(changed > 0 || days > 0));
            }
            if ended {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Asks for a page, and says meanwhile what is waited for.
    async fn ask(
        &self,
        client: &Client,
        ask: &Ask,
        name: &str,
        window: &Window,
    ) -> Result<serde_json::Value, Trouble> {
        let mut waits = client.waits();
        let asked_at = Utc::now();
        let show = |waits: &str| {
            let work = Work {
                department: name.to_owned(),
                pages: window.pages,
                calls: window.calls,
                reached: window.reached.map(moment),
                from: moment(window.from),
                asked_at,
                waits: waits.to_owned(),
            };
            self.note(|status| status.work = Some(work));
        };
        show("");
        let mut answer = std::pin::pin!(client.look(ask));
        loop {
            tokio::select! {
                answer = &mut answer => return answer,
                Ok(()) = waits.changed() => {
                    let text = waits.borrow_and_update().clone();
                    show(&text);
                }
            }
        }
    }
}

/// Only calls that are over are listed: one without an end is over all the same.
fn concluded((id, mut facts): (i64, Facts)) -> (i64, Facts) {
    if !facts.leg(id).is_over() {
        facts.tell(Fact::State, Some(serde_json::json!("hangup")), Utc::now().timestamp_millis());
    }
    (id, facts)
}
