//! How are signing keys made and loaded, and signatures made and checked?

use std::sync::Arc;

use aws_lc_rs::{
    encoding::{AsDer as _, Pkcs8V1Der},
    error::Unspecified,
    rand::SystemRandom,
    rsa::{KeyPair as RsaPair, KeySize, PublicKeyComponents},
    signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ED25519, EcdsaKeyPair, Ed25519KeyPair,
        KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RSA_PSS_2048_8192_SHA256, RSA_PSS_SHA256,
        RsaEncoding, RsaParameters, UnparsedPublicKey,
    },
};
use idp_protocol::{
    P256Key,
    crypto::{Algorithm, CryptoError, PrivateKey, PublicKey, Random, Signatures, SigningKey},
};
use zeroize::Zeroizing;

use crate::agreement;

/// The shortest RSA modulus that is loaded, in bytes (RFC 7518, 3.3).
const MIN_MODULUS: usize = 256;

/// The signature algorithms of AWS-LC.
pub struct AwsLc {
    pub random: Arc<dyn Random>,
}

impl Signatures for AwsLc {
    fn generate(&self, algorithm: Algorithm) -> Result<PrivateKey, CryptoError> {
        match algorithm {
            Algorithm::Es256 => generate_es256(&*self.random),
            Algorithm::EdDsa => generate_ed25519(&*self.random),
            Algorithm::Rs256 | Algorithm::Ps256 => generate_rsa(),
            _ => Err(CryptoError::Unsupported),
        }
    }

    fn load(&self, algorithm: Algorithm, pkcs8: &[u8]) -> Result<Arc<dyn SigningKey>, CryptoError> {
        match algorithm {
            Algorithm::Es256 => load_es256(pkcs8),
            Algorithm::EdDsa => load_ed25519(pkcs8),
            Algorithm::Rs256 => load_rsa(pkcs8, Padding::Pkcs1),
            Algorithm::Ps256 => load_rsa(pkcs8, Padding::Pss),
            _ => Err(CryptoError::Unsupported),
        }
    }

    fn verify(
        &self,
        algorithm: Algorithm,
        key: &PublicKey,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), CryptoError> {
        let checked = match (algorithm, key) {
            (Algorithm::Es256, PublicKey::P256 { x, y }) => {
                let point = P256Key::new(*x, *y).point();
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature)
            }
            (Algorithm::EdDsa, PublicKey::Ed25519 { x }) => {
                UnparsedPublicKey::new(&ED25519, x).verify(message, signature)
            }
            (Algorithm::Rs256, PublicKey::Rsa { n, e }) => {
                verify_rsa(&RSA_PKCS1_2048_8192_SHA256, (n, e), message, signature)
            }
            (Algorithm::Ps256, PublicKey::Rsa { n, e }) => {
                verify_rsa(&RSA_PSS_2048_8192_SHA256, (n, e), message, signature)
            }
            // A key of another kind: the attack that turns a public key into an HMAC secret ends here.
            _ => return Err(CryptoError::Unauthentic),
        };
        checked.map_err(|_| CryptoError::Unauthentic)
    }
}

fn verify_rsa(
    how: &RsaParameters,
    (n, e): (&[u8], &[u8]),
    message: &[u8],
    signature: &[u8],
) -> Result<(), Unspecified> {
    PublicKeyComponents { n, e }.verify(how, message, signature)
}

fn generate_es256(random: &dyn Random) -> Result<PrivateKey, CryptoError> {
    let scalar = agreement::scalar(random);
    let point = agreement::public(&scalar)?;
    EcdsaKeyPair::from_private_key_and_public_key(&ECDSA_P256_SHA256_FIXED_SIGNING, scalar.as_slice(), &point)
        .map_err(bad_key)?
        .to_pkcs8v1()
        .map(|document| Zeroizing::new(document.as_ref().to_vec()))
        .map_err(bad_key)
}

fn generate_ed25519(random: &dyn Random) -> Result<PrivateKey, CryptoError> {
    let mut seed = Zeroizing::new([0; 32]);
    random.fill(seed.as_mut_slice());
    Ed25519KeyPair::from_seed_unchecked(seed.as_slice())
        .map_err(bad_key)?
        .to_pkcs8v1()
        .map(|document| Zeroizing::new(document.as_ref().to_vec()))
        .map_err(bad_key)
}

fn generate_rsa() -> Result<PrivateKey, CryptoError> {
    let pair = RsaPair::generate(KeySize::Rsa2048).map_err(bad_key)?;
    let document: Pkcs8V1Der<'_> = pair.as_der().map_err(bad_key)?;
    Ok(Zeroizing::new(document.as_ref().to_vec()))
}

fn load_es256(pkcs8: &[u8]) -> Result<Arc<dyn SigningKey>, CryptoError> {
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8).map_err(bad_key)?;
    let point = pair.public_key().as_ref().try_into().map_err(|_| CryptoError::BadKey)?;
    let public = P256Key::from_point(&point)?.public();
    Ok(Arc::new(Key { pair: Pair::Es256(pair), public }))
}

fn load_ed25519(pkcs8: &[u8]) -> Result<Arc<dyn SigningKey>, CryptoError> {
    let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(pkcs8).map_err(bad_key)?;
    let x = pair.public_key().as_ref().try_into().map_err(|_| CryptoError::BadKey)?;
    Ok(Arc::new(Key { pair: Pair::EdDsa(pair), public: PublicKey::Ed25519 { x } }))
}

fn load_rsa(pkcs8: &[u8], padding: Padding) -> Result<Arc<dyn SigningKey>, CryptoError> {
    let pair = RsaPair::from_pkcs8(pkcs8).map_err(bad_key)?;
    if pair.public_modulus_len() < MIN_MODULUS {
        return Err(CryptoError::BadKey);
    }
    let public = PublicKey::Rsa {
        n: pair.public_key().modulus().big_endian_without_leading_zero().to_vec(),
        e: pair.public_key().exponent().big_endian_without_leading_zero().to_vec(),
    };
    Ok(Arc::new(Key { pair: Pair::Rsa(pair, padding), public }))
}

fn bad_key<E>(_: E) -> CryptoError {
    CryptoError::BadKey
}

struct Key {
    pair: Pair,
    public: PublicKey,
}

enum Pair {
    Es256(EcdsaKeyPair),
    EdDsa(Ed25519KeyPair),
    Rsa(RsaPair, Padding),
}

/// The two schemes of RSA signatures (RFC 8017, 8.1 and 8.2).
#[derive(Clone, Copy)]
enum Padding {
    Pss,
    Pkcs1,
}

impl Padding {
    fn encoding(self) -> &'static dyn RsaEncoding {
        match self {
            Self::Pss => &RSA_PSS_SHA256,
            Self::Pkcs1 => &RSA_PKCS1_SHA256,
        }
    }
}

impl SigningKey for Key {
    fn algorithm(&self) -> Algorithm {
        match self.pair {
            Pair::Es256(_) => Algorithm::Es256,
            Pair::EdDsa(_) => Algorithm::EdDsa,
            Pair::Rsa(_, Padding::Pkcs1) => Algorithm::Rs256,
            Pair::Rsa(_, Padding::Pss) => Algorithm::Ps256,
        }
    }

    fn public(&self) -> &PublicKey {
        &self.public
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, CryptoError> {
        match &self.pair {
            Pair::Es256(pair) => {
                let signature = pair.sign(&SystemRandom::new(), message).map_err(bad_key)?;
                Ok(signature.as_ref().to_vec())
            }
            Pair::EdDsa(pair) => Ok(pair.try_sign(message).map_err(bad_key)?.as_ref().to_vec()),
            Pair::Rsa(pair, padding) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(padding.encoding(), &SystemRandom::new(), message, &mut signature)
                    .map_err(bad_key)?;
                Ok(signature)
            }
        }
    }
}

#[cfg(test)]
mod tests;
