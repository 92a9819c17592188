//! What existing users' AGI scripts ask for.

use super::App;
use super::calls::Known;
use super::problem::{self, RefusedCall};
use crate::domain::caller::Look;
use crate::domain::plain;
use crate::voice::media::{Clip, RATE};
use crate::voice::sound;
use crate::voice::synthesise::Voice;
use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use dialdeck_protocol::{Code, Problem};
use serde::Deserialize;

/// Longest text that is spoken, in characters.
const MAX_TEXT: usize = 2000;

#[derive(Deserialize)]
pub(super) struct Speak {
    text: String,
    voice: Option<String>,
    language: Option<String>,
    format: Option<String>,
}

/// Speaks a text: WAV, or raw s16le, at 8 kHz as a call would hear it.
pub(super) async fn speak(
    State(app): State<App>,
    Known(caller): Known,
    body: Result<Json<Speak>, JsonRejection>,
) -> Result<Response, RefusedCall> {
    caller.permit::<Look>()?;
    let asked = problem::body(body)?;
    if asked.text.trim().is_empty() || asked.text.chars().count() > MAX_TEXT {
        return Err(Problem::field("text", format!("text must have 1 to {MAX_TEXT} characters")).into());
    }
    let format = asked.format.as_deref().unwrap_or("wav");
    if !["wav", "raw"].contains(&format) {
        return Err(Problem::field(
            "format",
            format!("format {:?} is unknown; use wav or raw", plain::line(format, 20)),
        )
        .into());
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
