//! Which URL leads where? Every URL of the server stands in this file.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    http::{Method, header},
    middleware::{from_fn, from_fn_with_state},
    response::Redirect,
    routing::{get, post},
};
use symbolon_axum::{
    ceremony_router, client_address, device_router, navigations_only, same_origin_only, security_headers,
};
use symbolon_tls::Authorities;
use tower_http::cors::{Any, CorsLayer};

#[cfg(feature = "saml")]
use crate::saml;
use crate::{
    App, activation,
    client_certificate::{PassedOn, passed_on},
    health, limits, login,
    oidc::{self, client, device_grant},
    pages,
    portal::{self, offline_codes, passkeys},
    sign_out,
};

/// The document that applications begin with (OpenID Connect Discovery 1.0, 4).
pub const DISCOVERY: &str = "/.well-known/openid-configuration";
/// The same for applications of OAuth that do not know OpenID Connect (RFC 8414, 3).
pub const METADATA: &str = "/.well-known/oauth-authorization-server";
/// The public keys (RFC 7517).
pub const JWKS: &str = "/oauth2/jwks";
/// Where a browser is sent to sign in (RFC 6749, 3.1).
pub const AUTHORIZE: &str = "/oauth2/authorize";
/// Where a code becomes tokens (RFC 6749, 3.2).
pub const TOKEN: &str = "/oauth2/token";
/// Where a token is given back (RFC 7009, 2).
pub const REVOKE: &str = "/oauth2/revoke";
/// Whether a token holds (RFC 7662, 2).
pub const INTROSPECT: &str = "/oauth2/introspect";
/// Where an authorization request is left before the browser comes (RFC 9126, 2).
pub const PUSHED: &str = "/oauth2/par";
/// Where a device without a keyboard begins (RFC 8628, 3.1).
pub const DEVICE_AUTHORIZATION: &str = "/oauth2/device_authorization";
/// Where an application asks a person without a browser (CIBA Core 1.0, 7).
pub const BACKCHANNEL: &str = "/oauth2/bc-authorize";
/// Where a person types its code: short, because somebody copies it from a screen (RFC 8628, 3.2).
pub const DEVICE: &str = "/device";
/// Where he decides then.
pub const DEVICE_DECISION: &str = "/device/decision";
/// Where applications register themselves (RFC 7591, 3).
pub const REGISTER: &str = "/oauth2/register";
/// Who signed in (OpenID Connect Core 1.0, 5.3).
pub const USERINFO: &str = "/oauth2/userinfo";

/// Where the person is asked whether an application may learn something.
pub const CONSENT: &str = "/oauth2/consent";
/// Where an application ends the session (OpenID Connect RP-Initiated Logout 1.0, 2).
pub const END_SESSION: &str = "/oauth2/end-session";

/// What a browser sees whose session an application ended, and whom it tells (Front-Channel Logout 1.0).
pub const SIGNED_OUT: &str = "/oauth2/signed-out";
/// Sends it to the next application.
pub const SIGN_OUT_NEXT: &str = "/sign-out/next";

/// The frame in which pages of applications watch a session (Session Management 1.0, 3.2).
pub const CHECK_SESSION: &str = "/oauth2/check-session";

/// Our metadata as an identity provider of SAML (SAML metadata, 4.1).
pub const SAML_METADATA: &str = "/saml/metadata";
/// Where service providers send people to sign in (SAML profiles, 4.1).
pub const SAML_SSO: &str = "/saml/sso";
/// Where the person is asked whether one may learn something.
pub const SAML_CONSENT: &str = "/saml/consent";
/// Where people open one from here (SAML profiles, 4.1.5).
pub const SAML_LAUNCH: &str = "/saml/launch";
/// Where they fetch what an artifact stands for (SAML bindings, 3.6).
pub const SAML_ARTIFACT: &str = "/saml/artifact";
/// Where they send people to sign out (SAML profiles, 4.4).
pub const SAML_SLO: &str = "/saml/slo";
/// Sends a person back to the one that asked for that.
pub const SAML_SLO_ANSWER: &str = "/saml/slo/answer";
/// Where they sign people out by themselves.
pub const SAML_SLO_SOAP: &str = "/saml/slo/soap";

/// The page of the applications that a person can open.
pub const OPEN: &str = "/account/launch";
/// Opens an application; its name follows (OpenID Connect Core 1.0, 4).
pub const LAUNCH: &str = "/launch";

/// Forms of the account pages that bind, replace, reset or remove what somebody signs in with: the binding rule holds
/// for each. `tests/oidc/binding.rs` tries them with a phished password.
pub const BINDING: [&str; 17] = [
    "/account/password",
    "/account/recovery-codes",
    "/account/authenticators",
    "/account/offline-codes",
    "/account/tokens/{id}/upgrade",
    "/account/tokens/{id}/pin",
    "/account/tokens/{id}/no-pin",
    "/account/tokens/{id}/remove",
    "/account/devices",
    "/account/devices/mail",
    "/account/devices/{id}/confirm",
    "/account/devices/{id}/pin",
    "/account/devices/{id}/activate",
    "/account/devices/{id}/renew",
    "/account/devices/{id}/revoke",
    "/account/passkeys",
    "/account/passkeys/{id}/remove",
];

/// The other forms of the account pages. Most of them stop something, and a thief must not be faster than the owner;
/// `approve` and `confirm` go on with an enrolment that the rule allowed, in the session that began it; `resync` wants two
/// codes of the very token.
pub const HARMLESS: [&str; 14] = [
    "/account/tokens/{id}/rename",
    "/account/tokens/{id}/resync",
    "/account/sign-out",
    "/account/applications/end",
    "/account/sessions/end-others",
    "/account/sessions/{id}/end",
    "/account/devices/approve",
    "/account/devices/confirm",
    "/account/devices/cancel",
    "/account/devices/{id}/rename",
    "/account/devices/{id}/suspend",
    "/account/devices/{id}/lost",
    "/account/passkeys/confirm",
    "/account/passkeys/{id}/rename",
];

/// All URLs.
pub fn router(app: &App) -> Router {
    let web = app.web().clone();
    let pages =
        pages().merge(ceremony_router(web.clone())).layer(from_fn_with_state(web.clone(), same_origin_only));
    // A form of an application's page may be posted here, so these are without the check of the origin.
    let open = Router::new()
        .route(AUTHORIZE, get(oidc::authorize::ask).post(oidc::authorize::ask_by_form))
        .route(END_SESSION, get(oidc::logout::ask).post(oidc::logout::ask_by_form))
        .merge(saml_browsers());
    Router::new()
        .merge(pages)
        .merge(open)
        .fallback(pages::nothing)
        .layer(from_fn(navigations_only))
        .layer(from_fn_with_state(web, security_headers))
        .merge(applications(app))
        .merge(service_providers())
        .merge(frames())
        .merge(probes())
        .with_state(app.clone())
        .merge(device_router(Arc::clone(app.engine())))
        .layer(from_fn_with_state(app.config().server.proxies(), client_address))
        .layer(from_fn_with_state(app.config().server.patience(), limits::hold))
}

/// What applications ask with a certificate (RFC 8705). No page is there: its cookies would not be, either.
pub(crate) fn mtls_router(app: &App, authorities: &Arc<Authorities>) -> Router {
    with_certificates(applications(app).with_state(app.clone()), app, authorities)
}

/// Requests come with what their sender proved to have.
pub(crate) fn with_certificates(router: Router, app: &App, authorities: &Arc<Authorities>) -> Router {
    router
        .layer(from_fn_with_state(PassedOn::new(app, authorities), passed_on))
        .layer(from_fn_with_state(app.config().server.proxies(), client_address))
        .layer(from_fn_with_state(app.config().server.patience(), limits::hold))
}

/// What people see. Forms are taken from our own pages only.
fn pages() -> Router<App> {
    let still = ["/Q", "/q", "/S", "/s", "/E", "/e", "/O", "/o", "/B", "/b", "/C", "/c"];
    let still = still.into_iter().fold(Router::new(), |router, path| router.route(path, get(pages::scan)));
    still
        .merge(login_pages())
        .merge(account_pages())
        .merge(saml_pages())
        .route(CONSENT, get(oidc::consent::page).post(oidc::consent::decide))
        .route("/D", get(device_grant::page::page))
        .route("/d", get(device_grant::page::page))
        .route(DEVICE, get(device_grant::page::page).post(device_grant::page::find))
        .route(DEVICE_DECISION, get(device_grant::page::ask).post(device_grant::page::decide))
        .route("/oauth2/end-session/confirm", post(oidc::logout::confirm))
        .route(SIGNED_OUT, get(sign_out::signed_out))
        .route(SIGN_OUT_NEXT, get(sign_out::next))
        .route(&format!("{LAUNCH}/{{id}}"), get(oidc::launch::launch))
        .route("/", get(|| async { Redirect::to("/account") }))
        .route("/activate/{id}", get(activation::page).post(activation::begin))
        .route("/go", get(activation::page).post(activation::begin))
        .route("/language", post(pages::language::choose))
        .route("/assets/{name}", get(pages::assets::serve))
}

fn login_pages() -> Router<App> {
    Router::new()
        .route("/login", get(login::page))
        .route("/login/qr", get(login::qr))
        .route("/login/events", get(login::events))
        .route("/login/state", get(login::state))
        .route("/login/passkey", post(login::passkey))
        .route("/login/password", post(login::password))
        .route("/login/form", post(login::form))
        .route("/login/begin", post(login::begin))
        .route("/login/another", post(login::another))
        .route("/login/finish", post(login::finish))
        .route("/login/continue", post(login::go_on))
        .route("/login/cancel", post(login::cancel))
        .route("/login/return", get(login::returning).post(login::returned))
}

fn account_pages() -> Router<App> {
    Router::new()
        .route("/account", get(portal::home))
        .route("/account/sign-in", get(portal::sign_in))
        .route("/account/sign-out", post(portal::sign_out))
        .route("/account/password", get(portal::password::ask).post(portal::password::change))
        .route("/account/recovery-codes", get(portal::recovery::ask).post(portal::recovery::draw))
        .route(OPEN, get(portal::launch::page))
        .route("/account/applications", get(portal::applications::list))
        .route("/account/applications/end", post(portal::applications::end))
        .route("/account/sessions/end-others", post(portal::sessions::end_others))
        .route("/account/sessions/{id}/end", post(portal::sessions::end))
        .route("/account/authenticators", get(portal::tokens::start).post(portal::tokens::begin))
        .route("/account/tokens/{id}/rename", get(portal::tokens::ask_name).post(portal::tokens::rename))
        .route("/account/offline-codes", get(offline_codes::start).post(offline_codes::begin))
        .route("/account/tokens/{id}/upgrade", get(offline_codes::ask_upgrade).post(offline_codes::upgrade))
        .route("/account/tokens/{id}/resync", get(portal::tokens::ask_resync).post(portal::tokens::resync))
        .route("/account/tokens/{id}/pin", get(portal::tokens::ask_pin).post(portal::tokens::set_pin))
        .route(
            "/account/tokens/{id}/no-pin",
            get(portal::tokens::ask_no_pin).post(portal::tokens::take_pin_off),
        )
        .route("/account/tokens/{id}/remove", get(portal::tokens::ask_remove).post(portal::tokens::remove))
        .route("/account/devices", post(portal::begin))
        .route("/account/devices/new", get(portal::new))
        .route("/account/devices/mail", post(portal::mail))
        .route("/account/devices/events", get(portal::events))
        .route("/account/devices/state", get(portal::state))
        .route("/account/devices/approve", post(passkeys::approve))
        .route("/account/devices/confirm", post(portal::confirm))
        .route("/account/devices/cancel", post(portal::cancel))
        .route("/account/devices/{id}/{action}", get(portal::ask).post(portal::change))
        .route("/account/passkeys", post(passkeys::begin))
        .route("/account/passkeys/new", get(passkeys::start))
        .route("/account/passkeys/confirm", post(passkeys::confirm))
        .route("/account/passkeys/{id}/rename", get(passkeys::ask_name).post(passkeys::rename))
        .route("/account/passkeys/{id}/remove", get(passkeys::ask_removal).post(passkeys::remove))
}

/// What applications ask, without cookies.
fn applications(app: &App) -> Router<App> {
    Router::new()
        .route(DISCOVERY, get(oidc::discovery::document))
        .route(METADATA, get(oidc::discovery::document))
        .route(JWKS, get(oidc::discovery::keys))
        .route(TOKEN, post(oidc::token::exchange))
        .route(PUSHED, post(oidc::request::pushed::push))
        .route(DEVICE_AUTHORIZATION, post(device_grant::ask))
        .route(BACKCHANNEL, post(oidc::backchannel::ask))
        .route(REGISTER, post(client::registration::register))
        .route(
            "/oauth2/register/{id}",
            get(client::registration::read)
                .put(client::registration::replace)
                .delete(client::registration::remove),
        )
        .route(REVOKE, post(oidc::token::revoke::revoke))
        .route(INTROSPECT, post(oidc::token::introspect::introspect))
        .route(USERINFO, get(oidc::userinfo::tell).post(oidc::userinfo::tell))
        .layer(from_fn_with_state(app.clone(), oidc::dpop::next_nonce))
        .layer(for_pages())
}

/// What service providers of SAML ask, without cookies.
#[cfg(feature = "saml")]
fn service_providers() -> Router<App> {
    Router::new()
        .route(SAML_METADATA, get(saml::metadata::document))
        .route(SAML_ARTIFACT, post(saml::artifact::resolve))
        .route(SAML_SLO_SOAP, post(saml::logout::ask_by_soap))
}

/// Where they send browsers: a form of theirs may be posted here.
#[cfg(feature = "saml")]
fn saml_browsers() -> Router<App> {
    Router::new()
        .route(SAML_SSO, get(saml::sso::ask).post(saml::sso::ask_by_form))
        .route(SAML_SLO, get(saml::logout::ask).post(saml::logout::ask_by_form))
        .route(SAML_SLO_ANSWER, get(saml::logout::answer))
}

/// What people see of it.
#[cfg(feature = "saml")]
fn saml_pages() -> Router<App> {
    Router::new()
        .route(SAML_CONSENT, get(saml::consent::page).post(saml::consent::decide))
        .route(SAML_LAUNCH, post(saml::launch::open))
}

/// This build has no SAML.
#[cfg(not(feature = "saml"))]
use self::{nothing as saml_browsers, nothing as saml_pages, nothing as service_providers};

#[cfg(not(feature = "saml"))]
fn nothing() -> Router<App> {
    Router::new()
}

/// Pages of any origin may ask what applications ask: no cookie counts there, so a page gets no further than whoever
/// wrote it would without a browser.
fn for_pages() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE, oidc::dpop::PROOF])
        .expose_headers([header::WWW_AUTHENTICATE, oidc::dpop::NONCE])
        .max_age(Duration::from_secs(3600))
}

/// What may stand in pages of others, and nothing else.
fn frames() -> Router<App> {
    Router::new().route(CHECK_SESSION, get(oidc::session_state::frame))
}

/// What a load balancer asks.
fn probes() -> Router<App> {
    Router::new().route("/healthz", get(health::alive)).route("/readyz", get(health::ready))
}
