//! How does an administrator say what is known about a person?

use std::{collections::BTreeMap, str::FromStr};

use idp_core::users::Profile;
use serde_json::Value;

/// One attribute as it is given: `given_name=Alice`, `address={"locality": "Utrecht"}`; without a value it is taken away.
#[derive(Clone, Debug, PartialEq)]
pub struct Attribute {
    name: String,
    value: Option<Value>,
}

/// Why a text is no attribute.
#[derive(Debug, thiserror::Error)]
pub enum NotAttribute {
    /// There is no `=`.
    #[error("write it as NAME=VALUE, such as given_name=Alice")]
    Form,
    /// OpenID Connect does not know the name.
    #[error("the names are {}", Attribute::names().join(", "))]
    Name,
    /// The value has the wrong type.
    #[error("{0}")]
    Value(&'static str),
}

/// What has a setting of its own.
const ELSEWHERE: [&str; 5] = ["name", "preferred_username", "locale", "email", "email_verified"];

impl Attribute {
    fn names() -> Vec<&'static str> {
        crate::oidc::claims().filter(|name| !ELSEWHERE.contains(name)).collect()
    }

    fn set(self, attributes: &mut BTreeMap<String, Value>) {
        match self.value {
            Some(value) => attributes.insert(self.name, value),
            None => attributes.remove(&self.name),
        };
    }
}

impl FromStr for Attribute {
    type Err = NotAttribute;
    fn from_str(text: &str) -> Result<Self, NotAttribute> {
        let (name, value) = text.split_once('=').ok_or(NotAttribute::Form)?;
        if !Self::names().contains(&name) {
            return Err(NotAttribute::Name);
        }
        let value = (!value.is_empty()).then(|| typed(name, value)).transpose()?;
        Ok(Self { name: name.to_owned(), value })
    }
}

/// OpenID Connect Core 1.0, 5.1: most claims are texts.
fn typed(name: &str, value: &str) -> Result<Value, NotAttribute> {
    let json = || serde_json::from_str::<Value>(value).ok();
    match name {
        "phone_number_verified" => {
            json().filter(Value::is_boolean).ok_or(NotAttribute::Value("it is true or false"))
        }
        "updated_at" => json().filter(Value::is_i64).ok_or(NotAttribute::Value("it is seconds since 1970")),
        "address" => json().filter(Value::is_object).ok_or(NotAttribute::Value(
            "it is a JSON object with members such as street_address, locality, postal_code, country",
        )),
        _ => Ok(Value::from(value)),
    }
}

/// What an administrator says about a person; what he does not mention stays.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct ProfileArguments {
    /// The full name.
    #[arg(long)]
    name: Option<String>,
    /// The e-mail address.
    #[arg(long)]
    email: Option<String>,
    /// Somebody made sure that the address is the person's.
    #[arg(long, requires = "email")]
    email_verified: bool,
    /// The preferred language, such as de.
    #[arg(long)]
    locale: Option<String>,
    /// What else applications may learn, such as given_name=Alice; may be given several times. Nothing behind the = takes it away.
    #[arg(long = "attribute", value_name = "NAME=VALUE")]
    attributes: Vec<Attribute>,
}

impl ProfileArguments {
    /// Writes it into a profile.
    pub fn apply(self, profile: &mut Profile) {
        if self.email.is_some() {
            profile.email_verified = self.email_verified;
        }
        profile.name = self.name.or(profile.name.take());
        profile.email = self.email.or(profile.email.take());
        profile.locale = self.locale.or(profile.locale.take());
        self.attributes.into_iter().for_each(|attribute| attribute.set(&mut profile.attributes));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_have_the_types_of_their_claims() {
        let value = |text: &str| text.parse::<Attribute>().map(|attribute| attribute.value);
        assert_eq!(value("given_name=Zoë = x").unwrap(), Some(Value::from("Zoë = x")));
        assert_eq!(value("phone_number_verified=true").unwrap(), Some(Value::from(true)));
        assert_eq!(value("nickname=").unwrap(), None);
        for bad in ["given_name", "email=x@y", "shoe_size=43", "phone_number_verified=yes", "address=Utrecht"]
        {
            assert!(value(bad).is_err(), "{bad}");
        }
    }
}
