//! What is over, and how is it deleted?
//!
//! Each statement asks twice whether a row is over: once to choose a bounded number of rows, and once more in
//! the statement itself. PostgreSQL looks at the newest version of a row only there, and a mark that somebody
//! makes anew between choosing and deleting must stay, or its request could be replayed.

use idp_core::{
    Time,
    store::{FAILURES_STAY, NOTICES_STAY, REPEATABLE, SESSION_TRACE, SWEEP_ROWS},
};

use crate::sql::{Conn, execute};

/// How long the file of a federation may be read, in seconds.
const STAGING: i64 = 86_400;

/// How many rows went.
pub(crate) async fn sweep(conn: &mut Conn<'_>, now: Time) -> sqlx::Result<u64> {
    Ok(ceremonies(conn, now).await? + counts(conn, now).await? + accounts(conn, now).await?)
}

/// What a sign-in leaves behind.
async fn ceremonies(conn: &mut Conn<'_>, now: Time) -> sqlx::Result<u64> {
    let (limit, repeatable) = (i64::from(SWEEP_ROWS), now + -REPEATABLE);
    let swept = [
        execute!(
            conn,
            "DELETE FROM ceremonies WHERE expires_at <= $1 \
             AND id IN (SELECT id FROM ceremonies WHERE expires_at <= $1 LIMIT $2)",
            repeatable.0,
            limit,
        ),
        execute!(
            conn,
            "DELETE FROM sign_ins WHERE expires_at <= $1 \
             AND id IN (SELECT id FROM sign_ins WHERE expires_at <= $1 LIMIT $2)",
            repeatable.0,
            limit,
        ),
        execute!(
            conn,
            "DELETE FROM marks WHERE expires_at <= $1 \
             AND key IN (SELECT key FROM marks WHERE expires_at <= $1 LIMIT $2)",
            now.0,
            limit,
        ),
    ];
    Ok(swept.iter().sum())
}

/// How often somebody tried.
async fn counts(conn: &mut Conn<'_>, now: Time) -> sqlx::Result<u64> {
    let limit = i64::from(SWEEP_ROWS);
    let swept = [
        execute!(
            conn,
            "DELETE FROM rates WHERE expires_at <= $1 \
             AND key IN (SELECT key FROM rates WHERE expires_at <= $1 LIMIT $2)",
            now.0,
            limit,
        ),
        execute!(
            conn,
            "DELETE FROM throttles WHERE not_before <= $1 \
             AND key IN (SELECT key FROM throttles WHERE not_before <= $1 LIMIT $2)",
            (now + -FAILURES_STAY).0,
            limit,
        ),
    ];
    Ok(swept.iter().sum())
}

/// What belongs to a person's account.
async fn accounts(conn: &mut Conn<'_>, now: Time) -> sqlx::Result<u64> {
    let limit = i64::from(SWEEP_ROWS);
    let swept = [
        execute!(
            conn,
            // Not while an application is still to be told that somebody ended it: that settles within a day.
            "DELETE FROM sessions WHERE over_at <= $1 AND id IN (SELECT id FROM sessions WHERE over_at <= $1 \
             AND NOT EXISTS (SELECT 1 FROM parties WHERE session_id = sessions.id AND due_at IS NOT NULL) \
             AND NOT EXISTS (SELECT 1 FROM saml_parties WHERE session_id = sessions.id AND due_at IS NOT NULL) LIMIT $2)",
            (now + -SESSION_TRACE).0,
            limit,
        ),
        execute!(
            conn,
            "DELETE FROM known_browsers WHERE expires_at <= $1 AND (browser, user_id) IN \
             (SELECT browser, user_id FROM known_browsers WHERE expires_at <= $1 LIMIT $2)",
            now.0,
            limit,
        ),
        execute!(
            conn,
            "DELETE FROM grants WHERE expires_at <= $1 \
             AND id IN (SELECT id FROM grants WHERE expires_at <= $1 LIMIT $2)",
            now.0,
            limit,
        ),
        execute!(
            conn,
            "DELETE FROM consents WHERE expires_at <= $1 AND (user_id, client_id) IN \
             (SELECT user_id, client_id FROM consents WHERE expires_at <= $1 LIMIT $2)",
            now.0,
            limit,
        ),
        execute!(
            conn,
            "DELETE FROM notices WHERE delivered_at IS NOT NULL AND created_at <= $1 AND seq IN \
             (SELECT seq FROM notices WHERE delivered_at IS NOT NULL AND created_at <= $1 LIMIT $2)",
            (now + -NOTICES_STAY).0,
            limit,
        ),
        execute!(
            conn,
            // Of a reading that nobody ended: the process is gone.
            "DELETE FROM staged_providers WHERE staged_at <= $1 AND (staging, entity_id) IN \
             (SELECT staging, entity_id FROM staged_providers WHERE staged_at <= $1 LIMIT $2)",
            (now + -STAGING).0,
            limit,
        ),
    ];
    Ok(swept.iter().sum())
}
