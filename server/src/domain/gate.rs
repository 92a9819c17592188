//! The gate before the dial: may this number be called now? Pure; every answer is kept.
//!
//! A rule that cannot be evaluated forbids. The rules here are those that hold for every call; those of a place or a day
//! are data: [`super::law`].

use super::contact::NewContact;
use super::debt::{Debt, Subject};
use super::do_not_call::Listed;
use super::law::{Per, Rules};
use super::zone::{self, Whereabouts};
use chrono::{DateTime, Duration, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;
use dialdeck_protocol::Scrub;
use serde::Serialize;

/// The least a phone must be allowed to ring, in seconds (47 CFR 64.1200(a)(6)). Settings cannot go below it.
pub const LEAST_RING_SECONDS: u32 = 15;

/// First and last allowed moment of the called person's day (47 CFR 64.1200(c)(1)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Hours {
    /// From, inclusive.
    pub opens: NaiveTime,
    /// To, exclusive.
    pub closes: NaiveTime,
}

impl Default for Hours {
    fn default() -> Self {
        let at = |hour| NaiveTime::from_hms_opt(hour, 0, 0).unwrap_or(NaiveTime::MIN);
        Self { opens: at(8), closes: at(21) }
    }
}

/// Who speaks to the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Voice {
    /// An artificial voice, which takes consent.
    Artificial,
    /// A person.
    Person,
}

/// What the gate looks at.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The person.
    pub person: &'a NewContact,
    /// Who speaks to them.
    pub voice: Voice,
    /// What the do-not-call lists that apply say of the person's numbers; `None`: they are on none.
    pub listed: Option<Listed>,
    /// Hours of the operator's own, within those of the law.
    pub hours: Hours,
    /// The law.
    pub rules: &'a Rules,
    /// When the list was last held against the official do-not-call list, where it has to be.
    pub scrub: Option<&'a Scrub>,
    /// When the number was called of late: as far back as the longest cap that holds counts.
    pub recent: &'a [DateTime<Utc>],
    /// The debt it is about, in a campaign that collects debts.
    pub debt: Option<Debt<'a>>,
}

impl<'a> Question<'a> {
    /// May an artificial voice call this person, by the law alone: nothing on any list, nobody called of late, and no hours of
    /// the operator's own.
    pub fn of(person: &'a NewContact, rules: &'a Rules) -> Self {
        Self {
            person,
            voice: Voice::Artificial,
            listed: None,
            hours: Hours::default(),
            rules,
            scrub: None,
            recent: &[],
            debt: None,
        }
    }
}

/// The answer, as it is kept with the attempt or on the contact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Decision {
    /// `allowed`, or the rule that held it.
    pub rule: &'static str,
    /// In words.
    pub reason: String,
    /// When it may be asked again; `None`: only after something changes.
    pub opens_at: Option<DateTime<Utc>>,
    /// Id and source of the rule that held it.
    pub basis: String,
    /// Zones that were looked at.
    pub zones: Vec<String>,
    /// Places whose rules were looked at.
    pub places: Vec<String>,
    /// Consent it rests on.
    pub consent: String,
    /// The scrub of the list it rests on.
    pub scrub: String,
    /// Ring floor applied, in seconds.
    pub ring_floor_seconds: u32,
    /// When it was decided.
    pub decided_at: DateTime<Utc>,
}

impl Decision {
    /// Left out by the campaign itself; why.
    pub fn left_out(reason: String, now: DateTime<Utc>) -> Self {
        Self {
            rule: "filter",
            reason,
            opens_at: None,
            basis: "the campaign's own filters".into(),
            zones: Vec::new(),
            places: Vec::new(),
            consent: String::new(),
            scrub: String::new(),
            ring_floor_seconds: LEAST_RING_SECONDS,
            decided_at: now,
        }
    }

    /// Whether the call may be placed.
    pub fn is_allowed(&self) -> bool {
        self.rule == "allowed"
    }
}

/// Decides.
pub fn judge(question: Question<'_>, now: DateTime<Utc>) -> Decision {
    let person = question.person;
    let mut decision = Decision {
        rule: "allowed",
        reason: String::new(),
        opens_at: None,
        basis: String::new(),
        zones: Vec::new(),
        places: Vec::new(),
        consent: person.consent.as_ref().map(|c| format!("{} ({})", c.basis, c.source)).unwrap_or_default(),
        scrub: question.scrub.map(|scrub| scrub.id.clone()).unwrap_or_default(),
        ring_floor_seconds: LEAST_RING_SECONDS,
        decided_at: now,
    };
    if let Some(listed) = question.listed {
        decision.rule = "do_not_call";
        decision.opens_at = listed.until;
        decision.reason = "held: the number is on the do-not-call list".into();
        if let Some(at) = listed.until {
            decision.reason.push_str(&at.format(", opens %Y-%m-%d %H:%M UTC").to_string());
        }
        return decision;
    }
    if question.debt.is_some_and(|debt| debt.name.trim().is_empty()) {
        decision.rule = "debt";
        decision.reason =
            "held: the contact does not name the debt that the call is about; fill the campaign's debtField"
                .into();
        return decision;
    }
    let given = person.consent.as_ref().is_some_and(|c| c.at.is_none_or(|at| at <= now));
    if !given && question.voice == Voice::Artificial {
        decision.rule = "consent";
        decision.reason =
            "held: no consent to an artificial voice is on file, or its date lies in the future".into();
        return decision;
    }
    let place = whereabouts(person);
    let Some(zones) = zone::candidates(place) else {
        decision.rule = "zone";
        decision.reason =
            "held: no time zone is known for the number; give state, postal code or timezone".into();
        return decision;
    };
    decision.zones = zones.iter().map(|z| z.name().to_owned()).collect();
    let Some(places) = zone::places(place) else {
        decision.rule = "place";
        decision.reason = "held: it cannot be told which state's law applies; give the state".into();
        return decision;
    };
    decision.places = places.iter().cloned().collect();
    let rules = question.rules;
    if let Some(stale) = question.scrub.and_then(|scrub| rules.stale(&places, scrub, now)) {
        (decision.rule, decision.reason, decision.basis) = (stale.rule, stale.reason, stale.basis);
        return decision;
    }
    let open = |at: DateTime<Utc>| {
        rules.forbids(&places, &zones, at).is_none()
            && zones.iter().all(|zone| is_open(*zone, question.hours, at))
    };
    if let Some(forbidden) = rules.forbids(&places, &zones, now) {
        (decision.rule, decision.reason, decision.basis) =
            (forbidden.rule, forbidden.reason, forbidden.basis);
        decision.opens_at = opening(now, open);
    } else if let Some(closed) = zones.iter().find(|zone| !is_open(**zone, question.hours, now)) {
        decision.rule = "hours";
        decision.basis = "the operator's own hours: dialer.opens and dialer.closes".into();
        decision.reason = format!(
            "held: {} in {}, calls {} to {}",
            now.with_timezone(closed).format("%H:%M"),
            closed.name(),
            question.hours.opens.format("%H:%M"),
            question.hours.closes.format("%H:%M"),
        );
        decision.opens_at = opening(now, open);
    } else if let Some((forbidden, until)) = rules
        .capped(Per::Number, &places, question.recent, now)
        .or_else(|| question.debt.and_then(|debt| debt.forbidden(rules, &places, now)))
    {
        (decision.rule, decision.reason, decision.basis) =
            (forbidden.rule, forbidden.reason, forbidden.basis);
        decision.opens_at = if open(until) { Some(until) } else { opening(until, open) };
    }
    if !decision.is_allowed() {
        if let Some(at) = decision.opens_at {
            decision.reason.push_str(&at.format(", opens %Y-%m-%d %H:%M UTC").to_string());
        }
        return decision;
    }
    "every rule allows it".clone_into(&mut decision.reason);
    decision
}

fn is_open(zone: Tz, hours: Hours, now: DateTime<Utc>) -> bool {
    let local = now.with_timezone(&zone).time();
    local >= hours.opens && local < hours.closes
}

/// The next open moment, looked for a quarter of an hour at a time over nine days; `None` where there is none, as when the
/// zones' days do not overlap.
fn opening(now: DateTime<Utc>, open: impl Fn(DateTime<Utc>) -> bool) -> Option<DateTime<Utc>> {
    let quarter = Duration::minutes(15);
    let start = Utc.timestamp_opt(now.timestamp() / 900 * 900, 0).single()?;
    (1..=9 * 96).map(|n| start + quarter * n).find(|at| open(*at))
}

/// What is known of where a person is.
pub fn whereabouts(person: &NewContact) -> Whereabouts<'_> {
    Whereabouts {
        phone: person.phone.as_str(),
        state: &person.state,
        postal_code: &person.postal_code,
        timezone: &person.timezone,
    }
}

/// The zone that a person is most likely in; `None` where it cannot be told.
pub fn zone_of(person: &NewContact) -> Option<Tz> {
    zone::candidates(whereabouts(person))?.first().copied()
}

/// How long somebody who waited for an agent in vain is not called without an agent reserved for them. Where it cannot be
/// told where they are, the longest rest of all holds.
pub fn rest_after_abandonment(person: &NewContact, rules: &Rules, now: DateTime<Utc>) -> Duration {
    match zone::places(whereabouts(person)) {
        Some(places) => rules.rest_in(&places, now),
        None => Duration::hours(i64::from(rules.rests().iter().map(|rest| rest.hours).max().unwrap_or(0))),
    }
}

/// The caps that hold where a person may be: since when calls to the number count, and how many there may be with the next.
pub fn caps(person: &NewContact, rules: &Rules, now: DateTime<Utc>) -> Vec<(DateTime<Utc>, u32)> {
    let Some(places) = zone::places(whereabouts(person)) else { return Vec::new() };
    let window = |cap: &super::law::Cap| (now - Duration::hours(i64::from(cap.hours)), cap.calls);
    rules.caps_in(Per::Number, &places, now).map(window).collect()
}

/// What the law counts of calls about a debt where a person may be.
pub fn subject(person: &NewContact, rules: &Rules, debt: String, now: DateTime<Utc>) -> Subject {
    let places = zone::places(whereabouts(person)).unwrap_or_default();
    let since = |hours: u32| now - Duration::hours(i64::from(hours));
    let caps = rules.caps_in(Per::Debt, &places, now).map(|cap| (since(cap.hours), cap.calls)).collect();
    Subject { name: debt, caps, quiet_since: rules.quiet_in(&places, now).map(|rule| since(rule.hours)) }
}

/// What an artificial voice says of itself to a person, before anything else; empty where nothing is asked for. Where it
/// cannot be told where they are, everything that is asked for anywhere.
pub fn disclosure(person: &NewContact, rules: &Rules, caller: &str, now: DateTime<Utc>) -> String {
    let everywhere = || rules.disclosures().iter().flat_map(|rule| rule.head.places.clone()).collect();
    let places = zone::places(whereabouts(person)).unwrap_or_else(everywhere);
    rules.disclosed_in(&places, caller, now)
}

#[cfg(test)]
mod tests {
    use super::{Debt, Decision, Question, Voice, disclosure, judge, rest_after_abandonment};
    use crate::domain::contact::{Consent, NewContact};
    use crate::domain::debt::About;
    use crate::domain::do_not_call::Listed;
    use crate::domain::law::Rules;
    use crate::domain::phone::Phone;
    use chrono::{DateTime, TimeZone, Utc};
    use dialdeck_protocol::Scrub;
    use proptest::prelude::*;

    fn person(phone: &str) -> NewContact {
        NewContact {
            first_name: "Ann".into(),
            last_name: String::new(),
            phone: Phone::parse(phone, "US").unwrap(),
            alternates: Vec::new(),
            email: String::new(),
            company: String::new(),
            state: String::new(),
            postal_code: String::new(),
            timezone: String::new(),
            consent: Some(Consent { basis: "written".into(), at: None, source: "form".into() }),
            priority: 0,
            custom_fields: std::collections::BTreeMap::default(),
        }
    }

    fn judged(person: &NewContact, on_do_not_call: bool, now: DateTime<Utc>) -> Decision {
        let rules = Rules::shipped();
        let listed = on_do_not_call.then_some(Listed { until: None });
        judge(Question { listed, ..Question::of(person, &rules) }, now)
    }

    fn rule(person: &NewContact, dnc: bool, now: DateTime<Utc>) -> &'static str {
        judged(person, dnc, now).rule
    }

    fn at(hour: u32, minute: u32) -> DateTime<Utc> {
        Utc.with_ymd_and_hms(2026, 1, 15, hour, minute, 0).unwrap()
    }

    #[test]
    fn the_clock_of_the_called_person_counts() {
        let chicago = person("312 555 0142");
        assert_eq!(rule(&chicago, false, at(13, 59)), "hours");
        assert_eq!(rule(&chicago, false, at(14, 0)), "allowed");
        assert_eq!(rule(&chicago, false, at(2, 59)), "allowed");
        assert_eq!(rule(&chicago, false, at(3, 0)), "hours");
    }

    #[test]
    fn every_candidate_zone_must_be_open() {
        let panhandle = person("850 555 0142");
        assert_eq!(rule(&panhandle, false, at(13, 30)), "hours", "8:30 in New York, 7:30 in Chicago");
        assert_eq!(rule(&panhandle, false, at(2, 30)), "hours", "20:30 in Chicago, 21:30 in New York");
        let decision = judged(&panhandle, false, at(2, 30));
        assert_eq!(decision.opens_at, Some(at(14, 0)));
    }

    #[test]
    fn a_cap_holds_and_says_when_it_leaves_room() {
        let (miami, rules, now) = (person("305 555 0142"), Rules::shipped(), at(17, 0));
        let recent = [1, 2, 3].map(|hours| now - chrono::Duration::hours(hours));
        let ask = |recent| Question { recent, ..Question::of(&miami, &rules) };
        assert!(judge(ask(&recent[..2]), now).is_allowed());
        let decision = judge(ask(&recent), now);
        assert_eq!((decision.rule, decision.places.join(" ").as_str()), ("cap", "US US-FL"));
        assert!(decision.basis.starts_with("us-fl-cap: "), "{}", decision.basis);
        assert_eq!(decision.opens_at, Some(at(14, 0) + chrono::Duration::hours(24)));
    }

    #[test]
    fn consent_list_and_zone_forbid() {
        let mut ann = person("312 555 0142");
        assert_eq!(rule(&ann, true, at(18, 0)), "do_not_call");
        ann.consent = Some(Consent { basis: "written".into(), at: Some(at(19, 0)), source: "form".into() });
        assert_eq!(rule(&ann, false, at(18, 0)), "consent", "given in the future is not given");
        assert_eq!(rule(&ann, false, at(20, 0)), "allowed");
        ann.consent = None;
        assert_eq!(rule(&ann, false, at(18, 0)), "consent");
        assert_eq!(rule(&person("800 555 0142"), false, at(18, 0)), "zone");
    }

    #[test]
    fn a_person_who_speaks_needs_no_consent_and_every_other_rule_holds() {
        let (mut ann, rules) = (person("312 555 0142"), Rules::shipped());
        ann.consent = None;
        let ask = |on_list: bool| Question {
            voice: Voice::Person,
            listed: on_list.then_some(Listed { until: None }),
            ..Question::of(&ann, &rules)
        };
        assert!(judge(ask(false), at(18, 0)).is_allowed());
        assert_eq!(judge(ask(true), at(18, 0)).rule, "do_not_call");
        assert_eq!(judge(ask(false), at(3, 0)).rule, "hours");
    }

    #[test]
    fn a_stale_copy_of_the_official_list_holds_everybody() {
        let (ann, rules) = (person("312 555 0142"), Rules::shipped());
        let asked = |days| {
            let scrub = Scrub { id: "FTC-7".into(), at: at(18, 0) - chrono::Duration::days(days) };
            let question = Question { scrub: Some(&scrub), ..Question::of(&ann, &rules) };
            judge(question, at(18, 0))
        };
        assert_eq!(asked(31).scrub, "FTC-7");
        assert!(asked(31).is_allowed());
        let stale = asked(32);
        assert_eq!(stale.rule, "scrub");
        assert!(stale.reason.contains("scrub the list anew (us-scrub-age)"), "{}", stale.reason);
        assert_eq!(asked(-1).rule, "scrub", "a date that lies ahead is a slip");
    }

    #[test]
    fn an_entry_that_ends_says_when() {
        let (ann, rules) = (person("312 555 0142"), Rules::shipped());
        let until = at(18, 0) + chrono::Duration::days(3);
        let question = Question { listed: Some(Listed { until: Some(until) }), ..Question::of(&ann, &rules) };
        let decision = judge(question, at(18, 0));
        assert_eq!((decision.rule, decision.opens_at), ("do_not_call", Some(until)));
    }

    #[test]
    fn calls_about_a_debt_are_counted_by_the_debt() {
        let (ann, rules, now) = (person("312 555 0142"), Rules::shipped(), at(18, 0));
        let asked = |name: &str, calls: &[About]| {
            judge(Question { debt: Some(Debt { name, calls }), ..Question::of(&ann, &rules) }, now)
        };
        let days = |days: &[i64], talked| -> Vec<About> {
            days.iter().map(|day| About { at: now - chrono::Duration::days(*day), talked }).collect()
        };
        assert_eq!(asked("", &[]).rule, "debt");
        assert!(asked("A-7", &days(&[1, 1, 2, 3, 4, 5, 8], false)).is_allowed(), "six within seven days");
        let seven = asked("A-7", &days(&[1, 1, 2, 3, 4, 5, 6], false));
        assert_eq!((seven.rule, seven.opens_at), ("cap", Some(now + chrono::Duration::days(1))));
        assert!(seven.reason.contains("about this debt"), "{}", seven.reason);
        let talked = asked("A-7", &days(&[3], true));
        assert_eq!((talked.rule, talked.opens_at), ("quiet", Some(now + chrono::Duration::days(4))));
        assert!(talked.basis.starts_with("us-reg-f-quiet: 12 CFR"), "{}", talked.basis);
        assert!(asked("A-7", &days(&[7], true)).is_allowed());
    }

    #[test]
    fn an_artificial_voice_says_so_where_the_state_asks_for_it() {
        let rules = Rules::shipped();
        let said = |phone| disclosure(&person(phone), &rules, "Acme", at(18, 0));
        assert_eq!(said("415 555 0142"), "This is an artificial voice, calling for Acme.");
        assert_eq!(said("312 555 0142"), "");
    }

    #[test]
    fn who_waited_in_vain_rests_where_the_rule_says_so() {
        let rules = Rules::shipped();
        assert_eq!(rest_after_abandonment(&person("+442079460123"), &rules, at(12, 0)).num_hours(), 72);
        assert_eq!(rest_after_abandonment(&person("312 555 0142"), &rules, at(12, 0)).num_hours(), 0);
    }

    #[test]
    fn daylight_saving_nights_keep_the_local_hour() {
        let new_york = person("212 555 0142");
        let spring = Utc.with_ymd_and_hms(2026, 3, 8, 12, 0, 0).unwrap();
        assert_eq!(rule(&new_york, false, spring), "allowed", "8:00 EDT on the day clocks go forward");
        let before = Utc.with_ymd_and_hms(2026, 3, 7, 12, 0, 0).unwrap();
        assert_eq!(rule(&new_york, false, before), "hours", "7:00 EST the day before");
    }

    proptest! {
        #[test]
        fn what_it_says_opens_is_open(seconds in 1_700_000_000i64..1_900_000_000, which in 0usize..6) {
            let now = Utc.timestamp_opt(seconds, 0).unwrap();
            let ann = person(["212 555 0142", "850 555 0142", "808 555 0142", "+442079460123", "401 555 0142", "205 555 0142"][which]);
            let decision = judged(&ann, false, now);
            if let Some(opens) = decision.opens_at {
                prop_assert!(opens > now);
                prop_assert!(judged(&ann, false, opens).is_allowed());
            } else {
                prop_assert!(decision.is_allowed());
            }
        }
    }
}
