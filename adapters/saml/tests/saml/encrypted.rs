//! Can the recipient of an encrypted assertion read it, and nobody else?

use bergshamra_enc::{context::EncContext, decrypt::decrypt};
use bergshamra_keys::{Key, KeyData, KeyUsage, KeysManager};
use symbolon_saml::{Cipher, Encryption, EncryptionKey, Kind, Protection, Signed, Transport};

use super::{
    actors::{MALLORY, Party, RSA, crypto, random, response, take},
    documents::{assertion, cut, swap},
};

pub const WAYS: [(Cipher, Transport); 6] = [
    (Cipher::Aes128Gcm, Transport::OaepSha1),
    (Cipher::Aes256Gcm, Transport::OaepSha1),
    (Cipher::Aes128Gcm, Transport::OaepSha256),
    (Cipher::Aes256Gcm, Transport::OaepSha256),
    (Cipher::DangerAes128Cbc, Transport::OaepSha1),
    (Cipher::DangerAes256Cbc, Transport::OaepSha256),
];

/// A response by the provider, of which Mallory can read the assertion: he is a service provider too.
pub fn encrypted(signed: Signed, (cipher, transport): (Cipher, Transport)) -> String {
    let recipient = EncryptionKey::from_certificate(MALLORY.signer.certificate()).unwrap();
    let encryption = Encryption { recipient: &recipient, cipher, transport };
    let random = crypto().random;
    let protection = Protection { encryption: Some(encryption), ..RSA.protection(signed, &*random) };
    response().write(&protection).unwrap()
}

/// What another library reads, with the private key of this party.
fn read(text: &str, by: &Party) -> Option<String> {
    let algorithm = bergshamra_keys::loader::load_x509_cert_der(by.signer.certificate()).unwrap();
    let data = KeyData::from_pkcs8_der(algorithm.data.algorithm(), &by.private).unwrap();
    let mut manager = KeysManager::new();
    manager.add_key(Key::new(data, KeyUsage::Any));
    decrypt(&EncContext::new(manager).with_disable_cipher_reference(true), text).ok()
}

#[test]
fn the_recipient_reads_it_in_every_way_and_finds_the_signature_right() {
    for way in WAYS {
        let text = encrypted(Signed::Assertion, way);
        assert!(!text.contains("7f2c"), "{text}");
        let plain = read(&text, &MALLORY).unwrap_or_else(|| panic!("{way:?}"));
        let inside = assertion(&plain);
        let response =
            swap(&text, cut(&text, "<saml:EncryptedAssertion", "</saml:EncryptedAssertion>"), inside);
        let message = take(&response, Kind::Response, &RSA.keys).unwrap();
        assert!(message.canonical().contains(">7f2c<"));
    }
}

#[test]
fn nobody_else_reads_it() {
    for way in WAYS {
        assert_eq!(read(&encrypted(Signed::Assertion, way), &RSA), None);
    }
}

#[test]
fn what_was_changed_is_not_read() {
    let text = encrypted(Signed::Assertion, WAYS[1]);
    let value = text.rsplit_once("<xenc:CipherValue>").unwrap().1.split_once('<').unwrap().0.to_owned();
    let flipped = if value.starts_with('A') { "B" } else { "A" };
    let changed = swap(&text, &value, &format!("{flipped}{}", &value[1..]));
    assert_eq!(read(&changed, &MALLORY), None);
}

#[test]
fn a_response_around_it_can_be_signed() {
    for signed in [Signed::Response, Signed::Both] {
        let text = encrypted(signed, WAYS[1]);
        let message = take(&text, Kind::Response, &RSA.keys).unwrap();
        assert!(message.is_signed() && message.canonical().starts_with("<samlp:Response "));
    }
}

#[test]
fn every_message_has_a_key_and_a_nonce_of_its_own() {
    let random = random();
    let recipient = EncryptionKey::from_certificate(MALLORY.signer.certificate()).unwrap();
    for (cipher, transport) in WAYS {
        let encryption = Encryption { recipient: &recipient, cipher, transport };
        let protection =
            Protection { encryption: Some(encryption), ..RSA.protection(Signed::Response, &*random) };
        let nonces: Vec<String> = (0..2)
            .map(|_| {
                let text = response().write(&protection).unwrap();
                text.rsplit_once("<xenc:CipherValue>").unwrap().1[..16].to_owned()
            })
            .collect();
        assert_ne!(nonces[0], nonces[1], "{cipher:?}");
    }
}
