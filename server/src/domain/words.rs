//! Words of a text as people search for them.

/// Most words of one search.
const MOST: usize = 16;

/// Runs of letters and digits, small, at most sixteen: nothing of them can be syntax of an index.
pub fn of(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .take(MOST)
        .map(str::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn only_letters_and_digits_remain() {
        assert_eq!(of("Solar-panel \"OR\" x:*'; DROP"), ["solar", "panel", "or", "x", "drop"]);
        assert!(of("  -- ").is_empty());
        assert_eq!(of(&"a ".repeat(100)).len(), 16);
    }
}
