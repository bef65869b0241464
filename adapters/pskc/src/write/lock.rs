//! How are secrets encrypted on their way out?

use data_encoding::BASE64;
use idp_protocol::crypto::Random;
use zeroize::Zeroizing;

use super::{Lock, markup::Markup};
use crate::{
    crypto::{Cipher, Derivation, Mac, SecretBytes},
    error::WriteError,
    names::PBKDF2,
};

/// The hash function of MACs and of PBKDF2.
const MAC: Mac = Mac::Sha256;
/// The length of a key that comes of a password, in bytes.
const DERIVED: usize = 32;

/// Encrypts the secrets of one container.
pub(super) struct Sealer<'a> {
    keys: Option<Keys>,
    lock: Lock<'a>,
    derivation: Option<Derivation>,
    random: &'a dyn Random,
}

struct Keys {
    cipher: Cipher,
    key: SecretBytes,
    mac: SecretBytes,
}

impl<'a> Sealer<'a> {
    pub(super) fn new(lock: Lock<'a>, random: &'a dyn Random) -> Result<Self, WriteError> {
        let (key, derivation) = match lock {
            Lock::DangerPlain => return Ok(Self { keys: None, lock, derivation: None, random }),
            Lock::PreShared { key, .. } => (Zeroizing::new(key.to_vec()), None),
            Lock::Password { password, iterations } => {
                let mut salt = vec![0; 16];
                random.fill(&mut salt);
                let derivation = Derivation { salt, iterations, length: DERIVED, function: MAC };
                (derivation.derive(password).map_err(|_| WriteError::Crypto)?, Some(derivation))
            }
        };
        let cipher = Cipher::cbc_for(&key).ok_or(WriteError::KeyLength)?;
        let mut mac = Zeroizing::new(vec![0; 32]);
        random.fill(&mut mac);
        Ok(Self { keys: Some(Keys { cipher, key, mac }), lock, derivation, random })
    }

    /// `EncryptionKey` and `MACMethod`.
    pub(super) fn head(&self, out: &mut Markup) -> Result<(), WriteError> {
        let Some(keys) = &self.keys else { return Ok(()) };
        out.inside("EncryptionKey", &[], |out| {
            match (&self.derivation, self.lock) {
                (Some(derivation), _) => derived(out, derivation),
                (None, Lock::PreShared { name, .. }) => out.leaf("ds:KeyName", name),
                (None, _) => {}
            }
            Ok(())
        })?;
        let sealed = self.seal(keys, &keys.mac)?;
        out.inside("MACMethod", &[("Algorithm", MAC.uri())], |out| {
            out.inside("MACKey", &[], |out| encrypted(out, keys.cipher, &sealed))
        })
    }

    /// `Secret` with its value.
    pub(super) fn secret(&self, out: &mut Markup, secret: &[u8]) -> Result<(), WriteError> {
        out.inside("Secret", &[], |out| {
            let Some(keys) = &self.keys else {
                out.leaf("PlainValue", &Zeroizing::new(BASE64.encode(secret)));
                return Ok(());
            };
            let sealed = self.seal(keys, secret)?;
            out.inside("EncryptedValue", &[], |out| encrypted(out, keys.cipher, &sealed))?;
            out.leaf("ValueMAC", &BASE64.encode(&MAC.sign(&keys.mac, &sealed)));
            Ok(())
        })
    }

    fn seal(&self, keys: &Keys, plain: &[u8]) -> Result<Vec<u8>, WriteError> {
        keys.cipher.seal(&keys.key, plain, self.random).map_err(|_| WriteError::Crypto)
    }
}

fn encrypted(out: &mut Markup, cipher: Cipher, sealed: &[u8]) -> Result<(), WriteError> {
    out.empty("xenc:EncryptionMethod", &[("Algorithm", cipher.uri())]);
    out.inside("xenc:CipherData", &[], |out| {
        out.leaf("xenc:CipherValue", &BASE64.encode(sealed));
        Ok(())
    })
}

fn derived(out: &mut Markup, derivation: &Derivation) {
    let Ok(()) = out.inside::<std::convert::Infallible>("xenc11:DerivedKey", &[], |out| {
        out.inside("xenc11:KeyDerivationMethod", &[("Algorithm", PBKDF2)], |out| {
            out.inside("pkcs5:PBKDF2-params", &[], |out| {
                out.inside("Salt", &[("xmlns", "")], |out| {
                    // It inherits the empty namespace: so stands the schema of PKCS #5.
                    out.leaf("Specified", &BASE64.encode(&derivation.salt));
                    Ok::<(), std::convert::Infallible>(())
                })?;
                let none = [("xmlns", "")];
                out.text("IterationCount", &none, &derivation.iterations.to_string());
                out.text("KeyLength", &none, &derivation.length.to_string());
                out.empty("PRF", &[("xmlns", ""), ("Algorithm", derivation.function.uri())]);
                Ok(())
            })
        })
    });
}
