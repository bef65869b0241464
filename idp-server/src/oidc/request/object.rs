//! Does a request come signed, or from elsewhere than the browser? (RFC 9101, RFC 9126)

use idp_core::Time;
use serde::Deserialize as _;
use serde_json::{Map, Value};
use symbolon_jose::{Expected, Typ, is_encrypted};
use symbolon_outbound::{Fragment, Limits};
use zeroize::Zeroizing;

use super::{BadAddress, Code, ReturnTo, Unanswered, pushed};
use crate::{
    App,
    oidc::{
        audience::Audience,
        client::{Client, assertion},
        params::Params,
    },
};

/// What a signed request says about itself.
const ABOUT_ITSELF: [&str; 7] = ["iss", "aud", "exp", "nbf", "iat", "jti", "sub"];

/// Why a request object is not read.
pub(super) type Bad = (Code, &'static str);

/// The parameters that count: those of the query, or those of a request object or a pushed request, and then none of the
/// query (RFC 9101, 5: whoever wrote the link could add what nobody signed).
///
/// # Errors
/// [`Unanswered`].
pub(super) async fn resolve(app: &App, params: Params) -> Result<Params, Unanswered> {
    let id = params.one("client_id").ok().flatten().ok_or(Unanswered::Page(BadAddress::Client))?;
    let client =
        app.clients().find(id, app.engine().now()).await?.ok_or(Unanswered::Page(BadAddress::Client))?;
    let told = |bad: Bad| told(&client, &params, bad);
    let one =
        |name| params.one(name).map_err(|_| told((Code::InvalidRequest, "a parameter stands there twice")));
    match (one("request")?, one("request_uri")?) {
        (None, None) => unsigned(&client).map(|()| params.clone()).map_err(told),
        (Some(_), Some(_)) => Err(told((Code::InvalidRequest, "request and request_uri exclude each other"))),
        (Some(object), None) => {
            may_come_unpushed(&client).map_err(told)?;
            signed(app, &client, object).await.map_err(told)
        }
        (None, Some(uri)) if uri.starts_with(pushed::PREFIX) => {
            pushed::find(app, &client, uri).await?.map_err(told)
        }
        (None, Some(uri)) => {
            may_come_unpushed(&client).map_err(told)?;
            let object = fetched(app, &client, uri).await.map_err(told)?;
            signed(app, &client, &object).await.map_err(told)
        }
    }
}

/// A plain request, of a client that promised more.
fn unsigned(client: &Client) -> Result<(), Bad> {
    may_come_unpushed(client)?;
    may_come_unsigned(client)
}

fn may_come_unpushed(client: &Client) -> Result<(), Bad> {
    match client.must_push() {
        true => Err((Code::InvalidRequest, "the client is registered to push its requests (RFC 9126)")),
        false => Ok(()),
    }
}

pub(super) fn may_come_unsigned(client: &Client) -> Result<(), Bad> {
    match client.registration.metadata.require_signed_request_object {
        true => Err((Code::InvalidRequest, "the client is registered to sign its requests (RFC 9101)")),
        false => Ok(()),
    }
}

/// Back to the client, if the query names an address of its own; else the person is told.
fn told(client: &Client, params: &Params, (code, why): Bad) -> Unanswered {
    let named = params.one("redirect_uri").ok().flatten().and_then(|uri| client.redirect_uri(uri));
    let Some(uri) = named else { return Unanswered::Page(BadAddress::Request) };
    Unanswered::Refused(ReturnTo::of(client, &uri, params), code, why)
}

const UNREADABLE: Bad = (
    Code::InvalidRequestObject,
    "the request object is not one that the client signed with a registered key",
);

/// The parameters of a signed request (RFC 9101, 4 and 6).
///
/// # Errors
/// `invalid_request_object`.
pub(super) async fn signed(app: &App, client: &Client, object: &str) -> Result<Params, Bad> {
    let opened = opened(app, client, object)?;
    let object = opened.as_ref().map_or(object, |opened| opened.as_str());
    let expected = Expected::new(Typ::OneOfOrAbsent(&["oauth-authz-req+jwt", "JWT"]));
    let algorithms = client.request_algorithms();
    let claims =
        assertion::signed_by::<Map<String, Value>>(app, client, object, &algorithms, &expected).await;
    let claims = claims.map_err(|_| UNREADABLE)?.map_err(|error| {
        tracing::info!(client = client.id, %error, "a request object does not verify");
        UNREADABLE
    })?;
    let claims = claims.claims;
    check(app, client, &claims)?;
    let kept = claims.into_iter().filter(|(name, _)| !ABOUT_ITSELF.contains(&name.as_str()));
    Ok(Params::from_members(kept))
}

/// The signed token in an encrypted one. The answer to what cannot be opened is that to what nobody signed: whoever feeds
/// us ciphertexts that he changed learns nothing from the difference (RFC 7516, 11.5).
fn opened(app: &App, client: &Client, object: &str) -> Result<Option<Zeroizing<String>>, Bad> {
    let promised = client.registration.metadata.encryption.of_request_objects();
    if !is_encrypted(object) {
        // Whoever can see one that was sent in the clear knows what its client meant to hide.
        return match promised {
            Some(_) => Err((
                Code::InvalidRequestObject,
                "the client is registered to encrypt its request objects (request_object_encryption_alg)",
            )),
            None => Ok(None),
        };
    }
    let keys = app.provider().keys();
    keys.decryption().open(object, promised).map(Some).map_err(|_| {
        tracing::info!(client = client.id, "an encrypted request object cannot be opened");
        UNREADABLE
    })
}

fn check(app: &App, client: &Client, claims: &Map<String, Value>) -> Result<(), Bad> {
    let bad = |why| Err((Code::InvalidRequestObject, why));
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let now = app.engine().now();
    let time = |name: &str| claims.get(name).and_then(Value::as_i64).map(Time);
    if text("client_id") != Some(&client.id)
        || claims.get("iss").is_some_and(|iss| iss.as_str() != Some(&client.id))
    {
        return bad("client_id and iss of the request object must be the client_id");
    }
    // It would be an assertion that authenticates the client, and it travels through the browser (RFC 9101, 10.8).
    if text("sub") == Some(&client.id) {
        return bad("sub of the request object must not be the client_id; leave it out");
    }
    if !claims.get("aud").is_none_or(|aud| Audience::deserialize(aud).is_ok_and(|aud| aud.has(app.issuer())))
    {
        return bad("aud of the request object must be the issuer");
    }
    if time("exp").is_some_and(|exp| now >= exp + assertion::SKEW)
        || [time("nbf"), time("iat")].into_iter().flatten().any(|since| now + assertion::SKEW < since)
    {
        return bad("the request object is over, or from the future");
    }
    match claims.contains_key("request") || claims.contains_key("request_uri") {
        true => bad("a request object holds no other request"),
        false => Ok(()),
    }
}

/// A request object at an address that is registered for the client: nobody makes us ask anywhere else (RFC 9101, 10.4).
async fn fetched(app: &App, client: &Client, uri: &str) -> Result<String, Bad> {
    let registered = &client.registration.metadata.request_uris;
    // What is behind the # is a digest that makes a new version another address (OpenID Connect Core 1.0, 6.2).
    let address = |uri: &str| uri.split('#').next().unwrap_or_default().to_owned();
    if !registered.iter().any(|own| address(own.as_str()) == address(uri)) {
        return Err((Code::InvalidRequestUri, "request_uri is not registered for the client (request_uris)"));
    }
    let unreachable = (Code::InvalidRequestUri, "nothing can be fetched from request_uri");
    let target = app.outbound().target(uri, Fragment::Dropped).map_err(|_| unreachable)?;
    let answer = app.outbound().get(&target, Limits::default()).await.map_err(|error| {
        tracing::info!(client = client.id, %error, "a request object cannot be fetched");
        unreachable
    })?;
    let object = std::str::from_utf8(&answer.body).ok().filter(|_| answer.status == 200);
    object.map(|object| object.trim().to_owned()).ok_or(unreachable)
}
