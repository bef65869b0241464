//! For which key of a service provider is an assertion encrypted, and how?

use symbolon_saml::{Cipher, Encryption, EncryptionCertificate, EncryptionKey, Transport};

use super::provider::{Encrypt, Provider};

const AES_128_GCM: &str = "http://www.w3.org/2009/xmlenc11#aes128-gcm";
const AES_256_GCM: &str = "http://www.w3.org/2009/xmlenc11#aes256-gcm";
const AES_256_CBC: &str = "http://www.w3.org/2001/04/xmlenc#aes256-cbc";
const AES_128_CBC: &str = "http://www.w3.org/2001/04/xmlenc#aes128-cbc";
const OAEP_SHA1: &str = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p";
const OAEP: &str = "http://www.w3.org/2009/xmlenc11#rsa-oaep";

/// What an assertion is encrypted with.
pub(crate) struct Envelope {
    recipient: EncryptionKey,
    /// The certificate of that key (DER).
    pub certificate: Vec<u8>,
    /// What encrypts the assertion.
    pub cipher: Cipher,
    /// What encrypts the key of that.
    pub transport: Transport,
}

/// Why nothing is encrypted, for an administrator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Open {
    #[error("it was decided so")]
    Decided,
    #[error("its metadata has no key to encrypt for")]
    NoKey,
    #[error(
        "its metadata names no AES in GCM; what is encrypted with CBC can be read by whoever changes it on its way (--encrypt \
         danger-cbc)"
    )]
    NoCipher,
    #[error("its metadata names no RSA-OAEP for the key; PKCS #1 v1.5 is not used")]
    NoTransport,
    #[error("its metadata has no RSA key of 2048 bits or more to encrypt for")]
    Key,
}

impl Envelope {
    /// With the first key of the metadata that can be used in a way that its owner understands.
    pub(crate) fn of(provider: &Provider) -> Result<Self, Open> {
        let decided = provider.terms.encryption;
        if decided == Encrypt::Never {
            return Err(Open::Decided);
        }
        let mut why = Open::NoKey;
        for certificate in &provider.metadata.encryption {
            match Self::with(certificate, decided) {
                Ok(envelope) => return Ok(envelope),
                Err(open) if why == Open::NoKey => why = open,
                Err(_) => (),
            }
        }
        Err(why)
    }

    fn with(certificate: &EncryptionCertificate, decided: Encrypt) -> Result<Self, Open> {
        let says = |of: &[&str]| certificate.methods.iter().any(|method| of.contains(&method.as_str()));
        let silent = |all: &str| !certificate.methods.iter().any(|method| method.contains(all));
        let transport = match () {
            () if says(&[OAEP_SHA1]) || silent("#rsa-") => Transport::OaepSha1,
            () if says(&[OAEP]) => Transport::OaepSha256,
            () => return Err(Open::NoTransport),
        };
        // Whoever names no cipher takes what everybody does; likewise for how the key travels.
        let is_silent = silent("cbc") && silent("gcm");
        let cipher = match () {
            () if says(&[AES_256_GCM]) => Cipher::Aes256Gcm,
            () if says(&[AES_128_GCM]) => Cipher::Aes128Gcm,
            // How a provider fails to decrypt CBC tells what is inside (CVE-2011-1096): only where somebody decided so.
            () if decided == Encrypt::DangerCbc && says(&[AES_256_CBC]) => Cipher::DangerAes256Cbc,
            () if decided == Encrypt::DangerCbc && (is_silent || says(&[AES_128_CBC])) => {
                Cipher::DangerAes128Cbc
            }
            () if is_silent => Cipher::Aes128Gcm,
            () => return Err(Open::NoCipher),
        };
        let recipient = EncryptionKey::from_certificate(&certificate.certificate).map_err(|_| Open::Key)?;
        Ok(Self { recipient, certificate: certificate.certificate.clone(), cipher, transport })
    }

    pub(super) fn encryption(&self) -> Encryption<'_> {
        Encryption { recipient: &self.recipient, cipher: self.cipher, transport: self.transport }
    }
}
