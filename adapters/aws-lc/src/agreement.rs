//! How do two sides agree on a key, and how is something sealed to a public key?

use std::{convert::Infallible, sync::Arc};

use aws_lc_rs::agreement::{self, ECDH_P256, UnparsedPublicKey};
use hpke::{
    Deserializable as _, HpkeError, OpModeR, OpModeS, Serializable as _,
    aead::AesGcm128,
    kdf::HkdfSha256,
    kem::{DhP256HkdfSha256, Kem},
    rand_core::{TryCryptoRng, TryRng},
};
use idp_protocol::crypto::{Agreement, CryptoError, Random};
use zeroize::Zeroizing;

const ENCAPSULATED: usize = 65;

/// ECDH on P-256 of AWS-LC, HPKE of the `hpke` crate.
pub struct AwsLc {
    pub random: Arc<dyn Random>,
}

impl Agreement for AwsLc {
    fn generate(&self) -> Zeroizing<[u8; 32]> {
        scalar(&*self.random)
    }

    fn public(&self, private: &[u8; 32]) -> Result<[u8; 65], CryptoError> {
        public(private)
    }

    fn agree(&self, private: &[u8; 32], peer: &[u8; 65]) -> Result<Zeroizing<[u8; 32]>, CryptoError> {
        let key = load(private)?;
        agreement::agree(&key, UnparsedPublicKey::new(&ECDH_P256, peer), CryptoError::BadKey, |shared| {
            shared.try_into().map(Zeroizing::new).map_err(|_| CryptoError::BadKey)
        })
    }

    fn hpke_seal(
        &self,
        recipient: &[u8; 65],
        info: &[u8],
        aad: &[u8],
        plain: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        let recipient = <DhP256HkdfSha256 as Kem>::PublicKey::from_bytes(recipient).map_err(refused)?;
        let mut random = Ephemeral(&*self.random);
        let (encapsulated, sealed) =
            hpke::single_shot_seal_with_rng::<AesGcm128, HkdfSha256, DhP256HkdfSha256>(
                &OpModeS::Base,
                &recipient,
                info,
                plain,
                aad,
                &mut random,
            )
            .map_err(refused)?;
        Ok([encapsulated.to_bytes().as_slice(), &sealed].concat())
    }

    fn hpke_open(
        &self,
        private: &[u8; 32],
        info: &[u8],
        aad: &[u8],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        let private = <DhP256HkdfSha256 as Kem>::PrivateKey::from_bytes(private).map_err(refused)?;
        let (encapsulated, sealed) = sealed.split_at_checked(ENCAPSULATED).ok_or(CryptoError::Unauthentic)?;
        // A point that is not on the curve came with the message, so it is the message that is refused.
        let encapsulated = <DhP256HkdfSha256 as Kem>::EncappedKey::from_bytes(encapsulated)
            .map_err(|_| CryptoError::Unauthentic)?;
        hpke::single_shot_open::<AesGcm128, HkdfSha256, DhP256HkdfSha256>(
            &OpModeR::Base,
            &private,
            &encapsulated,
            info,
            sealed,
            aad,
        )
        .map(Zeroizing::new)
        .map_err(|_| CryptoError::Unauthentic)
    }
}

fn refused(_: HpkeError) -> CryptoError {
    CryptoError::BadKey
}

/// A uniformly distributed private key: out-of-range numbers (one in 2^32) are drawn again.
pub fn scalar(random: &dyn Random) -> Zeroizing<[u8; 32]> {
    let mut private = Zeroizing::new([0; 32]);
    loop {
        random.fill(private.as_mut_slice());
        if load(&private).is_ok() {
            return private;
        }
    }
}

/// The public point of a private key.
pub fn public(private: &[u8; 32]) -> Result<[u8; 65], CryptoError> {
    let point = load(private)?.compute_public_key().map_err(|_| CryptoError::BadKey)?;
    point.as_ref().try_into().map_err(|_| CryptoError::BadKey)
}

fn load(private: &[u8; 32]) -> Result<agreement::PrivateKey, CryptoError> {
    agreement::PrivateKey::from_private_key(&ECDH_P256, private).map_err(|_| CryptoError::BadKey)
}

/// The injected randomness as the `hpke` crate wants it.
pub struct Ephemeral<'a>(pub &'a dyn Random);

impl TryRng for Ephemeral<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut out = [0; 4];
        self.0.fill(&mut out);
        Ok(u32::from_le_bytes(out))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut out = [0; 8];
        self.0.fill(&mut out);
        Ok(u64::from_le_bytes(out))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        self.0.fill(out);
        Ok(())
    }
}

impl TryCryptoRng for Ephemeral<'_> {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{SeededRandom, SystemRandom};

    fn hex<const N: usize>(text: &str) -> [u8; N] {
        data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap().try_into().unwrap()
    }

    fn system() -> AwsLc {
        AwsLc { random: Arc::new(SystemRandom::default()) }
    }

    #[test]
    fn nist_cavs_ecdh_p256_count_0() {
        let private = hex("7d7dc5f71eb29ddaf80d6214632eeae03d9058af1fb6d22ed80badb62bc1a534");
        let public = "04ead218590119e8876b29146ff89ca61770c4edbbf97d38ce385ed281d8a6b230\
                      28af61281fd35e2fa7002523acc85a429cb06ee6648325389f59edfce1405141";
        let peer = hex("04700c48f77f56584c5cc632ca65640db91b6bacce3a4df6b42ce7cc838833d287\
                        db71e509e3fd9b060ddb20ba5c51dcc5948d46fbf640dfe0441782cab85fa4ac");
        let shared = hex("46fc62106420ff012e54a434fbdd2d25ccc5852060561e68040dd7778997bd7b");
        assert_eq!(system().public(&private), Ok(hex(public)));
        assert_eq!(*system().agree(&private, &peer).unwrap(), shared);
    }

    #[test]
    fn invalid_curve_points_and_scalars_are_refused() {
        let own = system().generate();
        let mut off_curve = system().public(&own).unwrap();
        off_curve[64] ^= 1;
        assert_eq!(system().agree(&own, &off_curve), Err(CryptoError::BadKey));
        assert_eq!(system().hpke_seal(&off_curve, b"", b"", b""), Err(CryptoError::BadKey));
        for bad in [[0; 32], [0xff; 32]] {
            assert_eq!(system().public(&bad), Err(CryptoError::BadKey));
            assert!(system().hpke_open(&bad, b"", b"", &[4; 90]).is_err());
        }
    }

    /// RFC 9180, A.3.1, first encryption.
    const INFO: &str = "4f6465206f6e2061204772656369616e2055726e";
    const EPHEMERAL_SEED: &str = "4270e54ffd08d79d5928020af4686d8f6b7d35dbe470265f1f5aa22816ce860e";
    const RECIPIENT: &str = "f3ce7fdae57e1a310d87f1ebbde6f328be0a99cdbcadf4d6589cf29de4b8ffd2";
    const RECIPIENT_PUBLIC: &str = "04fe8c19ce0905191ebc298a9245792531f26f0cece2460639e8bc39cb7f706a82\
        6a779b4cf969b8a0e539c7f62fb3d30ad6aa8f80e30f1d128aafd68a2ce72ea0";
    const SEALED: &str = "04a92719c6195d5085104f469a8b9814d5838ff72b60501e2c4466e5e67b325ac9\
        8536d7b61a1af4b78e5b7f951c0900be863c403ce65c9bfcb9382657222d18c4\
        5ad590bb8baa577f8619db35a36311226a896e7342a6d836d8b7bcd2f20b6c7f\
        9076ac232e3ab2523f39513434";

    struct Fixed([u8; 32]);

    impl Random for Fixed {
        fn fill(&self, out: &mut [u8]) {
            out.copy_from_slice(&self.0);
        }
    }

    #[test]
    fn rfc_9180_a_3_1() {
        let info: [u8; 20] = hex(INFO);
        let sealed: [u8; 65 + 45] = hex(SEALED);
        let plain = b"Beauty is truth, truth beauty";
        assert_eq!(system().public(&hex(RECIPIENT)), Ok(hex(RECIPIENT_PUBLIC)));
        let opened = system().hpke_open(&hex(RECIPIENT), &info, b"Count-0", &sealed).unwrap();
        assert_eq!(opened.as_slice(), plain);

        let fixed = AwsLc { random: Arc::new(Fixed(hex(EPHEMERAL_SEED))) };
        let again = fixed.hpke_seal(&hex(RECIPIENT_PUBLIC), &info, b"Count-0", plain).unwrap();
        assert_eq!(again, sealed, "the ephemeral key comes from the injected randomness");
    }

    #[test]
    fn hpke_tampering() {
        let crypto = AwsLc { random: Arc::new(SeededRandom::new(b"hpke")) };
        let private = crypto.generate();
        let sealed = crypto.hpke_seal(&crypto.public(&private).unwrap(), b"i", b"a", b"secret").unwrap();
        assert_eq!(crypto.hpke_open(&private, b"i", b"a", &sealed).unwrap().as_slice(), b"secret");
        for at in [0, 1, 40, 64, 65, sealed.len() - 1] {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(crypto.hpke_open(&private, b"i", b"a", &changed).is_err(), "{at}");
        }
        assert!(crypto.hpke_open(&private, b"x", b"a", &sealed).is_err());
        assert!(crypto.hpke_open(&private, b"i", b"x", &sealed).is_err());
        assert!(crypto.hpke_open(&crypto.generate(), b"i", b"a", &sealed).is_err());
        assert!(crypto.hpke_open(&private, b"i", b"a", &sealed[..60]).is_err());
    }
}
