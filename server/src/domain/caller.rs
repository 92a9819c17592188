//! Who asks: a logged-in user, and the permissions that the role gives, as types.
//!
//! A handler that needs a permission takes a [`Permit`] of it. There is no way to make one but [`Caller::permit`],
//! so a handler cannot forget to ask.

use dialdeck_protocol::{CampaignId, Code, OrganizationId, Problem, Role, SessionId, TokenId, UserId};
use std::collections::BTreeSet;
use std::marker::PhantomData;
use std::sync::Arc;

/// How a caller proved who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// A log-in.
    Session(SessionId),
    /// A program's token.
    Token(TokenId),
    /// The operating system's own user.
    Operator,
}

/// A user with a valid session or token.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Who.
    pub user_id: UserId,
    /// By what.
    pub proof: Proof,
    /// Log-in name, as it stands in the audit log.
    pub name: String,
    /// Role.
    pub role: Role,
    /// The organization behind whose wall they are.
    pub organization_id: OrganizationId,
    /// Campaigns that they are confined to; `None`: all of the organization's.
    pub campaigns: Option<Arc<BTreeSet<CampaignId>>>,
    /// Scopes of a token; `None`: whatever the role gives.
    pub scopes: Option<Arc<BTreeSet<String>>>,
}

/// Something a role may do.
pub trait Permission: Send + Sync + 'static {
    /// Its word among a token's scopes and in the API's description.
    const SCOPE: &'static str;
    /// The least role that may.
    const LEAST: Role;
    /// What it is, for the refusal.
    const WHAT: &'static str;
}

macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident: $scope:literal, $least:ident, $what:literal;)+) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy)]
            pub struct $name;
            impl Permission for $name {
                const SCOPE: &'static str = $scope;
                const LEAST: Role = Role::$least;
                const WHAT: &'static str = $what;
            }
        )+

        /// All permissions: scope, least role, and what it is.
        pub const PERMISSIONS: &[(&str, Role, &str)] = &[$(($scope, Role::$least, $what)),+];
    };
}

permissions! {
    /// Look at campaigns, calls and conversations.
    Look: "look", Viewer, "look at the floor";
    /// Start and stop queues.
    RunQueue: "queues", Supervisor, "start and stop queues";
    /// Hang up other people's calls.
    SteerCalls: "calls", Supervisor, "steer calls";
    /// Work as an agent: log in, take calls, pause, set dispositions.
    TakeCalls: "seat", Agent, "take calls as an agent";
    /// Pause, resume and log out other agents, and say something to them.
    SteerAgents: "agents", Supervisor, "steer agents";
    /// Steer a VICIdial: its agents, leads, lists and campaigns.
    SteerVicidial: "vicidial", Supervisor, "steer a VICIdial";
    /// Set a VICIdial up: its users, phones and DIDs.
    SetUpVicidial: "vicidial_setup", Admin, "set a VICIdial up";
    /// Do something at Dialpad: start calls, hang up, transfer, label, record, set who is on duty.
    SteerDialpad: "dialpad", Supervisor, "steer Dialpad";
    /// Make and change campaigns, scripts, contacts and caller IDs.
    EditCampaigns: "campaigns", Supervisor, "change campaigns";
    /// Promise calls back, and keep the promise.
    KeepCallbacks: "callbacks", Agent, "keep callbacks";
    /// Put numbers on the do-not-call list.
    AddDoNotCall: "do_not_call", Agent, "add to the do-not-call list";
    /// Answer for the AGI scripts that existing users run.
    AnswerScripts: "agi", Agent, "answer AGI scripts";
    /// Carry people's data out.
    Export: "export", Supervisor, "export people's data";
    /// Make, change and end users and their tokens.
    ManageUsers: "users", Admin, "manage users";
    /// Webhooks, organization, legal holds.
    ManageServer: "server", Admin, "manage the server";
    /// Erase a person from the record.
    Erase: "erase", Admin, "erase people from the record";
    /// Read the audit log.
    ReadAudit: "audit", Admin, "read the audit log";
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
        Self {
            user_id: UserId(uuid::Uuid::nil()),
            proof: Proof::Operator,
            name: "operator".into(),
            role: Role::Admin,
            organization_id,
            campaigns: None,
            scopes: None,
        }
    }

    /// A permit for `P`, if role and scopes allow it.
    ///
    /// # Errors
    /// `forbidden`, naming what was asked and what it takes.
    pub fn permit<P: Permission>(&self) -> Result<Permit<P>, Problem> {
        if self.role < P::LEAST {
            return Err(Problem::new(
                Code::Forbidden,
                format!("the role {} may not {}; it takes {}", self.role, P::WHAT, P::LEAST),
            ));
        }
        if self.scopes.as_ref().is_some_and(|scopes| !scopes.contains(P::SCOPE)) {
            return Err(Problem::new(
                Code::Forbidden,
                format!("the token may not {}; it takes the scope {}", P::WHAT, P::SCOPE),
            ));
        }
        Ok(Permit { caller: self.clone(), what: PhantomData })
    }

    /// Whether they may see a campaign at all.
    pub fn covers(&self, campaign: CampaignId) -> bool {
        self.campaigns.as_ref().is_none_or(|own| own.contains(&campaign))
    }

    /// Whether they may see a call of this campaign; of a campaign that is gone, only who sees all of them.
    pub fn covers_call(&self, campaign: Option<CampaignId>) -> bool {
        campaign.map_or(self.campaigns.is_none(), |campaign| self.covers(campaign))
    }

    /// Refuses what lies outside their campaigns, in the words for what is not there.
    ///
    /// # Errors
    /// `not_found`.
    pub fn within(&self, campaign: CampaignId) -> Result<(), Problem> {
        if self.covers(campaign) { Ok(()) } else { Err(Problem::not_found(format!("campaign {campaign}"))) }
    }

    /// Refuses what concerns the whole organization to those confined to campaigns.
    ///
    /// # Errors
    /// `forbidden`.
    pub fn everywhere(&self) -> Result<(), Problem> {
        if self.campaigns.is_none() {
            return Ok(());
        }
        let message = "this concerns the whole organization, and you are confined to campaigns";
        Err(Problem::new(Code::Forbidden, message))
    }
}

#[cfg(test)]
mod tests {
    use super::{Caller, Look, RunQueue};
    use dialdeck_protocol::{CampaignId, Code, OrganizationId, Role};
    use std::collections::BTreeSet;
    use std::sync::Arc;

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

    #[test]
    fn scopes_and_campaigns_narrow_what_a_role_gives() {
        let mut caller = Caller::operator(OrganizationId("default".into()));
        caller.scopes = Some(Arc::new(BTreeSet::from(["look".to_owned()])));
        assert!(caller.permit::<Look>().is_ok() && caller.permit::<RunQueue>().is_err());
        let (mine, other) = (CampaignId::new(), CampaignId::new());
        assert!(caller.everywhere().is_ok() && caller.within(other).is_ok());
        caller.campaigns = Some(Arc::new(BTreeSet::from([mine])));
        assert!(caller.within(mine).is_ok() && caller.everywhere().is_err());
        assert_eq!(caller.within(other).map_err(|p| p.code), Err(Code::NotFound));
    }
}
