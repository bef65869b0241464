//! What may an application know about a person? (OpenID Connect Core 1.0, 5.1 and 5.4)

use idp_core::users::User;
use serde_json::{Map, Value};

use super::request::Asks;

/// The claims that each scope brings.
const BY_SCOPE: [(&str, &[&str]); 4] = [
    (
        "profile",
        &[
            "name",
            "given_name",
            "family_name",
            "middle_name",
            "nickname",
            "preferred_username",
            "profile",
            "picture",
            "website",
            "gender",
            "birthdate",
            "zoneinfo",
            "locale",
            "updated_at",
        ],
    ),
    ("email", &["email", "email_verified"]),
    ("address", &["address"]),
    ("phone", &["phone_number", "phone_number_verified"]),
];

/// The names of all claims about a person, `sub` apart.
pub fn names() -> impl Iterator<Item = &'static str> {
    BY_SCOPE.iter().flat_map(|(_, claims)| claims.iter().copied())
}

/// The scope that a claim belongs to; none if it is not about the person.
#[must_use]
pub fn scope_of(claim: &str) -> Option<&'static str> {
    BY_SCOPE.iter().find(|(_, claims)| claims.contains(&claim)).map(|(scope, _)| *scope)
}

/// What an application learns at the userinfo endpoint.
#[must_use]
pub fn at_userinfo(user: &User, asks: &Asks) -> Map<String, Value> {
    told(user, |claim, scope| asks.has(scope) || asks.userinfo.iter().any(|asked| asked == claim))
}

/// What an ID token says about a person: what was asked for it alone, and if there is no access token to ask with,
/// what the scope brings (5.4).
#[must_use]
pub fn in_id_token(user: &User, asks: &Asks, is_alone: bool) -> Map<String, Value> {
    told(user, |claim, scope| {
        (is_alone && asks.has(scope)) || asks.id_token.iter().any(|asked| asked == claim)
    })
}

fn told(user: &User, wanted: impl Fn(&str, &str) -> bool) -> Map<String, Value> {
    let mut told = Map::new();
    for (scope, claims) in BY_SCOPE {
        for claim in claims.iter().filter(|claim| wanted(claim, scope)) {
            if let Some(value) = value(user, claim) {
                told.insert((*claim).to_owned(), value);
            }
        }
    }
    told
}

fn value(user: &User, claim: &str) -> Option<Value> {
    let profile = &user.profile;
    match claim {
        "name" => profile.name.clone().map(Value::from),
        "preferred_username" => Some(Value::from(user.login.clone())),
        "locale" => profile.locale.clone().map(Value::from),
        "email" => profile.email.clone().map(Value::from),
        "email_verified" => profile.email.is_some().then(|| Value::from(profile.email_verified)),
        other => profile.attributes.get(other).cloned(),
    }
}
