//! What does a browser send? The parts of its answer that count, each named; a part that nobody asked for is refused.

use idp_protocol::{
    Text,
    encoding::{base64url, to_base64url},
};
use serde::Deserialize;
use webauthn_rs::prelude::{PublicKeyCredential, RegisterPublicKeyCredential};
use webauthn_rs_proto::{
    AuthenticationExtensionsClientOutputs, AuthenticatorAssertionResponseRaw,
    AuthenticatorAttestationResponseRaw, RegistrationExtensionsClientOutputs,
};

const TYPE: &str = "public-key";

/// An assertion (WebAuthn, 5.2.2). All members are base64url.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Asserted {
    /// By what the authenticator calls the key.
    #[serde(with = "base64url")]
    pub(crate) id: Vec<u8>,
    /// What the browser says it did, as the bytes that were hashed.
    #[serde(with = "base64url", rename = "clientDataJSON")]
    client_data: Vec<u8>,
    /// What the authenticator says, as the bytes that were signed.
    #[serde(with = "base64url")]
    authenticator_data: Vec<u8>,
    #[serde(with = "base64url")]
    signature: Vec<u8>,
    /// Whose key it is: the id of the account. A discoverable key always says so.
    #[serde(with = "base64url")]
    pub(crate) user_handle: Vec<u8>,
}

/// A new key (WebAuthn, 5.2.1), and what its owner calls it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Created {
    /// 1 to 64 characters.
    pub(crate) name: Text<64>,
    /// What the browser says it did.
    #[serde(with = "base64url", rename = "clientDataJSON")]
    client_data: Vec<u8>,
    /// The new key, and what vouches for it.
    #[serde(with = "base64url")]
    attestation_object: Vec<u8>,
    /// Whether it can be found without a name (`credProps.rk`), as far as the browser knows.
    #[serde(default)]
    pub(crate) discoverable: Option<bool>,
}

impl From<Asserted> for PublicKeyCredential {
    fn from(asserted: Asserted) -> Self {
        Self {
            id: to_base64url(&asserted.id),
            raw_id: asserted.id,
            response: AuthenticatorAssertionResponseRaw {
                authenticator_data: asserted.authenticator_data,
                client_data_json: asserted.client_data,
                signature: asserted.signature,
                user_handle: Some(asserted.user_handle),
            },
            extensions: AuthenticationExtensionsClientOutputs::default(),
            type_: TYPE.to_owned(),
        }
    }
}

impl From<Created> for RegisterPublicKeyCredential {
    fn from(created: Created) -> Self {
        // The id stands in the attestation object; the copy beside it is never read.
        Self {
            id: String::new(),
            raw_id: Vec::new(),
            response: AuthenticatorAttestationResponseRaw {
                attestation_object: created.attestation_object,
                client_data_json: created.client_data,
                transports: None,
            },
            type_: TYPE.to_owned(),
            extensions: RegistrationExtensionsClientOutputs::default(),
        }
    }
}
