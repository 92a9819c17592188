//! Contacts here and leads in a real MariaDB kept the same: both ways, field by field, after both sides changed while they
//! could not reach each other, and over a crash in the middle of it.

use dialdeck_testkit::daemon::{Client, Daemon, Setup};
use dialdeck_testkit::mariadb::MariaDb;
use dialdeck_testkit::people::number;
use dialdeck_testkit::vicidial::{Misbehaviour, Vicidial};
use dialdeck_testkit::wait::{until, within};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::Row;
use std::time::Duration;

struct House {
    fake: Vicidial,
    db: MariaDb,
    setup: Setup,
    server: Daemon,
    campaign: String,
    _home: tempfile::TempDir,
}

/// A campaign that is kept the same with list 101, in which there are four leads.
async fn house(leads: &str) -> House {
    let (fake, db) = (Vicidial::start().await.unwrap(), MariaDb::start().await.unwrap());
    db.run("UPDATE vicidial_list SET status = 'NEW'").await.unwrap();
    db.run(leads).await.unwrap();
    fake.write_to(&db);
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("config/dialdeck");
    std::fs::create_dir_all(&config).unwrap();
    let settings = "[vicidial.main]\nper_second = 1000\nsync_seconds = 1\nconsent_basis = \"written\"\n";
    std::fs::write(config.join("server.toml"), settings).unwrap();
    let setup = Setup::new(env!("CARGO_BIN_EXE_dialdeckd"), home.path())
        .set("telephony.kind", "simulated")
        .set("telephony.simulated_speed", "20")
        .env("VICI_API_URL", &fake.url)
        .env("VICI_API_USER", "apiuser")
        .env("VICI_API_PASS", "apipass1")
        .env("VICI_DB_HOST", "127.0.0.1")
        .env("VICI_DB_PORT", &db.port.to_string())
        .env("VICI_DB_USER", "reader")
        .env("VICI_DB_PASSWORD", "1234");
    setup.add_user("ada", "admin").unwrap();
    let server = setup.start(&["serve"]).unwrap();
    let client = server.log_in("ada").await.unwrap();
    let campaign = client.campaign("Spring", json!({ "callIntervalMs": 0 }), &[]).await.unwrap();
    let mapping = json!({ "campaignId": campaign, "lists": [101], "addsContacts": true,
        "statuses": { "not_interested": "NOINT" }, "outcomes": { "HOT": "interested" },
        "fields": { "first_name": "first_name", "last_name": "last_name", "email": "email", "custom.ref": "vendor_lead_code" } });
    client.post("/api/v1/vicidial-mappings", mapping).await.unwrap();
    House { fake, db, setup, server, campaign, _home: home }
}

impl House {
    async fn client(&self) -> Client {
        self.server.log_in("ada").await.unwrap()
    }

    /// A column of a lead.
    async fn lead(&self, id: i64, column: &str) -> String {
        let mut db = self.db.connect().await.unwrap();
        let query =
            format!("SELECT CAST(`{column}` AS CHAR) FROM asterisk.vicidial_list WHERE lead_id = {id}");
        let row = sqlx::query(sqlx::AssertSqlSafe(query)).fetch_one(&mut db).await.unwrap();
        row.try_get::<Option<String>, _>(0).unwrap().unwrap_or_default()
    }

    async fn listed(&self, digits: &str) -> bool {
        let mut db = self.db.connect().await.unwrap();
        let query = "SELECT 1 FROM asterisk.vicidial_dnc WHERE phone_number = ?";
        sqlx::query(query).bind(digits).fetch_optional(&mut db).await.unwrap().is_some()
    }

    async fn contact(&self, phone: &str) -> Option<Value> {
        let contacts = self.client().await.contacts(&self.campaign).await.ok()?;
        contacts.into_iter().find(|contact| contact["phone"] == phone)
    }

    async fn change(&self, phone: &str, change: Value) {
        let id = self.contact(phone).await.unwrap()["id"].as_str().unwrap().to_owned();
        let client = self.client().await;
        let (status, body) =
            client.send(Method::PATCH, &format!("/api/v1/contacts/{id}"), Some(change)).await.unwrap();
        assert_eq!(status, 200, "{body}");
    }

    async fn standing(&self) -> Value {
        self.client().await.get("/api/v1/vicidial-sync").await.unwrap()
    }

    async fn becomes(&self, lead: i64, column: &str, value: &str) {
        until(&format!("{column} of lead {lead} to be {value}"), || async {
            (self.lead(lead, column).await == value).then_some(())
        })
        .await;
    }

    async fn contact_becomes(&self, phone: &str, field: &str, value: &str) {
        until(&format!("{field} of {phone} to be {value}"), || async {
            (self.contact(phone).await?[field] == value).then_some(())
        })
        .await;
    }

    async fn settled(&self) {
        until("nothing to wait", || async {
            let standing = self.standing().await;
            (standing["changes"].as_array()?.is_empty() && standing["syncs"][0]["trouble"] == "")
                .then_some(())
        })
        .await;
    }
}

const PAT: &str = "+17275551001";
const QUINN: &str = "+17275551002";
const RAE: &str = "+17275551003";
const SAM: &str = "+17275551006";

#[tokio::test(flavor = "multi_thread")]
async fn both_ways_field_by_field() {
    // Tim was called already, and Uma asked not to be: neither is to be called from here because they are new here.
    let called = "INSERT INTO vicidial_list (lead_id, status, list_id, phone_code, phone_number, first_name) VALUES \
        (7, 'NA', 101, '1', '7275551007', 'Tim'), (8, 'DNC', 101, '1', '7275551008', 'Uma')";
    let house = house(called).await;
    // Leads that are unknown here come in, as contacts with the consent that the settings speak of.
    house.contact_becomes(SAM, "firstName", "Sam").await;
    assert_eq!(house.contact(SAM).await.unwrap()["consent"]["basis"], "written");
    // Changed here; VICIdial cuts what is too long, which is no change of its own.
    let long = "Wolfeschlegelsteinhausenbergerdorff";
    house.change(PAT, json!({ "lastName": long, "customFields": { "ref": "A-17" } })).await;
    house.becomes(1, "last_name", &long[..30]).await;
    house.becomes(1, "vendor_lead_code", "A-17").await;
    house.settled().await;
    // Changed there.
    house
        .db
        .run("UPDATE vicidial_list SET email='pat@example.com', first_name='Patrick' WHERE lead_id=1")
        .await
        .unwrap();
    house.contact_becomes(PAT, "email", "pat@example.com").await;
    let pat = house.contact(PAT).await.unwrap();
    assert_eq!((pat["firstName"].as_str(), pat["lastName"].as_str()), (Some("Patrick"), Some(long)), "{pat}");
    // A disposition that was set there is a call in our history, once, and what becomes of the contact.
    house.db.run("
        INSERT INTO vicidial_log (uniqueid, lead_id, call_date, length_in_sec, status, user) VALUES ('1700000001.7', 2, NOW() - INTERVAL 60 SECOND, 42, 'HOT', '1001');
        UPDATE vicidial_list SET status='HOT', user='1001' WHERE lead_id=2").await.unwrap();
    house.contact_becomes(QUINN, "status", "contacted").await;
    let client = house.client().await;
    let calls = client.calls(&house.campaign).await.unwrap();
    let call = &calls[0];
    assert_eq!(
        (calls.len(), call["outcome"].as_str(), call["duration"].as_i64(), call["id"].as_str()),
        (1, Some("interested"), Some(42), Some("vicidial-main-1700000001.7")),
        "{call}"
    );
    // A machine that answers later revives nobody.
    house.db.run("
        INSERT INTO vicidial_log (uniqueid, lead_id, call_date, length_in_sec, status, user) VALUES ('1700000002.8', 2, NOW(), 3, 'NA', 'VDAD');
        UPDATE vicidial_list SET status='NA', user='VDAD' WHERE lead_id=2").await.unwrap();
    until("the second call", || async {
        (client.calls(&house.campaign).await.ok()?.len() == 2).then_some(())
    })
    .await;
    assert_eq!(house.contact(QUINN).await.unwrap()["status"], "contacted");
    // Never again, said here and said there.
    client.post("/api/v1/do-not-call", json!({ "phone": RAE })).await.unwrap();
    house.becomes(3, "status", "DNC").await;
    until("Rae on VICIdial's list", || async { house.listed("7275551003").await.then_some(()) }).await;
    house.db.run("INSERT INTO vicidial_dnc VALUES ('7275551006')").await.unwrap();
    house.contact_becomes(SAM, "status", "do_not_call").await;
    house.settled().await;
    // What has been settled stays so: nothing comes back as an echo.
    let before = house.fake.state().asked_for("update_lead").len();
    let seen = || async { house.standing().await["syncs"][0]["wellAt"].as_str().map(str::to_owned) };
    for _ in 0..2 {
        let was = seen().await;
        until("another round", || async { (seen().await != was).then_some(()) }).await;
    }
    assert_eq!(house.fake.state().asked_for("update_lead").len(), before);
    assert_eq!(house.standing().await["syncs"][0]["leads"], 4);
    assert_eq!(client.contacts(&house.campaign).await.unwrap().len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_of_ours_disposes_the_lead() {
    // Somebody who says no, where calls are legal at this hour.
    let person = number(3);
    let country = if person.starts_with("+1") { 1 } else { 2 };
    let leads = format!(
        "UPDATE vicidial_list SET phone_number='{}', phone_code='{}' WHERE lead_id=1; DELETE FROM vicidial_list WHERE lead_id <> 1",
        &person[1 + country..],
        &person[1..=country]
    );
    let house = house(&leads).await;
    let client = house.client().await;
    house.contact_becomes(&person, "firstName", "Pat").await;
    client.post("/api/v1/calls/automated/start", json!({ "campaignId": house.campaign })).await.unwrap();
    let call = within(Duration::from_mins(1), "the call to end", || async {
        client.calls(&house.campaign).await.ok()?.into_iter().find(|call| call["status"] == "completed")
    })
    .await;
    assert_eq!(call["outcome"], "not_interested");
    // By the mapping of this campaign, not by the usual one.
    house.becomes(1, "status", "NOINT").await;
    house.settled().await;
    // It is not taken for a disposition of VICIdial's own.
    assert_eq!(client.calls(&house.campaign).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn both_changed_while_apart_and_a_crash_in_between() {
    let mut house = house("").await;
    house.contact_becomes(SAM, "firstName", "Sam").await;
    house.settled().await;
    // Neither reaches the other.
    house.fake.state().misbehaves = Misbehaviour::Failing;
    house.db.run("RENAME TABLE vicidial_list TO away").await.unwrap();
    until("the trouble to be said", || async {
        house.standing().await["syncs"][0]["trouble"].as_str()?.contains("vicidial_list").then_some(())
    })
    .await;
    let clock = || async {
        let mut db = house.db.connect().await.unwrap();
        sqlx::query("SELECT UNIX_TIMESTAMP()").fetch_one(&mut db).await.unwrap().try_get::<i64, _>(0).unwrap()
    };
    let next_second = || async {
        let now = clock().await;
        until("the next second", || async { (clock().await > now).then_some(()) }).await;
    };
    // Here first, then there; and there first, then here.
    house.change(PAT, json!({ "firstName": "Here" })).await;
    house.change(QUINN, json!({ "email": "quinn@example.com" })).await;
    next_second().await;
    house.db.run("UPDATE away SET first_name='There' WHERE lead_id IN (1, 3)").await.unwrap();
    house.db.run("UPDATE away SET last_name='Quux' WHERE lead_id=2").await.unwrap();
    // Never again wins over what was disposed later.
    let client = house.client().await;
    client.post("/api/v1/do-not-call", json!({ "phone": SAM })).await.unwrap();
    next_second().await;
    next_second().await;
    house.db.run("UPDATE away SET status='SALE', user='1001' WHERE lead_id=6").await.unwrap();
    house.change(RAE, json!({ "firstName": "Here" })).await;
    let waiting = house.standing().await;
    assert_eq!(waiting["syncs"][0]["waiting"], 4, "{waiting}");
    // The database comes back before the API does: what VICIdial does not take is said, and kept.
    house.db.run("RENAME TABLE away TO vicidial_list").await.unwrap();
    house.contact_becomes(PAT, "firstName", "There").await;
    until("the refusal", || async {
        let standing = house.standing().await;
        let changes = standing["changes"].as_array()?;
        let refused = changes.iter().filter(|change| change["refused"] != "").count();
        (refused >= 3).then_some(())
    })
    .await;
    // VICIdial is back, and slow; the server falls while it is told.
    house.fake.state().slow.insert("update_lead".into(), Duration::from_secs(3));
    house.fake.state().misbehaves = Misbehaviour::Not;
    let before = house.fake.state().asked_for("update_lead").len();
    house.client().await.post("/api/v1/vicidial-sync/retry", json!({})).await.unwrap();
    until("the first to be told", || async {
        (house.fake.state().asked_for("update_lead").len() > before).then_some(())
    })
    .await;
    house.server.kill();
    house.fake.state().slow.clear();
    house.server = house.setup.start(&["serve"]).unwrap();
    house.client().await.post("/api/v1/vicidial-sync/retry", json!({})).await.unwrap();
    house.settled().await;
    // The later one, field by field, on both sides.
    for (lead, phone, column, field, value) in [
        (1, PAT, "first_name", "firstName", "There"),
        (3, RAE, "first_name", "firstName", "Here"),
        (2, QUINN, "email", "email", "quinn@example.com"),
        (2, QUINN, "last_name", "lastName", "Quux"),
    ] {
        assert_eq!(house.lead(lead, column).await, value, "{column} of lead {lead}");
        assert_eq!(house.contact(phone).await.unwrap()[field], value, "{field} of {phone}");
    }
    assert_eq!(house.lead(6, "status").await, "DNC");
    assert!(house.listed("7275551006").await);
    assert_eq!(house.contact(SAM).await.unwrap()["status"], "do_not_call");
}

#[tokio::test(flavor = "multi_thread")]
async fn leads_by_the_database_where_there_is_no_api() {
    let db = MariaDb::start().await.unwrap();
    let home = tempfile::tempdir().unwrap();
    let setup = Setup::new(env!("CARGO_BIN_EXE_dialdeckd"), home.path())
        .set("telephony.kind", "simulated")
        .env("VICI_DB_HOST", "127.0.0.1")
        .env("VICI_DB_PORT", &db.port.to_string())
        .env("VICI_DB_USER", "cron")
        .env("VICI_DB_PASSWORD", "1234");
    setup.add_user("ada", "admin").unwrap();
    let server = setup.start(&["serve"]).unwrap();
    let client = server.log_in("ada").await.unwrap();
    let add = async |args: Value| {
        let path = "/api/v1/vicidial/main/functions/add_lead";
        client.send(Method::POST, path, Some(json!({ "args": args }))).await.unwrap()
    };
    let person = number(20);
    let country = if person.starts_with("+1") { 1 } else { 2 };
    let (code, digits) = (&person[1..=country], &person[1 + country..]);
    let given = json!({ "phone_number": digits, "phone_code": code, "list_id": "101", "first_name": "Uma", "add_to_hopper": "Y" });
    let (status, told) = add(given.clone()).await;
    assert_eq!(status, 200, "{told}");
    let mut sql = db.connect().await.unwrap();
    let query = "SELECT l.lead_id, l.first_name, l.status, CAST(l.gmt_offset_now AS CHAR), h.campaign_id FROM asterisk.vicidial_list l \
                 JOIN asterisk.vicidial_hopper h ON h.lead_id = l.lead_id WHERE l.phone_number = ?";
    let row = sqlx::query(query).bind(digits).fetch_one(&mut sql).await.unwrap();
    let texts: Vec<String> = (1..5).map(|at| row.try_get(at).unwrap()).collect();
    assert_eq!((texts[0].as_str(), texts[1].as_str(), texts[3].as_str()), ("Uma", "NEW", "TESTCAMP"));
    assert_eq!(told["rows"][0][3], texts[2], "{told}");
    // Once is enough; and what is not certain, not known, or never to be called, is refused.
    for (change, word) in [
        (json!({}), "already"),
        (
            json!({ "phone_number": "2025550177", "phone_code": "1", "state": "CA", "add_to_hopper": "N" }),
            "time zone",
        ),
        (
            json!({ "phone_number": "2025550178", "phone_code": "1", "list_id": "999", "add_to_hopper": "N" }),
            "no list",
        ),
        (json!({ "duplicate_check": "DUPLIST" }), "duplicate_check"),
    ] {
        let mut args = given.clone();
        args.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let (status, told) = add(args).await;
        assert!(status >= 400 && told["detail"].as_str().unwrap().contains(word), "{word}: {told}");
    }
    client.post("/api/v1/do-not-call", json!({ "phone": number(21) })).await.unwrap();
    let never = number(21);
    let (status, told) =
        add(json!({ "phone_number": &never[1 + country..], "phone_code": code, "list_id": "101" })).await;
    assert!(status == 409 && told["detail"].as_str().unwrap().contains("do_not_call"), "{told}");
}
