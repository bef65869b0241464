//! Which applications are there, and how do they prove who they are?

use std::sync::Arc;

use anyhow::{Context as _, bail};
use idp_protocol::{
    crypto::{Algorithm, PublicKey, SigningKey},
    encoding::to_base64url,
};
use serde_json::{Value, json};

use crate::server::Server;

/// The application that people sign in to.
pub const SHOP: &str = "shop";
/// Where it takes them back.
pub const CALLBACK: &str = "http://127.0.0.1:9/callback";
/// The application that acts for itself.
pub const MACHINE: &str = "machine";

/// Registers the shop and returns its secret.
///
/// # Errors
/// It is not registered.
pub async fn add_shop(server: &Server) -> anyhow::Result<String> {
    let arguments = ["client", "add", SHOP, "--name", "The Shop", "--redirect-uri", CALLBACK];
    let said = server.admin(&arguments, "").await?;
    let secret = said.lines().find_map(|line| line.strip_prefix("client_secret"));
    Ok(secret.context("the shop got no secret")?.trim().to_owned())
}

/// An application's key, as applications keep it.
pub struct Machine {
    key: Arc<dyn SigningKey>,
}

impl Machine {
    /// Registers an application with a new key.
    ///
    /// # Errors
    /// It is not registered.
    pub async fn add(server: &Server) -> anyhow::Result<Self> {
        let signatures = symbolon_aws_lc::crypto().signatures;
        let key = signatures.load(Algorithm::Es256, &signatures.generate(Algorithm::Es256)?)?;
        let PublicKey::P256 { x, y } = key.public() else { bail!("a key of another kind") };
        let jwk =
            json!({"kty": "EC", "crv": "P-256", "kid": "1", "x": to_base64url(x), "y": to_base64url(y)});
        let metadata = json!({
            "client_name": "A machine",
            "grant_types": ["client_credentials"],
            "response_types": [],
            "token_endpoint_auth_method": "private_key_jwt",
            "jwks": {"keys": [jwk]},
            "scope": "stock",
        });
        let file = server.file("machine.json", &metadata.to_string())?;
        server.admin(&["client", "add", MACHINE, "--metadata", &file], "").await?;
        Ok(Self { key })
    }

    /// A signed token with these claims.
    ///
    /// # Errors
    /// The key does not sign.
    pub fn sign(&self, claims: &Value) -> anyhow::Result<String> {
        let part = |json: &Value| to_base64url(json.to_string().as_bytes());
        let signed = format!("{}.{}", part(&json!({"alg": "ES256", "kid": "1"})), part(claims));
        Ok(format!("{signed}.{}", to_base64url(&self.key.sign(signed.as_bytes())?)))
    }
}
