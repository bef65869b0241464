//! A key of an application, and what it signs.

use std::sync::Arc;

use idp_protocol::{
    crypto::{Algorithm, PublicKey, SigningKey},
    encoding::to_base64url,
};
use serde_json::{Value, json};

use crate::saved_keys;

/// An application's key: on P-256, or RSA.
pub struct Signer {
    key: Arc<dyn SigningKey>,
    kid: String,
}

impl Signer {
    pub fn new(kid: &str) -> Self {
        let signatures = symbolon_aws_lc::crypto().signatures;
        let private = signatures.generate(Algorithm::Es256).unwrap();
        let key = signatures.load(Algorithm::Es256, &private).unwrap();
        Self { key, kid: kid.to_owned() }
    }

    /// One RSA key, as it signs with PS256 and with RS256.
    pub fn rsa(kid: &str) -> [Self; 2] {
        let signatures = saved_keys::crypto().signatures;
        let private = signatures.generate(Algorithm::Ps256).unwrap();
        [Algorithm::Ps256, Algorithm::Rs256].map(|algorithm| {
            let key = signatures.load(algorithm, &private).unwrap();
            Self { key, kid: kid.to_owned() }
        })
    }

    /// The public key.
    pub fn jwk(&self) -> Value {
        match self.key.public() {
            PublicKey::P256 { x, y } => {
                json!({"kty": "EC", "crv": "P-256", "kid": self.kid, "x": to_base64url(x), "y": to_base64url(y)})
            }
            PublicKey::Rsa { n, e } => {
                json!({"kty": "RSA", "kid": self.kid, "n": to_base64url(n), "e": to_base64url(e)})
            }
            _ => panic!("another kind"),
        }
    }

    /// The set of this key alone.
    pub fn jwks(&self) -> Value {
        json!({"keys": [self.jwk()]})
    }

    /// A proof of possession (RFC 9449, 4.2).
    pub fn prove(&self, claims: &Value) -> String {
        self.sign_as(&json!({"typ": "dpop+jwt", "alg": self.alg(), "jwk": self.jwk()}), claims)
    }

    /// The thumbprint of the key (RFC 7638).
    pub fn thumbprint(&self) -> String {
        let jwk = self.jwk();
        let counted = json!({"crv": jwk["crv"], "kty": jwk["kty"], "x": jwk["x"], "y": jwk["y"]});
        to_base64url(&symbolon_aws_lc::crypto().hash.sha256(counted.to_string().as_bytes()))
    }

    /// A token with these claims.
    pub fn sign(&self, claims: &Value) -> String {
        self.sign_as(&json!({"alg": self.alg(), "kid": self.kid}), claims)
    }

    fn alg(&self) -> &'static str {
        self.key.algorithm().name()
    }

    /// A token with another header.
    pub fn sign_as(&self, header: &Value, claims: &Value) -> String {
        let part = |json: &Value| to_base64url(json.to_string().as_bytes());
        let signed = format!("{}.{}", part(header), part(claims));
        format!("{signed}.{}", to_base64url(&self.key.sign(signed.as_bytes()).unwrap()))
    }
}

/// A token with a message authentication code.
pub fn hmac(secret: &[u8], claims: &Value) -> String {
    let part = |json: &Value| to_base64url(json.to_string().as_bytes());
    let signed = format!("{}.{}", part(&json!({"alg": "HS256"})), part(claims));
    let code = symbolon_aws_lc::crypto().hash.hmac(secret, signed.as_bytes());
    format!("{signed}.{}", to_base64url(&code))
}
