//! What does an authorization request ask for, and may it? (OpenID Connect Core 1.0, 3.1.2; RFC 7636; RFC 9700)

mod claims;
mod object;
mod prompt;
pub mod pushed;
mod response;
mod scope;
mod unanswered;

use std::sync::Arc;

use idp_core::{Id, Time, policy::Acr, policy::Requirement, users::User};
use idp_protocol::Octets;
use serde::{Deserialize, Serialize};

use super::{
    client::{Client, Pkce, RedirectUri},
    dpop::Thumbprint,
    error::{self, OAuthError},
    params::{Duplicate, Params},
    token::id_token::Hint,
};
use crate::App;
use claims::Claims;

pub use claims::Asks;
pub(crate) use claims::RESOURCE;
pub use prompt::Prompt;
pub use response::{Mode, ResponseType, Way};
pub use scope::SCOPES;
pub use unanswered::{BadAddress, Code, Unanswered};

use unanswered::No;

/// A checked request, as it is parked while somebody signs in.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AuthorizationRequest {
    /// Who asks.
    pub client_id: String,
    /// Where the answer goes.
    pub return_to: ReturnTo,
    /// What comes back.
    #[serde(default)]
    pub response_type: ResponseType,
    /// What is asked about the person.
    pub asks: Asks,
    /// What the ID token repeats.
    pub nonce: Option<String>,
    /// The PKCE challenge: SHA-256 of what only whoever began has.
    pub challenge: Option<Octets<32>>,
    /// The key whose holder may redeem the code (RFC 9449, 10).
    #[serde(default)]
    pub key: Option<Thumbprint>,
    /// How sure the sign-in must be.
    pub requirement: Requirement,
    /// Whether the person has to agree, even if he did before (`prompt=consent`).
    #[serde(default)]
    pub ask_consent: bool,
    /// In which languages the client would like our pages: tags, separated by spaces (OpenID Connect Core 1.0, 3.1.2.1).
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub ui_locales: String,
}

/// Where an answer goes: an address that is registered for the client, with the client's `state`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnTo {
    /// To whom.
    #[serde(default)]
    pub client_id: String,
    /// The address, letter by letter as registered.
    pub redirect_uri: String,
    /// What the client wants back.
    pub state: Option<String>,
    /// How the answer travels.
    #[serde(default)]
    pub mode: Mode,
}

impl ReturnTo {
    /// Where the answer to these parameters goes. A refusal travels as the answer would have, as far as that can be read.
    fn of(client: &Client, uri: &RedirectUri, params: &Params) -> Self {
        let one = |name| params.one(name).ok().flatten();
        let response_type = one("response_type").and_then(ResponseType::from_name).unwrap_or_default();
        let signature = client.registration.metadata.authorization_signed_response_alg;
        let mode = Mode::read(one("response_mode"), response_type, signature);
        Self {
            client_id: client.id.clone(),
            redirect_uri: uri.as_str().to_owned(),
            state: one("state").map(str::to_owned),
            mode: mode.unwrap_or_else(|| Mode::usual(response_type)),
        }
    }
}

/// A request with what matters before the sign-in only.
#[derive(Debug)]
pub struct Asked {
    /// The request.
    pub request: AuthorizationRequest,
    /// The client.
    pub client: Arc<Client>,
    /// Whether and how the person is asked.
    pub prompt: Prompt,
    /// The classes that the client would like, the dearest first (`acr_values`).
    pub wishes: Vec<Acr>,
    /// What may stand in the field for the login, at most 254 characters.
    pub login_hint: Option<String>,
}

/// Reads and checks a request: first where an answer may go, then everything else.
///
/// # Errors
/// [`Unanswered`].
pub async fn read(app: &App, params: Params) -> Result<Asked, Unanswered> {
    check(app, &object::resolve(app, params).await?).await
}

/// What is asked for without a browser: about the person, how sure it must be, and which classes would be liked (RFC 8628,
/// 3.1; CIBA Core 1.0, 7.1). What is about a browser does not count, like whatever nobody knows.
///
/// # Errors
/// An error of RFC 6749, 5.2.
pub fn without_browser(
    app: &App,
    client: &Client,
    params: &Params,
) -> Result<(Asks, Requirement, Vec<Acr>), OAuthError> {
    let read = || -> Result<_, No> {
        if params.one("authorization_details")?.is_some() {
            return Err(NO_DETAILS);
        }
        let claims = Claims::default();
        let asks = Asks {
            scope: scope::read(client, ResponseType::Code, params.one("scope")?)?,
            id_token: Vec::new(),
            userinfo: Vec::new(),
            resources: client.resources(app.issuer(), params.resources()).ok_or(INVALID_TARGET)?,
            essential_acr: Vec::new(),
        };
        Ok((asks, requirement(app, client, params, &claims)?, wishes(client, params, &claims)))
    };
    read().map_err(|(code, why)| OAuthError::new(code.into(), why))
}

/// Checks the parameters that count.
async fn check(app: &App, params: &Params) -> Result<Asked, Unanswered> {
    let id = params.one("client_id").ok().flatten().ok_or(Unanswered::Page(BadAddress::Client))?;
    let client =
        app.clients().find(id, app.engine().now()).await?.ok_or(Unanswered::Page(BadAddress::Client))?;
    let asked = params.one("redirect_uri").ok().flatten();
    let uri =
        asked.and_then(|text| client.redirect_uri(text)).ok_or(Unanswered::Page(BadAddress::RedirectUri))?;
    let return_to = ReturnTo::of(&client, &uri, params);
    match checked(app, &client, params, return_to.clone()) {
        Ok((request, prompt, wishes)) => {
            let hint = params.one("login_hint").ok().flatten();
            let login_hint = hint.map(|hint| hint.chars().take(254).collect());
            Ok(Asked { request, client, prompt, wishes, login_hint })
        }
        Err((code, why)) => Err(Unanswered::Refused(return_to, code, why)),
    }
}

/// The classes that the client would like, the dearest first.
fn wishes(client: &Client, params: &Params, claims: &Claims) -> Vec<Acr> {
    match params.one("acr_values").ok().flatten() {
        Some(asked) => asked.split(' ').filter_map(Acr::from_name).collect(),
        None if !claims.wished_acr.is_empty() => claims.wished_acr.clone(),
        None => {
            let usual = &client.registration.metadata.default_acr_values;
            usual.iter().filter_map(|name| Acr::from_name(name)).collect()
        }
    }
}

fn checked(
    app: &App,
    client: &Client,
    params: &Params,
    return_to: ReturnTo,
) -> Result<(AuthorizationRequest, Prompt, Vec<Acr>), No> {
    if params.has_duplicates() {
        return Err(Duplicate.into());
    }
    refuse_unsupported(params)?;
    let response_type = response_type(client, params)?;
    let (prompt, ask_consent) = Prompt::read(params.one("prompt")?)?;
    let claims = Claims::read(params.one("claims")?)?.of_scopes(|scope| client.may_ask_for(scope));
    let requirement = requirement(app, client, params, &claims)?;
    let wishes = wishes(client, params, &claims);
    let request = AuthorizationRequest {
        client_id: client.id.clone(),
        return_to,
        response_type,
        asks: Asks {
            scope: scope::read(client, response_type, params.one("scope")?)?,
            id_token: claims.id_token,
            userinfo: claims.userinfo,
            resources: client.resources(app.issuer(), params.resources()).ok_or(INVALID_TARGET)?,
            essential_acr: claims.essential_acr,
        },
        nonce: nonce(response_type, params)?,
        challenge: tied(client, response_type, params)?,
        key: key(params)?,
        requirement,
        ask_consent,
        ui_locales: params.one("ui_locales")?.unwrap_or_default().chars().take(MAX_LOCALES).collect(),
    };
    Ok((request, prompt, wishes))
}

/// The values of `display`. The pages fit a window, a small one, and a phone, and work without script and without touch, so
/// one serves all. Another value is ignored like any wish that we do not know (OpenID Connect Core 1.0, 3.1.2.1).
pub const DISPLAYS: [&str; 4] = ["page", "popup", "touch", "wap"];

/// How much of `ui_locales` is read, in characters.
const MAX_LOCALES: usize = 100;

fn refuse_unsupported(params: &Params) -> Result<(), No> {
    if params.one("authorization_details")?.is_some() {
        return Err(NO_DETAILS);
    }
    if params.one("registration")?.is_some() {
        return Err((Code::RegistrationNotSupported, "registration is not supported"));
    }
    Ok(())
}

fn key(params: &Params) -> Result<Option<Thumbprint>, No> {
    let named = params.one("dpop_jkt")?.map(str::parse).transpose();
    let named = named.map_err(|_| (Code::InvalidRequest, "dpop_jkt is no thumbprint (RFC 7638, SHA-256)"))?;
    Ok(named.map(Thumbprint))
}

fn response_type(client: &Client, params: &Params) -> Result<ResponseType, No> {
    let name = params.one("response_type")?.ok_or((Code::InvalidRequest, "response_type is missing"))?;
    let of = ResponseType::from_name(name)
        .ok_or((Code::UnsupportedResponseType, "response_type is not one that discovery lists"))?;
    let metadata = &client.registration.metadata;
    if !metadata.response_types.contains(&of) {
        return Err((Code::UnauthorizedClient, "the client is not registered for this response_type"));
    }
    let mode = params.one("response_mode")?;
    if Mode::read(mode, of, metadata.authorization_signed_response_alg).is_none() {
        let why = "response_mode must be fragment or form_post, or query for a code alone";
        return Err((Code::InvalidRequest, why));
    }
    let is_jwt = mode.is_some_and(|mode| mode == "jwt" || mode.ends_with(".jwt"));
    // Whoever writes the link must not be able to have the answer sent in the clear.
    if metadata.encryption.of_answers().is_some() && !is_jwt {
        let why =
            "the client is registered for encrypted answers; response_mode must be one of those with jwt";
        return Err((Code::InvalidRequest, why));
    }
    Ok(of)
}

/// An ID token that comes through the browser must be one for this request: somebody could put another one in its place
/// (OpenID Connect Core 1.0, 3.2.2.1 and 3.3.2.11).
fn nonce(of: ResponseType, params: &Params) -> Result<Option<String>, No> {
    match params.one("nonce")? {
        None if of.has_id_token() => Err((Code::InvalidRequest, "nonce is missing")),
        nonce => Ok(nonce.map(str::to_owned)),
    }
}

/// A client that was let off PKCE sends a nonce: with neither, a code that somebody slips into another browser would be
/// taken there (RFC 9700, 2.1.1 and 4.5.3). Whoever registers a client without either wants just that.
fn tied(client: &Client, of: ResponseType, params: &Params) -> Result<Option<Octets<32>>, No> {
    let challenge = challenge(client, of, params)?;
    let is_tied = challenge.is_some() || params.one("nonce")?.is_some();
    if of.has_code() && !is_tied && client.registration.terms.pkce != Pkce::Untied {
        return Err((Code::InvalidRequest, "code_challenge (PKCE) or nonce is needed"));
    }
    Ok(challenge)
}

fn challenge(client: &Client, of: ResponseType, params: &Params) -> Result<Option<Octets<32>>, No> {
    let method = params.one("code_challenge_method")?;
    let Some(challenge) = params.one("code_challenge")? else {
        if (client.needs_pkce() && of.has_code()) || method.is_some() {
            return Err((Code::InvalidRequest, "code_challenge is missing (PKCE)"));
        }
        return Ok(None);
    };
    // Without a method it would be `plain`, which helps nobody who can read the request (RFC 7636, 7.2).
    if method != Some("S256") {
        return Err((Code::InvalidRequest, "code_challenge_method must be S256"));
    }
    let challenge = challenge.parse().map_err(|_| (Code::InvalidRequest, "code_challenge is malformed"))?;
    Ok(Some(challenge))
}

fn requirement(app: &App, client: &Client, params: &Params, claims: &Claims) -> Result<Requirement, No> {
    let age: Option<u32> = match params.one("max_age")? {
        Some(age) => {
            Some(age.parse().map_err(|_| (Code::InvalidRequest, "max_age must be a number of seconds"))?)
        }
        None => client.registration.metadata.default_max_age,
    };
    let not_before = age.map(|age| app.engine().now() + -i64::from(age));
    let hinted = hinted(app, client, params.one("id_token_hint")?)?;
    let named = match &claims.sub {
        Some(sub) => Some(client.person(app.engine(), sub).ok_or(UNKNOWN_SUB)?),
        None => None,
    };
    if named.is_some() && hinted.is_some() && named != hinted {
        return Err((Code::InvalidRequest, "id_token_hint and claims are about two people"));
    }
    Ok(Requirement {
        // The weakest of the essential classes will do; those above it are as good.
        acr: client.registration.terms.min_acr.max(claims.essential_acr.iter().min().copied()),
        not_before,
        user: named.or(hinted),
        ..Requirement::default()
    })
}

const NO_DETAILS: No = (
    Code::InvalidAuthorizationDetails,
    "rich authorization requests (RFC 9396) are not supported; ask for scopes",
);

const INVALID_TARGET: No =
    (Code::InvalidTarget, "resource is not one that the client is registered for (RFC 8707)");

const UNKNOWN_SUB: No =
    (Code::InvalidRequest, "the sub in claims or in id_token_hint is not one that this client knows");

/// Who an earlier ID token of this client was about; it may have expired (OpenID Connect Core 1.0, 3.1.2.1).
fn hinted(app: &App, client: &Client, token: Option<&str>) -> Result<Option<Id<User>>, No> {
    let Some(token) = token else { return Ok(None) };
    match Hint::read(app, token).filter(|hint| hint.aud.contains(&client.id)) {
        // Whom nobody knows any more (the client has other names for people since) is nobody who happens to be here.
        Some(hint) => client.person(app.engine(), &hint.sub).ok_or(UNKNOWN_SUB).map(Some),
        None => Err((Code::InvalidRequest, "id_token_hint is not an ID token of this client")),
    }
}

impl AuthorizationRequest {
    /// What the sign-in has to reach: for `prompt=login` with evidence that is newer than the request.
    #[must_use]
    pub fn requiring(mut self, prompt: Prompt, now: Time) -> Self {
        if prompt == Prompt::Login {
            self.requirement.not_before = Some(now);
        }
        self
    }
}
