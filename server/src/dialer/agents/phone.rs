//! Rings agents' phones, and watches them.

use super::{Agents, Phone};
use crate::domain::agent::{PHONE, Pause};
use crate::telephony::Leg;
use dialdeck_protocol::UserId;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedReceiver;

/// How long a phone is rung that is then kept open.
const LOG_IN: Duration = Duration::from_mins(1);
/// How long a phone is rung for one call.
const ONE_CALL: Duration = Duration::from_secs(20);

impl Agents {
    /// Rings an agent's phone, to be kept open.
    pub(super) fn ring(&self, user: UserId) {
        let agents = self.clone();
        tokio::spawn(async move {
            if let Ok((phone, told)) = agents.begin(user, LOG_IN).await {
                agents.watch(user, phone, told).await;
            }
        });
    }

    /// Rings an agent's phone for one call, and waits until it is picked up.
    pub(super) async fn open_phone(&self, user: UserId) -> Result<Phone, String> {
        self.note(user, |place, now| place.seat.ringing(now));
        let (phone, mut told) = match self.begin(user, ONE_CALL).await {
            Ok(rung) => rung,
            Err(why) => {
                self.unanswered(user);
                return Err(why);
            }
        };
        match told.recv().await {
            Some(Leg::Up) => {
                self.note(user, |place, now| {
                    place.seat.phone_up();
                    place.seat.dialling(now);
                });
                let (agents, kept) = (self.clone(), phone.clone());
                tokio::spawn(async move { agents.watch(user, kept, told).await });
                Ok(phone)
            }
            other => {
                self.forget(user, &phone);
                self.unanswered(user);
                Err(match other {
                    Some(Leg::Gone(why)) => format!("the agent's phone was not picked up: {why}"),
                    _ => "the agent's phone was not picked up".into(),
                })
            }
        }
    }

    /// An agent who does not pick up is not there: no more calls until they say so.
    fn unanswered(&self, user: UserId) {
        self.note(user, |place, now| place.seat.pause(Pause::because(PHONE), now));
    }

    async fn begin(&self, user: UserId, ring: Duration) -> Result<(Phone, UnboundedReceiver<Leg>), String> {
        let phone = Phone::new();
        let extension = {
            let mut room = self.lock();
            let place = room.places.get_mut(&user).ok_or("the agent has logged out")?;
            place.phone = Some(phone.clone());
            place.seat.row.extension.clone()
        };
        match self.0.telephony.ring_agent(phone.leg, &extension, ring).await {
            Ok(told) => Ok((phone, told)),
            Err(error) => {
                tracing::warn!(%error, "an agent's phone cannot be rung");
                self.forget(user, &phone);
                Err(error.to_string())
            }
        }
    }

    async fn watch(&self, user: UserId, phone: Phone, mut told: UnboundedReceiver<Leg>) {
        loop {
            let what = tokio::select! {
                what = told.recv() => what,
                () = self.0.phones.cancelled() => {
                    phone.gone.cancel();
                    let _ = self.0.telephony.drop_agent(phone.leg).await;
                    return;
                }
            };
            match what {
                Some(Leg::Up) => {
                    let mut wanted = false;
                    self.note(user, |place, _| {
                        wanted = place.phone.as_ref().is_some_and(|own| own.leg == phone.leg);
                        if wanted {
                            place.seat.phone_up();
                        }
                    });
                    // Picked up after the log-out, or after it was rung once more.
                    if !wanted {
                        let _ = self.0.telephony.drop_agent(phone.leg).await;
                    }
                }
                Some(Leg::Key(key)) => drop(phone.keys.send(key)),
                Some(Leg::Gone(_)) | None => break,
            }
        }
        phone.gone.cancel();
        self.forget(user, &phone);
    }

    /// The phone is not there any more.
    fn forget(&self, user: UserId, phone: &Phone) {
        self.note(user, |place, now| {
            if place.phone.as_ref().is_some_and(|own| own.leg == phone.leg) {
                place.phone = None;
                place.seat.phone_gone(now);
            }
        });
    }

    /// Hangs up a phone that is rung for each call.
    pub(super) fn close_phone(&self, user: UserId) {
        let phone = {
            let mut room = self.lock();
            let place = room.places.get_mut(&user).filter(|place| place.seat.rings_per_call());
            place.and_then(|place| {
                place.seat.row.phone_up = false;
                place.phone.take()
            })
        };
        if let Some(phone) = phone {
            let telephony = self.0.telephony.clone();
            tokio::spawn(async move {
                if let Err(error) = telephony.drop_agent(phone.leg).await {
                    tracing::warn!(%error, "an agent's phone was not hung up");
                }
            });
        }
    }
}
