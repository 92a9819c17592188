//! What a campaign's calls teach, and its script as an agent reads it.

use super::App;
use super::extract::{Id, May};
use super::problem::Refused;
use crate::domain::caller::{Caller, Look};
use crate::domain::script::{Script, fill};
use crate::storage::learning::Lesson;
use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Duration, Utc};
use dialdeck_protocol::learning::{Lessons, ScriptFigures, StepEnds, Week, comparison, share};
use dialdeck_protocol::{Answer, CampaignId, ContactId, Emotion, Outcome, Problem, ScriptId};
use std::collections::BTreeMap;

/// Weeks that are looked at.
const WEEKS: i64 = 8;

/// What a campaign's calls of the last weeks teach.
pub(super) async fn lessons(app: &App, caller: &Caller, id: CampaignId) -> Result<Lessons, Problem> {
    caller.permit::<Look>()?;
    super::campaigns::find(app, caller, id).await?;
    let now = Utc::now();
    if let Some(lessons) = app.lessons.get(&id, now) {
        return Ok(lessons);
    }
    let begun = now - Duration::weeks(WEEKS);
    let mut weeks = Vec::new();
    for n in 0..WEEKS {
        let from = begun + Duration::weeks(n);
        weeks.push((from, app.store.lessons(id, from, from + Duration::weeks(1)).await?));
    }
    let names: BTreeMap<ScriptId, String> = app
        .store
        .scripts(&caller.organization_id)
        .await?
        .into_iter()
        .map(|(id, name, _)| (id, name))
        .collect();
    let lessons = taught(id, begun, &weeks, &names);
    app.lessons.keep(id, lessons.clone(), now);
    Ok(lessons)
}

/// Counts what was read.
fn taught(
    campaign_id: CampaignId,
    from: DateTime<Utc>,
    weeks: &[(DateTime<Utc>, Vec<Lesson>)],
    names: &BTreeMap<ScriptId, String>,
) -> Lessons {
    let is_good = |lesson: &Lesson| lesson.outcome.is_some_and(Outcome::is_success);
    let mut ends: BTreeMap<String, StepEnds> = BTreeMap::new();
    let mut scripts: BTreeMap<Option<ScriptId>, ScriptFigures> = BTreeMap::new();
    for lesson in weeks.iter().flat_map(|(_, lessons)| lessons) {
        // Without a step nobody talked with us: a machine, or an agent's own call.
        let Some(step) = &lesson.step else { continue };
        let good = if is_good(lesson) { lesson.calls } else { 0 };
        let end = ends.entry(step.clone()).or_insert_with(|| StepEnds {
            step: step.clone(),
            ended: 0,
            good: 0,
            hung_up: 0,
        });
        end.ended += lesson.calls;
        end.good += good;
        end.hung_up += if lesson.outcome == Some(Outcome::HungUp) { lesson.calls } else { 0 };
        let name =
            |id: &ScriptId| names.get(id).cloned().unwrap_or_else(|| format!("a script that is gone ({id})"));
        let script = scripts.entry(lesson.script_id).or_insert_with(|| ScriptFigures {
            script_id: lesson.script_id,
            name: lesson.script_id.as_ref().map_or_else(|| "the shipped script".to_owned(), name),
            answered: 0,
            good: 0,
            refused: 0,
            good_share: None,
        });
        script.answered += lesson.calls;
        script.good += good;
        script.refused += if lesson.outcome == Some(Outcome::DoNotCall) { lesson.calls } else { 0 };
    }
    let mut ends: Vec<StepEnds> = ends.into_values().collect();
    ends.sort_by_key(|end| std::cmp::Reverse(end.ended));
    let mut scripts: Vec<ScriptFigures> = scripts.into_values().collect();
    for script in &mut scripts {
        script.good_share = share(script.good, script.answered);
    }
    scripts.sort_by_key(|script| std::cmp::Reverse(script.answered));
    let comparison = comparison(&scripts);
    let weeks = weeks.iter().map(|(from, lessons)| week(*from, lessons)).collect();
    Lessons { campaign_id, from, ends, weeks, scripts, comparison }
}

fn week(from: DateTime<Utc>, lessons: &[Lesson]) -> Week {
    let mut emotions: Vec<(Emotion, i64)> = Vec::new();
    let (mut rated, mut stars) = (0, 0);
    for lesson in lessons {
        // How a machine sounds is nobody's mood.
        if let (Some(emotion), Some(_)) = (lesson.emotion, &lesson.step) {
            match emotions.iter_mut().find(|(known, _)| *known == emotion) {
                Some((_, count)) => *count += lesson.calls,
                None => emotions.push((emotion, lesson.calls)),
            }
        }
        if let Some(score) = lesson.satisfaction {
            rated += lesson.calls;
            stars += lesson.calls * i64::from(score);
        }
    }
    emotions.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let good = lessons.iter().filter(|lesson| lesson.outcome.is_some_and(Outcome::is_success));
    #[allow(clippy::cast_precision_loss, reason = "counts of a week")]
    let satisfaction = (rated > 0).then(|| stars as f64 / rated as f64);
    Week {
        from,
        answered: lessons.iter().map(|lesson| lesson.calls).sum(),
        good: good.map(|lesson| lesson.calls).sum(),
        emotions,
        satisfaction,
    }
}

/// What a campaign's calls teach
///
/// Of the last eight weeks: the step of the script at which conversations ended, how people sounded week by week, and how the scripts
/// did, with 95 % intervals.
#[utoipa::path(get, path = "/api/v1/campaigns/{id}/lessons", tag = "Campaigns", security(("bearer" = ["look"])),
    params(("id" = CampaignId, Path)), responses((status = 200, body = Lessons)))]
pub(super) async fn of_campaign(
    State(app): State<App>,
    permit: May<Look>,
    Id(id, _): Id<CampaignId>,
) -> Result<Json<Lessons>, Refused> {
    Ok(Json(lessons(&app, permit.caller(), id).await?))
}

/// The script as an agent reads it, with a contact's names in it.
pub(super) async fn script(
    app: &App,
    caller: &Caller,
    campaign_id: CampaignId,
    contact_id: Option<ContactId>,
) -> Result<Answer, Problem> {
    caller.permit::<Look>()?;
    let campaign = super::campaigns::find(app, caller, campaign_id).await?;
    let contact = match contact_id {
        Some(id) => app.store.contact(&caller.organization_id, id).await?,
        None => None,
    };
    // A contact of another campaign is not told of here.
    let contact = contact.filter(|contact| contact.campaign_id == campaign_id);
    let id = contact.as_ref().map_or(campaign.script_id, |contact| campaign.script_for(contact.id));
    let script = match id {
        Some(id) => app.store.script(&caller.organization_id, id).await?.map(|(_, script)| script),
        None => Some(Script::default()),
    };
    let script = script.ok_or_else(|| Problem::not_found("the campaign's script"))?;
    let filled = |text: &String| match &contact {
        Some(contact) => {
            let person = &contact.person;
            fill(text, &person.first_name, &person.last_name, &person.company)
        }
        None => text.clone(),
    };
    let lines = [("opening", &script.opening), ("pitch", &script.pitch)]
        .into_iter()
        .map(|(what, text)| (what.to_owned(), filled(text)))
        .chain(script.closings.iter().map(|(intent, text)| (format!("closing: {intent}"), filled(text))))
        .collect();
    let answers = script.answers.iter().map(|(intent, text)| (intent.to_string(), filled(text))).collect();
    Ok(Answer::Script { campaign_id, contact_id, lines, answers })
}

#[cfg(test)]
mod tests {
    use super::taught;
    use crate::storage::learning::Lesson;
    use chrono::{DateTime, Duration};
    use dialdeck_protocol::{CampaignId, Emotion, Outcome, ScriptId};
    use std::collections::BTreeMap;

    #[test]
    fn heaps_are_counted_by_step_week_and_script() {
        let (a, b) = (ScriptId::new(), ScriptId::new());
        let lesson = |script, step: Option<&str>, outcome, calls| Lesson {
            script_id: Some(script),
            step: step.map(str::to_owned),
            outcome: Some(outcome),
            emotion: Some(Emotion::Positive),
            satisfaction: Some(4),
            calls,
        };
        let begun = DateTime::UNIX_EPOCH;
        let weeks = vec![
            (
                begun,
                vec![lesson(a, Some("pitch"), Outcome::HungUp, 7), lesson(a, None, Outcome::Voicemail, 90)],
            ),
            (
                begun + Duration::weeks(1),
                vec![
                    lesson(b, Some("closings.interested"), Outcome::Interested, 30),
                    lesson(b, Some("pitch"), Outcome::HungUp, 3),
                ],
            ),
        ];
        let names = BTreeMap::from([(a, "A".to_owned()), (b, "B".to_owned())]);
        let taught = taught(CampaignId::new(), begun, &weeks, &names);
        let ends: Vec<_> =
            taught.ends.iter().map(|e| (e.step.as_str(), e.ended, e.good, e.hung_up)).collect();
        assert_eq!(ends, [("closings.interested", 30, 30, 0), ("pitch", 10, 0, 10)]);
        let scripts: Vec<_> = taught.scripts.iter().map(|s| (s.name.as_str(), s.answered, s.good)).collect();
        assert_eq!(scripts, [("B", 33, 30), ("A", 7, 0)]);
        assert_eq!(
            (taught.weeks[0].answered, taught.weeks[0].emotions.as_slice()),
            (97, &[(Emotion::Positive, 7)][..])
        );
        assert!(taught.comparison.starts_with("B does better than A"), "{}", taught.comparison);
    }
}
