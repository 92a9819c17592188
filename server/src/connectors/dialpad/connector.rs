//! Dialpad with all that reaches it, and how it stands.

use super::client::{Client, Reread};
use super::wire::{Class, Trouble};
use crate::domain::dialpad::Zones;
use crate::domain::dialpad::leg::Facts;
use crate::settings::Dialpad;
use crate::storage::{Change, Journal, Store, StoreResult};
use chrono::{NaiveDate, TimeZone, Utc};
use dialdeck_protocol::OrganizationId;
use dialdeck_protocol::dialpad::Status;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

/// How often consoles are told at most.
const TELL: Duration = Duration::from_secs(1);

/// Dialpad.
pub struct Connector {
    /// How it is reached.
    pub settings: Dialpad,
    /// Whose calls these are.
    pub organization: OrganizationId,
    /// What asks it; nothing where there is no token.
    pub client: Option<Client>,
    /// The record.
    pub store: Arc<dyn Store>,
    /// Days that what was said is kept; 0: for ever.
    pub(super) transcripts_days: u32,
    /// How it stands.
    pub(super) status: watch::Sender<Status>,
    /// Wakes who pulls.
    pub(super) wake: Notify,
    /// From when on calls are wanted that were not before, in milliseconds of Unix time.
    pub(super) wanted: Mutex<Option<i64>>,
}

impl Connector {
    /// Makes what reaches it.
    ///
    /// # Errors
    /// When it cannot be reached as its settings say.
    pub fn new(
        settings: Dialpad,
        transcripts_days: u32,
        reread: Reread,
        store: Arc<dyn Store>,
    ) -> Result<Self, String> {
        let client = Client::new(&settings, reread)?;
        let status = Status { set_up: client.is_some(), ..Status::default() };
        Ok(Self {
            organization: OrganizationId(settings.organization.clone()),
            settings,
            transcripts_days,
            client,
            store,
            status: watch::Sender::new(status),
            wake: Notify::new(),
            wanted: Mutex::new(None),
        })
    }

    /// Who asks it.
    ///
    /// # Errors
    /// When there is no token.
    pub fn client(&self) -> Result<&Client, Trouble> {
        self.client.as_ref().ok_or_else(|| Trouble::new(Class::NotSetUp, "there is no token"))
    }

    /// How it stands.
    pub fn status(&self) -> Status {
        self.status.borrow().clone()
    }

    /// Says how it stands now.
    pub(super) fn note(&self, change: impl FnOnce(&mut Status)) {
        self.status.send_if_modified(|status| {
            let before = status.clone();
            change(status);
            *status != before
        });
    }

    /// Tells consoles how it stands, once a second at most, until the server stops.
    pub async fn tell(self: Arc<Self>, journal: Journal, closing: CancellationToken) {
        let mut changed = self.status.subscribe();
        let mut last = Status::default();
        loop {
            tokio::select! {
                result = changed.changed() => if result.is_err() { return },
                () = closing.cancelled() => return,
            }
            let status = changed.borrow_and_update().clone();
            // Counters alone are seen with the next look: whoever posts forgeries must not fill the record.
            let counted = Status { taken: last.taken, refused: last.refused, ..status.clone() };
            if counted == last {
                continue;
            }
            last.clone_from(&status);
            let told = Change::Dialpad {
                organization_id: self.organization.clone(),
                status: Box::new(status),
                at: Utc::now(),
            };
            if let Err(error) = journal.commit(vec![told]).await {
                tracing::warn!(%error, "it could not be told how it stands with Dialpad");
            }
            tokio::time::sleep(TELL).await;
        }
    }

    /// In which zones the departments' days begin and end.
    ///
    /// # Errors
    /// When the record cannot be asked.
    pub async fn zones(&self) -> StoreResult<Zones> {
        let marks = self.store.dialpad_marks(&self.organization).await?;
        Ok(self.settings.zones(marks.into_iter().map(|(id, mark)| (id, mark.told_zone))))
    }

    /// Today, where the first department is.
    ///
    /// # Errors
    /// When the record cannot be asked.
    pub async fn today(&self) -> StoreResult<NaiveDate> {
        Ok(Utc::now().with_timezone(&self.zones().await?.otherwise).date_naive())
    }

    /// Takes what was told of legs; tells whether any call is otherwise than before.
    ///
    /// # Errors
    /// When the record does not take it: nothing is stored then.
    pub async fn take(&self, legs: &[(i64, Facts)]) -> StoreResult<bool> {
        let zones = self.zones().await?;
        let changed = self.store.dialpad_take(&self.organization, legs, &zones, None).await?;
        if changed > 0 {
            self.store.dialpad_recount(&self.organization).await?;
            self.note(|status| status.serial += 1);
        }
        Ok(changed > 0)
    }

    /// Fetches now; from a day on where that is wanted.
    ///
    /// # Errors
    /// When there is no token, or the record cannot be asked.
    pub async fn pull(&self, from: Option<NaiveDate>) -> Result<(), dialdeck_protocol::Problem> {
        self.client().map_err(|trouble| trouble.problem())?;
        if self.settings.departments.is_empty() {
            let message = "Dialpad: there is no department; set DIALPAD_DEPARTMENT_ID";
            return Err(dialdeck_protocol::Problem::new(dialdeck_protocol::Code::Conflict, message));
        }
        if let Some(from) = from {
            let zone = self.zones().await?.otherwise;
            let midnight = from.and_time(chrono::NaiveTime::MIN);
            // Where the night has no midnight, its first hour does.
            let begins = zone.from_local_datetime(&midnight).earliest();
            let begins = begins.map_or_else(|| midnight.and_utc(), |begins| begins.to_utc());
            let mut wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
            *wanted = Some(begins.timestamp_millis());
        }
        self.wake.notify_one();
        Ok(())
    }
}
