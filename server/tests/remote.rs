//! AI callers as VICIdial's remote agents, on a real Asterisk: VICIdial's side is a dialplan that sends the call code as the
//! caller's name, and a stand-in that hears what came of the call.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends where it cannot go on"
)]

use dialdeck_testkit::asterisk::{Lab, PASSWORD, USER};
use dialdeck_testkit::daemon::{Client, Daemon};
use dialdeck_testkit::people::number;
use dialdeck_testkit::vicidial::{Params, Vicidial};
use dialdeck_testkit::wait::within;
use serde_json::{Value, json};
use std::time::Duration;

const LONG: Duration = Duration::from_mins(2);

struct House {
    lab: Lab,
    fake: Vicidial,
    server: Daemon,
}

async fn house(more: &str) -> House {
    let (lab, fake) =
        (Lab::start(env!("CARGO_BIN_EXE_dialdeckd")).unwrap(), Vicidial::start().await.unwrap());
    let config = lab.home.path().join("config/dialdeck");
    std::fs::create_dir_all(&config).unwrap();
    let settings = format!(
        "[vicidial.main]\nper_second = 1000\nremote_agent = \"2001\"\ncampaign = \"Remote\"\nconsent_basis = \"written\"\n{more}"
    );
    std::fs::write(config.join("server.toml"), settings).unwrap();
    let setup = lab
        .setup
        .clone()
        .env("VICI_API_URL", &fake.url)
        .env("VICI_API_USER", "apiuser")
        .env("VICI_API_PASS", "apipass1");
    let server = setup.start(&["serve"]).unwrap();
    let house = House { lab, fake, server };
    let client = house.client().await;
    // Nobody is on its list: whom VICIdial sends becomes a contact.
    client.campaign("Remote", json!({ "callIntervalMs": 0 }), &[]).await.unwrap();
    house
}

impl House {
    async fn client(&self) -> Client {
        self.server.log_in("sue").await.unwrap()
    }

    /// VICIdial dials a customer for its lead, and gives the answered call to a line of the remote agent.
    async fn send(&self, user: &str, lead: i64, digits: u8, code: &str) {
        let number = number(digits);
        {
            let mut state = self.fake.state();
            let country = if number.starts_with("+1") { 1 } else { 2 };
            let lead_row = state.leads.get_mut(&lead).unwrap();
            number[1 + country..].clone_into(&mut lead_row.phone_number);
            lead_row.fields.insert("phone_code".into(), number[1..=country].to_owned());
            lead_row.fields.insert("first_name".into(), "Quinn".into());
            lead_row.fields.entry("comments".into()).or_insert_with(|| "knows Bob".into());
            let mut agent = state.agents["2001"].clone();
            (agent.status, agent.lead_id, agent.callerid) = ("INCALL".into(), lead, code.into());
            state.agents.insert(user.to_owned(), agent);
        }
        let query = [
            ("endpoint", format!("Local/{}@customers/n", &number[1..])),
            ("extension", "8600099".into()),
            ("context", "dialdeck-vicidial".into()),
            ("priority", "1".into()),
            ("callerId", format!("\"{code}\" <{}>", &number[1..])),
            ("formats", "slin".into()),
        ];
        let answer = reqwest::Client::new()
            .post(format!("{}/channels", self.lab.asterisk.ari()))
            .basic_auth(USER, Some(PASSWORD))
            .query(&query)
            .send()
            .await
            .unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    }

    /// What VICIdial was told of a call.
    async fn told(&self, code: &str) -> Params {
        within(LONG, "what came of the call", || async {
            let state = self.fake.state();
            state.asked_for("ra_call_control").into_iter().find(|params| params["value"] == code).cloned()
        })
        .await
    }

    async fn quiet(&self) {
        within(LONG, "every channel to be gone", || async {
            let shown = self.lab.asterisk.cli("core show channels count").ok()?;
            shown.contains("0 active channels").then_some(())
        })
        .await;
    }
}

async fn calls(client: &Client) -> Vec<Value> {
    client.get("/api/v1/calls?limit=50").await.unwrap()["calls"].as_array().cloned().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_remote_agents_call_is_talked_through_and_told() {
    let house = house("").await;
    let client = house.client().await;
    // While VICIdial is told, the call must be there for it to end or to send on.
    house.fake.state().slow.insert("ra_call_control".into(), Duration::from_secs(2));
    // The line that has the call is not the remote agent's first.
    let code = "V1120230000000000010";
    house.send("2002", 1, 10, code).await;
    let told = house.told(code).await;
    let channels = house.lab.asterisk.cli("core show channels count").unwrap();
    assert!(!channels.contains("0 active channels"), "{channels}");
    assert_eq!(
        (told["agent_user"].as_str(), told["stage"].as_str(), told["status"].as_str()),
        ("2002", "HANGUP", "SALE"),
        "{told:?}"
    );
    within(LONG, "the note on the lead, behind what stood there", || async {
        let state = house.fake.state();
        let comments = state.leads[&1].fields.get("comments")?;
        (comments.starts_with("knows Bob | AI caller: interested")).then_some(())
    })
    .await;
    let call = within(LONG, "the call on record", || async {
        calls(&client).await.into_iter().find(|call| call["status"] == "completed")
    })
    .await;
    assert_eq!(
        (call["outcome"].as_str(), call["contactName"].as_str()),
        (Some("interested"), Some("Quinn")),
        "{call}"
    );
    house.quiet().await;
    // Whoever asked never to be called again is not talked to, and VICIdial hears why.
    client.post("/api/v1/do-not-call", json!({ "phone": number(11) })).await.unwrap();
    let code = "V1120230000000000011";
    house.send("2001", 2, 11, code).await;
    let told = house.told(code).await;
    assert_eq!((told["stage"].as_str(), told["status"].as_str()), ("HANGUP", "DNC"), "{told:?}");
    house.quiet().await;
    assert_eq!(calls(&client).await.len(), 1);
    house.fake.state().slow.clear();
    // Who asks it of the AI caller is not called by VICIdial either.
    let code = "V1120230000000000012";
    house.send("2001", 3, 12, code).await;
    assert_eq!(house.told(code).await["status"], "DNC");
    within(LONG, "VICIdial's own list", || async {
        (!house.fake.state().asked_for("add_dnc_phone").is_empty()).then_some(())
    })
    .await;
    house.quiet().await;
    // Whoever hangs up before the first word stops nobody else's calls.
    house.fake.state().slow.insert("lead_all_info".into(), Duration::from_secs(3));
    house.send("2001", 4, 13, "V1120230000000000013").await;
    within(LONG, "the call to be up", || async {
        (!house.lab.asterisk.cli("core show channels count").ok()?.contains("0 active")).then_some(())
    })
    .await;
    house.lab.asterisk.cli("channel request hangup all").unwrap();
    house.quiet().await;
    let told = house.told("V1120230000000000013").await;
    assert_eq!(told["stage"], "HANGUP", "{told:?}");
    house.fake.state().slow.clear();
    let code = "V1120230000000000014";
    house.send("2001", 5, 10, code).await;
    assert_eq!(house.told(code).await["status"], "SALE");
    house.quiet().await;
    // A call without a code is nobody's: let go, and VICIdial is asked nothing.
    let before = house.fake.state().asked.len();
    house.send("2001", 6, 12, "Bob").await;
    house.quiet().await;
    assert_eq!(house.fake.state().asked.len(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_an_ai_caller_wins_goes_to_an_in_group() {
    let house = house("transfer_ingroup = \"SALESLINE\"\nstatuses = { transferred = \"AIXFER\" }\n").await;
    let code = "Y1120230000000000010";
    house.send("2001", 1, 10, code).await;
    let told = house.told(code).await;
    assert_eq!(
        (told["stage"].as_str(), told["ingroup_choices"].as_str(), told["status"].as_str()),
        ("INGROUPTRANSFER", "SALESLINE", "AIXFER"),
        "{told:?}"
    );
    house.quiet().await;
    // A campaign that dials by itself takes nobody in, and whom VICIdial sent stands on no list of ours.
    let client = house.client().await;
    let campaigns = client.get("/api/v1/campaigns").await.unwrap();
    let campaign = campaigns["campaigns"][0]["id"].as_str().unwrap().to_owned();
    // Somebody who lets it ring keeps it running.
    let csv = format!("first_name,phone\nRings,{}\n", number(17));
    let consent = "consent_basis=written&consent_at=2026-01-02&consent_source=form";
    client.import(&campaign, consent, csv).await.unwrap();
    client.post("/api/v1/calls/automated/start", json!({ "campaignId": campaign })).await.unwrap();
    let before = client.contacts(&campaign).await.unwrap().len();
    let code = "V1120230000000000020";
    house.send("2001", 2, 20, code).await;
    let told = house.told(code).await;
    assert_eq!((told["stage"].as_str(), told["status"].as_str()), ("HANGUP", "AIHELD"), "{told:?}");
    house.quiet().await;
    assert_eq!(client.contacts(&campaign).await.unwrap().len(), before);
}
