//! Providers of speech and language: each is asked for whatever it can do, once.

use super::talk::{PHRASE, spoken};
use super::{Finding, Verdict, ok, timed, warn};
use crate::domain::script::Script;
use crate::settings::Settings;
use crate::voice::dialogue::mind::{Piece, Request};
use crate::voice::ear::Utterance;
use crate::voice::media::Clip;
use crate::voice::phrases::Phrases;
use crate::voice::providers::{Provided, Provider, provided};
use crate::voice::synthesise::Voice;
use serde_json::json;
use std::time::Instant;

/// A line for each provider of the settings.
pub(super) async fn examine(settings: &Settings) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, provider) in &settings.providers {
        findings.push(timed(&format!("provider {name}"), one(settings, name, provider)).await);
    }
    findings
}

/// A line for one of them.
pub(super) async fn examine_one(settings: &Settings, name: &str) -> Option<Finding> {
    let provider = settings.providers.get(name)?;
    Some(timed(&format!("provider {name}"), one(settings, name, provider)).await)
}

async fn one(settings: &Settings, name: &str, provider: &Provider) -> Verdict {
    let provided = match provided(name, provider) {
        Ok(provided) => provided,
        Err(why) => return warn(why, format!("mend [providers.{name}]")),
    };
    let mut done = Vec::new();
    for asked in
        [speaks(settings, &provided).await, hears(settings, &provided).await, converses(&provided).await]
    {
        match asked {
            Some(Ok(what)) => done.push(what),
            Some(Err(why)) => {
                // Whoever comes after it in the order answers meanwhile, the embedded ones at last.
                let remedy = format!(
                    "see [providers.{name}]: url, key, model, path; until then the next one is asked"
                );
                return warn(why, remedy);
            }
            None => {}
        }
    }
    if done.is_empty() {
        let remedy =
            format!("name a model in [providers.{name}]: chat_model, speech_model or transcribe_model");
        return warn("it is asked for nothing", remedy);
    }
    ok(done.join("; "))
}

async fn speaks(settings: &Settings, provided: &Provided) -> Option<Result<String, String>> {
    let (synthesiser, begun) = (provided.synthesiser.as_ref()?, Instant::now());
    let voice = Voice { name: settings.voice.voice.clone(), language: settings.voice.language.clone() };
    Some(match synthesiser.synthesise(PHRASE, &voice).await {
        Ok(Clip::Sound(samples)) if !samples.is_empty() => {
            Ok(format!("spoke {PHRASE:?} in {} ms", begun.elapsed().as_millis()))
        }
        Ok(_) => Err("it made no sound".into()),
        Err(error) => Err(error.to_string()),
    })
}

async fn hears(settings: &Settings, provided: &Provided) -> Option<Result<String, String>> {
    let recogniser = provided.recogniser.as_ref()?;
    let sound = match spoken(settings).await {
        Ok(samples) => samples.to_vec(),
        // Without a voice of our own a second of silence shows at least whether it answers.
        Err(_) => vec![0; 8000],
    };
    let begun = Instant::now();
    let heard = recogniser.recognise(Utterance::Sound(sound), &Phrases::of(&Script::default())).await;
    Some(match heard {
        Ok(heard) => Ok(format!(
            "heard {:?} in {} ms",
            crate::domain::plain::line(&heard.text, 40),
            begun.elapsed().as_millis()
        )),
        Err(error) => Err(error.to_string()),
    })
}

async fn converses(provided: &Provided) -> Option<Result<String, String>> {
    let (chat, begun) = (provided.chat.as_ref()?, Instant::now());
    let request =
        Request { messages: vec![json!({ "role": "user", "content": "Say yes." })], tools: Vec::new() };
    let mut pieces = match chat.ask(request).await {
        Ok(pieces) => pieces,
        Err(error) => return Some(Err(error.to_string())),
    };
    Some(match pieces.recv().await {
        Some(Piece::Failed(why)) => Err(why),
        Some(_) => Ok(format!("first word after {} ms", begun.elapsed().as_millis())),
        None => Err("its answer was cut off".into()),
    })
}
