//! Which time zones a person may be in, from number, state, postal code and what was said outright.
//!
//! The tables in `server/data/` are derived from Google's libphonenumber (Apache-2.0) by way of the `phonenumbers`
//! package; an area code that spans two zones lists both.

use chrono_tz::Tz;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

struct Tables {
    /// Prefix of E.164 without the plus, to zones.
    prefixes: BTreeMap<String, Vec<Tz>>,
    /// The same prefix to places, such as `US` and `US-FL`.
    places: BTreeMap<String, Vec<String>>,
    /// States and provinces to zones, and to the country they belong to.
    states: BTreeMap<String, Vec<Tz>>,
    countries: BTreeMap<String, String>,
    /// Inclusive ranges of three-digit ZIP prefixes, to the state.
    zips: Vec<(u16, u16, String)>,
}

static TABLES: LazyLock<Tables> = LazyLock::new(|| {
    let zones = |text: &str| text.split(';').filter_map(|z| z.trim().parse().ok()).collect::<Vec<Tz>>();
    let mut prefixes = BTreeMap::new();
    let mut places = BTreeMap::new();
    let mut countries = BTreeMap::new();
    let mut provinces: BTreeMap<String, Vec<Tz>> = BTreeMap::new();
    for line in include_str!("../../data/world.csv").lines().skip(1) {
        let mut cells = line.split(',');
        if let (Some(prefix), Some(country), Some(list)) = (cells.next(), cells.next(), cells.next()) {
            prefixes.insert(prefix.to_owned(), zones(list));
            places.insert(prefix.to_owned(), country.split(';').map(str::to_owned).collect());
        }
    }
    for line in include_str!("../../data/nanp.csv").lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        if let [npa, country, regions, list] = cells[..] {
            prefixes.insert(format!("1{npa}"), zones(list));
            let parts = regions.split(';').filter(|r| !r.is_empty()).map(|r| format!("{country}-{r}"));
            places.insert(format!("1{npa}"), std::iter::once(country.to_owned()).chain(parts).collect());
            if country != "US" {
                for region in regions.split(';').filter(|r| !r.is_empty()) {
                    provinces.entry(region.to_owned()).or_default().extend(zones(list));
                    countries.insert(region.to_owned(), country.to_owned());
                }
            }
        }
    }
    let states = include_str!("../../data/us_states.csv")
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once(','))
        .map(|(state, list)| {
            countries.insert(state.to_owned(), "US".to_owned());
            (state.to_owned(), zones(list))
        })
        .chain(provinces)
        .collect();
    let zips = include_str!("../../data/us_zip3.csv")
        .lines()
        .skip(1)
        .filter_map(|line| {
            let mut cells = line.split(',');
            Some((cells.next()?.parse().ok()?, cells.next()?.parse().ok()?, cells.next()?.to_owned()))
        })
        .collect();
    Tables { prefixes, places, states, countries, zips }
});

/// What is known of where a person is.
#[derive(Debug, Clone, Copy)]
pub struct Whereabouts<'a> {
    /// Number, E.164.
    pub phone: &'a str,
    /// US state, two letters, or empty.
    pub state: &'a str,
    /// Postal code, or empty.
    pub postal_code: &'a str,
    /// IANA zone as imported, or empty.
    pub timezone: &'a str,
}

/// Every zone the person may be in: the union of what number, state, postal code and stated zone allow. `None` when
/// a stated zone or the number gives nothing, because then no hour can be called safe. Sorted by name.
pub fn candidates(place: Whereabouts<'_>) -> Option<Vec<Tz>> {
    let mut zones: Vec<Tz> = of_number(place.phone)?.to_vec();
    if !place.timezone.is_empty() {
        zones.push(place.timezone.parse().ok()?);
    }
    for state in states(place)? {
        zones.extend(TABLES.states.get(&state).into_iter().flatten().copied());
    }
    zones.sort_unstable_by_key(|zone| zone.name());
    zones.dedup();
    (!zones.is_empty()).then_some(zones)
}

/// Every place whose law the person may be under, such as `US` and `US-FL`: the union of what number, state and postal code
/// say. `None` where that cannot be told: a North American number without a state, a state that is none.
pub fn places(place: Whereabouts<'_>) -> Option<BTreeSet<String>> {
    let mut places: BTreeSet<String> = of_prefix(place.phone, &TABLES.places)?.iter().cloned().collect();
    for state in states(place)? {
        if let Some(country) = TABLES.countries.get(&state) {
            places.insert(country.clone());
            places.insert(format!("{country}-{state}"));
        }
    }
    let known = !places.contains("US") || places.iter().any(|place| place.starts_with("US-"));
    known.then_some(places)
}

/// States that are stated, or in which the postal code lies. `None` where a state is stated that is none of ours: it
/// cannot be judged by its hours.
fn states(place: Whereabouts<'_>) -> Option<Vec<String>> {
    let stated = place.state.to_uppercase();
    if place.phone.starts_with("+1") && !stated.is_empty() && !TABLES.states.contains_key(&stated) {
        return None;
    }
    Some(of_zip(place.postal_code).map(str::to_owned).chain([stated]).collect())
}

/// Zones of the longest known prefix.
fn of_number(e164: &str) -> Option<&'static [Tz]> {
    of_prefix(e164, &TABLES.prefixes).map(Vec::as_slice).filter(|zones| !zones.is_empty())
}

/// What a table has of the longest known prefix.
fn of_prefix<'a, T>(e164: &str, table: &'a BTreeMap<String, T>) -> Option<&'a T> {
    let digits = e164.strip_prefix('+')?;
    // A North American number whose area code is unknown may be anywhere, toll-free included: no guess.
    let shortest = if digits.starts_with('1') { 4 } else { 1 };
    (shortest..=digits.len().min(9))
        .rev()
        .filter_map(|n| digits.get(..n))
        .find_map(|prefix| table.get(prefix))
}

/// States that a ZIP may lie in; a few prefixes serve two.
fn of_zip(postal_code: &str) -> impl Iterator<Item = &'static str> {
    let prefix: Option<u16> = postal_code.get(..3).and_then(|p| p.parse().ok());
    TABLES
        .zips
        .iter()
        .filter(move |(from, to, _)| prefix.is_some_and(|p| (*from..=*to).contains(&p)))
        .map(|(_, _, state)| state.as_str())
}

#[cfg(test)]
mod tests {
    use super::{TABLES, Whereabouts, candidates};

    fn zones(phone: &str, state: &str, zip: &str, timezone: &str) -> Option<Vec<&'static str>> {
        candidates(Whereabouts { phone, state, postal_code: zip, timezone })
            .map(|set| set.into_iter().map(chrono_tz::Tz::name).collect())
    }

    #[test]
    fn number_state_and_zip_add_up() {
        assert_eq!(zones("+13125550142", "", "", ""), Some(vec!["America/Chicago"]));
        assert_eq!(zones("+18505550142", "", "", "").map(|z| z.len()), Some(2));
        assert!(zones("+13125550142", "CA", "", "").unwrap().contains(&"America/Los_Angeles"));
        assert!(zones("+13125550142", "", "90210", "").unwrap().contains(&"America/Los_Angeles"));
        assert!(zones("+442079460123", "", "", "").unwrap().contains(&"Europe/London"));
    }

    #[test]
    fn places_add_up_too() {
        let of = |phone, state, postal_code| {
            super::places(Whereabouts { phone, state, postal_code, timezone: "" })
                .map(|set| set.into_iter().collect::<Vec<_>>().join(" "))
        };
        assert_eq!(of("+18505550142", "", "").as_deref(), Some("US US-FL"));
        assert_eq!(of("+13125550142", "FL", "").as_deref(), Some("US US-FL US-IL"));
        assert_eq!(of("+13125550142", "", "90210").as_deref(), Some("US US-CA US-IL"));
        assert_eq!(of("+442079460123", "", "").as_deref(), Some("GB GG IM JE"));
        assert_eq!(of("+18005550142", "", ""), None);
        assert_eq!(of("+13125550142", "XX", ""), None);
    }

    #[test]
    fn no_guess_where_nothing_is_known() {
        assert_eq!(zones("+18005550142", "", "", ""), None, "toll-free is nowhere");
        assert_eq!(zones("+13125550142", "", "", "Mars/Olympus"), None);
        assert_eq!(zones("+13125550142", "XX", "", ""), None);
        assert!(zones("+14165550142", "ON", "", "").is_some());
    }

    #[test]
    fn tables_are_read_whole() {
        assert!(TABLES.prefixes.len() > 500 && TABLES.states.len() >= 51 && TABLES.zips.len() > 50);
        assert!(TABLES.prefixes.values().all(|zones| !zones.is_empty()), "a zone name was not understood");
    }
}
