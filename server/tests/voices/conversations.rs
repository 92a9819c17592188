//! Conversations that a language model holds, on the simulated phone network, by the program itself.

use dialdeck_testkit::daemon::{Client, Daemon, Setup};
use dialdeck_testkit::voices::{Manner, Said, Voices};
use dialdeck_testkit::wait::until;
use reqwest::Method;
use serde_json::{Value, json};

/// Who is interested, asks never to be called again, and wants to be called another time.
const WILLING: u8 = 0;
const LEAVE_ME_ALONE: u8 = 7;

fn house(home: &tempfile::TempDir, voices: &Voices) -> Daemon {
    let settings = home.path().join("server.toml");
    let text = format!(
        "[dialogue]\nengine = \"far\"\n[providers.far]\nkind = \"openai\"\nurl = \"{}/v1\"\nkey = \"k\"\nchat_model = \"m\"\ntimeout_ms = 1500\n",
        voices.url
    );
    std::fs::write(&settings, text).unwrap();
    let setup = Setup::new(env!("CARGO_BIN_EXE_dialdeckd"), home.path())
        .set("telephony.kind", "simulated")
        .set("telephony.simulated_speed", "20");
    setup.add_user("sue", "supervisor").unwrap();
    setup.start(&["--config", &settings.display().to_string(), "serve"]).unwrap()
}

async fn talked(client: &Client, name: &str, who: u8) -> Value {
    let settings = json!({ "maxConcurrentCalls": 5, "callIntervalMs": 0, "retryAttempts": 0 });
    let campaign = client.campaign(name, settings, &[("Ada", who)]).await.unwrap();
    client.post("/api/v1/calls/automated/start", json!({ "campaignId": campaign })).await.unwrap();
    until("the call to end", || async {
        client.calls(&campaign).await.ok()?.into_iter().find(|call| call["status"] == "completed")
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_script_asks_for_an_address_reads_it_back_and_keeps_it() {
    let home = tempfile::tempdir().unwrap();
    let setup = Setup::new(env!("CARGO_BIN_EXE_dialdeckd"), home.path())
        .set("telephony.kind", "simulated")
        .set("telephony.simulated_speed", "20");
    setup.add_user("sue", "supervisor").unwrap();
    let server = setup.start(&["serve"]).unwrap();
    let client = server.log_in("sue").await.unwrap();
    let mut script = client.post("/api/v1/scripts", json!({ "name": "Asks" })).await.unwrap();
    let path = format!("/api/v1/scripts/{}", script["id"].as_str().unwrap());
    let mut slots = json!([{ "name": "email", "kind": "email", "ask": "What is your e-mail address?", "confirm": "Right?" }]);
    script["body"]["slots"] = slots.clone();
    let put = |body: Value| {
        let (client, path) = (client.clone(), path.clone());
        async move {
            client.send(Method::PUT, &path, Some(json!({ "name": "Asks", "body": body }))).await.unwrap()
        }
    };
    let (status, said) = put(script["body"].clone()).await;
    assert!(status == 422 && said.to_string().contains("{value}"), "{status} {said}");
    slots[0]["confirm"] = json!("I have {value}. Is that right?");
    script["body"]["slots"] = slots;
    assert_eq!(put(script["body"].clone()).await.0, 200);
    let settings = json!({ "callIntervalMs": 0, "retryAttempts": 0 });
    let campaign = client.campaign("Asks", settings, &[("Ann", WILLING)]).await.unwrap();
    let scripted = Some(json!({ "scriptId": script["id"] }));
    assert_eq!(
        client.send(Method::PUT, &format!("/api/v1/campaigns/{campaign}"), scripted).await.unwrap().0,
        200
    );
    client.post("/api/v1/calls/automated/start", json!({ "campaignId": campaign })).await.unwrap();
    let call = until("the call to end", || async {
        client.calls(&campaign).await.ok()?.into_iter().find(|call| call["status"] == "completed")
    })
    .await;
    let said = call["transcript"].as_str().unwrap();
    assert_eq!(call["outcome"], "interested", "{said}");
    assert!(said.contains("AI: I have ann dot lee at example dot com. Is that right?"), "{said}");
    assert_eq!(client.contacts(&campaign).await.unwrap()[0]["email"], "ann.lee@example.com");
    server.stop().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_talks_and_its_wishes_are_judged() {
    let (home, voices) = (tempfile::tempdir().unwrap(), Voices::start().await.unwrap());
    let server = house(&home, &voices);
    let client = server.log_in("sue").await.unwrap();
    let later = (chrono::Utc::now() + chrono::Duration::days(2)).format("%Y-%m-%dT%H:%M:00Z").to_string();
    let words = |text: &str| vec![text.to_owned()];
    voices.state().chat.extend([
        Said::Tool("transfer".into(), json!({}), vec![]),
        Said::Words(words("**Sorry**, nobody is free. <think>hm</think>May we call you back?")),
        Said::Tool("schedule_callback".into(), json!({ "when": later }), words("I noted it.")),
        Said::Tool("end_call".into(), json!({}), words("Goodbye for now.")),
    ]);
    let call = talked(&client, "Model", WILLING).await;
    let said = call["transcript"].as_str().unwrap();
    assert!(said.contains("AI: Sorry, nobody is free. May we call you back?"), "{said}");
    assert!(!said.contains("hm") && !said.contains("think aloud"), "{said}");
    // The script opened; what the model was told is this person and no more.
    assert!(said.starts_with("AI: Hello Ada"), "{said}");
    let asked = voices.asked("/v1/chat/completions");
    let system = asked[0]["messages"][0]["content"].as_str().unwrap();
    assert!(system.contains("Ada") && system.contains("No colleague is free"), "{system}");
    let told = asked[1]["messages"].as_array().unwrap().iter().find(|m| m["role"] == "tool").unwrap();
    assert!(told["content"].as_str().unwrap().contains("no colleague is free"), "{told}");
    let events = client.get("/api/v1/events?after=0&limit=500").await.unwrap();
    let tools: Vec<(&str, &str)> = events["events"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|event| event["type"] == "tool_used")
        .map(|event| (event["tool"].as_str().unwrap(), event["result"].as_str().unwrap()))
        .collect();
    assert!(tools[0].0 == "transfer" && tools[0].1.starts_with("refused"), "{tools:?}");
    assert!(tools.contains(&("schedule_callback", "done")), "{tools:?}");
    let callbacks = client.get("/api/v1/callbacks").await.unwrap();
    assert_eq!(callbacks["callbacks"][0]["dueAt"].as_str().unwrap()[..16], later[..16], "{callbacks}");
}

#[tokio::test(flavor = "multi_thread")]
async fn do_not_call_is_heard_before_the_model_and_by_its_tool() {
    let (home, voices) = (tempfile::tempdir().unwrap(), Voices::start().await.unwrap());
    let server = house(&home, &voices);
    let client = server.log_in("sue").await.unwrap();
    let call = talked(&client, "Rules", LEAVE_ME_ALONE).await;
    assert_eq!(call["outcome"], "do_not_call", "{call}");
    // A model that hears it in other words lists the number too; what it wants after that is refused.
    voices.state().chat.push_back(Said::Tool(
        "do_not_call".into(),
        json!({}),
        vec!["You will not hear from us.".into()],
    ));
    let call = talked(&client, "Tool", WILLING).await;
    assert_eq!(call["outcome"], "do_not_call", "{call}");
    let listed = client.get("/api/v1/do-not-call").await.unwrap();
    assert_eq!(listed["entries"].as_array().unwrap().len(), 2, "{listed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_model_fails_the_script_answers_within_the_turn() {
    for manner in [Manner::Busy, Manner::Garbage, Manner::Cut] {
        let (home, voices) = (tempfile::tempdir().unwrap(), Voices::start().await.unwrap());
        voices.state().manner = manner;
        let server = house(&home, &voices);
        let client = server.log_in("sue").await.unwrap();
        let call = talked(&client, "Fallback", WILLING).await;
        assert_eq!(call["outcome"], "interested", "{manner:?}: {call}");
        assert!(!voices.asked("/v1/chat/completions").is_empty());
        let said = call["transcript"].as_str().unwrap();
        assert!(said.contains("AI: Wonderful."), "{manner:?}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_asks_each_provider_for_what_it_can_do() {
    let (home, well, ill) =
        (tempfile::tempdir().unwrap(), Voices::start().await.unwrap(), Voices::start().await.unwrap());
    ill.state().manner = Manner::Busy;
    let settings = home.path().join("server.toml");
    let section = |name: &str, voices: &Voices| {
        format!(
            "[providers.{name}]\nkind = \"openai\"\nurl = \"{}/v1\"\nkey = \"sk-secret\"\nchat_model = \"m\"\nspeech_model = \"s\"\ntranscribe_model = \"t\"\n",
            voices.url
        )
    };
    std::fs::write(&settings, section("well", &well) + &section("ill", &ill)).unwrap();
    let setup = Setup::new(env!("CARGO_BIN_EXE_dialdeckd"), home.path()).set("telephony.kind", "simulated");
    let mut doctor = setup.command(&["--config", &settings.display().to_string(), "doctor", "--json"]);
    let output = tokio::task::spawn_blocking(move || doctor.output()).await.unwrap().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!text.contains("sk-secret"), "{text}");
    let lines: Value = serde_json::from_str(&text).unwrap();
    let of = |name: &str| {
        let all = lines.as_array().or(lines["findings"].as_array()).unwrap();
        all.iter().find(|line| line["name"] == name).cloned().unwrap()
    };
    let (well, ill) = (of("provider well"), of("provider ill"));
    let did = well["detail"].as_str().unwrap();
    assert_eq!(well["state"], "ok", "{well}");
    assert!(["spoke", "heard", "first word"].iter().all(|what| did.contains(what)), "{did}");
    assert_eq!(ill["state"], "warn", "{ill}");
    assert!(ill["detail"].as_str().unwrap().contains("429"), "{ill}");
    assert!(ill["remedy"].as_str().unwrap().contains("[providers.ill]"), "{ill}");
}
