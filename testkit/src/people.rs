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

/// Area codes of one zone, Chicago's.
const AREAS: [&str; 10] = ["312", "773", "872", "630", "847", "708", "815", "224", "331", "779"];

/// One of a thousand such numbers.
pub fn nth(n: u16) -> String {
    let (hundred, rest) = (usize::from(n / 100 % 10), n % 100);
    match open_range() {
        "+131255501" => format!("+1{}55501{rest:02}", AREAS[hundred]),
        // All of these are nobody's: 020 7946 0000 to 0999, 02 5550 0000 to 9999.
        "+4420794600" => format!("+4420794 60{:03}", n % 1000).replace(' ', ""),
        _ => format!("+61255501{:03}", n % 1000),
    }
}
