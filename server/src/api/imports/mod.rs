//! Contacts from CSV: uploaded whole, then read line by line. The answer is JSON lines: progress, each refused line,
//! and the end.

mod file;
mod run;

use super::campaigns::find as find_campaign;
use super::problem::{self, Refused};
use super::{App, commands};
use crate::domain::caller::{Caller, EditCampaigns};
use crate::domain::contact::Consent;
use crate::domain::import::moment;
use crate::domain::plain;
use axum::body::Body;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use dialdeck_protocol::{CampaignId, Code, Problem};
use futures_util::StreamExt;
use serde::Deserialize;
use serde_json::json;
use std::path::PathBuf;
use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc;

/// How to import.
#[derive(Debug, Deserialize)]
pub(super) struct Options {
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

pub(super) async fn import(
    State(app): State<App>,
    caller: Caller,
    id: Result<Path<CampaignId>, PathRejection>,
    options: Result<Query<Options>, QueryRejection>,
    body: Body,
) -> Result<Response, Refused> {
    let (id, options) = (problem::path(id)?, problem::query(options)?);
    caller.permit::<EditCampaigns>()?;
    let campaign = find_campaign(&app, &caller, id).await?;
    let encoding = options.encoding()?;
    let statement = options.consent()?;
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
