//! One whole answer: what was said, what rows came with it, or what went wrong.

use super::line::{Line, Mark};
use super::page;
use super::table::Table;
use super::trouble::{Class, Trouble};
use dialdeck_protocol::function::{Api, Effect, Function};

/// What a function gave.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// What it says of success, in plain text; empty where it is rows alone.
    pub message: String,
    /// Rows; those of a success are its fields, by their names.
    pub table: Table,
    /// What it says besides: parts that were not done, groups that were not found.
    pub notices: Vec<String>,
}

impl Answer {
    /// A field of the first row.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.table.cell(name).filter(|value| !value.is_empty())
    }
}

/// Functions whose answers have no line's end.
const ENDLESS: &[&str] = &[
    "calls_in_queue_count",
    "switch_lead",
    "lead_field_info",
    "call_dispo_report",
    "webphone_url",
    "coffee",
];

/// Functions whose "nothing found" is an empty list, and no failure.
const LISTS: &[&str] = &[
    "hopper_list",
    "logged_in_agents",
    "agent_stats_export",
    "lead_status_search",
    "lead_search",
    "lead_callback_info",
    "phone_number_log",
    "recording_lookup",
    "did_log_export",
    "update_presets",
    "update_alt_url",
    "update_cid_group_entry",
    "campaigns_list",
];

fn is_nothing_found(line: &Line) -> bool {
    let text = line.message.to_ascii_uppercase();
    [
        "THERE ARE NO LEADS",
        "NO LOGGED IN AGENTS",
        "NO RECORDS FOUND",
        "NO RESULTS FOUND",
        "NO MATCHES FOUND",
        "CALLBACK NOT FOUND",
        "NO RECORDINGS FOUND",
        "NO CALLS FOUND",
        "NO CAMPAIGNS FOUND",
    ]
    .iter()
    .any(|part| text.contains(part))
}

/// Whether a NOTICE tells of something that was not done.
fn is_failing(line: &Line) -> bool {
    let text = line.message.to_ascii_uppercase();
    [
        "NOT ADDED",
        "NOT FOUND",
        "NO MATCHES",
        "NO UPDATES",
        "NO RECORDS",
        "ALREADY",
        "DOES NOT EXIST",
        "NOT VALID",
        "INVALID",
        "FAILURE",
        "FAILED",
        "DISABLED",
        "NOT UPDATED",
        "NOT REMOVED",
        "NOT IN THE HOPPER",
        "NO CALLS",
        "NOT DELETED",
    ]
    .iter()
    .any(|part| text.contains(part))
}

fn said(line: &Line) -> String {
    let fields: Vec<&str> = line.fields.iter().map(|f| f.trim()).filter(|f| !f.is_empty()).collect();
    let text = if fields.is_empty() {
        line.message.clone()
    } else {
        format!("{}: {}", line.message, fields.join(", "))
    };
    crate::domain::plain::line(&text, 300)
}

/// By what rows are separated: `stage` says so to functions for which it means that.
fn separator(function: &Function, stage: &str) -> char {
    match (function.name, stage) {
        ("call_dispo_report", _) | (_, "csv") => ',',
        (_, "tab") => '\t',
        _ => '|',
    }
}

/// What of a request decides how its answer is read.
#[derive(Debug, Clone, Copy, Default)]
pub struct Asked<'a> {
    /// The argument `stage`: to most functions, how rows are separated.
    pub stage: &'a str,
    /// Whether names of columns were asked for.
    pub header: bool,
    /// Our user, which VICIdial echoes.
    pub user: &'a str,
}

/// Reads what came back from `function`.
///
/// # Errors
/// What went wrong, in classes.
pub fn read(function: &Function, asked: Asked<'_>, status: u16, body: &str) -> Result<Answer, Trouble> {
    if status == 418 {
        return Err(Trouble::new(Class::NoSuchFunction, "VICIdial is a teapot, and makes no coffee"));
    }
    if status >= 500 {
        return Err(Trouble::new(Class::ServerFailed, format!("the web server answered {status}")));
    }
    if status >= 400 {
        return Err(Trouble::new(Class::WebPage, format!("the web server answered {status}")));
    }
    if function.name == "version" && body.starts_with("VERSION: ") {
        return Ok(version(function, body));
    }
    let mut lines: Vec<(&str, Option<Line>)> = body
        .lines()
        .filter(|text| !text.trim().is_empty())
        .map(|text| (text, Line::read(text, function.name)))
        .collect();
    let marked = lines.iter().any(|(_, line)| line.is_some());
    if !marked {
        return unmarked(function, asked, body);
    }
    if let Some((text, line)) = lines.last_mut() {
        // Nothing of ours ends without a line's end and without a separator but what was cut off.
        let ends =
            body.ends_with('\n') || ENDLESS.contains(&function.name) || text.trim_end().ends_with("</html>");
        // A refused log-in ends with its own SQL.
        let login = line.as_ref().is_some_and(|line| line.message.contains("Invalid Username/Password"));
        let cut = !ends && (!login || line.as_ref().is_none_or(|line| !line.is_whole));
        if cut {
            return Err(Trouble::new(Class::CutShort, "the answer ends in the middle"));
        }
    }
    let rows: Vec<&str> = lines
        .iter()
        .filter(|(text, line)| line.is_none() && !text.starts_with('<'))
        .map(|(text, _)| *text)
        .collect();
    let lines: Vec<Line> = lines.iter().filter_map(|(_, line)| line.clone()).collect();
    judge(function, asked.user, &lines, |function| {
        let separator = separator(function, asked.stage);
        Table::read(
            function,
            separator,
            asked.header,
            rows.iter().copied().filter(|row| row.contains(separator)),
        )
    })
}

fn judge(
    function: &Function,
    user: &str,
    lines: &[Line],
    rows: impl Fn(&Function) -> Table,
) -> Result<Answer, Trouble> {
    let of = |mark: Mark| lines.iter().filter(move |line| line.mark == mark);
    let notices = |but: Option<&Line>| -> Vec<String> {
        let besides = lines
            .iter()
            .filter(|line| line.mark != Mark::Success && but.is_none_or(|but| !std::ptr::eq(*line, but)));
        besides.map(said).collect()
    };
    if let Some(success) = of(Mark::Success).next() {
        let table = fields_of(function, lines);
        let message = match function.effect {
            // The password that was set stands among the fields.
            _ if function.gives.iter().any(|name| name.ends_with("_pass")) => success.message.clone(),
            _ => said(success),
        };
        return Ok(Answer { message, table, notices: notices(None) });
    }
    let good = of(Mark::Notice).find(|line| !is_failing(line));
    if let Some(error) = of(Mark::Error).next() {
        // `NO UPDATES DEFINED` after a NOTICE of success: what was asked for was done by the first.
        let empty = Trouble::said(function, user, error).class == Class::NothingChanged;
        if let Some(good) = good.filter(|_| empty) {
            return Ok(Answer {
                message: said(good),
                table: Table::empty(function),
                notices: notices(Some(good)),
            });
        }
        if LISTS.contains(&function.name) && is_nothing_found(error) {
            return Ok(Answer {
                message: String::new(),
                table: Table::empty(function),
                notices: vec![said(error)],
            });
        }
        let mut trouble = Trouble::said(function, user, error);
        // `NO DIDS ADDED`: the notice before it says why.
        if trouble.class == Class::Refused
            && let Some(why) = of(Mark::Notice).next()
        {
            trouble.class = Trouble::said(function, user, why).class;
        }
        if !matches!(trouble.class, Class::LoginRefused | Class::Locked) {
            trouble.besides = notices(Some(error));
            trouble.besides.dedup();
        }
        return Err(trouble);
    }
    if let Some(good) = good {
        return Ok(Answer { message: said(good), table: rows(function), notices: notices(Some(good)) });
    }
    let Some(notice) = lines.first() else {
        return Err(Trouble::new(Class::NothingSaid, "VICIdial answered nothing"));
    };
    if LISTS.contains(&function.name)
        && (is_nothing_found(notice) || notice.message.to_ascii_uppercase().contains("NO CALL"))
    {
        return Ok(Answer { message: String::new(), table: Table::empty(function), notices: notices(None) });
    }
    let mut trouble = Trouble::said(function, user, notice);
    trouble.besides = notices(Some(notice));
    Err(trouble)
}

/// What stands behind each SUCCESS, by its names; a password is left out.
fn fields_of(function: &Function, lines: &[Line]) -> Table {
    let keep = |name: &str| !name.ends_with("_pass");
    // update_lead and update_list can add instead, and then answer as that function does.
    let added = |line: &Line| match function.name {
        "update_lead" if line.message.ends_with("LEAD HAS BEEN ADDED") => Some("add_lead"),
        "update_list" if line.message.ends_with("LIST HAS BEEN ADDED") => Some("add_list"),
        _ => None,
    };
    // Their rows are one thing, their fields another.
    let own: &[&str] = match function.name {
        "update_alt_url" => &["user", "url", "url_type", "entry_type", "campaign_id"],
        "update_presets" => &["user", "preset", "campaign_id"],
        "update_cid_group_entry" => &["user", "cid_group_id", "areacode", "outbound_cid", "entries"],
        _ => function.gives,
    };
    let successes: Vec<&Line> = lines.iter().filter(|line| line.mark == Mark::Success).collect();
    let gives = successes
        .iter()
        .find_map(|line| added(line))
        .and_then(dialdeck_protocol::vicidial::function)
        .map_or(own, |other| other.gives);
    let columns: Vec<String> =
        gives.iter().filter(|name| keep(name)).map(|name| (*name).to_owned()).collect();
    let rows = successes.iter().map(|line| {
        let cells = gives.iter().enumerate().filter(|(_, name)| keep(name));
        cells
            .map(|(at, _)| line.fields.get(at).map(|field| field.trim().to_owned()).unwrap_or_default())
            .collect()
    });
    Table { rows: rows.collect(), columns }
}

fn version(function: &Function, body: &str) -> Answer {
    let cells =
        body.trim().split('|').map(|part| part.split_once(": ").map_or(part, |(_, value)| value).to_owned());
    let columns = function.gives.iter().map(|name| (*name).to_owned()).collect();
    Answer { table: Table { columns, rows: vec![cells.collect()] }, ..Answer::default() }
}

fn unmarked(function: &Function, asked: Asked<'_>, body: &str) -> Result<Answer, Trouble> {
    if body.trim().is_empty() {
        return empty(function);
    }
    if page::is_page(function.name) {
        // A log-in page is no chooser.
        let table = page::read(function, body);
        return if table.rows.is_empty()
            && !body.contains("choose_file")
            && function.name != "agent_ingroup_info"
        {
            Err(web_page())
        } else {
            Ok(Answer { table, ..Answer::default() })
        };
    }
    if page::looks_like_one(body) {
        return Err(web_page());
    }
    // Half a mark is half an answer.
    if ["SUCCESS: ", "ERROR: ", "NOTICE: "]
        .iter()
        .any(|mark| mark.starts_with(body.trim_end_matches('\n')) || mark.trim_end() == body.trim())
    {
        return Err(Trouble::new(Class::CutShort, "the answer ends in the middle"));
    }
    if matches!(function.effect, Effect::Acts | Effect::Queued(_)) && !LISTS.contains(&function.name) {
        return Err(Trouble::new(
            Class::WebPage,
            format!("what came is no answer: {}", crate::domain::plain::line(body, 80)),
        ));
    }
    match function.name {
        "lead_field_info" => {
            let mut table = Table::empty(function);
            table.rows.push(vec![crate::domain::plain::line(body, 2000)]);
            Ok(Answer { table, ..Answer::default() })
        }
        "lead_status_search" if body.contains("=>") => {
            Ok(Answer { table: Table::of_records(function, body), ..Answer::default() })
        }
        _ => rows(function, asked, body),
    }
}

fn rows(function: &Function, asked: Asked<'_>, body: &str) -> Result<Answer, Trouble> {
    let separator = separator(function, asked.stage);
    let report = function.name == "call_dispo_report";
    // lead_search forgets the separators in its head.
    let told =
        || body.lines().filter(|line| !line.trim().is_empty() && !line.starts_with(super::table::GLUED));
    let widths = || told().map(|line| line.matches(separator).count());
    let least = widths().next().unwrap_or(0);
    let last = widths().next_back().unwrap_or(0);
    // A head alone, or a last row that is narrower than the first, without an end.
    let head_alone = asked.header && told().nth(1).is_none();
    if !body.ends_with('\n') && head_alone {
        return Err(Trouble::new(Class::CutShort, "the answer ends in the middle of its head"));
    }
    if !body.ends_with('\n') && !report || last < least && !body.ends_with('\n') {
        return Err(Trouble::new(Class::CutShort, "the answer ends in the middle of a row"));
    }
    if least == 0 && function.gives.len() > 1 {
        let shown = crate::domain::plain::line(body, 80);
        return Err(Trouble::new(Class::WebPage, format!("what came is no answer: {shown}")));
    }
    let mut table = Table::read(function, separator, asked.header, told());
    if function.name == "call_dispo_report"
        && table.rows.last().is_some_and(|row| row.first().is_some_and(|c| c == "TOTAL"))
    {
        table.rows.pop();
    }
    Ok(Answer { table, ..Answer::default() })
}

fn empty(function: &Function) -> Result<Answer, Trouble> {
    match function.name {
        // With nothing to change they say nothing at all.
        "update_lead" | "batch_update_lead" => {
            Err(Trouble::new(Class::NothingChanged, "VICIdial answered nothing: there was nothing to change"))
        }
        // Without a format they give nothing.
        "sounds_list" | "container_list" | "campaigns_list" => {
            Ok(Answer { table: Table::empty(function), ..Answer::default() })
        }
        _ if function.api == Api::Agent => Err(Trouble::new(
            Class::NoSuchFunction,
            format!("VICIdial answered nothing: it has no {}", function.name),
        )),
        _ => Err(Trouble::new(Class::NothingSaid, "VICIdial answered nothing")),
    }
}

fn web_page() -> Trouble {
    Trouble::new(Class::WebPage, "a web page came instead of an answer")
}
