//! How are the parameters of a request read? Each once, empty ones as if they were not there.

use std::collections::HashSet;

use serde_json::Value;
use zeroize::Zeroizing;

/// The one parameter that may stand there several times (RFC 8707, 2).
const REPEATED: &str = "resource";

/// The parameters of a request, in `application/x-www-form-urlencoded`.
#[derive(Clone, Default)]
pub struct Params(Vec<(String, Zeroizing<String>)>);

/// A parameter stands there twice: then one part of a system reads the first and another one the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Duplicate;

impl Params {
    /// Reads a query or a form. Parameters without a value count as left out (RFC 6749, 3.1).
    #[must_use]
    pub fn parse(text: &[u8]) -> Self {
        let pairs = url::form_urlencoded::parse(text).filter(|(_, value)| !value.is_empty());
        Self(pairs.map(|(name, value)| (name.into_owned(), Zeroizing::new(value.into_owned()))).collect())
    }

    /// The value of a parameter.
    ///
    /// # Errors
    /// [`Duplicate`] if it has two (RFC 6749, 3.1).
    pub fn one(&self, name: &str) -> Result<Option<&str>, Duplicate> {
        let mut values = self.0.iter().filter(|(of, _)| of == name);
        match (values.next(), values.next()) {
            (first, None) => Ok(first.map(|(_, value)| value.as_str())),
            (_, Some(_)) => Err(Duplicate),
        }
    }

    /// All values of the one parameter that may have several.
    pub fn resources(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter(|(name, _)| name == REPEATED).map(|(_, value)| value.as_str())
    }

    /// Whether any parameter stands there twice that should not.
    #[must_use]
    pub fn has_duplicates(&self) -> bool {
        // A body holds some ten thousand parameters: to look for each among all would be work for a second.
        let mut seen = HashSet::new();
        let once = self.0.iter().filter(|(name, _)| name != REPEATED);
        !once.map(|(name, _)| name.as_str()).all(|name| seen.insert(name))
    }

    /// Those that the members of a JSON object stand for (RFC 9101, 4): what is no text is written as JSON.
    #[must_use]
    pub fn from_members(members: impl Iterator<Item = (String, Value)>) -> Self {
        let text = |value: Value| match value {
            Value::String(text) => text,
            other => other.to_string(),
        };
        let each = |(name, value): (String, Value)| match value {
            Value::Array(values) if name == REPEATED => {
                values.into_iter().map(|value| (name.clone(), value)).collect()
            }
            value => vec![(name, value)],
        };
        let pairs = members.flat_map(each).filter(|(_, value)| !value.is_null());
        let pairs = pairs.map(|(name, value)| (name, text(value)));
        Self(
            pairs
                .filter(|(_, text)| !text.is_empty())
                .map(|(name, text)| (name, Zeroizing::new(text)))
                .collect(),
        )
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Without the parameters of these names.
    #[must_use]
    pub fn without(mut self, names: &[&str]) -> Self {
        self.0.retain(|(name, _)| !names.contains(&name.as_str()));
        self
    }

    /// With this value of a parameter, in place of those that it has.
    #[must_use]
    pub fn with(self, name: &str, value: &str) -> Self {
        let mut params = self.without(&[name]);
        params.0.push((name.to_owned(), Zeroizing::new(value.to_owned())));
        params
    }

    /// The same parameters as a query.
    #[must_use]
    pub fn to_query(&self) -> String {
        let pairs = self.0.iter().map(|(name, value)| (name, value.as_str()));
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_counts_once_or_not_at_all() {
        let params = Params::parse(b"a=1&b=&c=x%20y&a=2");
        assert_eq!(params.one("a"), Err(Duplicate));
        assert_eq!(params.one("b"), Ok(None), "without a value it counts as left out");
        assert_eq!(params.one("c"), Ok(Some("x y")));
        assert!(params.has_duplicates());
        assert!(!Params::parse(b"a=1&b=2").has_duplicates());
        let params = Params::parse(b"resource=https://a.example&resource=https://b.example");
        assert!(!params.has_duplicates());
        assert_eq!(params.resources().count(), 2);
    }
}
