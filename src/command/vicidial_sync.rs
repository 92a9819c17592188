//! `dialdeck vicidial sync …`: contacts and leads that are kept the same, what waits, what was refused.

use super::{Client, campaign, text};
use crate::args::{Server, VicidialArgs};
use color_eyre::eyre::{Result, bail, eyre};
use reqwest::Method;
use serde_json::{Map, Value, json};

const USAGE: &str = "sync: shows how it stands; sync add campaign=NAME lists=101,102 [field.FIRST_NAME=COLUMN \
                     status.OUTCOME=STATUS outcome.STATUS=OUTCOME adds_contacts=yes]; sync remove campaign=NAME; \
                     sync retry [id=N]; sync drop id=N";

/// Arguments that a verb was given, by name.
struct Given(Vec<(String, String)>);

impl Given {
    fn read(args: &[String]) -> Result<Self> {
        let pair = |arg: &String| {
            let (name, value) =
                arg.split_once('=').ok_or_else(|| eyre!("{arg:?} is no argument; {USAGE}"))?;
            Ok((name.to_owned(), value.to_owned()))
        };
        args.iter().map(pair).collect::<Result<_>>().map(Self)
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    fn must(&self, name: &str) -> Result<&str> {
        self.get(name).ok_or_else(|| eyre!("{name} must be given; {USAGE}"))
    }

    /// Those that begin with a word and a dot, without it.
    fn under(&self, word: &str) -> Map<String, Value> {
        let of = |(name, value): &(String, String)| {
            let name = name.strip_prefix(word)?.strip_prefix('.')?;
            Some((name.to_owned(), json!(value)))
        };
        self.0.iter().filter_map(of).collect()
    }

    /// Refuses a name that nothing is done with.
    fn only(&self, names: &[&str], words: &[&str]) -> Result<()> {
        let known = |name: &str| {
            names.contains(&name)
                || words.iter().any(|word| name.strip_prefix(word).is_some_and(|n| n.starts_with('.')))
        };
        match self.0.iter().find(|(name, _)| !known(name)) {
            Some((name, _)) => bail!("{name} is unknown here; {USAGE}"),
            None => Ok(()),
        }
    }
}

pub async fn run(server: &Server, args: &VicidialArgs) -> Result<()> {
    let verb = args.args.first().map(String::as_str);
    if matches!(verb, Some("help")) {
        println!("{USAGE}");
        return Ok(());
    }
    let given = Given::read(args.args.get(1..).unwrap_or_default())?;
    let client = Client::log_in(server).await?;
    match verb {
        None => show(&client, args.json).await,
        Some("add") => add(&client, &args.vicidial, &given).await,
        Some("remove") => remove(&client, &args.vicidial, &given).await,
        Some("retry") => {
            given.only(&["id"], &[])?;
            let id = given.get("id").map(str::parse::<i64>).transpose()?;
            let body = id.map_or_else(|| json!({}), |id| json!({ "id": id }));
            let told = client.request(Method::POST, "/api/v1/vicidial-sync/retry")?.json(&body);
            println!("{} leads are tried again", Client::json(told).await?["leads"]);
            Ok(())
        }
        Some("drop") => {
            given.only(&["id"], &[])?;
            let id: i64 = given.must("id")?.parse()?;
            let path = format!("/api/v1/vicidial-sync/changes/{id}");
            Client::json(client.request(Method::DELETE, &path)?).await?;
            println!("change {id} is given up: VICIdial is not told of it");
            Ok(())
        }
        Some(other) => bail!("{other:?} is unknown; {USAGE}"),
    }
}

async fn add(client: &Client, vicidial: &str, given: &Given) -> Result<()> {
    given.only(&["campaign", "lists", "adds_contacts"], &["field", "status", "outcome"])?;
    let lists: Result<Vec<i64>, _> =
        given.must("lists")?.split(',').map(|list| list.trim().parse()).collect();
    let lists = lists.map_err(|_| eyre!("lists must be numbers with commas between, such as 101,102"))?;
    let adds = match given.get("adds_contacts") {
        None | Some("no") => false,
        Some("yes") => true,
        Some(other) => bail!("adds_contacts is {other:?}; use yes or no"),
    };
    let mut body = json!({
        "campaignId": campaign::id(client, given.must("campaign")?).await?,
        "lists": lists,
        "addsContacts": adds,
        "statuses": given.under("status"),
        "outcomes": given.under("outcome"),
    });
    if !vicidial.is_empty() {
        body["vicidial"] = json!(vicidial);
    }
    let fields = given.under("field");
    if !fields.is_empty() {
        body["fields"] = Value::Object(fields);
    }
    let made = client.request(Method::POST, "/api/v1/vicidial-mappings")?.json(&body);
    let made = Client::json(made).await?;
    println!("kept the same from now on: lists {} of VICIdial {}", made["lists"], text(&made, "vicidial"));
    Ok(())
}

async fn remove(client: &Client, vicidial: &str, given: &Given) -> Result<()> {
    given.only(&["campaign"], &[])?;
    let of = campaign::id(client, given.must("campaign")?).await?;
    let all = Client::json(client.request(Method::GET, "/api/v1/vicidial-mappings?limit=1000")?).await?;
    let vicidial = if vicidial.is_empty() { "main" } else { vicidial };
    let mapped = |entry: &&Value| text(entry, "campaignId") == of && text(entry, "vicidial") == vicidial;
    let entry = all["entries"].as_array().and_then(|all| all.iter().find(mapped));
    let entry =
        entry.ok_or_else(|| eyre!("this campaign is kept the same with no list of VICIdial {vicidial}"))?;
    let path = format!("/api/v1/vicidial-mappings/{}", text(entry, "id"));
    Client::json(client.request(Method::DELETE, &path)?).await?;
    println!("kept the same no more; contacts and leads stay as they are");
    Ok(())
}

async fn show(client: &Client, as_json: bool) -> Result<()> {
    let standing = Client::json(client.request(Method::GET, "/api/v1/vicidial-sync")?).await?;
    if as_json {
        println!("{standing}");
        return Ok(());
    }
    let none = Vec::new();
    let syncs = standing["syncs"].as_array().unwrap_or(&none);
    if syncs.is_empty() {
        println!("nothing is kept the same yet: dialdeck vicidial sync add campaign=NAME lists=101");
        return Ok(());
    }
    let campaigns = campaign::list(client).await?;
    for sync in syncs {
        let id = text(sync, "campaignId");
        let name = campaigns.iter().find(|campaign| text(campaign, "id") == id);
        let name = name.map_or(id, |campaign| text(campaign, "name"));
        let how = match (sync["paused"].as_bool(), text(sync, "trouble"), text(sync, "wellAt")) {
            (Some(true), ..) => "paused".to_owned(),
            (_, trouble, _) if !trouble.is_empty() => format!("✗ {trouble}"),
            (_, _, at) if at.is_empty() => "not looked at yet".to_owned(),
            (_, _, at) => format!("✓ {at}"),
        };
        println!(
            "{name}  VICIdial {} lists {}  {} leads, {} changes wait  {how}",
            text(sync, "vicidial"),
            sync["lists"],
            sync["leads"],
            sync["waiting"]
        );
    }
    for change in standing["changes"].as_array().unwrap_or(&none) {
        let refused = match text(change, "refused") {
            why if why.is_empty() => "not told yet".to_owned(),
            why => format!("refused {} times: {why}", change["tries"]),
        };
        println!(
            "  {}  lead {}  {} {}  since {}  {refused}",
            change["id"],
            change["leadId"],
            text(change, "field"),
            text(change, "value").trim_start_matches('/'),
            text(change, "at")
        );
    }
    if !standing["next"].is_null() {
        println!("  … and more: --json, with after={}", standing["next"]);
    }
    Ok(())
}
