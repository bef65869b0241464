//! What do the parsers of keys and tokens of others make of any bytes? Never a panic, and never a right signature.

use std::sync::LazyLock;

use serde_json::{Map, Value, json};
use symbolon_aws_lc::SeededRandom;
use symbolon_jose::{
    Accepted, ContentEncryption, DecryptionKey, Expected, KeyManagement, KeySet, MAX_TOKEN, SelfSigned,
    SignatureAlgorithm, Signed, Typ, Unverified, decrypt, is_encrypted, verify, verify_hmac,
    verify_self_signed,
};

type Claims = Map<String, Value>;

/// Tokens that were signed, with their keys. Nobody here has the private ones.
const SIGNED: &str = include_str!("../../../adapters/jose/vectors/jws.json");

static SIGNERS: LazyLock<Vec<KeySet>> = LazyLock::new(|| {
    let signed: Vec<Value> = serde_json::from_str(SIGNED).expect("JSON");
    let set = |vector: &Value| KeySet::from_value(&json!({ "keys": [vector["key"]] })).expect("a key");
    signed.iter().map(set).collect()
});

static OPENER: LazyLock<DecryptionKey> =
    LazyLock::new(|| DecryptionKey::generate_p256(&SeededRandom::new(b"fuzz")).expect("a key"));

/// A signed token, under each way of checking it.
pub fn jws(bytes: &[u8]) {
    let Ok(token) = std::str::from_utf8(bytes) else { return };
    let expected = Expected::new(Typ::OneOfOrAbsent(&["JWT", "dpop+jwt"]));
    let read = Unverified::read(token, MAX_TOKEN);
    for signer in SIGNERS.iter() {
        let checked: Result<Signed<Claims>, _> = verify(token, signer, SignatureAlgorithm::ALL, &expected);
        assert!(checked.is_err() || SIGNED.contains(token), "nobody signed {token:?}");
    }
    let checked: Result<Signed<Claims>, _> = verify_hmac(token, &[7; 32], &expected);
    assert!(checked.is_err(), "nobody has the secret of {token:?}");
    let proved: Result<SelfSigned<Claims>, _> = verify_self_signed(token, SignatureAlgorithm::ALL, &expected);
    assert!(proved.is_err() || (read.is_ok() && !is_encrypted(token)), "{token:?}");
}

/// An encrypted token, for a key of the provider.
pub fn jwe(bytes: &[u8]) {
    let Ok(token) = std::str::from_utf8(bytes) else { return };
    let accepted = Accepted::new(KeyManagement::ALL, ContentEncryption::ALL);
    let opened = decrypt(token, std::slice::from_ref(&*OPENER), &accepted, &SeededRandom::new(b"fuzz"));
    assert!(opened.is_err() || is_encrypted(token), "{token:?}");
}

/// A key set: what is taken can be written, and read again as the same.
pub fn jwks(json: &[u8]) {
    let Ok(set) = KeySet::from_slice(json) else { return };
    let written = serde_json::to_string(&set).unwrap_or_else(|error| panic!("{set:?}: {error}"));
    let again = KeySet::from_slice(written.as_bytes()).unwrap_or_else(|error| panic!("{written}: {error}"));
    assert_eq!(set, again);
    assert!(set.keys().iter().zip(again.keys()).all(|(one, other)| one.thumbprint() == other.thumbprint()));
}
