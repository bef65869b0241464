//! How are ceremonies kept?

use idp_core::{
    Id, Time,
    ceremony::{CeremonyRow, CeremonyWrite, Phase, Tries},
    mark::MarkRow,
    rate::RateRow,
    signin::SignInRow,
    store::{Answer, Ceremonies},
    throttle::ThrottleRow,
    users::User,
};

use crate::{
    Db, mark, rate, signin,
    sql::{Conn, Found, bounded, execute, find, id_bytes, list, unknown_write},
    throttle,
};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, kind, sign_in, user_id, device, phase, tries_left, revision, user_code, created_at, \
             expires_at, body FROM ceremonies ",
            $rest
        )
    };
}

fn row(found: Found<'_>) -> sqlx::Result<CeremonyRow> {
    Ok(CeremonyRow {
        id: found.id("id")?,
        kind: found.text("kind")?,
        sign_in: found.maybe_id("sign_in")?,
        user: found.maybe_id("user_id")?,
        device: found.maybe_id("device")?,
        phase: found.named("phase", Phase::from_name)?,
        tries_left: found.small("tries_left")?,
        revision: found.int("revision")?,
        user_code: found.maybe_array("user_code")?,
        created_at: found.time("created_at")?,
        expires_at: found.time("expires_at")?,
        body: found.sealed("body")?,
    })
}

impl Ceremonies for Db {
    fn ceremony(&self, id: Id<CeremonyRow>) -> Answer<'_, Option<CeremonyRow>> {
        bounded(async move { find!(self.reads(), row, select!("WHERE id = $1"), id.bytes().as_slice()) })
    }

    fn open_ceremonies(&self, user: Id<User>, now: Time) -> Answer<'_, Vec<CeremonyRow>> {
        bounded(async move {
            list!(
                self.reads(),
                row,
                select!(
                    "WHERE user_id = $1 AND phase = 'open' AND expires_at > $2 \
                     ORDER BY created_at DESC, id DESC"
                ),
                user.bytes().as_slice(),
                now.0,
            )
        })
    }

    fn unfinished_enrolments(&self, now: Time, limit: u32) -> Answer<'_, Vec<CeremonyRow>> {
        bounded(async move {
            list!(
                self.reads(),
                row,
                select!(
                    "WHERE sign_in IS NULL AND phase IN ('open', 'parked') AND expires_at <= $1 \
                     ORDER BY expires_at, id LIMIT $2"
                ),
                now.0,
                i64::from(limit),
            )
        })
    }

    fn ceremony_by_code(&self, code: [u8; 32], now: Time) -> Answer<'_, Option<CeremonyRow>> {
        bounded(async move {
            find!(
                self.reads(),
                row,
                select!("WHERE user_code = $1 AND phase = 'open' AND expires_at > $2"),
                code.as_slice(),
                now.0,
            )
        })
    }

    fn sign_in(&self, id: Id<SignInRow>) -> Answer<'_, Option<SignInRow>> {
        bounded(signin::find(self, id))
    }

    fn sign_in_with_mark(
        &self,
        id: Id<SignInRow>,
        key: [u8; 32],
        now: Time,
    ) -> Answer<'_, Option<(SignInRow, Option<MarkRow>)>> {
        bounded(signin::find_with_mark(self, id, key, now))
    }

    fn open_sign_ins(&self, address: &str, now: Time) -> Answer<'_, u32> {
        let address = address.to_owned();
        bounded(async move { signin::count_open(self, &address, now).await })
    }

    fn mark(&self, key: [u8; 32], now: Time) -> Answer<'_, Option<MarkRow>> {
        bounded(mark::find(self, key, now))
    }

    fn throttle(&self, key: [u8; 32]) -> Answer<'_, Option<ThrottleRow>> {
        bounded(throttle::find(self, key))
    }

    fn rate(&self, key: [u8; 32], now: Time) -> Answer<'_, Option<RateRow>> {
        bounded(rate::find(self, key, now))
    }
}

/// Whether the guard held.
pub(crate) async fn write(conn: &mut Conn<'_>, write: &CeremonyWrite) -> sqlx::Result<bool> {
    match write {
        CeremonyWrite::Insert(row) => insert(conn, row).await,
        CeremonyWrite::Update { row, tries } => update(conn, row, *tries).await,
        CeremonyWrite::SpendTry(id) => {
            let spent = execute!(
                conn,
                "UPDATE ceremonies SET tries_left = tries_left - 1 \
                 WHERE id = $1 AND phase = 'open' AND tries_left > 0",
                id.bytes().as_slice(),
            );
            Ok(spent == 1)
        }
        CeremonyWrite::Cancel { sign_in, except } => {
            execute!(
                conn,
                "UPDATE ceremonies SET phase = 'burned' \
                 WHERE sign_in = $1 AND id <> $2 AND phase IN ('open', 'parked')",
                sign_in.bytes().as_slice(),
                except.bytes().as_slice(),
            );
            Ok(true)
        }
        _ => Err(unknown_write()),
    }
}

async fn insert(conn: &mut Conn<'_>, row: &CeremonyRow) -> sqlx::Result<bool> {
    if row.sign_in.is_none() && row.user.is_some() {
        burn_expired_before(conn, row).await?;
    }
    let inserted = execute!(
        conn,
        "INSERT INTO ceremonies (id, kind, sign_in, user_id, device, phase, tries_left, revision, user_code, \
         created_at, expires_at, body) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) \
         ON CONFLICT DO NOTHING",
        row.id.bytes().as_slice(),
        row.kind.as_str(),
        id_bytes(&row.sign_in),
        id_bytes(&row.user),
        id_bytes(&row.device),
        row.phase.name(),
        i64::from(row.tries_left),
        row.revision,
        row.user_code.as_ref().map(<[u8; 32]>::as_slice),
        row.created_at.0,
        row.expires_at.0,
        row.body.0.as_slice(),
    );
    Ok(inserted == 1)
}

/// An enrolment that ran out stays open in its row until it is swept. An index cannot look at the clock, so it is
/// burned here, or nobody could begin another one for minutes.
async fn burn_expired_before(conn: &mut Conn<'_>, row: &CeremonyRow) -> sqlx::Result<()> {
    execute!(
        conn,
        "UPDATE ceremonies SET phase = 'burned' WHERE user_id = $1 AND kind = $2 AND sign_in IS NULL \
         AND phase = 'open' AND expires_at <= $3",
        id_bytes(&row.user),
        row.kind.as_str(),
        row.created_at.0,
    );
    Ok(())
}

/// The tries are counted from what is stored and not from what the engine read: a guess that was spent
/// meanwhile stays spent.
async fn update(conn: &mut Conn<'_>, row: &CeremonyRow, tries: Tries) -> sqlx::Result<bool> {
    let (reset, back) = match tries {
        Tries::Keep => (None, 0),
        Tries::GiveBack => (None, 1),
        Tries::Reset(tries) => (Some(i64::from(tries)), 0),
    };
    let updated = execute!(
        conn,
        "UPDATE ceremonies SET user_id = $3, device = $4, phase = $5, revision = $2, user_code = $6, \
         expires_at = $7, body = $8, \
         tries_left = COALESCE($9, CASE WHEN tries_left < 255 THEN tries_left + $10 ELSE tries_left END) \
         WHERE id = $1 AND revision = $2 - 1 AND phase IN ('open', 'parked')",
        row.id.bytes().as_slice(),
        row.revision,
        id_bytes(&row.user),
        id_bytes(&row.device),
        row.phase.name(),
        row.user_code.as_ref().map(<[u8; 32]>::as_slice),
        row.expires_at.0,
        row.body.0.as_slice(),
        reset,
        back,
    );
    Ok(updated == 1)
}
