//! How does an application register itself, and change that later? (RFC 7591, RFC 7592; OpenID Connect Dynamic Client
//! Registration 1.0)

mod invitation;
pub(crate) mod members;

use std::{net::IpAddr, sync::Arc};

use axum::{
    Extension,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use idp_core::{
    mark::MarkWrite,
    rate::Limit,
    store::{Batch, Committed},
};
use idp_protocol::Octets;
use serde_json::{Value, json};
use symbolon_axum::address::ClientAddress;
use symbolon_outbound::{Fragment, Limits};
use symbolon_sqlx::provider::Changed;
use zeroize::Zeroizing;

use super::{
    ApplicationType, AuthMethod, BadClient, Client, Consent, GrantType, Metadata, NewClient, Pkce,
    RedirectUri, Registered, Secret, Terms, registry::event,
};
use crate::{
    App,
    config::Registrants,
    oidc::{
        error::{Code, OAuthError},
        request::ResponseType,
        token::secret_json,
    },
    routes,
};

pub use invitation::Invitation;

const NOT_YOURS: OAuthError =
    OAuthError::new(Code::InvalidToken, "the registration access token is not that of this client");

impl From<BadClient> for OAuthError {
    fn from(bad: BadClient) -> Self {
        let code = match &bad {
            BadClient::Fault(_) => return Self::new(Code::ServerError, "try again in a moment"),
            BadClient::NoRedirect | BadClient::Member { member: "redirect_uris", .. } => {
                Code::InvalidRedirectUri
            }
            _ => Code::InvalidClientMetadata,
        };
        Self::because(code, bad)
    }
}

/// `POST /oauth2/register`. A repeat is another application.
///
/// # Errors
/// An error of RFC 7591, 3.2.2; `invalid_token` without an initial access token where one is needed.
pub async fn register(
    State(app): State<App>,
    Extension(ClientAddress(address)): Extension<ClientAddress>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, OAuthError> {
    let once = allowed(&app, &headers, address).await?;
    let profile = app.config().oidc.profile;
    let metadata = members::read(&body, profile)?;
    let id = Octets(app.engine().crypto().random::<16>()).to_string();
    let new = NewClient { id, terms: terms(&app, &metadata), metadata };
    let mut registered = Registered::new(app.engine(), profile, new)?;
    bounds(&app, &registered.client)?;
    sector(&app, &registered.client).await?;
    let (secret, token) = Secret::new(app.engine(), &token_name(&registered.client.id));
    registered.client.registration.registration_token = Some(secret);
    let mut with = Batch::new().with(event(app.engine(), "client.registered", &registered.client.id));
    with.extend(once);
    match app.clients().insert(&registered.client, with).await? {
        Changed::Yes => Ok((StatusCode::CREATED, answer(&app, &registered.client, &token)).into_response()),
        _ => Err(OAuthError::new(Code::InvalidToken, "the initial access token was used before")),
    }
}

/// Whether somebody may register an application: what has to be written beside it if the right to do so is then used up.
async fn allowed(app: &App, headers: &HeaderMap, address: IpAddr) -> Result<Option<MarkWrite>, OAuthError> {
    match app.config().oidc.registration.who {
        Registrants::Nobody => {
            Err(OAuthError::new(Code::InvalidToken, "applications are registered by the administrator"))
        }
        Registrants::Invited => {
            let invitation = bearer(headers).and_then(|token| Invitation::read(app, &token));
            let refused =
                OAuthError::new(Code::InvalidToken, "an initial access token of this provider is needed");
            Ok(invitation.ok_or(refused)?.used(app))
        }
        Registrants::Anybody => counted(app, "registration", address).await.map(|()| None),
    }
}

/// Counts a try of a network before anything is done for it, and for good: one that is refused may have made us ask an
/// address of its choice, and a change makes every node forget all clients.
async fn counted(app: &App, what: &str, address: IpAddr) -> Result<(), OAuthError> {
    let limit = Limit { times: app.config().oidc.registration.per_hour, seconds: 3600 };
    let taken = Batch::new().with(app.engine().network_rate(what, address, limit));
    match app.engine().store().commit(taken).await? {
        Committed::Yes => Ok(()),
        Committed::Conflict(_) => Err(OAuthError::TOO_MANY),
    }
}

/// What applies to an application that nobody looked at.
fn terms(app: &App, metadata: &Metadata) -> Terms {
    let settings = &app.config().oidc.registration;
    let is_public = metadata.token_endpoint_auth_method == Some(AuthMethod::None);
    Terms {
        pkce: if settings.without_pkce && !is_public { Pkce::Optional } else { Pkce::Required },
        consent: if settings.consent { Consent::Ask } else { Consent::Never },
        ..Terms::default()
    }
}

/// What only an administrator may give.
fn bounds(app: &App, client: &Client) -> Result<(), OAuthError> {
    let metadata = &client.registration.metadata;
    let is_code = |of: &ResponseType| *of == ResponseType::Code;
    let is_implicit = client.may(GrantType::Implicit) || !metadata.response_types.iter().all(is_code);
    if is_implicit && !app.config().oidc.registration.implicit {
        let why = "response_types: only code can be registered here (grant_types authorization_code)";
        return Err(OAuthError::new(Code::InvalidClientMetadata, why));
    }
    grants(app, client)?;
    // Answers travel over TLS; a plain address is for an app on the device itself (RFC 9700, 2.6). Where we do not speak
    // TLS either, on one computer, somebody tries us out.
    let is_native = metadata.application_type == ApplicationType::Native;
    if app.web().is_secure() && !is_native && metadata.redirect_uris.iter().any(RedirectUri::is_plain_http) {
        let why = "redirect_uris: https, or application_type native for an app on the person's device";
        return Err(OAuthError::new(Code::InvalidRedirectUri, why));
    }
    // Scopes beyond those about the person are rights at somebody's interface.
    if client.own_scope(None).is_some_and(|own| !own.is_empty()) {
        let why = "scope: only the scopes that discovery lists can be registered here";
        return Err(OAuthError::new(Code::InvalidClientMetadata, why));
    }
    Ok(())
}

/// A stranger who may begin as a device chooses the name that people read, and needs nobody's browser to come back to him
/// (RFC 8628, 5.4).
fn grants(app: &App, client: &Client) -> Result<(), OAuthError> {
    let settings = &app.config().oidc.registration;
    let why = if client.may(GrantType::DeviceCode) && !settings.device_grant {
        "grant_types: an administrator registers devices (oidc.registration.device_grant is off)"
    } else if client.may(GrantType::Ciba) && !settings.backchannel_authentication {
        "grant_types: an administrator lets applications ask people (oidc.registration.backchannel_authentication is off)"
    } else if client.may(GrantType::ClientCredentials) && !settings.client_credentials {
        "grant_types: client_credentials is given by an administrator (oidc.registration.client_credentials is off)"
    } else {
        return Ok(());
    };
    Err(OAuthError::new(Code::InvalidClientMetadata, why))
}

/// Whoever names the site of somebody else would learn its names for people (OpenID Connect Core 1.0, 8.1).
async fn sector(app: &App, client: &Client) -> Result<(), BadClient> {
    let metadata = &client.registration.metadata;
    let Some(uri) = &metadata.sector_identifier_uri else { return Ok(()) };
    let target = app.outbound().target(uri.as_str(), Fragment::Dropped).map_err(|_| BadClient::Sector)?;
    let answer = app.outbound().get(&target, Limits::default()).await.map_err(|error| {
        tracing::info!(%error, "a sector_identifier_uri cannot be fetched");
        BadClient::Sector
    })?;
    let listed: Vec<String> = serde_json::from_slice(&answer.body).map_err(|_| BadClient::Sector)?;
    let is_listed = |uri: &RedirectUri| listed.iter().any(|listed| listed == uri.as_str());
    match answer.status == 200 && metadata.redirect_uris.iter().all(is_listed) {
        true => Ok(()),
        false => Err(BadClient::Sector),
    }
}

/// `GET /oauth2/register/{id}`.
///
/// # Errors
/// `invalid_token`; one answer for a wrong token and an unknown client.
pub async fn read(
    State(app): State<App>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, OAuthError> {
    let (client, token) = own(&app, &id, &headers).await?;
    Ok(answer(&app, &client, &token).into_response())
}

/// `PUT /oauth2/register/{id}`: replaces all members; those that are missing get their defaults (RFC 7592, 2.2).
///
/// # Errors
/// As [`read`], and an error of RFC 7591, 3.2.2.
pub async fn replace(
    State(app): State<App>,
    Extension(ClientAddress(address)): Extension<ClientAddress>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, OAuthError> {
    let (client, token) = own(&app, &id, &headers).await?;
    counted(&app, "change of a registration", address).await?;
    members::about(&body, &client, app.engine())?;
    let metadata = members::read(&body, client.profile)?;
    let mut changed = Client::clone(&client);
    // Another way to authenticate may need a secret that there is not, or leave one behind.
    let new = NewClient { id: client.id.clone(), terms: client.registration.terms.clone(), metadata };
    let fresh = Registered::new(app.engine(), client.profile, new)?.client.registration;
    let kept = changed.registration.secret.take().filter(|_| fresh.secret.is_some());
    changed.registration.secret = kept.or(fresh.secret);
    changed.registration.metadata = fresh.metadata;
    bounds(&app, &changed)?;
    sector(&app, &changed).await?;
    match app.clients().update(app.engine(), &changed).await? {
        true => Ok(answer(&app, &changed, &token).into_response()),
        false => Err(OAuthError::new(
            Code::InvalidClientMetadata,
            "somebody else changed it just now; read it again",
        )),
    }
}

/// `DELETE /oauth2/register/{id}`.
///
/// # Errors
/// As [`read`].
pub async fn remove(
    State(app): State<App>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<StatusCode, OAuthError> {
    let (client, _) = own(&app, &id, &headers).await?;
    app.clients().remove(app.engine(), &client.id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The client whose registration access token this is.
async fn own(
    app: &App,
    id: &str,
    headers: &HeaderMap,
) -> Result<(Arc<Client>, Zeroizing<String>), OAuthError> {
    let token = bearer(headers).ok_or(NOT_YOURS)?;
    let client = app.clients().find(id, app.engine().now()).await?.ok_or(NOT_YOURS)?;
    match &client.registration.registration_token {
        Some(secret) if secret.is(app.engine(), &token) => Ok((client, token)),
        _ => Err(NOT_YOURS),
    }
}

fn bearer(headers: &HeaderMap) -> Option<Zeroizing<String>> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| Zeroizing::new(token.trim().to_owned()))
}

/// Under which name its registration access token is made.
fn token_name(client_id: &str) -> String {
    format!("registration of {client_id}")
}

/// RFC 7591, 3.2.1.
fn answer(app: &App, client: &Client, token: &str) -> Response {
    let mut members = members::write(&client.registration.metadata);
    let mut put = |name: &str, value: Value| {
        members.insert(name.to_owned(), value);
    };
    put("client_id", json!(client.id));
    put("client_id_issued_at", json!(client.created_at));
    put("registration_access_token", json!(token));
    let path = format!("{}/{}", routes::REGISTER, client.id);
    put("registration_client_uri", json!(format!("{}{path}", app.issuer())));
    if let Some(secret) = &client.registration.secret {
        put("client_secret", json!(*secret.text(app.engine(), &client.id)));
        put("client_secret_expires_at", json!(0));
    }
    secret_json(&members)
}
