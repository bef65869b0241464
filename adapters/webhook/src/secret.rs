//! How is a message signed?

use std::{fmt, str::FromStr};

use data_encoding::BASE64;
use idp_protocol::Crypto;
use zeroize::Zeroizing;

/// What secrets of this scheme begin with.
const PREFIX: &str = "whsec_";

/// A secret that we share with the program: `whsec_` and 24 to 64 bytes in base64.
#[derive(Clone)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// It is no such secret. The text does not repeat it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the secret must be whsec_ and 24 to 64 random bytes in base64 (echo whsec_$(head -c 32 /dev/urandom | base64))"
)]
pub struct SecretError;

impl FromStr for Secret {
    type Err = SecretError;

    fn from_str(text: &str) -> Result<Self, SecretError> {
        let encoded = text.trim().strip_prefix(PREFIX).ok_or(SecretError)?;
        let bytes = Zeroizing::new(BASE64.decode(encoded.as_bytes()).map_err(|_| SecretError)?);
        if (24..=64).contains(&bytes.len()) { Ok(Self(bytes)) } else { Err(SecretError) }
    }
}

impl Secret {
    /// The signature of a message, as it stands in its header. Id and time are under it: a message that was overheard can be
    /// sent neither later nor as another one.
    pub(crate) fn sign(&self, crypto: &Crypto, id: &str, timestamp: i64, body: &str) -> String {
        let tag = crypto.hash.hmac(&self.0, format!("{id}.{timestamp}.{body}").as_bytes());
        format!("v1,{}", BASE64.encode(&tag))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification's own libraries.
    #[test]
    fn the_example_of_standard_webhooks() {
        let secret: Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse().unwrap();
        let signature = secret.sign(
            &symbolon_aws_lc::crypto(),
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            r#"{"test": 2432232314}"#,
        );
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_short_secret_is_none() {
        let of = |bytes: usize| format!("whsec_{}", BASE64.encode(&vec![7; bytes])).parse::<Secret>();
        assert!(of(24).is_ok() && of(64).is_ok());
        for wrong in [of(23), of(65), "whsec_".parse(), "secret".parse(), "whsec_?".parse()] {
            assert_eq!(wrong.unwrap_err(), SecretError);
        }
    }
}
