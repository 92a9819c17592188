//! Sessions and tokens as they are listed and ended, and idempotency keys.

use super::{Conn, StoreResult, failed};
use crate::storage::accounts::{Claim, Claimed, SessionRow, TokenRow};
use chrono::{DateTime, NaiveDateTime, Utc};
use dialdeck_protocol::{OrganizationId, SessionId, TokenId, UserId};
use sqlx::types::Json;
use uuid::Uuid;

type Listed = (Uuid, Uuid, String, String, NaiveDateTime, NaiveDateTime);

pub(super) async fn sessions(
    conn: &mut Conn,
    organization: &OrganizationId,
    user: Option<UserId>,
    now: DateTime<Utc>,
) -> StoreResult<Vec<SessionRow>> {
    let rows: Vec<Listed> = sqlx::query_as(
        "SELECT s.id, u.id, u.name, s.client, s.created_at, s.expires_at FROM sessions s \
         JOIN users u ON u.id = s.user_id \
         WHERE u.organization_id = $1 AND ($2 IS NULL OR u.id = $2) AND s.revoked_at IS NULL AND s.expires_at > $3 \
         ORDER BY s.created_at DESC, s.id LIMIT 1000",
    )
    .bind(organization.as_str())
    .bind(user.map(|u| u.0))
    .bind(now.naive_utc())
    .fetch_all(conn)
    .await
    .map_err(|e| failed(&e))?;
    let shown = |(id, user_id, user, client, created, expires): Listed| SessionRow {
        id: SessionId(id),
        user_id: UserId(user_id),
        user,
        client,
        created_at: created.and_utc(),
        expires_at: expires.and_utc(),
    };
    Ok(rows.into_iter().map(shown).collect())
}

pub(super) async fn revoke_session(
    conn: &mut Conn,
    organization: &OrganizationId,
    user: Option<UserId>,
    session: SessionId,
    now: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let ended = sqlx::query(
        "UPDATE sessions SET revoked_at = $4 WHERE id = $1 AND revoked_at IS NULL AND user_id IN \
         (SELECT id FROM users WHERE organization_id = $2 AND ($3 IS NULL OR id = $3))",
    )
    .bind(session.0)
    .bind(organization.as_str())
    .bind(user.map(|u| u.0))
    .bind(now.naive_utc())
    .execute(conn)
    .await?;
    Ok(ended.rows_affected() > 0)
}

pub(super) async fn add_token(
    conn: &mut Conn,
    organization: &OrganizationId,
    token: &TokenRow,
    hash: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO api_tokens (id, organization_id, user_id, name, scopes, token_hash, created_at, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(token.id.0)
    .bind(organization.as_str())
    .bind(token.user_id.0)
    .bind(&token.name)
    .bind(Json(&token.scopes))
    .bind(hash)
    .bind(token.created_at.naive_utc())
    .bind(token.expires_at.naive_utc())
    .execute(conn)
    .await?;
    Ok(())
}

#[derive(sqlx::FromRow)]
struct TokenListed {
    id: Uuid,
    user_id: Uuid,
    user_name: String,
    name: String,
    scopes: Json<Vec<String>>,
    created_at: NaiveDateTime,
    expires_at: NaiveDateTime,
}

pub(super) async fn tokens(
    conn: &mut Conn,
    organization: &OrganizationId,
    user: Option<UserId>,
    now: DateTime<Utc>,
) -> StoreResult<Vec<TokenRow>> {
    let rows: Vec<TokenListed> = sqlx::query_as(
        "SELECT t.id, t.user_id, u.name AS user_name, t.name, t.scopes, t.created_at, t.expires_at \
         FROM api_tokens t JOIN users u ON u.id = t.user_id \
         WHERE t.organization_id = $1 AND ($2 IS NULL OR t.user_id = $2) AND t.revoked_at IS NULL \
         AND t.expires_at > $3 ORDER BY t.id DESC LIMIT 1000",
    )
    .bind(organization.as_str())
    .bind(user.map(|u| u.0))
    .bind(now.naive_utc())
    .fetch_all(conn)
    .await
    .map_err(|e| failed(&e))?;
    let shown = |row: TokenListed| TokenRow {
        id: TokenId(row.id),
        user_id: UserId(row.user_id),
        user: row.user_name,
        name: row.name,
        scopes: row.scopes.0,
        created_at: row.created_at.and_utc(),
        expires_at: row.expires_at.and_utc(),
    };
    Ok(rows.into_iter().map(shown).collect())
}

pub(super) async fn revoke_token(
    conn: &mut Conn,
    organization: &OrganizationId,
    user: Option<UserId>,
    token: TokenId,
    now: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let ended = sqlx::query(
        "UPDATE api_tokens SET revoked_at = $4 WHERE id = $1 AND organization_id = $2 AND revoked_at IS NULL \
         AND ($3 IS NULL OR user_id = $3)",
    )
    .bind(token.0)
    .bind(organization.as_str())
    .bind(user.map(|u| u.0))
    .bind(now.naive_utc())
    .execute(conn)
    .await?;
    Ok(ended.rows_affected() > 0)
}

pub(super) async fn claim(conn: &mut Conn, claim: &Claim, now: DateTime<Utc>) -> StoreResult<Claimed> {
    let taken = sqlx::query(
        "INSERT INTO idempotency (organization_id, actor, key, fingerprint, created_at) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (organization_id, actor, key) DO NOTHING",
    )
    .bind(claim.organization_id.as_str())
    .bind(&claim.actor)
    .bind(&claim.key)
    .bind(&claim.fingerprint)
    .bind(now.naive_utc())
    .execute(&mut *conn)
    .await
    .map_err(|e| failed(&e))?;
    if taken.rows_affected() == 1 {
        return Ok(Claimed::Fresh);
    }
    let row: Option<(String, Option<i32>, String, String)> = sqlx::query_as(
        "SELECT fingerprint, status, content_type, body FROM idempotency \
         WHERE organization_id = $1 AND actor = $2 AND key = $3",
    )
    .bind(claim.organization_id.as_str())
    .bind(&claim.actor)
    .bind(&claim.key)
    .fetch_optional(conn)
    .await
    .map_err(|e| failed(&e))?;
    Ok(match row {
        Some((fingerprint, ..)) if fingerprint != claim.fingerprint => Claimed::OtherRequest,
        Some((_, Some(status), content_type, body)) => {
            Claimed::Answered(u16::try_from(status).unwrap_or(500), content_type, body)
        }
        _ => Claimed::Unsettled,
    })
}

pub(super) async fn settle(
    conn: &mut Conn,
    claim: &Claim,
    answer: Option<(u16, &str, &str)>,
) -> Result<(), sqlx::Error> {
    let query = match answer {
        Some((status, content_type, body)) => sqlx::query(
            "UPDATE idempotency SET status = $4, content_type = $5, body = $6 \
             WHERE organization_id = $1 AND actor = $2 AND key = $3",
        )
        .bind(claim.organization_id.as_str())
        .bind(&claim.actor)
        .bind(&claim.key)
        .bind(i32::from(status))
        .bind(content_type.to_owned())
        .bind(body.to_owned()),
        None => sqlx::query(
            "DELETE FROM idempotency WHERE organization_id = $1 AND actor = $2 AND key = $3 AND status IS NULL",
        )
        .bind(claim.organization_id.as_str())
        .bind(&claim.actor)
        .bind(&claim.key),
    };
    query.execute(conn).await?;
    Ok(())
}
