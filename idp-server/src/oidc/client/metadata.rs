//! What does an application say about itself? (RFC 7591, 2; OpenID Connect Dynamic Client Registration 1.0, 2)

use std::collections::BTreeMap;

use idp_protocol::{Text, crypto::Algorithm};
use serde::{Deserialize, Serialize};
use symbolon_jose::KeySet;

use super::{Backchannel, Encryption, RedirectUri, WebUri};
use crate::oidc::request::ResponseType;

/// The members of a registration, under the names of the specifications. A member that is missing has its default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata {
    /// Its name for people.
    #[serde(default, alias = "name", skip_serializing_if = "Option::is_none")]
    pub client_name: Option<Text<64>>,
    /// Where a browser may be sent back to; compared letter by letter (RFC 9700, 2.1).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub redirect_uris: Vec<RedirectUri>,
    /// What may come back from the authorization endpoint. Anything but a code must be asked for (RFC 9700, 2.1.2).
    #[serde(default = "a_code")]
    pub response_types: Vec<ResponseType>,
    /// Where it runs.
    #[serde(default)]
    pub application_type: ApplicationType,
    /// What it may exchange for tokens.
    #[serde(default = "by_code")]
    pub grant_types: Vec<GrantType>,
    /// How it proves who it is; if it does not say, with a secret if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_endpoint_auth_method: Option<AuthMethod>,
    /// What it signs with when it proves who it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_endpoint_auth_signing_alg: Option<String>,
    /// Its public keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks: Option<KeySet>,
    /// Where its public keys stand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks_uri: Option<WebUri>,
    /// The only scopes that it may ask for, separated by spaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// Whether other applications know a person by the same name.
    #[serde(default)]
    pub subject_type: SubjectType,
    /// Where the addresses of all applications of its site stand, which know a person by one name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sector_identifier_uri: Option<WebUri>,
    /// What its ID tokens are signed with.
    #[serde(default)]
    pub id_token_signed_response_alg: Signature,
    /// What the answers of the userinfo endpoint are signed with, if at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub userinfo_signed_response_alg: Option<Signature>,
    /// What answers of the authorization endpoint are signed with, if it asks for signed ones (JARM).
    #[serde(default)]
    pub authorization_signed_response_alg: Signature,
    /// What is encrypted for it, and by it.
    #[serde(flatten)]
    pub encryption: Encryption,
    /// How it asks people without a browser.
    #[serde(flatten)]
    pub backchannel: Backchannel,
    /// How old a sign-in may be, in seconds, where a request does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_max_age: Option<u32>,
    /// Whether ID tokens say when the person signed in; here they always do.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub require_auth_time: bool,
    /// The classes of sign-in that it would like where a request does not say, the dearest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub default_acr_values: Vec<String>,
    /// Where a browser may be sent after signing out; compared letter by letter.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub post_logout_redirect_uris: Vec<RedirectUri>,
    /// Where it is told that a session ended, without a browser (Back-Channel Logout 1.0, 2.2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backchannel_logout_uri: Option<WebUri>,
    /// Whether it must be told which session; here it always is.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub backchannel_logout_session_required: bool,
    /// Which address a browser opens in a frame that has just signed out (Front-Channel Logout 1.0, 2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frontchannel_logout_uri: Option<WebUri>,
    /// Whether the address must say which session; here it always does.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub frontchannel_logout_session_required: bool,
    /// Where somebody else may send a browser so that it begins to sign in (OpenID Connect Core 1.0, 4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initiate_login_uri: Option<WebUri>,
    /// What it signs requests with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_object_signing_alg: Option<String>,
    /// Where its requests stand, if it sends addresses in place of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub request_uris: Vec<WebUri>,
    /// Whether it signs every request (RFC 9101, 10.5).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub require_signed_request_object: bool,
    /// Whether it leaves every request with us before the browser comes (RFC 9126, 6).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub require_pushed_authorization_requests: bool,
    /// The subject of its certificate (RFC 4514). Of this and the following four one is given (RFC 8705, 2.1.2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_client_auth_subject_dn: Option<String>,
    /// A DNS name in its certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_client_auth_san_dns: Option<String>,
    /// An address in its certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_client_auth_san_uri: Option<String>,
    /// An IP address in its certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_client_auth_san_ip: Option<String>,
    /// An e-mail address in its certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_client_auth_san_email: Option<String>,
    /// Whether it takes only tokens that are bound to its certificate (RFC 8705, 3.4).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tls_client_certificate_bound_access_tokens: bool,
    /// Whether it takes only tokens that are bound to a key of its own (RFC 9449, 5.2).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dpop_bound_access_tokens: bool,
    /// Who is told when something is wrong with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contacts: Vec<String>,
    /// Its home page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_uri: Option<WebUri>,
    /// Its picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logo_uri: Option<WebUri>,
    /// What it does with what it learns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_uri: Option<WebUri>,
    /// On which terms it can be used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tos_uri: Option<WebUri>,
    /// Which software it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub software_id: Option<String>,
    /// In which version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub software_version: Option<String>,
    /// Its name in other languages: `client_name#de` (RFC 7591, 2.2).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub translated: BTreeMap<String, Text<64>>,
}

impl Default for Metadata {
    fn default() -> Self {
        Self {
            client_name: None,
            redirect_uris: Vec::new(),
            response_types: a_code(),
            application_type: ApplicationType::default(),
            grant_types: by_code(),
            token_endpoint_auth_method: None,
            token_endpoint_auth_signing_alg: None,
            jwks: None,
            jwks_uri: None,
            scope: None,
            subject_type: SubjectType::default(),
            sector_identifier_uri: None,
            id_token_signed_response_alg: Signature::default(),
            userinfo_signed_response_alg: None,
            authorization_signed_response_alg: Signature::default(),
            encryption: Encryption::default(),
            backchannel: Backchannel::default(),
            default_max_age: None,
            require_auth_time: false,
            default_acr_values: Vec::new(),
            post_logout_redirect_uris: Vec::new(),
            backchannel_logout_uri: None,
            backchannel_logout_session_required: false,
            frontchannel_logout_uri: None,
            frontchannel_logout_session_required: false,
            initiate_login_uri: None,
            request_object_signing_alg: None,
            request_uris: Vec::new(),
            require_signed_request_object: false,
            require_pushed_authorization_requests: false,
            tls_client_auth_subject_dn: None,
            tls_client_auth_san_dns: None,
            tls_client_auth_san_uri: None,
            tls_client_auth_san_ip: None,
            tls_client_auth_san_email: None,
            tls_client_certificate_bound_access_tokens: false,
            dpop_bound_access_tokens: false,
            contacts: Vec::new(),
            client_uri: None,
            logo_uri: None,
            policy_uri: None,
            tos_uri: None,
            software_id: None,
            software_version: None,
            translated: BTreeMap::new(),
        }
    }
}

fn by_code() -> Vec<GrantType> {
    vec![GrantType::AuthorizationCode]
}

fn a_code() -> Vec<ResponseType> {
    vec![ResponseType::Code]
}

/// Where an application runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApplicationType {
    /// On a server, or in a page.
    #[default]
    Web,
    /// On the person's device: it may take people back to any port of the device itself (RFC 8252, 7.3).
    Native,
}

/// What can be exchanged for tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantType {
    /// What a browser brings back (RFC 6749, 4.1).
    AuthorizationCode,
    /// Nothing: tokens come through the browser (OpenID Connect Core 1.0, 3.2).
    Implicit,
    /// What came with the tokens before (RFC 6749, 6).
    RefreshToken,
    /// Nothing but who the application is (RFC 6749, 4.4).
    ClientCredentials,
    /// What a device without a keyboard got when it began (RFC 8628, 3.4).
    #[serde(rename = "urn:ietf:params:oauth:grant-type:device_code")]
    DeviceCode,
    /// What an application got when it asked without a browser (CIBA Core 1.0, 10.1).
    #[serde(rename = "urn:openid:params:grant-type:ciba")]
    Ciba,
}

impl GrantType {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::AuthorizationCode,
        Self::Implicit,
        Self::RefreshToken,
        Self::ClientCredentials,
        Self::DeviceCode,
        Self::Ciba,
    ];

    /// Its name in a request.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "authorization_code",
            Self::Implicit => "implicit",
            Self::RefreshToken => "refresh_token",
            Self::ClientCredentials => "client_credentials",
            Self::DeviceCode => "urn:ietf:params:oauth:grant-type:device_code",
            Self::Ciba => "urn:openid:params:grant-type:ciba",
        }
    }

    /// The one with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|grant_type| grant_type.name() == name)
    }
}

/// How a client proves who it is (OpenID Connect Core 1.0, 9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthMethod {
    /// With a secret in the header.
    ClientSecretBasic,
    /// With a secret in the form.
    ClientSecretPost,
    /// With a token that is signed with the secret (RFC 7523).
    ClientSecretJwt,
    /// With a token that is signed with a key of its own (RFC 7523).
    PrivateKeyJwt,
    /// With a certificate that an authority vouches for (RFC 8705, 2.1).
    TlsClientAuth,
    /// With a certificate whose key is registered (RFC 8705, 2.2).
    SelfSignedTlsClientAuth,
    /// Not at all: a public client.
    None,
}

impl AuthMethod {
    /// Whether it needs a secret that both know.
    #[must_use]
    pub fn has_secret(self) -> bool {
        matches!(self, Self::ClientSecretBasic | Self::ClientSecretPost | Self::ClientSecretJwt)
    }
}

/// Under which name an application knows a person (OpenID Connect Core 1.0, 8).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubjectType {
    /// The same everywhere.
    #[default]
    Public,
    /// One that only the applications of one site share.
    Pairwise,
}

/// What a client's ID tokens are signed with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Signature {
    /// RSASSA-PKCS1-v1_5 with SHA-256, which every application must know (OpenID Connect Core 1.0, 15.1).
    #[default]
    #[serde(rename = "RS256")]
    Rs256,
    /// RSASSA-PSS with SHA-256, as profiles for banks ask for it (FAPI 2.0 Security Profile, 5.4.1).
    #[serde(rename = "PS256")]
    Ps256,
    /// ECDSA on P-256 with SHA-256: shorter tokens.
    #[serde(rename = "ES256")]
    Es256,
    /// Ed25519 (RFC 8037).
    #[serde(rename = "EdDSA")]
    EdDsa,
}

impl Signature {
    /// All of them, the default first.
    pub const ALL: [Self; 4] = [Self::Rs256, Self::Ps256, Self::Es256, Self::EdDsa];

    /// The algorithm; one more is one line here, two above, and one in [`crate::oidc::ALGORITHMS`].
    #[must_use]
    pub fn algorithm(self) -> Algorithm {
        match self {
            Self::Rs256 => Algorithm::Rs256,
            Self::Ps256 => Algorithm::Ps256,
            Self::Es256 => Algorithm::Es256,
            Self::EdDsa => Algorithm::EdDsa,
        }
    }

    /// The one with this name in JOSE (RFC 7518, 3.1; RFC 8037, 3.1).
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|signature| signature.algorithm().name() == name)
    }
}
