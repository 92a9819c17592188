//! Who asks: a logged-in user, and the permissions that the role gives, as types.
//!
//! A handler that needs a permission takes a [`Permit`] of it. There is no way to make one but [`Caller::permit`],
//! so a handler cannot forget to ask.

use dialdeck_protocol::{Code, OrganizationId, Problem, Role, SessionId, UserId};
use std::marker::PhantomData;

/// A user with a valid session.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Who.
    pub user_id: UserId,
    /// By which log-in.
    pub session_id: SessionId,
    /// Log-in name, as it stands in the audit log.
    pub name: String,
    /// Role.
    pub role: Role,
    /// The organization behind whose wall they are.
    pub organization_id: OrganizationId,
}

/// Something a role may do.
pub trait Permission {
    /// The least role that may.
    const LEAST: Role;
    /// What it is, for the refusal.
    const WHAT: &'static str;
}

macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident: $least:ident, $what:literal;)+) => { $(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub struct $name;
        impl Permission for $name {
            const LEAST: Role = Role::$least;
            const WHAT: &'static str = $what;
        }
    )+ };
}

permissions! {
    /// Look at campaigns, calls and conversations.
    Look: Viewer, "look at the floor";
    /// Start and stop queues.
    RunQueue: Supervisor, "start and stop queues";
    /// Hang up other people's calls.
    SteerCalls: Supervisor, "steer calls";
    /// Make and change campaigns, scripts, contacts and caller IDs.
    EditCampaigns: Supervisor, "change campaigns";
    /// Put numbers on the do-not-call list.
    AddDoNotCall: Agent, "add to the do-not-call list";
    /// Read the audit log.
    ReadAudit: Admin, "read the audit log";
}

/// Proof that a caller may do `P`.
#[derive(Debug, Clone)]
pub struct Permit<P> {
    caller: Caller,
    what: PhantomData<P>,
}

impl<P> Permit<P> {
    /// Whose permit it is.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// The organization it is good for.
    pub fn organization(&self) -> &OrganizationId {
        &self.caller.organization_id
    }
}

impl Caller {
    /// The operating system's own user, at the command line of the server's machine: may do everything.
    pub fn operator(organization_id: OrganizationId) -> Self {
        let nobody = uuid::Uuid::nil();
        Self {
            user_id: UserId(nobody),
            session_id: SessionId(nobody),
            name: "operator".into(),
            role: Role::Admin,
            organization_id,
        }
    }

    /// A permit for `P`, if the role allows it.
    ///
    /// # Errors
    /// `forbidden`, naming what was asked and the role it takes.
    pub fn permit<P: Permission>(&self) -> Result<Permit<P>, Problem> {
        if self.role >= P::LEAST {
            Ok(Permit { caller: self.clone(), what: PhantomData })
        } else {
            Err(Problem::new(
                Code::Forbidden,
                format!("the role {} may not {}; it takes {}", self.role, P::WHAT, P::LEAST),
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Caller, Look, RunQueue};
    use dialdeck_protocol::{Code, OrganizationId, Role};

    #[test]
    fn roles_are_walls() {
        let mut caller = Caller::operator(OrganizationId("default".into()));
        for (role, look, run) in
            [(Role::Viewer, true, false), (Role::Agent, true, false), (Role::Supervisor, true, true)]
        {
            caller.role = role;
            assert_eq!(caller.permit::<Look>().is_ok(), look);
            assert_eq!(
                caller.permit::<RunQueue>().map_err(|p| p.code).err(),
                (!run).then_some(Code::Forbidden)
            );
        }
    }
}
