//! Contacts from CSV: uploaded whole, then read line by line. The answer is JSON lines: progress, each refused line,
//! and the end.

mod file;
pub(super) mod lists;
mod run;

use super::campaigns::find as find_campaign;
use super::extract::{Ask, Id, May};
use super::problem::Refused;
use super::{App, commands};
use crate::domain::caller::{EditCampaigns, Look};
use crate::domain::contact::Consent;
use crate::domain::import::moment;
use crate::domain::plain;
use crate::storage::ImportMode;
use crate::storage::upkeep::ImportRow;
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use dialdeck_protocol::{CampaignId, Code, ImportId, Problem};
use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::path::PathBuf;
use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc;
use utoipa::{IntoParams, ToSchema};

/// How to import.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Options {
    /// Goes on with the import of this id, from the line where it was cut off; the same file is sent again.
    resume: Option<ImportId>,
    /// Only say what would happen.
    #[serde(default)]
    dry_run: bool,
    /// Import nothing if any line is refused.
    #[serde(default)]
    all_or_nothing: bool,
    /// Encoding, where the file is not UTF-8 and bears no mark: `windows-1252` …
    encoding: Option<String>,
    /// Consent that holds for the whole list: its basis, or `none`.
    consent_basis: Option<String>,
    /// When it was given.
    consent_at: Option<String>,
    /// Where it is on file.
    consent_source: Option<String>,
}

/// What was said of the consent of the whole list.
enum Statement {
    /// Nothing.
    Unsaid,
    /// That there is none.
    NoConsent,
    /// How it was given.
    Given(Consent),
}

impl Options {
    fn encoding(&self) -> Result<Option<&'static encoding_rs::Encoding>, Problem> {
        let Some(label) = self.encoding.as_deref().filter(|l| !l.is_empty()) else { return Ok(None) };
        encoding_rs::Encoding::for_label(label.as_bytes()).map(Some).ok_or_else(|| {
            Problem::field(
                "encoding",
                format!(
                    "encoding {:?} is unknown; use utf-8, windows-1252, utf-16le …",
                    plain::line(label, 40)
                ),
            )
        })
    }

    /// The statement for the list.
    fn consent(&self) -> Result<Statement, Problem> {
        let Some(basis) = self.consent_basis.as_deref().map(str::trim).filter(|b| !b.is_empty()) else {
            return Ok(Statement::Unsaid);
        };
        if basis.eq_ignore_ascii_case("none") {
            return Ok(Statement::NoConsent);
        }
        let at = self.consent_at.as_deref().filter(|t| !t.is_empty()).map(moment).transpose();
        let at = at.map_err(|e| Problem::field("consent_at", e))?;
        let source = plain::line(self.consent_source.as_deref().unwrap_or_default(), 255);
        if at.is_some_and(|at| at > chrono::Utc::now()) {
            return Err(Problem::field(
                "consent_at",
                "consent_at lies in the future; give the day on which they consented",
            ));
        }
        if at.is_none() || source.is_empty() {
            return Err(Problem::field(
                "consent_basis",
                "a statement of consent needs its date and source: give consent_at and consent_source too",
            ));
        }
        Ok(Statement::Given(Consent { basis: plain::line(basis, 255), at, source }))
    }
}

/// Import contacts
///
/// CSV, read line by line. The answer is JSON lines: first the import's id, then progress, each refused line, and the
/// end. What is done is durable batch by batch: an import that was cut off goes on with `resume` and the same file.
#[utoipa::path(post, path = "/api/v1/campaigns/{id}/contacts/import", tag = "Contacts", security(("bearer" = ["campaigns"])),
    params(("id" = CampaignId, Path), Options), request_body(content = String, content_type = "text/csv"),
    responses((status = 200, body = String, content_type = "application/x-ndjson")))]
pub(super) async fn import(
    State(app): State<App>,
    permit: May<EditCampaigns>,
    Id(id, _): Id<CampaignId>,
    Ask(options, _): Ask<Options>,
    body: Body,
) -> Result<Response, Refused> {
    let caller = permit.caller().clone();
    let campaign = find_campaign(&app, &caller, id).await?;
    let encoding = options.encoding()?;
    let statement = options.consent()?;
    let whole = options.dry_run || options.all_or_nothing;
    let done_before = match options.resume {
        Some(_) if whole => {
            let message =
                "resume goes with neither dry_run nor all_or_nothing: those leave nothing to go on with";
            return Err(Problem::field("resume", message).into());
        }
        Some(import) => {
            let known = app.store.import_state(&caller.organization_id, import).await?;
            let known = known.filter(|row| row.campaign_id == Some(id));
            known.ok_or_else(|| Problem::not_found(format!("import {import} into this campaign")))?.rows_done
        }
        None => 0,
    };
    let mode =
        if whole { ImportMode::Whole } else { ImportMode::Batches(options.resume.unwrap_or_default()) };
    let upload = receive(&app, body).await?;
    let path: PathBuf = upload.path().to_owned();
    let (header, has_own) = tokio::task::spawn_blocking(move || file::header(&path, encoding))
        .await
        .map_err(|_| Problem::new(Code::Internal, "the file could not be read"))??;
    if matches!(statement, Statement::Unsaid) && !has_own {
        return Err(Problem::field(
            "consent_basis",
            "the file has no consent column: state for the whole list how its people consented to calls by an \
             artificial voice (consent_basis, consent_at, consent_source), or consent_basis=none to import them held",
        )
        .into());
    }
    let (lines, receiver) = mpsc::channel::<String>(64);
    let work = run::Work {
        app: app.clone(),
        campaign,
        upload,
        header,
        encoding,
        consent: match statement {
            Statement::Given(consent) => Some(consent),
            Statement::Unsaid | Statement::NoConsent => None,
        },
        dry_run: options.dry_run,
        all_or_nothing: options.all_or_nothing,
        mode,
        done_before: u64::try_from(done_before).unwrap_or_default(),
    };
    tokio::spawn(async move {
        let detail = json!({ "dry_run": work.dry_run, "all_or_nothing": work.all_or_nothing });
        let done =
            commands::audited(&app, &caller, "contacts.import", &id.to_string(), detail, work.run(&lines))
                .await;
        let last = match done {
            Ok(summary) => json!({ "done": summary }),
            Err(problem) => json!({ "problem": problem }),
        };
        let _ = lines.send(format!("{last}\n")).await;
    });
    let stream = futures_util::stream::unfold(receiver, |mut receiver| async move {
        receiver.recv().await.map(|line| (Ok::<_, std::convert::Infallible>(line), receiver))
    });
    Ok(([(header::CONTENT_TYPE, "application/x-ndjson")], Body::from_stream(stream)).into_response())
}

/// How far an import has come.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Import {
    id: ImportId,
    campaign_id: Option<CampaignId>,
    /// Lines of the file that are done with.
    rows_done: i64,
    imported: i64,
    rejected: i64,
    created_at: DateTime<Utc>,
    /// null: under way, or cut off.
    finished_at: Option<DateTime<Utc>>,
}

impl From<ImportRow> for Import {
    fn from(row: ImportRow) -> Self {
        let ImportRow { id, campaign_id, rows_done, imported, rejected, created_at, finished_at } = row;
        Self { id, campaign_id, rows_done, imported, rejected, created_at, finished_at }
    }
}

/// Imports, newest first.
#[derive(Serialize, ToSchema)]
pub(super) struct Imports {
    imports: Vec<Import>,
}

/// List imports
#[utoipa::path(get, path = "/api/v1/imports", tag = "Contacts", security(("bearer" = ["look"])),
    responses((status = 200, body = Imports)))]
pub(super) async fn list(State(app): State<App>, permit: May<Look>) -> Result<Json<Imports>, Refused> {
    let rows = app.store.imports(permit.organization(), 100).await?;
    let seen = rows.into_iter().filter(|row| row.campaign_id.is_none_or(|c| permit.caller().covers(c)));
    Ok(Json(Imports { imports: seen.map(Import::from).collect() }))
}

/// Writes the body to a file that goes when it is done with, never more than the settings allow.
async fn receive(app: &App, body: Body) -> Result<tempfile::NamedTempFile, Problem> {
    let broken = |e: &dyn std::fmt::Display| {
        Problem::new(Code::Unavailable, format!("the upload could not be kept: {e}"))
    };
    let most = app.settings.server.max_import_mib;
    let upload = tempfile::NamedTempFile::new().map_err(|e| broken(&e))?;
    let mut file = tokio::fs::File::from_std(upload.reopen().map_err(|e| broken(&e))?);
    let mut stream = body.into_data_stream();
    let mut size = 0;
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|_| Problem::new(Code::Invalid, "the upload broke off"))?;
        size += chunk.len();
        if size > most << 20 {
            return Err(Problem::new(
                Code::TooLarge,
                format!("the file has more than {most} MiB (server.max_import_mib); split it"),
            ));
        }
        file.write_all(&chunk).await.map_err(|e| broken(&e))?;
    }
    file.flush().await.map_err(|e| broken(&e))?;
    Ok(upload)
}
