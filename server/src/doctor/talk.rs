//! What a conversation needs: a voice, ears, and something to say.

use super::{Verdict, fail, ok, skip, warn};
use crate::domain::contact::NewContact;
use crate::domain::phone::Phone;
use crate::domain::script::Script;
use crate::settings::{Kind, Settings};
use crate::speech;
use crate::voice::dialogue::Dialogue;
use crate::voice::ear::Utterance;
use crate::voice::media::{Clip, RATE};
use crate::voice::phrases::{Phrases, plain};
use crate::voice::recognise::Recognition;
use dialdeck_protocol::Outcome;
use std::sync::Arc;

/// What is spoken to the recogniser.
pub(super) const PHRASE: &str = "yes please";

fn optional(settings: &Settings) -> bool {
    !matches!(settings.kind(), Ok(Kind::Asterisk))
}

pub(super) async fn spoken(settings: &Settings) -> Result<Arc<[i16]>, String> {
    let (synthesiser, voice) = speech::embedded_voice(settings);
    match synthesiser.synthesise(PHRASE, &voice).await {
        Ok(Clip::Sound(samples)) if !samples.is_empty() => Ok(samples),
        Ok(_) => Err("the voice makes no sound".into()),
        Err(error) => Err(error.to_string()),
    }
}

pub(super) async fn synthesiser(settings: &Settings) -> Verdict {
    match spoken(settings).await {
        Ok(samples) => ok(format!("spoke {PHRASE:?}: {} ms of sound", samples.len() * 1000 / RATE as usize)),
        Err(why) if optional(settings) => {
            skip(format!("{why}; no Asterisk is asked for, so no voice is needed"))
        }
        Err(why) => fail(why, "without a voice no call is placed"),
    }
}

pub(super) async fn recogniser(settings: &Settings) -> Verdict {
    let recogniser = match speech::embedded_recogniser(settings).await {
        Ok(recogniser) => recogniser,
        Err(why) if optional(settings) => {
            return skip(format!("{why}; no Asterisk is asked for, so no recogniser is needed"));
        }
        Err(why) => {
            return fail(why, "without ears no call is placed: \"don't call me again\" must be heard");
        }
    };
    let samples = match spoken(settings).await {
        Ok(samples) => samples.to_vec(),
        Err(why) => return skip(format!("nothing to listen to: {why}")),
    };
    match recogniser.recognise(Utterance::Sound(samples), &Phrases::of(&Script::default())).await {
        Ok(heard) if plain(&heard.text) == PHRASE => {
            let who = recogniser.describe();
            ok(format!("{who}: heard {PHRASE:?}, spoken by our own voice"))
        }
        Ok(heard) => warn(
            format!("heard {:?} where {PHRASE:?} was spoken", heard.text),
            "synthetic voices are hard to hear; try voice.voice = \"male\", or go by real calls",
        ),
        Err(error) => fail(error.to_string(), "see whether the program and its model belong together"),
    }
}

/// Holds a short conversation with the shipped script.
pub(super) fn dialogue() -> Verdict {
    let Some(phone) = Phone::from_e164("+12025550142") else {
        return fail("no number to talk to", "report this");
    };
    let mut dialogue = Dialogue::new(Script::default(), &NewContact::numbered(phone));
    let heard = |text: &str| Recognition { text: text.into(), confidence: 1.0, certain: true };
    let opening = dialogue.opening();
    dialogue.answer(&heard("yes"));
    let last = dialogue.answer(&heard("yes please"));
    if !opening.is_empty() && last.end == Some(Outcome::Interested) {
        ok("held a conversation with the shipped script to its end")
    } else {
        fail("the shipped script does not lead where it should", "report this")
    }
}
