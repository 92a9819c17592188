//! Calls that are put through to another phone: it is rung, and told of the person where that is wished, while they go on talking
//! to whoever has them.

use super::Dialer;
use super::outside::Outside;
use super::target::Target;
use crate::domain::caller::Permit;
use crate::voice::consultation::{Decision, consult};
use dialdeck_protocol::{CallId, CallStatus, Code, Problem};

impl Dialer {
    /// Puts a call through to a phone. `attended`: whoever picks up is told of the person first, and may refuse them; then
    /// nothing changes for the person. `own`: they may put it through for as long as it is theirs, and no longer. Whose calls a caller
    /// may put through is for whoever asks to know.
    ///
    /// # Errors
    /// When nobody talks in it, it is not ours to give, or nobody takes it.
    pub async fn transfer<P>(
        &self,
        permit: &Permit<P>,
        call: &CallId,
        to: &str,
        attended: bool,
        own: bool,
    ) -> Result<String, Problem> {
        let conflict = |why: String| Problem::new(Code::Conflict, why);
        let gone = || conflict("nobody talks in this call at the moment".into());
        let known = self.0.tools.store.call(permit.organization(), call).await?;
        let row = known.ok_or_else(|| Problem::not_found(format!("call {call}")))?.row;
        if row.status != CallStatus::InProgress {
            return Err(gone());
        }
        // Whose call it is not any more is not theirs to put through.
        let has = || self.0.agents.has(permit.organization(), permit.caller().user_id, call);
        let handing = self.0.live.hand(call)?;
        let target = async {
            let target = Target::Outside(Outside::ring(self, to).await?);
            if attended {
                let summary = format!("put through by {}", permit.caller().name);
                consulted(self, &target, &row.name, &summary).await?;
            }
            Ok::<_, String>(target)
        };
        let target = tokio::select! {
            target = target => target.map_err(|why| conflict(format!("not put through: {why}")))?,
            () = handing.over.cancelled() => return Err(conflict("the call is over; nobody was put through".into())),
        };
        if own && !has() {
            return Err(conflict("somebody else has this call by now".into()));
        }
        if handing.give(target).await {
            Ok(format!("put through to {to}"))
        } else {
            Err(conflict("the call was over before they heard each other".into()))
        }
    }
}

/// Tells whoever is to take a person of them, on their phone, which is up, and waits for their decision.
///
/// # Errors
/// They do not take them; why.
pub(super) async fn consulted(
    dialer: &Dialer,
    target: &Target,
    name: &str,
    summary: &str,
) -> std::result::Result<(), String> {
    let tools = &dialer.0.tools;
    let (leg, mut keys) = target.open_phone().ok_or("their phone is not up")?;
    let mut media = tools.telephony.consult(leg).await.map_err(|e| e.to_string())?;
    let providers = if media.words { tools.words.clone() } else { tools.sound.clone()? };
    let text = format!(
        "A call for you. {name}. {summary}. To take it, press one or say yes. To refuse it, press two or say no."
    );
    let gone = target.phone_gone();
    let decision = tokio::select! {
        decision = consult(&mut media, &mut keys, &text, &providers) => decision,
        () = gone.cancelled() => return Err("they hung up".into()),
    };
    match decision {
        Decision::Takes => Ok(()),
        Decision::Refuses => Err("it was refused".into()),
        Decision::Silent => Err("nobody said whether they take it".into()),
    }
}
