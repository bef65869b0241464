//! Which scopes does a request get? (RFC 6749, 3.3; OpenID Connect Core 1.0, 5.4 and 11)

use super::{Code, No, ResponseType};
use crate::oidc::client::{Client, GrantType};

/// The scopes that mean something here; others are ignored (OpenID Connect Core 1.0, 3.1.2.1).
pub const SCOPES: [&str; 6] = ["openid", "profile", "email", "address", "phone", "offline_access"];

pub(super) fn read(client: &Client, of: ResponseType, asked: Option<&str>) -> Result<Vec<String>, No> {
    let mut scope = Vec::new();
    for word in asked.unwrap_or_default().split(' ').filter(|word| knows(client, of, word)) {
        if !scope.iter().any(|own| own == word) {
            scope.push(word.to_owned());
        }
    }
    // A client with scopes of its own may want no more than those: that is OAuth without OpenID Connect.
    let has_own = scope.iter().any(|word| !SCOPES.contains(&word.as_str()));
    if scope.iter().any(|word| word == "openid") || (has_own && of == ResponseType::Code) {
        return Ok(scope);
    }
    Err((Code::InvalidScope, "scope must contain openid"))
}

/// Whether a scope means something here for this client: one of ours, or one of its own that it is registered for.
fn knows(client: &Client, of: ResponseType, scope: &str) -> bool {
    let is_own = client.registration.metadata.scope.is_some();
    match scope {
        // Nobody is asked for what leads to nothing (OpenID Connect Core 1.0, 11).
        "offline_access" => of.has_code() && client.may(GrantType::RefreshToken) && client.may_ask_for(scope),
        scope => (is_own || SCOPES.contains(&scope)) && client.may_ask_for(scope),
    }
}
