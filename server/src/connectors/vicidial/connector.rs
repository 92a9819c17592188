//! One VICIdial with all that reaches it.

use super::action::{Args, Request, request};
use super::client::{Client, Reread};
use super::confirm;
use super::database::Database;
use super::floor::Watch;
use super::insert;
use super::wire::{Answer, Class, Trouble};
use super::wirelog::WireLog;
use crate::settings::Vicidial;
use dialdeck_protocol::Problem;
use dialdeck_protocol::function::Effect;
use dialdeck_protocol::vicidial::{Progress, VicidialAnswer};
use std::sync::Arc;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

/// One VICIdial.
pub struct Connector {
    /// Its name in the settings.
    pub name: String,
    /// How it is reached.
    pub settings: Vicidial,
    /// Its HTTP APIs, where there are any.
    pub client: Option<Arc<Client>>,
    /// Its floor.
    pub floor: Watch,
    /// Another connection to the database, for single questions.
    database: Option<Mutex<Database>>,
    /// Cancelled when it is gone, or another has taken its place.
    pub stop: CancellationToken,
}

impl Connector {
    /// Makes what reaches it.
    ///
    /// # Errors
    /// When it cannot be reached as its settings say, and why.
    pub fn start(
        name: &str,
        settings: &Vicidial,
        reread: Reread,
        log: WireLog,
        stop: CancellationToken,
    ) -> Result<Self, String> {
        let client = Client::new(name, settings, reread, log)?.map(Arc::new);
        Ok(Self {
            name: name.to_owned(),
            floor: Watch::start(name, settings, client.clone(), stop.clone()),
            stop,
            database: settings.has_database().then(|| Mutex::new(Database::new(settings))),
            client,
            settings: settings.clone(),
        })
    }

    /// Makes a request of what was asked for.
    ///
    /// # Errors
    /// Names the argument that is wrong.
    pub fn prepare(&self, function: &str, args: Args) -> Result<Request, Problem> {
        request(function, args, &self.settings)
    }

    /// The HTTP APIs.
    ///
    /// # Errors
    /// When there are none.
    fn client(&self) -> Result<&Client, Trouble> {
        self.client.as_deref().ok_or_else(|| {
            Trouble::new(Class::Unreachable, "it has no HTTP API here; set url, user and password (VICI_API_URL, VICI_API_USER, VICI_API_PASS)")
        })
    }

    /// Calls a function. What an agent's screen has yet to take is given as sent.
    ///
    /// # Errors
    /// What went wrong, in classes.
    pub async fn call(&self, request: &Request) -> Result<(Answer, Progress), Trouble> {
        if request.function.name == "add_lead" && self.client.is_none() && self.settings.has_database() {
            return insert::lead(&self.settings, request).await.map(|answer| (answer, Progress::Done));
        }
        let client = self.client()?;
        let mut answer = client.call(request).await?;
        if !request.custom.is_empty() {
            self.store_custom(client, request, &mut answer).await;
        }
        let progress = match request.function.effect {
            Effect::Queued(_) => Progress::Sent,
            Effect::Reads | Effect::Acts => Progress::Done,
        };
        Ok((answer, progress))
    }

    /// Calls a function by its name, for what it tells.
    ///
    /// # Errors
    /// What went wrong, in classes.
    pub async fn ask(&self, function: &str, args: &[(&str, &str)]) -> Result<Answer, Trouble> {
        let unknown = || Trouble::new(Class::NoSuchFunction, function);
        let request = Request::of(function, args).ok_or_else(unknown)?;
        self.call(&request).await.map(|(answer, _)| answer)
    }

    /// What VICIdial knows of a lead.
    ///
    /// # Errors
    /// What went wrong, in classes.
    pub async fn lead(&self, lead_id: &str) -> Result<Answer, Trouble> {
        self.ask("lead_all_info", &[("lead_id", lead_id)]).await
    }

    /// The second request, for a lead that was just added.
    async fn store_custom(&self, client: &Client, request: &Request, answer: &mut Answer) {
        let (lead, list) =
            (answer.field("lead_id").unwrap_or_default(), answer.field("list_id").unwrap_or_default());
        let fixed = [("lead_id", lead), ("custom_fields", "Y"), ("force_entry_list_id", list)];
        let Some(mut second) = Request::of("update_lead", &fixed) else { return };
        second.args.extend(request.custom.clone());
        match client.call(&second).await {
            Ok(told) => answer.notices.push(told.message),
            Err(trouble) => answer.notices.push(format!(
                "the lead was added, its custom fields were not: {} ({})",
                trouble.message,
                trouble.class.word()
            )),
        }
    }

    /// How an agent is before a request: what a change is told by.
    pub async fn before(&self, request: &Request) -> Option<confirm::Seen> {
        let shows = matches!(request.function.effect, Effect::Queued(_)) && confirm::would_show(request);
        if shows { self.seen(request.arg("agent_user")).await } else { None }
    }

    async fn seen(&self, user: &str) -> Option<confirm::Seen> {
        let ask = Request::of("agent_status", &[("agent_user", user)])?;
        match self.client().ok()?.call(&ask).await {
            Ok(answer) => {
                answer.table.records().into_iter().next().map(|row| confirm::Seen::There(Box::new(row)))
            }
            Err(trouble) if trouble.class == Class::AgentNotLoggedIn => Some(confirm::Seen::Gone),
            Err(_) => None,
        }
    }

    /// Waits until an agent's screen took a request: up to five seconds.
    pub async fn confirmed(
        &self,
        request: &Request,
        answer: &Answer,
        before: Option<&confirm::Seen>,
    ) -> Progress {
        let Effect::Queued(column) = request.function.effect else { return Progress::Done };
        let user = answer.field("agent_user").unwrap_or_else(|| request.arg("agent_user")).to_owned();
        let until = tokio::time::Instant::now() + confirm::PATIENCE;
        let (mut looked, mut filled) = (false, false);
        let mut next = tokio::time::Instant::now() + confirm::BETWEEN;
        while tokio::time::Instant::now() < until {
            if let Some(database) = &self.database
                && let Ok(mut database) = tokio::time::timeout_at(until, database.lock()).await
                && let Ok(left) = database.column(&user, column).await
            {
                looked = true;
                match left {
                    Some(Some(_)) => filled = true,
                    // The screen empties the column that it has read. One that was never seen filled proves nothing: some
                    // campaigns queue a dial elsewhere.
                    Some(None) if filled => return Progress::Done,
                    None if request.function.name == "logout" => return Progress::Done,
                    _ => {}
                }
            }
            // Each look costs a request of those that others wait for.
            if !filled
                && confirm::would_show(request)
                && tokio::time::Instant::now() >= next
                && let Some(seen) = self.seen(&user).await
            {
                next = tokio::time::Instant::now() + confirm::SELDOM;
                looked = true;
                if confirm::is_done(request, before, &seen) {
                    return Progress::Done;
                }
            }
            tokio::time::sleep(confirm::BETWEEN).await;
        }
        if looked && (filled || confirm::would_show(request)) { Progress::NotTaken } else { Progress::Unseen }
    }

    /// An answer as it goes over the wire.
    pub fn told(&self, request: &Request, answer: &Answer, progress: Progress) -> VicidialAnswer {
        let message = match request.function.effect {
            Effect::Reads => match answer.table.rows.len() {
                1 => "1 row".to_owned(),
                rows => format!("{rows} rows"),
            },
            _ => format!("{} {}: {}", request.function.name, request.target(), progress.words()),
        };
        let line = |text: &String| crate::domain::plain::line(text, 500);
        VicidialAnswer {
            vicidial: self.name.clone(),
            function: request.function.name.to_owned(),
            progress,
            message,
            columns: answer.table.columns.iter().map(line).collect(),
            rows: answer.table.rows.iter().map(|row| row.iter().map(line).collect()).collect(),
            notices: answer.notices.iter().map(line).collect(),
        }
    }

    /// Asks for the version, as a test: user and password are taken up anew, and what stopped us is forgiven.
    ///
    /// # Errors
    /// What went wrong, in classes.
    pub async fn test(&self) -> Result<String, Trouble> {
        let client = self.client()?;
        client.forgive();
        let version = self.ask("version", &[]).await?.field("version").unwrap_or("unknown").to_owned();
        // The version is told to anybody: only this asks for the log-in.
        let agents = self.ask("logged_in_agents", &[]).await?.table.rows.len();
        let old =
            if is_old(&version) { "; it is older than 2.14, and some functions will be missing" } else { "" };
        let plain = if client.is_plain() { "; plain http: passwords can be read on their way" } else { "" };
        Ok(format!("agent API {version}, {agents} agents logged in{old}{plain}"))
    }
}

/// Whether a version is under 2.14.
pub fn is_old(version: &str) -> bool {
    let mut parts = version.split(['.', '-']).map(|part| part.parse::<u32>().unwrap_or(0));
    let (major, minor) = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
    (major, minor) < (2, 14)
}

#[cfg(test)]
mod tests {
    use super::is_old;

    #[test]
    fn versions() {
        assert!(is_old("2.12-50") && is_old("2.8") && is_old(""));
        assert!(!is_old("2.14-81") && !is_old("2.15") && !is_old("3.0-1"));
    }
}
