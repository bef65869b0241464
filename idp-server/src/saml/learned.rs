//! What does a service provider learn about a person, piece by piece and in words?
//!
//! Each piece has a name under which it is remembered that the person agreed: `name:persistent` and so on for the name of the
//! person, and the name of an attribute with its format behind a blank. Short names do not count: two attributes may share one.

use idp_core::users::User;

use super::{
    assertion,
    attributes::{Known, Rule},
    name_id,
    provider::{NameFormat, Provider},
    request::SignInRequest,
};
use crate::{App, text::Language};

/// One piece.
pub(super) struct Learned {
    /// Under which name the person's consent is remembered.
    pub piece: String,
    /// What is said. Nothing for a pseudonym: it is made of digits that mean nothing to anybody.
    pub values: Vec<String>,
}

/// What it learns with the answer to a request: what there is to say about this person, and nothing else. So an attribute
/// that he gets later is asked about then.
pub(super) fn of(app: &App, provider: &Provider, request: &SignInRequest, user: &User) -> Vec<Learned> {
    let attributes = assertion::told(app, provider, request, user).into_iter().map(|attribute| {
        let format = attribute.name_format.unwrap_or_default();
        Learned { piece: format!("{} {format}", attribute.name), values: attribute.values }
    });
    [name(request.name, user)].into_iter().chain(attributes).collect()
}

fn name(format: NameFormat, user: &User) -> Learned {
    let (piece, value) = match format {
        NameFormat::Persistent => ("name:persistent", None),
        NameFormat::Transient => ("name:transient", None),
        NameFormat::Email => ("name:email", name_id::email(user)),
        NameFormat::Unspecified => ("name:login", Some(user.login.as_str())),
    };
    Learned { piece: piece.to_owned(), values: value.map(str::to_owned).into_iter().collect() }
}

/// A piece in words.
pub(crate) fn in_words(t: Language, piece: &str, rules: &[Rule]) -> String {
    let Some((name, format)) = piece.split_once(' ') else { return of_name(t, piece) };
    if let Some(known) = Known::asked(name, Some(format))
        && let Some(words) = of_known(t, known.friendly)
    {
        return words;
    }
    let rule = rules.iter().find(|rule| rule.name() == name);
    t.say_with("saml-consent-attribute", "name", rule.map_or(name, Rule::label))
}

fn of_name(t: Language, piece: &str) -> String {
    match piece {
        "name:email" => t.say("saml-learns-mail"),
        "name:login" => t.say("saml-learns-login"),
        "name:transient" => t.say("saml-learns-transient"),
        _ => t.say("consent-openid"),
    }
}

fn of_known(t: Language, friendly: &str) -> Option<String> {
    Some(match friendly {
        "mail" => t.say("saml-learns-mail"),
        "displayName" | "cn" => t.say("saml-learns-name"),
        "givenName" => t.say("saml-learns-given-name"),
        "sn" => t.say("saml-learns-family-name"),
        "uid" => t.say("saml-learns-login"),
        "eduPersonPrincipalName" => t.say("saml-learns-principal"),
        "eduPersonAffiliation" | "eduPersonScopedAffiliation" => t.say("saml-learns-affiliation"),
        "eduPersonEntitlement" => t.say("saml-learns-entitlement"),
        "eduPersonAssurance" => t.say("saml-learns-assurance"),
        "isMemberOf" => t.say("saml-learns-groups"),
        "preferredLanguage" => t.say("saml-learns-language"),
        "telephoneNumber" => t.say("consent-phone"),
        "schacHomeOrganization" => t.say("saml-learns-organization"),
        "subject-id" => t.say("saml-learns-subject"),
        "pairwise-id" => t.say("saml-learns-pairwise"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{super::attributes::Known, Language, of_known};

    #[test]
    fn each_attribute_that_everybody_knows_has_words() {
        for known in Known::all() {
            assert!(of_known(Language::German, known.friendly).is_some(), "{known:?}");
        }
    }
}
