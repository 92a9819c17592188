//! `dialdeck vicidial import FILE`: leads from a CSV file into a VICIdial, a batch at a time, with progress; what was broken
//! off goes on where it was, and nobody is added twice.

use super::vicidial::which;
use super::{Client, problem};
use crate::args::{Server, VicidialArgs};
use crate::plain;
use color_eyre::eyre::{Result, WrapErr, bail, eyre};
use dialdeck_protocol::vicidial::function;
use futures_util::{StreamExt, stream};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

/// Leads that are under way at a time; how many a second go out is the server's own limit.
const BATCH: usize = 20;
const AT_ONCE: usize = 4;

/// What became of a lead.
enum Told {
    Added,
    /// It was there already.
    Known,
    /// Why not.
    Refused(String),
}

/// How far an import came: kept beside the file, gone when it is through.
struct Progress {
    path: PathBuf,
    done: usize,
}

impl Progress {
    fn of(file: &Path) -> Result<Self> {
        let path = beside(file, "progress");
        let done = match std::fs::read_to_string(&path) {
            Ok(text) => text.trim().parse().wrap_err_with(|| {
                format!("{} is not what an import left there; delete it to begin anew", path.display())
            })?,
            Err(_) => 0,
        };
        Ok(Self { path, done })
    }

    fn set(&mut self, done: usize) -> Result<()> {
        self.done = done;
        // Whole or not at all: the next start believes it.
        let draft = self.path.with_extension("draft");
        std::fs::write(&draft, done.to_string())?;
        std::fs::rename(&draft, &self.path)?;
        Ok(())
    }
}

fn beside(file: &Path, what: &str) -> PathBuf {
    let mut name = file.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".vicidial-{what}"));
    file.with_file_name(name)
}

pub async fn run(server: &Server, given: &VicidialArgs) -> Result<()> {
    let (file, fixed) = given.args.split_first().ok_or_else(|| {
        eyre!("which file? dialdeck vicidial import leads.csv list_id=101; columns are VICIdial's, phone_number first of all")
    })?;
    let file = Path::new(file);
    let mut all = BTreeMap::new();
    for pair in fixed {
        let (name, value) =
            pair.split_once('=').ok_or_else(|| eyre!("{pair:?} is no argument; write it as name=value"))?;
        all.insert(name.to_owned(), value.to_owned());
    }
    let mut reader =
        csv::Reader::from_path(file).wrap_err_with(|| format!("{} cannot be read", file.display()))?;
    let columns: Vec<String> = reader.headers()?.iter().map(|name| name.trim().to_lowercase()).collect();
    let columns: Vec<String> =
        columns.into_iter().map(|name| if name == "phone" { "phone_number".into() } else { name }).collect();
    if !columns.iter().any(|name| name == "phone_number") {
        bail!("{} has no column phone_number (or phone); it has {}", file.display(), columns.join(", "));
    }
    let known = function("add_lead").ok_or_else(|| eyre!("add_lead is not described"))?;
    if !all.contains_key("list_id") && !columns.iter().any(|name| name == "list_id") {
        bail!("into which list? say list_id=101, or give the file a column list_id");
    }
    let custom: Vec<&String> = columns.iter().filter(|name| known.argument(name).is_none()).collect();
    if !custom.is_empty() {
        let names: Vec<&str> = custom.iter().map(|name| name.as_str()).collect();
        eprintln!("taken for custom fields: {}", names.join(", "));
    }
    let client = Client::log_in(server).await?;
    let on = which(&client, &given.vicidial).await?;
    let mut progress = Progress::of(file)?;
    let resumed = progress.done;
    if resumed > 0 {
        eprintln!("going on after line {}", resumed + 1);
    }
    let refused_path = beside(file, "refused");
    let mut refused_file = (resumed > 0)
        .then(|| OpenOptions::new().append(true).create(true).open(&refused_path))
        .transpose()?;
    let (mut added, mut there, mut refused) = (0_u64, 0_u64, 0_u64);
    let mut rows = reader.records().skip(resumed).enumerate();
    loop {
        let batch: Vec<_> = rows.by_ref().take(BATCH).collect();
        if batch.is_empty() {
            break;
        }
        let end = resumed + batch.last().map_or(0, |(n, _)| n + 1);
        let told = stream::iter(batch.into_iter().map(|(n, row)| {
            let mut args = all.clone();
            // What was broken off in the middle of a batch may have been added: only there it is looked for.
            if resumed > 0 && n < BATCH {
                args.entry("duplicate_check".into()).or_insert_with(|| "DUPLIST".into());
            }
            let row = row.map(|row| {
                let cells = columns.iter().zip(row.iter()).filter(|(_, cell)| !cell.trim().is_empty());
                args.extend(cells.map(|(name, cell)| (name.clone(), cell.trim().to_owned())));
            });
            let (client, on) = (&client, &on);
            async move {
                match row {
                    Ok(()) => add(client, on, &args).await.map(|told| (n, told)),
                    Err(error) => Ok((n, Told::Refused(error.to_string()))),
                }
            }
        }))
        .buffered(AT_ONCE)
        .collect::<Vec<Result<(usize, Told)>>>()
        .await;
        for told in told {
            match told? {
                (_, Told::Added) => added += 1,
                (_, Told::Known) => there += 1,
                (n, Told::Refused(why)) => {
                    refused += 1;
                    let file = match &mut refused_file {
                        Some(file) => file,
                        None => refused_file.insert(File::create(&refused_path)?),
                    };
                    writeln!(file, "line {}: {}", resumed + n + 2, plain::line(&why))?;
                }
            }
        }
        progress.set(end)?;
        if std::io::stderr().is_terminal() {
            eprint!("\r{end} lines: {added} added, {there} there already, {refused} refused ");
        }
    }
    let _ = std::fs::remove_file(&progress.path);
    println!("\r{added} added, {there} there already, {refused} refused");
    if refused > 0 {
        println!("why: {}", refused_path.display());
    }
    Ok(())
}

/// Adds one lead. What would stop all others as well stops the import.
async fn add(client: &Client, on: &str, args: &BTreeMap<String, String>) -> Result<Told> {
    let path = format!("/api/v1/vicidial/{on}/functions/add_lead");
    let request = client.request(Method::POST, &path)?.json(&json!({ "args": args }));
    let answer = request.send().await.map_err(reqwest::Error::without_url)?;
    let status = answer.status();
    let json: Value = serde_json::from_str(&answer.text().await?).unwrap_or_default();
    if status.is_success() {
        return Ok(Told::Added);
    }
    let why = problem(&json, status);
    match json["code"].as_str() {
        Some("conflict") if why.contains("duplicate:") => Ok(Told::Known),
        Some("invalid" | "conflict" | "not_found") => Ok(Told::Refused(why)),
        _ => bail!("{why}\nWhat was added stays; the same command goes on where it stopped."),
    }
}
