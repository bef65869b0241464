//! How is something sealed from one known key to another, so that both share a secret afterwards?

use std::sync::Arc;

use hpke::{
    Deserializable as _, OpModeR, OpModeS, Serializable as _,
    aead::AesGcm128,
    kdf::HkdfSha256,
    kem::{DhP256HkdfSha256, Kem},
    setup_receiver, setup_sender_with_rng,
};
use idp_protocol::crypto::{Bound, CryptoError, Letter, Letters, Opened, Random};
use p256::elliptic_curve::sec1::ToSec1Point as _;
use zeroize::Zeroizing;

use crate::agreement::{self, Ephemeral};

type P256 = DhP256HkdfSha256;
type PublicKey = <P256 as Kem>::PublicKey;
type PrivateKey = <P256 as Kem>::PrivateKey;

/// HPKE in auth mode of the `hpke` crate.
pub struct AwsLc {
    pub random: Arc<dyn Random>,
}

impl Letters for AwsLc {
    fn seal(
        &self,
        sender: &[u8; 32],
        recipient: &[u8; 65],
        bound: Bound<'_>,
        plain: &[u8],
    ) -> Result<Letter, CryptoError> {
        let public = public_key(&agreement::public(sender)?)?;
        let mode = OpModeS::Auth((private_key(sender)?, public));
        let mut random = Ephemeral(&*self.random);
        let (encapsulated, mut context) = setup_sender_with_rng::<AesGcm128, HkdfSha256, P256>(
            &mode,
            &public_key(recipient)?,
            bound.info,
            &mut random,
        )
        .map_err(|_| CryptoError::BadKey)?;
        let sealed = context.seal(plain, b"").map_err(|_| CryptoError::Unsupported)?;
        let mut shared = Zeroizing::new([0; 32]);
        context
            .export(bound.exporter_context, shared.as_mut_slice())
            .map_err(|_| CryptoError::Unsupported)?;
        Ok(Letter { encapsulated: compressed(&encapsulated.to_bytes())?, sealed, shared })
    }

    fn open(
        &self,
        recipient: &[u8; 32],
        sender: &[u8; 65],
        bound: Bound<'_>,
        encapsulated: &[u8; 33],
        sealed: &[u8],
    ) -> Result<Opened, CryptoError> {
        let (recipient, mode) = (private_key(recipient)?, OpModeR::Auth(public_key(sender)?));
        // A point that is not on the curve came with the message, so it is the message that is refused.
        let encapsulated = uncompressed(encapsulated)
            .and_then(|point| <P256 as Kem>::EncappedKey::from_bytes(&point).ok())
            .ok_or(CryptoError::Unauthentic)?;
        let mut context =
            setup_receiver::<AesGcm128, HkdfSha256, P256>(&mode, &recipient, &encapsulated, bound.info)
                .map_err(|_| CryptoError::Unauthentic)?;
        let plain = context.open(sealed, b"").map_err(|_| CryptoError::Unauthentic)?;
        let mut shared = Zeroizing::new([0; 32]);
        context
            .export(bound.exporter_context, shared.as_mut_slice())
            .map_err(|_| CryptoError::Unsupported)?;
        Ok(Opened { plain: Zeroizing::new(plain), shared })
    }
}

fn public_key(point: &[u8; 65]) -> Result<PublicKey, CryptoError> {
    PublicKey::from_bytes(point).map_err(|_| CryptoError::BadKey)
}

fn private_key(scalar: &[u8; 32]) -> Result<PrivateKey, CryptoError> {
    PrivateKey::from_bytes(scalar).map_err(|_| CryptoError::BadKey)
}

/// The x coordinate behind 2 or 3, which says whether y is odd (SEC 1, 2.3.3).
fn compressed(point: &[u8]) -> Result<[u8; 33], CryptoError> {
    let key = p256::PublicKey::from_sec1_bytes(point).map_err(|_| CryptoError::BadKey)?;
    key.to_sec1_point(true).as_bytes().try_into().map_err(|_| CryptoError::BadKey)
}

/// `None` if there is no such point on the curve.
fn uncompressed(point: &[u8; 33]) -> Option<[u8; 65]> {
    let key = p256::PublicKey::from_sec1_bytes(point).ok()?;
    key.to_sec1_point(false).as_bytes().try_into().ok()
}

#[cfg(test)]
mod tests {
    use idp_protocol::crypto::Agreement as _;

    use super::*;
    use crate::SeededRandom;

    fn hex<const N: usize>(text: &str) -> [u8; N] {
        data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap().try_into().unwrap()
    }

    struct Fixed([u8; 32]);

    impl Random for Fixed {
        fn fill(&self, out: &mut [u8]) {
            out.copy_from_slice(&self.0);
        }
    }

    /// RFC 9180, A.3.3.
    const INFO: &str = "4f6465206f6e2061204772656369616e2055726e";
    const EPHEMERAL_SEED: &str = "798d82a8d9ea19dbc7f2c6dfa54e8a6706f7cdc119db0813dacf8440ab37c857";
    const ENCAPSULATED: &str = "042224f3ea800f7ec55c03f29fc9865f6ee27004f818fcbdc6dc68932c1e52e15b\
        79e264a98f2c535ef06745f3d308624414153b22c7332bc1e691cb4af4d53454";
    const RECIPIENT: &str = "d929ab4be2e59f6954d6bedd93e638f02d4046cef21115b00cdda2acb2a4440e";
    const RECIPIENT_PUBLIC: &str = "04423e363e1cd54ce7b7573110ac121399acbc9ed815fae03b72ffbd4c18b01836\
        835c5a09513f28fc971b7266cfde2e96afe84bb0f266920e82c4f53b36e1a78d";
    const SENDER: &str = "1120ac99fb1fccc1e8230502d245719d1b217fe20505c7648795139d177f0de9";
    const SENDER_PUBLIC: &str = "04a817a0902bf28e036d66add5d544cc3a0457eab150f104285df1e293b5c10eef\
        8651213e43d9cd9086c80b309df22cf37609f58c1127f7607e85f210b2804f73";
    const SEALED: &str = "82ffc8c44760db691a07c5627e5fc2c08e7a86979ee79b494a17cc3405446ac2\
        bdb8f265db4a099ed3289ffe19";
    const EXPORTS: [(&[u8], &str); 3] = [
        (b"", "837e49c3ff629250c8d80d3c3fb957725ed481e59e2feb57afd9fe9a8c7c4497"),
        (b"\0", "594213f9018d614b82007a7021c3135bda7b380da4acd9ab27165c508640dbda"),
        (b"TestContext", "14fe634f95ca0d86e15247cca7de7ba9b73c9b9deb6437e1c832daf7291b79d5"),
    ];

    #[test]
    fn rfc_9180_a_3_3_keys_and_exports() {
        let info: [u8; 20] = hex(INFO);
        let fixed = AwsLc { random: Arc::new(Fixed(hex(EPHEMERAL_SEED))) };
        for (exporter_context, expected) in EXPORTS {
            let bound = Bound { info: &info, exporter_context };
            let letter = fixed.seal(&hex(SENDER), &hex(RECIPIENT_PUBLIC), bound, b"any").unwrap();
            assert_eq!(*letter.shared, hex(expected), "sealed");
            assert_eq!(uncompressed(&letter.encapsulated), Some(hex(ENCAPSULATED)));
            let opened = fixed
                .open(&hex(RECIPIENT), &hex(SENDER_PUBLIC), bound, &letter.encapsulated, &letter.sealed)
                .unwrap();
            assert_eq!(*opened.shared, hex(expected), "opened");
            assert_eq!(opened.plain.as_slice(), b"any");
        }
    }

    /// The vector has associated data, which a letter has not; the ciphertext is the same, its tag is another.
    #[test]
    fn rfc_9180_a_3_3_ciphertext() {
        let (info, sealed): ([u8; 20], [u8; 45]) = (hex(INFO), hex(SEALED));
        let fixed = AwsLc { random: Arc::new(Fixed(hex(EPHEMERAL_SEED))) };
        let bound = Bound { info: &info, exporter_context: b"" };
        let plain = b"Beauty is truth, truth beauty";
        let letter = fixed.seal(&hex(SENDER), &hex(RECIPIENT_PUBLIC), bound, plain).unwrap();
        assert_eq!(letter.sealed.len(), sealed.len());
        assert_eq!(letter.sealed[..29], sealed[..29]);
    }

    #[test]
    fn a_letter_of_somebody_else_or_a_changed_one_is_refused() {
        let random: Arc<dyn Random> = Arc::new(SeededRandom::new(b"letters"));
        let keys = agreement::AwsLc { random: Arc::clone(&random) };
        let (sender, recipient) = (keys.generate(), keys.generate());
        let (from, to) = (keys.public(&sender).unwrap(), keys.public(&recipient).unwrap());
        let letters = AwsLc { random };
        let bound = Bound { info: b"i", exporter_context: b"e" };
        let letter = letters.seal(&sender, &to, bound, b"secret").unwrap();
        let open = |private: &[u8; 32], from: &[u8; 65], bound, point: &[u8; 33], sealed: &[u8]| {
            letters.open(private, from, bound, point, sealed).map(|opened| opened.plain.to_vec())
        };
        let (point, sealed) = (&letter.encapsulated, letter.sealed.as_slice());
        assert_eq!(open(&recipient, &from, bound, point, sealed), Ok(b"secret".to_vec()));
        // Base mode would open it: nothing there says who sealed it.
        assert_eq!(open(&recipient, &to, bound, point, sealed), Err(CryptoError::Unauthentic), "sender");
        assert!(open(&sender, &from, bound, point, sealed).is_err(), "recipient");
        assert!(open(&recipient, &from, Bound { info: b"x", ..bound }, point, sealed).is_err(), "info");
        for at in 0..33 {
            let mut changed = *point;
            changed[at] ^= 1;
            assert!(open(&recipient, &from, bound, &changed, sealed).is_err(), "byte {at} of the point");
        }
        for at in 0..sealed.len() {
            let mut changed = sealed.to_vec();
            changed[at] ^= 1;
            assert!(open(&recipient, &from, bound, point, &changed).is_err(), "byte {at}");
        }
        assert!(open(&recipient, &from, bound, point, b"short").is_err());
    }
}
