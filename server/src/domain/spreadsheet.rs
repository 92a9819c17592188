//! Cells that no spreadsheet computes.

/// A cell that no spreadsheet takes for a formula (OWASP, CSV injection): what begins like one gets an apostrophe.
/// A number in E.164 begins with `+` and is left: it has nothing but digits after it.
pub fn cell(text: &str) -> String {
    let number = text.strip_prefix('+').is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit()));
    if !number && text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::cell;

    #[test]
    fn formulas_are_defused_and_numbers_are_not() {
        for (text, safe) in [
            ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
            ("+1+1", "'+1+1"),
            ("-2+3", "'-2+3"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\tx", "'\tx"),
            ("+13125550123", "+13125550123"),
            ("Ann = Bob", "Ann = Bob"),
            ("", ""),
        ] {
            assert_eq!(cell(text), safe);
        }
    }
}
