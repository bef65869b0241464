//! What does an application want encrypted, and what does it encrypt itself? (OpenID Connect Dynamic Client Registration
//! 1.0, 2; JARM, 5)

use serde::{Deserialize, Serialize};
use symbolon_jose::{ContentEncryption, KeyManagement};

use super::{BadClient, Metadata};
use crate::oidc::decryption;

/// The members of a registration about encryption, under the names of the specifications.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Encryption {
    /// How the keys of its ID tokens are encrypted, if those are encrypted at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_token_encrypted_response_alg: Option<KeyManagement>,
    /// How its ID tokens themselves are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_token_encrypted_response_enc: Option<ContentEncryption>,
    /// The same for answers of the userinfo endpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub userinfo_encrypted_response_alg: Option<KeyManagement>,
    /// The same for answers of the userinfo endpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub userinfo_encrypted_response_enc: Option<ContentEncryption>,
    /// The same for signed answers of the authorization endpoint (JARM).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorization_encrypted_response_alg: Option<KeyManagement>,
    /// The same for signed answers of the authorization endpoint (JARM).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorization_encrypted_response_enc: Option<ContentEncryption>,
    /// How the keys of its request objects are encrypted. One that says so sends no others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_object_encryption_alg: Option<KeyManagement>,
    /// How its request objects themselves are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_object_encryption_enc: Option<ContentEncryption>,
}

/// How something is encrypted: its key, and itself (RFC 7516, 4.1.1 and 4.1.2).
pub type Algorithms = (KeyManagement, ContentEncryption);

/// What the specifications say where only the first is registered.
const USUAL: ContentEncryption = ContentEncryption::A128CbcHs256;

impl Encryption {
    /// How ID tokens are encrypted.
    #[must_use]
    pub fn of_id_tokens(&self) -> Option<Algorithms> {
        both(self.id_token_encrypted_response_alg, self.id_token_encrypted_response_enc)
    }

    /// How answers of the userinfo endpoint are.
    #[must_use]
    pub fn of_userinfo(&self) -> Option<Algorithms> {
        both(self.userinfo_encrypted_response_alg, self.userinfo_encrypted_response_enc)
    }

    /// How signed answers of the authorization endpoint are.
    #[must_use]
    pub fn of_answers(&self) -> Option<Algorithms> {
        both(self.authorization_encrypted_response_alg, self.authorization_encrypted_response_enc)
    }

    /// How request objects are.
    #[must_use]
    pub fn of_request_objects(&self) -> Option<Algorithms> {
        both(self.request_object_encryption_alg, self.request_object_encryption_enc)
    }
}

fn both(management: Option<KeyManagement>, content: Option<ContentEncryption>) -> Option<Algorithms> {
    management.map(|management| (management, content.unwrap_or(USUAL)))
}

impl Metadata {
    /// Each `enc` has its `alg`, and there is a key for each `alg`.
    pub(super) fn check_encryption(&self) -> Result<(), BadClient> {
        let bad = |member, why| Err(BadClient::Member { member, why });
        let of = &self.encryption;
        let pairs = [
            (
                ("id_token_encrypted_response_alg", of.id_token_encrypted_response_alg),
                ("id_token_encrypted_response_enc", of.id_token_encrypted_response_enc),
            ),
            (
                ("userinfo_encrypted_response_alg", of.userinfo_encrypted_response_alg),
                ("userinfo_encrypted_response_enc", of.userinfo_encrypted_response_enc),
            ),
            (
                ("authorization_encrypted_response_alg", of.authorization_encrypted_response_alg),
                ("authorization_encrypted_response_enc", of.authorization_encrypted_response_enc),
            ),
        ];
        for ((member, management), (of_content, content)) in pairs {
            match management {
                None if content.is_some() => return bad(of_content, "it needs the alg beside it"),
                Some(management) if !self.can_take(management) => {
                    return bad(member, "it needs a key for that in jwks, or a jwks_uri");
                }
                _ => {}
            }
        }
        match of.request_object_encryption_alg {
            None if of.request_object_encryption_enc.is_some() => {
                bad("request_object_encryption_enc", "it needs the alg beside it")
            }
            Some(management) if !decryption::MANAGEMENT.contains(&management) => {
                bad("request_object_encryption_alg", "ECDH-ES, ECDH-ES+A128KW or ECDH-ES+A256KW")
            }
            _ => Ok(()),
        }
    }

    /// Whether it has a key to encrypt like this for. What stands at an address is looked at when it is needed.
    fn can_take(&self, management: KeyManagement) -> bool {
        self.jwks_uri.is_some() || self.jwks.as_ref().is_some_and(|keys| keys.can_encrypt(management))
    }
}
