//! What does the FAPI 2.0 Security Profile (Final) ask of a provider, and where is each row of it held?
//!
//! | section | row | held by |
//! |---|---|---|
//! | 5.3.2.1-1 | metadata says what there is | `discovery.rs`, which lists no more than the profile allows |
//! | 5.3.2.1-2 | no password grant | there is none |
//! | 5.3.2.1-3, -6 | confidential clients: `private_key_jwt`, or mutual TLS | [`Profile::check`] |
//! | 5.3.2.1-4, -5 | tokens that are bound to a key or a certificate, no others | `Holder::of` |
//! | 5.3.2.1-7 | no open redirector | exact addresses, for every client |
//! | 5.3.2.1-8 | `aud` of an assertion is the issuer, as a string | `Assertion::check` |
//! | 5.3.2.1-9 | refresh tokens stay the same | `refresh::refresh`, by [`Profile::rotates`] |
//! | 5.3.2.1-11 | a code counts for a minute at most | `code::redeem`, by [`Profile::code_life`] |
//! | 5.3.2.1-12 | a code is for the key that pushed its request | `pushed.rs` and `code.rs`, for every client |
//! | 5.3.2.1-13 | clocks: 10 s of the future are fine, more than 60 s are not | `assertion::SKEW`, for every client |
//! | 5.3.2.2-1 | a code comes back, and nothing else | [`Profile::check`] |
//! | 5.3.2.2-2 to -4 | requests are pushed, by a client that shows who it is | `object.rs`, by `Client::must_push` |
//! | 5.3.2.2-5 | PKCE with S256 | `Client::needs_pkce`; there is no other method |
//! | 5.3.2.2-6 | a request names its `redirect_uri` | `request::check`, for every client |
//! | 5.3.2.2-7 | `iss` in answers | `respond.rs`, for every client |
//! | 5.3.2.2-8 | answers go to https, or stay on a native client's device | [`Profile::check`] |
//! | 5.3.2.2-9 | a code counts once | `code::redeem`, for every client |
//! | 5.3.2.2-10, -11 | 303, never 307 | axum's `Redirect::to`, for everybody |
//! | 5.3.2.2-12 | a pushed request counts for less than 600 s | `pushed.rs`, for every client |
//! | 5.3.2.3 | a `nonce` of 64 characters | for every client |
//! | 5.4.1 | PS256, ES256, EdDSA; `none` never | [`Profile::check`], [`Profile::algorithms`] |
//! | FAPI-CIBA 5.2.2 | backchannel requests are signed, count for an hour at most, and have a message; no push | [`Profile::check`], `backchannel/request.rs` |
//! | 5.4.1 | RSA of 2048 bits, secrets of 128 | `adapters/jose`; 256 bits in all of ours |
//!
//! An administrator chooses the profile and none of its rows.

use serde::{Deserialize, Serialize};
use symbolon_jose::SignatureAlgorithm;

use super::client::{
    ApplicationType, AuthMethod, BadClient, GrantType, Metadata, Pkce, RedirectUri, Registration, Signature,
    assertion::ALGORITHMS,
};
use super::request::ResponseType;

/// A set of rules that goes beyond OpenID Connect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Profile {
    /// None.
    #[default]
    None,
    /// FAPI 2.0 Security Profile (Final).
    Fapi2,
}

/// How long a code may count (5.3.2.1-11), in seconds.
pub const CODE_LIFE: i64 = 60;

const fn bad(member: &'static str, why: &'static str) -> BadClient {
    BadClient::Member { member, why }
}

impl Profile {
    /// Whether there is none.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::None
    }

    /// What clients may sign with (5.4.1).
    #[must_use]
    pub fn algorithms(self) -> Vec<SignatureAlgorithm> {
        let fits = |algorithm: &SignatureAlgorithm| self.is_none() || *algorithm != SignatureAlgorithm::Rs256;
        ALGORITHMS.into_iter().filter(fits).collect()
    }

    /// What we may sign with (5.4.1), the usual one first.
    #[must_use]
    pub fn signatures(self) -> Vec<Signature> {
        let fits = |signature: &Signature| self.is_none() || *signature != Signature::Rs256;
        Signature::ALL.into_iter().filter(fits).collect()
    }

    /// What is signed with where a client does not say.
    #[must_use]
    pub fn usual_signature(self) -> Signature {
        if self.is_none() { Signature::Rs256 } else { Signature::Ps256 }
    }

    /// How long a code counts, where the settings say this (5.3.2.1-11).
    #[must_use]
    pub fn code_life(self, set: i64) -> i64 {
        if self.is_none() { set } else { set.min(CODE_LIFE) }
    }

    /// Whether the use of a refresh token makes the next one. If a client of the profile loses an answer it must not lose
    /// its grant with it; whoever stole the token lacks what the client proves itself with (5.3.2.1-9).
    #[must_use]
    pub fn rotates(self) -> bool {
        self.is_none()
    }

    /// Whether a client may authenticate like this (5.3.2.1-6).
    #[must_use]
    pub fn takes_method(self, method: AuthMethod) -> bool {
        let with_a_key =
            [AuthMethod::PrivateKeyJwt, AuthMethod::TlsClientAuth, AuthMethod::SelfSignedTlsClientAuth];
        self.is_none() || with_a_key.contains(&method)
    }

    /// Whether a client may ask for this (5.3.2.2-1); `client_credentials` are no request of a browser.
    #[must_use]
    pub fn takes_grant(self, grant_type: GrantType) -> bool {
        // CIBA as FAPI-CIBA restricts it: see `check_backchannel`.
        let fine = [
            GrantType::AuthorizationCode,
            GrantType::RefreshToken,
            GrantType::ClientCredentials,
            GrantType::Ciba,
        ];
        self.is_none() || fine.contains(&grant_type)
    }

    /// Whether a registration keeps to it, as far as a registration can show.
    ///
    /// # Errors
    /// [`BadClient::Member`] with the first row that it breaks.
    pub fn check(self, registration: &Registration) -> Result<(), BadClient> {
        if self.is_none() {
            return Ok(());
        }
        let metadata = &registration.metadata;
        let method = metadata.token_endpoint_auth_method.unwrap_or(AuthMethod::ClientSecretBasic);
        if !self.takes_method(method) {
            let why = "FAPI 2.0 takes private_key_jwt, tls_client_auth or self_signed_tls_client_auth";
            return Err(bad("token_endpoint_auth_method", why));
        }
        if !metadata.response_types.iter().all(|of| *of == ResponseType::Code) {
            return Err(bad("response_types", "FAPI 2.0 knows code only"));
        }
        if !metadata.grant_types.iter().all(|of| self.takes_grant(*of)) {
            let why = "FAPI 2.0 knows authorization_code, refresh_token, client_credentials and CIBA here";
            return Err(bad("grant_types", why));
        }
        if registration.terms.pkce != Pkce::Required {
            return Err(bad("pkce", "FAPI 2.0 needs it; register the client without that exception"));
        }
        let is_safe = |uri: &RedirectUri| is_safe(metadata.application_type, uri);
        if !metadata.redirect_uris.iter().all(is_safe) {
            let why = "FAPI 2.0 takes https, or http to 127.0.0.1 or [::1] for a native application";
            return Err(bad("redirect_uris", why));
        }
        // FAPI-CIBA, 5.2.2: requests are signed. That there is no push and a message for the person holds for every client.
        if metadata.grant_types.contains(&GrantType::Ciba)
            && metadata.backchannel.request_signing_alg.is_none()
        {
            let why = "FAPI-CIBA needs signed requests: PS256, ES256 or EdDSA";
            return Err(bad("backchannel_authentication_request_signing_alg", why));
        }
        self.check_algorithms(metadata)
    }

    /// 5.4.1.
    fn check_algorithms(self, metadata: &Metadata) -> Result<(), BadClient> {
        let (own, theirs) = (self.signatures(), self.algorithms());
        let signs = [
            ("id_token_signed_response_alg", Some(metadata.id_token_signed_response_alg)),
            ("userinfo_signed_response_alg", metadata.userinfo_signed_response_alg),
            ("authorization_signed_response_alg", Some(metadata.authorization_signed_response_alg)),
        ];
        let signed = [
            ("token_endpoint_auth_signing_alg", &metadata.token_endpoint_auth_signing_alg),
            ("request_object_signing_alg", &metadata.request_object_signing_alg),
            ("backchannel_authentication_request_signing_alg", &metadata.backchannel.request_signing_alg),
        ];
        let of_ours = signs.into_iter().find(|(_, with)| with.is_some_and(|with| !own.contains(&with)));
        let is_fine = |name: &str| theirs.iter().any(|algorithm| algorithm.name() == name);
        let of_theirs =
            signed.into_iter().find(|(_, with)| with.as_deref().is_some_and(|name| !is_fine(name)));
        match of_ours.map(|(member, _)| member).or(of_theirs.map(|(member, _)| member)) {
            Some(member) => Err(bad(member, "FAPI 2.0 takes PS256, ES256 or EdDSA")),
            None => Ok(()),
        }
    }
}

/// 5.3.2.2-8, and no scheme of an app: any app may claim one.
fn is_safe(runs: ApplicationType, uri: &RedirectUri) -> bool {
    let stays = runs == ApplicationType::Native && uri.is_same_device(uri.as_str());
    uri.as_str().starts_with("https:") || stays
}
