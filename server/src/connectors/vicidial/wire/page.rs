//! What VICIdial gives as a web page: choosers of sounds and groups, an agent's in-groups, the web server's state.

use super::table::Table;
use dialdeck_protocol::function::Function;
use regex::Regex;
use std::sync::LazyLock;

static CHOICE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"javascript:choose_file\('([^']*)','[^']*'\);">([\s\S]*?)</tr>"#).ok());
static LINK: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r#"<a href="[^"]*">([^<]*)</a>"#).ok());
static TAG: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"<[^>]*>").ok());
static CELLS: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?i)<TR><TD>([^<]*)</TD><TD>([^<]*)</TD></TR>").ok());

/// Functions that answer with a page.
pub fn is_page(function: &str) -> bool {
    matches!(
        function,
        "sounds_list"
            | "moh_list"
            | "vm_list"
            | "ingroup_list"
            | "callmenu_list"
            | "container_list"
            | "agent_ingroup_info"
            | "webserver"
            | "webphone_url"
    )
}

/// Whether a body is a web page, and not an answer of the API.
pub fn looks_like_one(body: &str) -> bool {
    let start = body.trim_start();
    let head: String = start.chars().take(200).collect::<String>().to_ascii_lowercase();
    start.starts_with('<') || head.contains("<html") || head.contains("<!doctype")
}

fn plain(html: &str) -> String {
    let text = TAG.as_ref().map_or_else(|| html.to_owned(), |tag| tag.replace_all(html, " ").into_owned());
    let text = text.replace("&nbsp;", " ").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    crate::domain::plain::line(&text, 200)
}

/// Reads a page as rows of two cells.
pub fn read(function: &Function, body: &str) -> Table {
    let mut table = Table::empty(function);
    table.columns.truncate(2);
    let mut push = |name: String, value: String| table.rows.push(vec![name, value]);
    match function.name {
        "webserver" => {
            for (name, value) in body.lines().filter_map(|line| line.split_once(": ")) {
                push(plain(name), plain(value));
            }
        }
        "webphone_url" => {
            return Table { columns: vec!["url".into()], rows: vec![vec![plain(body)]] };
        }
        "agent_ingroup_info" => {
            for found in CELLS.iter().flat_map(|cells| cells.captures_iter(body)) {
                push(plain(&found[1]), plain(&found[2]));
            }
            for line in body.lines().map(plain) {
                if let Some((name, value)) = line.split_once(':') {
                    push(name.trim().to_owned(), value.trim().to_owned());
                }
            }
        }
        _ => {
            for found in CHOICE.iter().flat_map(|choice| choice.captures_iter(body)) {
                push(plain(&found[1]), plain(&found[2]));
            }
            if table.rows.is_empty() {
                for found in LINK.iter().flat_map(|link| link.captures_iter(body)) {
                    table.rows.push(vec![plain(&found[1]), String::new()]);
                }
            }
        }
    }
    table
}
