//! What a call costs, by the operator's rate table.

use serde::{Deserialize, Serialize};

/// Prices in the operator's currency.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rates {
    /// Shown beside every amount.
    pub currency: String,
    /// For each begun minute of an answered call.
    pub per_minute: f64,
    /// For each 1000 characters that the voice speaks.
    pub per_1000_characters: f64,
}

impl Rates {
    /// Cost of one call: `seconds` from answer to end, `characters` spoken.
    pub fn call(&self, seconds: u32, characters: usize) -> f64 {
        let minutes = f64::from(seconds.div_ceil(60));
        #[allow(clippy::cast_precision_loss, reason = "a call's speech is far below 2^52 characters")]
        let thousands = characters as f64 / 1000.0;
        ((minutes * self.per_minute + thousands * self.per_1000_characters) * 10_000.0).round() / 10_000.0
    }

    /// Expected cost of `contacts` calls, with the shares and lengths that a first campaign may assume.
    pub fn estimate(&self, contacts: i64) -> (f64, String) {
        const ANSWERED: f64 = 0.3;
        const SECONDS: u32 = 75;
        const CHARACTERS: usize = 450;
        #[allow(clippy::cast_precision_loss, reason = "a count of contacts is far below 2^52")]
        let cost = contacts as f64 * ANSWERED * self.call(SECONDS, CHARACTERS);
        let basis = format!(
            "{contacts} contacts, 30 % answered, {SECONDS} s and {CHARACTERS} characters a conversation; {} {:.4} a \
             minute, {:.4} per 1000 characters",
            self.currency, self.per_minute, self.per_1000_characters
        );
        ((cost * 100.0).round() / 100.0, basis)
    }
}

#[cfg(test)]
mod tests {
    use super::Rates;

    #[test]
    fn begun_minutes_and_characters() {
        let rates = Rates { currency: "USD".into(), per_minute: 0.01, per_1000_characters: 0.02 };
        assert!((rates.call(61, 500) - 0.03).abs() < 1e-9);
        assert!((rates.call(0, 0)).abs() < 1e-9);
        assert!((rates.estimate(1000).0 - 0.3 * 1000.0 * 0.029).abs() < 0.01);
    }
}
