//! Bare rows: names of columns, and cells.

use dialdeck_protocol::function::Function;
use std::collections::BTreeMap;

/// Most rows that are kept of one answer.
const MOST: usize = 100_000;

/// How the head of `lead_search` begins, whose separators VICIdial forgets.
pub(super) const GLUED: &str = "search_key";

/// Rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    /// Names.
    pub columns: Vec<String>,
    /// Cells; each row as long as `columns`.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// One without rows.
    pub fn empty(function: &Function) -> Self {
        Self { columns: function.gives.iter().map(|name| (*name).to_owned()).collect(), rows: Vec::new() }
    }

    /// Reads rows. A first row that names the columns (`header` says that one was asked for) is believed; without one they
    /// are those that the function is known to give. VICIdial neither quotes nor escapes: a row that is longer keeps its rest in the last
    /// cell, a shorter one is filled with nothing.
    pub fn read<'a>(
        function: &Function,
        separator: char,
        header: bool,
        lines: impl Iterator<Item = &'a str>,
    ) -> Self {
        let mut table = Self::empty(function);
        let mut lines = lines.filter(|line| !line.trim().is_empty() && !line.starts_with(GLUED)).peekable();
        let first = function.gives.first().copied().unwrap_or_default();
        if let Some(head) = lines.peek().copied() {
            let mut names: Vec<&str> = head.split(separator).collect();
            while names.len() > 1 && names.last().is_some_and(|name| name.is_empty()) {
                names.pop();
            }
            let is_name = |name: &&str| {
                !name.is_empty()
                    && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
            };
            let names_all = names.iter().all(is_name) && names[0].contains('_');
            if names.first() == Some(&first) || header && names_all {
                // did_log_export names its second and third the wrong way round.
                if function.name != "did_log_export" {
                    table.columns = names.into_iter().map(str::to_owned).collect();
                }
                lines.next();
            }
        }
        for line in lines.take(MOST) {
            let mut cells: Vec<String> = line.split(separator).map(|cell| cell.trim().to_owned()).collect();
            while cells.len() > table.columns.len() && cells.last().is_some_and(String::is_empty) {
                cells.pop();
            }
            let width = table.columns.len().max(1);
            if cells.len() > width {
                let rest = cells.split_off(width - 1).join(&separator.to_string());
                cells.push(rest);
            }
            cells.resize(width, String::new());
            table.rows.push(cells);
        }
        table
    }

    /// Reads `name => value` lines in records.
    pub fn of_records(function: &Function, body: &str) -> Self {
        let mut table = Self::default();
        for line in body.lines() {
            if line.contains("START OF RECORD") {
                table.rows.push(vec![String::new(); table.columns.len()]);
                continue;
            }
            let Some((name, value)) = line.split_once("=>") else { continue };
            let (name, value) = (name.trim(), value.trim());
            if table.rows.is_empty() {
                table.rows.push(Vec::new());
            }
            let at = table.columns.iter().position(|column| column == name).unwrap_or_else(|| {
                table.columns.push(name.to_owned());
                table.columns.len() - 1
            });
            if let Some(row) = table.rows.last_mut() {
                row.resize(row.len().max(at + 1), String::new());
                value.clone_into(&mut row[at]);
            }
            if table.rows.len() >= MOST {
                break;
            }
        }
        let width = table.columns.len();
        table.rows.iter_mut().for_each(|row| row.resize(width, String::new()));
        if table.columns.is_empty() { Self::empty(function) } else { table }
    }

    /// Each row by its columns' names.
    pub fn named(&self) -> impl Iterator<Item = BTreeMap<&str, &str>> {
        self.rows
            .iter()
            .map(|row| self.columns.iter().map(String::as_str).zip(row.iter().map(String::as_str)).collect())
    }

    /// A cell of the first row.
    pub fn cell(&self, column: &str) -> Option<&str> {
        let at = self.columns.iter().position(|name| name == column)?;
        self.rows.first().and_then(|row| row.get(at)).map(String::as_str)
    }
}
