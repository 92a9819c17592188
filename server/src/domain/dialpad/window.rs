//! Which time of a department's calls is fetched next, and what is known to be here. Moments are milliseconds of Unix time.

use serde::{Deserialize, Serialize};

/// How far a department was read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Mark {
    /// The department's name, as Dialpad told it.
    pub name: String,
    /// The zone that Dialpad told.
    pub told_zone: String,
    /// The zone by which its days are counted.
    pub zone: String,
    /// What is here: from, to.
    pub covered: Option<(i64, i64)>,
    /// From when on its calls are wanted.
    pub wanted: i64,
    /// What is being fetched.
    pub window: Option<Window>,
    /// When it was fetched to its end last.
    pub pulled_at: Option<i64>,
    /// Why it could not be; empty where it could.
    pub trouble: String,
}

/// A time that is being fetched, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// From.
    pub from: i64,
    /// To.
    pub to: i64,
    /// Where the next page begins; empty: at the beginning.
    pub cursor: String,
    /// Pages so far.
    pub pages: i64,
    /// Legs so far.
    pub calls: i64,
    /// The oldest so far.
    pub reached: Option<i64>,
}

impl Window {
    const fn between(from: i64, to: i64) -> Self {
        Self { from, to, cursor: String::new(), pages: 0, calls: 0, reached: None }
    }
}

impl Mark {
    /// What to fetch: what was begun; then what is new since the round began; then what is older and wanted; then nothing.
    ///
    /// Calls are listed only when they are over: what began up to `overlap` before the end of what is here may still come.
    pub fn next(&self, round: i64, overlap: i64) -> Option<Window> {
        if let Some(window) = &self.window {
            return Some(window.clone());
        }
        match self.covered {
            None => Some(Window::between(self.wanted.min(round), round)),
            Some((from, to)) if to < round => Some(Window::between((to - overlap).max(from), round)),
            Some((from, _)) if self.wanted < from => Some(Window::between(self.wanted, from)),
            Some(_) => None,
        }
    }

    /// From a day on everything is wanted, also what is here: it may have changed, or something was missed.
    pub fn want_again(&mut self, from: i64) {
        self.wanted = if self.wanted == 0 { from } else { self.wanted.min(from) };
        self.window = None;
        self.covered =
            self.covered.filter(|(begin, _)| *begin < from).map(|(begin, end)| (begin, end.min(from)));
        if self.covered.is_none() {
            self.wanted = from;
        }
    }

    /// A window is here to its end.
    pub fn finish(&mut self, window: &Window) {
        self.window = None;
        self.covered = Some(match self.covered {
            // It touches what was here: it was made so.
            Some((from, to)) => (from.min(window.from), to.max(window.to)),
            None => (window.from, window.to),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::Mark;
    use proptest::prelude::*;

    #[test]
    fn first_all_that_is_wanted_then_what_is_new_then_what_is_older() {
        let mut mark = Mark { wanted: 100, ..Mark::default() };
        let first = mark.next(1000, 50).unwrap();
        assert_eq!((first.from, first.to), (100, 1000));
        mark.window = Some(first.clone());
        assert_eq!(mark.next(2000, 50), Some(first.clone()), "what was begun goes on");
        mark.finish(&first);
        mark.wanted = 40;
        let new = mark.next(2000, 50).unwrap();
        assert_eq!((new.from, new.to), (950, 2000));
        mark.finish(&new);
        let older = mark.next(2000, 50).unwrap();
        assert_eq!((older.from, older.to), (40, 100));
        mark.finish(&older);
        assert_eq!((mark.covered, mark.next(2000, 50)), (Some((40, 2000)), None));
    }

    #[test]
    fn what_is_here_is_fetched_again_where_that_is_wanted() {
        let mut mark = Mark { covered: Some((100, 1000)), wanted: 100, ..Mark::default() };
        mark.want_again(600);
        let again = mark.next(1200, 50).unwrap();
        assert_eq!((again.from, again.to), (550, 1200));
        mark.finish(&again);
        assert_eq!(mark.covered, Some((100, 1200)));
        mark.want_again(40);
        let all = mark.next(1300, 50).unwrap();
        assert_eq!((all.from, all.to), (40, 1300));
    }

    proptest! {
        /// However rounds come and whatever is wanted, all between the first wish and the last round is fetched.
        #[test]
        fn nothing_is_left_out(steps in proptest::collection::vec((1i64..500, 0i64..3000), 1..12), overlap in 0i64..100) {
            let (mut mark, mut round, mut least) = (Mark::default(), 5000, i64::MAX);
            let mut fetched: Vec<(i64, i64)> = Vec::new();
            for (passed, wanted) in steps {
                round += passed;
                mark.wanted = wanted;
                least = least.min(wanted);
                while let Some(window) = mark.next(round, overlap) {
                    fetched.push((window.from, window.to));
                    mark.finish(&window);
                }
            }
            let probe = |at: i64| fetched.iter().any(|(from, to)| (*from..=*to).contains(&at));
            prop_assert!((least..=round).step_by(7).all(probe));
            prop_assert_eq!(mark.covered, Some((least, round)));
        }
    }
}
