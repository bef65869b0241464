//! Which single claims does a request ask for? (OpenID Connect Core 1.0, 5.5)

use idp_core::policy::Acr;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Code, No};
use crate::oidc::person;

/// How long the parameter may be, in bytes.
const MAX: usize = 4096;

/// What a request asks about the person and the sign-in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asks {
    /// The scope.
    pub scope: Vec<String>,
    /// Single claims for the ID token, beside those of the scope.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub id_token: Vec<String>,
    /// Single claims at the userinfo endpoint, beside those of the scope.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub userinfo: Vec<String>,
    /// The resources that tokens may be for; without any, they are for the provider itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<String>,
    /// The classes of which one must be reached and named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub essential_acr: Vec<Acr>,
}

/// What the name of a resource begins with where it stands beside scopes.
pub(crate) const RESOURCE: &str = "resource ";

impl Asks {
    /// Whether a scope is among what is asked.
    #[must_use]
    pub fn has(&self, scope: &str) -> bool {
        self.scope.iter().any(|own| own == scope)
    }

    /// What the person has to agree to: the scopes, those that the single claims belong to, and the resources. A
    /// resource has a blank in its name, as no scope does (RFC 6749, 3.3).
    #[must_use]
    pub fn learns(&self) -> Vec<String> {
        let mut scopes = self.scope.clone();
        let single = self.id_token.iter().chain(&self.userinfo);
        for scope in single.filter_map(|claim| person::scope_of(claim)) {
            if !scopes.iter().any(|own| own == scope) {
                scopes.push(scope.to_owned());
            }
        }
        scopes.extend(self.resources.iter().map(|resource| format!("{RESOURCE}{resource}")));
        scopes
    }
}

/// The parameter `claims`, as far as it means something here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Claims {
    pub id_token: Vec<String>,
    pub userinfo: Vec<String>,
    /// Classes that must be reached.
    pub essential_acr: Vec<Acr>,
    /// Classes that the client would like.
    pub wished_acr: Vec<Acr>,
    /// Who it must be, as the client knows the person.
    pub sub: Option<String>,
}

impl Claims {
    pub fn read(text: Option<&str>) -> Result<Self, No> {
        let Some(text) = text else { return Ok(Self::default()) };
        let members = match serde_json::from_str(text) {
            Ok(Value::Object(members)) if text.len() <= MAX => members,
            _ => return Err((Code::InvalidRequest, "claims must be a JSON object of at most 4096 bytes")),
        };
        let (id_token, userinfo) = (part(&members, "id_token")?, part(&members, "userinfo")?);
        let mut claims = Self { id_token: known(id_token), userinfo: known(userinfo), ..Self::default() };
        for asked in [id_token, userinfo].into_iter().flatten() {
            claims.read_acr(asked.get("acr"))?;
        }
        claims.sub = whom([id_token, userinfo])?;
        Ok(claims)
    }

    /// Without the claims of scopes that the client may not ask for: what is registered for fewer scopes must not learn the
    /// rest by their single names.
    pub fn of_scopes(mut self, may_ask_for: impl Fn(&str) -> bool) -> Self {
        let may = |claim: &String| person::scope_of(claim).is_some_and(&may_ask_for);
        self.id_token.retain(may);
        self.userinfo.retain(may);
        self
    }

    /// OpenID Connect Core 1.0, 5.5.1.1.
    fn read_acr(&mut self, asked: Option<&Value>) -> Result<(), No> {
        let Some(asked) = asked else { return Ok(()) };
        let mut is_named = false;
        let names = named(asked).inspect(|_| is_named = true);
        let classes: Vec<Acr> = names.filter_map(Value::as_str).filter_map(Acr::from_name).collect();
        let is_essential = asked.get("essential").and_then(Value::as_bool) == Some(true);
        match is_essential {
            true if is_named && classes.is_empty() => Err((
                Code::UnmetAuthenticationRequirements,
                "no acr of the essential ones is known here; discovery lists those that are",
            )),
            true => {
                self.essential_acr.extend(classes);
                Ok(())
            }
            false => {
                self.wished_acr.extend(classes);
                Ok(())
            }
        }
    }
}

/// Who it must be (5.5.1). Each place that names somebody counts: if one of two names were forgotten, the other person
/// would come back to a client that did not ask for that one.
fn whom(places: [Option<&Map<String, Value>>; 2]) -> Result<Option<String>, No> {
    const NO_NAME: No = (Code::InvalidRequest, "the sub in claims must be a string");
    const MANY: No = (
        Code::InvalidRequest,
        "claims ask for more than one sub; a sign-in is about one person, name that one",
    );
    let asked = places.into_iter().flatten().filter_map(|place| place.get("sub"));
    let mut person = None;
    for name in asked.flat_map(named) {
        let name = name.as_str().ok_or(NO_NAME)?;
        if *person.get_or_insert(name) != name {
            return Err(MANY);
        }
    }
    Ok(person.map(str::to_owned))
}

/// What a claim may be, the dearest first: `value`, and the members of `values` (5.5.1).
fn named(asked: &Value) -> impl Iterator<Item = &Value> {
    let values = asked.get("values").and_then(Value::as_array);
    asked.get("value").into_iter().chain(values.into_iter().flatten())
}

/// A member with what is asked for one of the two places.
fn part<'a>(members: &'a Map<String, Value>, name: &str) -> Result<Option<&'a Map<String, Value>>, No> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(asked)) => Ok(Some(asked)),
        Some(_) => Err((Code::InvalidRequest, "the members of claims must be JSON objects")),
    }
}

/// What is asked about the person; what else there may be is ignored (5.5).
fn known(asked: Option<&Map<String, Value>>) -> Vec<String> {
    let names = asked.into_iter().flat_map(Map::keys);
    names.filter(|name| person::scope_of(name).is_some()).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_ignored_and_what_is_malformed_is_refused() {
        let claims = Claims::read(Some(
            r#"{"userinfo": {"email": {"essential": true}, "favourite_tea": null},
                "id_token": {"nickname": null, "acr": {"values": ["urn:symbolon:acr:mfa", "gold"]}}, "other": 7}"#,
        ));
        let claims = claims.unwrap();
        assert_eq!(
            (claims.userinfo, claims.id_token),
            (vec!["email".to_owned()], vec!["nickname".to_owned()])
        );
        assert_eq!((claims.wished_acr, claims.essential_acr), (vec![Acr::MultiFactor], vec![]));
        for bad in [
            "",
            "[]",
            "7",
            r#"{"userinfo": 7}"#,
            r#"{"id_token": []}"#,
            &format!("{{\"x\":\"{}\"}}", "y".repeat(MAX)),
        ] {
            assert!(Claims::read(Some(bad)).is_err(), "{bad}");
        }
        let unknown = r#"{"id_token": {"acr": {"essential": true, "value": "gold"}}}"#;
        assert_eq!(Claims::read(Some(unknown)).unwrap_err().0, Code::UnmetAuthenticationRequirements);
    }

    #[test]
    fn one_person_may_be_named_in_each_way_that_there_is_and_two_in_none() {
        let read = |text: &str| Claims::read(Some(text)).map(|claims| claims.sub);
        for fine in [
            r#"{"userinfo": {"sub": {"value": "a"}}}"#,
            r#"{"id_token": {"sub": {"values": ["a"]}}}"#,
            r#"{"id_token": {"sub": {"value": "a", "values": ["a"]}}, "userinfo": {"sub": {"value": "a"}}}"#,
        ] {
            assert_eq!(read(fine), Ok(Some("a".to_owned())), "{fine}");
        }
        for nobody in [r#"{"id_token": {"sub": null}}"#, r#"{"id_token": {"sub": {"essential": true}}}"#] {
            assert_eq!(read(nobody), Ok(None), "{nobody}");
        }
        for bad in [
            r#"{"id_token": {"sub": {"value": "a"}}, "userinfo": {"sub": {"value": "b"}}}"#,
            r#"{"id_token": {"sub": {"value": "a", "values": ["b"]}}}"#,
            r#"{"id_token": {"sub": {"values": ["a", "b"]}}}"#,
            r#"{"id_token": {"sub": {"value": 7}}}"#,
            r#"{"id_token": {"sub": {"values": ["a", null]}}}"#,
        ] {
            assert_eq!(read(bad).unwrap_err().0, Code::InvalidRequest, "{bad}");
        }
    }
}
