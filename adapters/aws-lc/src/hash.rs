//! How are digests, tags and derived keys computed?

use aws_lc_rs::{digest, hmac};
use idp_protocol::crypto::{Digest, Hash};
use zeroize::{Zeroize as _, Zeroizing};

/// SHA-256, HMAC and HKDF of AWS-LC.
pub struct AwsLc;

impl Hash for AwsLc {
    fn sha256(&self, data: &[u8]) -> Digest {
        copied(digest::digest(&digest::SHA256, data).as_ref())
    }

    fn hmac(&self, key: &[u8], data: &[u8]) -> Digest {
        tag(key, &[data])
    }

    /// RFC 5869 by hand on HMAC: the ready-made one panics at a salt of more than 80 bytes.
    fn hkdf(&self, salt: &[u8], secret: &[u8], info: &[u8]) -> Zeroizing<[u8; 32]> {
        let salt = if salt.is_empty() { [0; 32].as_slice() } else { salt };
        let mut extracted = tag(salt, &[secret]);
        let derived = Zeroizing::new(tag(&extracted, &[info, &[1]]));
        extracted.zeroize();
        derived
    }
}

fn tag(key: &[u8], parts: &[&[u8]]) -> Digest {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key));
    for part in parts {
        context.update(part);
    }
    copied(context.sign().as_ref())
}

fn copied(bytes: &[u8]) -> Digest {
    let mut out = [0; 32];
    for (to, from) in out.iter_mut().zip(bytes) {
        *to = *from;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap()
    }

    #[test]
    fn fips_180_4_abc() {
        let expected = hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(AwsLc.sha256(b"abc").as_slice(), expected);
    }

    #[test]
    fn rfc_4231() {
        for (key, data, expected) in [
            (vec![0x0b; 20], "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
            (
                b"Jefe".to_vec(),
                "what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
            (
                vec![0xaa; 131],
                "Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            ),
        ] {
            assert_eq!(AwsLc.hmac(&key, data.as_bytes()).as_slice(), hex(expected));
        }
    }

    #[test]
    fn rfc_5869_first_32_bytes() {
        let secret = [0x0b; 22];
        let salted = AwsLc.hkdf(&hex("000102030405060708090a0b0c"), &secret, &hex("f0f1f2f3f4f5f6f7f8f9"));
        assert_eq!(
            salted.as_slice(),
            hex("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf")
        );
        let unsalted = AwsLc.hkdf(b"", &secret, b"");
        assert_eq!(
            unsalted.as_slice(),
            hex("8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d")
        );
        assert_eq!(unsalted, AwsLc.hkdf(&[0; 32], &secret, b""));
    }

    #[test]
    fn a_long_salt_is_no_accident() {
        assert_ne!(AwsLc.hkdf(&[7; 500], b"k", b""), AwsLc.hkdf(&[8; 500], b"k", b""));
    }
}
