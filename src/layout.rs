//! How the screens are arranged: the view one begins with, how a view is split, which columns a table has and by which it is
//! sorted. Read from a file, and saved into it.

use crate::columns;
use crate::state::{Pane, View};
use dialdeck_protocol::Role;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;
use toml_edit::{ArrayOfTables, DocumentMut, Item, Table};

const DEFAULT: &str = include_str!("../config/layouts.toml");

/// What stands above a file that the console wrote.
const HEAD: &str = "# Your layouts, as the console saved them. What can stand here is told in config/layouts.toml of Dialdeck.\n\n";

/// How the panes of a view stand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Split {
    /// Beside each other where the screen is wide enough.
    #[default]
    Auto,
    /// Beside each other.
    Beside,
    /// Below each other.
    Below,
}

impl Split {
    /// The next one.
    pub const fn next(self) -> Self {
        match self {
            Self::Auto => Self::Beside,
            Self::Beside => Self::Below,
            Self::Below => Self::Auto,
        }
    }

    /// In words.
    pub const fn what(self) -> &'static str {
        match self {
            Self::Auto => "beside each other where there is room",
            Self::Beside => "beside each other",
            Self::Below => "below each other",
        }
    }

    /// Whether the panes stand beside each other on a screen of some width, where `least` is enough for it.
    pub const fn is_beside(self, width: u16, least: u16) -> bool {
        match self {
            Self::Auto => width >= least,
            Self::Beside => true,
            Self::Below => false,
        }
    }
}

/// By which column a table is sorted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sort {
    /// The column's name.
    pub column: String,
    /// The largest first.
    pub down: bool,
}

impl Sort {
    fn written(&self) -> String {
        format!("{}{}", if self.down { "-" } else { "" }, self.column)
    }
}

/// An arrangement.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Layout {
    /// Its name.
    pub name: String,
    /// Who begins with it.
    pub roles: Vec<Role>,
    /// The view that one begins with.
    pub view: View,
    /// How views are split.
    pub split: BTreeMap<View, Split>,
    /// Columns of tables, in their order; a table that is not there has its usual ones.
    pub columns: BTreeMap<Pane, Vec<String>>,
    /// By what tables are sorted; a table that is not there is as it comes.
    pub sort: BTreeMap<Pane, Sort>,
}

impl Layout {
    /// How a view is split.
    pub fn split(&self, view: View) -> Split {
        self.split.get(&view).copied().unwrap_or_default()
    }

    /// All columns of a pane with whether they are shown, in the order in which they would be; `table`: which of its tables is seen.
    pub fn choice(&self, pane: Pane, table: usize) -> Vec<(String, bool)> {
        let seen = columns::of(pane).get(table).copied().unwrap_or_default();
        let mut names: Vec<&str> = seen.iter().map(|column| column.name).collect();
        names.extend(columns::names(pane).into_iter().filter(|name| !seen.iter().any(|c| c.name == *name)));
        let usual = |name: &str| seen.iter().any(|column| column.name == name && column.usual);
        let Some(chosen) = self.columns.get(&pane) else {
            return names.into_iter().map(|name| (name.to_owned(), usual(name))).collect();
        };
        let rest = names.into_iter().filter(|name| !chosen.iter().any(|c| c == name));
        chosen.iter().map(|name| (name.clone(), true)).chain(rest.map(|n| (n.to_owned(), false))).collect()
    }

    /// The places of a table's columns that are shown, in their order.
    pub fn places(&self, pane: Pane, table: &[columns::Column]) -> Vec<usize> {
        let usual = || (0..table.len()).filter(|n| table[*n].usual).collect();
        let Some(chosen) = self.columns.get(&pane) else { return usual() };
        let place = |name: &String| table.iter().position(|column| column.name == name);
        let places: Vec<usize> = chosen.iter().filter_map(place).collect();
        // Of a table that has none of them, something is better than nothing.
        if places.is_empty() { usual() } else { places }
    }
}

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "use", skip_serializing_if = "Option::is_none", default)]
    chosen: Option<String>,
    #[serde(default)]
    layout: Vec<Written>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    name: String,
    #[serde(default)]
    roles: Vec<String>,
    view: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    split: BTreeMap<String, Split>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    columns: BTreeMap<String, Vec<String>>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    sort: BTreeMap<String, String>,
}

fn pane(layout: &str, field: &str, name: &str) -> Result<Pane, String> {
    let table = Pane::all().find(|pane| pane.name() == name && !columns::of(*pane).is_empty());
    table.ok_or_else(|| {
        let all: Vec<&str> =
            Pane::all().filter(|pane| !columns::of(*pane).is_empty()).map(Pane::name).collect();
        format!("layout {layout:?}, {field}: {name:?} is no table; there are {}", all.join(", "))
    })
}

fn column(layout: &str, field: &str, of: Pane, name: &str) -> Result<String, String> {
    if columns::has(of, name) {
        return Ok(name.to_owned());
    }
    let all = columns::names(of).join(", ");
    Err(format!("layout {layout:?}, {field}.{}: {name:?} is no column; there are {all}", of.name()))
}

fn view(layout: &str, field: &str, name: &str) -> Result<View, String> {
    View::all().find(|view| view.name() == name).ok_or_else(|| {
        let all: Vec<&str> = View::all().map(View::name).collect();
        format!("layout {layout:?}, {field}: {name:?} is no view; there are {}", all.join(", "))
    })
}

fn checked(written: Written) -> Result<Layout, String> {
    let name = crate::plain::line(&written.name);
    if !(1..=40).contains(&name.chars().count()) {
        return Err("a layout's name has 1 to 40 characters".into());
    }
    let mut layout = Layout { view: view(&name, "view", &written.view)?, ..Layout::default() };
    for role in &written.roles {
        layout.roles.push(role.parse().map_err(|_| {
            format!("layout {name:?}, roles: {role:?} is no role; there are viewer, agent, supervisor, admin")
        })?);
    }
    for (of, split) in written.split {
        layout.split.insert(view(&name, "split", &of)?, split);
    }
    for (table, chosen) in written.columns {
        let of = pane(&name, "columns", &table)?;
        if chosen.is_empty() {
            return Err(format!("layout {name:?}, columns.{table}: name at least one column"));
        }
        let mut all: Vec<String> = Vec::new();
        for one in chosen {
            if all.contains(&one) {
                return Err(format!("layout {name:?}, columns.{table}: {one:?} is there twice"));
            }
            all.push(column(&name, "columns", of, &one)?);
        }
        layout.columns.insert(of, all);
    }
    for (table, by) in written.sort {
        let of = pane(&name, "sort", &table)?;
        let (down, by) = by.strip_prefix('-').map_or((false, by.as_str()), |by| (true, by));
        layout.sort.insert(of, Sort { column: column(&name, "sort", of, by)?, down });
    }
    layout.name = name;
    Ok(layout)
}

fn written(layout: &Layout) -> Written {
    Written {
        name: layout.name.clone(),
        roles: layout.roles.iter().map(ToString::to_string).collect(),
        view: layout.view.name().to_owned(),
        split: layout.split.iter().map(|(view, split)| (view.name().to_owned(), *split)).collect(),
        columns: layout.columns.iter().map(|(pane, all)| (pane.name().to_owned(), all.clone())).collect(),
        sort: layout.sort.iter().map(|(pane, sort)| (pane.name().to_owned(), sort.written())).collect(),
    }
}

/// All layouts: one's own, and those that are shipped.
#[derive(Debug, Clone, Default)]
pub struct Layouts {
    chosen: Option<String>,
    own: Vec<Layout>,
    shipped: Vec<Layout>,
}

fn read(text: &str) -> Result<(Option<String>, Vec<Layout>), String> {
    let file: File = toml::from_str(text).map_err(|e| e.to_string().trim().replace('\n', " "))?;
    let mut all: Vec<Layout> = Vec::new();
    for written in file.layout {
        let layout = checked(written)?;
        if all.iter().any(|other| other.name == layout.name) {
            return Err(format!("layout {:?} is there twice", layout.name));
        }
        all.push(layout);
    }
    Ok((file.chosen, all))
}

impl Layouts {
    /// Those that are shipped, and the file's where there is one.
    ///
    /// # Errors
    /// File, field, what is wrong, and what would be right.
    pub fn load(file: Option<&Path>) -> Result<Self, String> {
        let (_, shipped) = read(DEFAULT)?;
        let Some(path) = file else { return Ok(Self { chosen: None, own: Vec::new(), shipped }) };
        let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
        let (chosen, own) = read(&text).map_err(|e| format!("{}: {e}", path.display()))?;
        let all = Self { chosen, own, shipped };
        match &all.chosen {
            Some(name) if all.named(name).is_none() => {
                let names = all.names().join(", ");
                Err(format!("{}: use: there is no layout {name:?}; there are {names}", path.display()))
            }
            _ => Ok(all),
        }
    }

    fn named(&self, name: &str) -> Option<&Layout> {
        self.own.iter().chain(&self.shipped).find(|layout| layout.name == name)
    }

    /// Their names, each once, in the order in which they come round.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.shipped.iter().map(|layout| layout.name.clone()).collect();
        for layout in &self.own {
            if !names.contains(&layout.name) {
                names.push(layout.name.clone());
            }
        }
        names
    }

    /// The one to begin with: the one that was saved last, else the first of one's role, else the first of all.
    pub fn begin(&self, role: Role) -> Layout {
        let chosen = self.chosen.as_ref().and_then(|name| self.named(name));
        let all = || self.names().into_iter().filter_map(|name| self.named(&name));
        let of_role = || all().find(|layout| layout.roles.contains(&role));
        chosen.or_else(of_role).or_else(|| all().next()).cloned().unwrap_or_default()
    }

    /// The one after this.
    pub fn after(&self, name: &str) -> Layout {
        let names = self.names();
        let at = names.iter().position(|one| one == name).map_or(0, |at| (at + 1) % names.len());
        names.get(at).and_then(|name| self.named(name)).cloned().unwrap_or_default()
    }

    /// Keeps one as it is, to begin with it from now on.
    pub fn keep(&mut self, layout: &Layout) {
        self.chosen = Some(layout.name.clone());
        self.own.retain(|own| own.name != layout.name);
        self.own.push(layout.clone());
    }
}

/// Takes away where a table stood in the text that it comes from: it stands where it is put.
fn unplaced(table: &mut Table) {
    table.set_position(None);
    for (_, item) in table.iter_mut() {
        if let Item::Table(below) = item {
            unplaced(below);
        }
    }
}

/// The user's file with one layout more, or changed, and begun with; the rest of the file stays, comments and all.
///
/// # Errors
/// When the file cannot be read: what stands there is not lost.
pub fn saved(text: &str, layout: &Layout) -> Result<String, String> {
    read(text)?;
    let mut file: DocumentMut = text.parse().map_err(|e: toml_edit::TomlError| e.to_string())?;
    if text.trim().is_empty() {
        file = HEAD.parse().map_err(|e: toml_edit::TomlError| e.to_string())?;
    }
    let one = File { chosen: None, layout: vec![written(layout)] };
    let one = toml::to_string(&one).map_err(|e| e.to_string())?;
    let one: DocumentMut = one.parse().map_err(|e: toml_edit::TomlError| e.to_string())?;
    let table = one.get("layout").and_then(Item::as_array_of_tables).and_then(|all| all.get(0)).cloned();
    let Some(mut table) = table else { return Err("the layout cannot be written down".into()) };
    unplaced(&mut table);
    file["use"] = toml_edit::value(layout.name.clone());
    let all = file.entry("layout").or_insert(Item::ArrayOfTables(ArrayOfTables::new()));
    let Some(all) = all.as_array_of_tables_mut() else {
        return Err("layout must be written as [[layout]]".into());
    };
    let name = |table: &Table| table.get("name").and_then(Item::as_str) == Some(&layout.name);
    let at = all.iter().position(name);
    match at {
        Some(at) => {
            if let Some(place) = all.get_mut(at) {
                let decor = place.decor().clone();
                *place = table;
                *place.decor_mut() = decor;
            }
        }
        None => all.push(table),
    }
    let text = file.to_string();
    // What is written can be read again.
    read(&text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::{Layout, Layouts, Sort, read, saved};
    use crate::columns;
    use crate::state::{Pane, View};
    use dialdeck_protocol::Role;

    #[test]
    fn each_mistake_is_named() {
        let layout = |rest: &str| format!("[[layout]]\nname = 'mine'\nview = 'floor'\n{rest}");
        for (text, part) in [
            ("[[layout]]\nname = 'mine'\nview = 'flor'".to_owned(), "\"flor\" is no view; there are floor"),
            (layout("roles = ['boss']"), "\"boss\" is no role"),
            (layout("[layout.columns]\ncals = ['name']"), "\"cals\" is no table"),
            (layout("[layout.columns]\ncalls = ['nam']"), "\"nam\" is no column; there are mark, name"),
            (layout("[layout.columns]\ncalls = []"), "at least one column"),
            (layout("[layout.columns]\ncalls = ['name', 'name']"), "twice"),
            (layout("[layout.sort]\ncalls = '-tim'"), "\"tim\" is no column"),
            (layout("[layout.split]\nfloor = 'sideways'"), "sideways"),
            (layout("colour = 'red'"), "unknown field"),
            ([layout(""), layout("")].concat(), "is there twice"),
        ] {
            let message = read(&text).unwrap_err();
            assert!(message.contains(part), "{text}: {message}");
        }
    }

    #[test]
    fn every_role_has_one_and_what_is_saved_comes_back() {
        let home = tempfile::tempdir().unwrap();
        let mut layouts = Layouts::load(None).unwrap();
        for (role, view) in [
            (Role::Viewer, View::Dashboard),
            (Role::Agent, View::Agents),
            (Role::Supervisor, View::Floor),
            (Role::Admin, View::Floor),
        ] {
            assert_eq!(layouts.begin(role).view, view, "{role}");
        }
        let mut layout = layouts.begin(Role::Agent);
        layout.columns.insert(Pane::Calls, vec!["time".into(), "name".into()]);
        layout.sort.insert(Pane::Calls, Sort { column: "time".into(), down: true });
        layouts.keep(&layout);
        let file = home.path().join("layouts.toml");
        let before = "# mine\n[[layout]]\n# why\nname = \"night\"\nview = \"server\"\n";
        let text = saved(before, &layout).unwrap();
        assert!(
            text.contains("# mine") && text.contains("# why") && text.contains("use = \"agent\""),
            "{text}"
        );
        assert_eq!(saved(&text, &layout).unwrap(), text, "once more changes nothing");
        assert!(
            saved("[[layout]]\nname = 'x'\nview = 'flor'", &layout).is_err(),
            "a mistake is not written over"
        );
        assert!(saved("", &Layout::default()).is_err(), "one without a name could not be read again");
        // Each table stays with its layout, however many have some.
        let mut many = String::new();
        for (name, column) in [("a", "time"), ("b", "name"), ("a", "company"), ("c", "phone")] {
            let mut one = Layout { name: name.into(), ..Layout::default() };
            one.columns.insert(Pane::Calls, vec![column.into()]);
            one.sort.insert(Pane::Calls, Sort { column: column.into(), down: false });
            one.split.insert(View::Floor, super::Split::Below);
            many = saved(&many, &one).unwrap();
        }
        let (_, all) = super::read(&many).unwrap();
        let of = |layout: &Layout| {
            (layout.name.clone(), layout.columns[&Pane::Calls][0].clone(), layout.sort.len())
        };
        let all: Vec<_> = all.iter().map(of).collect();
        let row = |name: &str, column: &str| (name.to_owned(), column.to_owned(), 1);
        assert_eq!(all, [row("a", "company"), row("b", "name"), row("c", "phone")], "{many}");
        std::fs::write(&file, text).unwrap();
        let read = Layouts::load(Some(&file)).unwrap();
        assert_eq!(read.begin(Role::Admin), layout, "what was saved last is what one begins with");
        assert_eq!(layout.places(Pane::Calls, columns::CALLS), [3, 1]);
        assert_eq!(read.names().last().map(String::as_str), Some("night"));
    }

    #[test]
    fn they_come_round() {
        let layouts = Layouts::load(None).unwrap();
        let names = layouts.names();
        let mut at = names[0].clone();
        for _ in &names {
            at = layouts.after(&at).name;
        }
        assert_eq!(at, names[0]);
    }
}
