//! How is a value encrypted (RFC 6030, 6; XML Encryption 1.1, 5.2 and 5.6)?

use aws_lc_rs::{
    cipher::{
        AES_128, AES_192, AES_256, Algorithm, DecryptionContext, EncryptionContext, PaddedBlockDecryptingKey,
        PaddedBlockEncryptingKey, UnboundCipherKey,
    },
    iv::FixedLength,
    key_wrap::{self, AesBlockCipher, AesKek, KeyWrap as _, KeyWrapPadded as _},
};
use idp_protocol::crypto::Random;
use zeroize::Zeroizing;

use super::{Failed, SecretBytes};

/// The length of a block of AES, in bytes.
const BLOCK: usize = 16;

/// An algorithm that encrypts values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cipher {
    /// AES in CBC mode, the IV in front. It notices no change, so a MAC belongs to it.
    Cbc(Size),
    /// AES key wrap (RFC 3394), which notices changes.
    Wrap(Size),
    /// AES key wrap with padding (RFC 5649).
    WrapPadded(Size),
}

/// The length of a key of AES.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Size {
    /// 128 bits.
    Aes128,
    /// 192 bits.
    Aes192,
    /// 256 bits.
    Aes256,
}

impl Size {
    fn bytes(self) -> usize {
        match self {
            Self::Aes128 => 16,
            Self::Aes192 => 24,
            Self::Aes256 => 32,
        }
    }

    fn algorithm(self) -> &'static Algorithm {
        match self {
            Self::Aes128 => &AES_128,
            Self::Aes192 => &AES_192,
            Self::Aes256 => &AES_256,
        }
    }

    /// The library wraps with 128 and 256 bits.
    fn wrapping(self) -> Result<&'static AesBlockCipher, Failed> {
        match self {
            Self::Aes128 => Ok(&key_wrap::AES_128),
            Self::Aes192 => Err(Failed),
            Self::Aes256 => Ok(&key_wrap::AES_256),
        }
    }
}

impl Cipher {
    const ALL: [(Self, &'static str); 7] = [
        (Self::Cbc(Size::Aes128), "http://www.w3.org/2001/04/xmlenc#aes128-cbc"),
        (Self::Cbc(Size::Aes192), "http://www.w3.org/2001/04/xmlenc#aes192-cbc"),
        (Self::Cbc(Size::Aes256), "http://www.w3.org/2001/04/xmlenc#aes256-cbc"),
        (Self::Wrap(Size::Aes128), "http://www.w3.org/2001/04/xmlenc#kw-aes128"),
        (Self::Wrap(Size::Aes256), "http://www.w3.org/2001/04/xmlenc#kw-aes256"),
        (Self::WrapPadded(Size::Aes128), "http://www.w3.org/2009/xmlenc11#kw-aes-128-pad"),
        (Self::WrapPadded(Size::Aes256), "http://www.w3.org/2009/xmlenc11#kw-aes-256-pad"),
    ];

    pub(crate) fn from_uri(uri: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, name)| *name == uri).map(|(cipher, _)| *cipher)
    }

    pub(crate) fn uri(self) -> &'static str {
        Self::ALL.iter().find(|(cipher, _)| *cipher == self).map_or("", |(_, uri)| uri)
    }

    /// The cipher in CBC mode for a key of this length.
    pub(crate) fn cbc_for(key: &[u8]) -> Option<Self> {
        let sizes = [Size::Aes128, Size::Aes192, Size::Aes256];
        sizes.into_iter().find(|size| size.bytes() == key.len()).map(Self::Cbc)
    }

    /// Whether a changed ciphertext would go unnoticed without a MAC.
    pub(crate) fn needs_mac(self) -> bool {
        matches!(self, Self::Cbc(_))
    }

    /// Decrypts. For CBC the caller has found the MAC right before.
    pub(crate) fn open(self, key: &[u8], sealed: &[u8]) -> Result<SecretBytes, Failed> {
        let mut buffer = Zeroizing::new(sealed.to_vec());
        match self {
            Self::Cbc(size) => open_cbc(size, key, sealed),
            Self::Wrap(size) => {
                let length = AesKek::new(size.wrapping()?, key)?.unwrap(sealed, &mut buffer)?.len();
                buffer.truncate(length);
                Ok(buffer)
            }
            Self::WrapPadded(size) => {
                let kek = AesKek::new(size.wrapping()?, key)?;
                let length = kek.unwrap_with_padding(sealed, &mut buffer)?.len();
                buffer.truncate(length);
                Ok(buffer)
            }
        }
    }

    /// Encrypts in CBC mode, with a random IV in front.
    pub(crate) fn seal(self, key: &[u8], plain: &[u8], random: &dyn Random) -> Result<Vec<u8>, Failed> {
        let Self::Cbc(size) = self else { return Err(Failed) };
        let mut iv = [0; BLOCK];
        random.fill(&mut iv);
        // Room for the padding at once: a vector that grew would leave the plain text behind in freed memory.
        let mut buffer = Vec::with_capacity(plain.len().saturating_add(BLOCK));
        buffer.extend_from_slice(plain);
        PaddedBlockEncryptingKey::cbc_pkcs7(UnboundCipherKey::new(size.algorithm(), key)?)?
            .less_safe_encrypt(&mut buffer, EncryptionContext::Iv128(FixedLength::from(iv)))?;
        Ok([iv.as_slice(), &buffer].concat())
    }
}

/// XML Encryption pads with any bytes and the length behind them, PKCS #5 with the length again and again (RFC 6030, 6.4):
/// the first includes the second.
fn open_cbc(size: Size, key: &[u8], sealed: &[u8]) -> Result<SecretBytes, Failed> {
    let (iv, ciphertext) = sealed.split_first_chunk::<BLOCK>().ok_or(Failed)?;
    let context = DecryptionContext::Iv128(FixedLength::from(iv));
    let mut buffer = Zeroizing::new(ciphertext.to_vec());
    let key = UnboundCipherKey::new(size.algorithm(), key)?;
    let length = PaddedBlockDecryptingKey::cbc_iso10126(key)?.decrypt(&mut buffer, context)?.len();
    buffer.truncate(length);
    Ok(buffer)
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXUPPER;

    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        HEXUPPER.decode(text.as_bytes()).unwrap()
    }

    #[test]
    fn rfc_3394_4_1_and_4_6() {
        let kek = "000102030405060708090A0B0C0D0E0F";
        let wrapped = hex("1FA68B0A8112B447AEF34BD8FB5A7B829D3E862371D2CFE5");
        let opened = Cipher::Wrap(Size::Aes128).open(&hex(kek), &wrapped).unwrap();
        assert_eq!(*opened, hex("00112233445566778899AABBCCDDEEFF"));

        let kek = "000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F";
        let wrapped = "28C9F404C4B810F4CBCCB35CFB87F8263F5786E2D80ED326CBC7F0E71A99F43BFB988B9B7A02DD21";
        let opened = Cipher::Wrap(Size::Aes256).open(&hex(kek), &hex(wrapped)).unwrap();
        assert_eq!(*opened, hex("00112233445566778899AABBCCDDEEFF000102030405060708090A0B0C0D0E0F"));
    }

    #[test]
    fn a_changed_wrap_is_noticed() {
        let kek = hex("000102030405060708090A0B0C0D0E0F");
        let wrapped = hex("1FA68B0A8112B447AEF34BD8FB5A7B829D3E862371D2CFE5");
        for at in 0..wrapped.len() {
            let mut changed = wrapped.clone();
            changed[at] ^= 1;
            assert_eq!(Cipher::Wrap(Size::Aes128).open(&kek, &changed), Err(Failed), "{at}");
        }
        for length in 0..wrapped.len() {
            assert_eq!(Cipher::Wrap(Size::Aes128).open(&kek, &wrapped[..length]), Err(Failed), "{length}");
        }
    }

    #[test]
    fn every_name_is_found_again() {
        for (cipher, uri) in Cipher::ALL {
            assert_eq!((Cipher::from_uri(uri), cipher.uri()), (Some(cipher), uri));
        }
        assert_eq!(Cipher::from_uri("http://www.w3.org/2001/04/xmlenc#tripledes-cbc"), None);
    }
}
