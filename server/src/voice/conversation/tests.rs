//! Conversations with people who say it at the worst moment.

use super::{Minded, Providers, Report, Scribe, announce, converse};
use crate::domain::contact::NewContact;
use crate::domain::phone::Phone;
use crate::domain::script::Script;
use crate::voice::detector::Detection;
use crate::voice::dialogue::Dialogue;
use crate::voice::dialogue::mind::{About, Chat, ChatError, Mind, Piece, Request};
use crate::voice::ear::Utterance;
use crate::voice::machine::BEEP;
use crate::voice::media::{Frame, Media, SPOKEN_AHEAD};
use crate::voice::phrases::Phrases;
use crate::voice::recognise::{RecogniseError, Recogniser, Recognition};
use crate::voice::synthesise::Voice;
use crate::voice::synthesise::text::TextSynthesiser;
use crate::voice::timing::Timing;
use async_trait::async_trait;
use dialdeck_protocol::{Exchange, Outcome, Speaker};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

#[derive(Default)]
struct Notes(AtomicBool);

#[async_trait]
impl Scribe for Notes {
    async fn spoken(&self, _: Speaker, _: i32, _: &str) {}
    async fn exchanged(&self, _: &Exchange) {}
    async fn tool(&self, _: &str, _: &str, _: &str) {}
    async fn do_not_call(&self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Understands words, slowly and never for certain: as the embedded recogniser does.
struct Slow;

#[async_trait]
impl Recogniser for Slow {
    fn describe(&self) -> String {
        "slow".into()
    }
    async fn recognise(&self, heard: Utterance, _: &Phrases) -> Result<Recognition, RecogniseError> {
        tokio::time::sleep(Duration::from_millis(400)).await;
        let Utterance::Words(text) = heard else { return Err(RecogniseError::Kind("sound")) };
        Ok(Recognition { text, confidence: 0.8, certain: false })
    }
}

/// A language model that takes its time, and then wants all of this.
struct Pensive(Vec<Piece>);

#[async_trait]
impl Chat for Pensive {
    fn describe(&self) -> String {
        "pensive".into()
    }
    async fn ask(&self, _: Request) -> Result<mpsc::Receiver<Piece>, ChatError> {
        let (tell, pieces) = mpsc::channel(16);
        let mine = self.0.clone();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(500)).await;
            for piece in mine {
                let _ = tell.send(piece).await;
            }
        });
        Ok(pieces)
    }
}

/// A person who is listened to while `person` runs; gives what came of it and whether the number was listed.
async fn talk<F: Future<Output = ()>>(
    person: impl FnOnce(mpsc::Sender<Frame>, mpsc::Receiver<Frame>) -> F,
) -> (Report, bool) {
    talk_with(None, person).await
}

/// The same with a language model.
async fn talk_with<F: Future<Output = ()>>(
    chat: Option<Pensive>,
    person: impl FnOnce(mpsc::Sender<Frame>, mpsc::Receiver<Frame>) -> F,
) -> (Report, bool) {
    talk_by(Script::default(), chat, person).await
}

/// What conversations in words are held with, ten times as fast as in life.
fn providers(chat: Option<Pensive>) -> Providers {
    Providers {
        tap: None,
        recogniser: Arc::new(Slow),
        synthesiser: Arc::new(TextSynthesiser),
        voice: Voice::default(),
        chat: chat.map(|chat| Arc::new(chat) as Arc<dyn Chat>),
        timing: Timing::default().faster(10.0),
        detection: Detection::Neural,
    }
}

/// The same by a script.
async fn talk_by<F: Future<Output = ()>>(
    script: Script,
    chat: Option<Pensive>,
    person: impl FnOnce(mpsc::Sender<Frame>, mpsc::Receiver<Frame>) -> F,
) -> (Report, bool) {
    let who = NewContact {
        first_name: "Ann".into(),
        last_name: String::new(),
        phone: Phone::from_e164("+13125550142").unwrap(),
        alternates: Vec::new(),
        email: String::new(),
        company: String::new(),
        state: String::new(),
        postal_code: String::new(),
        timezone: String::new(),
        consent: None,
        priority: 0,
        custom_fields: std::collections::BTreeMap::default(),
    };
    let providers = providers(chat);
    let (to_us, heard) = mpsc::channel(16);
    let (spoken, from_us) = mpsc::channel(SPOKEN_AHEAD);
    let notes = Notes::default();
    let dialogue = Dialogue::new(script, &who);
    let mut media = Media::over(heard, spoken, true);
    let minded = providers
        .chat
        .is_some()
        .then(|| Minded { mind: Mind::new(&Script::default(), &who, &About::default()), zone: None });
    let talk = async {
        let report =
            converse(&mut media, dialogue, minded, providers, &notes, CancellationToken::new()).await;
        drop(media);
        report
    };
    let (report, ()) = tokio::join!(talk, person(to_us, from_us));
    (report, notes.0.load(Ordering::SeqCst))
}

async fn say(to_us: &mpsc::Sender<Frame>, text: &str) {
    for word in text.split(' ') {
        let _ = to_us.send(Frame::Word(word.into())).await;
    }
}

/// Listens until a text was spoken to its end.
async fn listen(from_us: &mut mpsc::Receiver<Frame>, last: &str) {
    while let Some(frame) = from_us.recv().await {
        if frame == Frame::Word(last.into()) {
            return;
        }
    }
}

#[tokio::test]
async fn said_and_hung_up_at_once() {
    let (report, listed) = talk(|to_us, mut from_us| async move {
        listen(&mut from_us, "question?").await;
        say(&to_us, "stop calling me").await;
    })
    .await;
    assert!(listed && report.do_not_call);
    assert_eq!((report.outcome, report.ended), (Outcome::DoNotCall, "hung_up"));
}

#[tokio::test]
async fn said_over_our_last_words() {
    let (report, listed) = talk(|to_us, mut from_us| async move {
        listen(&mut from_us, "question?").await;
        say(&to_us, "yes that sounds good").await;
        listen(&mut from_us, "Wonderful.").await;
        say(&to_us, "no stop calling me").await;
        while from_us.recv().await.is_some() {}
    })
    .await;
    assert!(listed, "{report:?}");
    assert_eq!(report.outcome, Outcome::DoNotCall);
}

#[tokio::test]
async fn a_second_sentence_does_not_undo_the_first() {
    let (report, listed) = talk(|to_us, mut from_us| async move {
        listen(&mut from_us, "question?").await;
        say(&to_us, "stop calling me").await;
        // Beyond the endpoint, while the first is still being recognised.
        tokio::time::sleep(Duration::from_millis(300)).await;
        say(&to_us, "do you hear").await;
        listen(&mut from_us, "list?").await;
        say(&to_us, "yes").await;
        while from_us.recv().await.is_some() {}
    })
    .await;
    assert!(listed, "{report:?}");
    assert_eq!(report.outcome, Outcome::DoNotCall);
}

fn tool(name: &str) -> Piece {
    Piece::Tool { id: "1".into(), name: name.into(), arguments: "{}".into() }
}

#[tokio::test]
async fn in_words_that_only_the_model_knows_and_hung_up_at_once() {
    // Said and hung up at once, and said and waited until the model thinks.
    for wait in [0, 300] {
        let wishes = vec![Piece::Text("I am sorry.".into()), tool("do_not_call"), Piece::Done];
        let (report, listed) = talk_with(Some(Pensive(wishes)), |to_us, mut from_us| async move {
            listen(&mut from_us, "question?").await;
            say(&to_us, "these conversations have to cease for good").await;
            tokio::time::sleep(Duration::from_millis(wait)).await;
        })
        .await;
        assert!(listed && report.do_not_call, "{wait}: {report:?}");
        assert_eq!((report.outcome, report.ended), (Outcome::DoNotCall, "hung_up"));
    }
}

#[tokio::test]
async fn of_somebody_who_hung_up_a_model_may_want_nothing_else() {
    let wishes = vec![tool("transfer"), tool("end_call"), Piece::Done];
    let (report, listed) = talk_with(Some(Pensive(wishes)), |to_us, mut from_us| async move {
        listen(&mut from_us, "question?").await;
        say(&to_us, "what do the seventh and the eighth of them weigh").await;
    })
    .await;
    assert!(!listed, "{report:?}");
    assert_eq!(report.outcome, Outcome::HungUp);
}

#[tokio::test]
async fn a_cough_does_not_take_the_answer_away() {
    let wishes = vec![Piece::Text("Eleven pounds.".into()), tool("end_call"), Piece::Done];
    let (report, _) = talk_with(Some(Pensive(wishes)), |to_us, mut from_us| async move {
        listen(&mut from_us, "question?").await;
        say(&to_us, "what do the seventh and the eighth of them weigh").await;
        // It has been recognised, and is thought about.
        tokio::time::sleep(Duration::from_millis(700)).await;
        say(&to_us, "hm").await;
        while from_us.recv().await.is_some() {}
    })
    .await;
    let last = report.exchanges.last().map(|turn| (turn.user_input.as_str(), turn.ai_response.as_str()));
    let asked = "what do the seventh and the eighth of them weigh";
    assert_eq!(last, Some((asked, "Eleven pounds.")), "{report:?}");
}

/// What was spoken from now on.
async fn all_spoken(from_us: &mut mpsc::Receiver<Frame>) -> String {
    let mut all = Vec::new();
    while let Some(frame) = from_us.recv().await {
        if let Frame::Word(word) = frame {
            all.push(word);
        }
    }
    all.join(" ")
}

fn leaves_message() -> Script {
    Script { voicemail: "Ann, call 555 0100. Goodbye.".into(), ..Script::default() }
}

const GREETING: &str = "you have reached the lee family we cannot come to the phone please leave a message";

#[tokio::test]
async fn a_message_is_left_after_the_tone() {
    let (report, _) = talk_by(leaves_message(), None, |to_us, mut from_us| async move {
        say(&to_us, GREETING).await;
        // Understood, and waited for.
        tokio::time::sleep(Duration::from_millis(800)).await;
        while from_us.try_recv().is_ok() {}
        say(&to_us, BEEP).await;
        assert_eq!(all_spoken(&mut from_us).await, "Ann, call 555 0100. Goodbye.");
    })
    .await;
    assert_eq!((report.outcome, report.ended), (Outcome::Voicemail, "message_left"), "{report:?}");
    assert_eq!(report.exchanges.last().map(|e| e.ai_response.as_str()), Some("Ann, call 555 0100. Goodbye."));
}

#[tokio::test]
async fn it_begins_again_where_the_tone_comes_late_and_is_left_where_none_comes() {
    for comes_late in [true, false] {
        let (report, _) = talk_by(leaves_message(), None, |to_us, mut from_us| async move {
            say(&to_us, GREETING).await;
            listen(&mut from_us, "call").await;
            if comes_late {
                say(&to_us, BEEP).await;
                listen(&mut from_us, "Ann,").await;
                assert_eq!(all_spoken(&mut from_us).await, "call 555 0100. Goodbye.");
            } else {
                assert_eq!(all_spoken(&mut from_us).await, "555 0100. Goodbye.");
            }
        })
        .await;
        assert_eq!((report.outcome, report.ended), (Outcome::Voicemail, "message_left"), "{report:?}");
    }
}

#[tokio::test]
async fn a_person_who_was_taken_for_a_machine_is_not_called_again() {
    let (report, listed) = talk_by(leaves_message(), None, |to_us, mut from_us| async move {
        say(&to_us, GREETING).await;
        listen(&mut from_us, "call").await;
        say(&to_us, "stop calling me").await;
        while from_us.recv().await.is_some() {}
    })
    .await;
    assert!(listed, "{report:?}");
    assert_eq!(report.outcome, Outcome::DoNotCall);
}

#[tokio::test]
async fn without_a_message_nothing_is_said_to_a_machine() {
    let (report, _) = talk(|to_us, mut from_us| async move {
        say(&to_us, GREETING).await;
        while from_us.recv().await.is_some() {}
    })
    .await;
    assert_eq!((report.outcome, report.ended), (Outcome::Voicemail, "done"), "{report:?}");
}

/// So many words at once that only a machine says them.
fn endless() -> String {
    ["word"; 25].join(" ")
}

#[tokio::test]
async fn a_refusal_that_is_still_being_recognised_outlives_the_machine() {
    for script in [Script::default(), leaves_message()] {
        let (report, listed) = talk_by(script, None, |to_us, mut from_us| async move {
            say(&to_us, "stop calling me").await;
            // Beyond the endpoint, and not recognised yet.
            tokio::time::sleep(Duration::from_millis(250)).await;
            say(&to_us, &endless()).await;
            while from_us.recv().await.is_some() {}
        })
        .await;
        assert!(listed, "{report:?}");
        assert_eq!(report.outcome, Outcome::DoNotCall, "{report:?}");
    }
}

#[tokio::test]
async fn in_words_that_only_the_model_knows_over_our_opening() {
    let wishes = vec![tool("do_not_call"), Piece::Done];
    let (report, listed) = talk_with(Some(Pensive(wishes)), |to_us, mut from_us| async move {
        listen(&mut from_us, "Ann,").await;
        say(&to_us, "these conversations have to cease for good").await;
        listen(&mut from_us, "question?").await;
    })
    .await;
    assert!(listed, "{report:?}");
    assert_eq!((report.outcome, report.ended), (Outcome::DoNotCall, "hung_up"));
}

#[tokio::test]
async fn in_two_pieces_and_hung_up_in_the_second() {
    let (report, listed) = talk(|to_us, mut from_us| async move {
        listen(&mut from_us, "question?").await;
        say(&to_us, "please dont").await;
        // The first is recognised while they go on.
        tokio::time::sleep(Duration::from_millis(300)).await;
        for word in ["ever", "call", "me", "again", "please"] {
            say(&to_us, word).await;
            tokio::time::sleep(Duration::from_millis(120)).await;
        }
    })
    .await;
    assert!(listed, "{report:?}");
    assert_eq!(report.outcome, Outcome::DoNotCall);
}

#[tokio::test]
async fn who_has_pressed_a_key_is_no_machine() {
    let (report, listed) = talk_by(leaves_message(), None, |to_us, mut from_us| async move {
        let _ = to_us.send(Frame::Digit('9')).await;
        say(&to_us, &endless()).await;
        let spoken = all_spoken(&mut from_us).await;
        assert!(spoken.contains("off our list") && !spoken.contains("555 0100"), "{spoken}");
    })
    .await;
    assert!(listed, "{report:?}");
    assert_eq!(report.outcome, Outcome::DoNotCall);
}

#[tokio::test]
async fn whoever_has_talked_to_us_is_left_no_message() {
    let (report, _) = talk_by(leaves_message(), None, |to_us, mut from_us| async move {
        listen(&mut from_us, "question?").await;
        say(&to_us, "yes").await;
        listen(&mut from_us, "minutes?").await;
        say(&to_us, "that is too expensive").await;
        listen(&mut from_us, "obligation?").await;
        say(&to_us, "i am away from my desk please leave a message").await;
        let spoken = all_spoken(&mut from_us).await;
        assert!(!spoken.contains("555 0100"), "{spoken}");
    })
    .await;
    assert_eq!(report.outcome, Outcome::Voicemail, "{report:?}");
}

#[tokio::test]
async fn an_announcement_is_spoken_to_its_end_whoever_talks() {
    let who = NewContact::numbered(Phone::from_e164("+13125550142").unwrap());
    let (to_us, heard) = mpsc::channel(64);
    let (spoken, mut from_us) = mpsc::channel(SPOKEN_AHEAD);
    let mut media = Media::over(heard, spoken, true);
    let notes = Notes::default();
    let talk = async {
        let dialogue = Dialogue::new(Script::default(), &who);
        let text = "This is Example Company. Press nine and we never call again.".to_owned();
        let end = CancellationToken::new();
        let report =
            announce(&mut media, text, Outcome::Abandoned, dialogue, providers(None), &notes, end).await;
        drop(media);
        report
    };
    let person = async {
        say(&to_us, &endless()).await;
        let spoken = all_spoken(&mut from_us).await;
        drop(to_us);
        spoken
    };
    let (report, spoken) = tokio::join!(talk, person);
    assert_eq!((report.outcome, report.ended), (Outcome::Abandoned, "done"));
    assert!(spoken.starts_with("This is Example Company. Press nine and we never call again."), "{spoken}");
}

#[tokio::test]
async fn a_key_does_not_hide_what_was_said_with_it() {
    for hangs_up in [false, true] {
        let (report, listed) = talk_by(Script::default(), None, |to_us, mut from_us| async move {
            listen(&mut from_us, "question?").await;
            say(&to_us, "take me off your list").await;
            let _ = to_us.send(Frame::Digit('1')).await;
            if !hangs_up {
                all_spoken(&mut from_us).await;
            }
        })
        .await;
        assert!(listed, "{hangs_up} {report:?}");
        assert_eq!(report.outcome, Outcome::DoNotCall);
    }
}
