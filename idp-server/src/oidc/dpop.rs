//! Does whoever sends a token hold the key that it was made for? (RFC 9449)
//!
//! A token that was stolen on its way or from a log is worth nothing without the key. A proof is signed for one request,
//! counts once and for a minute, and holds a number of ours that nobody could know long before.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method},
    middleware::Next,
    response::Response,
};
use idp_core::{
    Time,
    mark::{MarkRow, MarkWrite},
    rate::RateWrite,
    store::{Batch, Committed, Guard},
};
use idp_protocol::{Octets, encoding::to_base64url};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;
use symbolon_jose::{Expected, Typ, verify_self_signed};

use super::{
    Profile,
    error::{Code, OAuthError},
};
use crate::App;

/// The header of a proof.
pub const PROOF: HeaderName = HeaderName::from_static("dpop");
/// The header in which we say which number the next proof must hold.
pub const NONCE: HeaderName = HeaderName::from_static("dpop-nonce");
/// How far the time of a proof may be from ours, in seconds.
const WINDOW: i64 = 60;
/// How long a number of ours is given out, in seconds; the one before still counts.
const NONCE_LIFE: i64 = 300;

/// The thumbprint of a key whose holder sent the request (RFC 9449, 6.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Thumbprint(pub Octets<32>);

#[derive(Deserialize)]
struct Claims {
    jti: String,
    htm: String,
    htu: String,
    iat: i64,
    #[serde(default)]
    ath: Option<String>,
    #[serde(default)]
    nonce: Option<String>,
}

/// What a proof must be for.
pub struct For<'a> {
    /// The method of the request.
    pub method: &'a Method,
    /// The path of the request.
    pub path: &'a str,
    /// The access token that comes with it, if one does.
    pub token: Option<&'a str>,
    /// The profile of the client that it comes from.
    pub profile: Profile,
    /// What counts it, if anybody could have sent it.
    pub rate: Option<RateWrite>,
}

const fn bad(why: &'static str) -> OAuthError {
    OAuthError::new(Code::InvalidDpopProof, why)
}

/// The key whose holder sent a request; none if it has no proof.
///
/// # Errors
/// `invalid_dpop_proof`, `use_dpop_nonce`, or trouble of ours.
pub async fn proved(app: &App, headers: &HeaderMap, of: For<'_>) -> Result<Option<Thumbprint>, OAuthError> {
    let mut proofs = headers.get_all(PROOF).iter();
    let proof = match (proofs.next(), proofs.next()) {
        (None, _) => return Ok(None),
        (Some(proof), None) => proof.to_str().map_err(|_| bad("the proof is no text"))?,
        (Some(_), Some(_)) => return Err(bad("a request has one proof")),
    };
    let expected = Expected::new(Typ::OneOf(&["dpop+jwt"]));
    let signed =
        verify_self_signed::<Claims>(proof, &of.profile.algorithms(), &expected).map_err(|error| {
            tracing::info!(%error, "a DPoP proof does not verify");
            bad("the proof must be a dpop+jwt that is signed with the key in its header")
        })?;
    let claims = &signed.claims;
    check(app, claims, &of)?;
    check_nonce(app, claims)?;
    use_up(app, signed.thumbprint, claims, of.rate).await?;
    Ok(Some(Thumbprint(signed.thumbprint)))
}

/// RFC 9449, 4.3.
fn check(app: &App, claims: &Claims, of: &For<'_>) -> Result<(), OAuthError> {
    if claims.htm != of.method.as_str() {
        return Err(bad("htm of the proof is not the method of the request"));
    }
    let origins = [app.issuer(), app.config().server.mtls.origin.as_str()];
    if !origins.into_iter().any(|origin| is_same_address(&claims.htu, origin, of.path)) {
        return Err(bad("htu of the proof is not the address of the request"));
    }
    let now = app.engine().now();
    if (Time(claims.iat) - now).abs() > WINDOW {
        return Err(bad("iat of the proof is too far from now; look at the clock"));
    }
    let digest = of.token.map(|token| to_base64url(&app.engine().crypto().hash.sha256(token.as_bytes())));
    match (digest, &claims.ath) {
        (None, None) => Ok(()),
        (Some(digest), Some(ath)) if bool::from(digest.as_bytes().ct_eq(ath.as_bytes())) => Ok(()),
        _ => Err(bad("ath of the proof is not the digest of the access token")),
    }
}

/// Query and fragment do not count; scheme and host are compared without case.
fn is_same_address(htu: &str, issuer: &str, path: &str) -> bool {
    let own = url::Url::parse(issuer).and_then(|issuer| issuer.join(path));
    let (Ok(own), Ok(mut named)) = (own, url::Url::parse(htu)) else { return false };
    named.set_query(None);
    named.set_fragment(None);
    named == own
}

/// One of ours of the last minutes, where the settings ask for it (RFC 9449, 8): whoever held the key for a moment could
/// otherwise have made proofs for the time after.
fn check_nonce(app: &App, claims: &Claims) -> Result<(), OAuthError> {
    let round = round(app);
    let is_ours =
        |nonce: &str| nonce == self::nonce(app, round) || nonce == self::nonce(app, round.saturating_sub(1));
    match &claims.nonce {
        Some(nonce) if is_ours(nonce) => Ok(()),
        None if !app.config().oidc.dpop_nonce => Ok(()),
        _ => {
            Err(OAuthError::new(Code::UseDpopNonce, "the proof must hold the nonce of the header DPoP-Nonce"))
        }
    }
}

fn round(app: &App) -> i64 {
    app.engine().now().0.div_euclid(NONCE_LIFE)
}

fn nonce(app: &App, round: i64) -> String {
    let digest = app.engine().keys().digest("dpop-nonce", &[&round.to_be_bytes()]);
    to_base64url(digest.first_chunk::<18>().map_or(&[], <[u8; 18]>::as_slice))
}

/// A proof that was seen before is somebody else's copy (RFC 9449, 11.1).
async fn use_up(
    app: &App,
    key: Octets<32>,
    claims: &Claims,
    rate: Option<RateWrite>,
) -> Result<(), OAuthError> {
    let (engine, now) = (app.engine(), app.engine().now());
    let key = engine.keys().digest("dpop-proof", &[&key.0, claims.jti.as_bytes()]);
    let row = MarkRow { key, answer: None, expires_at: Time(claims.iat) + WINDOW + 1 };
    let mut batch = Batch::new();
    batch.extend(rate);
    match engine.store().commit(batch.with(MarkWrite::Insert { row, now })).await? {
        Committed::Yes => Ok(()),
        Committed::Conflict(Guard::Rate) => Err(OAuthError::TOO_MANY),
        Committed::Conflict(_) => Err(bad("the proof was used before (jti)")),
    }
}

/// The middleware that says which number the next proof must hold, to whoever sends proofs (RFC 9449, 8.2).
pub async fn next_nonce(State(app): State<App>, request: Request, next: Next) -> Response {
    let proves = request.headers().contains_key(PROOF);
    let mut response = next.run(request).await;
    if let (true, Ok(nonce)) = (proves, HeaderValue::from_str(&nonce(&app, round(&app)))) {
        response.headers_mut().insert(NONCE, nonce);
    }
    response
}
