//! Is an application who it says it is? (RFC 6749, 2.3)

use std::sync::Arc;

use data_encoding::BASE64;
use zeroize::Zeroizing;

use super::{AuthMethod, Client, assertion::Assertion, certificate};
use crate::{
    App,
    oidc::{
        error::{Code, OAuthError},
        params::Params,
        sender::Sender,
    },
};

const REFUSED: OAuthError =
    OAuthError::new(Code::InvalidClient, "the client is unknown, or its secret is wrong");

/// What a request says about its sender.
struct Claimed {
    id: String,
    secret: Option<Zeroizing<String>>,
}

/// The application that sent a request: `client_secret_basic`, `client_secret_post`, `client_secret_jwt`,
/// `private_key_jwt`, `tls_client_auth`, `self_signed_tls_client_auth`, or `none` for one that cannot keep a secret.
///
/// # Errors
/// `invalid_client` (one answer for an unknown client and a wrong secret), `invalid_request` for two ways at once.
pub async fn client(app: &App, sender: &Sender, params: &Params) -> Result<Arc<Client>, OAuthError> {
    let header = sender.authorization();
    let client = proved(app, sender, params).await.and_then(conforming);
    if header.is_some() { client.map_err(OAuthError::by_header) } else { client }
}

async fn proved(app: &App, sender: &Sender, params: &Params) -> Result<Arc<Client>, OAuthError> {
    let header = sender.authorization();
    if let Some((assertion, claimed)) = Assertion::read(params)? {
        if header.is_some() || params.one("client_secret")?.is_some() {
            return Err(TWO_WAYS);
        }
        let client = find(app, &claimed).await?;
        assertion.check(app, &client).await?;
        return Ok(client);
    }
    let claimed = match header {
        Some(value) => from_header(value.to_str().ok(), params)?,
        None => from_form(params)?,
    };
    let client = find(app, &claimed.id).await?;
    match (&claimed.secret, client.auth_method(), &client.registration.secret) {
        // Which of the two it was registered for does not matter; both show the secret.
        (Some(text), AuthMethod::ClientSecretBasic | AuthMethod::ClientSecretPost, Some(secret))
            if secret.is(app.engine(), text) =>
        {
            Ok(client)
        }
        (None, AuthMethod::TlsClientAuth | AuthMethod::SelfSignedTlsClientAuth, _) => {
            certificate::check(app, &client, sender.certificate.as_ref()).await?;
            Ok(client)
        }
        (None, AuthMethod::None, _) => Ok(client),
        _ => Err(REFUSED),
    }
}

/// A registration of before a profile was chosen is against it maybe, and then serves for nothing.
fn conforming(client: Arc<Client>) -> Result<Arc<Client>, OAuthError> {
    match client.profile.check(&client.registration) {
        Ok(()) => Ok(client),
        Err(bad) => {
            let why =
                format!("the registration of the client is against the profile that holds for it: {bad}");
            Err(OAuthError::because(Code::UnauthorizedClient, why))
        }
    }
}

async fn find(app: &App, id: &str) -> Result<Arc<Client>, OAuthError> {
    app.clients().find(id, app.engine().now()).await?.ok_or(REFUSED)
}

const TWO_WAYS: OAuthError =
    OAuthError::new(Code::InvalidRequest, "the client authenticates in two ways at once");

fn from_form(params: &Params) -> Result<Claimed, OAuthError> {
    let missing = OAuthError::new(Code::InvalidClient, "client_id is missing");
    let id = params.one("client_id")?.ok_or(missing)?.to_owned();
    let secret = params.one("client_secret")?.map(|secret| Zeroizing::new(secret.to_owned()));
    Ok(Claimed { id, secret })
}

fn from_header(value: Option<&str>, params: &Params) -> Result<Claimed, OAuthError> {
    let claimed = value.and_then(basic).ok_or(REFUSED)?;
    // RFC 6749, 2.3: one way in a request. A client_id in the form may stand beside it, if it is the same.
    let other_id = params.one("client_id")?.is_some_and(|id| id != claimed.id);
    if params.one("client_secret")?.is_some() || other_id {
        return Err(TWO_WAYS);
    }
    Ok(claimed)
}

/// RFC 6749, 2.3.1: both parts are form-encoded before they are joined.
fn basic(value: &str) -> Option<Claimed> {
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = Zeroizing::new(BASE64.decode(encoded.trim().as_bytes()).ok()?);
    let (id, secret) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
    Some(Claimed { id: form_decoded(id), secret: Some(Zeroizing::new(form_decoded(secret))) })
}

fn form_decoded(text: &str) -> String {
    // A lone value, so what separates pairs does not separate here.
    let escaped = text.replace('&', "%26").replace('=', "%3D");
    url::form_urlencoded::parse(escaped.as_bytes())
        .next()
        .map(|(text, _)| text.into_owned())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(text: &str) -> Option<(String, String)> {
        let claimed = basic(&format!("Basic {}", BASE64.encode(text.as_bytes())))?;
        Some((claimed.id, claimed.secret.unwrap().to_string()))
    }

    #[test]
    fn both_parts_are_form_encoded() {
        assert_eq!(pair("a%3Ab:p%20q+r=&"), Some(("a:b".to_owned(), "p q r=&".to_owned())));
        assert_eq!(pair("shop:secret"), Some(("shop".to_owned(), "secret".to_owned())));
        assert_eq!(pair("no-colon"), None);
        assert!(basic("Bearer abc").is_none());
    }
}
