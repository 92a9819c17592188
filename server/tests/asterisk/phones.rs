//! Phones outside that hear of a person and take them, or do not.

use super::{CAMPAIGN, carries, lab, loudness, over, start_queue, tone};
use dialdeck_testkit::asterisk::Asterisk;
use dialdeck_testkit::wait::{until, within};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_outside_hears_of_the_person_and_takes_or_refuses_them() {
    phone_outside("audiosocket").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_outside_where_sound_goes_over_a_websocket() {
    phone_outside("websocket").await;
}

async fn phone_outside(way: &str) {
    let lab = lab();
    let server = lab.setup.clone().set("asterisk.transport", way).start(&["serve"]).unwrap();
    let client = server.log_in("sue").await.unwrap();
    carries(&client, way).await;
    let settings = |to: &str| {
        json!({ "callIntervalMs": 0, "retryAttempts": 0,
            "transfer": { "to": format!("Local/{to}@agents/n"), "attended": true } })
    };
    // Refused: they are told that somebody will call, and a callback is booked.
    let refused = client.campaign("Refused", settings("92"), &[("Ida", 10)]).await.unwrap();
    start_queue(&client, &refused).await;
    let calls = over(&client, &refused, 1).await;
    assert_eq!(calls[0]["outcome"], "interested", "{}\n{}", calls[0], server.log());
    let said = calls[0]["transcript"].as_str().unwrap();
    assert!(said.contains("AI: I am sorry, all my colleagues are talking"), "{said}");
    let callbacks = client.get("/api/v1/callbacks").await.unwrap();
    assert_eq!(callbacks["callbacks"].as_array().unwrap().len(), 1, "{callbacks}");
    let (_, told) = frames(&lab.asterisk, "hear-92", 440.0);
    assert!(told > 100, "it heard of the person: {told} frames");

    // Taken: both hear each other, after the phone has heard of the person and the person some music.
    let taken = client.campaign("Taken", settings("91"), &[("Ivo", 25)]).await.unwrap();
    start_queue(&client, &taken).await;
    let (phone, person) = within(CAMPAIGN, "both to hear each other", || async {
        let phone = frames(&lab.asterisk, "hear-91", 440.0);
        let person = frames(&lab.asterisk, "hear-25", 1900.0);
        (phone.0 > 50 && person.0 > 50).then_some((phone, person))
    })
    .await;
    assert!(phone.1 > 100, "it heard of the person first: {phone:?}");
    assert!(person.1 > 100, "{person:?}");
    let music = tone(&lab.asterisk.recording("hear-25").unwrap(), 523.25);
    assert!(music.iter().filter(|t| **t).count() > 5, "the person heard music");
    let call = client.calls(&taken).await.unwrap().remove(0);
    assert_eq!(call["agent"], "Local/91@agents/n", "{call}");
    client.post(&format!("/api/v1/calls/{}/hangup", call["id"].as_str().unwrap()), json!({})).await.unwrap();
    let calls = over(&client, &taken, 1).await;
    assert_eq!(calls[0]["outcome"], "transferred", "{}", calls[0]);
    until("the phone to be let go", || async {
        let channels = lab.asterisk.cli("core show channels count").ok()?;
        channels.contains("0 active channels").then_some(())
    })
    .await;
    server.stop().unwrap();
}

/// Frames of a recording that are a tone of this pitch, and voiced frames before the first of them.
fn frames(asterisk: &Asterisk, name: &str, hz: f64) -> (usize, usize) {
    let samples = asterisk.recording(name).unwrap_or_default();
    let (tones, loud) = (tone(&samples, hz), loudness(&samples));
    let first = tones.windows(5).position(|five| five.iter().all(|t| *t)).unwrap_or(tones.len());
    let voiced = loud[..first].iter().filter(|l| **l > 100.0).count();
    (tones.iter().filter(|t| **t).count(), voiced)
}
