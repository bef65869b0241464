//! Which names do the specifications give to namespaces, algorithms, formats and statuses?

/// A namespace with the one prefix under which it is written. The canonical form depends on prefixes, so they are fixed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Space {
    Ds,
    Md,
    Mdui,
    Saml,
    Samlp,
    Shibmd,
    Soap,
    /// Needs no declaration.
    Xml,
    Xenc,
    Xenc11,
}

impl Space {
    const ALL: [Self; 10] = [
        Self::Ds,
        Self::Md,
        Self::Mdui,
        Self::Saml,
        Self::Samlp,
        Self::Shibmd,
        Self::Soap,
        Self::Xml,
        Self::Xenc,
        Self::Xenc11,
    ];

    pub(crate) const fn prefix(self) -> &'static str {
        match self {
            Self::Ds => "ds",
            Self::Md => "md",
            Self::Mdui => "mdui",
            Self::Saml => "saml",
            Self::Samlp => "samlp",
            Self::Shibmd => "shibmd",
            Self::Soap => "soap",
            Self::Xml => "xml",
            Self::Xenc => "xenc",
            Self::Xenc11 => "xenc11",
        }
    }

    pub(crate) const fn uri(self) -> &'static str {
        match self {
            Self::Ds => "http://www.w3.org/2000/09/xmldsig#",
            Self::Md => "urn:oasis:names:tc:SAML:2.0:metadata",
            Self::Mdui => "urn:oasis:names:tc:SAML:metadata:ui",
            Self::Saml => "urn:oasis:names:tc:SAML:2.0:assertion",
            Self::Samlp => "urn:oasis:names:tc:SAML:2.0:protocol",
            Self::Shibmd => "urn:mace:shibboleth:metadata:1.0",
            Self::Soap => "http://schemas.xmlsoap.org/soap/envelope/",
            Self::Xml => "http://www.w3.org/XML/1998/namespace",
            Self::Xenc => "http://www.w3.org/2001/04/xmlenc#",
            Self::Xenc11 => "http://www.w3.org/2009/xmlenc11#",
        }
    }

    pub(crate) fn of(uri: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|space| space.uri() == uri)
    }
}

/// Exclusive canonicalization without comments; its URI is also the namespace of its parameters.
pub(crate) const EXCLUSIVE_C14N: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
/// The transform that takes a signature out of what it signs.
pub(crate) const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
/// The namespace of what a federation says of an entity.
pub(crate) const ENTITY_ATTRIBUTES: &str = "urn:oasis:names:tc:SAML:metadata:attribute";
/// The longest entity id, in characters (SAML core, 8.3.6).
pub(crate) const MAX_ENTITY_ID: usize = 1_024;
/// The version of everything here.
pub(crate) const VERSION: &str = "2.0";
/// How the one who shows an assertion proves that it is his: not at all (SAML profiles, 3.3).
pub(crate) const BEARER: &str = "urn:oasis:names:tc:SAML:2.0:cm:bearer";

/// How messages travel (SAML bindings, 3).
pub mod binding {
    /// In a query, compressed.
    pub const REDIRECT: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect";
    /// In a form.
    pub const POST: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST";
    /// As a reference that is resolved over the back channel.
    pub const ARTIFACT: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact";
    /// In an envelope, from server to server.
    pub const SOAP: &str = "urn:oasis:names:tc:SAML:2.0:bindings:SOAP";
}

/// What the name of a subject is (SAML core, 8.3).
pub mod name_id {
    /// Whatever both sides agreed on.
    pub const UNSPECIFIED: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified";
    /// An e-mail address.
    pub const EMAIL: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";
    /// A pseudonym of its own for each service provider.
    pub const PERSISTENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";
    /// A name for one session.
    pub const TRANSIENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient";
    /// The entity id of a provider.
    pub const ENTITY: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity";
}

/// What the name of an attribute is (SAML core, 8.2).
pub mod name_format {
    /// A URI, which object identifiers are too.
    pub const URI: &str = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri";
    /// A short name.
    pub const BASIC: &str = "urn:oasis:names:tc:SAML:2.0:attrname-format:basic";
    /// Nobody says.
    pub const UNSPECIFIED: &str = "urn:oasis:names:tc:SAML:2.0:attrname-format:unspecified";
}

/// How somebody proved who he is (SAML authentication context, 3.4, and REFEDS).
pub mod context {
    /// A password over TLS.
    pub const PASSWORD: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport";
    /// A token that makes codes by the time.
    pub const TIME_SYNC_TOKEN: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:TimeSyncToken";
    /// A phone under contract, and a second factor.
    pub const MOBILE_TWO_FACTOR: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:MobileTwoFactorContract";
    /// Nobody says.
    pub const UNSPECIFIED: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified";
    /// Several factors (REFEDS).
    pub const REFEDS_MFA: &str = "https://refeds.org/profile/mfa";
    /// One good factor (REFEDS).
    pub const REFEDS_SFA: &str = "https://refeds.org/profile/sfa";
}

/// How a request went (SAML core, 3.2.2.2). The first four stand outside, the others inside one of them.
pub mod status {
    /// It was done.
    pub const SUCCESS: &str = "urn:oasis:names:tc:SAML:2.0:status:Success";
    /// The fault is with whoever asked.
    pub const REQUESTER: &str = "urn:oasis:names:tc:SAML:2.0:status:Requester";
    /// The fault is with whoever answers.
    pub const RESPONDER: &str = "urn:oasis:names:tc:SAML:2.0:status:Responder";
    /// A version that is not spoken here.
    pub const VERSION_MISMATCH: &str = "urn:oasis:names:tc:SAML:2.0:status:VersionMismatch";
    /// The person could not be authenticated.
    pub const AUTHN_FAILED: &str = "urn:oasis:names:tc:SAML:2.0:status:AuthnFailed";
    /// No name of the kind that was asked for can be given.
    pub const INVALID_NAME_ID_POLICY: &str = "urn:oasis:names:tc:SAML:2.0:status:InvalidNameIDPolicy";
    /// The authentication that was asked for cannot be had.
    pub const NO_AUTHN_CONTEXT: &str = "urn:oasis:names:tc:SAML:2.0:status:NoAuthnContext";
    /// None of the identity providers that were named is known.
    pub const NO_AVAILABLE_IDP: &str = "urn:oasis:names:tc:SAML:2.0:status:NoAvailableIDP";
    /// The person cannot be authenticated without being seen.
    pub const NO_PASSIVE: &str = "urn:oasis:names:tc:SAML:2.0:status:NoPassive";
    /// Not every participant of a session could be signed out.
    pub const PARTIAL_LOGOUT: &str = "urn:oasis:names:tc:SAML:2.0:status:PartialLogout";
    /// Asking further would pass more hands than allowed.
    pub const PROXY_COUNT_EXCEEDED: &str = "urn:oasis:names:tc:SAML:2.0:status:ProxyCountExceeded";
    /// It was understood, and not done.
    pub const REQUEST_DENIED: &str = "urn:oasis:names:tc:SAML:2.0:status:RequestDenied";
    /// It is not done here.
    pub const REQUEST_UNSUPPORTED: &str = "urn:oasis:names:tc:SAML:2.0:status:RequestUnsupported";
    /// Nobody of this name is known.
    pub const UNKNOWN_PRINCIPAL: &str = "urn:oasis:names:tc:SAML:2.0:status:UnknownPrincipal";
    /// This binding is not spoken here.
    pub const UNSUPPORTED_BINDING: &str = "urn:oasis:names:tc:SAML:2.0:status:UnsupportedBinding";
}
