//! How does an administrator change accounts?

use idp_core::users::{Profile, User, UserState};

use super::{
    arguments::UserCommand,
    terminal::{date, new_password, say, table},
};
use crate::{
    App,
    accounts::{self, NewAccount},
};

/// How many accounts are read at once.
const PAGE: u32 = 500;

pub(super) async fn run(app: &App, command: UserCommand) -> anyhow::Result<()> {
    match command {
        UserCommand::Add { login, profile: given } => {
            let mut profile = Profile::default();
            given.apply(&mut profile);
            add(app, NewAccount { login, profile }).await
        }
        UserCommand::Set { login, profile: given } => {
            let mut user = accounts::find(app.engine(), &login).await?;
            given.apply(&mut user.profile);
            accounts::set_profile(app.engine(), user).await?;
            say(&format!("Applications learn the new values about {login} from now on."));
            Ok(())
        }
        UserCommand::Passwd { login } => passwd(app, &login).await,
        UserCommand::Unlock { login } => {
            let user = accounts::find(app.engine(), &login).await?;
            app.engine().unlock(user.id).await?;
            say(&format!("{} may try again.", user.login));
            Ok(())
        }
        UserCommand::Reset { login } => {
            let user = accounts::find(app.engine(), &login).await?;
            app.engine().reset_account(user.id).await?;
            say(&format!("{} has no devices any more, and is signed out everywhere.", user.login));
            Ok(())
        }
        UserCommand::Disable { login } => switch(app, &login, UserState::Disabled).await,
        UserCommand::Enable { login } => switch(app, &login, UserState::Active).await,
        UserCommand::List => list(app).await,
    }
}

async fn add(app: &App, new: NewAccount) -> anyhow::Result<()> {
    let password = new_password()?;
    let user = accounts::add(app.engine(), new, &password).await?;
    say(&format!("{} has an account now (id {}).", user.login, user.id));
    Ok(())
}

async fn passwd(app: &App, login: &str) -> anyhow::Result<()> {
    let user = accounts::find(app.engine(), login).await?;
    let password = new_password()?;
    accounts::check_password(&password, &user.login)?;
    app.engine().set_password(user.id, &password).await?;
    say(&format!("{} has a new password.", user.login));
    Ok(())
}

async fn switch(app: &App, login: &str, state: UserState) -> anyhow::Result<()> {
    let user = accounts::find(app.engine(), login).await?;
    let login = user.login.clone();
    accounts::switch(app.engine(), user, state).await?;
    say(&match state {
        UserState::Active => format!("{login} may sign in."),
        _ => format!("{login} may not sign in any more, and is signed out everywhere."),
    });
    Ok(())
}

async fn list(app: &App) -> anyhow::Result<()> {
    let mut users: Vec<User> = Vec::new();
    loop {
        let after = users.last().map(|user| user.login.clone());
        let page = app.db().users(after.as_deref(), PAGE).await?;
        if page.is_empty() {
            break;
        }
        users.extend(page);
    }
    let rows = users.into_iter().map(|user| {
        let name = user.profile.name.unwrap_or_default();
        [user.login, user.state.name().to_owned(), date(user.created_at), name, user.id.to_string()]
    });
    table(["LOGIN", "STATE", "SINCE", "NAME", "ID"], rows.collect());
    Ok(())
}
