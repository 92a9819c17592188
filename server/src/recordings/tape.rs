//! Records a call while it goes on: the person left, we right, 8 kHz s16le, written as it comes. Card numbers are silenced.

use std::collections::VecDeque;
use std::io::SeekFrom;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use tokio::fs::File;
use tokio::io::{AsyncSeekExt, AsyncWriteExt, BufWriter};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Samples a second.
const RATE: u32 = 8000;
/// Bytes of a moment: two sides of two bytes.
const MOMENT: u64 = 4;
/// Bytes before the sound.
const HEADER: u64 = 44;
/// What waits of the person's side at most, in samples: more is a clock of theirs that runs ahead.
const AHEAD: usize = 4 * RATE as usize;
/// Pieces that may wait for the disk: half a minute of both sides.
const WAITING: usize = 3000;

enum Piece {
    Heard(Vec<i16>),
    Spoken(Vec<i16>),
    /// From this moment on nothing of what was recorded is to be heard.
    Hide(u64),
}

/// Where a conversation tells what is heard and spoken. Cheap to clone; the tape ends with the last of them.
#[derive(Clone)]
pub struct Tap {
    to: mpsc::Sender<Piece>,
    /// Samples of ours so far.
    moment: Arc<AtomicU64>,
    /// Whether something should have been hidden, and a disk that did not keep up has hindered it.
    spoiled: Arc<AtomicBool>,
}

impl Tap {
    /// From the person. Where the disk does not keep up, what does not fit is lost, and the call goes on.
    pub fn heard(&self, samples: &[i16]) {
        let _ = self.to.try_send(Piece::Heard(samples.to_vec()));
    }

    /// From us, on the beat: it is the clock.
    pub fn spoken(&self, samples: &[i16]) {
        if self.to.try_send(Piece::Spoken(samples.to_vec())).is_ok() {
            self.moment.fetch_add(samples.len() as u64, Ordering::Relaxed);
        }
    }

    /// Where the tape is now, in samples.
    pub fn moment(&self) -> u64 {
        self.moment.load(Ordering::Relaxed)
    }

    /// What was recorded from a moment to now is not to be heard.
    pub fn hide(&self, from: u64) {
        if self.to.try_send(Piece::Hide(from)).is_err() {
            self.spoiled.store(true, Ordering::Relaxed);
        }
    }
}

/// A tape that runs.
pub struct Tape {
    path: PathBuf,
    tap: Option<Tap>,
    spoiled: Arc<AtomicBool>,
    writer: JoinHandle<std::io::Result<Option<Taped>>>,
}

/// What was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taped {
    /// Where it lies.
    pub path: PathBuf,
    /// How long it is.
    pub seconds: i32,
    /// How large it is.
    pub bytes: i64,
}

impl Tape {
    /// Begins one.
    pub fn begin(path: PathBuf) -> Self {
        let (to, from) = mpsc::channel(WAITING);
        let spoiled = Arc::new(AtomicBool::new(false));
        let writer = tokio::spawn(write(path.clone(), from));
        let tap = Tap { to, moment: Arc::default(), spoiled: spoiled.clone() };
        Self { path, tap: Some(tap), spoiled, writer }
    }

    /// Where it is told of sound.
    pub fn tap(&self) -> Option<Tap> {
        self.tap.clone()
    }

    /// Ends it, once all taps are gone; `None` where nothing was heard or spoken.
    ///
    /// # Errors
    /// When the disk did not take it.
    pub async fn finish(mut self) -> std::io::Result<Option<Taped>> {
        drop(self.tap.take());
        let taped = self.writer.await.unwrap_or_else(|error| Err(std::io::Error::other(error)));
        let spoiled = self.spoiled.load(Ordering::Relaxed);
        if spoiled || taped.is_err() {
            // Rather no recording than a part of one, or one with a card's number in it.
            let _ = tokio::fs::remove_file(&self.path).await;
        }
        if spoiled {
            return Err(std::io::Error::other("the disk did not keep up while a card's number was said"));
        }
        taped
    }

    /// Ends it, and keeps nothing.
    pub async fn discard(self) {
        let path = self.path.clone();
        let _ = self.finish().await;
        let _ = tokio::fs::remove_file(path).await;
    }
}

/// Brings both sides together: ours is the clock, theirs is taken as far as it has come.
#[derive(Default)]
struct Mixer {
    theirs: VecDeque<i16>,
}

impl Mixer {
    fn heard(&mut self, samples: Vec<i16>) {
        self.theirs.extend(samples);
        let over = self.theirs.len().saturating_sub(AHEAD);
        self.theirs.drain(..over);
    }

    fn spoken(&mut self, ours: &[i16]) -> Vec<u8> {
        let mut both = Vec::with_capacity(ours.len() * 4);
        for sample in ours {
            both.extend_from_slice(&self.theirs.pop_front().unwrap_or(0).to_le_bytes());
            both.extend_from_slice(&sample.to_le_bytes());
        }
        both
    }
}

/// The header of a WAV file with so many bytes of sound: two channels, 8 kHz, 16 bits.
fn header(sound: u32) -> Vec<u8> {
    let mut header = Vec::with_capacity(44);
    header.extend_from_slice(b"RIFF");
    header.extend_from_slice(&(36 + sound).to_le_bytes());
    header.extend_from_slice(b"WAVEfmt ");
    header.extend_from_slice(&16_u32.to_le_bytes());
    header.extend_from_slice(&1_u16.to_le_bytes());
    header.extend_from_slice(&2_u16.to_le_bytes());
    header.extend_from_slice(&RATE.to_le_bytes());
    header.extend_from_slice(&(RATE * 4).to_le_bytes());
    header.extend_from_slice(&4_u16.to_le_bytes());
    header.extend_from_slice(&16_u16.to_le_bytes());
    header.extend_from_slice(b"data");
    header.extend_from_slice(&sound.to_le_bytes());
    header
}

async fn write(path: PathBuf, mut pieces: mpsc::Receiver<Piece>) -> std::io::Result<Option<Taped>> {
    let mut out: Option<BufWriter<File>> = None;
    let (mut mixer, mut moments) = (Mixer::default(), 0_u64);
    while let Some(piece) = pieces.recv().await {
        match piece {
            Piece::Heard(samples) => mixer.heard(samples),
            Piece::Spoken(samples) => {
                let file = match &mut out {
                    Some(file) => file,
                    None => out.insert(open(&path).await?),
                };
                file.write_all(&mixer.spoken(&samples)).await?;
                moments += samples.len() as u64;
            }
            Piece::Hide(from) => {
                if let Some(file) = &mut out {
                    silence(file, moments, from.min(moments)).await?;
                }
                // What waits is of them too.
                mixer.theirs.clear();
            }
        }
    }
    let Some(mut file) = out else { return Ok(None) };
    let sound = u32::try_from(moments * MOMENT).unwrap_or(u32::MAX - 36);
    file.seek(SeekFrom::Start(0)).await?;
    file.write_all(&header(sound)).await?;
    file.flush().await?;
    file.into_inner().sync_all().await?;
    let bytes = i64::from(sound) + i64::try_from(HEADER).unwrap_or(0);
    let seconds = i32::try_from(moments / u64::from(RATE)).unwrap_or(i32::MAX);
    Ok(Some(Taped { path, seconds, bytes }))
}

async fn open(path: &std::path::Path) -> std::io::Result<BufWriter<File>> {
    if let Some(folder) = path.parent() {
        super::folder::own(folder).await?;
    }
    let mut options = tokio::fs::OpenOptions::new();
    let file = options.read(true).write(true).create(true).truncate(true).mode(0o600).open(path).await?;
    let mut file = BufWriter::with_capacity(32 * 1024, file);
    file.write_all(&header(0)).await?;
    Ok(file)
}

/// Takes both sides away from a moment on: we may have said it after them.
async fn silence(file: &mut BufWriter<File>, moments: u64, from: u64) -> std::io::Result<()> {
    file.seek(SeekFrom::Start(HEADER + from * MOMENT)).await?;
    let nothing = vec![0; 4096];
    let mut left = usize::try_from((moments - from) * MOMENT).unwrap_or(0);
    while left > 0 {
        let piece = left.min(nothing.len());
        file.write_all(&nothing[..piece]).await?;
        left -= piece;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::Tape;

    fn read(path: &std::path::Path) -> (hound::WavSpec, Vec<i16>, Vec<i16>) {
        let mut file = hound::WavReader::open(path).unwrap();
        let all: Vec<i16> = file.samples().map(Result::unwrap).collect();
        let side = |n: usize| all.iter().skip(n).step_by(2).copied().collect();
        (file.spec(), side(0), side(1))
    }

    #[tokio::test]
    async fn both_sides_in_step_and_a_card_number_silenced() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("unfinished/a.wav");
        let tape = Tape::begin(path.clone());
        let tap = tape.tap().unwrap();
        for n in 0..300_i16 {
            tap.heard(&[100 + n; 160]);
            tap.spoken(&[-1; 160]);
        }
        // The last 10 frames, and two seconds before them.
        let hidden = 300 * 160 - 1600 - 2 * 8000;
        assert_eq!(tap.moment(), 300 * 160);
        tap.hide(hidden as u64);
        tap.heard(&[7; 160]);
        tap.spoken(&[-2; 160]);
        drop(tap);
        let taped = tape.finish().await.unwrap().unwrap();
        let (spec, theirs, ours) = read(&taped.path);
        assert_eq!((spec.channels, spec.sample_rate, theirs.len()), (2, 8000, 301 * 160));
        assert_eq!(taped.bytes, i64::try_from(std::fs::metadata(&path).unwrap().len()).unwrap());
        assert!(theirs[..hidden].iter().all(|s| *s >= 100) && ours[..hidden].iter().all(|s| *s == -1));
        assert!(theirs[hidden..300 * 160].iter().chain(&ours[hidden..300 * 160]).all(|s| *s == 0));
        assert_eq!((theirs[300 * 160], ours[300 * 160]), (7, -2));
    }

    #[tokio::test]
    async fn a_call_in_which_nothing_was_said_leaves_nothing() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("b.wav");
        assert_eq!(Tape::begin(path.clone()).finish().await.unwrap(), None);
        assert!(!path.exists());
    }
}
