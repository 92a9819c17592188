//! `dialdeckd demo`: everything embedded, a small campaign, nobody real called.

use super::serve;
use crate::api::session;
use crate::domain::caller::Caller;
use crate::domain::campaign::{Campaign, PhoneNumber};
use crate::domain::contact::{Consent, NewContact};
use crate::domain::gate::{self, Question};
use crate::domain::phone::Phone;
use crate::floor::Floor;
use crate::settings::Settings;
use crate::storage::{Change, ImportMode, NewUser};
use crate::telemetry::log;
use chrono::{DateTime, Utc};
use color_eyre::eyre::{Result, bail, eyre};
use dialdeck_protocol::{
    CallSettings, CampaignId, CampaignStatus, CampaignType, OrganizationId, PhoneNumberId, Role,
};
use std::collections::BTreeMap;

/// Numbers that are nobody's, in zones around the globe: somewhere it is always a legal hour.
const NOBODYS: [&str; 4] = ["+131255501", "+4420794600", "+612555010", "+180855501"];
/// Names of the people in the demo.
const NAMES: [(&str, &str, &str); 10] = [
    ("Ada", "Okafor", "Harbour Clinic"),
    ("Ben", "Sato", "Northside Motors"),
    ("Chloé", "Martin", "Boulangerie Martin"),
    ("Dana", "Novak", "Novak & Sons"),
    ("Eli", "Brooks", "Brooks Hardware"),
    ("Fatima", "Haddad", "Cedar Dental"),
    ("George", "Lee", "Lee Plumbing"),
    ("Hana", "Kim", "Riverside Yoga"),
    ("Ivan", "Petrov", "Petrov Legal"),
    ("Julia", "Santos", "Santos Flowers"),
];
const CONTACTS: usize = 60;
/// Log-in of the demo.
const USER: &str = "demo";
const PASSWORD: &str = "demo-floor";

pub(super) async fn run(mut settings: Settings, speed: f64) -> Result<()> {
    let _guard = log::start(&settings.log).map_err(|e| eyre!(e))?;
    let folder = tempfile::tempdir()?;
    settings.database.url = folder.path().join("demo.sqlite").to_string_lossy().into_owned().into();
    settings.telephony.kind = "simulated".into();
    settings.telephony.simulated_speed = speed;
    settings.dialer.max_concurrent_calls = 6;
    let floor = Floor::start(settings).await?;
    let campaign = prepare(&floor).await?;
    let operator = Caller::operator(OrganizationId("default".into()));
    floor
        .app
        .dialer
        .start_queue(&operator.permit().map_err(|p| eyre!(p))?, campaign, None, None)
        .await
        .map_err(|p| eyre!(p))?;
    serve::announce(&floor);
    println!("log in with: dialdeck --server http://{} --user {USER}   (password {PASSWORD})", floor.http);
    floor.run(serve::asked_to_stop()).await?;
    Ok(())
}

/// A range of nobody's numbers in which calls are legal at this hour.
fn open_range(settings: &Settings, now: DateTime<Utc>) -> Result<&'static str> {
    let (hours, rules) = (settings.hours()?, settings.rules()?);
    // It is to last, where that is possible: at some hours of the day no place has three hours left.
    let lasts = [chrono::Duration::hours(3), chrono::Duration::minutes(10)];
    for (lasts, range) in lasts.into_iter().flat_map(|lasts| NOBODYS.iter().map(move |range| (lasts, *range)))
    {
        let phone =
            Phone::from_e164(&format!("{range}42")).ok_or_else(|| eyre!("a demo number is broken"))?;
        let person = person(0, phone);
        let later = now + lasts;
        let question = Question { hours, ..Question::of(&person, &rules) };
        let legal = |at| gate::judge(question, at).is_allowed();
        if legal(now) && legal(later) {
            return Ok(range);
        }
    }
    bail!(
        "the hours in the settings leave no place on earth to call now; widen dialer.opens and dialer.closes"
    )
}

fn person(n: usize, phone: Phone) -> NewContact {
    let (first, last, company) = NAMES[n % NAMES.len()];
    NewContact {
        first_name: first.into(),
        last_name: last.into(),
        phone,
        alternates: Vec::new(),
        email: format!("{}@example.com", first.to_lowercase()),
        company: company.into(),
        state: String::new(),
        postal_code: String::new(),
        timezone: String::new(),
        consent: Some(Consent { basis: "demonstration".into(), at: None, source: "simulated people".into() }),
        priority: 0,
        custom_fields: BTreeMap::new(),
    }
}

async fn prepare(floor: &Floor) -> Result<CampaignId> {
    let (app, now) = (&floor.app, Utc::now());
    let organization_id = OrganizationId("default".into());
    let password_hash = session::hash(PASSWORD.into()).await.map_err(|p| eyre!(p))?;
    let user = NewUser {
        campaigns: None,
        organization_id: organization_id.clone(),
        name: USER.into(),
        role: Role::Supervisor,
        password_hash,
        at: now,
    };
    app.store.add_user(&user).await?;
    let number =
        PhoneNumber { id: PhoneNumberId::new(), number: "+13125550100".into(), label: "Demo".into() };
    let campaign = Campaign {
        id: CampaignId::new(),
        organization_id: organization_id.clone(),
        name: "Spring demo".into(),
        kind: CampaignType::Sales,
        status: CampaignStatus::Active,
        description: "Sixty people of the simulated phone network".into(),
        script_id: None,
        call_settings: CallSettings {
            max_concurrent_calls: 4,
            call_interval_ms: 2500,
            retry_delay_minutes: 1,
            ..CallSettings::default()
        },
        phone_number_id: Some(number.id),
    };
    let spare = Campaign {
        id: CampaignId::new(),
        name: "Autumn follow-up".into(),
        kind: CampaignType::FollowUp,
        description: "Empty; import contacts into it".into(),
        ..campaign.clone()
    };
    app.journal
        .commit(vec![
            Change::SavePhoneNumber { organization_id, number, at: now },
            Change::SaveCampaign { campaign: Box::new(campaign.clone()), before: None, at: now },
            Change::SaveCampaign { campaign: Box::new(spare), before: None, at: now },
        ])
        .await?;
    let range = open_range(&app.settings, now)?;
    let people: Vec<NewContact> =
        (0..CONTACTS).filter_map(|n| Some(person(n, Phone::from_e164(&format!("{range}{n:02}"))?))).collect();
    let mut import = app.store.import(&campaign, ImportMode::Whole, now).await?;
    import.add(&people, 0, 0).await?;
    import.finish().await?;
    Ok(campaign.id)
}
