//! A lead put into VICIdial's database, where its API is not available and its database may be written to.
//!
//! VICIdial calls a lead by `gmt_offset_now` alone: it is worked out here from number, state and postal code, as the law does it,
//! and a lead whose offset is not certain is not inserted.

use super::action::Request;
use super::database::{PATIENCE, text, whole, writing};
use super::wire::{Answer, Class, Table, Trouble};
use crate::domain::lead_sync::columns;
use crate::domain::zone::{Whereabouts, candidates};
use crate::settings::Vicidial;
use chrono::{DateTime, Offset, TimeZone, Utc};
use sqlx::mysql::MySqlConnection;
use sqlx::{AssertSqlSafe, Connection};
use std::collections::BTreeSet;

/// Arguments that an insert understands, besides the lead's columns.
const KNOWN: &[&str] =
    &["phone_number", "phone_code", "list_id", "status", "add_to_hopper", "hopper_priority"];

/// The offset from UTC at which a person lives, in hours; nothing where several are possible.
fn offset(phone: &str, state: &str, postal_code: &str, now: DateTime<Utc>) -> Option<f64> {
    let zones = candidates(Whereabouts { phone, state, postal_code, timezone: "" })?;
    let seconds: BTreeSet<i32> = zones
        .iter()
        .map(|zone| zone.offset_from_utc_datetime(&now.naive_utc()).fix().local_minus_utc())
        .collect();
    match seconds.into_iter().collect::<Vec<_>>()[..] {
        [only] => Some(f64::from(only) / 3600.0),
        _ => None,
    }
}

fn wrong(message: impl Into<String>) -> Trouble {
    Trouble::new(Class::Invalid, message.into())
}

/// Inserts a lead, and a place in the hopper where that is asked for.
pub async fn lead(settings: &Vicidial, request: &Request) -> Result<Answer, Trouble> {
    let known = |name: &str| KNOWN.contains(&name) || columns().any(|column| column == name);
    if let Some(name) = request.args.keys().map(String::as_str).find(|name| !known(name)) {
        return Err(wrong(format!(
            "{name} takes VICIdial's API, which is not set up; without it a lead is inserted as it is"
        )));
    }
    let number = request.arg("phone_number");
    let phone = settings.number(request.arg("phone_code"), number, "US");
    let phone = phone.map_err(|error| wrong(error.to_string()))?;
    let code = [request.arg("phone_code"), &settings.phone_code];
    let code = code.into_iter().find(|code| !code.is_empty()).unwrap_or_default();
    let gmt = offset(phone.as_str(), request.arg("state"), request.arg("postal_code"), Utc::now());
    let gmt = gmt.ok_or_else(|| {
        wrong("it is not certain in which time zone this number is, and VICIdial would call it at the wrong hours; give state or postal_code, or add it by the API")
    })?;
    let list: i64 =
        request.arg("list_id").parse().map_err(|_| wrong("list_id must be given, such as 101"))?;
    let inserting = async {
        let mut db = writing(settings).await?;
        let told = insert(&mut db, request, (list, code, number, gmt)).await;
        let _ = db.close().await;
        told
    };
    match tokio::time::timeout(PATIENCE, inserting).await {
        Ok(Ok(told)) => told,
        Ok(Err(error)) => {
            let message =
                format!("VICIdial's database: {}", crate::domain::plain::line(&error.to_string(), 200));
            Err(Trouble::new(Class::Unreachable, message))
        }
        Err(_) => Err(Trouble::new(Class::TimedOut, "VICIdial's database did not answer in time")),
    }
}

async fn insert(
    db: &mut MySqlConnection,
    request: &Request,
    (list, code, number, gmt): (i64, &str, &str, f64),
) -> Result<Result<Answer, Trouble>, sqlx::Error> {
    let campaign = sqlx::query("SELECT campaign_id FROM vicidial_lists WHERE list_id = ?").bind(list);
    let Some(campaign) = campaign.fetch_optional(&mut *db).await?.map(|row| text(&row, 0)) else {
        return Ok(Err(Trouble::new(Class::NotFound, format!("there is no list {list}"))));
    };
    let there =
        sqlx::query("SELECT lead_id FROM vicidial_list WHERE list_id = ? AND phone_number = ? LIMIT 1");
    if let Some(row) = there.bind(list).bind(number).fetch_optional(&mut *db).await? {
        let message = format!("list {list} has this number already, as lead {}", whole(&row, 0));
        return Ok(Err(Trouble::new(Class::Duplicate, message)));
    }
    let given: Vec<&str> = columns().filter(|column| !request.arg(column).is_empty()).collect();
    let names = given.iter().map(|column| format!(", `{column}`")).collect::<Vec<_>>().concat();
    let marks = ", ?".repeat(given.len());
    let query = format!(
        "INSERT INTO vicidial_list (entry_date, status, user, list_id, gmt_offset_now, called_since_last_reset, phone_code, \
         phone_number, called_count, entry_list_id{names}) VALUES (NOW(), ?, 'dialdeck', ?, ?, 'N', ?, ?, 0, 0{marks})"
    );
    let status = if request.arg("status").is_empty() { "NEW" } else { request.arg("status") };
    let mut asking =
        sqlx::query(AssertSqlSafe(query)).bind(status).bind(list).bind(gmt).bind(code).bind(number);
    for column in given {
        asking = asking.bind(request.arg(column).to_owned());
    }
    let lead = asking.execute(&mut *db).await?.last_insert_id();
    if request.arg("add_to_hopper") == "Y" {
        let query = "INSERT INTO vicidial_hopper (lead_id, campaign_id, status, user, list_id, gmt_offset_now, state, alt_dial, \
                     priority, source, vendor_lead_code) VALUES (?, ?, 'READY', '', ?, ?, ?, 'NONE', ?, 'P', ?)";
        let asking =
            sqlx::query(query).bind(lead).bind(&campaign).bind(list).bind(gmt).bind(request.arg("state"));
        let priority: i32 = request.arg("hopper_priority").parse().unwrap_or(0);
        asking.bind(priority.clamp(-99, 99)).bind(request.arg("vendor_lead_code")).execute(&mut *db).await?;
    }
    let columns = ["phone_number", "list_id", "lead_id", "gmt_offset"].map(str::to_owned).to_vec();
    let row = vec![number.to_owned(), list.to_string(), lead.to_string(), format!("{gmt:.2}")];
    Ok(Ok(Answer {
        message: "LEAD HAS BEEN ADDED".into(),
        table: Table { columns, rows: vec![row] },
        notices: vec!["put into the database: VICIdial's API is not set up".into()],
    }))
}

#[cfg(test)]
mod tests {
    use super::offset;
    use chrono::{TimeZone, Utc};

    #[test]
    fn an_offset_that_is_not_certain_is_none() {
        let (summer, winter) = (
            Utc.with_ymd_and_hms(2026, 7, 1, 12, 0, 0).unwrap(),
            Utc.with_ymd_and_hms(2026, 1, 5, 12, 0, 0).unwrap(),
        );
        assert_eq!(offset("+12025550142", "", "", winter), Some(-5.0));
        assert_eq!(offset("+12025550142", "", "", summer), Some(-4.0));
        // A number of the east, and a person who is said to live in the west.
        assert_eq!(offset("+12025550142", "CA", "", winter), None);
    }
}
