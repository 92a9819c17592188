//! Asks before something that cannot be taken back.

use super::ask;
use color_eyre::eyre::{Result, bail};
use std::io::IsTerminal;

/// Asks, unless `yes` was said beforehand; an error where the answer is no, or nobody can be asked.
pub fn confirm(question: &str, yes: bool) -> Result<()> {
    if yes {
        return Ok(());
    }
    let question = crate::plain::line(question);
    if !std::io::stdin().is_terminal() {
        bail!("{question}? There is no terminal to ask on: nothing was done; --yes does it without asking");
    }
    let said = ask(&format!("{question}? (y/n; --yes does not ask)"))?;
    if !["y", "yes"].contains(&said.to_lowercase().as_str()) {
        bail!("nothing was done");
    }
    Ok(())
}
