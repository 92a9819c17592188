//! Telephone numbers: E.164, or a reason why not.

use phonenumber::country;
use std::fmt;

/// A number in E.164, such as `+13125550142`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Phone(String);

/// Why a text is no telephone number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PhoneError {
    /// Nothing there.
    #[error("phone is empty; give a number such as +13125550142")]
    Empty,
    /// Not readable as a number.
    #[error("phone {0:?} is not a telephone number; give it with its country code, such as +13125550142")]
    Unreadable(String),
    /// Readable, but of an impossible length for its country.
    #[error("phone {0:?} has too few or too many digits for its country")]
    Impossible(String),
    /// The default region is none that we know.
    #[error("region {0:?} is unknown; use a two-letter country code such as US")]
    Region(String),
}

impl Phone {
    /// Reads a number as people write it. `region` (ISO 3166, such as `US`) is assumed where no country code is
    /// given.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str, region: &str) -> Result<Self, PhoneError> {
        let text = text.trim();
        let shown = || super::plain::line(text, 40);
        if text.is_empty() {
            return Err(PhoneError::Empty);
        }
        // The parser accepts letters and extensions; a dialer wants neither. It is also bounded: strangers send this.
        if text.chars().count() > 32
            || !text.chars().all(|c| c.is_ascii_digit() || " +-.()/\u{a0}".contains(c))
        {
            return Err(PhoneError::Unreadable(shown()));
        }
        let country: country::Id = region.parse().map_err(|_| PhoneError::Region(region.to_owned()))?;
        let number = phonenumber::parse(Some(country), text).map_err(|_| PhoneError::Unreadable(shown()))?;
        let e164 = number.format().mode(phonenumber::Mode::E164).to_string();
        let digits = e164.len().saturating_sub(1);
        let north_american = e164.starts_with("+1");
        let plausible = if north_american { nanp_possible(&e164) } else { (7..=15).contains(&digits) };
        if !plausible {
            return Err(PhoneError::Impossible(shown()));
        }
        Ok(Self(e164))
    }

    /// Reads a number that stands without its country code, which stands beside it, as VICIdial holds them; one that has its code
    /// all the same is read as it is.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn with_country(code: &str, digits: &str, region: &str) -> Result<Self, PhoneError> {
        Self::parse(&format!("+{code}{digits}"), region).or_else(|_| Self::parse(digits, region))
    }

    /// Takes a number that is known to be E.164 already, as it comes from our own store.
    pub fn from_e164(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('+')?;
        ((7..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()))
            .then(|| Self(text.to_owned()))
    }

    /// Its country code and what stands behind it, as VICIdial holds the two.
    pub fn country_and_national(&self) -> (String, String) {
        let country = phonenumber::parse(None, &self.0).map(|number| number.code().value().to_string());
        let country = country.unwrap_or_else(|_| "1".into());
        let national = self.digits().strip_prefix(country.as_str()).unwrap_or(self.digits()).to_owned();
        (country, national)
    }

    /// The number, with its plus.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The number without its plus.
    pub fn digits(&self) -> &str {
        self.0.trim_start_matches('+')
    }
}

/// Ten digits after the 1, area code and exchange not starting with 0 or 1. 555 numbers are possible: they are the
/// ones that tests and examples use.
fn nanp_possible(e164: &str) -> bool {
    let digits = e164.as_bytes();
    digits.len() == 12 && matches!(digits[2], b'2'..=b'9') && matches!(digits[5], b'2'..=b'9')
}

impl fmt::Display for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::{Phone, PhoneError};
    use proptest::prelude::*;

    #[test]
    fn reads_what_people_write() {
        for text in ["(312) 555-0142", "312-555-0142", "+1 312 555 0142", "1 312 555 0142", "312.555.0142"] {
            assert_eq!(Phone::parse(text, "US").unwrap().as_str(), "+13125550142", "{text}");
        }
        assert_eq!(Phone::parse("020 7946 0123", "GB").unwrap().as_str(), "+442079460123");
    }

    #[test]
    fn says_what_is_wrong() {
        assert_eq!(Phone::parse("  ", "US"), Err(PhoneError::Empty));
        for text in ["call me", "312-555-0142 ext 5", "${EXTEN}", "3125550142&PJSIP/x"] {
            assert!(matches!(Phone::parse(text, "US"), Err(PhoneError::Unreadable(_))), "{text}");
        }
        for text in ["12345", "312555014", "312 155 0142", "0125550142"] {
            assert!(Phone::parse(text, "US").is_err(), "{text}");
        }
        assert!(matches!(Phone::parse("3125550142", "Mars"), Err(PhoneError::Region(_))));
    }

    proptest! {
        #[test]
        fn whatever_comes_out_is_e164(text in ".{0,40}") {
            if let Ok(phone) = Phone::parse(&text, "US") {
                prop_assert_eq!(Phone::from_e164(phone.as_str()), Some(phone.clone()));
                prop_assert!(phone.as_str().bytes().skip(1).all(|b| b.is_ascii_digit()));
            }
        }
    }
}
