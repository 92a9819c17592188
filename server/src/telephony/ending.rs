//! How a call ended, classified from dial status and cause together; neither alone is enough.

use dialdeck_protocol::Outcome;

/// The end of a call as the telephony tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// Whether somebody or something had answered.
    pub answered: bool,
    /// Last dial status that was told: `RINGING`, `BUSY`, `CONGESTION`, `NOANSWER`, or empty.
    pub dial_status: String,
    /// Cause (Q.850); 0 where none was told.
    pub cause: u32,
}

impl Ended {
    /// What came of a call that nobody answered. Measured on Asterisk 22: `Busy()` gives BUSY with cause 0, causes
    /// 1, 21, 27, 38 give NOANSWER with the cause, a timeout gives RINGING or nothing with cause 19, an extension
    /// that does not exist gives no dial status at all with cause 0.
    pub fn outcome(&self) -> Outcome {
        if self.answered {
            return Outcome::HungUp;
        }
        match (self.dial_status.as_str(), self.cause) {
            ("BUSY", _) | (_, 17) => Outcome::Busy,
            (_, 1 | 2 | 3 | 22 | 28) => Outcome::BadNumber,
            ("CONGESTION", _) | (_, 34 | 38 | 41 | 42 | 44 | 58) => Outcome::Congestion,
            (_, 18..=20) => Outcome::NoAnswer,
            // Rejected, or switched off: the number is good, nobody came to it.
            (_, 21 | 27) => Outcome::NoAnswer,
            ("", 0) => Outcome::BadNumber,
            ("RINGING" | "NOANSWER" | "CANCEL", _) => Outcome::NoAnswer,
            _ => Outcome::Error,
        }
    }

    /// For the record and the log.
    pub fn detail(&self) -> String {
        let status = if self.dial_status.is_empty() { "none" } else { &self.dial_status };
        format!("dial status {status}, cause {}", self.cause)
    }
}

#[cfg(test)]
mod tests {
    use super::Ended;
    use dialdeck_protocol::Outcome;

    #[test]
    fn dial_status_and_cause_together() {
        for (dial_status, cause, outcome) in [
            ("BUSY", 0, Outcome::Busy),
            ("BUSY", 17, Outcome::Busy),
            ("CONGESTION", 0, Outcome::Congestion),
            ("CONGESTION", 34, Outcome::Congestion),
            ("NOANSWER", 38, Outcome::Congestion),
            ("NOANSWER", 1, Outcome::BadNumber),
            ("NOANSWER", 28, Outcome::BadNumber),
            ("NOANSWER", 21, Outcome::NoAnswer),
            ("NOANSWER", 27, Outcome::NoAnswer),
            ("RINGING", 19, Outcome::NoAnswer),
            ("", 19, Outcome::NoAnswer),
            ("", 0, Outcome::BadNumber),
            ("", 127, Outcome::Error),
        ] {
            let ended = Ended { answered: false, dial_status: dial_status.into(), cause };
            assert_eq!(ended.outcome(), outcome, "{dial_status} {cause}");
        }
    }
}
