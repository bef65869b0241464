//! How is a response signed, and for whom is it encrypted?

use idp_core::Fault;
use symbolon_saml::{
    Cipher, Encryption, EncryptionCertificate, EncryptionKey, Protection, Response, Transport,
};

use super::{
    provider::{Encrypt, Provider},
    request::Failure,
};
use crate::App;

const AES_128_GCM: &str = "http://www.w3.org/2009/xmlenc11#aes128-gcm";
const AES_256_GCM: &str = "http://www.w3.org/2009/xmlenc11#aes256-gcm";
const OAEP_SHA1: &str = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p";
const OAEP: &str = "http://www.w3.org/2009/xmlenc11#rsa-oaep";

/// The text of a response, signed and encrypted as was decided for the service provider; a reason if it cannot be.
///
/// # Errors
/// [`Fault`] if there is no key to sign with, or it cannot be written.
pub(super) async fn write(
    app: &App,
    provider: &Provider,
    response: &Response,
) -> Result<Result<String, Failure>, Fault> {
    let engine = app.engine();
    let terms = &provider.terms;
    let keys = app.saml().keys(engine).await?;
    let signer = keys.signer(terms.algorithm, terms.signing_key, engine.now())?;
    let envelope = Envelope::of(provider);
    // To go without what was decided would show to everybody on the way what only one should read.
    if envelope.is_none() && terms.encryption == Encrypt::Required && response.assertion.is_some() {
        return Ok(Err(Failure::Encryption));
    }
    let protection = Protection {
        signer: &signer,
        signed: terms.signed.what(),
        encryption: envelope.as_ref().map(Envelope::encryption),
        random: &*engine.crypto().random,
    };
    let text = response.write(&protection);
    text.map(Ok).map_err(|error| Fault::Store(Box::new(error)))
}

/// What an assertion is encrypted with.
struct Envelope {
    recipient: EncryptionKey,
    cipher: Cipher,
    transport: Transport,
}

impl Envelope {
    /// With the first key of the metadata that can be used in a way that its owner understands.
    fn of(provider: &Provider) -> Option<Self> {
        let wanted = provider.terms.encryption != Encrypt::Never;
        let mut keys = provider.metadata.encryption.iter().filter(|_| wanted);
        keys.find_map(Self::with)
    }

    fn with(certificate: &EncryptionCertificate) -> Option<Self> {
        let says = |of: &[&str]| certificate.methods.iter().any(|method| of.contains(&method.as_str()));
        // Whoever names no cipher takes what everybody does; likewise for how the key travels.
        let silent = |all: &str| !certificate.methods.iter().any(|method| method.contains(all));
        let cipher = match () {
            () if says(&[AES_256_GCM]) => Cipher::Aes256Gcm,
            () if says(&[AES_128_GCM]) || (silent("cbc") && silent("gcm")) => Cipher::Aes128Gcm,
            () => return None,
        };
        let transport = match () {
            () if says(&[OAEP_SHA1]) || silent("#rsa-") => Transport::OaepSha1,
            () if says(&[OAEP]) => Transport::OaepSha256,
            () => return None,
        };
        let recipient = EncryptionKey::from_certificate(&certificate.certificate).ok()?;
        Some(Self { recipient, cipher, transport })
    }

    fn encryption(&self) -> Encryption<'_> {
        Encryption { recipient: &self.recipient, cipher: self.cipher, transport: self.transport }
    }
}
