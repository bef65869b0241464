//! Are these the tokens that were asked for?

use std::sync::Arc;

use anyhow::{Context as _, ensure};
use http::StatusCode;
use idp_protocol::{
    Crypto,
    crypto::{Algorithm, PublicKey},
    encoding::from_base64url,
};
use serde_json::Value;

use crate::{connection::Connection, server::Server};

/// What tokens have to be signed with, and by whom.
pub struct Judge {
    crypto: Crypto,
    issuer: String,
    keys: Vec<(String, PublicKey)>,
}

impl Judge {
    /// Reads the provider's keys.
    ///
    /// # Errors
    /// It publishes none.
    pub async fn of(server: &Server) -> anyhow::Result<Arc<Self>> {
        let answer = Connection::open(server.port).await?.get("/oauth2/jwks").await?;
        let set: Value = serde_json::from_slice(&answer.expect(StatusCode::OK, "the key set")?.body)?;
        let keys = set["keys"].as_array().context("no keys")?.iter().filter(|key| key["kty"] == "RSA");
        let keys = keys.map(|key| {
            let text = |name: &str| key[name].as_str().context("a key without a member");
            let number = |name: &str| from_base64url(text(name)?).context("no base64url");
            Ok((text("kid")?.to_owned(), PublicKey::Rsa { n: number("n")?, e: number("e")? }))
        });
        let keys: anyhow::Result<Vec<_>> = keys.collect();
        let crypto = symbolon_aws_lc::crypto();
        Ok(Arc::new(Self { crypto, issuer: server.issuer.clone(), keys: keys? }))
    }

    /// The claims of a token, if it is signed with RS256 by the provider.
    ///
    /// # Errors
    /// It is not.
    pub fn claims(&self, token: &str) -> anyhow::Result<Value> {
        let (signed, signature) = token.rsplit_once('.').context("no token")?;
        let (header, claims) = signed.split_once('.').context("no token")?;
        let decoded = |part: &str| from_base64url(part).context("no base64url");
        let header: Value = serde_json::from_slice(&decoded(header)?)?;
        ensure!(header["alg"] == "RS256", "the token is signed with {}", header["alg"]);
        let key = self.keys.iter().find(|(kid, _)| header["kid"] == kid.as_str());
        let (_, key) = key.context("a key that is not published")?;
        let signatures = &self.crypto.signatures;
        signatures.verify(Algorithm::Rs256, key, signed.as_bytes(), &decoded(signature)?)?;
        let claims: Value = serde_json::from_slice(&decoded(claims)?)?;
        ensure!(claims["iss"] == self.issuer.as_str(), "another issuer: {}", claims["iss"]);
        Ok(claims)
    }
}
