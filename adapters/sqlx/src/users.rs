//! How are people kept, where the server keeps them itself?

use idp_core::{
    Fault, Id,
    store::{Answer, Users},
    users::{User, UserState, UserWrite},
};

use crate::{
    Db,
    sql::{Conn, Found, bounded, execute, find, list, to_json, unknown_write},
};

macro_rules! select {
    ($rest:literal) => {
        concat!("SELECT id, login, state, created_at, profile FROM users ", $rest)
    };
}

fn row(found: Found<'_>) -> sqlx::Result<User> {
    Ok(User {
        id: found.id("id")?,
        login: found.text("login")?,
        state: found.named("state", UserState::from_name)?,
        created_at: found.time("created_at")?,
        profile: found.json("profile")?,
    })
}

impl Users for Db {
    fn user(&self, id: Id<User>) -> Answer<'_, Option<User>> {
        bounded(async move { find!(self.reads(), row, select!("WHERE id = $1"), id.bytes().as_slice()) })
    }

    fn user_by_login(&self, login: &str) -> Answer<'_, Option<User>> {
        let login = login.to_owned();
        bounded(async move { find!(self.reads(), row, select!("WHERE login = $1"), login.as_str()) })
    }
}

impl Db {
    /// A page of people in the order of their logins: at most `limit`, those after the login `after`.
    ///
    /// # Errors
    /// [`Fault`] if the database does not answer.
    pub async fn users(&self, after: Option<&str>, limit: u32) -> Result<Vec<User>, Fault> {
        bounded(async move {
            list!(
                self.reads(),
                row,
                select!("WHERE login > $1 ORDER BY login LIMIT $2"),
                after.unwrap_or(""),
                i64::from(limit),
            )
        })
        .await
    }
}

/// Whether the guard held.
pub(crate) async fn write(conn: &mut Conn<'_>, write: &UserWrite) -> sqlx::Result<bool> {
    let touched = match write {
        UserWrite::Insert(user) => execute!(
            conn,
            "INSERT INTO users (id, login, state, created_at, profile) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT DO NOTHING",
            user.id.bytes().as_slice(),
            user.login.as_str(),
            user.state.name(),
            user.created_at.0,
            to_json(&user.profile)?,
        ),
        UserWrite::Update(user) => execute!(
            conn,
            "UPDATE users SET state = $2, profile = $3 WHERE id = $1",
            user.id.bytes().as_slice(),
            user.state.name(),
            to_json(&user.profile)?,
        ),
        _ => return Err(unknown_write()),
    };
    Ok(touched == 1)
}
