//! What people say and do, and what comes of it.

use super::{by_phone, lab, loudness, over, start_queue, tone};
use dialdeck_testkit::asterisk::Asterisk;
use dialdeck_testkit::moonshine;
use dialdeck_testkit::people::number;
use dialdeck_testkit::wait::until;
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn twelve_people() {
    let lab = lab();
    let server = lab.setup.start(&["serve"]).unwrap();
    let client = server.log_in("sue").await.unwrap();
    let people = [
        ("Interested", 10, "completed", "interested", "contacted"),
        ("Objecting", 11, "completed", "interested", "contacted"),
        ("Stopcalling", 12, "completed", "do_not_call", "do_not_call"),
        ("Silent", 13, "completed", "unclear", "retry"),
        ("Hangsup", 14, "completed", "hung_up", "completed"),
        ("Machine", 15, "completed", "voicemail", "retry"),
        ("Busy", 16, "failed", "busy", "retry"),
        ("Noanswer", 17, "failed", "no_answer", "retry"),
        ("Congested", 18, "failed", "congestion", "retry"),
        ("Badnumber", 19, "failed", "bad_number", "failed"),
        ("Callback", 20, "completed", "callback", "contacted"),
        ("Interrupts", 21, "completed", "not_interested", "completed"),
        ("Pressesnine", 22, "completed", "do_not_call", "do_not_call"),
    ];
    let list: Vec<(&str, u8)> = people.iter().map(|p| (p.0, p.1)).collect();
    let settings = json!({ "maxConcurrentCalls": 4, "callIntervalMs": 200, "retryDelayMinutes": 60, "callTimeoutSeconds": 15 });
    let campaign = client.campaign("Twelve", settings, &list).await.unwrap();
    until("Asterisk to be reached", || async {
        let parts = client.get("/api/v1/parts").await.ok()?;
        parts["parts"]
            .as_array()?
            .iter()
            .any(|p| p["name"] == "telephony" && p["state"] == "up")
            .then_some(())
    })
    .await;
    start_queue(&client, &campaign).await;
    let calls = by_phone(over(&client, &campaign, people.len()).await);
    let contacts = by_phone(client.contacts(&campaign).await.unwrap());
    let mut wrong = Vec::new();
    for (name, digits, status, outcome, contact) in people {
        let (call, who) = (&calls[&number(digits)], &contacts[&number(digits)]);
        let was = (
            call["status"].as_str().unwrap(),
            call["outcome"].as_str().unwrap(),
            who["status"].as_str().unwrap(),
        );
        if was != (status, outcome, contact) {
            wrong.push(format!("{name}: {was:?}, transcript {}", call["transcript"]));
        }
    }
    assert!(wrong.is_empty(), "{}\n{}", wrong.join("\n"), server.log());
    let transcript = |digits| calls[&number(digits)]["transcript"].as_str().unwrap().to_owned();
    assert!(
        transcript(10).contains("Customer: yes please")
            && transcript(10).contains("Customer: yes i am interested")
    );
    assert!(transcript(11).contains("Customer: that is too expensive\nAI: I understand."));
    assert!(
        transcript(12)
            .contains("Customer: stop calling me\nAI: Just to be sure, shall I take you off our list?")
    );
    assert!(transcript(20).contains("Customer: can you call me back tomorrow"));
    assert!(transcript(10).starts_with("AI: Hello Interested, this is the automated assistant"));
    assert_eq!(transcript(16), "");
    let listed = client.get("/api/v1/do-not-call").await.unwrap();
    let listed: Vec<&str> =
        listed["entries"].as_array().unwrap().iter().map(|e| e["phone"].as_str().unwrap()).collect();
    assert_eq!(listed, [number(12), number(22)]);
    barge_in(&lab.asterisk);
    let talked = client
        .get(&format!("/api/v1/calls/{}/conversation", calls[&number(10)]["id"].as_str().unwrap()))
        .await;
    assert_eq!(talked.unwrap()["conversationHistory"].as_array().unwrap().len(), 3);
    server.stop().unwrap();
}

/// What the interrupting person heard: us, then, while they speak, silence.
fn barge_in(asterisk: &Asterisk) {
    let heard = loudness(&asterisk.recording("hear-21").unwrap());
    let said = loudness(&asterisk.recording("say-21").unwrap());
    let spoke = said.iter().position(|l| *l > 300.0).expect("they spoke");
    let voiced = |from: usize, to: usize| heard[from..to].iter().filter(|l| **l > 100.0).count();
    assert!(voiced(spoke - 25, spoke) > 5, "we were speaking when they began");
    let quiet = (spoke..spoke + 100).find(|n| voiced(*n, n + 20) == 0).expect("we fell silent");
    let last_word = said.iter().rposition(|l| *l > 300.0).unwrap();
    assert!(
        quiet < last_word,
        "we fell silent while they spoke: frame {quiet}, they spoke {spoke} to {last_word}"
    );
}

/// What no phrase of the grammar says is understood where Moonshine's files are; `PocketSphinx` is not there.
#[tokio::test(flavor = "multi_thread")]
async fn people_who_speak_freely() {
    let lab = lab();
    let folder = moonshine::folder().unwrap();
    let setup = lab
        .setup
        .clone()
        .set("recognition.moonshine", &folder.to_string_lossy())
        .set("recognition.pocketsphinx", "/nowhere/pocketsphinx_batch")
        .set("recognition.model", "/nowhere");
    let server = setup.start(&["serve"]).unwrap();
    let client = server.log_in("sue").await.unwrap();
    let parts = client.get("/api/v1/parts").await.unwrap();
    let hears = parts["parts"].as_array().unwrap().iter().find(|p| p["name"] == "recogniser").unwrap();
    assert!(hears["state"] == "up" && hears["message"].as_str().unwrap().contains("free speech"), "{hears}");
    let people = [
        ("Interested", 10, "interested", "yes i am interested"),
        ("Neverring", 33, "do_not_call", "ring this number again"),
    ];
    let list: Vec<(&str, u8)> = people.iter().map(|p| (p.0, p.1)).collect();
    let settings = json!({ "maxConcurrentCalls": 3, "callIntervalMs": 200, "retryDelayMinutes": 60 });
    let campaign = client.campaign("Free", settings, &list).await.unwrap();
    start_queue(&client, &campaign).await;
    let calls = by_phone(over(&client, &campaign, people.len()).await);
    for (name, digits, outcome, said) in people {
        let call = &calls[&number(digits)];
        let heard = call["transcript"].as_str().unwrap().to_lowercase().replace([',', '.'], "");
        assert!(call["outcome"] == outcome && heard.contains(said), "{name}: {call}");
    }
    server.stop().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_left_after_the_tone() {
    let lab = lab();
    let server = lab.setup.start(&["serve"]).unwrap();
    let client = server.log_in("sue").await.unwrap();
    // The shipped script, and a message.
    let mut script = client.post("/api/v1/scripts", json!({ "name": "Message" })).await.unwrap();
    script["body"]["voicemail"] =
        json!("Hello {first_name}, please call us back at 312 555 0100. Thank you, and goodbye.");
    let put = |path: String, body: Value| {
        let client = client.clone();
        async move { assert_eq!(client.send(Method::PUT, &path, Some(body)).await.unwrap().0, 200) }
    };
    let body = json!({ "name": "Message", "body": script["body"] });
    put(format!("/api/v1/scripts/{}", script["id"].as_str().unwrap()), body).await;
    let settings = json!({ "maxConcurrentCalls": 1, "callIntervalMs": 0, "retryDelayMinutes": 60 });
    let campaign = client.campaign("Message", settings, &[("Ada", 24)]).await.unwrap();
    put(format!("/api/v1/campaigns/{campaign}"), json!({ "scriptId": script["id"] })).await;
    start_queue(&client, &campaign).await;
    let calls = over(&client, &campaign, 1).await;
    let log = || server.log();
    assert_eq!(calls[0]["outcome"], "voicemail", "{}\n{}", calls[0], log());
    let said = calls[0]["transcript"].as_str().unwrap();
    assert!(said.contains("AI: Hello Ada, please call us back at"), "{said}");
    // By what the machine would have recorded: nothing of ours before its tone, the message after it.
    let tones = tone(&lab.asterisk.recording("say-24").unwrap(), 1000.0);
    let begins = tones.windows(5).position(|five| five.iter().all(|t| *t)).expect("its tone");
    let over = begins + tones[begins..].iter().position(|t| !*t).unwrap();
    let heard = loudness(&lab.asterisk.recording("hear-24").unwrap());
    let voiced =
        |from: usize, to: usize| heard[from..to.min(heard.len())].iter().filter(|l| **l > 100.0).count();
    assert_eq!(voiced(begins - 40, over + 8), 0, "we are silent before its tone is over");
    let first = over + heard[over..].iter().position(|l| *l > 100.0).expect("a message");
    assert!(first - over < 100, "within two seconds of it: {first} {over}");
    assert!(voiced(first, heard.len()) > 120, "the message is whole");
    server.stop().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_only_says_mm_hm_is_not_answered_and_hears_the_rest() {
    let lab = lab();
    let server = lab.setup.start(&["serve"]).unwrap();
    let client = server.log_in("sue").await.unwrap();
    let settings = json!({ "callIntervalMs": 0, "retryAttempts": 0 });
    let campaign = client.campaign("Listens", settings, &[("Mia", 26)]).await.unwrap();
    start_queue(&client, &campaign).await;
    let call = over(&client, &campaign, 1).await.remove(0);
    let transcript = call["transcript"].as_str().unwrap();
    assert_eq!(call["outcome"], "interested", "{transcript}\n{}", server.log());
    let turns: Vec<&str> = transcript.lines().filter(|line| line.starts_with("Customer: ")).collect();
    assert_eq!(turns, ["Customer: yes please", "Customer: yes i am interested"], "{transcript}");
    let insights = client.get(&format!("/api/v1/calls/{}/insights", call["id"].as_str().unwrap())).await;
    let insights = insights.unwrap();
    assert_eq!(insights["insights"]["interruptions"], 0, "it was none: {insights}");
    // By what they heard and said: we were speaking, they said "mm-hm", and we went on by ourselves.
    let (heard, said) =
        (lab.asterisk.recording("hear-26").unwrap(), lab.asterisk.recording("say-26").unwrap());
    let (heard, said) = (loudness(&heard), loudness(&said));
    let spoke: Vec<usize> = (0..said.len()).filter(|n| said[*n] > 300.0).collect();
    // Their three utterances lie seconds apart.
    let begins: Vec<usize> = spoke
        .iter()
        .enumerate()
        .filter(|(n, at)| *n == 0 || *at - spoke[n - 1] > 40)
        .map(|(_, at)| *at)
        .collect();
    assert_eq!(begins.len(), 3, "yes please, mm-hm, yes i am interested: {begins:?}");
    let voiced =
        |from: usize, to: usize| heard[from..to.min(heard.len())].iter().filter(|l| **l > 100.0).count();
    assert!(voiced(begins[1] - 25, begins[1]) > 10, "we were speaking");
    let last = spoke.iter().rfind(|at| **at < begins[2]).unwrap();
    // The person's side of an interruption: from their first sound to our silence. Told, not asserted.
    let silent = (begins[1]..*last).find(|n| voiced(*n, n + 5) == 0);
    println!("silent after {:?} ms", silent.map(|n| (n - begins[1]) * 20));
    assert!(voiced(last + 10, begins[2]) > 50, "we went on");
    server.stop().unwrap();
}
