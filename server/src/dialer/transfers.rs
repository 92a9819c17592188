//! Calls that are put through to another phone: it is rung, and told of the person where that is wished, while they go on talking
//! to whoever has them.

use super::Dialer;
use super::outside::Outside;
use super::people::consulted;
use super::target::Target;
use crate::domain::caller::Permit;
use dialdeck_protocol::{CallId, CallStatus, Code, Problem};

impl Dialer {
    /// Puts a call through to a phone. `attended`: whoever picks up is told of the person first, and may refuse them; then
    /// nothing changes for the person. Whose calls a caller may put through is for whoever asks to know.
    ///
    /// # Errors
    /// When nobody talks in it, it is not ours to give, or nobody takes it.
    pub async fn transfer<P>(
        &self,
        permit: &Permit<P>,
        call: &CallId,
        to: &str,
        attended: bool,
    ) -> Result<String, Problem> {
        let conflict = |why: String| Problem::new(Code::Conflict, why);
        let gone = || conflict("nobody talks in this call at the moment".into());
        let known = self.0.tools.store.call(permit.organization(), call).await?;
        let row = known.ok_or_else(|| Problem::not_found(format!("call {call}")))?.row;
        let over = self.0.live.over(call).ok_or_else(gone)?;
        if row.status != CallStatus::InProgress {
            return Err(gone());
        }
        if !self.0.live.can_change_hands(call) {
            return Err(conflict("this call was placed elsewhere, and only they can put it through".into()));
        }
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
            () = over.cancelled() => return Err(conflict("the call is over; nobody was put through".into())),
        };
        if self.0.live.take_over(call, target) { Ok(format!("put through to {to}")) } else { Err(gone()) }
    }
}
