//! What becomes of a value that stands here and in a VICIdial, when either side changed it. Pure.

use serde::{Deserialize, Serialize};

/// A value when both sides last agreed. The two are not always the same text: VICIdial cuts what is too long for a column,
/// and drops characters that it does not like.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agreed {
    /// As it stood here.
    pub ours: String,
    /// As it stood there.
    pub theirs: String,
}

/// Which side gets the other's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Neither.
    Keep,
    /// Theirs comes here.
    Take,
    /// Ours goes there.
    Give,
}

/// Decides for one value. Moments are seconds by VICIdial's database: `ours_at` when it was changed here, where that is known;
/// `theirs_at` when the lead was last changed. Of two changes the last writer wins, and VICIdial where they are equal or ours is
/// unknown.
pub fn verdict(
    agreed: Option<&Agreed>,
    ours: &str,
    ours_at: Option<i64>,
    theirs: &str,
    theirs_at: i64,
) -> Verdict {
    if ours == theirs {
        return Verdict::Keep;
    }
    let later = if ours_at.is_some_and(|at| at > theirs_at) { Verdict::Give } else { Verdict::Take };
    match agreed {
        // Seen for the first time: nobody's text is lost to an empty one.
        None if theirs.is_empty() => Verdict::Give,
        None if ours.is_empty() => Verdict::Take,
        None => later,
        Some(agreed) => match (ours != agreed.ours, theirs != agreed.theirs) {
            (false, false) => Verdict::Keep,
            (true, false) => Verdict::Give,
            (false, true) => Verdict::Take,
            (true, true) => later,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::{Agreed, Verdict, verdict};
    use proptest::prelude::{ProptestConfig, Strategy, prop_assert_eq, proptest};

    fn agreed(ours: &str, theirs: &str) -> Agreed {
        Agreed { ours: ours.into(), theirs: theirs.into() }
    }

    #[test]
    fn the_last_writer_wins_a_field_that_both_changed() {
        let before = agreed("Ann", "Ann");
        assert_eq!(verdict(Some(&before), "Anna", Some(20), "Anne", 10), Verdict::Give);
        assert_eq!(verdict(Some(&before), "Anna", Some(10), "Anne", 20), Verdict::Take);
        assert_eq!(verdict(Some(&before), "Anna", Some(10), "Anne", 10), Verdict::Take);
        assert_eq!(verdict(Some(&before), "Anna", None, "Anne", 10), Verdict::Take);
        // The lead was changed later, but not in this field.
        assert_eq!(verdict(Some(&before), "Anna", Some(10), "Ann", 20), Verdict::Give);
        assert_eq!(verdict(Some(&before), "Ann", None, "Anne", 20), Verdict::Take);
    }

    #[test]
    fn what_vicidial_cut_off_is_not_a_change_of_theirs() {
        let before = agreed("Wolfeschlegelsteinhausen", "Wolfeschlegelstei");
        assert_eq!(
            verdict(Some(&before), "Wolfeschlegelsteinhausen", None, "Wolfeschlegelstei", 99),
            Verdict::Keep
        );
    }

    #[test]
    fn an_empty_field_never_wins_at_first_sight() {
        assert_eq!(verdict(None, "Ann", None, "", 10), Verdict::Give);
        assert_eq!(verdict(None, "", Some(20), "Ann", 10), Verdict::Take);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        /// After what a verdict says was done, nothing is left to do; and what only one side changed is never lost.
        #[test]
        fn one_round_settles(
            before in proptest::option::of(("[ab]{0,2}", "[ab]{0,2}")),
            ours in "[abc]{0,2}",
            theirs in "[abd]{0,2}",
            ours_at in proptest::option::of((0i64..4).prop_map(|n| n)),
            theirs_at in 0i64..4,
        ) {
            let before = before.map(|(ours, theirs)| agreed(&ours, &theirs));
            let said = verdict(before.as_ref(), &ours, ours_at, &theirs, theirs_at);
            let (ours_after, theirs_after) = match said {
                Verdict::Keep => (ours.clone(), theirs.clone()),
                Verdict::Take => (theirs.clone(), theirs.clone()),
                Verdict::Give => (ours.clone(), ours.clone()),
            };
            let after = agreed(&ours_after, &theirs_after);
            prop_assert_eq!(verdict(Some(&after), &ours_after, ours_at, &theirs_after, theirs_at), Verdict::Keep);
            if let Some(before) = &before && ours != theirs {
                if ours != before.ours && theirs == before.theirs { prop_assert_eq!(said, Verdict::Give); }
                if ours == before.ours && theirs != before.theirs { prop_assert_eq!(said, Verdict::Take); }
            }
        }
    }
}
