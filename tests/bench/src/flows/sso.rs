//! Somebody who is signed in goes to an application: authorize, code, tokens, userinfo.

use std::sync::Arc;

use anyhow::{Context as _, ensure};
use http::{HeaderValue, Method, StatusCode, header};
use hyper::body::Bytes;
use idp_protocol::encoding::to_base64url;
use serde_json::Value;

use super::{
    applications::{CALLBACK, SHOP},
    tokens::Judge,
};
use crate::{
    browser::{Browser, End},
    connection::{encoded, request},
    measure::Flow,
};

const VERIFIER: &str = "a-verifier-that-is-long-enough-for-the-rules-of-pkce";

/// What the shop keeps while somebody is away to sign in.
#[derive(Clone)]
pub struct Shop {
    pub secret: String,
    pub judge: Arc<Judge>,
}

/// Somebody who is signed in.
pub struct Sso {
    pub browser: Browser,
    pub shop: Shop,
    pub login: String,
}

impl Shop {
    /// Where the shop sends a browser, and the nonce of this request.
    pub fn request(&self) -> (String, String) {
        let crypto = symbolon_aws_lc::crypto();
        let nonce = to_base64url(&crypto.random::<16>());
        let challenge = to_base64url(&crypto.hash.sha256(VERIFIER.as_bytes()));
        let query = encoded(&[
            ("client_id", SHOP),
            ("redirect_uri", CALLBACK),
            ("response_type", "code"),
            ("scope", "openid profile"),
            ("state", &nonce),
            ("nonce", &nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ]);
        (format!("/oauth2/authorize?{query}"), nonce)
    }

    /// Takes somebody back and exchanges the code; returns the access token and whom it is about.
    ///
    /// # Errors
    /// Anything but tokens for this request.
    pub async fn redeem(
        &self,
        browser: &mut Browser,
        end: End,
        nonce: &str,
    ) -> anyhow::Result<(String, String)> {
        let back = url::Url::parse(&end.elsewhere()?)?;
        let param =
            |name: &str| back.query_pairs().find(|(of, _)| of == name).map(|(_, value)| value.into_owned());
        ensure!(param("state").as_deref() == Some(nonce), "another state: {back}");
        let code = param("code").with_context(|| format!("no code: {back}"))?;
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", SHOP),
            ("client_secret", &self.secret),
            ("code", &code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ];
        let answer = browser.connection().post_form("/oauth2/token", &form).await?;
        let answer = answer.expect(StatusCode::OK, "the token request of the shop")?;
        let tokens: Value = serde_json::from_slice(&answer.body)?;
        let claims = self.judge.claims(tokens["id_token"].as_str().context("no ID token")?)?;
        ensure!(claims["nonce"] == nonce && claims["aud"][0] == SHOP, "another ID token: {claims}");
        let token = tokens["access_token"].as_str().context("no access token")?;
        Ok((token.to_owned(), claims["sub"].as_str().context("no subject")?.to_owned()))
    }
}

impl Flow for Sso {
    async fn once(&mut self) -> anyhow::Result<()> {
        let (path, nonce) = self.shop.request();
        let end = self.browser.visit(&path).await?;
        let (token, subject) = self.shop.redeem(&mut self.browser, end, &nonce).await?;
        let mut asked = request(Method::GET, "/oauth2/userinfo", Bytes::new())?;
        asked.headers_mut().insert(header::AUTHORIZATION, HeaderValue::from_str(&format!("Bearer {token}"))?);
        let answer = self.browser.connection().ask(asked).await?.expect(StatusCode::OK, "userinfo")?;
        let claims: Value = serde_json::from_slice(&answer.body)?;
        let is_right =
            claims["sub"] == subject.as_str() && claims["preferred_username"] == self.login.as_str();
        ensure!(is_right, "userinfo about somebody else: {claims}");
        Ok(())
    }
}
