//! Outcomes here and statuses there: what VICIdial's own lists (`vicidial_statuses` as it is installed) mean.

use dialdeck_protocol::Outcome;

/// The status that stands for an outcome.
pub const fn of_outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Interested | Outcome::Scheduled => "SALE",
        Outcome::Callback => "CALLBK",
        Outcome::NotInterested => "NI",
        Outcome::DoNotCall => "DNC",
        Outcome::WrongNumber => "WRONG",
        Outcome::Transferred => "XFER",
        Outcome::Voicemail => "A",
        Outcome::Abandoned => "DROP",
        Outcome::NoAnswer => "NA",
        Outcome::Busy => "B",
        Outcome::BadNumber => "DC",
        Outcome::HungUp | Outcome::Unclear | Outcome::Congestion | Outcome::Error => "N",
    }
}

/// The outcome that a status stands for; nothing where it says that a lead is new, or in a call.
pub fn outcome(status: &str) -> Option<Outcome> {
    Some(match status {
        "SALE" => Outcome::Interested,
        "CALLBK" | "CBHOLD" => Outcome::Callback,
        "NI" | "NP" => Outcome::NotInterested,
        "DNC" | "DNCL" | "DNCC" => Outcome::DoNotCall,
        "WRONG" => Outcome::WrongNumber,
        "XFER" | "RAXFER" => Outcome::Transferred,
        "A" | "AA" | "AM" | "AL" => Outcome::Voicemail,
        "DROP" | "XDROP" | "PDROP" => Outcome::Abandoned,
        "NA" | "N" => Outcome::NoAnswer,
        "B" | "AB" => Outcome::Busy,
        "DC" | "ADC" => Outcome::BadNumber,
        _ => return None,
    })
}

/// Whether a lead with this status is with an agent now, so that its status is about to be set by them.
pub fn is_in_call(status: &str) -> bool {
    matches!(status, "INCALL" | "QUEUE" | "DISPO" | "QUEUEI")
}

#[cfg(test)]
mod tests {
    use super::{of_outcome, outcome};
    use dialdeck_protocol::Outcome;

    #[test]
    fn what_stops_calls_here_stops_them_there_and_back() {
        for stop in [Outcome::DoNotCall, Outcome::NotInterested, Outcome::WrongNumber, Outcome::BadNumber] {
            assert_eq!(outcome(of_outcome(stop)), Some(stop));
        }
        for going_on in ["NEW", "INCALL", "QUEUE", "DISPO", ""] {
            assert_eq!(outcome(going_on), None);
        }
    }
}
