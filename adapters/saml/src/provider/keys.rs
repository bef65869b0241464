//! Which keys does a service provider sign and decrypt with?

use data_encoding::BASE64;

use super::EncryptionCertificate;
use crate::{
    decode::value,
    element::Element,
    encrypt::EncryptionKey,
    keys::{self, KeyError, PeerKeys},
    names::Space,
    refused::{ContentProblem, Refused},
};

/// How many keys of each kind one provider may have, and how many algorithms one of them may name.
const MAX_KEYS: usize = 8;
const MAX_METHODS: usize = 32;

/// The keys of one role.
#[derive(Default)]
pub(super) struct Keys {
    pub(super) signing: Vec<Vec<u8>>,
    pub(super) encryption: Vec<EncryptionCertificate>,
}

impl Keys {
    /// Every key must be one that is taken. One that was left out in silence would show only later: requests that are signed
    /// with it would be refused, and what is to be encrypted with it would be sent in the clear.
    pub(super) fn read(role: &Element) -> Result<Self, Refused> {
        let mut keys = Self::default();
        for descriptor in role.children().filter(|child| child.is(Space::Md.uri(), "KeyDescriptor")) {
            keys.add(descriptor)?;
        }
        if keys.signing.len() > MAX_KEYS || keys.encryption.len() > MAX_KEYS {
            return Err(ContentProblem::TooMany("KeyDescriptor").into());
        }
        PeerKeys::from_certificates(&keys.signing).map_err(ContentProblem::Key)?;
        Ok(keys)
    }

    /// A key without a use is for both (SAML metadata, 2.4.1.1). One that cannot encrypt is then for signatures alone.
    fn add(&mut self, descriptor: &Element) -> Result<(), Refused> {
        let methods = methods(descriptor)?;
        for certificate in certificates(descriptor)? {
            keys::read(&certificate).map_err(ContentProblem::Key)?;
            let encrypts = EncryptionKey::from_certificate(&certificate).map_err(ContentProblem::Key);
            let (signs, encrypts) = match (descriptor.attribute("use"), encrypts) {
                (Some("signing"), _) | (None, Err(ContentProblem::Key(KeyError::Kind))) => (true, false),
                (Some("encryption"), encrypts) => (false, encrypts.map(|_| true)?),
                (None, encrypts) => (true, encrypts.map(|_| true)?),
                (Some(_), _) => return Err(ContentProblem::Value("use").into()),
            };
            if encrypts {
                let methods = methods.clone();
                self.encryption.push(EncryptionCertificate { certificate: certificate.clone(), methods });
            }
            if signs && !self.signing.contains(&certificate) {
                self.signing.push(certificate);
            }
        }
        Ok(())
    }
}

fn methods(descriptor: &Element) -> Result<Vec<String>, Refused> {
    let named = descriptor.children().filter(|child| child.is(Space::Md.uri(), "EncryptionMethod"));
    let algorithm = |method: &Element| {
        Ok::<_, Refused>(value("EncryptionMethod", method.required_attribute("Algorithm")?)?.to_owned())
    };
    let methods = named.map(algorithm).collect::<Result<Vec<_>, _>>()?;
    if methods.len() > MAX_METHODS {
        return Err(ContentProblem::TooMany("EncryptionMethod").into());
    }
    Ok(methods)
}

/// The first certificate of each `X509Data`, which carries the key. What comes behind it says who issued the first, and an
/// issuer does not sign in the name of a provider.
///
/// A key that is there without a certificate is not read, and so it is refused. A mere name of a key is passed over.
fn certificates(descriptor: &Element) -> Result<Vec<Vec<u8>>, Refused> {
    let ds = Space::Ds.uri();
    let key_info = descriptor.required(ds, "KeyInfo")?;
    let all = key_info.children().filter(|child| child.is(ds, "X509Data"));
    let first = all.filter_map(|it| it.children().find(|child| child.is(ds, "X509Certificate")));
    let certificates: Vec<_> =
        first.take(MAX_KEYS.saturating_add(1)).map(certificate).collect::<Result<_, _>>()?;
    let is_bare = ["KeyValue", "DEREncodedKeyValue"];
    if certificates.is_empty() && key_info.children().any(|child| is_bare.contains(&child.local())) {
        return Err(ContentProblem::Unsupported("KeyValue").into());
    }
    Ok(certificates)
}

fn certificate(element: &Element) -> Result<Vec<u8>, Refused> {
    let mut text = element.text("X509Certificate")?;
    text.retain(|c| !c.is_ascii_whitespace());
    BASE64.decode(text.as_bytes()).map_err(|_| ContentProblem::Key(KeyError::Certificate).into())
}
