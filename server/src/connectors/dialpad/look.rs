//! What is seen of Dialpad: out of the record alone, so that looking costs Dialpad nothing.

use super::client::Ask;
use super::connector::Connector;
use super::wire::{self, Class};
use crate::domain::dialpad::Zones;
use crate::domain::dialpad::leg::{Fact, Facts, Leg};
use crate::domain::dialpad::window::Mark;
use crate::storage::dialpad::{CallQuery, DayRow, EVERYBODY};
use chrono::{DateTime, Days, NaiveDate, Utc};
use chrono_tz::Tz;
use dialdeck_protocol::Problem;
use dialdeck_protocol::dialpad::{
    Activity, Cards, Department, DialpadCall, DialpadFilter, Duty, Fate, Picture,
};
use std::collections::{BTreeMap, BTreeSet};

/// Days that are looked at, unless told, and at most.
const DAYS: u32 = 7;
const MOST_DAYS: u32 = 366;
/// Calls of a page, unless told, and at most.
const PAGE: u32 = 200;
const MOST_CALLS: u32 = 500;

/// An id out of a filter.
fn id(name: &str, value: Option<&String>) -> Result<Option<i64>, Problem> {
    let read = |text: &String| {
        text.parse::<i64>().map_err(|_| Problem::field(name, format!("{name} must be an id: digits only")))
    };
    value.filter(|text| !text.is_empty()).map(read).transpose()
}

/// First and last day that a filter means.
///
/// # Errors
/// Names the field.
pub fn range(filter: &DialpadFilter, today: NaiveDate) -> Result<(NaiveDate, NaiveDate), Problem> {
    let to = filter.to.unwrap_or(today);
    let from = match (filter.from, filter.days) {
        (Some(_), Some(_)) => return Err(Problem::field("days", "give days, or from and to; not both")),
        (Some(from), None) => from,
        (None, days) => {
            let days = days.unwrap_or(DAYS);
            if !(1..=MOST_DAYS).contains(&days) {
                return Err(Problem::field("days", format!("days is {days}; use 1 to {MOST_DAYS}")));
            }
            to.checked_sub_days(Days::new(u64::from(days) - 1)).unwrap_or(to)
        }
    };
    if from > to {
        return Err(Problem::field("from", format!("from {from} lies after to {to}")));
    }
    if (to - from).num_days() >= i64::from(MOST_DAYS) {
        return Err(Problem::field("from", format!("at most {MOST_DAYS} days are shown at once")));
    }
    Ok((from, to))
}

/// What each agent did, and how many calls there were on each day.
struct Doings {
    cards: Cards,
    days: BTreeMap<NaiveDate, i64>,
}

fn by_agent(rows: &[DayRow]) -> BTreeMap<i64, Doings> {
    let mut all: BTreeMap<i64, Doings> = BTreeMap::new();
    for row in rows {
        let doings =
            all.entry(row.agent_id).or_insert(Doings { cards: Cards::default(), days: BTreeMap::new() });
        doings.cards.add(&row.cards);
        *doings.days.entry(row.day).or_default() += row.cards.total;
    }
    all
}

impl Connector {
    /// All that a filter asks for.
    ///
    /// # Errors
    /// Names the field of the filter that is wrong; or the record cannot be asked.
    pub async fn picture(&self, filter: &DialpadFilter) -> Result<Picture, Problem> {
        let organization = &self.organization;
        let marks = self.store.dialpad_marks(organization).await?;
        let zones = self.settings.zones(marks.iter().map(|(id, mark)| (*id, mark.told_zone.clone())));
        let today = Utc::now().with_timezone(&zones.otherwise).date_naive();
        let (from, to) = range(filter, today)?;
        let (department, agent) =
            (id("department", filter.department.as_ref())?, id("agent", filter.agent.as_ref())?);
        let limit = filter.limit.unwrap_or(PAGE);
        if !(1..=MOST_CALLS).contains(&limit) {
            return Err(Problem::field("limit", format!("limit is {limit}; use 1 to {MOST_CALLS}")));
        }
        let query = CallQuery {
            from,
            to,
            department,
            agent,
            direction: filter.direction,
            fate: filter.status,
            search: crate::domain::plain::line(filter.search.as_deref().unwrap_or_default(), 100),
            limit: i64::from(limit),
            after: filter.after.clone(),
        };
        let (mut calls, next) = self.store.dialpad_calls(organization, &query).await?;
        for call in &mut calls {
            on_the_wall(call, &zones);
        }
        let rows = self.store.dialpad_days(organization, from, to, department).await?;
        let (agents, talking) =
            (self.store.dialpad_agents(organization).await?, self.store.dialpad_talking(organization).await?);
        let mut doings = by_agent(&rows);
        let everybody = doings.remove(&EVERYBODY).map(|all| all.cards).unwrap_or_default();
        let cards = match agent {
            Some(agent) => doings.get(&agent).map(|own| own.cards).unwrap_or_default(),
            None => everybody,
        };
        let mut names: BTreeMap<i64, String> =
            agents.iter().map(|agent| (agent.id, agent.name.clone())).collect();
        let unknown: Vec<i64> = doings.keys().copied().filter(|id| !names.contains_key(id)).collect();
        names.extend(self.store.dialpad_names(organization, &unknown).await?);
        let days: Vec<NaiveDate> = from.iter_days().take_while(|day| *day <= to).collect();
        let formula = self.settings.score;
        let mut activity: Vec<Activity> = doings
            .into_iter()
            .map(|(id, own)| Activity {
                agent_id: id.to_string(),
                name: names
                    .get(&id)
                    .filter(|name| !name.is_empty())
                    .cloned()
                    .unwrap_or_else(|| id.to_string()),
                cards: own.cards,
                efficiency: own.cards.efficiency(),
                average_ms: own.cards.average_ms(),
                score: formula.score(&own.cards, own.days.len()),
                days: days.iter().map(|day| own.days.get(day).copied().unwrap_or(0)).collect(),
            })
            .collect();
        activity.sort_by(|a, b| (&a.name, &a.agent_id).cmp(&(&b.name, &b.agent_id)));
        let departments: BTreeSet<i64> =
            self.settings.department_ids().into_iter().chain(marks.iter().map(|(id, _)| *id)).collect();
        Ok(Picture {
            asked: filter.clone(),
            from,
            to,
            departments: departments.into_iter().map(|id| shown_department(id, &marks, &zones)).collect(),
            cards,
            activity,
            duty: agents
                .into_iter()
                .filter(|one| department.is_none_or(|id| one.departments.contains(&id)))
                .map(|one| Duty {
                    in_call: talking.contains(&one.id),
                    agent_id: one.id.to_string(),
                    name: one.name,
                    on_duty: one.on_duty,
                    status: one.status,
                    do_not_disturb: one.do_not_disturb,
                    available: one.available,
                })
                .collect(),
            calls,
            next,
            hours: self.store.dialpad_hours(organization, from, to, department).await?,
            formula: formula.words(),
            status: self.status(),
        })
    }

    /// All that is known of a call, to read: its legs, labels, recordings, and what was said, which is fetched once.
    ///
    /// # Errors
    /// When there is no such call, or the record cannot be asked.
    pub async fn call_in_words(&self, call: &str) -> Result<(DialpadCall, Vec<String>), Problem> {
        let missing = || Problem::not_found(format!("call {}", crate::domain::plain::line(call, 40)));
        let id: i64 = call.parse().map_err(|_| missing())?;
        let found = self.store.dialpad_call(&self.organization, id).await?;
        let (mut call, legs) = found.ok_or_else(missing)?;
        let zones = self.zones().await?;
        on_the_wall(&mut call, &zones);
        let zone = zones.of(call.department.parse().unwrap_or_default());
        let mut lines = described(&call, &legs, zone);
        if call.status != Fate::Completed {
            return Ok((call, lines));
        }
        lines.push(String::new());
        match self.said(&call, &legs).await {
            Ok(said) if said.is_empty() => lines.push("There is no transcript.".into()),
            Ok(said) => lines.extend(said),
            Err(why) => lines.push(format!("The transcript cannot be fetched: {why}")),
        }
        Ok((call, lines))
    }

    /// What was said: as it was told along, or kept, or as Dialpad tells it now.
    async fn said(&self, call: &DialpadCall, legs: &[(i64, Facts)]) -> Result<Vec<String>, String> {
        let told = legs.iter().map(|(_, facts)| facts.text(Fact::Transcript)).find(|text| !text.is_empty());
        if let Some(told) = told {
            return Ok(vec![told]);
        }
        // What was erased, or is older than is kept, is not learned again.
        let gone = legs.iter().any(|(_, facts)| facts.is_erased(Fact::Transcript));
        let days = i64::from(self.transcripts_days);
        if gone || days > 0 && call.started_at < Utc::now() - chrono::Duration::days(days) {
            return Ok(Vec::new());
        }
        let id: i64 = call.id.parse().unwrap_or_default();
        let kept = self.store.dialpad_transcript(&self.organization, id).await;
        if let Some(lines) = kept.map_err(|error| error.to_string())? {
            return Ok(lines);
        }
        let client = self.client().map_err(|trouble| trouble.to_string())?;
        // The agent's leg has it where any has.
        let lines = match client.look(&Ask::get(format!("/transcripts/{}", call.leg_id))).await {
            Ok(answer) => wire::transcript(&answer),
            Err(trouble) if trouble.class == Class::NotFound => Vec::new(),
            Err(trouble) => return Err(trouble.with_remedy()),
        };
        // One that is empty may yet come.
        if !lines.is_empty() {
            let saved = self.store.dialpad_save_transcript(&self.organization, id, &lines).await;
            saved.map_err(|error| error.to_string())?;
        }
        Ok(lines)
    }
}

/// A department with how far it was read.
fn shown_department(id: i64, marks: &[(i64, Mark)], zones: &Zones) -> Department {
    let mark = marks.iter().find(|(known, _)| *known == id).map(|(_, mark)| mark.clone()).unwrap_or_default();
    let moment = |ms: i64| DateTime::from_timestamp_millis(ms).unwrap_or_default();
    Department {
        id: id.to_string(),
        name: if mark.name.is_empty() { id.to_string() } else { mark.name },
        zone: zones.of(id).name().to_owned(),
        from: mark.covered.map(|(from, _)| moment(from)),
        to: mark.covered.map(|(_, to)| moment(to)),
        trouble: mark.trouble,
    }
}

/// Says when a call began by the clock on its department's wall.
fn on_the_wall(call: &mut DialpadCall, zones: &Zones) {
    let zone = zones.of(call.department.parse().unwrap_or_default());
    call.local = call.started_at.with_timezone(&zone).naive_local();
}

fn described(call: &DialpadCall, legs: &[(i64, Facts)], zone: Tz) -> Vec<String> {
    let clock = |at: DateTime<Utc>| at.with_timezone(&zone).format("%Y-%m-%d %H:%M:%S %Z").to_string();
    let moment = |ms: Option<i64>| {
        let at = ms.and_then(DateTime::from_timestamp_millis);
        at.map_or_else(|| "–".to_owned(), |at| at.with_timezone(&zone).format("%H:%M:%S").to_string())
    };
    let way = call.direction.map_or("", |direction| direction.as_str());
    let mut lines = vec![
        format!("{} {way} {}", clock(call.started_at), call.status),
        format!("with: {} {}", call.name, call.number),
        format!("agent: {}", if call.agent.is_empty() { "nobody" } else { &call.agent }),
        format!("talked: {} s", call.duration_ms / 1000),
    ];
    if !call.labels.is_empty() {
        lines.push(format!("labels: {}", call.labels.join(", ")));
    }
    let known: Vec<Leg> =
        legs.iter().filter(|(_, facts)| !facts.is_empty()).map(|(id, facts)| facts.leg(*id)).collect();
    for leg in &known {
        let who = leg.agent.as_ref().map_or("no agent", |(_, name)| name);
        lines.push(format!(
            "leg {}: {who}; began {}, connected {}, ended {} {}",
            leg.id,
            moment(leg.begun()),
            moment(leg.connected),
            moment(leg.ended),
            leg.state
        ));
    }
    let recordings: BTreeSet<&String> = known.iter().flat_map(|leg| &leg.recordings).collect();
    lines.extend(recordings.into_iter().map(|address| format!("recording: {address}")));
    if call.recorded && known.iter().all(|leg| leg.recordings.is_empty()) {
        lines.push("recorded; Dialpad tells no address of the recording".into());
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::range;
    use chrono::NaiveDate;
    use dialdeck_protocol::dialpad::DialpadFilter;

    #[test]
    fn days_and_ranges() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let today = day("2026-11-22");
        let filter = |days, from: Option<&str>, to: Option<&str>| DialpadFilter {
            days,
            from: from.map(day),
            to: to.map(day),
            ..DialpadFilter::default()
        };
        let of = |filter: DialpadFilter| range(&filter, today);
        assert_eq!(of(filter(None, None, None)), Ok((day("2026-11-16"), today)));
        assert_eq!(of(filter(Some(1), None, None)), Ok((today, today)));
        assert_eq!(of(filter(Some(2), None, Some("2026-11-10"))), Ok((day("2026-11-09"), day("2026-11-10"))));
        assert_eq!(of(filter(None, Some("2026-11-01"), None)), Ok((day("2026-11-01"), today)));
        for (wrong, field) in [
            (filter(Some(0), None, None), "days"),
            (filter(Some(3), Some("2026-11-01"), None), "days"),
            (filter(None, Some("2026-12-01"), None), "from"),
            (filter(None, Some("2020-01-01"), None), "from"),
        ] {
            assert_eq!(of(wrong).unwrap_err().field.as_deref(), Some(field));
        }
    }
}
