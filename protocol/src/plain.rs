//! Text from elsewhere on a terminal: what it may not hold, and how a program of ours says there why it failed.

use std::error::Error;
use std::fmt::Write as _;

/// Characters that a terminal, a log or a bidirectional display would act on instead of showing.
pub fn is_trick(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// An error and what caused it, a line each where it says more, for the error output: in part it may be what a server, a
/// file or a provider said, so tricks become spaces.
pub fn complaint(program: &str, error: &dyn Error) -> String {
    let mut said = lines(error);
    let mut text = format!("{program}: {said}\n");
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = lines(error);
        if !said.contains(&next) {
            // Cannot fail: it is a string.
            let _ = writeln!(text, "  because: {next}");
            said = next;
        }
        cause = error.source();
    }
    text
}

/// What an error says; lines after its first stand below it, indented, where they cannot be taken for somebody else's.
fn lines(error: &dyn Error) -> String {
    let safe = |line: &str| line.chars().map(|c| if is_trick(c) { ' ' } else { c }).collect::<String>();
    error.to_string().lines().map(safe).collect::<Vec<_>>().join("\n  ")
}

#[cfg(test)]
mod tests {
    use super::complaint;
    use std::error::Error;
    use std::fmt;

    #[derive(Debug)]
    struct Said(&'static str, Option<Box<Said>>);

    impl fmt::Display for Said {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl Error for Said {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            self.1.as_ref().map(|cause| &**cause as _)
        }
    }

    #[test]
    fn an_error_is_shown_and_not_obeyed() {
        let cause = Said("a\u{1b}]0;owned\u{7}b\u{202e}c\ndialdeck: all is well", None);
        let repeated = Said("leads.csv: no", Some(Box::new(Said("leads.csv", Some(Box::new(cause))))));
        let text = complaint("dialdeck", &repeated);
        assert_eq!(text, "dialdeck: leads.csv: no\n  because: a ]0;owned b c\n  dialdeck: all is well\n");
    }
}
