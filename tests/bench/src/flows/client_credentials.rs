//! An application gets a token for itself: it signs with ES256, the token comes with RS256.

use std::sync::Arc;

use anyhow::{Context as _, ensure};
use http::StatusCode;
use idp_protocol::encoding::to_base64url;
use serde_json::{Value, json};
use symbolon_authenticator::{Clock as _, SystemClock};

use super::{
    applications::{MACHINE, Machine},
    tokens::Judge,
};
use crate::{connection::Connection, measure::Flow};

/// One process of the application.
pub struct ClientCredentials {
    pub connection: Connection,
    pub machine: Arc<Machine>,
    pub judge: Arc<Judge>,
    pub issuer: String,
}

impl Flow for ClientCredentials {
    async fn once(&mut self) -> anyhow::Result<()> {
        let now = SystemClock.now();
        let jti = to_base64url(&symbolon_aws_lc::crypto().random::<16>());
        let assertion = self.machine.sign(&json!({
            "iss": MACHINE, "sub": MACHINE, "aud": self.issuer, "iat": now, "exp": now + 60, "jti": jti,
        }))?;
        let form = [
            ("grant_type", "client_credentials"),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", &assertion),
            ("scope", "stock"),
        ];
        let answer = self.connection.post_form("/oauth2/token", &form).await?;
        let answer = answer.expect(StatusCode::OK, "the token request of a machine")?;
        let tokens: Value = serde_json::from_slice(&answer.body)?;
        let token = tokens["access_token"].as_str().context("no access token")?;
        let claims = self.judge.claims(token)?;
        ensure!(claims["sub"] == MACHINE && claims["scope"] == "stock", "another token: {claims}");
        Ok(())
    }
}
