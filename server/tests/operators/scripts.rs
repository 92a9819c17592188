//! Existing users' AGI scripts.

use super::{house, setup};
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn scripts_of_existing_users_are_answered() {
    let home = tempfile::tempdir().unwrap();
    let speech = dialdeck_testkit::speech::Speech::find().unwrap();
    let setup = setup(&home)
        .set("voice.flite", &speech.program("flite"))
        .set("recognition.pocketsphinx", &speech.program("pocketsphinx_batch"))
        .set("recognition.model", &speech.model());
    let (server, client) = house(&setup).await;
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let turn = json!({ "callId": "their-own-1", "userInput": "" });
    let opening = client.post("/api/v1/conversation/process", turn).await.unwrap();
    assert_eq!(keys(&opening), ["confidence", "emotion", "endCall", "intent", "response", "success"]);
    assert!(opening["response"].as_str().unwrap().contains("automated"), "{opening}");
    let turn = json!({ "callId": "their-own-1", "userInput": "please never call me again" });
    let last = client.post("/api/v1/conversation/process", turn).await.unwrap();
    assert_eq!((&last["intent"], &last["endCall"]), (&json!("do_not_call"), &json!(true)), "{last}");
    let ended = client
        .post("/api/v1/asterisk/call-ended", json!({ "callId": "their-own-1", "duration": 12 }))
        .await
        .unwrap();
    assert_eq!(ended, json!({ "success": true }));
    let unknown = client
        .send(Method::POST, "/api/v1/asterisk/call-ended", Some(json!({ "callId": "nothing" })))
        .await
        .unwrap();
    assert_eq!((unknown.0, keys(&unknown.1)), (404, vec!["error".to_owned(), "success".to_owned()]));

    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let speak = http.post(format!("{}/api/v1/asterisk/tts/generate", server.http)).bearer_auth(&client.token);
    let spoken = speak.json(&json!({ "text": "yes please", "voice": "rms" })).send().await.unwrap();
    assert_eq!(spoken.headers()["content-type"], "audio/wav");
    let wav = spoken.bytes().await.unwrap().to_vec();
    let part = reqwest::multipart::Part::bytes(wav).file_name("a.wav");
    let form = reqwest::multipart::Form::new().part("audio", part);
    let send =
        http.post(format!("{}/api/v1/asterisk/speech/transcribe", server.http)).bearer_auth(&client.token);
    let heard: Value = send.multipart(form).send().await.unwrap().json().await.unwrap();
    assert_eq!(keys(&heard), ["confidence", "success", "text"]);
    assert_eq!(heard["text"], "yes please", "{heard}");
    let form = reqwest::multipart::Form::new().text("audio", "no sound");
    let send =
        http.post(format!("{}/api/v1/asterisk/speech/transcribe", server.http)).bearer_auth(&client.token);
    assert_eq!(send.multipart(form).send().await.unwrap().status(), 422);
}
