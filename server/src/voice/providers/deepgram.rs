//! Deepgram: speech is streamed to it, and it answers `{is_final, channel.alternatives[0].{transcript, confidence}}`.

use super::http::Line;
use super::shape::Provider;
use super::socket::{Socket, Told};
use crate::voice::ear::Utterance;
use crate::voice::phrases::Phrases;
use crate::voice::recognise::{Live, RecogniseError, Recogniser, Recognition};
use async_trait::async_trait;
use serde_json::Value;

/// Samples of one message: a tenth of a second.
const PIECE: usize = 800;
/// Deepgram.
pub(super) struct Deepgram {
    line: Line,
    settings: Provider,
}

impl Deepgram {
    pub(super) fn new(line: Line, settings: &Provider) -> Self {
        Self { line, settings: settings.clone() }
    }

    fn socket(&self) -> Socket {
        let query = [
            ("model", self.settings.transcribe_model.as_str()),
            ("language", self.settings.language.as_str()),
            ("encoding", "linear16"),
            ("sample_rate", "8000"),
            ("channels", "1"),
            ("interim_results", "true"),
            ("punctuate", "true"),
        ];
        Socket::open(&self.line, &self.settings.stream_path, &query, told, false)
    }
}

fn told(message: &Value) -> Option<Told> {
    let best = &message["channel"]["alternatives"][0];
    let text = best["transcript"].as_str()?;
    Some(Told {
        text: text.to_owned(),
        is_final: message["is_final"].as_bool().unwrap_or(false),
        confidence: best["confidence"].as_f64().unwrap_or(0.9),
    })
}

#[async_trait]
impl Recogniser for Deepgram {
    fn describe(&self) -> String {
        format!("{} ({})", self.line.name, self.settings.transcribe_model)
    }

    async fn recognise(&self, utterance: Utterance, _: &Phrases) -> Result<Recognition, RecogniseError> {
        let Utterance::Sound(samples) = utterance else { return Err(RecogniseError::Kind("words")) };
        let mut socket = Box::new(self.socket());
        for piece in samples.chunks(PIECE) {
            socket.push(piece);
        }
        socket.finish().await
    }

    fn open(&self) -> Option<Box<dyn Live>> {
        self.settings.streaming.then(|| Box::new(self.socket()) as Box<dyn Live>)
    }
}
