//! Which parameters of a backchannel authentication request count, and may they? (CIBA Core 1.0, 7.1 and 7.1.1)

use idp_core::{
    Time,
    mark::{MarkRow, MarkWrite},
    policy::{Acr, Requirement},
    store::{Batch, Committed},
};
use idp_protocol::Text;
use serde::Deserialize;
use serde_json::{Map, Value};
use symbolon_jose::{Expected, Typ};

use crate::{
    App,
    oidc::{
        audience::Audience,
        client::{Client, DeliveryMode, assertion},
        error::{Code, OAuthError},
        params::Params,
        request::{self, Asks},
    },
};

/// What a client says about itself and not about the request.
const ABOUT_THE_CLIENT: [&str; 4] =
    ["client_id", "client_secret", "client_assertion", "client_assertion_type"];
/// What a signed request says about itself.
const ABOUT_ITSELF: [&str; 7] = ["iss", "aud", "exp", "nbf", "iat", "jti", "sub"];
/// How long a signed request may count at most, in seconds (FAPI-CIBA, 5.2.2): so long we remember that it was used.
const LONGEST: i64 = 3600;
/// How long a person may take at most, in seconds (NIST SP 800-63B-4, 3.1.3.2).
const LONGEST_LIFE: i64 = 600;
/// The longest bearer token for notifications, in characters (7.1), and the shortest that may hold 128 bits.
const TOKEN_LEN: std::ops::RangeInclusive<usize> = 22..=1024;

/// What is asked for.
pub(super) struct Asked {
    pub asks: Asks,
    pub requirement: Requirement,
    /// The classes that the client would like, the dearest first.
    pub wishes: Vec<Acr>,
    pub message: String,
    /// How long the person may take, in seconds.
    pub life: i64,
    pub notification_token: Option<String>,
}

const fn bad(why: &'static str) -> OAuthError {
    OAuthError::new(Code::InvalidRequest, why)
}

/// The parameters that count: those of the form, or those of a signed request, and then none of the form beside it.
///
/// # Errors
/// `invalid_request`.
pub(super) async fn counting(app: &App, client: &Client, params: Params) -> Result<Params, OAuthError> {
    let params = params.without(&ABOUT_THE_CLIENT);
    let promised = client.registration.metadata.backchannel.request_signing_alg.is_some();
    let Some(object) = params.one("request")?.map(str::to_owned) else {
        return match promised {
            true => Err(bad("the client is registered to sign its requests (CIBA Core, 7.1.1)")),
            false => Ok(params),
        };
    };
    if !params.without(&["request"]).is_empty() {
        return Err(bad("all parameters of a signed request stand in it (CIBA Core, 7.1.1)"));
    }
    signed(app, client, &object).await
}

const UNREADABLE: OAuthError = bad("the request is not one that the client signed with a registered key");

async fn signed(app: &App, client: &Client, object: &str) -> Result<Params, OAuthError> {
    let expected = Expected::new(Typ::OneOfOrAbsent(&["oauth-authz-req+jwt", "JWT"]));
    let algorithms = client.backchannel_algorithms();
    let signed =
        assertion::signed_by::<Map<String, Value>>(app, client, object, &algorithms, &expected).await;
    let claims = signed.map_err(|_| UNREADABLE)?.map_err(|error| {
        tracing::info!(client = client.id, %error, "a signed backchannel request does not verify");
        UNREADABLE
    })?;
    let claims = claims.claims;
    let (jti, until) = check(app, client, &claims)?;
    use_up(app, client, &jti, until).await?;
    let kept = claims.into_iter().filter(|(name, _)| !ABOUT_ITSELF.contains(&name.as_str()));
    let params = Params::from_members(kept);
    match params.has_duplicates() {
        true => Err(bad("a parameter stands there twice")),
        false => Ok(params),
    }
}

/// All of `iss`, `aud`, `exp`, `iat`, `nbf` and `jti` must be there (7.1.1).
fn check(app: &App, client: &Client, claims: &Map<String, Value>) -> Result<(String, Time), OAuthError> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let time = |name: &str| claims.get(name).and_then(Value::as_i64).map(Time);
    let now = app.engine().now();
    if text("iss") != Some(&client.id) {
        return Err(bad("iss of the signed request must be the client_id"));
    }
    // It would be an assertion that authenticates the client.
    if text("sub") == Some(&client.id) || claims.contains_key("request") {
        return Err(bad("a signed request has neither the client_id as sub nor another request in it"));
    }
    let is_for_us = |aud: &Value| Audience::deserialize(aud).is_ok_and(|aud| aud.has(app.issuer()));
    if !claims.get("aud").is_some_and(is_for_us) {
        return Err(bad("aud of the signed request must be the issuer"));
    }
    let times = (time("exp"), time("iat"), time("nbf"), text("jti").filter(|jti| jti.len() <= 256));
    let (Some(exp), Some(iat), Some(nbf), Some(jti)) = times else {
        return Err(bad("the signed request must have exp, iat, nbf and jti"));
    };
    let skew = assertion::SKEW;
    let is_now = now < exp + skew && iat <= now + skew && nbf <= now + skew;
    if !is_now || exp > nbf + LONGEST || exp > now + LONGEST + skew {
        return Err(bad("the signed request is over, from the future, or counts for more than an hour"));
    }
    Ok((jti.to_owned(), exp + skew))
}

/// One that was seen before is somebody else's copy: it would ask the person once more.
async fn use_up(app: &App, client: &Client, jti: &str, until: Time) -> Result<(), OAuthError> {
    let (engine, now) = (app.engine(), app.engine().now());
    let key = engine.keys().digest("backchannel-request", &[client.id.as_bytes(), jti.as_bytes()]);
    let row = MarkRow { key, answer: None, expires_at: until };
    match engine.store().commit(Batch::new().with(MarkWrite::Insert { row, now })).await? {
        Committed::Yes => Ok(()),
        Committed::Conflict(_) => Err(bad("the signed request was used before (jti)")),
    }
}

/// Checks everything but whom it is about.
///
/// # Errors
/// Those of section 13.
pub(super) fn read(app: &App, client: &Client, params: &Params) -> Result<Asked, OAuthError> {
    // A hint is about whom to ask, and is read where that is found out.
    let (asks, requirement, wishes) =
        request::without_browser(app, client, &params.clone().without(&["id_token_hint"]))?;
    if !asks.has("openid") {
        return Err(OAuthError::new(Code::InvalidScope, "scope must contain openid"));
    }
    // We have none, and whoever sends one believes that it is compared (7.1, 13: invalid_user_code).
    if params.one("user_code")?.is_some() {
        return Err(bad("user_code is not supported here (backchannel_user_code_parameter_supported)"));
    }
    Ok(Asked {
        asks,
        requirement,
        wishes,
        message: message(params)?,
        life: life(app, params)?,
        notification_token: notification_token(client, params)?,
    })
}

/// There is no number to compare and no browser of his: without a message the person could not tell one request from
/// another, and approve that of an attacker who asks at the same moment (FAPI-CIBA, 5.2.2).
fn message(params: &Params) -> Result<String, OAuthError> {
    let why =
        "binding_message is needed: 1 to 64 characters that can be shown, the same as where the person is";
    let bad = || OAuthError::new(Code::InvalidBindingMessage, why);
    let text = params.one("binding_message")?.ok_or_else(bad)?;
    text.parse::<Text<64>>().map(|text| text.as_str().to_owned()).map_err(|_| bad())
}

fn life(app: &App, params: &Params) -> Result<i64, OAuthError> {
    let Some(asked) = params.one("requested_expiry")? else {
        return Ok(app.engine().settings().backchannel_life);
    };
    match asked.parse::<u32>() {
        Ok(seconds) if seconds > 0 => Ok(i64::from(seconds).min(LONGEST_LIFE)),
        _ => Err(bad("requested_expiry must be a positive number of seconds")),
    }
}

/// What the client knows us by when it is pinged (7.1; RFC 6750, 2.1). Who polls sends none, and one that he sends anyway
/// means nothing.
fn notification_token(client: &Client, params: &Params) -> Result<Option<String>, OAuthError> {
    if client.registration.metadata.backchannel.mode != Some(DeliveryMode::Ping) {
        return Ok(None);
    }
    let token = params.one("client_notification_token")?;
    let token =
        token.ok_or(bad("client_notification_token is missing: the client is registered for ping"))?;
    let is_sign = |c: char| c.is_ascii_alphanumeric() || "-._~+/".contains(c);
    let fits = TOKEN_LEN.contains(&token.len()) && token.trim_end_matches('=').chars().all(is_sign);
    match fits {
        true => Ok(Some(token.to_owned())),
        false => Err(bad(
            "client_notification_token must be a bearer token (RFC 6750) of 128 bits at least and 1024 characters at most",
        )),
    }
}
