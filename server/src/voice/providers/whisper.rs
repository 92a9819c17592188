//! A whisper.cpp server: `POST /inference`, multipart `file, temperature, response_format=json`, answered with `{text}`.

use super::http::Line;
use super::openai::understood;
use super::shape::Provider;
use crate::voice::ear::Utterance;
use crate::voice::phrases::Phrases;
use crate::voice::recognise::{RecogniseError, Recogniser, Recognition};
use crate::voice::sound::{resample, wav};
use async_trait::async_trait;
use reqwest::multipart::{Form, Part};

/// What whisper.cpp wants, in Hz.
const WANTED: u32 = 16_000;

/// Such a server.
pub(super) struct Whisper {
    line: Line,
    settings: Provider,
}

impl Whisper {
    pub(super) fn new(line: Line, settings: &Provider) -> Self {
        Self { line, settings: settings.clone() }
    }
}

/// What whisper says of silence and noise: notes in brackets, which nobody spoke.
fn spoken(text: &str) -> String {
    let mut depth = 0_u32;
    let kept: String = text
        .chars()
        .filter(|c| {
            match c {
                '[' | '(' => depth += 1,
                ']' | ')' => {
                    depth = depth.saturating_sub(1);
                    return false;
                }
                _ => {}
            }
            depth == 0
        })
        .collect();
    kept.trim().to_owned()
}

#[async_trait]
impl Recogniser for Whisper {
    fn describe(&self) -> String {
        format!("{} (whisper.cpp)", self.line.name)
    }

    async fn recognise(&self, utterance: Utterance, _: &Phrases) -> Result<Recognition, RecogniseError> {
        let Utterance::Sound(samples) = utterance else { return Err(RecogniseError::Kind("words")) };
        let failed = |why: String| RecogniseError::Failed(why);
        let wide =
            resample(&samples, crate::voice::media::RATE, WANTED).map_err(|e| failed(e.to_string()))?;
        let file = wav(&wide, WANTED).map_err(|e| failed(e.to_string()))?;
        let part = Part::bytes(file).file_name("utterance.wav").mime_str("audio/wav");
        let form = Form::new()
            .part("file", part.map_err(|e| failed(e.to_string()))?)
            .text("temperature", "0.0")
            .text("response_format", "json");
        let request = self.line.post(&self.settings.transcribe_path).multipart(form);
        let answer = self.line.json(request).await.map_err(failed)?;
        let heard = understood(&self.line.name, &answer)?;
        let text = spoken(&heard.text);
        Ok(Recognition { certain: heard.certain && !text.is_empty(), text, ..heard })
    }
}

#[cfg(test)]
mod tests {
    use super::spoken;

    #[test]
    fn notes_are_not_words() {
        assert_eq!(spoken(" [BLANK_AUDIO]"), "");
        assert_eq!(spoken("(music) Yes, please. [noise]"), "Yes, please.");
        assert_eq!(spoken("unclosed [oops"), "unclosed");
    }
}
