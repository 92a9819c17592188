//! Finds what was most likely said: follows the few best beginnings, piece by piece, by what the model hears and by what a guide
//! holds for likely or allowed. Pure but for the listener.

use super::tokens::{BEGIN, END, Token};

/// Beginnings that are followed at a time.
pub(super) const WIDTH: usize = 8;
/// Pieces that are looked at after each of them.
const NEXT: usize = 12;
/// How far behind the best one another may be that is still waited for, as log chance.
const BEHIND: f64 = 3.0;

/// What hears: gives the log chances of every piece after each beginning that is followed.
pub(super) trait Listener {
    /// `parents`: which of the last beginnings each of these goes on from; `tokens`: with which piece.
    ///
    /// # Errors
    /// When the model failed.
    fn next(&mut self, parents: &[usize], tokens: &[Token]) -> Result<Vec<Vec<f32>>, String>;
}

/// What is likely or allowed to be said.
pub(super) trait Guide {
    /// Where one is in a sentence.
    type State: Clone;
    /// Before its first word.
    fn begin(&self) -> Self::State;
    /// What alone may come next; `None`: anything.
    fn open(&self, state: &Self::State) -> Option<Vec<Token>>;
    /// After one more piece, and its log chance.
    fn follow(&self, state: &Self::State, token: Token) -> (Self::State, f64);
}

/// A whole sentence.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found {
    /// Its pieces, with the one that ends it.
    pub tokens: Vec<Token>,
    /// Log chance of the sound.
    pub sound: f64,
    /// The guide's, with the weight that it has.
    pub guided: f64,
}

impl Found {
    /// Both together.
    pub(super) fn total(&self) -> f64 {
        self.sound + self.guided
    }
}

struct Beginning<S> {
    found: Found,
    state: S,
}

/// The likeliest sentences, the best first; `weight`: how much the guide counts; `longest`: pieces of a sentence at most.
///
/// # Errors
/// When the listener failed.
pub(super) fn search<G: Guide>(
    listener: &mut impl Listener,
    guide: &G,
    weight: f64,
    longest: usize,
) -> Result<Vec<Found>, String> {
    let nothing = Found { tokens: Vec::new(), sound: 0.0, guided: 0.0 };
    let mut followed = vec![Beginning { found: nothing, state: guide.begin() }];
    let (mut parents, mut last) = (vec![0], vec![BEGIN]);
    let mut whole: Vec<Found> = Vec::new();
    let best_of = |whole: &[Found]| whole.iter().map(Found::total).fold(f64::NEG_INFINITY, f64::max);
    for _ in 0..longest {
        let chances = listener.next(&parents, &last)?;
        let mut longer: Vec<(usize, Beginning<G::State>)> = Vec::new();
        for (n, (beginning, chances)) in followed.iter().zip(&chances).enumerate() {
            let tokens = guide.open(&beginning.state).unwrap_or_else(|| likeliest(chances));
            for token in tokens {
                let Some(chance) = chances.get(token as usize) else { continue };
                let (state, guided) = guide.follow(&beginning.state, token);
                let mut found = beginning.found.clone();
                found.tokens.push(token);
                found.sound += f64::from(*chance);
                found.guided += weight * guided;
                longer.push((n, Beginning { found, state }));
            }
        }
        longer.sort_by(|(_, a), (_, b)| b.found.total().total_cmp(&a.found.total()));
        followed.clear();
        parents.clear();
        last.clear();
        for (parent, beginning) in longer {
            if beginning.found.tokens.last() == Some(&END) {
                whole.push(beginning.found);
            } else if followed.len() < WIDTH {
                parents.push(parent);
                last.extend(beginning.found.tokens.last());
                followed.push(beginning);
            }
        }
        let best = best_of(&whole);
        if followed.first().is_none_or(|next| next.found.total() <= best - BEHIND) {
            break;
        }
    }
    // What was cut off counts where it is likelier than all that has an end, its last word included.
    let best = best_of(&whole);
    let cut = followed.into_iter().map(|Beginning { mut found, state }| {
        found.guided += weight * guide.follow(&state, END).1;
        found
    });
    whole.extend(cut.filter(|found| found.total() > best));
    whole.sort_by(|a, b| b.total().total_cmp(&a.total()));
    Ok(whole)
}

fn likeliest(chances: &[f32]) -> Vec<Token> {
    let mut places: Vec<usize> = (0..chances.len()).collect();
    if places.len() > NEXT {
        places.select_nth_unstable_by(NEXT, |a, b| chances[*b].total_cmp(&chances[*a]));
        places.truncate(NEXT);
    }
    places.into_iter().filter_map(|place| Token::try_from(place).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::{END, Found, Guide, Listener, Token, search};

    /// Hears 3 or 4, then 5, then the end; 3 a little better.
    struct Ear {
        said: Vec<Vec<Token>>,
    }

    impl Listener for Ear {
        fn next(&mut self, parents: &[usize], tokens: &[Token]) -> Result<Vec<Vec<f32>>, String> {
            let longer = |(parent, token): (&usize, &Token)| {
                let mut said = self.said.get(*parent).cloned().unwrap_or_default();
                said.push(*token);
                said
            };
            self.said = parents.iter().zip(tokens).map(longer).collect();
            let chances = self.said.iter().map(|said| {
                let mut row = vec![-20.0; 8];
                match said.len() {
                    1 => (row[3], row[4]) = (-0.5, -0.9),
                    2 => row[5] = -0.1,
                    _ => row[END as usize] = -0.1,
                }
                row
            });
            Ok(chances.collect())
        }
    }

    struct Anything;

    impl Guide for Anything {
        type State = ();
        fn begin(&self) {}
        fn open(&self, (): &()) -> Option<Vec<Token>> {
            None
        }
        fn follow(&self, (): &(), token: Token) -> ((), f64) {
            ((), if token == 4 { 0.0 } else { -1.0 })
        }
    }

    struct Only(Vec<Token>);

    impl Guide for Only {
        type State = usize;
        fn begin(&self) -> usize {
            0
        }
        fn open(&self, at: &usize) -> Option<Vec<Token>> {
            Some(self.0.get(*at).copied().into_iter().collect())
        }
        fn follow(&self, at: &usize, _: Token) -> (usize, f64) {
            (at + 1, 0.0)
        }
    }

    fn tokens(found: &[Found]) -> &[Token] {
        &found[0].tokens
    }

    #[test]
    fn the_guide_decides_between_what_sounds_alike_and_counts_by_its_weight() {
        let heard = |weight| search(&mut Ear { said: Vec::new() }, &Anything, weight, 10).unwrap();
        assert_eq!(tokens(&heard(0.0)), [3, 5, END]);
        assert_eq!(tokens(&heard(1.0)), [4, 5, END]);
        let sounds: Vec<f64> = heard(1.0).iter().map(Found::total).collect();
        assert!(sounds.windows(2).all(|pair| pair[0] >= pair[1]), "{sounds:?}");
    }

    #[test]
    fn what_alone_is_allowed_is_found_however_it_sounds_and_a_sentence_without_end_is_cut() {
        let only = search(&mut Ear { said: Vec::new() }, &Only(vec![6, 5, END]), 1.0, 10).unwrap();
        assert_eq!(tokens(&only), [6, 5, END]);
        assert!(only[0].sound < -20.0);
        let cut = search(&mut Ear { said: Vec::new() }, &Anything, 0.0, 2).unwrap();
        assert_eq!(tokens(&cut), [3, 5]);
    }
}
