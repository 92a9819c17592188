//! Agents on the simulated network: the four ways of dialling, what they say came of a call, and what goes wrong.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends where it cannot go on"
)]

use dialdeck_testkit::daemon::{Client, Daemon, Setup};
use dialdeck_testkit::people::number;
use dialdeck_testkit::wait::until;
use reqwest::Method;
use serde_json::{Value, json};

const MESSAGE: &str = "This is Example Company, 312 555 0199. Press 9 and we never call again.";

struct Floor {
    server: Daemon,
    setup: Setup,
    sue: Client,
    _home: tempfile::TempDir,
}

/// A server at some speed, a supervisor, and agents of these names with a phone on file.
async fn floor(speed: &str, agents: &[&str]) -> Floor {
    let home = tempfile::tempdir().unwrap();
    let setup = Setup::new(env!("CARGO_BIN_EXE_dialdeckd"), home.path())
        .set("telephony.kind", "simulated")
        .set("telephony.simulated_speed", speed);
    setup.add_user("sue", "supervisor").unwrap();
    setup.add_user("root", "admin").unwrap();
    for name in agents {
        setup.add_user(name, "agent").unwrap();
    }
    let server = setup.start(&["serve"]).unwrap();
    let (sue, root) = (server.log_in("sue").await.unwrap(), server.log_in("root").await.unwrap());
    let users = root.get("/api/v1/users").await.unwrap();
    for name in agents {
        let user = users["users"].as_array().unwrap().iter().find(|u| u["name"] == *name).unwrap();
        let body = json!({ "name": name, "kind": "human", "userId": user["id"], "extension": "PJSIP/6001" });
        root.post("/api/v1/agents", body).await.unwrap();
    }
    for (code, key, outcome) in [
        ("SALE", "1", "interested"),
        ("NI", "2", "not_interested"),
        ("DNC", "9", "do_not_call"),
        ("CB", "3", "callback"),
    ] {
        let body = json!({ "code": code, "label": code, "hotkey": key, "outcome": outcome });
        sue.post("/api/v1/dispositions", body).await.unwrap();
    }
    Floor { server, setup, sue, _home: home }
}

impl Floor {
    async fn agent(&self, name: &str) -> Agent {
        let client = self.server.log_in(name).await.unwrap();
        client.post("/api/v1/agents/log-in", json!({ "phone": "nailed_up" })).await.unwrap();
        let agent = Agent { client, name: name.to_owned() };
        agent.is("paused", |row| row["phoneUp"] == true).await;
        agent
    }

    async fn start(&self, campaign: &str) {
        let body = json!({ "campaignId": campaign });
        self.sue.post("/api/v1/calls/automated/start", body).await.unwrap();
    }

    async fn reason(&self, campaign: &str, part: &str) -> String {
        until(&format!("the queue to say {part:?}"), || async {
            let queues = self.sue.get("/api/v1/queues").await.ok()?;
            let queue = queues["queues"].as_array()?.iter().find(|q| q["campaignId"] == *campaign)?.clone();
            let reason = queue["reason"].as_str()?.to_owned();
            reason.contains(part).then_some(reason)
        })
        .await
    }
}

#[derive(Clone)]
struct Agent {
    client: Client,
    name: String,
}

impl Agent {
    async fn row(&self) -> Option<Value> {
        let floor = self.client.get("/api/v1/agents/floor").await.ok()?;
        floor["agents"].as_array()?.iter().find(|row| row["name"] == *self.name).cloned()
    }

    /// Waits until the agent is in a state, and something holds of it.
    async fn is(&self, state: &str, also: impl Fn(&Value) -> bool) -> Value {
        until(&format!("{} to be {state}", self.name), || async {
            let row = self.row().await?;
            (row["state"] == *state && also(&row)).then_some(row)
        })
        .await
    }

    async fn ready(&self) {
        self.client.post("/api/v1/agents/ready", json!({})).await.unwrap();
    }

    async fn dispose(&self, call: &Value, code: &str) -> (u16, Value) {
        let path = format!("/api/v1/calls/{}/disposition", call.as_str().unwrap());
        self.client
            .send(Method::POST, &path, Some(json!({ "disposition": code, "note": "as agreed" })))
            .await
            .unwrap()
    }
}

fn people(mode: &str) -> Value {
    json!({ "mode": mode, "abandonMessage": MESSAGE, "callsPerSecond": 50 })
}

#[tokio::test(flavor = "multi_thread")]
async fn one_line_for_each_agent_who_waits() {
    let floor = floor("8", &["ann"]).await;
    let settings = json!({ "maxConcurrentCalls": 5, "retryAttempts": 0, "people": people("progressive") });
    let campaign = floor
        .sue
        .campaign("Progressive", settings, &[("Busby", 6), ("Ines", 0), ("Dora", 30)])
        .await
        .unwrap();
    floor.start(&campaign).await;
    floor.reason(&campaign, "no agent is logged in").await;
    let ann = floor.agent("ann").await;
    floor.reason(&campaign, "the only agent is paused").await;
    assert!(floor.sue.calls(&campaign).await.unwrap().is_empty(), "nobody is called while nobody is there");
    ann.ready().await;

    // Busy first, then a person: the agent talks, and nobody else is called meanwhile.
    let row = ann.is("in_call", |_| true).await;
    let calls = floor.sue.calls(&campaign).await.unwrap();
    assert!(calls.len() <= 2 && calls.iter().any(|c| c["outcome"] == "busy"), "{calls:?}");
    let call = &row["callId"];
    assert_eq!(row["dispositionDue"], true);
    let shown = floor.sue.get(&format!("/api/v1/calls/{}", call.as_str().unwrap())).await.unwrap();
    assert!(shown.to_string().contains("in_progress"), "{shown}");

    // A pause waits for the end of the call; the person hangs up; nothing comes before the disposition.
    ann.client.post("/api/v1/agents/pause", json!({ "code": "LUNCH" })).await.unwrap();
    ann.is("dead", |row| row["pauseCode"] == "LUNCH").await;
    let (status, refused) =
        ann.client.send(Method::POST, "/api/v1/agents/ready", Some(json!({}))).await.unwrap();
    assert_eq!(status, 409, "{refused}");
    let (status, refused) = ann.dispose(call, "SOLD").await;
    assert!(status == 400 || status == 422, "{refused}");
    assert!(refused.to_string().contains("use one of CB, DNC, NI, SALE"), "{refused}");
    assert_eq!(ann.dispose(call, "sale").await.0, 200);
    ann.is("paused", |row| row["pauseCode"] == "LUNCH").await;
    let sold = floor.sue.calls(&campaign).await.unwrap();
    let sold = sold.iter().find(|c| c["id"] == *call).unwrap();
    assert_eq!((sold["outcome"].as_str(), sold["disposition"].as_str()), (Some("interested"), Some("SALE")));
    assert_eq!(sold["agent"], "ann");

    // Back again; the next person asks never to be called.
    ann.ready().await;
    let row = ann.is("in_call", |row| row["callId"] != *call).await;
    let hang_up = format!("/api/v1/calls/{}/hangup", row["callId"].as_str().unwrap());
    ann.client.post(&hang_up, json!({})).await.unwrap();
    ann.is("wrap_up", |row| row["dispositionDue"] == true).await;
    assert_eq!(ann.dispose(&row["callId"], "DNC").await.0, 200);
    until("the number to be listed", || async {
        let listed = floor.sue.get("/api/v1/do-not-call").await.ok()?;
        listed["entries"]
            .as_array()?
            .iter()
            .any(|e| e["phone"] == number(30) && e["source"] == "agent")
            .then_some(())
    })
    .await;
    floor.reason(&campaign, "every contact is done").await;
    let contacts = floor.sue.contacts(&campaign).await.unwrap();
    let of = |digits| contacts.iter().find(|c| c["phone"] == number(digits)).unwrap()["status"].clone();
    assert_eq!((of(0), of(30)), (json!("contacted"), json!("do_not_call")));
    ann.client.post("/api/v1/agents/log-out", json!({})).await.unwrap();
    assert!(ann.row().await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrap_up_that_ends_by_itself() {
    let floor = floor("20", &["ann"]).await;
    let mut people = people("progressive");
    people["wrapUpSeconds"] = json!(1);
    people["defaultDisposition"] = json!("NI");
    let settings = json!({ "maxConcurrentCalls": 5, "retryAttempts": 0, "people": people });
    let campaign = floor.sue.campaign("Wrap", settings, &[("Ines", 0), ("Dora", 30)]).await.unwrap();
    let ann = floor.agent("ann").await;
    ann.ready().await;
    floor.start(&campaign).await;
    floor.reason(&campaign, "every contact is done").await;
    until("both to be set", || async {
        let calls = floor.sue.calls(&campaign).await.ok()?;
        calls.iter().all(|c| c["disposition"] == "NI" && c["outcome"] == "not_interested").then_some(())
    })
    .await;
    ann.is("ready", |row| row["calls"] == 2).await;
}

/// Sets a disposition on each call that waits for one, until told to stop.
async fn works(agent: Agent) {
    loop {
        if let Some(row) = agent.row().await {
            let over = row["state"] == "dead" || row["state"] == "wrap_up";
            if over && row["dispositionDue"] == true {
                agent.dispose(&row["callId"], "NI").await;
            }
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn predictive_dialling_bridges_or_counts_everybody_who_answers() {
    let floor = floor("20", &["ann", "bob", "cid"]).await;
    let settings = json!({ "maxConcurrentCalls": 20, "retryAttempts": 0, "people": people("predictive") });
    let list: Vec<(&str, u8)> = (0..40).map(|n| ("Somebody", n)).collect();
    let campaign = floor.sue.campaign("Predictive", settings, &list).await.unwrap();
    let mut workers = Vec::new();
    for name in ["ann", "bob", "cid"] {
        let agent = floor.agent(name).await;
        agent.ready().await;
        workers.push(tokio::spawn(works(agent)));
    }
    floor.start(&campaign).await;
    let said = floor.reason(&campaign, "level ").await;
    assert!(said.contains(" agents, ") && said.contains("drop 0.0 % of 3 %"), "{said}");
    floor.reason(&campaign, "every contact is done").await;
    for worker in workers {
        worker.abort();
    }
    let calls = floor.sue.calls(&campaign).await.unwrap();
    assert_eq!(calls.len(), 40, "everybody once");
    for call in &calls {
        let outcome = call["outcome"].as_str().unwrap();
        let answered = call["status"] == "completed";
        let bridged = call["agent"].as_str().is_some_and(|name| !name.is_empty());
        let abandoned = outcome == "abandoned";
        assert_eq!(answered, bridged || abandoned, "{call}");
        assert!(!(bridged && abandoned), "{call}");
        if abandoned && !call["transcript"].as_str().unwrap().is_empty() {
            assert!(call["transcript"].as_str().unwrap().contains("Press 9"), "{call}");
        }
    }
    let bridged = calls.iter().filter(|c| c["agent"].is_string()).count();
    assert!(bridged >= 25, "{bridged} of the 29 who answer were put through");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_was_skipped_is_not_offered_at_once_again() {
    let floor = floor("20", &["ann"]).await;
    let settings = json!({ "maxConcurrentCalls": 5, "retryAttempts": 0, "people": people("preview") });
    let names: Vec<String> = (0..30).map(|n| format!("Person{n}")).collect();
    let contacts: Vec<(&str, u8)> = names.iter().map(String::as_str).zip(0..).collect();
    let campaign = floor.sue.campaign("Preview", settings, &contacts).await.unwrap();
    let ann = floor.agent("ann").await;
    ann.ready().await;
    floor.start(&campaign).await;
    let mut skipped: Vec<String> = Vec::new();
    for _ in &contacts {
        let row = ann.is("ready", |row| row["offered"] == true).await;
        let contact = row["contactId"].as_str().unwrap().to_owned();
        assert!(!skipped.contains(&contact), "after {} the same again", skipped.len());
        skipped.push(contact);
        ann.client.post("/api/v1/agents/skip", json!({})).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_looks_first_dials_and_skips() {
    let floor = floor("20", &["ann"]).await;
    let settings = json!({ "maxConcurrentCalls": 5, "retryAttempts": 0, "people": people("preview") });
    let campaign = floor.sue.campaign("Preview", settings, &[("Ines", 0), ("Dora", 30)]).await.unwrap();
    let ann = floor.agent("ann").await;
    ann.ready().await;
    floor.start(&campaign).await;
    let first = ann.is("ready", |row| row["offered"] == true).await;
    assert!(floor.sue.calls(&campaign).await.unwrap().is_empty());
    ann.client.post("/api/v1/agents/skip", json!({})).await.unwrap();
    let second =
        ann.is("ready", |row| row["offered"] == true && row["contactId"] != first["contactId"]).await;
    ann.client.post("/api/v1/agents/dial", json!({})).await.unwrap();
    let row = ann.is("dead", |row| row["contactId"] == second["contactId"]).await;
    let callback = chrono::Utc::now() + chrono::Duration::hours(20);
    let path = format!("/api/v1/calls/{}/disposition", row["callId"].as_str().unwrap());
    let body = json!({ "disposition": "CB", "note": "after lunch", "callbackAt": callback });
    ann.client.post(&path, body).await.unwrap();
    let callbacks = floor.sue.get("/api/v1/callbacks").await.unwrap();
    assert_eq!(callbacks["callbacks"][0]["contactId"], second["contactId"]);
    // A callback is dialled when asked for, whatever the campaign thinks of the contact.
    ann.client.post("/api/v1/agents/pause", json!({})).await.unwrap();
    ann.is("paused", |_| true).await;
    ann.client.post("/api/v1/agents/dial", json!({ "contactId": second["contactId"] })).await.unwrap();
    let row = ann.is("in_call", |_| true).await;
    let (status, refused) = ann
        .client
        .send(Method::POST, "/api/v1/agents/dial", Some(json!({ "contactId": first["contactId"] })))
        .await
        .unwrap();
    assert_eq!(status, 409, "one call at a time: {refused}");
    // Said while talking: when the call ends, there is nothing left to say, and the pause goes on.
    assert_eq!(ann.dispose(&row["callId"], "SALE").await.0, 200);
    ann.is("paused", |_| true).await;
    until("the call to stand as said", || async {
        let calls = floor.sue.calls(&campaign).await.ok()?;
        let call = calls.iter().find(|c| c["id"] == row["callId"])?;
        (call["status"] == "completed" && call["outcome"] == "interested").then_some(())
    })
    .await;
    // Somebody on the list is not called, by whomever.
    floor.sue.post("/api/v1/do-not-call", json!({ "phone": number(30) })).await.unwrap();
    floor.sue.post("/api/v1/do-not-call", json!({ "phone": number(0) })).await.unwrap();
    let (status, refused) = ann
        .client
        .send(Method::POST, "/api/v1/agents/dial", Some(json!({ "contactId": first["contactId"] })))
        .await
        .unwrap();
    assert_eq!(status, 409);
    assert!(refused.to_string().contains("do-not-call list"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ai_caller_hands_over_what_it_found_out() {
    let floor = floor("8", &["ann"]).await;
    let settings =
        json!({ "maxConcurrentCalls": 2, "callIntervalMs": 0, "retryAttempts": 0, "handOver": true });
    let campaign = floor.sue.campaign("Qualify", settings, &[("Ines", 0)]).await.unwrap();
    let ann = floor.agent("ann").await;
    ann.ready().await;
    floor.start(&campaign).await;
    let row = ann.is("in_call", |_| true).await;
    let talked = ann
        .client
        .get(&format!("/api/v1/calls/{}/conversation", row["callId"].as_str().unwrap()))
        .await
        .unwrap();
    let history = talked["conversationHistory"].to_string();
    assert!(history.contains("putting you through"), "{history}");
    ann.is("dead", |_| true).await;
    assert_eq!(ann.dispose(&row["callId"], "SALE").await.0, 200);
    let events = floor.sue.get("/api/v1/events?after=0&limit=1000").await.unwrap();
    let handed =
        events["events"].as_array().unwrap().iter().find(|e| e["type"] == "call_handed_over").unwrap();
    assert!(
        handed["summary"].as_str().unwrap().contains("said: yes go ahead / yes that sounds good"),
        "{handed}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_a_phone_outside_does_not_take_is_called_back() {
    let floor = floor("8", &[]).await;
    let to = |phone: &str, attended: bool| json!({ "callIntervalMs": 0, "retryAttempts": 0, "transfer": { "to": phone, "attended": attended } });
    // Who is away does not pick up, who is busy refuses; whoever picks up takes them where nobody asks.
    for (phone, attended, outcome) in [
        ("PJSIP/away", false, "interested"),
        ("PJSIP/busy", true, "interested"),
        ("PJSIP/busy", false, "transferred"),
        ("PJSIP/200", true, "transferred"),
        // Who puts the phone down has ended the call; it is not rung again.
        ("PJSIP/leaves", false, "transferred"),
    ] {
        let name = format!("{phone} {attended}");
        let campaign = floor.sue.campaign(&name, to(phone, attended), &[("Ines", 0)]).await.unwrap();
        floor.start(&campaign).await;
        let call = until("the call to be over", || async {
            floor.sue.calls(&campaign).await.ok()?.into_iter().find(|call| call["status"] == "completed")
        })
        .await;
        assert_eq!(call["outcome"], outcome, "{name}: {call}\n{}", floor.server.log());
        let events = floor.sue.get("/api/v1/events?limit=1000").await.unwrap();
        let events = events["events"].as_array().unwrap();
        let handed = events.iter().filter(|e| e["call_id"] == call["id"] && e["type"] == "call_handed_over");
        assert_eq!(handed.count(), usize::from(outcome == "transferred"), "{name}");
        let callbacks = floor.sue.get("/api/v1/callbacks").await.unwrap();
        let all = callbacks["callbacks"].as_array().unwrap();
        let booked = all.iter().filter(|callback| callback["campaignId"] == campaign.as_str()).count();
        assert_eq!(booked, usize::from(outcome == "interested"), "{name}: {callbacks}");
    }
    let body = json!({ "callSettings": { "transfer": { "to": "PJSIP/1&PJSIP/2" } }, "name": "x" });
    let (status, refused) = floor.sue.send(Method::POST, "/api/v1/campaigns", Some(body)).await.unwrap();
    assert_eq!(status, 422, "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_put_through_by_hand() {
    let floor = floor("4", &["ann"]).await;
    let settings = json!({ "callIntervalMs": 0, "people": people("progressive") });
    // Somebody who talks for long.
    let campaign = floor.sue.campaign("By hand", settings, &[("Ines", 9)]).await.unwrap();
    let ann = floor.agent("ann").await;
    ann.ready().await;
    floor.start(&campaign).await;
    let row = ann.is("in_call", |_| true).await;
    let path = format!("/api/v1/calls/{}/transfer", row["callId"].as_str().unwrap());
    let put = async |to: &str, attended: bool| {
        let body = json!({ "to": to, "attended": attended });
        ann.client.send(Method::POST, &path, Some(body)).await.unwrap()
    };
    // A number out into the world is no phone; who refuses, or is away, changes nothing.
    assert_eq!(put("Local/13125550142@out", false).await.0, 422);
    let (status, refused) = put("PJSIP/busy", true).await;
    assert_eq!((status, refused.to_string().contains("refused")), (409, true), "{refused}");
    assert_eq!(put("PJSIP/away", false).await.0, 409);
    ann.is("in_call", |_| true).await;
    let (status, said) = put("PJSIP/200", false).await;
    assert_eq!(status, 200, "{said}");
    // The agent says what came of it, and the person talks on; it is not the agent's to end any more.
    ann.is("wrap_up", |_| true).await;
    assert_eq!(put("PJSIP/200", false).await.0, 403);
    let hang_up = path.replace("/transfer", "/hangup");
    let (status, refused) = ann.client.send(Method::POST, &hang_up, Some(json!({}))).await.unwrap();
    assert_eq!(status, 403, "{refused}");
    let (status, said) = ann.dispose(&row["callId"], "SALE").await;
    assert_eq!(status, 200, "{said}");
    let all = [("status", "in_progress"), ("agent", "PJSIP/200"), ("disposition", "SALE")];
    until("the call to be with the other phone, and disposed of", || async {
        let calls = floor.sue.calls(&campaign).await.ok()?;
        all.iter().all(|(field, value)| calls[0][field] == *value).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_on_hold_can_be_put_through_elsewhere() {
    let floor = floor("4", &[]).await;
    let settings = json!({ "callIntervalMs": 0, "transfer": { "to": "PJSIP/rings" } });
    let campaign = floor.sue.campaign("Hold", settings, &[("Ines", 0)]).await.unwrap();
    floor.start(&campaign).await;
    let call = until("the person to be on hold", || async {
        let call = floor.sue.calls(&campaign).await.ok()?.first()?.clone();
        let path = format!("/api/v1/calls/{}/conversation", call["id"].as_str()?);
        let talk = floor.sue.get(&path).await.ok()?;
        talk.to_string().contains("putting you through").then_some(call)
    })
    .await;
    let path = format!("/api/v1/calls/{}/transfer", call["id"].as_str().unwrap());
    let put = async |to: &str| {
        floor.sue.send(Method::POST, &path, Some(json!({ "to": to, "attended": true }))).await.unwrap()
    };
    // Of two who put them through at once, one does.
    let (first, second) = tokio::join!(put("PJSIP/200"), put("PJSIP/201"));
    let mut answers = [first.0, second.0];
    answers.sort_unstable();
    assert_eq!(answers, [200, 409], "{first:?} {second:?}");
    let to = if first.0 == 200 { "PJSIP/200" } else { "PJSIP/201" };
    until("both to hear each other", || async {
        let calls = floor.sue.calls(&campaign).await.ok()?;
        (calls[0]["agent"] == to).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn supervisors_steer_and_agents_only_themselves() {
    let floor = floor("8", &["ann", "bob"]).await;
    let (ann, bob) = (floor.agent("ann").await, floor.agent("bob").await);
    let id = ann.row().await.unwrap()["userId"].clone();
    let pause = json!({ "userId": id, "code": "COACH" });
    let (status, _) =
        bob.client.send(Method::POST, "/api/v1/agents/pause", Some(pause.clone())).await.unwrap();
    assert_eq!(status, 403);
    ann.ready().await;
    let (other, sue) = (floor.server.log_in("sue").await.unwrap(), &floor.sue);
    let resume = json!({ "userId": id });
    // Two at once: both are done, one after the other, and nothing breaks.
    let (first, second) = tokio::join!(
        sue.send(Method::POST, "/api/v1/agents/pause", Some(pause.clone())),
        other.send(Method::POST, "/api/v1/agents/pause", Some(pause)),
    );
    assert_eq!((first.unwrap().0, second.unwrap().0), (200, 200));
    ann.is("paused", |row| row["pauseCode"] == "COACH").await;
    sue.post("/api/v1/agents/ready", resume.clone()).await.unwrap();
    ann.is("ready", |_| true).await;
    sue.post("/api/v1/agents/log-out", resume.clone()).await.unwrap();
    let (status, gone) = sue.send(Method::POST, "/api/v1/agents/ready", Some(resume)).await.unwrap();
    assert_eq!(status, 404, "{gone}");
    // Only a phone, never a number out into the world.
    let away = json!({ "extension": "PJSIP/+13125550100@trunk", "phone": "nailed_up" });
    let (status, refused) = ann.client.send(Method::POST, "/api/v1/agents/log-in", Some(away)).await.unwrap();
    assert!(status == 400 || status == 422, "{refused}");
    let audit = floor.server.log_in("root").await.unwrap().get("/api/v1/audit").await.unwrap();
    let lines = audit.to_string();
    for command in ["agent.log_in", "agent.pause", "agent.ready", "agent.log_out"] {
        assert!(lines.contains(command), "{command}: {lines}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_crash_nobody_is_put_through_before_they_say_so() {
    let mut floor = floor("1", &["ann"]).await;
    let settings = json!({ "maxConcurrentCalls": 5, "retryAttempts": 0, "people": people("progressive") });
    let campaign = floor.sue.campaign("Crash", settings, &[("Ines", 0)]).await.unwrap();
    let ann = floor.agent("ann").await;
    ann.ready().await;
    floor.start(&campaign).await;
    let row = ann.is("in_call", |_| true).await;
    floor.server.kill();
    floor.server = floor.setup.start(&["serve"]).unwrap();
    let ann = Agent { client: floor.server.log_in("ann").await.unwrap(), name: "ann".into() };
    // The call was theirs: what came of it is still asked for.
    let after = ann.is("wrap_up", |after| after["callId"] == row["callId"]).await;
    assert_eq!((&after["phoneUp"], &after["dispositionDue"]), (&json!(false), &json!(true)));
    assert_eq!(ann.dispose(&row["callId"], "SALE").await.0, 200);
    ann.is("paused", |row| row["pauseCode"] == "RESTART").await;
    // The phone is rung once more, and then they may go on.
    let (status, _) = ann.client.send(Method::POST, "/api/v1/agents/ready", Some(json!({}))).await.unwrap();
    assert_eq!(status, 409);
    ann.is("paused", |row| row["phoneUp"] == true).await;
    ann.ready().await;
    ann.is("ready", |_| true).await;
}

/// Somebody else's number is not called again, the contact's next one is; and who pressed the wrong key can say so.
#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_number_leads_to_the_next_one_and_a_word_can_be_taken_back() {
    let floor = floor("20", &["ann"]).await;
    for (code, outcome) in [("WRONG", "wrong_number"), ("AM", "voicemail")] {
        floor
            .sue
            .post("/api/v1/dispositions", json!({ "code": code, "label": code, "outcome": outcome }))
            .await
            .unwrap();
    }
    let settings = json!({ "maxConcurrentCalls": 5, "retryAttempts": 3, "people": people("progressive") });
    let campaign = floor.sue.campaign("Others", settings, &[("Ines", 0)]).await.unwrap();
    let id = floor.sue.contacts(&campaign).await.unwrap()[0]["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/contacts/{id}");
    let others = json!({ "alternatePhones": [number(30)] });
    let (status, said) = floor.sue.send(Method::PATCH, &path, Some(others)).await.unwrap();
    assert_eq!(status, 200, "{said}");
    let ann = floor.agent("ann").await;
    ann.ready().await;
    floor.start(&campaign).await;

    // Said while they talk: the next number is called when this call is over, and not before.
    let first = ann.is("in_call", |_| true).await;
    assert_eq!(ann.dispose(&first["callId"], "WRONG").await.0, 200);
    let second = ann.is("in_call", |row| row["callId"] != first["callId"]).await;
    let calls = floor.sue.calls(&campaign).await.unwrap();
    let of = |id: &Value| calls.iter().find(|call| call["id"] == *id).unwrap().clone();
    assert_eq!(
        (&of(&first["callId"])["outcome"], &of(&second["callId"])["phone"]),
        (&json!("wrong_number"), &json!(number(30)))
    );
    // Whom they talk to is not erased under them, by whichever number.
    let root = floor.server.log_in("root").await.unwrap();
    for n in [0, 30] {
        let person = format!("/api/v1/persons/{}", number(n).replace('+', "%2B"));
        let (status, said) = root.send(Method::DELETE, &person, None).await.unwrap();
        assert_eq!(status, 409, "{said}");
    }

    // An answering machine, and then after all a person who does not want it: nobody calls them again.
    let hang_up = format!("/api/v1/calls/{}/hangup", second["callId"].as_str().unwrap());
    ann.client.post("/api/v1/agents/pause", json!({})).await.unwrap();
    ann.client.post(&hang_up, json!({})).await.unwrap();
    ann.is("wrap_up", |_| true).await;
    assert_eq!(ann.dispose(&second["callId"], "AM").await.0, 200);
    let status_of = async || floor.sue.get(&path).await.unwrap()["status"].clone();
    assert_eq!(status_of().await, "retry");
    assert_eq!(ann.dispose(&second["callId"], "NI").await.0, 200);
    assert_eq!(status_of().await, "completed");
    assert_eq!(floor.sue.calls(&campaign).await.unwrap().len(), 2);
}
