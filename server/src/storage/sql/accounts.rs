//! Users, their log-ins and organizations.

use super::engine::BEGIN_WRITE;
use super::row::User;
use super::{Conn, SqlStore, StoreResult, failed, tokens, word};
use crate::domain::caller::{Caller, Proof};
use crate::storage::accounts::{Accounts, Claim, Claimed, SessionRow, TokenRow, UserChange};
use crate::storage::{NewSession, NewUser, UserRow};
use async_trait::async_trait;
use chrono::{DateTime, NaiveDateTime, Utc};
use dialdeck_protocol::{CampaignId, OrganizationId, SessionId, TokenId, UserId};
use sqlx::types::Json;
use std::sync::Arc;
use uuid::Uuid;

#[derive(sqlx::FromRow)]
struct CallerRow {
    proof: Uuid,
    user_id: Uuid,
    name: String,
    role: String,
    organization_id: String,
    campaigns: Option<Json<Vec<CampaignId>>>,
    scopes: Option<Json<Vec<String>>>,
}

async fn caller(conn: &mut Conn, hash: &str, now: DateTime<Utc>) -> StoreResult<Option<Caller>> {
    let row: Option<CallerRow> = sqlx::query_as(
        "SELECT s.id AS proof, u.id AS user_id, u.name, u.role, u.organization_id, u.campaigns, NULL AS scopes \
         FROM sessions s JOIN users u ON u.id = s.user_id \
         WHERE s.token_hash = $1 AND s.revoked_at IS NULL AND s.expires_at > $2 AND NOT u.disabled \
         UNION ALL \
         SELECT t.id, u.id, u.name, u.role, u.organization_id, u.campaigns, t.scopes \
         FROM api_tokens t JOIN users u ON u.id = t.user_id \
         WHERE t.token_hash = $1 AND t.revoked_at IS NULL AND t.expires_at > $2 AND NOT u.disabled",
    )
    .bind(hash)
    .bind(now.naive_utc())
    .fetch_optional(conn)
    .await
    .map_err(|e| failed(&e))?;
    row.map(|row| {
        let proof = match row.scopes {
            Some(_) => Proof::Token(TokenId(row.proof)),
            None => Proof::Session(SessionId(row.proof)),
        };
        Ok(Caller {
            user_id: UserId(row.user_id),
            proof,
            name: row.name,
            role: word(&row.role)?,
            organization_id: OrganizationId(row.organization_id),
            campaigns: row.campaigns.map(|list| Arc::new(list.0.into_iter().collect())),
            scopes: row.scopes.map(|list| Arc::new(list.0.into_iter().collect())),
        })
    })
    .transpose()
}

const USERS: &str = "SELECT id, organization_id, name, role, password_hash, disabled, campaigns, created_at FROM users WHERE ";

async fn user(conn: &mut Conn, name: &str) -> StoreResult<Option<UserRow>> {
    let mut query = sqlx::QueryBuilder::<super::Db>::new(USERS);
    query.push("name = ").push_bind(name.to_owned());
    let row: Option<User> = query.build_query_as().fetch_optional(conn).await.map_err(|e| failed(&e))?;
    row.map(User::noun).transpose()
}

async fn users(conn: &mut Conn, organization: &OrganizationId) -> StoreResult<Vec<UserRow>> {
    let mut query = sqlx::QueryBuilder::<super::Db>::new(USERS);
    query.push("organization_id = ").push_bind(organization.0.clone()).push(" ORDER BY name");
    let rows: Vec<User> = query.build_query_as().fetch_all(conn).await.map_err(|e| failed(&e))?;
    rows.into_iter().map(User::noun).collect()
}

async fn add_user(conn: &mut Conn, user: &NewUser) -> Result<UserId, sqlx::Error> {
    let id = UserId::new();
    sqlx::query(
        "INSERT INTO users (id, organization_id, name, role, password_hash, created_at, campaigns) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(id.0)
    .bind(user.organization_id.as_str())
    .bind(&user.name)
    .bind(user.role.as_str())
    .bind(&user.password_hash)
    .bind(user.at.naive_utc())
    .bind(user.campaigns.as_ref().map(Json))
    .execute(conn)
    .await?;
    Ok(id)
}

async fn end_sessions(conn: &mut Conn, user: Uuid, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE sessions SET revoked_at = $2 WHERE user_id = $1 AND revoked_at IS NULL")
        .bind(user)
        .bind(now.naive_utc())
        .execute(conn)
        .await?;
    Ok(())
}

async fn change_user(
    conn: &mut Conn,
    organization: &OrganizationId,
    user: UserId,
    change: &UserChange,
    now: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let mut query = sqlx::QueryBuilder::<super::Db>::new("UPDATE users SET updated_at = ");
    query.push_bind(now.naive_utc());
    if let Some(role) = change.role {
        query.push(", role = ").push_bind(role.as_str());
    }
    if let Some(disabled) = change.disabled {
        query.push(", disabled = ").push_bind(disabled);
    }
    if let Some(campaigns) = &change.campaigns {
        query.push(", campaigns = ").push_bind(campaigns.clone().map(Json));
    }
    query.push(" WHERE organization_id = ").push_bind(organization.0.clone());
    query.push(" AND id = ").push_bind(user.0);
    if query.build().execute(&mut *conn).await?.rows_affected() == 0 {
        return Ok(false);
    }
    if change.disabled == Some(true) {
        end_sessions(conn, user.0, now).await?;
    }
    Ok(true)
}

async fn set_password(
    conn: &mut Conn,
    name: &str,
    hash: &str,
    now: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let user: Option<Uuid> =
        sqlx::query_scalar("UPDATE users SET password_hash = $2 WHERE name = $1 RETURNING id")
            .bind(name)
            .bind(hash)
            .fetch_optional(&mut *conn)
            .await?;
    let Some(user) = user else { return Ok(false) };
    end_sessions(conn, user, now).await?;
    Ok(true)
}

async fn add_session(conn: &mut Conn, session: &NewSession) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO sessions (id, user_id, token_hash, created_at, expires_at, client) VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(session.id.0)
    .bind(session.user_id.0)
    .bind(&session.token_hash)
    .bind(session.at.naive_utc())
    .bind(session.expires_at.naive_utc())
    .bind(&session.client)
    .execute(conn)
    .await?;
    Ok(())
}

#[async_trait]
impl Accounts for SqlStore {
    async fn caller(&self, token_hash: &str, now: DateTime<Utc>) -> StoreResult<Option<Caller>> {
        caller(&mut *self.conn().await?, token_hash, now).await
    }

    async fn user(&self, name: &str) -> StoreResult<Option<UserRow>> {
        user(&mut *self.conn().await?, name).await
    }

    async fn users(&self, organization: &OrganizationId) -> StoreResult<Vec<UserRow>> {
        users(&mut *self.conn().await?, organization).await
    }

    async fn add_user(&self, user: &NewUser) -> StoreResult<UserId> {
        add_user(&mut *self.conn().await?, user).await.map_err(|e| failed(&e))
    }

    async fn change_user(
        &self,
        organization: &OrganizationId,
        user: UserId,
        change: &UserChange,
        now: DateTime<Utc>,
    ) -> StoreResult<bool> {
        let mut tx = self.pool.begin_with(BEGIN_WRITE).await.map_err(|e| failed(&e))?;
        let found = change_user(&mut tx, organization, user, change, now).await.map_err(|e| failed(&e))?;
        tx.commit().await.map_err(|e| failed(&e))?;
        Ok(found)
    }

    async fn set_password(&self, name: &str, hash: &str, now: DateTime<Utc>) -> StoreResult<bool> {
        let mut tx = self.pool.begin_with(BEGIN_WRITE).await.map_err(|e| failed(&e))?;
        let found = set_password(&mut tx, name, hash, now).await.map_err(|e| failed(&e))?;
        tx.commit().await.map_err(|e| failed(&e))?;
        Ok(found)
    }

    async fn add_session(&self, session: &NewSession) -> StoreResult<()> {
        add_session(&mut *self.conn().await?, session).await.map_err(|e| failed(&e))
    }

    async fn sessions(
        &self,
        organization: &OrganizationId,
        user: Option<UserId>,
        now: DateTime<Utc>,
    ) -> StoreResult<Vec<SessionRow>> {
        tokens::sessions(&mut *self.conn().await?, organization, user, now).await
    }

    async fn revoke_session(
        &self,
        organization: &OrganizationId,
        user: Option<UserId>,
        session: SessionId,
        now: DateTime<Utc>,
    ) -> StoreResult<bool> {
        let conn = &mut *self.conn().await?;
        tokens::revoke_session(conn, organization, user, session, now).await.map_err(|e| failed(&e))
    }

    async fn add_token(
        &self,
        organization: &OrganizationId,
        token: &TokenRow,
        token_hash: &str,
    ) -> StoreResult<()> {
        let conn = &mut *self.conn().await?;
        tokens::add_token(conn, organization, token, token_hash).await.map_err(|e| failed(&e))
    }

    async fn tokens(
        &self,
        organization: &OrganizationId,
        user: Option<UserId>,
        now: DateTime<Utc>,
    ) -> StoreResult<Vec<TokenRow>> {
        tokens::tokens(&mut *self.conn().await?, organization, user, now).await
    }

    async fn revoke_token(
        &self,
        organization: &OrganizationId,
        user: Option<UserId>,
        token: TokenId,
        now: DateTime<Utc>,
    ) -> StoreResult<bool> {
        let conn = &mut *self.conn().await?;
        tokens::revoke_token(conn, organization, user, token, now).await.map_err(|e| failed(&e))
    }

    async fn organizations(&self) -> StoreResult<Vec<(OrganizationId, String, DateTime<Utc>)>> {
        let rows: Vec<(String, String, NaiveDateTime)> =
            sqlx::query_as("SELECT id, name, created_at FROM organizations ORDER BY id")
                .fetch_all(&self.pool)
                .await
                .map_err(|e| failed(&e))?;
        Ok(rows.into_iter().map(|(id, name, at)| (OrganizationId(id), name, at.and_utc())).collect())
    }

    async fn save_organization(
        &self,
        id: &OrganizationId,
        name: &str,
        now: DateTime<Utc>,
    ) -> StoreResult<()> {
        sqlx::query(
            "INSERT INTO organizations (id, name, created_at) VALUES ($1, $2, $3) \
             ON CONFLICT (id) DO UPDATE SET name = excluded.name",
        )
        .bind(id.as_str())
        .bind(name)
        .bind(now.naive_utc())
        .execute(&self.pool)
        .await
        .map_err(|e| failed(&e))?;
        Ok(())
    }

    async fn claim(&self, claim: &Claim, now: DateTime<Utc>) -> StoreResult<Claimed> {
        tokens::claim(&mut *self.conn().await?, claim, now).await
    }

    async fn settle(&self, claim: &Claim, answer: Option<(u16, &str, &str)>) -> StoreResult<()> {
        tokens::settle(&mut *self.conn().await?, claim, answer).await.map_err(|e| failed(&e))
    }
}
