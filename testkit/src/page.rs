//! Pages of the documentation, taken apart to be followed.

/// The fenced blocks of a page, with their language.
pub fn blocks(page: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut open: Option<(String, String)> = None;
    for line in page.lines() {
        match (line.trim_start().strip_prefix("```"), open.take()) {
            (Some(language), None) => open = Some((language.to_owned(), String::new())),
            (Some(_), Some(block)) => found.push(block),
            (None, Some((language, mut text))) => {
                text += line;
                text += "\n";
                open = Some((language, text));
            }
            (None, None) => {}
        }
    }
    found
}
