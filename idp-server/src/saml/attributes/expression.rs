//! What is the value of an attribute? A small language that always ends and never fails.
//!
//! Every value is a list of texts, mostly of one. What a person does not have is an empty list, and so is everything that is
//! made of it; `??` says what stands in for it. There are no loops, no patterns and no numbers.

use std::fmt;

use idp_core::users::User;
use serde_json::Value;

/// How many values an attribute has at most. `groups + groups` multiplies.
const MAX_VALUES: usize = 256;
/// The longest value, in bytes.
const MAX_VALUE: usize = 4096;

/// What can be said about a person.
#[derive(Clone, Debug)]
pub(crate) struct Facts<'a> {
    /// The person.
    pub user: &'a User,
    /// What all service providers know the person as (subject identifier attributes profile, 3.3), without the scope.
    pub subject: String,
    /// What this service provider alone knows the person as (the same, 3.4), without the scope.
    pub pairwise: String,
    /// Whose people these are: a domain.
    pub scope: &'a str,
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Expression {
    Source(Source),
    /// An attribute of the profile, by its name.
    Profile(String),
    Literal(String),
    /// Each of the one with each of the other.
    Concat(Box<Expression>, Box<Expression>),
    /// The first, or the second if the first is nothing.
    Else(Box<Expression>, Box<Expression>),
    /// Of each value.
    Of(Function, Box<Expression>),
    /// The part of each value in front of the first separator, or behind it; nothing of one without it.
    Part(Side, String, Box<Expression>),
    /// All values in one, with a separator between.
    Join(Box<Expression>, String),
}

/// Something that everybody has, or may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Login,
    Name,
    /// The address, if somebody verified it: service providers find accounts by it.
    Email,
    /// The address, whether or not somebody verified it.
    AnyEmail,
    EmailVerified,
    Locale,
    Id,
    SubjectId,
    PairwiseId,
    Scope,
}

impl Source {
    pub(super) const ALL: [Self; 10] = [
        Self::Login,
        Self::Name,
        Self::Email,
        Self::AnyEmail,
        Self::EmailVerified,
        Self::Locale,
        Self::Id,
        Self::SubjectId,
        Self::PairwiseId,
        Self::Scope,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Name => "name",
            Self::Email => "email",
            Self::AnyEmail => "any_email",
            Self::EmailVerified => "email_verified",
            Self::Locale => "locale",
            Self::Id => "id",
            Self::SubjectId => "subject_id",
            Self::PairwiseId => "pairwise_id",
            Self::Scope => "scope",
        }
    }

    fn value(self, of: &Facts<'_>) -> Option<String> {
        let profile = &of.user.profile;
        match self {
            Self::Login => Some(of.user.login.clone()),
            Self::Name => profile.name.clone(),
            Self::Email => profile.email.clone().filter(|_| profile.email_verified),
            Self::AnyEmail => profile.email.clone(),
            Self::EmailVerified => profile.email.is_some().then(|| profile.email_verified.to_string()),
            Self::Locale => profile.locale.clone(),
            Self::Id => Some(of.user.id.to_string()),
            Self::SubjectId => Some(format!("{}@{}", of.subject, of.scope)),
            Self::PairwiseId => Some(format!("{}@{}", of.pairwise, of.scope)),
            Self::Scope => Some(of.scope.to_owned()),
        }
    }
}

/// What is made of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    /// In lower case.
    Lower,
    /// What stands behind the last `@`; nothing if there is none.
    Domain,
    /// The first value alone.
    First,
}

impl Function {
    pub(super) const ALL: [Self; 3] = [Self::Lower, Self::Domain, Self::First];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Lower => "lower",
            Self::Domain => "domain",
            Self::First => "first",
        }
    }

    fn apply(self, values: Vec<String>) -> Vec<String> {
        match self {
            Self::Lower => values.into_iter().map(|value| value.to_lowercase()).collect(),
            Self::Domain => {
                let domain = |value: String| value.rsplit_once('@').map(|(_, domain)| domain.to_owned());
                values.into_iter().filter_map(domain).collect()
            }
            Self::First => values.into_iter().take(1).collect(),
        }
    }
}

/// Which part of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Before,
    After,
}

impl Side {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::After => "after",
        }
    }

    fn of(self, separator: &str, value: &str) -> Option<String> {
        let (before, after) = value.split_once(separator)?;
        Some(if self == Self::Before { before } else { after }.to_owned())
    }
}

impl Expression {
    /// Its values for a person.
    pub(super) fn values(&self, of: &Facts<'_>) -> Vec<String> {
        let mut values = match self {
            Self::Source(source) => source.value(of).into_iter().collect(),
            Self::Profile(name) => of.user.profile.attributes.get(name).map(texts).unwrap_or_default(),
            Self::Literal(text) => vec![text.clone()],
            Self::Concat(left, right) => concat(&left.values(of), &right.values(of)),
            Self::Else(first, second) => match first.values(of) {
                found if found.is_empty() => second.values(of),
                found => found,
            },
            Self::Of(function, inner) => function.apply(inner.values(of)),
            Self::Part(side, separator, inner) => {
                inner.values(of).iter().filter_map(|value| side.of(separator, value)).collect()
            }
            Self::Join(inner, separator) => match inner.values(of) {
                none if none.is_empty() => none,
                values => vec![values.join(separator)],
            },
        };
        values.retain(|value| !value.is_empty() && value.len() <= MAX_VALUE && value.chars().all(is_xml));
        values.truncate(MAX_VALUES);
        values
    }
}

/// Each of the one with each of the other.
fn concat(left: &[String], right: &[String]) -> Vec<String> {
    let pairs = left.iter().flat_map(|left| right.iter().map(move |right| format!("{left}{right}")));
    pairs.take(MAX_VALUES).collect()
}

/// The values of an attribute in a profile. What is no text has none, such as an address with its parts.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(values) => values.iter().take(MAX_VALUES).filter_map(text).collect(),
        value => text(value).into_iter().collect(),
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(is) => Some(is.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// What XML can hold (XML 1.0, 2.2). One odd character in a profile must not keep its owner out.
fn is_xml(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Source(source) => f.write_str(source.name()),
            Self::Profile(name) if is_plain(name) => f.write_str(name),
            Self::Profile(name) => write!(f, "attr({})", Quoted(name)),
            Self::Literal(text) => Quoted(text).fmt(f),
            // The right side of each is one operand; whatever is more stands in brackets.
            Self::Concat(left, right) => {
                operand(f, left, matches!(**left, Self::Else(..)))?;
                f.write_str(" + ")?;
                operand(f, right, matches!(**right, Self::Else(..) | Self::Concat(..)))
            }
            Self::Else(first, second) => {
                write!(f, "{first} ?? ")?;
                operand(f, second, matches!(**second, Self::Else(..)))
            }
            Self::Of(function, inner) => write!(f, "{}({inner})", function.name()),
            Self::Part(side, separator, inner) => {
                write!(f, "{}({}, {inner})", side.name(), Quoted(separator))
            }
            Self::Join(inner, separator) => write!(f, "join({inner}, {})", Quoted(separator)),
        }
    }
}

fn operand(f: &mut fmt::Formatter<'_>, expression: &Expression, brackets: bool) -> fmt::Result {
    if brackets { write!(f, "({expression})") } else { write!(f, "{expression}") }
}

/// Whether a name of the profile may stand without `attr()`.
pub(super) fn is_plain(name: &str) -> bool {
    let mut chars = name.chars();
    let starts = chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    let is_source = Source::ALL.into_iter().any(|source| source.name() == name);
    starts && !is_source && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// A text in quotes.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.replace('\\', "\\\\").replace('"', "\\\""))
    }
}
