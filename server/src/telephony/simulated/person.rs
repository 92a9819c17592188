//! A person (or machine) on the simulated line: listens until we fall silent, then says the next line.

use super::Persona;
use crate::voice::media::Frame;
use std::time::Duration;
use tokio::sync::mpsc;

/// Quiet after which a listener takes it that we have finished.
const OUR_PAUSE: f64 = 0.9;
/// The same at any speed: a busy machine's scheduling is no pause.
const LEAST_PAUSE: Duration = Duration::from_millis(250);
/// Time of one word.
const WORD: f64 = 0.3;

/// Talks until one side hangs up.
pub(super) async fn talk(
    persona: Persona,
    to_us: mpsc::Sender<Frame>,
    mut from_us: mpsc::Receiver<Frame>,
    speed: f64,
) {
    let seconds = |s: f64| Duration::from_secs_f64(s / speed);
    // Speaks right after picking up, whoever may be talking.
    if persona == Persona::Machine {
        for line in persona.lines() {
            if !say(line, &to_us, seconds(WORD)).await {
                return;
            }
        }
    }
    let mut lines = if persona == Persona::Machine { [].iter() } else { persona.lines().iter() };
    let mut heard_words = 0;
    loop {
        let pause = seconds(OUR_PAUSE).max(LEAST_PAUSE);
        let frame = tokio::time::timeout(pause, from_us.recv()).await;
        match frame {
            Ok(None) => return,
            Ok(Some(_)) => {
                heard_words += 1;
                if persona == Persona::HangsUp && heard_words >= 6 {
                    return;
                }
                let interrupts = persona == Persona::Interrupts && heard_words == 8;
                if !interrupts {
                    continue;
                }
            }
            // Quiet, but nothing was said yet: keep listening.
            Err(_) if heard_words == 0 => continue,
            Err(_) => {}
        }
        let Some(line) = lines.next() else {
            // Nothing more to say: wait for the other side to end it.
            if from_us.recv().await.is_none() {
                return;
            }
            continue;
        };
        if !say(line, &to_us, seconds(WORD)).await {
            return;
        }
        heard_words = 0;
        // What was said while we were speaking is not waited for again.
        while from_us.try_recv().is_ok() {}
    }
}

/// Listens until we fall silent, and says one thing.
pub(super) async fn answer(
    line: &str,
    to_us: mpsc::Sender<Frame>,
    mut from_us: mpsc::Receiver<Frame>,
    speed: f64,
) {
    let pause = Duration::from_secs_f64(OUR_PAUSE / speed).max(LEAST_PAUSE);
    if from_us.recv().await.is_none() {
        return;
    }
    while let Ok(heard) = tokio::time::timeout(pause, from_us.recv()).await {
        if heard.is_none() {
            return;
        }
    }
    say(line, &to_us, Duration::from_secs_f64(WORD / speed)).await;
    while from_us.recv().await.is_some() {}
}

async fn say(line: &str, to_us: &mpsc::Sender<Frame>, word: Duration) -> bool {
    for text in line.split(' ') {
        if to_us.send(Frame::Word(text.to_owned())).await.is_err() {
            return false;
        }
        tokio::time::sleep(word).await;
    }
    true
}
