//! Does a signed token show who an application is? (RFC 7523; OpenID Connect Core 1.0, 9: `private_key_jwt` and
//! `client_secret_jwt`)

use idp_core::{
    Time,
    mark::{MarkRow, MarkWrite},
    store::{Batch, Committed},
};
use serde::Deserialize;
use symbolon_jose::{Expected, JwsError, SignatureAlgorithm, Signed, Typ, Unverified, verify, verify_hmac};

use super::{
    AuthMethod, Client,
    keys::{FetchedKeys, Wanted},
};
use crate::{
    App,
    oidc::{
        Profile,
        audience::Audience,
        error::{Code, OAuthError},
        params::Params,
    },
    routes,
};

/// The only kind there is here.
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// The algorithms that a client may sign with.
pub const ALGORITHMS: [SignatureAlgorithm; 4] = [
    SignatureAlgorithm::Rs256,
    SignatureAlgorithm::Ps256,
    SignatureAlgorithm::Es256,
    SignatureAlgorithm::EdDsa,
];
/// How wrong the clock of a client may be, in seconds.
pub const SKEW: i64 = 60;
/// How long an assertion may count at most, in seconds: that long we remember that it was used.
const LONGEST: i64 = 3600;
const MAX_LEN: usize = 16 * 1024;

/// An assertion that was found in a request.
pub struct Assertion<'a>(&'a str);

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    exp: i64,
    #[serde(default)]
    nbf: Option<i64>,
    #[serde(default)]
    iat: Option<i64>,
    jti: String,
}

const fn refused(why: &'static str) -> OAuthError {
    OAuthError::new(Code::InvalidClient, why)
}

impl<'a> Assertion<'a> {
    /// The assertion of a request, and which client it claims to come from.
    ///
    /// # Errors
    /// `invalid_client` or `invalid_request` if it cannot be read.
    pub fn read(params: &'a Params) -> Result<Option<(Self, String)>, OAuthError> {
        let (kind, token) = (params.one("client_assertion_type")?, params.one("client_assertion")?);
        let token = match (kind, token) {
            (None, None) => return Ok(None),
            (Some(JWT_BEARER), Some(token)) => token,
            (Some(JWT_BEARER), None) => return Err(refused("client_assertion is missing")),
            _ => return Err(refused("client_assertion_type must be that of RFC 7523 (jwt-bearer)")),
        };
        let unverified = Unverified::read(token, MAX_LEN).map_err(|_| UNREADABLE)?;
        let claimed = unverified.claimed_subject().ok_or(UNREADABLE)?.to_owned();
        if params.one("client_id")?.is_some_and(|id| id != claimed) {
            return Err(refused("client_id is not the sub of the assertion"));
        }
        Ok(Some((Self(token), claimed)))
    }

    /// Whether the client signed it, for us, and just now.
    ///
    /// # Errors
    /// `invalid_client`; the description says what to change, for whoever holds the key already.
    pub async fn check(&self, app: &App, client: &Client) -> Result<(), OAuthError> {
        let claims = self.verified(app, client).await?;
        let now = app.engine().now();
        if claims.iss != client.id || claims.sub != client.id {
            return Err(refused("iss and sub of the assertion must be the client_id"));
        }
        let is_for_us = match client.profile {
            Profile::None => claims.aud.has_any(&audiences(app)),
            // Whoever also runs another provider, and has the address of one of our endpoints believed as its own, would
            // get an assertion for us (FAPI 2.0 Security Profile, 5.3.2.1).
            Profile::Fapi2 => claims.aud == Audience::One(app.issuer().to_owned()),
        };
        if !is_for_us {
            return Err(refused("aud of the assertion must be the issuer"));
        }
        let exp = Time(claims.exp);
        if now >= exp + SKEW || exp > now + LONGEST {
            return Err(refused("exp of the assertion must be in the future, by an hour at most"));
        }
        if [claims.nbf, claims.iat].into_iter().flatten().any(|since| Time(since) > now + SKEW) {
            return Err(refused("the assertion is from the future; look at the clock"));
        }
        self.use_up(app, client, &claims.jti, exp + SKEW).await
    }

    async fn verified(&self, app: &App, client: &Client) -> Result<Claims, OAuthError> {
        let expected = Expected::new(Typ::OneOfOrAbsent(&["JWT", "client-authentication+jwt"]));
        let signed: Result<Signed<Claims>, JwsError> =
            match (client.auth_method(), &client.registration.secret) {
                (AuthMethod::ClientSecretJwt, Some(secret)) => {
                    verify_hmac(self.0, secret.text(app.engine(), &client.id).as_bytes(), &expected)
                }
                (AuthMethod::PrivateKeyJwt, _) => {
                    signed_by(app, client, self.0, &client.signature_algorithms(), &expected).await?
                }
                _ => return Err(refused("the client is registered for another way to authenticate")),
            };
        signed.map(|signed| signed.claims).map_err(|error| {
            tracing::info!(client = client.id, %error, "an assertion of a client does not verify");
            refused("the signature of the assertion does not verify")
        })
    }

    /// One that was seen before is somebody else's copy (RFC 7523, 3).
    async fn use_up(&self, app: &App, client: &Client, jti: &str, until: Time) -> Result<(), OAuthError> {
        let (engine, now) = (app.engine(), app.engine().now());
        let key = engine.keys().digest("client-assertion", &[client.id.as_bytes(), jti.as_bytes()]);
        let mark = MarkRow { key, answer: None, expires_at: until };
        match engine.store().commit(Batch::new().with(MarkWrite::Insert { row: mark, now })).await? {
            Committed::Yes => Ok(()),
            Committed::Conflict(_) => Err(refused("the assertion was used before (jti)")),
        }
    }
}

const UNREADABLE: OAuthError = refused("the assertion cannot be read: it must be a signed JWT with sub");

/// What a client signed with a key of its own, which may be new.
///
/// # Errors
/// `invalid_client` if its keys cannot be had.
pub async fn signed_by<T: serde::de::DeserializeOwned>(
    app: &App,
    client: &Client,
    token: &str,
    algorithms: &[SignatureAlgorithm],
    expected: &Expected<'_>,
) -> Result<Result<Signed<T>, JwsError>, OAuthError> {
    let unreachable = |_| refused("the keys of the client cannot be fetched");
    let keys = FetchedKeys::of(app, client, Wanted::Kept).await.map_err(unreachable)?;
    match verify(token, &keys, algorithms, expected) {
        // A new key may have the name of an old one, or none.
        Err(JwsError::NoKey | JwsError::Unauthentic) => {
            let keys = FetchedKeys::of(app, client, Wanted::Newer).await.map_err(unreachable)?;
            Ok(verify(token, &keys, algorithms, expected))
        }
        done => Ok(done),
    }
}

/// Where clients prove who they are.
const PATHS: [&str; 6] = [
    routes::TOKEN,
    routes::PUSHED,
    routes::DEVICE_AUTHORIZATION,
    routes::BACKCHANNEL,
    routes::INTROSPECT,
    routes::REVOKE,
];

/// The issuer; and the addresses that older clients name (OpenID Connect Core 1.0, 9), where clients show certificates, too
/// (RFC 8705, 5).
fn audiences(app: &App) -> Vec<String> {
    let mtls = &app.config().server.mtls;
    let aliases = mtls.listen.map(|_| mtls.origin.as_str());
    let origins = [app.issuer()].into_iter().chain(aliases);
    let addresses = origins.flat_map(|origin| PATHS.map(|path| format!("{origin}{path}")));
    [app.issuer().to_owned()].into_iter().chain(addresses).collect()
}
