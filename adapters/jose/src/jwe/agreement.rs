//! How do sender and recipient agree on a key (RFC 7518, 4.6)?

use aws_lc_rs::{
    agreement::{self, ECDH_P256, PrivateKey, UnparsedPublicKey},
    error::Unspecified,
    kdf::{SskdfDigestAlgorithmId, get_sskdf_digest_algorithm, sskdf_digest},
};
use idp_protocol::crypto::Random;
use zeroize::Zeroizing;

use super::Unopened;
use crate::key::{Curve, Material, point};

/// What goes into the derivation beside the shared secret (RFC 7518, 4.6.2).
pub(super) struct Party<'a> {
    /// The name of the algorithm that the key is for.
    pub(super) algorithm: &'a str,
    /// `apu`: who sends.
    pub(super) sender: &'a [u8],
    /// `apv`: who receives.
    pub(super) recipient: &'a [u8],
}

/// Makes a private key on P-256. Numbers that are out of range (one in 2^32) are drawn again.
pub(super) fn generate(random: &dyn Random) -> PrivateKey {
    let mut scalar = Zeroizing::new([0; 32]);
    loop {
        random.fill(scalar.as_mut_slice());
        if let Ok(key) = PrivateKey::from_private_key(&ECDH_P256, scalar.as_slice()) {
            return key;
        }
    }
}

/// The public half of a private key on P-256.
pub(super) fn public(private: &PrivateKey) -> Option<Material> {
    let public = private.compute_public_key().ok()?;
    let (x, y) = public.as_ref().strip_prefix(&[4])?.split_at_checked(32)?;
    Some(Material::Ec { curve: Curve::P256, x: x.to_vec(), y: y.to_vec() })
}

/// The key of `len` bytes that both sides come to. A peer that is not a point on the curve is refused: such points are
/// how a private key is read off bit by bit.
pub(super) fn agree(
    private: &PrivateKey,
    peer: &Material,
    party: &Party<'_>,
    len: usize,
) -> Result<Zeroizing<Vec<u8>>, Unopened> {
    let Material::Ec { curve: Curve::P256, x, y } = peer else { return Err(Unopened) };
    let peer = UnparsedPublicKey::new(&ECDH_P256, point(x, y));
    agreement::agree(private, peer, Unspecified, |secret| derive(secret, party, len)).map_err(|_| Unopened)
}

/// The Concat KDF with SHA-256 (NIST SP 800-56A, 5.8.1) as RFC 7518, 4.6.2 fills it in.
fn derive(secret: &[u8], party: &Party<'_>, len: usize) -> Result<Zeroizing<Vec<u8>>, Unspecified> {
    let sha256 = get_sskdf_digest_algorithm(SskdfDigestAlgorithmId::Sha256).ok_or(Unspecified)?;
    let number = |bytes: usize| u32::try_from(bytes).map(u32::to_be_bytes).map_err(|_| Unspecified);
    let mut info = Vec::new();
    for field in [party.algorithm.as_bytes(), party.sender, party.recipient] {
        info.extend_from_slice(&number(field.len())?);
        info.extend_from_slice(field);
    }
    info.extend_from_slice(&number(len.saturating_mul(8))?);
    let mut key = Zeroizing::new(vec![0; len]);
    sskdf_digest(sha256, secret, &info, &mut key)?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use idp_protocol::encoding::{from_base64url, to_base64url};

    /// RFC 7518, appendix C.
    #[test]
    fn alice_and_bob_agree_as_in_rfc_7518() {
        let load = |text| PrivateKey::from_private_key(&ECDH_P256, &from_base64url(text).unwrap()).unwrap();
        let alice = load("0_NxaRPUMQoAJt50Gz8YiTr8gRTwyEaCumd-MToTmIo");
        let bob = load("VEmDZpDXXK8p8N0Cndsxs924q6nS1RXFASRl6BfUqdw");
        let party = Party { algorithm: "A128GCM", sender: b"Alice", recipient: b"Bob" };
        for (own, peer) in [(&alice, &bob), (&bob, &alice)] {
            let key = agree(own, &public(peer).unwrap(), &party, 16).unwrap();
            assert_eq!(to_base64url(&key), "VqqN6vgjbSBcIijNcacQGg");
        }
    }

    #[test]
    fn a_long_key_takes_more_than_one_round() {
        let party = Party { algorithm: "A256CBC-HS512", sender: b"", recipient: b"" };
        let key = derive(b"secret", &party, 64).unwrap();
        assert_eq!(key.len(), 64);
        assert_ne!(key[..32], key[32..]);
    }
}
