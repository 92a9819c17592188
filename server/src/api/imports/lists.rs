//! Lists that come in: numbers never to be called, users, scripts.

use super::super::extract::{Ask, May};
use super::super::listing::put_on;
use super::super::problem::Refused;
use super::super::{App, campaigns, commands, law, scripts, session, users};
use super::{file, receive};
use crate::domain::caller::{AddDoNotCall, EditCampaigns, ManageUsers};
use crate::domain::phone::Phone;
use crate::domain::plain;
use crate::storage::NewUser;
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use chrono::{DateTime, Utc};
use dialdeck_protocol::{CampaignId, Code, Problem, Role};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

/// Numbers of one deed.
const BATCH: usize = 500;
/// Refused lines that are told; the rest is counted.
const TOLD: usize = 1000;

/// A line that was refused.
#[derive(Serialize, ToSchema)]
pub(in super::super) struct Bad {
    line: u64,
    message: String,
}

/// What came of a list.
#[derive(Default, Serialize, ToSchema)]
pub(in super::super) struct Listed {
    imported: u64,
    rejected: u64,
    /// The first thousand.
    rejects: Vec<Bad>,
}

impl Listed {
    fn bad(&mut self, line: u64, message: impl Into<String>) {
        self.rejected += 1;
        if self.rejects.len() < TOLD {
            self.rejects.push(Bad { line, message: message.into() });
        }
    }
}

/// The number in a line: alone, first in a CSV row, or in JSON.
fn number(line: &str, region: &str) -> Result<Phone, String> {
    #[derive(Deserialize)]
    struct Row {
        phone: String,
    }
    let text = if line.starts_with('{') {
        serde_json::from_str::<Row>(line).map_err(|e| plain::line(&e.to_string(), 100))?.phone
    } else {
        line.split([',', ';']).next().unwrap_or_default().trim().trim_matches('"').to_owned()
    };
    Phone::parse(&text, region).map_err(|e| e.to_string())
}

/// On which list, and for how long.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(in super::super) struct Where {
    /// This campaign's alone; left out: the organization's.
    campaign_id: Option<CampaignId>,
    /// Until then; left out: for ever.
    expires_at: Option<DateTime<Utc>>,
}

/// Import numbers that are never to be called
///
/// One number a line, alone, first in a CSV row, or as JSON lines. Obeyed batch by batch as they are read; sent again,
/// nothing is listed twice. Formatting that is no number is told with its line.
#[utoipa::path(post, path = "/api/v1/do-not-call/import", tag = "The law", security(("bearer" = ["do_not_call"])),
    params(Where), request_body(content = String, content_type = "text/csv"), responses((status = 200, body = Listed)))]
pub(in super::super) async fn do_not_call(
    State(app): State<App>,
    permit: May<AddDoNotCall>,
    Ask(Where { campaign_id, expires_at }, _): Ask<Where>,
    body: Body,
) -> Result<Json<Listed>, Refused> {
    let upload = receive(&app, body).await?;
    let detail = json!({ "campaignId": campaign_id, "expiresAt": expires_at });
    let listed = commands::audited(&app, permit.caller(), "do_not_call.import", "", detail, async {
        if let Some(id) = campaign_id {
            campaigns::find(&app, permit.caller(), id).await?;
        }
        let listing = law::listing(permit.organization(), campaign_id, expires_at, "import", Utc::now())?;
        let (region, path) = (app.settings.dialer.region.clone(), upload.path().to_owned());
        let (batches, mut reader) = tokio::sync::mpsc::channel::<Result<Vec<Phone>, (u64, String)>>(4);
        let reading = tokio::task::spawn_blocking(move || {
            let mut lines = file::Lines::open(&path, None)?;
            let (mut batch, mut count) = (Vec::with_capacity(BATCH), 0);
            while let Some((text, _)) = lines.next_line()? {
                count += 1;
                let text = text.trim();
                // A header is no mistake.
                if text.is_empty() || count == 1 && text.to_lowercase().starts_with("phone") {
                    continue;
                }
                match number(text, &region) {
                    Ok(phone) => batch.push(phone),
                    Err(message) => drop(batches.blocking_send(Err((count, message)))),
                }
                if batch.len() == BATCH {
                    drop(batches.blocking_send(Ok(std::mem::take(&mut batch))));
                }
            }
            drop(batches.blocking_send(Ok(batch)));
            Ok::<_, std::io::Error>(())
        });
        let mut listed = Listed::default();
        while let Some(next) = reader.recv().await {
            match next {
                Ok(batch) if batch.is_empty() => {}
                Ok(batch) => {
                    listed.imported += batch.len() as u64;
                    let phones = batch.iter().map(|p| p.as_str().to_owned()).collect();
                    put_on(&app, listing.clone(), phones).await?;
                }
                Err((line, message)) => listed.bad(line, message),
            }
        }
        let broken = "the list could be read in part only; what was read is obeyed; send it again";
        match reading.await {
            Ok(Ok(())) => Ok(listed),
            _ => Err(Problem::new(Code::Invalid, broken)),
        }
    })
    .await?;
    Ok(Json(listed))
}

/// JSON lines of a body that is no larger than ordinary ones.
fn json_lines<T: serde::de::DeserializeOwned>(text: &str) -> impl Iterator<Item = (u64, Result<T, String>)> {
    text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty()).map(|(line, number)| {
        (number, serde_json::from_str(line).map_err(|e| plain::line(&e.to_string(), 200)))
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UserLine {
    name: String,
    role: Role,
    password: String,
    #[serde(default)]
    campaigns: Option<Vec<CampaignId>>,
}

/// Import users
///
/// JSON lines: name, role, password, campaigns.
#[utoipa::path(post, path = "/api/v1/users/import", tag = "Users", security(("bearer" = ["users"])),
    request_body(content = String, content_type = "text/plain"), responses((status = 200, body = Listed)))]
pub(in super::super) async fn users(
    State(app): State<App>,
    permit: May<ManageUsers>,
    body: Result<String, axum::extract::rejection::StringRejection>,
) -> Result<Json<Listed>, Refused> {
    let text = body.map_err(|e| Problem::new(Code::Invalid, plain::line(&e.body_text(), 200)))?;
    let listed = commands::audited(&app, permit.caller(), "users.import", "", json!({}), async {
        permit.caller().everywhere()?;
        let mut listed = Listed::default();
        for (line, user) in json_lines::<UserLine>(&text) {
            let made = async {
                let user = user.map_err(|message| Problem::new(Code::Invalid, message))?;
                let user = NewUser {
                    organization_id: permit.organization().clone(),
                    name: users::login_name(&user.name)?,
                    role: user.role,
                    password_hash: session::hash(user.password).await?,
                    campaigns: user.campaigns,
                    at: Utc::now(),
                };
                Ok::<_, Problem>(app.store.add_user(&user).await?)
            };
            match made.await {
                Ok(_) => listed.imported += 1,
                Err(problem) => listed.bad(line, problem.message),
            }
        }
        Ok(listed)
    })
    .await?;
    Ok(Json(listed))
}

/// Import scripts
///
/// JSON lines: name, body.
#[utoipa::path(post, path = "/api/v1/scripts/import", tag = "Scripts", security(("bearer" = ["campaigns"])),
    request_body(content = String, content_type = "text/plain"), responses((status = 200, body = Listed)))]
pub(in super::super) async fn scripts(
    State(app): State<App>,
    permit: May<EditCampaigns>,
    body: Result<String, axum::extract::rejection::StringRejection>,
) -> Result<Json<Listed>, Refused> {
    let text = body.map_err(|e| Problem::new(Code::Invalid, plain::line(&e.body_text(), 200)))?;
    let mut listed = Listed::default();
    for (line, script) in json_lines::<scripts::Given>(&text) {
        let saved = match script {
            Ok(script) => scripts::save(&app, &permit, None, script).await.map_err(|p| p.message),
            Err(message) => Err(message),
        };
        match saved {
            Ok(_) => listed.imported += 1,
            Err(message) => listed.bad(line, message),
        }
    }
    Ok(Json(listed))
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn a_number_alone_in_csv_or_in_json() {
        for line in ["+13125550123", "+13125550123,asked by mail", "{\"phone\": \"+13125550123\"}"] {
            assert_eq!(number(line, "US").unwrap().as_str(), "+13125550123", "{line}");
        }
        assert!(number("nobody", "US").is_err());
    }
}
