//! How a program of ours says on its error output why it failed.

use crate::plain::line;
use std::error::Error;
use std::fmt::Write as _;

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
    error.to_string().lines().map(line).collect::<Vec<_>>().join("\n  ")
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
