//! The application of a call centre, which has callers sign in on their phones (CIBA), over HTTP.

use idp_server::oidc::{DeliveryMode, GrantType, NewClient};
use serde_json::Value;

use crate::{
    phone::Phone,
    server::{Server, answer},
    signer::Signer,
    site::Site,
    television::text,
};

pub const GRANT: &str = "urn:openid:params:grant-type:ciba";
pub const ASK: &str = "/oauth2/bc-authorize";
pub const MESSAGE: &str = "Call 4711";
pub const SCOPE: &str = "openid profile offline_access";
/// What the server shows when it tells an application that it can ask again.
pub const TOKEN: &str = "notify-9f86d081884c7d659a2feaa0c55ad015";

/// An application that asks people.
pub struct Centre {
    pub id: &'static str,
    pub secret: String,
}

/// It asks again and again.
pub fn polls(new: &mut NewClient) {
    new.metadata.redirect_uris.clear();
    new.metadata.grant_types = vec![GrantType::Ciba, GrantType::RefreshToken];
    new.metadata.backchannel.mode = Some(DeliveryMode::Poll);
}

/// It is told at this site when to ask again.
pub fn is_pinged(new: &mut NewClient, site: &Site) {
    polls(new);
    new.metadata.backchannel.mode = Some(DeliveryMode::Ping);
    new.metadata.backchannel.notification_endpoint = Some(format!("{}/cb", site.url).parse().unwrap());
}

/// It signs its requests with this key.
pub fn signs(new: &mut NewClient, signer: &Signer) {
    polls(new);
    new.metadata.jwks = Some(serde_json::from_value(signer.jwks()).unwrap());
    new.metadata.backchannel.request_signing_alg = Some("ES256".to_owned());
}

/// A server, an application that polls, and alice's phone.
pub async fn start() -> (Server, Centre, Phone) {
    let server = Server::start().await;
    let centre = Centre::on(&server, "centre", polls).await;
    let phone = Phone::of(&server, &server.user).await;
    (server, centre, phone)
}

impl Centre {
    pub async fn on(server: &Server, id: &'static str, set: impl FnOnce(&mut NewClient)) -> Self {
        Self { id, secret: server.register(id, set).await }
    }

    fn proof(&self) -> [(&str, &str); 2] {
        [("client_id", self.id), ("client_secret", &self.secret)]
    }

    /// Sends a request with these parameters.
    pub async fn send(&self, server: &Server, params: &[(&str, &str)]) -> (u16, Value) {
        answer(server.post(ASK, &[self.proof().as_slice(), params].concat()).await).await
    }

    /// Sends an honest request about alice, with these parameters in place of its own; empty ones are left out.
    pub async fn ask_with(&self, server: &Server, with: &[(&str, &str)]) -> (u16, Value) {
        let usual = [("scope", SCOPE), ("login_hint", "alice"), ("binding_message", MESSAGE)];
        let mut params: Vec<_> =
            usual.into_iter().filter(|(name, _)| !with.iter().any(|(of, _)| of == name)).collect();
        params.extend(with);
        params.retain(|(_, value)| !value.is_empty());
        self.send(server, &params).await
    }

    /// Asks alice.
    pub async fn ask(&self, server: &Server) -> Value {
        let (status, begun) = self.ask_with(server, &[("client_notification_token", TOKEN)]).await;
        assert_eq!(status, 200, "{begun}");
        begun
    }

    /// Asks for the tokens, as one that keeps to the interval.
    pub async fn poll(&self, server: &Server, begun: &Value) -> (u16, Value) {
        server.clock.advance(5);
        self.poll_now(server, begun).await
    }

    pub async fn poll_now(&self, server: &Server, begun: &Value) -> (u16, Value) {
        let asked = [("grant_type", GRANT), ("auth_req_id", text(begun, "auth_req_id"))];
        answer(server.token(&[self.proof().as_slice(), &asked].concat()).await).await
    }

    /// The code of the refusal that it gets when it asks again.
    pub async fn error(&self, server: &Server, begun: &Value) -> String {
        let (status, refused) = self.poll(server, begun).await;
        assert_eq!(status, 400, "{refused}");
        text(&refused, "error").to_owned()
    }

    pub async fn refresh(&self, server: &Server, tokens: &Value) -> (u16, Value) {
        let again = [("grant_type", "refresh_token"), ("refresh_token", text(tokens, "refresh_token"))];
        answer(server.token(&[self.proof().as_slice(), &again].concat()).await).await
    }
}
