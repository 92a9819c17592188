//! The two networks of Moonshine tiny, run by ONNX Runtime: one hears the sound, the other writes, piece by piece.
//!
//! What goes in and comes out is named in the files: `encoder_model.ort` takes `input_values` (16 kHz, −1 to 1) and gives
//! `last_hidden_state`; `decoder_model_merged.ort` takes it with the last piece and what it remembers of those before
//! (`past_key_values`), and gives `logits` and what it remembers then (`present`).

use super::search::{Listener, WIDTH};
use super::tokens::Token;
use ort::environment::Environment;
use ort::session::{Session, SessionInputValue};
use ort::value::{DynTensor, Tensor};
use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use tokio_util::sync::CancellationToken;

/// The files of the networks.
pub(super) const ENCODER: &str = "encoder_model.ort";
/// See [`ENCODER`].
pub(super) const DECODER: &str = "decoder_model_merged.ort";

/// Layers of the decoder, heads of each, and numbers of each head.
const LAYERS: usize = 6;
const HEADS: usize = 8;
const WIDE: usize = 36;
/// Numbers that stand for a moment of sound.
const HIDDEN: usize = HEADS * WIDE;

/// The runtime is loaded once for all, by whoever comes first.
static RUNTIME: Mutex<Option<Environment>> = Mutex::new(None);

type Inputs<'v> = Vec<(Cow<'static, str>, SessionInputValue<'v>)>;

/// The networks. One serves one utterance at a time.
pub(super) struct Network {
    encoder: Session,
    decoder: Session,
}

fn told(error: &impl std::fmt::Display) -> String {
    crate::domain::plain::line(&error.to_string(), 200)
}

fn runtime(library: &Path) -> Result<Environment, String> {
    let mut runtime = RUNTIME.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(runtime) = runtime.as_ref() {
        return Ok(runtime.clone());
    }
    let builder = ort::init_from(library)
        .map_err(|error| format!("{} cannot be loaded: {}", library.display(), told(&error)))?;
    let made = builder.with_telemetry(false).build().map_err(|error| told(&error))?;
    Ok(runtime.insert(made).clone())
}

/// The runtime's library in a folder: `libonnxruntime….so…`.
pub(super) fn library(folder: &Path) -> Option<PathBuf> {
    let names = std::fs::read_dir(folder).ok()?.filter_map(Result::ok);
    // Beside it may lie `libonnxruntime_providers_shared.so`, which is no runtime.
    let is_one = |name: &str| {
        let rest = name.strip_prefix("libonnxruntime");
        rest.is_some_and(|rest| rest.starts_with(['.', '-']) && rest.contains(".so"))
    };
    names
        .map(|entry| entry.path())
        .find(|path| path.file_name().is_some_and(|n| is_one(&n.to_string_lossy())))
}

impl Network {
    /// Loads the networks of a folder.
    ///
    /// # Errors
    /// What cannot be loaded, and why.
    pub(super) fn load(folder: &Path, library: &Path) -> Result<Self, String> {
        let runtime = runtime(library)?;
        let session = |name: &str| {
            let path = folder.join(name);
            let made = Session::builder(&runtime)
                .map_err(|error| told(&error))?
                // One utterance, one core: others are spoken meanwhile.
                .with_intra_threads(1)
                .map_err(|error| told(&error))?
                .with_inter_threads(1)
                .map_err(|error| told(&error))?
                .with_intra_op_spinning(false)
                .map_err(|error| told(&error))?
                .commit_from_file(&path);
            made.map_err(|error| format!("{} cannot be loaded: {}", path.display(), told(&error)))
        };
        Ok(Self { encoder: session(ENCODER)?, decoder: session(DECODER)? })
    }

    /// Hears an utterance: 16 kHz, −1 to 1.
    ///
    /// # Errors
    /// When the network failed.
    pub(super) fn hear(&mut self, samples: Vec<f32>) -> Result<Sound, String> {
        let length = samples.len();
        let inputs: Inputs<'_> = vec![
            ("input_values".into(), tensor([1, length], samples)?.into()),
            ("attention_mask".into(), tensor([1, length], vec![1_i64; length])?.into()),
        ];
        let outputs = self.encoder.run(inputs).map_err(|error| told(&error))?;
        let hidden = numbers(&outputs, "last_hidden_state")?.to_vec();
        Ok(Sound { moments: hidden.len() / HIDDEN, hidden })
    }

    /// Writes what was heard, until it is `given_up`.
    pub(super) fn writer<'n>(&'n mut self, sound: &'n Sound, given_up: &'n CancellationToken) -> Writer<'n> {
        Writer { decoder: &mut self.decoder, sound, kept: Kept::default(), given_up }
    }
}

/// What the first network made of an utterance.
pub(super) struct Sound {
    hidden: Vec<f32>,
    moments: usize,
}

/// The second network, on its way through one utterance.
pub(super) struct Writer<'n> {
    decoder: &'n mut Session,
    sound: &'n Sound,
    kept: Kept,
    given_up: &'n CancellationToken,
}

/// What the second network keeps between two pieces.
#[derive(Default)]
struct Kept {
    /// What it takes of the sound with each piece after the first, by name, once for each beginning that is followed.
    heard: Vec<(Cow<'static, str>, DynTensor)>,
    /// What it remembers of what was written, by name, one beginning after the other.
    remembered: Vec<(String, Vec<f32>)>,
    /// Pieces that were written.
    written: usize,
}

fn tensor<T, const N: usize>(shape: [usize; N], data: Vec<T>) -> Result<DynTensor, String>
where
    T: ort::value::PrimitiveTensorElementType + std::fmt::Debug + Clone + 'static,
{
    Ok(Tensor::from_array((shape, data)).map_err(|error| told(&error))?.upcast())
}

fn numbers<'o>(outputs: &'o ort::session::SessionOutputs<'_>, name: &str) -> Result<&'o [f32], String> {
    let value = outputs.get(name).ok_or_else(|| format!("the network gives no {name}"))?;
    Ok(value.try_extract_tensor::<f32>().map_err(|error| told(&error))?.1)
}

/// The names of what is remembered: of the sound (`encoder`) or of what was written (`decoder`).
fn names(of: &str) -> impl Iterator<Item = String> {
    let kinds = move |layer| ["key", "value"].map(|kind| format!("{layer}.{of}.{kind}"));
    (0..LAYERS).flat_map(kinds)
}

/// What is remembered, as the network takes it.
fn past(name: &str) -> Cow<'static, str> {
    format!("past_key_values.{name}").into()
}

impl Sound {
    /// It, and which moments of it count, once for each row.
    fn laid_out(&self, rows: usize) -> Result<[(Cow<'static, str>, DynTensor); 2], String> {
        let mask = tensor([rows, self.moments], vec![1_i64; rows * self.moments])?;
        let hidden = tensor([rows, self.moments, HIDDEN], self.hidden.repeat(rows))?;
        Ok([("encoder_attention_mask".into(), mask), ("encoder_hidden_states".into(), hidden)])
    }
}

impl Kept {
    fn inputs(&self, sound: &Sound, tokens: &[Token]) -> Result<Inputs<'_>, String> {
        let (rows, is_first) = (tokens.len(), self.written == 0);
        let pieces: Vec<i64> = tokens.iter().map(|token| i64::from(*token)).collect();
        let mut inputs: Inputs<'_> = vec![
            ("input_ids".into(), tensor([rows, 1], pieces)?.into()),
            ("use_cache_branch".into(), tensor([1], vec![!is_first])?.into()),
        ];
        if is_first {
            inputs.extend(sound.laid_out(rows)?.map(|(name, value)| (name, value.into())));
            for name in names("decoder").chain(names("encoder")) {
                inputs.push((past(&name), tensor([rows, HEADS, 0, WIDE], Vec::<f32>::new())?.into()));
            }
            return Ok(inputs);
        }
        inputs.extend(self.heard.iter().map(|(name, value)| (name.clone(), value.into())));
        for (name, kept) in &self.remembered {
            inputs.push((past(name), tensor([rows, HEADS, self.written, WIDE], kept.clone())?.into()));
        }
        Ok(inputs)
    }
}

impl Listener for Writer<'_> {
    fn next(&mut self, parents: &[usize], tokens: &[Token]) -> Result<Vec<Vec<f32>>, String> {
        let Self { decoder, sound, kept, given_up } = self;
        if given_up.is_cancelled() {
            return Err("nobody waits for it any more".into());
        }
        // After the first piece always as many rows: what is kept of the sound is laid out once.
        let first = kept.written == 0;
        let rows = if first { 1 } else { WIDTH };
        let row = |n: usize| if n < parents.len() { n } else { 0 };
        let tokens: Vec<Token> = (0..rows).map(|n| tokens[row(n)]).collect();
        let each = HEADS * kept.written * WIDE;
        let from: Vec<usize> = (0..rows).map(|n| parents[row(n)]).collect();
        for (_, remembered) in &mut kept.remembered {
            *remembered = gathered(remembered, &from, each);
        }
        let outputs = decoder.run(kept.inputs(sound, &tokens)?).map_err(|error| told(&error))?;
        let logits = numbers(&outputs, "logits")?;
        let chances =
            logits.chunks((logits.len() / rows).max(1)).take(parents.len()).map(log_chances).collect();
        let present = |name: &str| numbers(&outputs, &format!("present.{name}"));
        if first {
            kept.heard.extend(sound.laid_out(WIDTH)?);
            for name in names("encoder") {
                let shape = [WIDTH, HEADS, sound.moments, WIDE];
                kept.heard.push((past(&name), tensor(shape, present(&name)?.repeat(WIDTH))?));
            }
        }
        let remembered = names("decoder").map(|name| Ok((name.clone(), present(&name)?.to_vec())));
        kept.remembered = remembered.collect::<Result<_, String>>()?;
        kept.written += 1;
        Ok(chances)
    }
}

/// What those remember that are gone on from, `each` numbers a beginning, in the order of `from`.
fn gathered(remembered: &[f32], from: &[usize], each: usize) -> Vec<f32> {
    from.iter().flat_map(|n| remembered.get(n * each..(n + 1) * each).unwrap_or_default()).copied().collect()
}

/// Log chances of a row of scores.
fn log_chances(scores: &[f32]) -> Vec<f32> {
    let most = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let all = scores.iter().map(|score| (score - most).exp()).sum::<f32>().ln() + most;
    scores.iter().map(|score| score - all).collect()
}

#[cfg(test)]
mod tests {
    use super::{gathered, library, log_chances};

    #[test]
    fn chances_add_up_to_one() {
        let chances = log_chances(&[1.0, 2.0, -40.0, 90.0, 90.0]);
        assert!((chances.iter().map(|c| c.exp()).sum::<f32>() - 1.0).abs() < 1e-5);
        assert!((chances[3].exp() - 0.5).abs() < 1e-5);
    }

    #[test]
    fn each_beginning_goes_on_from_what_its_own_parent_remembers() {
        let remembered = [0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5];
        assert_eq!(gathered(&remembered, &[3, 0, 3], 2), [3.0, 3.5, 0.0, 0.5, 3.0, 3.5]);
    }

    #[test]
    fn the_runtime_is_found_by_any_of_its_names() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(library(folder.path()), None);
        std::fs::write(folder.path().join("libonnxruntime_providers_shared.so"), "").unwrap();
        assert_eq!(library(folder.path()), None);
        std::fs::write(folder.path().join("libonnxruntime-13ab.so.1"), "").unwrap();
        assert!(library(folder.path()).unwrap().ends_with("libonnxruntime-13ab.so.1"));
    }
}
