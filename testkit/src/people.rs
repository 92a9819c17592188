//! Numbers that are nobody's, in a place where calls are legal at this hour of the real clock.

/// The beginning of such numbers; two digits are missing. The hours leave a margin, so that a test that begins within
/// them also ends within them, in summer and in winter.
pub fn open_range() -> &'static str {
    let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    match since_epoch.as_secs() / 3600 % 24 {
        0..=7 => "+612555010",
        8..=15 => "+4420794600",
        _ => "+131255501",
    }
}

/// A number that ends in these two digits.
pub fn number(two_digits: u8) -> String {
    format!("{}{two_digits:02}", open_range())
}
