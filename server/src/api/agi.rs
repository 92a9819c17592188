//! What the AGI scripts of existing users call: speech both ways, a turn of conversation, the end of a call.

use super::App;
use super::extract::{Body, May};
use super::problem::RefusedCall;
use crate::domain::caller::{AnswerScripts, SteerCalls};
use crate::domain::contact::NewContact;
use crate::domain::do_not_call::{List, Listing};
use crate::domain::phone::Phone;
use crate::domain::plain;
use crate::domain::script::Script;
use crate::storage::{CallKey, CallRecord, Change};
use crate::voice::dialogue::Dialogue;
use crate::voice::ear::Utterance;
use crate::voice::media::{Clip, RATE};
use crate::voice::phrases::Phrases;
use crate::voice::recognise::Recognition;
use crate::voice::sound;
use crate::voice::synthesise::Voice;
use axum::Json;
use axum::extract::{Multipart, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use chrono::Utc;
use dialdeck_protocol::{
    CallId, CampaignId, Code, Emotion, Exchange, Intent, OrganizationId, Problem, TurnLatency,
};
use lru::LruCache;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use utoipa::ToSchema;

/// Longest text that is spoken, in characters.
const MAX_TEXT: usize = 2000;
/// Longest sound that is transcribed, in seconds.
const MAX_SECONDS: usize = 60;
/// Conversations of foreign scripts that are remembered; the ones longest silent go first.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(1000).unwrap();

type Talk = Arc<tokio::sync::Mutex<Dialogue>>;

/// Conversations that existing users' own scripts hold, turn by turn.
pub struct Talks(Mutex<LruCache<(OrganizationId, String), Talk>>);

impl Default for Talks {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(REMEMBERED)))
    }
}

/// What to speak.
#[derive(Deserialize, ToSchema)]
pub(super) struct Speak {
    #[schema(min_length = 1, max_length = 2000)]
    text: String,
    voice: Option<String>,
    language: Option<String>,
    /// `wav`, or `raw` for s16le; both at 8 kHz, as a call would hear it.
    format: Option<String>,
}

/// Speak a text
#[utoipa::path(post, path = "/api/v1/asterisk/tts/generate", tag = "AGI scripts", security(("bearer" = ["agi"])),
    request_body = Speak,
    responses((status = 200, content((Vec<u8> = "audio/wav"), (Vec<u8> = "audio/L16")))))]
pub(super) async fn speak(
    State(app): State<App>,
    _permit: May<AnswerScripts, RefusedCall>,
    Body(asked, _): Body<Speak, RefusedCall>,
) -> Result<Response, RefusedCall> {
    if asked.text.trim().is_empty() || asked.text.chars().count() > MAX_TEXT {
        return Err(Problem::field("text", format!("text must have 1 to {MAX_TEXT} characters")).into());
    }
    let format = asked.format.as_deref().unwrap_or("wav");
    if !["wav", "raw"].contains(&format) {
        let message = format!("format {:?} is unknown; use wav or raw", plain::line(format, 20));
        return Err(Problem::field("format", message).into());
    }
    let (synthesiser, usual) = &app.voice;
    let voice = Voice {
        name: asked.voice.unwrap_or_else(|| usual.name.clone()),
        language: asked.language.unwrap_or_else(|| usual.language.clone()),
    };
    let clip = synthesiser
        .synthesise(&asked.text, &voice)
        .await
        .map_err(|e| Problem::new(Code::Unavailable, e.to_string()))?;
    let Clip::Sound(samples) = clip else {
        return Err(Problem::new(Code::Unavailable, "the voice makes no sound").into());
    };
    if format == "raw" {
        let bytes: Vec<u8> = samples.iter().flat_map(|s| s.to_le_bytes()).collect();
        return Ok(([(header::CONTENT_TYPE, "audio/L16;rate=8000")], bytes).into_response());
    }
    let wav = sound::wav(&samples, RATE).map_err(|e| Problem::new(Code::Internal, e.to_string()))?;
    Ok(([(header::CONTENT_TYPE, "audio/wav")], wav).into_response())
}

/// A sound to transcribe.
#[derive(ToSchema)]
#[allow(dead_code, reason = "it only describes the form")]
pub(super) struct Heard {
    /// A WAV file of 16-bit samples, at most a minute.
    #[schema(format = Binary, content_media_type = "audio/wav")]
    audio: Vec<u8>,
}

/// What was understood.
#[derive(Serialize, ToSchema)]
pub(super) struct Transcribed {
    success: bool,
    /// Empty when nothing was understood.
    text: String,
    /// 0–1.
    confidence: f64,
}

/// Transcribe a sound
#[utoipa::path(post, path = "/api/v1/asterisk/speech/transcribe", tag = "AGI scripts", security(("bearer" = ["agi"])),
    request_body(content = Heard, content_type = "multipart/form-data"),
    responses((status = 200, body = Transcribed)))]
pub(super) async fn transcribe(
    State(app): State<App>,
    _permit: May<AnswerScripts, RefusedCall>,
    form: Result<Multipart, axum::extract::multipart::MultipartRejection>,
) -> Result<Json<Transcribed>, RefusedCall> {
    let wrong =
        || Problem::field("audio", "send multipart/form-data with the field audio: a WAV of 16-bit samples");
    let mut form = form.map_err(|_| wrong())?;
    let wav = loop {
        let field = form.next_field().await.map_err(|_| wrong())?.ok_or_else(wrong)?;
        if field.name() == Some("audio") {
            break field.bytes().await.map_err(|_| wrong())?;
        }
    };
    let samples = tokio::task::spawn_blocking(move || sound::telephone(&wav))
        .await
        .map_err(|_| wrong())?
        .map_err(|e| Problem::field("audio", format!("audio: {e}")))?;
    if samples.len() > MAX_SECONDS * RATE as usize {
        return Err(Problem::field("audio", format!("audio is longer than {MAX_SECONDS} s")).into());
    }
    let recogniser = app.recogniser.clone().ok_or_else(|| {
        Problem::new(
            Code::Unavailable,
            "there is no recogniser here; see the server's log for what is missing",
        )
    })?;
    let phrases = Phrases::of(&Script::default());
    let heard = recogniser
        .recognise(Utterance::Sound(samples), &phrases)
        .await
        .map_err(|e| Problem::new(Code::Unavailable, e.to_string()))?;
    Ok(Json(Transcribed { success: true, text: heard.text, confidence: heard.confidence }))
}

/// A turn of a conversation.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TurnAsked)]
pub(super) struct Turn {
    #[schema(min_length = 1, max_length = 128)]
    call_id: String,
    /// What the person said; empty for the opening.
    #[schema(max_length = 2000)]
    user_input: String,
}

/// What is said next.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Answered {
    success: bool,
    /// What to say; empty for nothing.
    response: String,
    emotion: Emotion,
    intent: Intent,
    /// 0–1.
    confidence: f64,
    /// Hang up once it was said.
    end_call: bool,
}

async fn script_of(
    app: &App,
    organization: &OrganizationId,
    call: Option<&CallRecord>,
) -> Result<Script, Problem> {
    let Some(campaign) = call.and_then(|call| call.row.campaign_id) else { return Ok(Script::default()) };
    let Some(campaign) = app.store.campaign(organization, campaign).await? else {
        return Ok(Script::default());
    };
    let contact = call.and_then(|call| call.contact_id);
    let id = contact.map_or(campaign.script_id, |contact| campaign.script_for(contact));
    let Some(id) = id else { return Ok(Script::default()) };
    let found = app.store.script(organization, id).await?;
    // Nobody is talked to in a stranger's words.
    found.map(|(_, script)| script).ok_or_else(|| Problem::not_found("the campaign's script"))
}

/// The list that a refusal in a call puts its number on: the campaign's choice.
async fn list_of(
    app: &App,
    organization: &OrganizationId,
    campaign: Option<CampaignId>,
) -> Result<List, Problem> {
    let Some(id) = campaign else { return Ok(List::Organization) };
    let campaign = app.store.campaign(organization, id).await?;
    Ok(campaign.map_or(List::Organization, |own| List::of(own.call_settings.opt_out_scope, id)))
}

/// The conversation of a call: the one that is remembered, or a new one with the campaign's script.
async fn talk(
    app: &App,
    organization: &OrganizationId,
    call_id: &str,
    call: Option<&CallRecord>,
) -> Result<Talk, Problem> {
    let key = (organization.clone(), call_id.to_owned());
    let talks = || app.talks.0.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(talk) = talks().get(&key) {
        return Ok(talk.clone());
    }
    let script = script_of(app, organization, call).await?;
    let contact = match call.and_then(|c| c.contact_id) {
        Some(id) => app.store.contact(organization, id).await?.map(|c| c.person),
        None => None,
    };
    let nobody = Phone::from_e164("+10000000000").map(NewContact::numbered);
    let person = contact.or(nobody).ok_or_else(|| Problem::new(Code::Internal, "no person to talk to"))?;
    let talk: Talk = Arc::new(tokio::sync::Mutex::new(Dialogue::new(script, &person)));
    Ok(talks().get_or_insert(key, || talk).clone())
}

/// Answer a turn
///
/// The scripted dialogue of the call's campaign. "Don't call me again" is obeyed before the answer comes back, where
/// the call is one of ours.
#[utoipa::path(post, path = "/api/v1/conversation/process", tag = "AGI scripts", security(("bearer" = ["agi"])),
    request_body = Turn, responses((status = 200, body = Answered)))]
pub(super) async fn process(
    State(app): State<App>,
    permit: May<AnswerScripts, RefusedCall>,
    Body(Turn { call_id, user_input }, _): Body<Turn, RefusedCall>,
) -> Result<Json<Answered>, RefusedCall> {
    let organization = permit.organization();
    let call_id = plain::line(&call_id, 129);
    if !(1..=128).contains(&call_id.chars().count()) {
        return Err(Problem::field("callId", "callId must have 1 to 128 characters").into());
    }
    let said = plain::line(&user_input, MAX_TEXT);
    let call = app.store.call(organization, &CallId(call_id.clone())).await?;
    if call.as_ref().is_some_and(|c| !permit.caller().covers_call(c.row.campaign_id)) {
        return Err(Problem::not_found(format!("call {call_id}")).into());
    }
    let talk = talk(&app, organization, &call_id, call.as_ref()).await?;
    let mut dialogue = talk.lock().await;
    if said.is_empty() && dialogue.turn() == 1 {
        return Ok(Json(Answered {
            success: true,
            response: dialogue.opening(),
            emotion: Emotion::Neutral,
            intent: Intent::Unclear,
            confidence: 0.0,
            end_call: false,
        }));
    }
    let answer = if said.is_empty() {
        dialogue.silence()
    } else {
        // Whoever sends text has understood it: it is acted upon without asking back.
        dialogue.answer(&Recognition { text: said.clone(), confidence: 1.0, certain: true })
    };
    let now = Utc::now();
    if let Some(call) = &call {
        let mut changes = Vec::new();
        if answer.do_not_call {
            let listing = Listing::for_ever(organization, &call.row.phone, "voice", now);
            let list = list_of(&app, organization, call.row.campaign_id).await?;
            let listing = listing.said_in(list, &call.row.id);
            changes.push(Change::DoNotCall(Box::new(listing)));
        }
        if let Some(campaign_id) = call.row.campaign_id.filter(|_| !call.row.status.is_final()) {
            let exchange = Exchange {
                user_input: said,
                ai_response: answer.say.clone(),
                turn: dialogue.turn(),
                emotion: answer.emotion,
                intent: answer.intent,
                confidence: answer.confidence,
                latency: TurnLatency::default(),
                timestamp: now,
            };
            let organization_id = organization.clone();
            let key = CallKey { call_id: call.row.id.clone(), campaign_id, organization_id };
            changes.push(Change::Exchanged { key, exchange });
        }
        app.journal.commit(changes).await?;
    } else if answer.do_not_call {
        tracing::warn!(
            call = call_id,
            "do-not-call was heard in a call that is not on record: nobody to list"
        );
    }
    Ok(Json(Answered {
        success: true,
        response: answer.say,
        emotion: answer.emotion,
        intent: answer.intent,
        confidence: answer.confidence,
        end_call: answer.end.is_some(),
    }))
}

/// The end of a call, as a script saw it.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Ended {
    call_id: String,
    /// Seconds.
    #[schema(minimum = 0)]
    duration: Option<f64>,
    /// Asterisk's hang-up cause, or a word.
    #[schema(value_type = Option<Object>)]
    cause: Option<serde_json::Value>,
}

/// It is noted.
#[derive(Serialize, ToSchema)]
pub(super) struct Noted {
    success: bool,
}

/// A call is over
///
/// What Asterisk itself tells settles the call; this forgets its conversation and ends it where it still lives.
#[utoipa::path(post, path = "/api/v1/asterisk/call-ended", tag = "AGI scripts", security(("bearer" = ["agi"])),
    request_body = Ended, responses((status = 200, body = Noted)))]
pub(super) async fn call_ended(
    State(app): State<App>,
    permit: May<AnswerScripts, RefusedCall>,
    Body(Ended { call_id, duration, cause }, _): Body<Ended, RefusedCall>,
) -> Result<Json<Noted>, RefusedCall> {
    let id = plain::line(&call_id, 128);
    let cause = cause.map(|c| plain::line(&c.to_string(), 60));
    let detail = json!({ "duration": duration, "cause": cause });
    super::commands::audited(&app, permit.caller(), "call.ended", &id, detail, async {
        let organization = permit.organization();
        let key = (organization.clone(), id.clone());
        let talked = app.talks.0.lock().unwrap_or_else(PoisonError::into_inner).pop(&key).is_some();
        let call = app.store.call(organization, &CallId(id.clone())).await?;
        match call.filter(|c| permit.caller().covers_call(c.row.campaign_id)) {
            Some(call) => {
                // Ending a call that still lives takes more than telling that one is over.
                if !call.row.status.is_final() && permit.caller().permit::<SteerCalls>().is_ok() {
                    app.dialer.end(&call.row.id);
                }
                Ok(())
            }
            None if talked => Ok(()),
            None => Err(Problem::not_found(format!("call {id}"))),
        }
    })
    .await?;
    Ok(Json(Noted { success: true }))
}
