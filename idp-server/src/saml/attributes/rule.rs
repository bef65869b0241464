//! Which attribute does a service provider get, under which name, and what is it made of?
//!
//! `NAME[;friendly=F][;format=uri|basic|unspecified][=EXPRESSION]`, such as `mail`, `uid=before("@", login)` or
//! `https://shop.example/role;friendly=role=groups ?? "user"`. The short name of an attribute that everybody knows stands for
//! its URI, unless a format says otherwise, and brings an expression of its own.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use symbolon_saml::name_format;

use super::{
    expression::{Expression, Facts, Source},
    known::Known,
    parse::{self, NotExpression},
};

/// The longest name of an attribute, in bytes.
const MAX_NAME: usize = 256;

/// What kind of name an attribute has (SAML core, 8.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Uri,
    Basic,
    Unspecified,
}

impl Format {
    const ALL: [Self; 3] = [Self::Uri, Self::Basic, Self::Unspecified];

    fn name(self) -> &'static str {
        match self {
            Self::Uri => "uri",
            Self::Basic => "basic",
            Self::Unspecified => "unspecified",
        }
    }

    fn uri(self) -> &'static str {
        match self {
            Self::Uri => name_format::URI,
            Self::Basic => name_format::BASIC,
            Self::Unspecified => name_format::UNSPECIFIED,
        }
    }

    /// What a name is where nobody says.
    fn of_name(name: &str) -> Self {
        if name.contains(':') { Self::Uri } else { Self::Basic }
    }
}

/// A rule: one attribute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Rule {
    name: String,
    friendly: Option<String>,
    format: Format,
    from: Expression,
}

/// Why a text is no rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotRule {
    /// Not a name.
    #[error(
        "a rule begins with the name of an attribute, such as mail or urn:oid:2.5.4.42: at most {MAX_NAME} characters, without \
         blanks"
    )]
    Name,
    /// Something else than `friendly` and `format`.
    #[error("behind the name stand ;friendly=NAME and ;format=uri, basic or unspecified, each at most once")]
    Option,
    /// Nothing that it could be made of.
    #[error("nobody knows what this attribute is made of: write NAME=EXPRESSION")]
    Nothing,
    /// The expression.
    #[error(transparent)]
    Expression(#[from] NotExpression),
}

impl Rule {
    /// A known attribute, under the name that a service provider has for it.
    pub(super) fn asked(known: Known, name: &str, name_format: Option<&str>) -> Self {
        let same = |format: &Format| Some(format.uri()) == name_format;
        let format = Format::ALL.into_iter().find(same).unwrap_or_else(|| match name_format {
            None => Format::of_name(name),
            Some(_) => Format::Unspecified,
        });
        // The short name is ours: what a service provider calls it may be anything.
        let friendly = Some(known.friendly.to_owned());
        Self { name: name.to_owned(), friendly, format, from: made_of(known) }
    }

    /// A known attribute, under its own name.
    pub(super) fn known(known: Known) -> Self {
        Self::asked(known, known.name, Some(name_format::URI))
    }

    /// The attribute of a person; none if there is nothing to say.
    pub(super) fn attribute(&self, of: &Facts<'_>) -> Option<symbolon_saml::Attribute> {
        let values = self.from.values(of);
        (!values.is_empty()).then(|| symbolon_saml::Attribute {
            name: self.name.clone(),
            name_format: Some(self.format.uri().to_owned()),
            friendly_name: self.friendly.clone(),
            values,
        })
    }

    /// Its name in the protocol.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What people know the attribute as.
    #[must_use]
    pub fn label(&self) -> &str {
        self.friendly.as_deref().unwrap_or(&self.name)
    }

    /// Whether it is the address of a person.
    pub(in crate::saml) fn tells_address(&self) -> bool {
        matches!(self.from, Expression::Source(Source::Email | Source::AnyEmail))
    }

    /// What it is made of, as an administrator writes it.
    #[must_use]
    pub fn made_of(&self) -> String {
        self.from.to_string()
    }

    /// The known attribute that it is, under its URI.
    fn as_known(&self) -> Option<Known> {
        let known = Known::of_name(&self.name)?;
        let is = self.format == Format::Uri && self.friendly.as_deref() == Some(known.friendly);
        is.then_some(known)
    }
}

/// Text of ours, which a test reads as well.
fn made_of(known: Known) -> Expression {
    parse::parse(known.from).unwrap_or(Expression::Literal(String::new()))
}

/// What stands in front of the expression.
#[derive(Default)]
struct Options<'a> {
    friendly: Option<&'a str>,
    format: Option<Format>,
}

impl<'a> Options<'a> {
    fn add(&mut self, option: &'a str, value: &'a str) -> Result<(), NotRule> {
        match option {
            "friendly" if self.friendly.is_none() && is_name(value) => self.friendly = Some(value),
            "format" if self.format.is_none() => {
                let found = Format::ALL.into_iter().find(|format| format.name() == value);
                self.format = Some(found.ok_or(NotRule::Option)?);
            }
            _ => return Err(NotRule::Option),
        }
        Ok(())
    }
}

fn is_name(text: &str) -> bool {
    let fits = |c: char| !c.is_whitespace() && !c.is_control() && !matches!(c, ';' | '=');
    (1..=MAX_NAME).contains(&text.len()) && text.chars().all(fits)
}

impl FromStr for Rule {
    type Err = NotRule;
    fn from_str(text: &str) -> Result<Self, NotRule> {
        let end = |text: &str| text.find([';', '=']).unwrap_or(text.len());
        let (name, mut rest) = text.trim().split_at_checked(end(text.trim())).ok_or(NotRule::Name)?;
        if !is_name(name) {
            return Err(NotRule::Name);
        }
        let mut options = Options::default();
        while let Some(option) = rest.strip_prefix(';') {
            let (option, behind) = option.split_once('=').ok_or(NotRule::Option)?;
            let (value, behind) = behind.split_at_checked(end(behind)).ok_or(NotRule::Option)?;
            options.add(option, value)?;
            rest = behind;
        }
        let from = rest.strip_prefix('=').map(parse::parse).transpose()?;
        let by_name = Known::of_name(name);
        // `mail;format=basic` is the name itself.
        let short = Known::of_friendly(name).filter(|_| options.format.is_none_or(|of| of == Format::Uri));
        let known = by_name.or(short);
        let from =
            from.or_else(|| known.or(Known::of_friendly(name)).map(made_of)).ok_or(NotRule::Nothing)?;
        let friendly = options.friendly.or(known.map(|known| known.friendly)).map(str::to_owned);
        let name = known.map_or(name, |known| known.name).to_owned();
        let format = options.format.unwrap_or_else(|| Format::of_name(&name));
        Ok(Self { name, friendly, format, from })
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.as_known() {
            Some(known) if made_of(known) == self.from => return f.write_str(known.friendly),
            Some(known) => f.write_str(known.friendly)?,
            None => {
                f.write_str(&self.name)?;
                if let Some(friendly) = &self.friendly {
                    write!(f, ";friendly={friendly}")?;
                }
                write!(f, ";format={}", self.format.name())?;
            }
        }
        write!(f, "={}", self.from)
    }
}

impl TryFrom<String> for Rule {
    type Error = NotRule;
    fn try_from(text: String) -> Result<Self, NotRule> {
        text.parse()
    }
}

impl From<Rule> for String {
    fn from(rule: Rule) -> Self {
        rule.to_string()
    }
}
