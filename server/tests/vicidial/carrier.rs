//! A campaign whose calls a VICIdial's agents take: one for each who is free, with what they said of it; AI callers by rule, or
//! while VICIdial is away; and nobody is dialled anew after a crash.

use dialdeck_testkit::daemon::{Client, Daemon, Setup};
use dialdeck_testkit::people::number;
use dialdeck_testkit::vicidial::{Misbehaviour, Vicidial};
use dialdeck_testkit::wait::until;
use serde_json::{Value, json};

struct House {
    fake: Vicidial,
    setup: Setup,
    server: Daemon,
    _home: tempfile::TempDir,
}

async fn house() -> House {
    let fake = Vicidial::start().await.unwrap();
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("config/dialdeck");
    std::fs::create_dir_all(&config).unwrap();
    std::fs::write(config.join("server.toml"), "[vicidial.main]\nper_second = 1000\n").unwrap();
    let setup = Setup::new(env!("CARGO_BIN_EXE_dialdeckd"), home.path())
        .set("telephony.kind", "simulated")
        .set("telephony.simulated_speed", "20")
        .env("VICI_API_URL", &fake.url)
        .env("VICI_API_USER", "apiuser")
        .env("VICI_API_PASS", "apipass1");
    setup.add_user("ada", "admin").unwrap();
    let server = setup.start(&["serve"]).unwrap();
    House { fake, setup, server, _home: home }
}

impl House {
    async fn client(&self) -> Client {
        self.server.log_in("ada").await.unwrap()
    }

    fn dialled(&self) -> Vec<(String, String)> {
        let state = self.fake.state();
        let asked = state.asked_for("external_dial");
        asked.iter().map(|params| (params["agent_user"].clone(), params["value"].clone())).collect()
    }

    /// Waits until an agent talks, and lets them say what came of it.
    async fn disposes(&self, agent: &str, status: &str) {
        until("the agent to talk", || async {
            (self.fake.state().agents.get(agent)?.status == "INCALL").then_some(())
        })
        .await;
        let client = self.client().await;
        until("it to be seen", || async {
            let calls = client.get("/api/v1/calls?limit=100").await.ok()?;
            calls["calls"].as_array()?.iter().any(|call| call["status"] == "in_progress").then_some(())
        })
        .await;
        let mut state = self.fake.state();
        let lead = state.agents[agent].lead_id;
        state.leads.get_mut(&lead).unwrap().status = status.into();
        let row = state.agents.get_mut(agent).unwrap();
        (row.status, row.lead_id) = ("PAUSED".into(), 0);
        row.callerid.clear();
        row.sub_status.clear();
    }

    async fn over(&self, campaign: &str, count: usize) -> Vec<Value> {
        let client = self.client().await;
        until(&format!("{count} calls to be over"), || async {
            let calls = client.calls(campaign).await.ok()?;
            let over =
                calls.iter().filter(|call| call["status"] == "completed" || call["status"] == "failed");
            (over.count() >= count).then_some(calls)
        })
        .await
    }
}

fn settings(more: &Value) -> Value {
    let mut settings = json!({ "callIntervalMs": 0, "carrier": { "tiers": { "sales": ["1003"] } } });
    settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    settings
}

async fn start(client: &Client, campaign: &str) {
    client.post("/api/v1/calls/automated/start", json!({ "campaignId": campaign })).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_call_for_each_agent_who_is_free() {
    let house = house().await;
    let client = house.client().await;
    let campaign = client.campaign("Theirs", settings(&json!({})), &[("Ann", 0), ("Bob", 3)]).await.unwrap();
    start(&client, &campaign).await;
    house.disposes("1003", "SALE").await;
    // While they talked nobody else was dialled; the next one is, once they are free.
    house.disposes("1003", "DNC").await;
    let calls = house.over(&campaign, 2).await;
    let outcomes: Vec<&str> = calls.iter().filter_map(|call| call["outcome"].as_str()).collect();
    assert_eq!(outcomes, ["do_not_call", "interested"], "{calls:?}");
    let dialled = house.dialled();
    let country = if number(0).starts_with("+1") { 1 } else { 2 };
    let wanted = [0, 3].map(|digits| ("1003".to_owned(), number(digits)[1 + country..].to_owned()));
    assert_eq!(dialled, wanted);
    // What VICIdial's agent heard holds here, too.
    let listed = client.get("/api/v1/do-not-call").await.unwrap();
    assert!(listed.to_string().contains(&number(3)), "{listed}");
    // Each has its decision.
    let why =
        client.get(&format!("/api/v1/decisions?phone={}", number(0).replace('+', "%2B"))).await.unwrap();
    assert!(why.to_string().contains("allowed"), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn tiers_rules_and_nobody_free() {
    let house = house().await;
    let client = house.client().await;
    // 1001 is ready for VICIdial's own calls, and 1003 paused with another code.
    let tiers = json!({ "carrier": { "tiers": { "sales": ["1001"], "senior": ["1003"] }, "pauseCode": "DIAL" },
        "routing": [{ "field": "email", "equals": "Ann@example.com", "to": "ai" },
                    { "field": "email", "equals": "Bob@example.com", "to": "person", "tier": "senior" },
                    { "field": "email", "equals": "Cid@example.com", "to": "person", "tier": "sales" }] });
    let campaign =
        client.campaign("Tiers", settings(&tiers), &[("Ann", 0), ("Bob", 3), ("Cid", 8)]).await.unwrap();
    start(&client, &campaign).await;
    // The AI caller takes hers by our own telephony.
    let calls = house.over(&campaign, 1).await;
    assert_eq!(calls.iter().find(|call| call["status"] == "completed").unwrap()["contactName"], "Ann Test");
    until("the reason", || async {
        let queues = client.get("/api/v1/queues").await.ok()?;
        queues.to_string().contains("no agent of VICIdial main is free").then_some(())
    })
    .await;
    assert_eq!(house.dialled(), []);
    house.fake.state().agents.get_mut("1003").unwrap().pause_code = "DIAL".into();
    house.disposes("1003", "NI").await;
    house.over(&campaign, 2).await;
    assert_eq!(house.dialled().len(), 1, "nobody of his tier is free for Cid");
}

#[tokio::test(flavor = "multi_thread")]
async fn ai_callers_while_vicidial_is_away() {
    let house = house().await;
    let client = house.client().await;
    house.fake.state().misbehaves = Misbehaviour::Failing;
    let alone = settings(&json!({}));
    let waits = client.campaign("Waits", alone, &[("Ann", 0)]).await.unwrap();
    start(&client, &waits).await;
    until("the reason", || async {
        let queues = client.get("/api/v1/queues").await.ok()?;
        queues.to_string().contains("does not say who is free").then_some(())
    })
    .await;
    assert!(client.calls(&waits).await.unwrap().is_empty());
    let falls = json!({ "carrier": { "tiers": { "sales": ["1003"] }, "fallbackToAi": true } });
    let falls = client.campaign("Falls", settings(&falls), &[("Bob", 3)]).await.unwrap();
    start(&client, &falls).await;
    let calls = house.over(&falls, 1).await;
    assert_eq!(calls[0]["outcome"], "not_interested");
    assert_eq!(house.dialled(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_dialled_anew_after_a_crash() {
    let mut house = house().await;
    let client = house.client().await;
    let campaign = client.campaign("Theirs", settings(&json!({})), &[("Ann", 0)]).await.unwrap();
    start(&client, &campaign).await;
    until("the agent to talk", || async {
        (house.fake.state().agents["1003"].status == "INCALL").then_some(())
    })
    .await;
    house.server.kill();
    house.server = house.setup.start(&["serve"]).unwrap();
    let calls = house.over(&campaign, 1).await;
    assert_eq!((calls.len(), calls[0]["outcome"].as_str()), (1, Some("transferred")), "{calls:?}");
    {
        let mut state = house.fake.state();
        let row = state.agents.get_mut("1003").unwrap();
        (row.status, row.lead_id) = ("PAUSED".into(), 0);
    }
    let client = house.client().await;
    until("the queue to be done", || async {
        let queues = client.get("/api/v1/queues").await.ok()?;
        queues.to_string().contains("stopped").then_some(())
    })
    .await;
    assert_eq!(house.dialled().len(), 1);
}
