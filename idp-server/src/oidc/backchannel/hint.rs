//! Whom does an application mean? (CIBA Core 1.0, 7.1: one of three hints)
//!
//! The answer tells an application whether somebody can be asked, which it may learn: it has proved who it is, and an
//! administrator gave it the right to ask people. Nobody, somebody who may not sign in, and somebody without a device are
//! one answer; and who asks for too many whom nobody knows is slowed down before anything is looked for.

use idp_core::{
    Fault, Id, Time,
    rate::RateWrite,
    store::{Batch, Committed},
    users::{Login, User},
};
use serde::Deserialize;
use symbolon_jose::{Expected, Typ};

use crate::{
    App,
    oidc::{
        audience::Audience,
        client::{Client, assertion},
        error::{Code, OAuthError},
        params::Params,
        token::id_token::Hint,
    },
};

/// The type of a `login_hint_token`: no other token of a client can pass for one.
const TYPE: &str = "login-hint+jwt";

/// Nobody can be asked.
pub(super) const UNKNOWN: OAuthError =
    OAuthError::new(Code::UnknownUserId, "nobody can be asked here under this hint");

const ONE: OAuthError = OAuthError::new(
    Code::InvalidRequest,
    "exactly one of login_hint, login_hint_token and id_token_hint is needed",
);
const BAD_TOKEN: OAuthError = OAuthError::new(
    Code::InvalidRequest,
    "login_hint_token must be a JWT of the type login-hint+jwt that the client signed, with iss, aud, exp and sub_id",
);

/// Whom a client means. It has taken one try, which [`found`] gives back.
///
/// # Errors
/// `unknown_user_id`, `expired_login_hint_token`, `invalid_request`.
pub(super) async fn person(app: &App, client: &Client, params: &Params) -> Result<Id<User>, OAuthError> {
    let hints = ["login_hint", "login_hint_token", "id_token_hint"];
    let [login, token, id_token] = hints.map(|name| params.one(name));
    let hint = match (login?, token?, id_token?) {
        (Some(login), None, None) => Named::Login(login.to_owned()),
        (None, Some(token), None) => by_token(app, client, token).await?,
        (None, None, Some(id_token)) => Named::Subject(by_id_token(app, client, id_token)?),
        _ => return Err(ONE),
    };
    tried(app, client).await?;
    let found = match hint {
        Named::Login(login) => match Login::parse(&login) {
            Some(login) => app.engine().users().user_by_login(login.as_str()).await?.map(|user| user.id),
            None => None,
        },
        Named::Subject(sub) => client.person(app.engine(), &sub),
    };
    found.ok_or(UNKNOWN)
}

/// How somebody is named.
enum Named {
    /// By the name that he signs in with.
    Login(String),
    /// As the client knows him.
    Subject(String),
}

/// An ID token of this client's. It may have expired (7.1).
fn by_id_token(app: &App, client: &Client, token: &str) -> Result<String, OAuthError> {
    let why = "id_token_hint is not an ID token of this client";
    match Hint::read(app, token).filter(|hint| hint.aud.contains(&client.id)) {
        Some(hint) => Ok(hint.sub),
        None => Err(OAuthError::new(Code::InvalidRequest, why)),
    }
}

/// What a client signs to name somebody (7.1 leaves the form to us): a subject identifier (RFC 9493) in a JWT.
#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: Audience,
    exp: i64,
    sub_id: Identifier,
}

/// RFC 9493, 3.2: those that name one person here.
#[derive(Deserialize)]
#[serde(tag = "format", rename_all = "snake_case")]
enum Identifier {
    /// As the client knows him (3.2.4).
    IssSub { iss: String, sub: String },
    /// The name that he signs in with (3.2.5).
    Opaque { id: String },
}

async fn by_token(app: &App, client: &Client, token: &str) -> Result<Named, OAuthError> {
    let expected = Expected::new(Typ::OneOf(&[TYPE]));
    let algorithms = client.backchannel_algorithms();
    let signed = assertion::signed_by::<Claims>(app, client, token, &algorithms, &expected).await;
    let claims = signed.map_err(|_| BAD_TOKEN)?.map_err(|_| BAD_TOKEN)?.claims;
    if claims.iss != client.id || !claims.aud.has(app.issuer()) {
        return Err(BAD_TOKEN);
    }
    if app.engine().now() >= Time(claims.exp) + assertion::SKEW {
        return Err(OAuthError::new(Code::ExpiredLoginHintToken, "login_hint_token is over"));
    }
    match claims.sub_id {
        Identifier::IssSub { iss, sub } if iss == app.issuer() => Ok(Named::Subject(sub)),
        Identifier::IssSub { .. } => Err(UNKNOWN),
        Identifier::Opaque { id } => Ok(Named::Login(id)),
    }
}

/// Takes a try before anything is looked for.
async fn tried(app: &App, client: &Client) -> Result<(), OAuthError> {
    let (engine, now) = (app.engine(), app.engine().now());
    let limit = engine.settings().limits.network_failures();
    let try_it = RateWrite::Take { key: key(app, client), now, limit };
    match engine.store().commit(Batch::new().with(try_it)).await? {
        Committed::Yes => Ok(()),
        Committed::Conflict(_) => Err(OAuthError::new(
            Code::TemporarilyUnavailable,
            "too many hints that nobody is known by; try again later",
        )),
    }
}

/// Somebody was found and asked: that was no guess.
pub(super) async fn found(app: &App, client: &Client) -> Result<(), Fault> {
    let give_back = RateWrite::Return { key: key(app, client), now: app.engine().now() };
    match app.engine().store().commit(Batch::new().with(give_back)).await? {
        Committed::Yes | Committed::Conflict(_) => Ok(()),
    }
}

fn key(app: &App, client: &Client) -> [u8; 32] {
    app.engine().keys().digest("rate", &[b"hints", client.id.as_bytes()])
}
