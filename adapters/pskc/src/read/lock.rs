//! How are encrypted values opened, and what is refused before a key touches them?

use std::num::NonZeroU32;

use super::{Integrity, Unlock, value};
use crate::{
    crypto::{Cipher, Derivation, Mac, SecretBytes},
    error::{Problem, ReadError},
    names::{PBKDF2, PBKDF2_ALSO, Space},
    xml::Element,
};

/// The most iterations of PBKDF2 that are worked through: with more, a file would keep a processor busy for minutes.
const MAX_ITERATIONS: u32 = 10_000_000;

/// Opens the values of one container.
pub(super) struct Opener {
    key: Option<SecretBytes>,
    mac: Option<MacKey>,
    integrity: Integrity,
}

struct MacKey {
    algorithm: Mac,
    /// `None` if it could not be decrypted: that is told where the first MAC is wrong, and looks the same.
    key: Option<SecretBytes>,
}

impl Opener {
    pub(super) fn new(
        encryption: Option<Element>,
        mac: Option<Element>,
        unlock: Unlock<'_>,
        integrity: Integrity,
        line: u32,
    ) -> Result<Self, ReadError> {
        let key = match (encryption, unlock) {
            (None, Unlock::Plain) => None,
            (None, Unlock::PreShared(_)) => return Err(Problem::NotLocked("a pre-shared key").at(line)),
            (None, Unlock::Password(_)) => return Err(Problem::NotLocked("a password").at(line)),
            (Some(element), Unlock::Plain) => return Err(element.wrong(locked(&element))),
            (Some(element), Unlock::PreShared(key)) => Some(pre_shared(element, key)?),
            (Some(element), Unlock::Password(password)) => Some(derived(element, password)?),
        };
        let mac = match (mac, &key) {
            (Some(element), Some(key)) => Some(mac_key(element, key)?),
            _ => None,
        };
        Ok(Self { key, mac, integrity })
    }

    /// Refuses a secret in plain in a container that is encrypted. Whoever changes the file on its way would otherwise
    /// replace an encrypted secret by one that he knows, without a key.
    pub(super) fn allow_plain_secret(&self, element: &Element) -> Result<(), ReadError> {
        if self.key.is_some() { Err(element.wrong(Problem::PlainSecret)) } else { Ok(()) }
    }

    /// Opens an `EncryptedValue` with the `ValueMAC` beside it.
    pub(super) fn open(&self, value: Element, mac: Option<Element>) -> Result<SecretBytes, ReadError> {
        let line = value.line();
        let (cipher, sealed) = encrypted(value)?;
        let Some(key) = &self.key else { return Err(Problem::Locked.at(line)) };
        match (mac, &self.mac) {
            // The MAC is looked at before anything is decrypted. The other way round the answers would tell about the
            // padding, and with that a whole secret is read without any key.
            (Some(given), Some(mac)) => mac.verify(&sealed, &given)?,
            (Some(given), None) => return Err(given.missing("a MACMethod in the container")),
            (None, _) if cipher.needs_mac() && self.integrity == Integrity::Required => {
                return Err(Problem::WithoutMac.at(line));
            }
            (None, _) => {}
        }
        cipher.open(key, &sealed).map_err(|_| Problem::Unopened.at(line))
    }
}

impl MacKey {
    fn verify(&self, sealed: &[u8], given: &Element) -> Result<(), ReadError> {
        let right = value::bytes(given)?;
        let Some(key) = &self.key else { return Err(given.wrong(Problem::Unopened)) };
        self.algorithm.verify(key, sealed, &right).map_err(|_| given.wrong(Problem::Unopened))
    }
}

fn locked(element: &Element) -> Problem {
    if element.has(Space::Signature, "X509Data") { asymmetric() } else { Problem::Locked }
}

fn asymmetric() -> Problem {
    Problem::Unsupported("encryption to a certificate (RFC 6030, 6.3)".to_owned())
}

/// RFC 6030, 6.1: the element only names the key.
fn pre_shared(element: Element, key: &[u8]) -> Result<SecretBytes, ReadError> {
    if element.has(Space::Signature, "X509Data") {
        return Err(element.wrong(asymmetric()));
    }
    if element.has(Space::Encryption11, "DerivedKey") {
        return Err(element.wrong(Problem::NotLocked("a pre-shared key, but with a password")));
    }
    if !element.has(Space::Signature, "KeyName") {
        return Err(element.missing("ds:KeyName or xenc11:DerivedKey"));
    }
    Ok(key.to_vec().into())
}

/// RFC 6030, 6.2.
fn derived(element: Element, password: &str) -> Result<SecretBytes, ReadError> {
    if element.has(Space::Signature, "X509Data") {
        return Err(element.wrong(asymmetric()));
    }
    if !element.has(Space::Encryption11, "DerivedKey") {
        return Err(element.wrong(Problem::NotLocked("a password, but with a pre-shared key")));
    }
    let mut inside = element.inside()?.one(Space::Encryption11, "DerivedKey")?.inside()?;
    let method = inside.one(Space::Encryption11, "KeyDerivationMethod")?;
    let line = method.line();
    let derivation = derivation(method)?;
    derivation.derive(password).map_err(|_| Problem::Unsupported("this PRF".to_owned()).at(line))
}

fn derivation(method: Element) -> Result<Derivation, ReadError> {
    let name = method.attribute("Algorithm").unwrap_or_default();
    if name != PBKDF2 && !PBKDF2_ALSO.contains(&name) {
        return Err(method.wrong(Problem::Unsupported("another key derivation than PBKDF2".to_owned())));
    }
    let mut outer = method.inside()?;
    let parameters = match outer.maybe(Space::Pkcs5, "PBKDF2-params")? {
        Some(parameters) => parameters,
        None => outer.one(Space::Encryption11, "PBKDF2-params")?,
    };
    let mut inside = parameters.inside()?;
    inside.adopt();
    let salt = salt(inside.one(Space::Pkcs5, "Salt")?)?;
    let iterations = iterations(&inside.one(Space::Pkcs5, "IterationCount")?)?;
    let size = inside.one(Space::Pkcs5, "KeyLength")?;
    let length = match value::number::<usize>(&size)? {
        length @ (16 | 24 | 32) => length,
        _ => return Err(size.must_be("16, 24 or 32 (bytes)")),
    };
    let function = function(inside.maybe(Space::Pkcs5, "PRF")?)?;
    inside.done()?;
    Ok(Derivation { salt, iterations, length, function })
}

fn salt(element: Element) -> Result<Vec<u8>, ReadError> {
    let mut inside = element.inside()?;
    inside.adopt();
    Ok(value::bytes(&inside.one(Space::Pkcs5, "Specified")?)?.to_vec())
}

fn iterations(element: &Element) -> Result<NonZeroU32, ReadError> {
    let count = NonZeroU32::new(value::number(element)?).filter(|count| count.get() <= MAX_ITERATIONS);
    count.ok_or_else(|| element.must_be("1 to 10,000,000"))
}

/// Without a name, PKCS #5 means HMAC-SHA-1.
fn function(element: Option<Element>) -> Result<Mac, ReadError> {
    let Some(element) = element else { return Ok(Mac::Sha1) };
    let Some(name) = element.attribute("Algorithm") else { return Ok(Mac::Sha1) };
    Mac::from_uri(name).ok_or_else(|| element.wrong(Problem::Unsupported("this PRF".to_owned())))
}

/// RFC 6030, 6.1.1.
fn mac_key(element: Element, key: &SecretBytes) -> Result<MacKey, ReadError> {
    let name = element.attribute("Algorithm").unwrap_or_default();
    let unsupported = || element.wrong(Problem::Unsupported("this MAC algorithm".to_owned()));
    let algorithm = Mac::from_uri(name).ok_or_else(unsupported)?;
    let mut inside = element.inside()?;
    if let Some(reference) = inside.maybe(Space::Pskc, "MACKeyReference")? {
        return Err(reference.wrong(Problem::Unsupported("a MAC key that is named, not given,".to_owned())));
    }
    let (cipher, sealed) = encrypted(inside.one(Space::Pskc, "MACKey")?)?;
    inside.done()?;
    // Nothing authenticates this one. Whatever goes wrong here is said later, where a wrong MAC is.
    Ok(MacKey { algorithm, key: cipher.open(key, &sealed).ok() })
}

/// Cipher and ciphertext of something of the type `EncryptedDataType`.
fn encrypted(element: Element) -> Result<(Cipher, SecretBytes), ReadError> {
    let mut inside = element.inside()?;
    let method = inside.one(Space::Encryption, "EncryptionMethod")?;
    let name = method.attribute("Algorithm").unwrap_or_default();
    let cipher = Cipher::from_uri(name)
        .ok_or_else(|| method.wrong(Problem::Unsupported("this encryption algorithm".to_owned())))?;
    let mut data = inside.one(Space::Encryption, "CipherData")?.inside()?;
    let sealed = value::bytes(&data.one(Space::Encryption, "CipherValue")?)?;
    data.nothing_left()?;
    inside.done()?;
    Ok((cipher, sealed))
}
