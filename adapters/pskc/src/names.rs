//! What are things called in a container? The names of RFC 6030, XML Encryption 1.1 and RFC 6931.

/// The namespaces that mean something here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Space {
    /// RFC 6030.
    Pskc,
    /// XML Encryption 1.0.
    Encryption,
    /// XML Encryption 1.1.
    Encryption11,
    /// XML Signature.
    Signature,
    /// PKCS #5.
    Pkcs5,
    /// None at all.
    None,
    /// Somebody's own.
    Other,
}

pub(crate) const PSKC: &str = "urn:ietf:params:xml:ns:keyprov:pskc";
pub(crate) const ENCRYPTION: &str = "http://www.w3.org/2001/04/xmlenc#";
pub(crate) const ENCRYPTION_11: &str = "http://www.w3.org/2009/xmlenc11#";
pub(crate) const SIGNATURE: &str = "http://www.w3.org/2000/09/xmldsig#";
pub(crate) const PKCS_5: &str = "http://www.rsasecurity.com/rsalabs/pkcs/schemas/pkcs-5v2-0#";

/// The key derivation of PKCS #5 2.0.
pub(crate) const PBKDF2: &str = "http://www.rsasecurity.com/rsalabs/pkcs/schemas/pkcs-5v2-0#pbkdf2";
/// The same as XML Encryption 1.1 and the text of RFC 6030 write it.
pub(crate) const PBKDF2_ALSO: [&str; 2] = [
    "http://www.w3.org/2009/xmlenc11#pbkdf2",
    "http://www.rsasecurity.com/rsalabs/pkcs/schemas/pkcs-5#pbkdf2",
];

impl Space {
    pub(crate) fn of(uri: &str) -> Self {
        match uri {
            PSKC => Self::Pskc,
            ENCRYPTION => Self::Encryption,
            ENCRYPTION_11 => Self::Encryption11,
            SIGNATURE => Self::Signature,
            PKCS_5 => Self::Pkcs5,
            _ => Self::Other,
        }
    }
}
