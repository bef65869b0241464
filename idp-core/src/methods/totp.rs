//! The method `totp`: a time-based one-time code (RFC 6238) of an app or a hardware token.
//!
//! A code is accepted one step before and after the server's, 90 seconds in all; a step that was used, and
//! every earlier one, is worth nothing any more. That guard is an effect: the store moves `counter` to the
//! step only if it is lower, so of a hundred parallel uses of one code one wins.

use idp_protocol::{Octets, Prompt, encoding};
use serde::{Deserialize, Serialize};
use totp_rs::{Algorithm, Builder, Totp as Generator};

use super::qr::digits;
use crate::{
    Fault, Refusal,
    method::{
        AuthMethod, Ceremony, Credential, Cx, Descriptor, Effect, Eligibility, Factor, Guess, Input, InputOf,
        Never, Proven, Turn, Turned, Uv, View,
    },
};

/// Steps before and after the server's.
const SKEW: u16 = 1;

/// The method.
#[derive(Clone, Copy, Debug)]
pub struct Totp;

/// What a credential of this kind stores, as JSON.
#[derive(Serialize, Deserialize)]
pub struct Key {
    /// The shared secret, at least 128 bits (RFC 4226, R6).
    #[serde(with = "encoding::base64url")]
    pub secret: Vec<u8>,
    /// The hash function.
    pub algorithm: HashFunction,
    /// 6, 7 or 8 digits.
    pub digits: u8,
    /// The length of a step, in seconds.
    pub period: u32,
}

/// The hash functions of RFC 6238.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum HashFunction {
    /// SHA-1, for apps that know nothing else.
    #[serde(rename = "SHA1")]
    Sha1,
    /// SHA-256.
    #[serde(rename = "SHA256")]
    Sha256,
    /// SHA-512.
    #[serde(rename = "SHA512")]
    Sha512,
}

impl Drop for Key {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.secret);
    }
}

impl Key {
    /// A key for an app of ours: 256 bits, SHA-256, 8 digits, 30 seconds.
    #[must_use]
    pub fn own(secret: &Octets<32>) -> Self {
        Self { secret: secret.0.to_vec(), algorithm: HashFunction::Sha256, digits: 8, period: 30 }
    }

    /// The generator of its codes.
    ///
    /// # Errors
    /// [`Fault::Setup`] if the stored key is not one that RFC 4226 allows.
    pub fn generator(&self) -> Result<Generator, Fault> {
        let algorithm = match self.algorithm {
            HashFunction::Sha1 => Algorithm::SHA1,
            HashFunction::Sha256 => Algorithm::SHA256,
            HashFunction::Sha512 => Algorithm::SHA512,
        };
        let builder = Builder::new()
            .with_algorithm(algorithm)
            .with_digits(self.digits)
            .with_skew(SKEW)
            .with_step_duration(u64::from(self.period))
            .with_secret(self.secret.clone());
        builder.build().map_err(|_| Fault::Setup("a stored one-time-code key is not valid"))
    }
}

/// What the form sends.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Typed {
    code: String,
}

impl Ceremony for Totp {
    const KIND: &'static str = "totp";
    const TRIES: u8 = 10;
    type State = ();
    type FromInitiator = Typed;
    type FromDevice = Never;
    type Outcome = Proven;

    async fn begin(&self, _: &Cx<'_>) -> Turned<Self> {
        Ok(Turn::ask(()))
    }

    fn view(&self, cx: &Cx<'_>, (): &()) -> View {
        let prompt = Prompt::AskCode { digits: 6, tries_left: cx.tries_left };
        View { initiator: prompt, device: None, refresh_at: None }
    }

    fn guess(&self, (): &(), input: &InputOf<'_, Self>) -> Guess {
        if matches!(input, Input::Initiator(_)) { Guess::OnSubject } else { Guess::No }
    }

    async fn advance(&self, cx: &Cx<'_>, (): (), input: InputOf<'_, Self>) -> Turned<Self> {
        let Input::Initiator(Typed { code }) = input else { return Ok(Turn::refuse(Refusal::Malformed)) };
        let code = digits(&code);
        for credential in cx.own {
            if let Some(step) = matching_step(cx, credential, &code)? {
                let proven = Proven {
                    user: credential.user,
                    credential: credential.id,
                    factor: Factor::Otp,
                    uv: Uv::None,
                    code_typed: false,
                };
                return Ok(Turn::done(proven).effect(Effect::Advance { credential: credential.id, to: step }));
            }
        }
        Ok(Turn::refuse(Refusal::Wrong))
    }
}

/// The step that a code belongs to, if it is not used yet.
fn matching_step(cx: &Cx<'_>, credential: &Credential, code: &str) -> Result<Option<i64>, Fault> {
    let key: Key = serde_json::from_slice(&credential.secret)?;
    let Ok(now) = u64::try_from(cx.now.0) else { return Ok(None) };
    let step = key.generator()?.check(code, now).and_then(|step| i64::try_from(step).ok());
    Ok(step.filter(|step| *step > credential.counter))
}

impl AuthMethod for Totp {
    fn descriptor(&self) -> Descriptor {
        Descriptor::form(Prompt::AskCode { digits: 6, tries_left: Self::TRIES }, &[Factor::Otp])
    }

    fn eligibility(&self, cx: &Cx<'_>) -> Eligibility {
        if cx.own.is_empty() { Eligibility::Enrollable } else { Eligibility::Ready }
    }
}
