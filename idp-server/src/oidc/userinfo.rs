//! How does an application ask about a person? (OpenID Connect Core 1.0, 5.3)

use axum::{
    Json,
    body::Bytes,
    extract::State,
    http::{HeaderMap, Method, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use idp_core::{Fault, policy::Acr};
use serde::Serialize;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::{
    Profile,
    client::Client,
    dpop,
    encryption::{Envelope, NoKey},
    error::{Code, OAuthError},
    holder::Holder,
    params::Params,
    person,
    sender::Sender,
    token::{access_token::AccessToken, is_form},
};
use crate::{App, routes};

/// The claims about the sign-in that a token may hold; those about the person stand in `person.rs`.
pub const CLAIMS: [&str; 13] = [
    "sub",
    "iss",
    "aud",
    "exp",
    "iat",
    "auth_time",
    "nonce",
    "acr",
    "amr",
    "at_hash",
    "c_hash",
    "s_hash",
    "sid",
];

#[derive(Clone, Serialize)]
struct Claims {
    sub: String,
    #[serde(flatten)]
    person: Map<String, Value>,
}

/// The claims as a token (OpenID Connect Core 1.0, 5.3.2).
#[derive(Serialize)]
struct TokenClaims<'a> {
    iss: &'a str,
    aud: &'a str,
    #[serde(flatten)]
    claims: Claims,
}

/// `GET` and `POST /oauth2/userinfo`.
pub async fn tell(State(app): State<App>, method: Method, sender: Sender, body: Bytes) -> Response {
    let bearer = Scheme { with_proof: false, profile: app.config().oidc.profile };
    let presented = match presented(&sender.headers, &body) {
        Ok(Some(presented)) => presented,
        Ok(None) => return bearer.challenge(StatusCode::UNAUTHORIZED, None),
        Err(TwoTokens) => return bearer.challenge(StatusCode::BAD_REQUEST, Some(Code::InvalidRequest)),
    };
    let scheme = Scheme { with_proof: presented.with_proof, ..bearer };
    // First the token. What is for another resource is
    // not taken here: it could have been passed on by that one.
    let token = AccessToken::read(&app, &presented.token).filter(|token| token.aud.has(app.issuer()));
    let Some(token) = token else {
        return scheme.challenge(StatusCode::UNAUTHORIZED, Some(Code::InvalidToken));
    };
    let client = match app.clients().find(&token.client_id, app.engine().now()).await {
        Ok(Some(client)) => client,
        Ok(None) => return scheme.challenge(StatusCode::UNAUTHORIZED, Some(Code::InvalidToken)),
        Err(fault) => return unavailable(&fault),
    };
    // One that is bound is worth nothing without what it is bound to, and with a key it is no mere bearer token
    // (RFC 8705, 3; RFC 9449, 7.2). A proof is read for a bound one only: anybody has some token, and could fill our memory.
    let needed = token.cnf.unwrap_or_default();
    if needed.key.is_some() != presented.with_proof {
        return scheme.challenge(StatusCode::UNAUTHORIZED, Some(Code::InvalidToken));
    }
    let of = dpop::For {
        method: &method,
        path: routes::USERINFO,
        token: Some(&presented.token),
        profile: client.profile,
        rate: sender.rate(&app, &client),
    };
    let proved = match needed.key {
        Some(_) => dpop::proved(&app, &sender.headers, of).await,
        None => Ok(None),
    };
    let key = match proved {
        Ok(key) => key,
        Err(OAuthError { error: Code::ServerError, .. }) => return busy(),
        Err(refused) => {
            return Scheme { with_proof: true, ..scheme }
                .challenge(StatusCode::UNAUTHORIZED, Some(refused.error));
        }
    };
    let proved = Holder { key, certificate: sender.certificate_digest() };
    if !needed.is_met_by(&proved) {
        return scheme.challenge(StatusCode::UNAUTHORIZED, Some(Code::InvalidToken));
    }
    match answer(&app, &client, scheme, token).await {
        Ok(Some(response)) => response,
        Ok(None) => scheme.challenge(StatusCode::UNAUTHORIZED, Some(Code::InvalidToken)),
        Err(fault) => unavailable(&fault),
    }
}

fn unavailable(fault: &Fault) -> Response {
    tracing::error!(%fault, "a userinfo request failed");
    busy()
}

fn busy() -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "2")]).into_response()
}

async fn answer(
    app: &App,
    client: &Client,
    scheme: Scheme,
    token: AccessToken,
) -> Result<Option<Response>, Fault> {
    let Some(grant) = token.holder(app).await? else { return Ok(None) };
    let now = app.engine().now();
    // Somebody decided after the sign-in that such a one is not enough for this client; that holds from now on, and not
    // from the next sign-in on.
    match client.registration.terms.min_acr {
        Some(needed) if grant.agreed.how_sure() < Some(needed) => return Ok(Some(scheme.step_up(needed))),
        _ => {}
    }
    // Less than was granted, if the token is for less (RFC 6749, 6).
    let mut asks = grant.agreed.asks;
    asks.scope.retain(|scope| token.covers(scope));
    let claims = Claims { sub: token.sub, person: person::at_userinfo(&grant.user, &asks) };
    let no_store = [(header::CACHE_CONTROL, "no-store")];
    let metadata = &client.registration.metadata;
    let envelope = match Envelope::of(app, client, metadata.encryption.of_userinfo()).await {
        Ok(envelope) => envelope,
        Err(no_key @ NoKey) => return Ok(Some(OAuthError::from(no_key).into_response())),
    };
    let of = |claims| TokenClaims { iss: app.issuer(), aud: &client.id, claims };
    let signed = match metadata.userinfo_signed_response_alg {
        Some(with) => {
            Some(app.provider().keys().signer(with.algorithm(), now)?.sign("JWT", &of(claims.clone()))?)
        }
        None => None,
    };
    let token = match (signed, envelope) {
        (None, None) => return Ok(Some((no_store, Json(claims)).into_response())),
        (Some(signed), None) => signed,
        (Some(signed), Some(envelope)) => envelope.around(app, &signed)?,
        (None, Some(envelope)) => envelope.around_claims(app, &serde_json::to_vec(&of(claims))?)?,
    };
    Ok(Some((no_store, [(header::CONTENT_TYPE, "application/jwt")], token).into_response()))
}

/// The request has two tokens (RFC 6750, 2).
struct TwoTokens;

/// A token as it came.
struct Presented {
    token: Zeroizing<String>,
    /// Whether it came as one that is bound to a key.
    with_proof: bool,
}

/// In the header, or in a form (RFC 6750, 2.1 and 2.2; RFC 9449, 7.1); never in the address, which ends in logs.
fn presented(headers: &HeaderMap, body: &[u8]) -> Result<Option<Presented>, TwoTokens> {
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let in_header = value.and_then(|value| value.split_once(' ')).and_then(|(scheme, token)| {
        let with_proof = scheme.eq_ignore_ascii_case("dpop");
        let is_known = with_proof || scheme.eq_ignore_ascii_case("bearer");
        is_known.then(|| Presented { token: Zeroizing::new(token.trim().to_owned()), with_proof })
    });
    let params = if is_form(headers) { Params::parse(body) } else { Params::default() };
    let in_form = params.one("access_token").map_err(|_| TwoTokens)?;
    match (in_header, in_form) {
        (Some(_), Some(_)) => Err(TwoTokens),
        (Some(token), None) => Ok(Some(token)),
        (None, token) => {
            let bearer =
                |token: &str| Presented { token: Zeroizing::new(token.to_owned()), with_proof: false };
            Ok(token.map(bearer))
        }
    }
}

/// How a token came, and what proofs of the sender may be signed with.
#[derive(Clone, Copy)]
struct Scheme {
    with_proof: bool,
    profile: Profile,
}

impl Scheme {
    /// RFC 6750, 3, and RFC 9449, 7.1: whoever sent no token at all is told no error.
    fn challenge(self, status: StatusCode, error: Option<Code>) -> Response {
        told(status, self.value(error))
    }

    /// RFC 9470, 3: the same token will not do later either; a sign-in of this class brings one that does.
    fn step_up(self, needed: Acr) -> Response {
        let value = self.value(Some(Code::InsufficientUserAuthentication));
        told(StatusCode::UNAUTHORIZED, format!("{value}, acr_values=\"{}\"", needed.name()))
    }

    fn value(self, error: Option<Code>) -> String {
        let name = if self.with_proof { "DPoP" } else { "Bearer" };
        let mut value = format!("{name} realm=\"userinfo\"");
        if let Some(Ok(Value::String(error))) = error.map(serde_json::to_value) {
            value.push_str(&format!(", error=\"{error}\""));
        }
        if self.with_proof {
            let names = self.profile.algorithms().into_iter().map(|algorithm| algorithm.name());
            value.push_str(&format!(", algs=\"{}\"", names.collect::<Vec<_>>().join(" ")));
        }
        value
    }
}

fn told(status: StatusCode, challenge: String) -> Response {
    let headers = [(header::WWW_AUTHENTICATE, challenge), (header::CACHE_CONTROL, "no-store".to_owned())];
    (status, headers).into_response()
}
