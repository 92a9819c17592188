//! Who may log in, by what, and what they asked for before.

use super::{NewSession, NewUser, StoreResult, UserRow};
use crate::domain::caller::Caller;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use dialdeck_protocol::{CampaignId, OrganizationId, Role, SessionId, TokenId, UserId};

/// A log-in that is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRow {
    /// Id.
    pub id: SessionId,
    /// Whose.
    pub user_id: UserId,
    /// Their log-in name.
    pub user: String,
    /// From where.
    pub client: String,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// Until when.
    pub expires_at: DateTime<Utc>,
}

/// A program's token, without the token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRow {
    /// Id.
    pub id: TokenId,
    /// As whom it acts.
    pub user_id: UserId,
    /// Their log-in name.
    pub user: String,
    /// What it is called.
    pub name: String,
    /// What it may.
    pub scopes: Vec<String>,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// Until when.
    pub expires_at: DateTime<Utc>,
}

/// What is to change of a user; what is `None` stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserChange {
    /// Role.
    pub role: Option<Role>,
    /// May not log in.
    pub disabled: Option<bool>,
    /// Campaigns they are confined to (`Some(None)`: all).
    pub campaigns: Option<Option<Vec<CampaignId>>>,
}

/// A request that carries an idempotency key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Whose key.
    pub organization_id: OrganizationId,
    /// Whose key.
    pub actor: String,
    /// The key.
    pub key: String,
    /// What was asked, hashed.
    pub fingerprint: String,
}

/// What is known of an idempotency key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claimed {
    /// Nothing: do it.
    Fresh,
    /// It was done; this was the answer: status, content type, body.
    Answered(u16, String, String),
    /// It was asked with something else.
    OtherRequest,
    /// It is being done, or was cut off: nobody knows.
    Unsettled,
}

/// Users, sessions, tokens, organizations and idempotency keys.
#[async_trait]
pub trait Accounts {
    /// The user of a valid session or token.
    async fn caller(&self, token_hash: &str, now: DateTime<Utc>) -> StoreResult<Option<Caller>>;
    /// A user by log-in name.
    async fn user(&self, name: &str) -> StoreResult<Option<UserRow>>;
    /// All users of an organization, by name.
    async fn users(&self, organization: &OrganizationId) -> StoreResult<Vec<UserRow>>;
    /// Adds a user; a name that is taken is a conflict.
    async fn add_user(&self, user: &NewUser) -> StoreResult<UserId>;
    /// Changes a user and ends the sessions of one who is disabled. False when there is no such user.
    async fn change_user(
        &self,
        organization: &OrganizationId,
        user: UserId,
        change: &UserChange,
        now: DateTime<Utc>,
    ) -> StoreResult<bool>;
    /// Sets a user's password hash and ends their sessions. False when there is no such user.
    async fn set_password(&self, name: &str, hash: &str, now: DateTime<Utc>) -> StoreResult<bool>;

    /// Opens a session.
    async fn add_session(&self, session: &NewSession) -> StoreResult<()>;
    /// Open sessions, of one user or of all, newest first.
    async fn sessions(
        &self,
        organization: &OrganizationId,
        user: Option<UserId>,
        now: DateTime<Utc>,
    ) -> StoreResult<Vec<SessionRow>>;
    /// Ends a session. False when it is not there (or not this user's).
    async fn revoke_session(
        &self,
        organization: &OrganizationId,
        user: Option<UserId>,
        session: SessionId,
        now: DateTime<Utc>,
    ) -> StoreResult<bool>;

    /// Adds a token for programs.
    async fn add_token(
        &self,
        organization: &OrganizationId,
        token: &TokenRow,
        token_hash: &str,
    ) -> StoreResult<()>;
    /// Valid tokens, of one user or of all, newest first.
    async fn tokens(
        &self,
        organization: &OrganizationId,
        user: Option<UserId>,
        now: DateTime<Utc>,
    ) -> StoreResult<Vec<TokenRow>>;
    /// Ends a token. False when it is not there (or not this user's).
    async fn revoke_token(
        &self,
        organization: &OrganizationId,
        user: Option<UserId>,
        token: TokenId,
        now: DateTime<Utc>,
    ) -> StoreResult<bool>;

    /// All organizations: id, name, since when.
    async fn organizations(&self) -> StoreResult<Vec<(OrganizationId, String, DateTime<Utc>)>>;
    /// Adds an organization, or renames it.
    async fn save_organization(&self, id: &OrganizationId, name: &str, now: DateTime<Utc>)
    -> StoreResult<()>;

    /// Takes an idempotency key, or says what is known of it.
    async fn claim(&self, claim: &Claim, now: DateTime<Utc>) -> StoreResult<Claimed>;
    /// Keeps the answer to a claimed request; `None` lets the key go, because nothing was done.
    async fn settle(&self, claim: &Claim, answer: Option<(u16, &str, &str)>) -> StoreResult<()>;
}
