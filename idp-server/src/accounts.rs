//! How does a person get an account?

use idp_core::{
    Error, Fault, Id,
    audit::{AuditRow, Event},
    credential::{CredentialRow, CredentialWrite},
    engine::{Engine, credential_aad},
    evidence::Assurance,
    notify::{Notice, NoticeRow},
    passwords,
    session::SessionWrite,
    store::{Batch, Committed},
    users::{Login, Profile, User, UserState, UserWrite},
};

/// A person who is about to get an account.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// The name for signing in, as it was typed.
    pub login: String,
    /// What applications may learn.
    pub profile: Profile,
}

/// Why there is no account.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AccountError {
    /// Nobody can have such a name.
    #[error("a login has 1 to 254 characters, none of them a space")]
    Login,
    /// The password is too short or too long.
    #[error(
        "a password has at least {} characters and at most {} bytes, and is not the login",
        passwords::MIN_CHARS,
        passwords::MAX_BYTES
    )]
    Password,
    /// The name is taken.
    #[error("there is a user with this login already")]
    Taken,
    /// There is no such person.
    #[error("there is no user with this login")]
    Unknown,
    /// Trouble of ours.
    #[error(transparent)]
    Trouble(#[from] Error),
}

impl From<Fault> for AccountError {
    fn from(fault: Fault) -> Self {
        Self::Trouble(fault.into())
    }
}

/// Makes an account with a password.
///
/// # Errors
/// [`AccountError`].
pub async fn add(engine: &Engine, new: NewAccount, password: &str) -> Result<User, AccountError> {
    let login = Login::parse(&new.login).ok_or(AccountError::Login)?;
    check_password(password, login.as_str())?;
    let hash = engine.passwords().hash(password).await?;
    let now = engine.now();
    let user = User {
        id: Id::random(engine.crypto()),
        login: login.as_str().to_owned(),
        state: UserState::Active,
        created_at: now,
        profile: new.profile,
    };
    let id = Id::<CredentialRow>::random(engine.crypto());
    let credential = CredentialRow {
        id,
        user: user.id,
        kind: "password".to_owned(),
        handle: None,
        counter: 0,
        drift: 0,
        consumed_at: None,
        created_at: now,
        assurance: Assurance::Usual,
        secret: engine.sealer().seal(&credential_aad(id), &hash),
    };
    let batch = Batch::new()
        .with(UserWrite::Insert(user.clone()))
        .with(CredentialWrite::Insert(credential))
        .with(audit(engine, &user, "user.added"));
    match engine.store().commit(batch).await? {
        Committed::Yes => Ok(user),
        Committed::Conflict(_) => Err(AccountError::Taken),
    }
}

/// Refuses a password that nobody with this login should have.
///
/// # Errors
/// [`AccountError::Password`].
pub fn check_password(password: &str, login: &str) -> Result<(), AccountError> {
    if passwords::is_acceptable(password, login) { Ok(()) } else { Err(AccountError::Password) }
}

/// The person with this login.
///
/// # Errors
/// [`AccountError::Unknown`] if there is none.
pub async fn find(engine: &Engine, login: &str) -> Result<User, AccountError> {
    let login = Login::parse(login).ok_or(AccountError::Unknown)?;
    engine.users().user_by_login(login.as_str()).await?.ok_or(AccountError::Unknown)
}

/// Switches an account on or off. Off also ends its sessions, and with them every token.
///
/// # Errors
/// [`AccountError`] if the store fails.
pub async fn switch(engine: &Engine, mut user: User, state: UserState) -> Result<(), AccountError> {
    let is_news = std::mem::replace(&mut user.state, state) != state;
    let mut batch = Batch::new().with(UserWrite::Update(user.clone()));
    batch.extend(is_news.then(|| NoticeRow {
        id: Id::random(engine.crypto()),
        user: user.id,
        notice: Notice::AccountSwitched { state },
        created_at: engine.now(),
        delivered_at: None,
    }));
    batch.push(audit(engine, &user, &format!("user.{}", state.name())));
    if state != UserState::Active {
        batch.push(SessionWrite::EndAll { user: user.id, browser: None, except: None, at: engine.now() });
    }
    match engine.store().commit(batch).await? {
        Committed::Yes => Ok(()),
        Committed::Conflict(_) => Err(AccountError::Unknown),
    }
}

/// Replaces what applications may learn about a person.
///
/// # Errors
/// [`AccountError`] if the store fails, or the person is gone.
pub async fn set_profile(engine: &Engine, user: User) -> Result<(), AccountError> {
    let event = audit(engine, &user, "user.profile_set");
    match engine.store().commit(Batch::new().with(UserWrite::Update(user)).with(event)).await? {
        Committed::Yes => Ok(()),
        Committed::Conflict(_) => Err(AccountError::Unknown),
    }
}

fn audit(engine: &Engine, user: &User, name: &str) -> AuditRow {
    AuditRow {
        id: Id::random(engine.crypto()),
        at: engine.now(),
        user: Some(user.id),
        event: Event::new(name),
    }
}
