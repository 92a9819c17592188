//! Dialpad: what was last seen of it, and which days, calls and agents one looks at.

use super::sort::{dialpad_agent_key, dialpad_call_key};
use super::{Pane, State};
use chrono::{Datelike, Duration, NaiveDate};
use dialdeck_protocol::Role;
use dialdeck_protocol::dialpad::{
    Activity, DialpadCall, DialpadFilter, Direction, Duty, Fate, Picture, Status,
};
use std::collections::BTreeMap;

/// Numbers of days that a key goes through.
pub const RANGES: [u32; 4] = [1, 3, 7, 14];

/// What was last seen.
#[derive(Debug, Clone, Default)]
pub struct Dialpad {
    /// Which days, calls and agents.
    pub filter: DialpadFilter,
    /// What the server told of them.
    pub picture: Option<Picture>,
    /// How it stands, as it was told last.
    pub status: Option<Status>,
}

/// A row of agents: what they did, how they are now, or both.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DialpadAgent<'a> {
    /// Their id at Dialpad.
    pub id: &'a str,
    /// Name.
    pub name: &'a str,
    /// What they did on these days.
    pub activity: Option<&'a Activity>,
    /// How they are now.
    pub duty: Option<&'a Duty>,
}

impl DialpadAgent<'_> {
    /// How they are, in a word or two.
    pub fn duty_word(&self) -> String {
        let Some(duty) = self.duty else { return "–".into() };
        match duty.on_duty {
            _ if duty.in_call => "in call".into(),
            _ if duty.do_not_disturb == Some(true) => "dnd".into(),
            Some(false) => "off duty".into(),
            _ if !duty.status.is_empty() => duty.status.clone(),
            Some(true) => "on duty".into(),
            None if duty.available == Some(true) => "available".into(),
            None => "–".into(),
        }
    }
}

impl Dialpad {
    /// The days, in words.
    pub fn range_words(&self) -> String {
        match (self.filter.from, self.filter.to) {
            (Some(from), Some(to)) if from == to => from.to_string(),
            (Some(from), Some(to)) => format!("{from} to {to}"),
            (Some(from), None) => format!("from {from}"),
            _ => match self.filter.days.unwrap_or(7) {
                1 => "today".into(),
                days => format!("last {days} days"),
            },
        }
    }

    /// The next number of days.
    pub fn next_range(&mut self) {
        let now = self.filter.days.filter(|_| self.filter.from.is_none());
        let at = RANGES.iter().position(|days| Some(*days) == now.or(Some(7)));
        let next = at.map_or(RANGES[0], |at| RANGES[(at + 1) % RANGES.len()]);
        self.filter = DialpadFilter { days: Some(next), from: None, to: None, ..self.filter.clone() };
    }

    /// Takes days as they are typed: `21`, `2026-11-01`, or `2026-11-01 2026-11-10`.
    ///
    /// # Errors
    /// What would be right.
    pub fn take_range(&mut self, typed: &str) -> Result<(), String> {
        let right = || "write 21 (days), 2026-11-01, or 2026-11-01 2026-11-10".to_owned();
        let words: Vec<&str> = typed.split([' ', ',']).filter(|word| !word.is_empty()).collect();
        let day = |word: &str| word.parse::<NaiveDate>().map_err(|_| right());
        let (days, from, to) = match words[..] {
            [word] if word.parse::<u32>().is_ok() => (word.parse().ok(), None, None),
            [from] => (None, Some(day(from)?), Some(day(from)?)),
            [from, to] | [from, "to" | "-", to] => (None, Some(day(from)?), Some(day(to)?)),
            _ => return Err(right()),
        };
        let span = from.zip(to).map_or(0, |(from, to)| (to - from).num_days());
        if days.is_some_and(|days| !(1..=366).contains(&days)) || from > to || span >= 366 {
            return Err(format!("{}; 366 at most", right()));
        }
        self.filter = DialpadFilter { days, from, to, ..self.filter.clone() };
        Ok(())
    }

    /// The next of in, out and both.
    pub fn next_direction(&mut self) {
        self.filter.direction = match self.filter.direction {
            None => Some(Direction::Inbound),
            Some(Direction::Inbound) => Some(Direction::Outbound),
            Some(Direction::Outbound) => None,
        };
    }

    /// The next of completed, missed, live and all.
    pub fn next_status(&mut self) {
        self.filter.status = match self.filter.status {
            None => Some(Fate::Completed),
            Some(Fate::Completed) => Some(Fate::Missed),
            Some(Fate::Missed) => Some(Fate::Live),
            Some(Fate::Live) => None,
        };
    }

    /// The next department, or all.
    pub fn next_department(&mut self) {
        let Some(picture) = &self.picture else { return };
        let ids: Vec<&String> = picture.departments.iter().map(|department| &department.id).collect();
        let at = self.filter.department.as_ref().and_then(|own| ids.iter().position(|id| *id == own));
        self.filter.department = match at {
            None => ids.first().map(|id| (*id).clone()),
            Some(at) => ids.get(at + 1).map(|id| (*id).clone()),
        };
    }

    /// Calls by weekday and hour, to read: the busiest hours, and all of them as a map.
    pub fn hours_in_words(&self) -> Vec<String> {
        const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
        let Some(picture) = self.picture.as_ref().filter(|picture| !picture.hours.is_empty()) else {
            return vec!["No calls on these days.".into()];
        };
        let most = picture.hours.iter().map(|hour| hour.calls).max().unwrap_or(1).max(1);
        let mut busiest = picture.hours.clone();
        busiest.sort_by_key(|hour| (std::cmp::Reverse(hour.calls), hour.weekday, hour.hour));
        let mut lines = vec!["Busiest hours:".to_owned()];
        lines.extend(busiest.iter().take(5).map(|hour| {
            let day = DAYS[usize::from(hour.weekday % 7)];
            format!("{day} {:02}:00: {} calls, {} missed", hour.hour, hour.calls, hour.missed)
        }));
        // Without two blanks beside each other: lines are wrapped between words.
        let heads: Vec<String> = (0..24).step_by(3).map(|hour| format!("{hour:·<6}")).collect();
        lines.push(format!("day {}", heads.concat()));
        for (weekday, name) in (0_u8..).zip(DAYS) {
            let cells: String = (0..24_u8)
                .map(|hour| {
                    let own = picture.hours.iter().find(|one| (one.weekday, one.hour) == (weekday, hour));
                    level(own.map_or(0, |own| own.calls), most).to_string().repeat(2)
                })
                .collect();
            let sum: i64 =
                picture.hours.iter().filter(|one| one.weekday == weekday).map(|one| one.calls).sum();
            lines.push(format!("{name} {cells} {sum}"));
        }
        lines.push(format!("▁ few … █ {most} calls in the hour, all these days together"));
        lines
    }
}

/// One of eight heights.
pub fn level(value: i64, most: i64) -> char {
    const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    if value <= 0 || most <= 0 {
        return '·';
    }
    let at = usize::try_from((value * 8 - 1) / most).unwrap_or(7).min(7);
    LEVELS[at]
}

impl State {
    /// What the server told, if it is what is looked at now. Further calls come behind those that are there.
    pub fn take_dialpad(&mut self, picture: Picture) {
        self.dialpad.status = Some(picture.status.clone());
        let mut asked = picture.asked.clone();
        let after = asked.after.take();
        if asked != self.dialpad.filter {
            return;
        }
        self.keeping_selection(|state| match (&mut state.dialpad.picture, after) {
            (Some(before), Some(after)) if before.next.as_ref() == Some(&after) => {
                before.calls.extend(picture.calls);
                before.next = picture.next;
            }
            (_, Some(_)) => {}
            (before, None) => {
                let mut fresh = picture;
                // Who has read on stays where they are: what is older than the fresh page is as it was.
                if let (Some(before), Some(last)) =
                    (before.take().filter(|before| before.asked == fresh.asked), fresh.calls.last())
                {
                    let place =
                        |call: &DialpadCall| (call.started_at, call.id.parse::<i64>().unwrap_or_default());
                    let last = place(last);
                    let older: Vec<DialpadCall> =
                        before.calls.into_iter().filter(|call| place(call) < last).collect();
                    if !older.is_empty() {
                        fresh.calls.extend(older);
                        fresh.next = before.next;
                    }
                }
                *before = Some(fresh);
            }
        });
    }

    /// Agents that pass the filter, by name.
    pub fn shown_dialpad_agents(&self) -> Vec<DialpadAgent<'_>> {
        let keep = self.keep(Pane::DialpadAgents);
        let Some(picture) = &self.dialpad.picture else { return Vec::new() };
        let mut all: BTreeMap<(&str, &str), DialpadAgent<'_>> = BTreeMap::new();
        for own in &picture.activity {
            let row = DialpadAgent { id: &own.agent_id, name: &own.name, activity: Some(own), duty: None };
            all.insert((row.name, row.id), row);
        }
        for duty in &picture.duty {
            let (id, name) = (duty.agent_id.as_str(), duty.name.as_str());
            let row = all.entry((name, id)).or_insert(DialpadAgent { id, name, activity: None, duty: None });
            row.duty = Some(duty);
        }
        let kept = all.into_values().filter(|row| keep(format_args!("{} {}", row.name, row.duty_word())));
        self.sorted(Pane::DialpadAgents, kept.collect(), dialpad_agent_key)
    }

    /// Calls that pass the filter.
    pub fn shown_dialpad_calls(&self) -> Vec<&DialpadCall> {
        let keep = self.keep(Pane::DialpadCalls);
        let calls = self.dialpad.picture.iter().flat_map(|picture| &picture.calls);
        let kept = calls.filter(|call| {
            keep(format_args!("{} {} {} {}", call.number, call.name, call.agent, call.labels.join(", ")))
        });
        self.sorted(Pane::DialpadCalls, kept.collect(), |call, column| dialpad_call_key(call, column))
    }

    /// The selected agent of Dialpad's.
    pub fn selected_dialpad_agent(&self) -> Option<DialpadAgent<'_>> {
        let rows = self.shown_dialpad_agents();
        self.selection(Pane::DialpadAgents, rows.len()).map(|n| rows[n])
    }

    /// The selected call of Dialpad's.
    pub fn selected_dialpad_call(&self) -> Option<&DialpadCall> {
        let rows = self.shown_dialpad_calls();
        self.selection(Pane::DialpadCalls, rows.len()).map(|n| rows[n])
    }

    /// Whether a timer ticks in its view.
    pub(super) fn dialpad_ticks(&self) -> bool {
        let works = self.dialpad.status.as_ref().is_some_and(|status| status.work.is_some());
        let calls = self.dialpad.picture.iter().flat_map(|picture| &picture.calls);
        works || calls.into_iter().any(|call| call.status == Fate::Live)
    }

    /// Whether something can be done at Dialpad.
    pub fn steers_dialpad(&self) -> bool {
        let set_up = self.dialpad.status.as_ref().is_some_and(|status| status.set_up);
        set_up && self.role.is_some_and(|role| role >= Role::Supervisor)
    }

    /// What the selected row of one of Dialpad's panes holds, by the names that hotkeys know.
    pub(super) fn dialpad_columns(&self) -> Vec<(&'static str, String)> {
        match self.pane {
            Pane::DialpadAgents => self.selected_dialpad_agent().map_or_else(Vec::new, |row| {
                vec![
                    ("agent_id", row.id.to_owned()),
                    ("name", row.name.to_owned()),
                    ("duty", row.duty_word()),
                ]
            }),
            Pane::DialpadCalls => self.selected_dialpad_call().map_or_else(Vec::new, |call| {
                vec![
                    ("call_id", call.leg_id.clone()),
                    ("agent_id", call.agent_id.clone()),
                    ("agent", call.agent.clone()),
                    ("name", call.name.clone()),
                    ("phone", call.number.clone()),
                    ("status", call.status.to_string()),
                ]
            }),
            _ => Vec::new(),
        }
    }
}

/// First and last day of what is shown, for headings: `16–22 Nov`.
pub fn days_in_words(from: NaiveDate, to: NaiveDate) -> String {
    if from == to {
        return to.format("%-d %b").to_string();
    }
    if (from.month(), from.year()) == (to.month(), to.year()) && to - from < Duration::days(40) {
        return format!("{}–{}", from.day(), to.format("%-d %b"));
    }
    format!("{} – {}", from.format("%-d %b"), to.format("%-d %b"))
}

#[cfg(test)]
mod tests {
    use super::{Dialpad, level};
    use dialdeck_protocol::dialpad::Direction;

    #[test]
    fn ranges_by_key_and_by_typing() {
        let mut dialpad = Dialpad::default();
        let mut seen = Vec::new();
        for _ in 0..4 {
            dialpad.next_range();
            seen.push(dialpad.range_words());
        }
        assert_eq!(seen, ["last 14 days", "today", "last 3 days", "last 7 days"]);
        dialpad.next_direction();
        dialpad.take_range("2026-11-01 2026-11-10").unwrap();
        assert_eq!(dialpad.range_words(), "2026-11-01 to 2026-11-10");
        assert_eq!(dialpad.filter.direction, Some(Direction::Inbound));
        dialpad.take_range("21").unwrap();
        assert_eq!((dialpad.range_words(), dialpad.filter.from), ("last 21 days".into(), None));
        for wrong in
            ["", "0", "400", "2024-01-01 2026-01-01", "yesterday", "2026-11-10 2026-11-01", "1 2 3 4"]
        {
            assert!(dialpad.take_range(wrong).unwrap_err().contains("2026-11-01"), "{wrong}");
        }
    }

    #[test]
    fn heights() {
        assert_eq!(
            [level(0, 8), level(1, 8), level(4, 8), level(8, 8), level(1, 1)],
            ['·', '▁', '▄', '█', '█']
        );
    }
}
