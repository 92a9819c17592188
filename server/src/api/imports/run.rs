//! The work of an import: rows into the record batch by batch, refusals and progress to whoever waits.

use super::super::App;
use super::file::Lines;
use crate::domain::campaign::Campaign;
use crate::domain::contact::{Consent, NewContact};
use crate::domain::import::{Header, Reading, Records, Rejection, row};
use crate::domain::plain;
use crate::storage::{Change, ImportMode};
use chrono::Utc;
use dialdeck_protocol::{Code, Problem};
use encoding_rs::Encoding;
use serde::Serialize;
use serde_json::json;
use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use tokio::sync::mpsc;

/// Contacts stored at a time.
const BATCH: usize = 500;
/// How long whoever asked may read nothing.
const READER: std::time::Duration = std::time::Duration::from_secs(10);
/// Lines between two words of progress.
const PROGRESS: u64 = 1000;

/// What came of it.
#[derive(Debug, Serialize)]
pub(super) struct Summary {
    imported: i64,
    rejected: i64,
    duplicates: i64,
    lines: u64,
    committed: bool,
}

/// An import.
pub(super) struct Work {
    pub app: App,
    pub campaign: Campaign,
    pub upload: tempfile::NamedTempFile,
    pub header: Header,
    pub encoding: Option<&'static Encoding>,
    pub consent: Option<Consent>,
    pub dry_run: bool,
    pub all_or_nothing: bool,
    pub mode: ImportMode,
    /// Lines that an earlier run of the same import is done with.
    pub done_before: u64,
}

/// What is to be written down with the next batch.
#[derive(Default)]
struct Counted {
    lines: u64,
    rejected: i64,
}

impl Item {
    fn line(&self) -> Option<u64> {
        match self {
            Self::Row(line, _) => Some(*line),
            Self::Bad(rejection) => Some(rejection.line),
            Self::Broken(_) => None,
        }
    }
}

enum Item {
    Row(u64, Box<NewContact>),
    Bad(Rejection),
    Broken(String),
}

impl Work {
    pub(super) async fn run(self, lines: &mpsc::Sender<String>) -> Result<Summary, Problem> {
        let now = Utc::now();
        let mut sink = self.app.store.import(&self.campaign, self.mode, now).await?;
        if let ImportMode::Batches(id) = self.mode {
            say(lines, &json!({ "import": { "id": id, "resumedAfter": self.done_before } })).await?;
        }
        let (items, mut reader) = mpsc::channel(2 * BATCH);
        let (path, header, encoding) = (self.upload.path().to_owned(), self.header.clone(), self.encoding);
        let (consent, region) = (self.consent.clone(), self.app.settings.dialer.region.clone());
        tokio::task::spawn_blocking(move || {
            let reading = Reading { region: &region, consent: consent.as_ref() };
            if let Err(error) = read(&path, encoding, &header, &reading, &items) {
                let _ = items.blocking_send(Item::Broken(error.to_string()));
            }
        });
        let mut summary = Summary { imported: 0, rejected: 0, duplicates: 0, lines: 0, committed: false };
        let mut batch: Vec<(u64, NewContact)> = Vec::with_capacity(BATCH);
        let mut counted = Counted::default();
        while let Some(item) = reader.recv().await {
            if item.line().is_some_and(|line| line <= self.done_before) {
                continue;
            }
            let line = match item {
                Item::Row(line, contact) => {
                    batch.push((line, *contact));
                    line
                }
                Item::Bad(rejection) => {
                    if rejection.field == "duplicate" {
                        summary.duplicates += 1;
                    }
                    summary.rejected += 1;
                    counted.rejected += 1;
                    let line = rejection.line;
                    say(lines, &json!({ "rejected": rejection })).await?;
                    line
                }
                Item::Broken(error) => {
                    return Err(Problem::new(Code::Invalid, format!("the file cannot be read: {error}")));
                }
            };
            if line / PROGRESS > summary.lines / PROGRESS {
                say(lines, &json!({ "progress": { "lines": line } })).await?;
            }
            summary.lines = summary.lines.max(line);
            counted.lines = summary.lines;
            if batch.len() == BATCH {
                self.store(sink.as_mut(), &mut batch, &mut summary, &mut counted, lines).await?;
            }
        }
        self.store(sink.as_mut(), &mut batch, &mut summary, &mut counted, lines).await?;
        let spoilt = self.all_or_nothing && summary.rejected > 0;
        if self.dry_run || spoilt {
            return Ok(summary);
        }
        sink.finish().await?;
        summary.committed = true;
        let change = Change::Imported {
            organization_id: self.campaign.organization_id.clone(),
            campaign_id: self.campaign.id,
            imported: summary.imported,
            rejected: summary.rejected,
            at: Utc::now(),
        };
        self.app.journal.commit(vec![change]).await?;
        self.app.dialer.nudge(self.campaign.id);
        Ok(summary)
    }

    async fn store(
        &self,
        sink: &mut dyn crate::storage::ImportSink,
        batch: &mut Vec<(u64, NewContact)>,
        summary: &mut Summary,
        counted: &mut Counted,
        lines: &mpsc::Sender<String>,
    ) -> Result<(), Problem> {
        let contacts: Vec<NewContact> = batch.iter().map(|(_, contact)| contact.clone()).collect();
        let rejected = std::mem::take(&mut counted.rejected);
        let there = sink.add(&contacts, counted.lines, rejected).await?.already_there;
        let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        summary.imported += count(contacts.len() - there.len());
        for (line, contact) in batch.drain(..) {
            if there.iter().any(|phone| phone == contact.phone.as_str()) {
                summary.rejected += 1;
                summary.duplicates += 1;
                let rejection = Rejection {
                    line,
                    field: "duplicate".into(),
                    message: "the campaign has this number already".into(),
                    record: contact.phone.as_str().to_owned(),
                };
                say(lines, &json!({ "rejected": rejection })).await?;
            }
        }
        Ok(())
    }
}

/// Nobody reads any more: the import stops, because whoever asked for it does not know what came of it.
async fn say(lines: &mpsc::Sender<String>, line: &serde_json::Value) -> Result<(), Problem> {
    let gone = "the connection was closed, or nobody read the answer; send the file again with resume";
    // An import that may not be half done holds others up: it does not wait for ever for whoever asked.
    let sent = tokio::time::timeout(READER, lines.send(format!("{line}\n"))).await;
    sent.ok().and_then(Result::ok).ok_or_else(|| Problem::new(Code::Unavailable, gone))
}

fn read(
    path: &std::path::Path,
    encoding: Option<&'static Encoding>,
    header: &Header,
    reading: &Reading<'_>,
    items: &mpsc::Sender<Item>,
) -> std::io::Result<()> {
    let mut file = Lines::open(path, encoding)?;
    let mut records = Records::default();
    // Eight bytes a number: a file of millions stays in bounds.
    let (hasher, mut seen) = (RandomState::new(), HashSet::new());
    let mut header_passed = false;
    loop {
        let next = file.next_line()?;
        let done = next.is_none();
        let whole = match next {
            Some((text, too_long)) => {
                let mut whole = records.push(&text);
                if too_long && let Some((_, record)) = whole.last_mut() {
                    record.push('\u{fffd}');
                }
                whole
            }
            None => records.finish(),
        };
        for (line, record) in whole {
            if !header_passed {
                header_passed = true;
                continue;
            }
            let item = match judge(header, &record, reading) {
                Ok(contact) if seen.insert(hasher.hash_one(contact.phone.as_str())) => {
                    Item::Row(line, Box::new(contact))
                }
                Ok(_) => bad(line, "duplicate", "the number stands in the file before", &record),
                Err((field, message)) => bad(line, &field, &message, &record),
            };
            if items.blocking_send(item).is_err() {
                return Ok(());
            }
        }
        if done {
            return Ok(());
        }
    }
}

fn judge(header: &Header, record: &str, reading: &Reading<'_>) -> Result<NewContact, (String, String)> {
    if record.contains('\u{fffd}') {
        let message = "the line is too long, or not in the file's encoding; save the file as UTF-8, or say which \
                       encoding it is in, such as windows-1252";
        return Err((String::new(), message.to_owned()));
    }
    row(header, record, reading)
}

fn bad(line: u64, field: &str, message: &str, record: &str) -> Item {
    Item::Bad(Rejection {
        line,
        field: field.to_owned(),
        message: message.to_owned(),
        record: plain::line(record, 500),
    })
}
