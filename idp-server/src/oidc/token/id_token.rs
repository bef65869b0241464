//! What does an ID token say? (OpenID Connect Core 1.0, 2)

use aws_lc_rs::digest;
use chrono::{DateTime, Utc};
use idp_core::{Fault, Id, Time, session::SessionRow, users::User};
use idp_protocol::{Octets, crypto::Algorithm, encoding::to_base64url};
use openidconnect::{
    AccessToken, AdditionalClaims, Audience, AuthenticationContextClass, AuthenticationMethodReference,
    AuthorizationCode, IdToken, IdTokenClaims, IssuerUrl, Nonce, StandardClaims, SubjectIdentifier,
    core::{CoreGenderClaim, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use symbolon_jose::is_encrypted;

use super::grant::Agreed;
use crate::{
    App,
    oidc::{client::Client, encryption::Envelope, person},
};

/// What `openidconnect` does not know by name.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct More {
    /// The session, as the client knows it (OpenID Connect Back-Channel Logout 1.0, 2.1).
    sid: Octets<16>,
    /// The left half of the digest of the client's state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    s_hash: Option<String>,
    /// What was asked about the person.
    #[serde(flatten)]
    person: Map<String, Value>,
}

impl AdditionalClaims for More {}

type Token = IdToken<More, CoreGenderClaim, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm>;

/// What an ID token of ours says about its person, handed in as `id_token_hint`.
#[derive(Debug, Deserialize)]
pub struct Hint {
    iss: String,
    /// Whom it is about, as its client knows the person.
    pub sub: String,
    /// For which clients.
    pub aud: Vec<String>,
    /// The session, as its client knows it.
    #[serde(default)]
    pub sid: Option<Octets<16>>,
}

impl Hint {
    /// Reads a hint. It may have expired (OpenID Connect Core 1.0, 3.1.2.1; RP-Initiated Logout 1.0, 2), but must be
    /// ours. The caller checks for whom it was.
    #[must_use]
    pub fn read(app: &App, token: &str) -> Option<Self> {
        let keys = app.provider().keys();
        // A client that gets it encrypted may encrypt it again, for us (OpenID Connect Core 1.0, 3.1.2.1).
        let hint: Option<Self> = match is_encrypted(token) {
            true => keys.verified(&keys.decryption().open(token, None).ok()?, None),
            false => keys.verified(token, None),
        };
        hint.filter(|hint| hint.iss == app.issuer())
    }
}

/// Whom an ID token is about, and what it comes with.
#[derive(Clone, Copy, Debug)]
pub(in crate::oidc) struct About<'a> {
    /// The person.
    pub user: &'a User,
    /// The session.
    pub session: Id<SessionRow>,
    /// What happened at the sign-in.
    pub agreed: &'a Agreed,
    /// What the request wants repeated.
    pub nonce: Option<&'a str>,
    /// The access token beside it.
    pub access_token: Option<&'a str>,
    /// The code beside it.
    pub code: Option<&'a str>,
    /// Whether no access token comes now or later, to ask more with.
    pub is_alone: bool,
    /// The client's state, where the token comes through the browser.
    pub state: Option<&'a str>,
    /// What it is encrypted with, if the client wants that.
    pub envelope: Option<&'a Envelope>,
}

/// Signs an ID token, and encrypts it then if its client wants that. It says what happened, never what the account could
/// do.
///
/// # Errors
/// [`Fault`] if the key cannot sign.
pub(in crate::oidc) fn sign(app: &App, client: &Client, about: &About<'_>) -> Result<String, Fault> {
    let now = app.engine().now();
    let agreed = about.agreed;
    let algorithm = client.registration.metadata.id_token_signed_response_alg.algorithm();
    let issuer =
        IssuerUrl::new(app.issuer().to_owned()).map_err(|_| Fault::Setup("the issuer is not a URL"))?;
    let amr = agreed.amr.iter().cloned().map(AuthenticationMethodReference::new);
    let more = More {
        sid: client.sid(app.engine(), about.session),
        s_hash: about.state.map(|state| half_digest(algorithm, state)),
        person: person::in_id_token(about.user, &agreed.asks, about.is_alone),
    };
    let claims = IdTokenClaims::new(
        issuer,
        vec![Audience::new(client.id.clone())],
        date(now + app.config().oidc.id_token_life)?,
        date(now)?,
        StandardClaims::new(SubjectIdentifier::new(client.subject(app.engine(), about.user.id))),
        more,
    )
    .set_auth_time(Some(date(agreed.auth_time)?))
    .set_nonce(about.nonce.map(|nonce| Nonce::new(nonce.to_owned())))
    .set_auth_context_ref(agreed.acr.clone().map(AuthenticationContextClass::new))
    .set_auth_method_refs(Some(amr.collect()));
    let access_token = about.access_token.map(|token| AccessToken::new(token.to_owned()));
    let code = about.code.map(|code| AuthorizationCode::new(code.to_owned()));
    let keys = app.provider().keys();
    let signer = keys.signer(algorithm, now)?;
    let token = Token::new(claims, signer, signer.algorithm(), access_token.as_ref(), code.as_ref());
    let token = token.map_err(|_| Fault::Setup("an ID token cannot be signed"))?.to_string();
    match about.envelope {
        None => Ok(token),
        Some(envelope) => envelope.around(app, &token),
    }
}

/// The left half of the digest that the signature is made of, as for `at_hash` (FAPI 1.0 Advanced, 5.1: `s_hash`).
fn half_digest(algorithm: Algorithm, text: &str) -> String {
    let of_signature = if algorithm == Algorithm::EdDsa { &digest::SHA512 } else { &digest::SHA256 };
    let digest = digest::digest(of_signature, text.as_bytes());
    let (half, _) = digest.as_ref().split_at(of_signature.output_len() / 2);
    to_base64url(half)
}

fn date(time: Time) -> Result<DateTime<Utc>, Fault> {
    DateTime::from_timestamp(time.0, 0).ok_or(Fault::Setup("a time that no calendar has"))
}
