//! In which certificate does our metadata carry a key of ours?
//!
//! Peers look at nothing in it but at the key. It is signed by the key itself, and it says who it belongs to and from when until
//! when it is meant, because some products show that, and some refuse a certificate that is none of version 3.

use ::time::OffsetDateTime;
use chrono::{DateTime, Utc};
use idp_protocol::crypto::{Algorithm, PublicKey, SigningKey};
use rcgen::{
    CertificateParams, DistinguishedName, DnType, DnValue, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256,
    PKCS_RSA_SHA256, PublicKeyData, SerialNumber, SignatureAlgorithm,
};

/// The longest name, in characters (RFC 5280, appendix A.1, `ub-common-name`).
const MAX_NAME: usize = 64;

/// Why there is no certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// No name, or too long a one.
    #[error("the name in a certificate must have between one and {MAX_NAME} characters")]
    Name,
    /// It would end before it begins, or at a time that cannot be written.
    #[error("a certificate must begin before it ends, and end before the year 10,000")]
    Lifetime,
    /// A key that SAML does not sign with here, or one that cannot sign.
    #[error("the key cannot sign, or is neither RSA nor ECDSA on P-256 with SHA-256")]
    Key,
}

/// A certificate of version 3 (DER) for a key, signed by the key itself (RFC 5280, 4.1).
///
/// `serial` is meant to be random: some products take two certificates of one name and number for the same.
///
/// # Errors
/// [`CertificateError`] says what is wrong with what it is to say.
pub fn self_signed(
    key: &dyn SigningKey,
    common_name: &str,
    serial: [u8; 16],
    not_before: DateTime<Utc>,
    not_after: DateTime<Utc>,
) -> Result<Vec<u8>, CertificateError> {
    if !(1..=MAX_NAME).contains(&common_name.chars().count()) {
        return Err(CertificateError::Name);
    }
    if not_before >= not_after {
        return Err(CertificateError::Lifetime);
    }
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, DnValue::Utf8String(common_name.to_owned()));
    let mut params = CertificateParams::default();
    params.distinguished_name = name;
    params.serial_number = Some(SerialNumber::from_slice(&serial));
    params.not_before = moment(not_before)?;
    params.not_after = moment(not_after)?;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    let certificate = params.self_signed(&Own::new(key)?).map_err(|_| CertificateError::Key)?;
    Ok(certificate.der().to_vec())
}

/// To the second, in the years that a certificate can say (RFC 5280, 4.1.2.5).
fn moment(time: DateTime<Utc>) -> Result<OffsetDateTime, CertificateError> {
    let moment = OffsetDateTime::from_unix_timestamp(time.timestamp());
    let moment = moment.map_err(|_| CertificateError::Lifetime)?;
    if (1_950..10_000).contains(&moment.year()) { Ok(moment) } else { Err(CertificateError::Lifetime) }
}

/// A key of ours, as rcgen wants it.
struct Own<'k> {
    key: &'k dyn SigningKey,
    public: Vec<u8>,
    algorithm: &'static SignatureAlgorithm,
}

impl<'k> Own<'k> {
    fn new(key: &'k dyn SigningKey) -> Result<Self, CertificateError> {
        let (public, algorithm) = match (key.public(), key.algorithm()) {
            (PublicKey::Rsa { n, e }, Algorithm::Rs256) => {
                (sequence(&[integer(n), integer(e)]), &PKCS_RSA_SHA256)
            }
            // An uncompressed point (SEC 1, 2.3.3).
            (PublicKey::P256 { x, y }, Algorithm::Es256) => {
                ([[4].as_slice(), x, y].concat(), &PKCS_ECDSA_P256_SHA256)
            }
            _ => return Err(CertificateError::Key),
        };
        Ok(Self { key, public, algorithm })
    }
}

impl PublicKeyData for Own<'_> {
    fn der_bytes(&self) -> &[u8] {
        &self.public
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        self.algorithm
    }
}

impl rcgen::SigningKey for Own<'_> {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        let signature = self.key.sign(message).map_err(|_| rcgen::Error::RemoteKeyError)?;
        if self.key.algorithm() != Algorithm::Es256 {
            return Ok(signature);
        }
        // r ‖ s here, and a sequence of two numbers in a certificate (RFC 5758, 3.2).
        let (r, s) = signature.split_at_checked(32).ok_or(rcgen::Error::RemoteKeyError)?;
        Ok(sequence(&[integer(r), integer(s)]))
    }
}

/// A number that is not negative (X.690, 8.3): no zeros in front, but one where the first bit would be a sign.
fn integer(bytes: &[u8]) -> Vec<u8> {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let bytes = bytes.get(zeros..).unwrap_or_default();
    let is_bare = bytes.first().is_some_and(|first| *first < 0x80);
    let sign: &[u8] = if is_bare { &[] } else { &[0] };
    tagged(0x02, &[sign, bytes].concat())
}

fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    tagged(0x30, &parts.concat())
}

/// Tag, length and value (X.690, 8.1). A short length is one byte, a long one says first how many bytes it has.
fn tagged(tag: u8, value: &[u8]) -> Vec<u8> {
    let length = value.len().to_be_bytes();
    let zeros = length.iter().take_while(|byte| **byte == 0).count();
    let length = length.get(zeros..).unwrap_or_default();
    let head = match (length, u8::try_from(length.len())) {
        ([], _) => vec![tag, 0],
        ([short], _) if *short < 0x80 => vec![tag, *short],
        (long, Ok(count)) => [&[tag, 0x80 | count], long].concat(),
        // A length has eight bytes at most.
        (_, Err(_)) => vec![tag],
    };
    [head.as_slice(), value].concat()
}
