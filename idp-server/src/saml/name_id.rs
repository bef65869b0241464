//! Under which name does a service provider know a person (SAML core, 3.4.1.1 and 8.3)?
//!
//! Nothing is stored for a name. A persistent one is a keyed digest of the person and the provider, a transient one of the
//! session and the provider: nobody guesses them, no two providers have the same, and each node makes the same ones. So every
//! persistent name is there before somebody asks, and `AllowCreate` changes nothing.

use data_encoding::HEXLOWER;
use idp_core::{Id, engine::Engine, session::SessionRow, users::User};
use idp_protocol::encoding::to_base64url;
use symbolon_saml::{NameId, NameIdPolicy, name_id};

use super::{
    attributes::Rule,
    provider::{NameFormat, Provider, Terms},
};
use crate::App;

/// Why no name can be given (`InvalidNameIDPolicy`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unnameable {
    /// A kind of name that is not given here.
    #[error("names of this format are not given here")]
    Format,
    /// The name of somebody else.
    #[error("SPNameQualifier names another provider, or a group that is not known here")]
    Qualifier,
    /// The person has none.
    #[error("the person has no verified e-mail address")]
    Email,
}

/// Who names people to whom.
#[derive(Clone, Copy)]
pub(crate) struct Naming<'a> {
    /// The engine, for its keys.
    pub engine: &'a Engine,
    /// Who we are, by entity id.
    pub issuer: &'a str,
    /// To whom, by entity id.
    pub provider: &'a str,
    /// The formats in its metadata.
    pub formats: &'a [String],
    /// What the administrator chose for when nobody asks.
    pub usual: Option<NameFormat>,
    /// Whether it may be told the address of a person.
    pub tells_address: bool,
}

impl<'a> Naming<'a> {
    /// How a service provider is told names.
    pub(crate) fn of(app: &'a App, provider: &'a Provider) -> Self {
        Self {
            engine: app.engine(),
            issuer: app.saml().entity_id(),
            provider: &provider.entity_id,
            formats: &provider.metadata.name_id_formats,
            usual: provider.terms.name_id,
            tells_address: tells_address(&provider.terms),
        }
    }

    /// The format of the name that is asked for.
    ///
    /// # Errors
    /// [`Unnameable`] if it cannot be given, whoever the person is.
    pub(crate) fn format(&self, policy: Option<&NameIdPolicy>) -> Result<NameFormat, Unnameable> {
        let qualifier = policy.and_then(|policy| policy.sp_name_qualifier.as_deref());
        // A provider that could ask for a name in the namespace of another one would learn whom both know.
        if qualifier.is_some_and(|qualifier| qualifier != self.provider) {
            return Err(Unnameable::Qualifier);
        }
        match policy.and_then(|policy| policy.format.as_deref()) {
            None | Some(name_id::UNSPECIFIED) => Ok(self.usual()),
            Some(uri) => {
                NameFormat::from_uri(uri).filter(|of| self.may_be_told(*of)).ok_or(Unnameable::Format)
            }
        }
    }

    /// Whether a name of this kind is given to whoever asks for it. An administrator who decided that a service provider gets
    /// pseudonyms, or attributes without the address, decided that it does not get the address by another way.
    fn may_be_told(&self, format: NameFormat) -> bool {
        format != NameFormat::Email || self.tells_address
    }

    /// What is given where nobody asks: what the administrator chose, or the first of its metadata, or a pseudonym. Only the
    /// administrator hands out logins.
    fn usual(&self) -> NameFormat {
        let known = || self.formats.iter().filter_map(|uri| NameFormat::from_uri(uri));
        let fits = |format: &NameFormat| *format != NameFormat::Unspecified && self.may_be_told(*format);
        let first = || known().find(fits);
        self.usual.or_else(first).unwrap_or(NameFormat::Persistent)
    }

    /// The name of a person in a session.
    ///
    /// # Errors
    /// [`Unnameable::Email`] if the person has no such name.
    pub(crate) fn name(
        &self,
        format: NameFormat,
        user: &User,
        session: Id<SessionRow>,
    ) -> Result<NameId, Unnameable> {
        let value = match format {
            NameFormat::Persistent => self.persistent(user.id),
            NameFormat::Transient => self.digest("saml-transient", session.bytes()),
            NameFormat::Email => email(user).ok_or(Unnameable::Email)?.to_owned(),
            NameFormat::Unspecified => user.login.clone(),
        };
        // Part of a name that is ours alone (core, 8.3.7); an address needs no namespace.
        let qualified = matches!(format, NameFormat::Persistent | NameFormat::Transient);
        let qualifier = |of: &str| qualified.then(|| of.to_owned());
        Ok(NameId {
            value,
            format: Some(format.uri().to_owned()),
            name_qualifier: qualifier(self.issuer),
            sp_name_qualifier: qualifier(self.provider),
        })
    }

    /// The pseudonym of a person.
    pub(crate) fn persistent(&self, user: Id<User>) -> String {
        self.digest("saml-persistent", user.bytes())
    }

    fn digest(&self, usage: &str, of: &[u8]) -> String {
        to_base64url(&self.engine.keys().digest(usage, &[self.provider.as_bytes(), of]))
    }

    /// The index of a session: no other provider knows it by this name.
    pub(crate) fn session_index(&self, session: Id<SessionRow>) -> String {
        format!("_{}", self.digest("saml-session-index", session.bytes()))
    }

    /// The two names of the subject identifier attributes profile, without the scope. They are compared without regard to
    /// case, so they have one.
    pub(crate) fn identifiers(&self, user: Id<User>) -> (String, String) {
        let digest = |usage, of: &str| {
            HEXLOWER.encode(&self.engine.keys().digest(usage, &[of.as_bytes(), user.bytes()]))
        };
        (digest("saml-subject-id", ""), digest("saml-pairwise-id", self.provider))
    }

    /// Whether this is a name of the person: of whom a request speaks, another one must not answer (core, 3.4.1).
    pub(crate) fn is_meant(&self, asked: &NameId, user: &User, session: Id<SessionRow>) -> bool {
        let format = asked.format.as_deref().filter(|format| *format != name_id::UNSPECIFIED);
        // Whoever may not be told a login, or an address, may not try them out, either.
        let told = |of: &NameFormat| match of {
            NameFormat::Unspecified => self.usual == Some(*of),
            of => self.may_be_told(*of),
        };
        let formats = NameFormat::ALL.into_iter().filter(told);
        formats.filter(|of| format.is_none_or(|uri| uri == of.uri())).any(|of| {
            let name = self.name(of, user, session);
            let fits = |asked: &Option<String>, own: &Option<String>| asked.is_none() || asked == own;
            name.is_ok_and(|name| {
                name.value == asked.value
                    && fits(&asked.name_qualifier, &name.name_qualifier)
                    && fits(&asked.sp_name_qualifier, &name.sp_name_qualifier)
            })
        })
    }
}

/// Whether the administrator lets a service provider know addresses: as names, as an attribute, or because nothing was decided.
fn tells_address(terms: &Terms) -> bool {
    let undecided = terms.name_id.is_none() && terms.attributes.is_empty();
    undecided || terms.name_id == Some(NameFormat::Email) || terms.attributes.iter().any(Rule::tells_address)
}

/// The address of a person that somebody verified. Service providers find accounts by it: with an address that anybody may
/// claim, somebody would sign in there as the person whose address he wrote into his profile.
pub(super) fn email(user: &User) -> Option<&str> {
    user.profile.email.as_deref().filter(|_| user.profile.email_verified)
}
