//! Is an application the one whose certificate it shows? (RFC 8705, 2)

use idp_protocol::encoding::to_base64url;
use serde_json::json;
use symbolon_jose::{Key, KeySet};
use symbolon_tls::{ClientCertificate, PublicKey};

use super::{
    AuthMethod, Client, Metadata,
    keys::{FetchedKeys, Wanted},
};
use crate::{
    App,
    oidc::error::{Code, OAuthError},
};

const fn refused(why: &'static str) -> OAuthError {
    OAuthError::new(Code::InvalidClient, why)
}

/// Whether the certificate is the client's, in the way that it is registered for.
///
/// # Errors
/// `invalid_client`.
pub async fn check(app: &App, client: &Client, shown: Option<&ClientCertificate>) -> Result<(), OAuthError> {
    let shown = shown.ok_or(refused("the client must show its certificate, at the mtls_endpoint_aliases"))?;
    match client.auth_method() {
        AuthMethod::TlsClientAuth if !shown.verified_chain => Err(refused(
            "no authority that is believed here vouches for the certificate, or its time is over",
        )),
        AuthMethod::TlsClientAuth if is_named(&client.registration.metadata, shown) => Ok(()),
        AuthMethod::TlsClientAuth => Err(refused("the certificate does not have the registered name")),
        AuthMethod::SelfSignedTlsClientAuth => is_registered(app, client, shown).await,
        _ => Err(refused("the client is registered for another way to authenticate")),
    }
}

/// RFC 8705, 2.1.2: one name is registered, and the certificate has it.
fn is_named(metadata: &Metadata, shown: &ClientCertificate) -> bool {
    let names = &shown.names;
    let has =
        |own: &[String], wanted: &Option<String>| wanted.as_ref().is_some_and(|wanted| own.contains(wanted));
    let ip = metadata.tls_client_auth_san_ip.as_ref().and_then(|ip| ip.parse().ok());
    metadata.tls_client_auth_subject_dn.as_ref() == Some(&shown.subject)
        || has(&names.dns, &metadata.tls_client_auth_san_dns)
        || has(&names.uri, &metadata.tls_client_auth_san_uri)
        || has(&names.email, &metadata.tls_client_auth_san_email)
        || ip.is_some_and(|ip| names.ip.contains(&ip))
}

/// RFC 8705, 2.2: its key is among those that are registered.
async fn is_registered(app: &App, client: &Client, shown: &ClientCertificate) -> Result<(), OAuthError> {
    if !shown.validity.contains(&app.engine().now().0) {
        return Err(refused("the time of the certificate is over, or has not come"));
    }
    for wanted in [Wanted::Kept, Wanted::Newer] {
        let keys = FetchedKeys::of(app, client, wanted).await;
        if has(&*keys.map_err(|_| refused("the keys of the client cannot be fetched"))?, shown) {
            return Ok(());
        }
    }
    Err(refused("the certificate is not among the registered keys of the client"))
}

fn has(keys: &KeySet, shown: &ClientCertificate) -> bool {
    let own = key_of(&shown.public_key).map(|key| key.thumbprint());
    keys.keys().iter().any(|key| match key.certificates().first() {
        // What stands there as a certificate counts as a whole, not for its key alone.
        Some(der) => *der == shown.der,
        None => Some(key.thumbprint()) == own,
    })
}

fn key_of(key: &PublicKey) -> Option<Key> {
    let jwk = match key {
        PublicKey::Rsa { n, e } => json!({"kty": "RSA", "n": to_base64url(n), "e": to_base64url(e)}),
        PublicKey::Ec { curve, x, y } => {
            json!({"kty": "EC", "crv": curve.name(), "x": to_base64url(x), "y": to_base64url(y)})
        }
        PublicKey::Ed25519 { x } => json!({"kty": "OKP", "crv": "Ed25519", "x": to_base64url(x)}),
        _ => return None,
    };
    Key::from_value(&jwk).ok()
}
