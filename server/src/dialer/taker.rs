//! Who takes a contact: an AI caller or an agent. Pure.

use crate::domain::contact::Contact;
use crate::domain::plain;
use dialdeck_protocol::{CallSettings, Route, Taker};

/// By the first rule that fits; agents where there are any otherwise.
pub(super) fn taker(settings: &CallSettings, contact: &Contact) -> Taker {
    match rule(settings, contact) {
        Some(rule) => rule.to,
        None if settings.people.is_some() || settings.carrier.is_some() => Taker::Person,
        None => Taker::Ai,
    }
}

/// Which agents take it, where a carrier's do; empty: any.
pub(super) fn tier<'a>(settings: &'a CallSettings, contact: &Contact) -> &'a str {
    rule(settings, contact).map_or("", |rule| rule.tier.as_str())
}

fn rule<'a>(settings: &'a CallSettings, contact: &Contact) -> Option<&'a Route> {
    settings.routing.iter().find(|rule| {
        let value = field(contact, &rule.field);
        if rule.equals.is_empty() {
            !value.is_empty()
        } else {
            value.eq_ignore_ascii_case(rule.equals.trim())
        }
    })
}

/// Why a contact is not called at all: the filter that does not fit.
pub(super) fn left_out(settings: &CallSettings, contact: &Contact) -> Option<String> {
    let wrong = settings.filters.iter().find(|filter| {
        let value = field(contact, &filter.field);
        let fits = if filter.equals.is_empty() {
            !value.is_empty()
        } else {
            value.eq_ignore_ascii_case(filter.equals.trim())
        };
        fits == filter.not
    })?;
    let (name, not) = (plain::line(&wrong.field, 80), if wrong.not { "" } else { "not " });
    let wanted = if wrong.equals.is_empty() { "filled".to_owned() } else { plain::line(&wrong.equals, 80) };
    Some(format!("held: the campaign's filters leave it out: {name} is {not}{wanted}"))
}

fn field(contact: &Contact, name: &str) -> String {
    let person = &contact.person;
    match name {
        "company" => person.company.clone(),
        "state" => person.state.clone(),
        "email" => person.email.clone(),
        "priority" => person.priority.to_string(),
        "attempts" => contact.attempts.to_string(),
        other => person.custom_fields.get(other).cloned().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::{left_out, taker};
    use crate::domain::contact::{Contact, NewContact};
    use crate::domain::phone::Phone;
    use chrono::Utc;
    use dialdeck_protocol::{
        CallSettings, CampaignId, ContactId, ContactStatus, Filter, OrganizationId, People, Route, Taker,
    };

    fn contact(tier: &str, attempts: i32) -> Contact {
        let mut person = NewContact::numbered(Phone::parse("312 555 0142", "US").unwrap());
        person.custom_fields.insert("tier".into(), tier.into());
        Contact {
            id: ContactId::new(),
            organization_id: OrganizationId("default".into()),
            campaign_id: CampaignId::new(),
            person,
            status: ContactStatus::New,
            attempts,
            last_contacted: None,
            held_reason: String::new(),
            next_attempt_at: Utc::now(),
            created_at: Utc::now(),
            dead_numbers: Vec::new(),
            number_turn: 0,
        }
    }

    fn route(field: &str, equals: &str, to: Taker) -> Route {
        Route { field: field.into(), equals: equals.into(), to, tier: String::new() }
    }

    #[test]
    fn every_filter_must_fit() {
        let filter =
            |field: &str, equals: &str, not| Filter { field: field.into(), equals: equals.into(), not };
        let filters =
            vec![filter("tier", "gold", false), filter("attempts", "3", true), filter("tier", "", false)];
        let settings = CallSettings { filters, ..CallSettings::default() };
        assert_eq!(left_out(&settings, &contact("Gold", 0)), None);
        let why = |tier, attempts| left_out(&settings, &contact(tier, attempts)).unwrap();
        assert!(why("tin", 0).ends_with("tier is not gold"));
        assert!(why("gold", 3).ends_with("attempts is 3"));
        assert!(left_out(&CallSettings::default(), &contact("", 0)).is_none());
    }

    #[test]
    fn the_first_rule_that_fits_decides() {
        let mut settings = CallSettings::default();
        assert_eq!(taker(&settings, &contact("gold", 0)), Taker::Ai);
        settings.people = Some(People::default());
        assert_eq!(taker(&settings, &contact("gold", 0)), Taker::Person);
        settings.routing = vec![
            route("tier", "Gold", Taker::Person),
            route("attempts", "2", Taker::Person),
            route("tier", "", Taker::Ai),
        ];
        for (tier, attempts, wanted) in [
            ("gold", 0, Taker::Person),
            ("tin", 0, Taker::Ai),
            ("tin", 2, Taker::Person),
            ("", 0, Taker::Person),
        ] {
            assert_eq!(taker(&settings, &contact(tier, attempts)), wanted, "{tier} {attempts}");
        }
    }
}
