//! What each provider is asked, and what is made of each of its answers.

use dialdeck_protocol::VoiceChoice;
use dialdeck_server::domain::script::Script;
use dialdeck_server::voice::cast::{Cast, Roles};
use dialdeck_server::voice::chain::{Chain, Link};
use dialdeck_server::voice::dialogue::mind::{Chat, Piece, Request};
use dialdeck_server::voice::ear::Utterance;
use dialdeck_server::voice::media::Clip;
use dialdeck_server::voice::phrases::Phrases;
use dialdeck_server::voice::providers::{Provided, Provider, provided};
use dialdeck_server::voice::recognise::Recogniser;
use dialdeck_server::voice::synthesise::text::TextSynthesiser;
use dialdeck_server::voice::synthesise::{Synthesiser, Voice};
use dialdeck_testkit::voices::{Manner, Said, Voices};
use dialdeck_testkit::wait::until;
use serde_json::json;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const KEY: &str = "sk-not-to-be-seen";

/// Each kind, with the path below which the stand-in has it.
const KINDS: [(&str, &str); 5] =
    [("openai", "/v1"), ("telnyx", "/v2"), ("deepgram", "/v1"), ("whisper", ""), ("piper", "")];

fn of(kind: &str, voices: &Voices, more: &str) -> Provided {
    let path = KINDS.iter().find(|(known, _)| *known == kind).unwrap().1;
    let text = format!(
        "url = \"{}{path}\"\nkey = \"{KEY}\"\ntimeout_ms = 400\nchat_model = \"m\"\nspeech_model = \"s\"\ntranscribe_model = \"t\"\n{more}",
        voices.url
    );
    let mut settings: Provider = toml::from_str(&text).unwrap();
    settings.fill(kind).unwrap();
    provided(kind, &settings).unwrap()
}

fn speech() -> Utterance {
    Utterance::Sound((0..8000_i16).map(|n| if n % 20 < 10 { 5000 } else { -5000 }).collect())
}

async fn heard(recogniser: &dyn Recogniser) -> Result<(String, bool), String> {
    let heard = recogniser.recognise(speech(), &Phrases::of(&Script::default())).await;
    heard.map(|heard| (heard.text, heard.certain)).map_err(|e| e.to_string())
}

async fn spoken(synthesiser: &dyn Synthesiser) -> Result<usize, String> {
    match synthesiser.synthesise("Good morning, how are you?", &Voice::default()).await {
        Ok(Clip::Sound(samples)) => Ok(samples.len()),
        Ok(Clip::Words(_)) => Err("words".into()),
        Err(error) => Err(error.to_string()),
    }
}

async fn said(chat: &dyn Chat) -> Result<Vec<Piece>, String> {
    let request = Request { messages: vec![json!({ "role": "user", "content": "hello" })], tools: vec![] };
    let mut pieces = chat.ask(request).await.map_err(|e| e.to_string())?;
    let mut all = Vec::new();
    while let Some(piece) = pieces.recv().await {
        all.push(piece);
    }
    match all.last() {
        Some(Piece::Failed(why)) => Err(why.clone()),
        _ => Ok(all),
    }
}

#[tokio::test]
async fn each_does_what_its_pages_say() {
    let voices = Voices::start().await.unwrap();
    for kind in ["openai", "telnyx", "deepgram", "whisper"] {
        let recogniser = of(kind, &voices, "").recogniser.unwrap();
        assert_eq!(heard(recogniser.as_ref()).await, Ok(("yes please".into(), true)), "{kind}");
    }
    assert_eq!(voices.state().proof, format!("Bearer {KEY}"));
    for kind in ["openai", "telnyx", "piper"] {
        let synthesiser = of(kind, &voices, "").synthesiser.unwrap();
        // 26 characters of 60 ms each, at 8 kHz.
        let samples = spoken(synthesiser.as_ref()).await.unwrap();
        assert!(samples.abs_diff(26 * 480) < 400, "{kind}: {samples}");
    }
    let chat = of("openai", &voices, "").chat.unwrap();
    assert_eq!(
        said(chat.as_ref()).await.unwrap(),
        [Piece::Text("I heard hello. Shall I go on?".into()), Piece::Done]
    );
    let asked = voices.asked("/v1/chat/completions");
    assert_eq!((&asked[0]["model"], &asked[0]["stream"]), (&json!("m"), &json!(true)));
    assert_eq!(voices.asked("/v1/audio/speech")[0]["voice"], "female");
    assert_eq!(voices.asked("/v2/text-to-speech")[0]["voice"], "AWS.Polly.Joanna-Neural");
}

#[tokio::test]
async fn deepgrams_word_before_the_key_is_its_own() {
    let voices = Voices::start().await.unwrap();
    let deepgram = of("deepgram", &voices, "").recogniser.unwrap();
    // As it is spoken: what is understood so far is known before the end.
    let mut live = deepgram.open().unwrap();
    let Utterance::Sound(samples) = speech() else { panic!("no sound") };
    for piece in samples.chunks(160) {
        live.push(piece);
    }
    until("something to be understood while it is spoken", || {
        let is_half = live.so_far() == "yes";
        async move { is_half.then_some(()) }
    })
    .await;
    let heard = live.finish().await.unwrap();
    assert_eq!((heard.text.as_str(), heard.certain), ("yes please", true));
    assert_eq!(voices.state().proof, format!("Token {KEY}"));
    assert_eq!(voices.asked("stream")[0]["bytes"], json!(16_000), "all of it arrived");
    assert!(of("deepgram", &voices, "streaming = false").recogniser.unwrap().open().is_none());
}

#[tokio::test]
async fn who_has_said_all_and_stays_is_not_waited_for() {
    let voices = Voices::start().await.unwrap();
    voices.state().manner = Manner::Stays;
    let deepgram = of("deepgram", &voices, "").recogniser.unwrap();
    assert_eq!(heard(deepgram.as_ref()).await, Ok(("yes please".into(), true)));
}

#[tokio::test]
async fn sound_of_any_kind_is_taken() {
    let voices = Voices::start().await.unwrap();
    for kind in ["openai", "telnyx", "piper"] {
        let synthesiser = of(kind, &voices, "").synthesiser.unwrap();
        voices.state().manner = Manner::Mp3;
        let mp3 = spoken(synthesiser.as_ref()).await.unwrap();
        assert!(mp3.abs_diff(8000) < 1200, "{kind}: {mp3}");
        voices.state().manner = Manner::OtherRate;
        let other = spoken(synthesiser.as_ref()).await.unwrap();
        assert!(other.abs_diff(26 * 480) < 400, "{kind}: {other}");
    }
}

#[tokio::test]
async fn whoever_misbehaves_is_said_to_and_no_key_is_told() {
    let voices = Voices::start().await.unwrap();
    for (manner, part) in [
        (Manner::Slow(Duration::from_secs(3)), "did not answer"),
        (Manner::Cut, ""),
        (Manner::Busy, "429"),
        (Manner::Locked, "401"),
        (Manner::Broken, "500"),
        (Manner::Garbage, ""),
    ] {
        voices.state().manner = manner;
        for (kind, _) in KINDS {
            let all = of(kind, &voices, "");
            let mut wrong = Vec::new();
            if let Some(recogniser) = &all.recogniser {
                wrong.push(heard(recogniser.as_ref()).await.unwrap_err());
            }
            if let Some(synthesiser) = &all.synthesiser {
                wrong.push(spoken(synthesiser.as_ref()).await.unwrap_err());
            }
            if let Some(chat) = &all.chat {
                let patient = Link::new("c", chat.clone(), Duration::from_millis(800));
                let chain = Chain::<dyn Chat>::new(vec![patient], Arc::new(|_, _| {}));
                wrong.push(said(&chain).await.unwrap_err());
            }
            for text in wrong {
                assert!(!text.contains(KEY) && !text.contains('\u{1b}'), "{kind} {manner:?}: {text}");
                // A stream that is refused says so in its own words.
                let streams = kind == "deepgram";
                assert!(streams || text.contains(part), "{kind} {manner:?}: {text}");
            }
        }
    }
}

#[tokio::test]
async fn the_next_one_speaks_within_the_turn() {
    let (ill, well) = (Voices::start().await.unwrap(), Voices::start().await.unwrap());
    ill.state().manner = Manner::Slow(Duration::from_secs(30));
    let told = Arc::new(Mutex::new(Vec::new()));
    let noted = told.clone();
    let links = vec![
        Link::new("ill", of("openai", &ill, "").synthesiser.unwrap(), Duration::from_millis(200)),
        Link::new("well", of("piper", &well, "").synthesiser.unwrap(), Duration::from_secs(5)),
    ];
    let chain = Chain::<dyn Synthesiser>::new(
        links,
        Arc::new(move |name, why| noted.lock().unwrap().push((name.to_owned(), why.is_some()))),
    );
    for _ in 0..4 {
        spoken(&chain).await.unwrap();
    }
    assert_eq!(ill.asked("/v1/audio/speech").len(), 3, "it rests after the third time");
    assert_eq!(*told.lock().unwrap(), [("ill".to_owned(), true)]);
}

#[tokio::test]
async fn what_one_call_learnt_of_a_provider_the_next_call_knows() {
    let (ill, well) = (Voices::start().await.unwrap(), Voices::start().await.unwrap());
    ill.state().manner = Manner::Busy;
    let setting = |voices: &Voices| {
        let text = format!("kind = \"piper\"\nurl = \"{}\"\nspeech_model = \"s\"", voices.url);
        let mut provider: Provider = toml::from_str(&text).unwrap();
        provider.fill("piper").unwrap();
        provider
    };
    let providers = [("ill".to_owned(), setting(&ill)), ("well".to_owned(), setting(&well))].into();
    let order = vec!["ill".to_owned(), "well".to_owned()];
    let roles = Roles { providers: Some(&providers), speaks: order, ..Roles::default() };
    let embedded = Arc::new(TextSynthesiser);
    let cast = Cast::new(roles, None, embedded, Voice::default(), Arc::new(|_, _| {}));
    for call in 0..5 {
        let synthesiser = cast.synthesiser(&VoiceChoice::default());
        // Each says something else: what was spoken before is kept.
        synthesiser.synthesise(&format!("Call {call}."), &Voice::default()).await.unwrap();
    }
    assert_eq!((ill.asked("/").len(), well.asked("/").len()), (3, 5));
}

#[tokio::test]
async fn a_tool_is_read_and_reasoning_is_not_spoken() {
    let voices = Voices::start().await.unwrap();
    let words = vec!["Good".into(), "bye.".into()];
    voices.state().chat.push_back(Said::Tool("end_call".into(), json!({ "a": 1 }), words));
    let chat = of("openai", &voices, "").chat.unwrap();
    let pieces = said(chat.as_ref()).await.unwrap();
    let tool = Piece::Tool { id: "c1".into(), name: "end_call".into(), arguments: "{\"a\":1}".into() };
    assert_eq!(pieces, [Piece::Text("Good".into()), Piece::Text("bye.".into()), tool, Piece::Done]);
}
