//! Contacts from CSV: header, rows and what was wrong with each line. Pure; reading and storing are elsewhere.

use super::contact::{Consent, NewContact};
use super::numbers;
use super::phone::Phone;
use super::plain;
use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Longest record, in bytes.
pub const MAX_RECORD_BYTES: usize = 64 * 1024;
/// Most columns.
pub const MAX_COLUMNS: usize = 200;
/// Most lines that one quoted field may span.
const MAX_JOINED_LINES: usize = 20;

/// Columns that we understand; any other is kept as a custom field.
const KNOWN: [&str; 16] = [
    "first_name",
    "last_name",
    "phone",
    "alt_phone",
    "alt_phone_2",
    "alt_phone_3",
    "alt_phone_4",
    "email",
    "company",
    "state",
    "postal_code",
    "timezone",
    "consent",
    "consent_at",
    "consent_source",
    "priority",
];

/// Why a line was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejection {
    /// Line number in the file, from 1; the first line of the record.
    pub line: u64,
    /// The field at fault, or empty.
    pub field: String,
    /// What was wrong and what would be right.
    pub message: String,
    /// The line as it came, cut at 500 characters.
    pub record: String,
}

/// The columns of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    columns: Vec<String>,
}

/// Why a header cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// No line at all.
    #[error("the file is empty; its first line must name the columns, phone among them")]
    Empty,
    /// The first line names no phone column.
    #[error(
        "the first line must name the columns, phone among them; it reads {0:?}. A file without a header needs one, such as first_name,last_name,phone,email,company"
    )]
    NoPhone(String),
    /// A column twice.
    #[error("the column {0:?} stands twice in the header")]
    Twice(String),
    /// Too many columns.
    #[error("the header has more than {MAX_COLUMNS} columns")]
    TooMany,
}

impl Header {
    /// Reads the first line.
    ///
    /// # Errors
    /// Why it is no header.
    pub fn parse(line: &str) -> Result<Self, HeaderError> {
        let cells = split(line).map_err(|_| HeaderError::NoPhone(plain::line(line, 80)))?;
        if cells.len() > MAX_COLUMNS {
            return Err(HeaderError::TooMany);
        }
        let columns: Vec<String> = cells.iter().map(|cell| canonical(cell)).collect();
        if !columns.iter().any(|c| c == "phone") {
            return Err(HeaderError::NoPhone(plain::line(line, 80)));
        }
        for (n, column) in columns.iter().enumerate() {
            if !column.is_empty() && columns[..n].contains(column) {
                return Err(HeaderError::Twice(column.clone()));
            }
        }
        Ok(Self { columns })
    }

    /// Whether the file itself carries consent.
    pub fn has_consent(&self) -> bool {
        self.columns.iter().any(|c| c == "consent")
    }
}

/// Column names as people write them: case, spaces, and the two usual names for a number.
fn canonical(cell: &str) -> String {
    let name = plain::line(cell, 64).to_lowercase().replace([' ', '-'], "_");
    match name.as_str() {
        "phone_number" | "telephone" | "mobile" => "phone".into(),
        "alternate_phone" | "alt_phone_1" | "phone_2" | "phone2" => "alt_phone".into(),
        "zip" | "zip_code" | "postcode" => "postal_code".into(),
        "time_zone" => "timezone".into(),
        _ => name,
    }
}

fn split(line: &str) -> Result<Vec<String>, String> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(line.as_bytes());
    let mut record = csv::StringRecord::new();
    match reader.read_record(&mut record) {
        Ok(true) => Ok(record.iter().map(str::to_owned).collect()),
        Ok(false) => Ok(Vec::new()),
        Err(error) => Err(error.to_string()),
    }
}

/// How rows are read.
#[derive(Debug, Clone)]
pub struct Reading<'a> {
    /// Region assumed for numbers without a country code.
    pub region: &'a str,
    /// Consent stated for the whole list; a row's own goes before it.
    pub consent: Option<&'a Consent>,
}

/// Reads one record.
///
/// # Errors
/// Field and message of what is wrong with it.
pub fn row(header: &Header, record: &str, reading: &Reading<'_>) -> Result<NewContact, (String, String)> {
    let fail = |field: &str, message: String| (field.to_owned(), message);
    if record.matches('"').count() % 2 == 1 {
        return Err(fail("", "a quotation mark is not closed".into()));
    }
    let cells = split(record).map_err(|message| fail("", message))?;
    if cells.len() != header.columns.len() {
        return Err(fail(
            "",
            format!("has {} fields where the header names {}", cells.len(), header.columns.len()),
        ));
    }
    let mut known: BTreeMap<&str, String> = BTreeMap::new();
    let mut custom_fields = BTreeMap::new();
    for (column, cell) in header.columns.iter().zip(&cells) {
        let longest = if column == "phone" || column.starts_with("alt_phone") { 64 } else { 255 };
        if cell.chars().count() > longest {
            return Err(fail(column, format!("{column} has more than {longest} characters")));
        }
        let text = plain::line(cell, longest);
        match KNOWN.iter().find(|name| *name == column) {
            Some(name) => {
                known.insert(name, text);
            }
            None if !column.is_empty() && !text.is_empty() => {
                custom_fields.insert(column.clone(), text);
            }
            None => {}
        }
    }
    let mut take = |name: &str| known.remove(name).unwrap_or_default();
    let phone = Phone::parse(&take("phone"), reading.region).map_err(|e| fail("phone", e.to_string()))?;
    let mut alternates: Vec<Phone> = Vec::new();
    for column in ["alt_phone", "alt_phone_2", "alt_phone_3", "alt_phone_4"] {
        let text = take(column);
        if text.is_empty() {
            continue;
        }
        alternates.push(Phone::parse(&text, reading.region).map_err(|e| fail(column, e.to_string()))?);
    }
    let alternates = numbers::distinct(&phone, alternates);
    let timezone = take("timezone");
    if !timezone.is_empty() && timezone.parse::<chrono_tz::Tz>().is_err() {
        return Err(fail(
            "timezone",
            format!("timezone {timezone:?} is unknown; use a name such as America/Chicago"),
        ));
    }
    let state = take("state").to_uppercase();
    if !(state.is_empty() || state.len() == 2 && state.bytes().all(|b| b.is_ascii_uppercase())) {
        return Err(fail("state", format!("state {state:?} must be two letters, such as FL")));
    }
    let priority = take("priority");
    let priority = if priority.is_empty() { Ok(0) } else { priority.parse() };
    let priority = priority.ok().filter(|n: &i32| (-99..=99).contains(n));
    let priority =
        priority.ok_or_else(|| fail("priority", "priority must be a whole number from -99 to 99".into()))?;
    let consent = consent(&take("consent"), &take("consent_at"), &take("consent_source"), reading)?;
    Ok(NewContact {
        first_name: take("first_name"),
        last_name: take("last_name"),
        phone,
        alternates,
        email: take("email"),
        company: take("company"),
        state,
        postal_code: take("postal_code"),
        timezone,
        consent,
        priority,
        custom_fields,
    })
}

fn consent(
    basis: &str,
    at: &str,
    source: &str,
    reading: &Reading<'_>,
) -> Result<Option<Consent>, (String, String)> {
    match basis.to_lowercase().as_str() {
        "" => return Ok(reading.consent.cloned()),
        "no" | "n" | "false" | "0" | "none" => return Ok(None),
        _ => {}
    }
    let at = if at.is_empty() { None } else { Some(moment(at).map_err(|m| ("consent_at".to_owned(), m))?) };
    let basis =
        if ["yes", "y", "true", "1"].contains(&basis.to_lowercase().as_str()) { "stated" } else { basis };
    Ok(Some(Consent { basis: basis.to_owned(), at, source: source.to_owned() }))
}

/// Reads a date or a date with time; without a zone it is UTC.
///
/// # Errors
/// What would be right.
pub fn moment(text: &str) -> Result<DateTime<Utc>, String> {
    let naive = |text: &str| {
        NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S")
            .or_else(|_| NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S"))
            .ok()
            .or_else(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0))
    };
    DateTime::parse_from_rfc3339(text)
        .map(|at| at.with_timezone(&Utc))
        .ok()
        .or_else(|| naive(text).map(|at| at.and_utc()))
        .ok_or_else(|| format!("{text:?} is no date; use 2026-01-31 or 2026-01-31T14:00:00Z"))
}

/// Puts physical lines together to records: a quoted field may span a few lines. Memory stays bounded whatever comes.
#[derive(Debug, Default)]
pub struct Records {
    pending: Vec<String>,
    first_line: u64,
    line: u64,
}

impl Records {
    /// Takes the next physical line (without its end); gives complete records with the number of their first line.
    pub fn push(&mut self, text: &str) -> Vec<(u64, String)> {
        self.line += 1;
        if self.pending.is_empty() {
            if text.trim().is_empty() {
                return Vec::new();
            }
            self.first_line = self.line;
            if text.matches('"').count().is_multiple_of(2) {
                return vec![(self.line, text.to_owned())];
            }
        }
        self.pending.push(text.to_owned());
        let quotes: usize = self.pending.iter().map(|l| l.matches('"').count()).sum();
        let bytes: usize = self.pending.iter().map(String::len).sum();
        if quotes.is_multiple_of(2) && bytes <= MAX_RECORD_BYTES {
            let whole = std::mem::take(&mut self.pending).join("\n");
            return vec![(self.first_line, whole)];
        }
        if self.pending.len() > MAX_JOINED_LINES || bytes > MAX_RECORD_BYTES {
            return self.give_up();
        }
        Vec::new()
    }

    /// At the end of the file: what is left, a line each.
    pub fn finish(&mut self) -> Vec<(u64, String)> {
        self.give_up()
    }

    /// The first pending line is broken; the ones after it are taken by themselves, so that one stray quotation mark
    /// costs one line and not the file.
    fn give_up(&mut self) -> Vec<(u64, String)> {
        let lines = std::mem::take(&mut self.pending);
        lines.into_iter().zip(self.first_line..).map(|(text, n)| (n, text)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Consent, Header, HeaderError, Reading, Records, row};
    use proptest::prelude::*;

    const READING: Reading<'static> = Reading { region: "US", consent: None };

    #[test]
    fn known_columns_and_custom_fields() {
        let header =
            Header::parse("First Name,last_name,Phone Number,email,company,Plan,consent,consent_at").unwrap();
        let ann = row(
            &header,
            "Ann,Lee,312 555 0142,ann@example.com,\"Acme, Inc\",gold,written,2026-01-02",
            &READING,
        )
        .unwrap();
        assert_eq!(ann.company, "Acme, Inc");
        assert_eq!(ann.custom_fields["plan"], "gold");
        assert_eq!(ann.consent.unwrap().basis, "written");
    }

    #[test]
    fn each_mistake_is_named() {
        assert_eq!(
            Header::parse("Ann,Lee,3125550142"),
            Err(HeaderError::NoPhone("Ann,Lee,3125550142".into()))
        );
        assert_eq!(Header::parse("phone,a,A"), Err(HeaderError::Twice("a".into())));
        let header = Header::parse("first_name,phone,state,timezone,consent,consent_at,priority").unwrap();
        for (line, field, part) in [
            ("Ann,12345,,,,,", "phone", "digits"),
            ("Ann,312 555 0142,Texas,,,,", "state", "two letters"),
            ("Ann,312 555 0142,,Mars,,,", "timezone", "America/Chicago"),
            ("Ann,312 555 0142,,,yes,soon,", "consent_at", "no date"),
            ("Ann,312 555 0142,,,,,first", "priority", "-99 to 99"),
            ("Ann,312 555 0142,,,,,100", "priority", "-99 to 99"),
            ("Ann,312 555 0142", "", "2 fields where the header names 7"),
            ("\"Ann,312 555 0142,,,,,", "", "not closed"),
        ] {
            let (f, message) = row(&header, line, &READING).unwrap_err();
            assert_eq!(f, field, "{line}");
            assert!(message.contains(part), "{line}: {message}");
        }
    }

    #[test]
    fn a_lists_statement_counts_where_the_row_says_nothing() {
        let header = Header::parse("phone,consent").unwrap();
        let statement = Consent { basis: "written".into(), at: None, source: "fair".into() };
        let reading = Reading { region: "US", consent: Some(&statement) };
        assert_eq!(row(&header, "3125550142,", &reading).unwrap().consent, Some(statement.clone()));
        assert_eq!(row(&header, "3125550142,no", &reading).unwrap().consent, None);
    }

    #[test]
    fn a_stray_quote_costs_one_line() {
        let mut records = Records::default();
        let mut out = Vec::new();
        for line in ["a,\"two", "lines\",b", "", "x,\"stray", "y", "z"] {
            out.extend(records.push(line));
        }
        out.extend(records.finish());
        assert_eq!(
            out,
            vec![(1, "a,\"two\nlines\",b".into()), (4, "x,\"stray".into()), (5, "y".into()), (6, "z".into())]
        );
    }

    proptest! {
        #[test]
        fn no_line_is_lost(lines in proptest::collection::vec("[a-z,\"]{1,12}", 0..60)) {
            let mut records = Records::default();
            let mut out: Vec<String> = Vec::new();
            for line in &lines {
                out.extend(records.push(line).into_iter().map(|(_, text)| text));
            }
            out.extend(records.finish().into_iter().map(|(_, text)| text));
            let joined = out.join("\n");
            prop_assert_eq!(joined.lines().collect::<Vec<_>>(), lines.iter().map(String::as_str).collect::<Vec<_>>());
        }

        #[test]
        fn garbage_never_panics(text in ".{0,200}") {
            let header = Header::parse("phone,a").unwrap();
            let _ = row(&header, &text, &READING);
            let _ = Header::parse(&text);
        }
    }
}
