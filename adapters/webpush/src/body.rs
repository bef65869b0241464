//! How is a message encrypted so that the browser reads it, and nobody on the way (RFC 8291, RFC 8188)?

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use idp_protocol::{Crypto, crypto::CryptoError};
use zeroize::Zeroizing;

use crate::Subscription;

/// The size of a record that is announced (RFC 8188, 2.1). There is one, and it is shorter.
const RECORD: u32 = 4096;
/// What may be sent: a push service need not take a body of more than 4096 bytes (RFC 8030, 7.2). Head, delimiter and
/// tag are 103 of them.
const LONGEST: usize = 4096 - 103;
/// Ends the text of the last record (RFC 8188, 2).
const LAST: u8 = 2;

/// The body of a request to the push service: head and one record of `aes128gcm`, for this subscription.
pub(crate) fn encrypt(crypto: &Crypto, to: &Subscription, plain: &[u8]) -> Result<Vec<u8>, CryptoError> {
    // A key pair of its own for each message (RFC 8291, 3.1), and a salt: key and nonce are never used again.
    let private = crypto.agreement.generate();
    encrypt_with(crypto, &private, &crypto.random(), to, plain)
}

fn encrypt_with(
    crypto: &Crypto,
    private: &[u8; 32],
    salt: &[u8; 16],
    to: &Subscription,
    plain: &[u8],
) -> Result<Vec<u8>, CryptoError> {
    let public = crypto.agreement.public(private)?;
    let shared = crypto.agreement.agree(private, &to.p256dh)?;
    let info = [b"WebPush: info\0".as_slice(), &to.p256dh, &public].concat();
    let secret = crypto.hash.hkdf(to.auth.as_slice(), shared.as_slice(), &info);
    coded(crypto, secret.as_slice(), salt, &public, plain)
}

/// The content coding `aes128gcm` (RFC 8188, 2) with one record.
fn coded(
    crypto: &Crypto,
    secret: &[u8],
    salt: &[u8; 16],
    key_id: &[u8],
    plain: &[u8],
) -> Result<Vec<u8>, CryptoError> {
    let id_length = u8::try_from(key_id.len()).map_err(|_| CryptoError::Unsupported)?;
    if plain.len() > LONGEST {
        return Err(CryptoError::Unsupported);
    }
    // The first bytes of a longer output of HKDF are the shorter output.
    let key = crypto.hash.hkdf(salt, secret, b"Content-Encoding: aes128gcm\0");
    let nonce = crypto.hash.hkdf(salt, secret, b"Content-Encoding: nonce\0");
    let record = seal(key.get(..16), nonce.get(..12), plain)?;
    Ok([salt.as_slice(), &RECORD.to_be_bytes(), &[id_length], key_id, &record].concat())
}

fn seal(key: Option<&[u8]>, nonce: Option<&[u8]>, plain: &[u8]) -> Result<Vec<u8>, CryptoError> {
    let (key, nonce) = key.zip(nonce).ok_or(CryptoError::BadKey)?;
    let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, key).map_err(|_| CryptoError::BadKey)?);
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| CryptoError::BadKey)?;
    let mut text = Zeroizing::new([plain, &[LAST]].concat());
    let tag = key.seal_in_place_separate_tag(nonce, Aad::empty(), &mut text);
    Ok([text.as_slice(), tag.map_err(|_| CryptoError::BadKey)?.as_ref()].concat())
}

#[cfg(test)]
mod tests {
    use idp_protocol::{encoding::from_base64url, push::PushSubscription};
    use symbolon_outbound::{Outbound, Settings};

    use super::*;

    fn octets<const N: usize>(text: &str) -> [u8; N] {
        from_base64url(text).unwrap().try_into().unwrap()
    }

    fn browser(crypto: &Crypto) -> Subscription {
        let raw = serde_json::json!({
            "endpoint": "https://push.example.net/push/JzLQ3raZJfFBR0aqvOMsLrt54w4rJUsV",
            "keys": {
                "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
                "auth": "BTBZMqHH6r4Tts7J_aSIgg",
            },
        });
        let raw: PushSubscription = serde_json::from_value(raw).unwrap();
        Subscription::parse(&raw, &Outbound::new(Settings::default()).unwrap(), crypto).unwrap()
    }

    #[test]
    fn rfc_8291_appendix_a() {
        let crypto = symbolon_aws_lc::crypto();
        let private = octets("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw");
        let salt = octets("DGv6ra1nlYgDCS1FRnbzlw");
        let plain = b"When I grow up, I want to be a watermelon";
        let body = encrypt_with(&crypto, &private, &salt, &browser(&crypto), plain).unwrap();
        let expected = "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLoc\
                        InmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLV\
                        WGNWQexSgSxsj_Qulcy4a-fN";
        assert_eq!(body, from_base64url(expected).unwrap());
    }

    #[test]
    fn rfc_8188_3_1_one_record() {
        let crypto = symbolon_aws_lc::crypto();
        let key = from_base64url("yqdlZ-tYemfogSmv7Ws5PQ").unwrap();
        let body = coded(&crypto, &key, &octets("I1BsxtFttlv3u_Oo94xnmw"), b"", b"I am the walrus").unwrap();
        let expected = "I1BsxtFttlv3u_Oo94xnmwAAEAAA-NAVub2qFgBEuQKRapoZu-IxkIva3MEB1PD-ly8Thjg";
        assert_eq!(body, from_base64url(expected).unwrap());
    }

    #[test]
    fn no_key_and_no_salt_serves_twice() {
        let crypto = symbolon_aws_lc::crypto();
        let browser = browser(&crypto);
        let [first, second] = [(); 2].map(|()| encrypt(&crypto, &browser, b"wake").unwrap());
        assert_eq!(first.len(), second.len());
        assert_ne!(first[..16], second[..16], "the salt");
        assert_ne!(first[21..86], second[21..86], "the key pair");
    }

    #[test]
    fn what_a_push_service_would_not_take_is_not_sent() {
        let crypto = symbolon_aws_lc::crypto();
        let browser = browser(&crypto);
        assert_eq!(encrypt(&crypto, &browser, &[0; LONGEST]).unwrap().len(), 4096);
        assert_eq!(encrypt(&crypto, &browser, &[0; LONGEST + 1]), Err(CryptoError::Unsupported));
    }
}
