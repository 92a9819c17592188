//! All VICIdials by their names: those of the settings, and those that were set up while the server runs.

use super::Connector;
use super::client::Reread;
use super::floor::Picture;
use super::wirelog::WireLog;
use crate::settings::Vicidial;
use dialdeck_protocol::{Code, OrganizationId, Problem};
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Gives the settings of the VICIdial of a name as they are now.
pub type RereadByName = Arc<dyn Fn(&str) -> Option<Vicidial> + Send + Sync>;

type ByName = BTreeMap<String, Arc<Connector>>;

/// All VICIdials. Cheap to clone: clones see what is set up later, but for those of one organization (`of`).
#[derive(Clone)]
pub struct Vicidials {
    all: Arc<RwLock<ByName>>,
    /// Counts what was set up or taken away.
    changed: watch::Sender<u64>,
    /// What was said to them.
    pub log: WireLog,
    stop: CancellationToken,
}

impl Vicidials {
    /// Makes what reaches each of those in the settings. `reread` gives a VICIdial's settings as they are now.
    ///
    /// # Errors
    /// Which one cannot be reached as its settings say, and why.
    pub fn start(
        settings: &BTreeMap<String, Vicidial>,
        reread: &RereadByName,
        stop: &CancellationToken,
    ) -> Result<Self, String> {
        let all = Self {
            all: Arc::default(),
            changed: watch::Sender::new(0),
            log: WireLog::default(),
            stop: stop.clone(),
        };
        for (name, settings) in settings {
            let (own, reread) = (name.clone(), reread.clone());
            all.put(name, settings, Arc::new(move || reread(&own)))?;
        }
        Ok(all)
    }

    fn read(&self) -> ByName {
        self.all.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn put(&self, name: &str, settings: &Vicidial, reread: Reread) -> Result<Arc<Connector>, String> {
        let connector = Connector::start(name, settings, reread, self.log.clone(), self.stop.child_token())?;
        let connector = Arc::new(connector);
        let before = self
            .all
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(name.to_owned(), connector.clone());
        if let Some(before) = before {
            before.stop.cancel();
        }
        self.changed.send_modify(|count| *count += 1);
        Ok(connector)
    }

    /// Sets one up, or in the place of the one of that name.
    ///
    /// # Errors
    /// When it cannot be reached as its settings say, and why.
    pub fn set_up(&self, name: &str, settings: &Vicidial) -> Result<Arc<Connector>, String> {
        let same = settings.clone();
        self.put(name, settings, Arc::new(move || Some(same.clone())))
    }

    /// Takes one away.
    pub fn take_away(&self, name: &str) {
        let before = self.all.write().unwrap_or_else(PoisonError::into_inner).remove(name);
        if let Some(before) = before {
            before.stop.cancel();
        }
        self.changed.send_modify(|count| *count += 1);
    }

    /// Told when one was set up or taken away.
    pub fn changed(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// The one of this name; without a name the only one, or the one called main.
    ///
    /// # Errors
    /// Which there are.
    pub fn get(&self, name: &str) -> Result<Arc<Connector>, Problem> {
        let all = self.read();
        let names = || all.keys().cloned().collect::<Vec<_>>().join(", ");
        if all.is_empty() {
            let message = "no VICIdial is connected; set one up in the console (4, then N), or set VICI_API_URL, VICI_API_USER and VICI_API_PASS, or [vicidial.main] in the settings (docs/VICIDIAL.md)";
            return Err(Problem::new(Code::NotFound, message));
        }
        let found = match name {
            "" if all.len() == 1 => all.values().next(),
            "" => all.get("main"),
            name => all.get(name),
        };
        found.cloned().ok_or_else(|| match name {
            "" => Problem::field("vicidial", format!("say which VICIdial: {}", names())),
            name => {
                Problem::field("vicidial", format!("there is no VICIdial {name:?}; there is {}", names()))
            }
        })
    }

    /// Those of one organization, as they are now.
    #[must_use]
    pub fn of(&self, organization: &OrganizationId) -> Self {
        let mut all = self.read();
        all.retain(|_, connector| connector.settings.organization == organization.0);
        Self { all: Arc::new(RwLock::new(all)), ..self.clone() }
    }

    /// All of them, by name.
    pub fn all(&self) -> impl Iterator<Item = Arc<Connector>> + use<> {
        self.read().into_values()
    }

    /// Pictures of all floors as they come.
    pub fn look(&self) -> Vec<watch::Receiver<Arc<Picture>>> {
        self.all().map(|connector| connector.floor.look()).collect()
    }
}
