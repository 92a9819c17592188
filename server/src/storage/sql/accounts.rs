//! Users and sessions.

use super::row::User;
use super::{Conn, StoreResult, failed, word};
use crate::domain::caller::Caller;
use crate::storage::{NewSession, NewUser, UserRow};
use chrono::{DateTime, Utc};
use dialdeck_protocol::{OrganizationId, SessionId, UserId};
use uuid::Uuid;

pub(super) async fn caller(conn: &mut Conn, hash: &str, now: DateTime<Utc>) -> StoreResult<Option<Caller>> {
    let row: Option<(Uuid, Uuid, String, String, String)> = sqlx::query_as(
        "SELECT s.id, u.id, u.name, u.role, u.organization_id FROM sessions s JOIN users u ON u.id = s.user_id \
         WHERE s.token_hash = $1 AND s.revoked_at IS NULL AND s.expires_at > $2 AND NOT u.disabled",
    )
    .bind(hash)
    .bind(now.naive_utc())
    .fetch_optional(conn)
    .await
    .map_err(|e| failed(&e))?;
    row.map(|(session, user, name, role, organization)| {
        Ok(Caller {
            user_id: UserId(user),
            session_id: SessionId(session),
            name,
            role: word(&role)?,
            organization_id: OrganizationId(organization),
        })
    })
    .transpose()
}

pub(super) async fn user(conn: &mut Conn, name: &str) -> StoreResult<Option<UserRow>> {
    let row: Option<User> = sqlx::query_as(
        "SELECT id, organization_id, name, role, password_hash, disabled FROM users WHERE name = $1",
    )
    .bind(name)
    .fetch_optional(conn)
    .await
    .map_err(|e| failed(&e))?;
    row.map(User::noun).transpose()
}

pub(super) async fn users(conn: &mut Conn, organization: &OrganizationId) -> StoreResult<Vec<UserRow>> {
    let rows: Vec<User> = sqlx::query_as(
        "SELECT id, organization_id, name, role, password_hash, disabled FROM users WHERE organization_id = $1 \
         ORDER BY name",
    )
    .bind(organization.as_str())
    .fetch_all(conn)
    .await
    .map_err(|e| failed(&e))?;
    rows.into_iter().map(User::noun).collect()
}

pub(super) async fn add_user(conn: &mut Conn, user: &NewUser) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO users (id, organization_id, name, role, password_hash, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(Uuid::now_v7())
    .bind(user.organization_id.as_str())
    .bind(&user.name)
    .bind(user.role.as_str())
    .bind(&user.password_hash)
    .bind(user.at.naive_utc())
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn set_password(
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
    sqlx::query("UPDATE sessions SET revoked_at = $2 WHERE user_id = $1 AND revoked_at IS NULL")
        .bind(user)
        .bind(now.naive_utc())
        .execute(conn)
        .await?;
    Ok(true)
}

pub(super) async fn add_session(conn: &mut Conn, session: &NewSession) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO sessions (id, user_id, token_hash, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(session.id.0)
    .bind(session.user_id.0)
    .bind(&session.token_hash)
    .bind(session.at.naive_utc())
    .bind(session.expires_at.naive_utc())
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn revoke_session(
    conn: &mut Conn,
    session: SessionId,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE sessions SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL")
        .bind(session.0)
        .bind(now.naive_utc())
        .execute(conn)
        .await?;
    Ok(())
}
