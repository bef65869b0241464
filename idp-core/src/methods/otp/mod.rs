//! One-time codes: which token does a typed code belong to, and what does it prove?
//!
//! [`Totp`] and [`Hotp`] share everything but the values of the moving factor that they try. A value that was used,
//! and every earlier one, is worth nothing any more. That guard is an effect: the store moves `counter` only if it is
//! lower, so of a hundred parallel uses of one code one wins.

mod app;
mod hotp;
mod key;
mod offline_codes;
mod totp;
mod typed;

pub use app::AuthenticatorApp;
pub(crate) use hotp::resynced;
pub use hotp::{Hotp, LOOK_AHEAD, RESYNC};
pub use key::{BadKey, HashFunction, Key, MAX_SECRET, MIN_SECRET, MovingFactor, PinRule, PinUse, Position};
pub use offline_codes::OfflineCodes;
pub use totp::Totp;
pub(crate) use totp::followed;
pub use typed::{LONGEST_PIN, Typed};

use idp_protocol::Octets;
use typed::Answer;

use crate::{
    Fault, Id,
    credential::CredentialRow,
    method::{Credential, Cx, Eligibility, Factor, Proven, Subject, Uv},
    users::User,
};

/// How many tokens of one kind an account may have, apps among them: what is typed is held against each, so each one more is
/// one more code to hit.
pub const MOST_TOKENS: usize = 5;

/// A credential with its key.
struct Token {
    id: Id<CredentialRow>,
    user: Id<User>,
    counter: i64,
    drift: i8,
    key: Key,
}

/// A token and the value of its moving factor that a code belongs to.
struct Match<'a> {
    token: &'a Token,
    value: i64,
}

/// The tokens whose codes count now. For a name that nobody has there is one of nobody's, so that the codes of one token are
/// made for it as well. Somebody with more tokens takes longer, by microseconds.
fn tokens(cx: &Cx<'_>) -> Result<Vec<Token>, Fault> {
    if let Subject::Decoy(seed) = cx.subject {
        let (id, user) = (CredentialRow::ELSEWHERE, Id::from_bytes([0; 16]));
        return Ok(vec![Token { id, user, counter: 0, drift: 0, key: Key::own(&Octets(*seed)) }]);
    }
    let tokens = cx.own.iter().filter(|credential| !credential.consumed).map(Token::open);
    let mut tokens = tokens.collect::<Result<Vec<Token>, Fault>>()?;
    // A device that is suspended, lost or revoked gives no codes: whoever has it in his hands has its key.
    tokens.retain(|token| token.key.device.is_none_or(|id| cx.devices.iter().any(|device| device.id == id)));
    // A policy that is not kept is a policy broken (RFC 6030, 5).
    tokens.retain(|token| token.key.until.is_none_or(|end| cx.now.0 < end));
    Ok(tokens)
}

impl Token {
    /// Whether an account has as many as it may. The codes of registered devices are counted with the devices, those of
    /// devices that are gone with nothing.
    fn has_most(cx: &Cx<'_>) -> Result<bool, Fault> {
        let own = cx.own.iter().map(Self::open).collect::<Result<Vec<_>, _>>()?;
        Ok(own.iter().filter(|token| token.key.device.is_none()).count() >= MOST_TOKENS)
    }

    fn open(credential: &Credential) -> Result<Self, Fault> {
        let key: Key = serde_json::from_slice(&credential.secret)?;
        let Credential { id, user, counter, drift, .. } = *credential;
        Ok(Self { id, user, counter: counter.max(key.used), drift, key })
    }

    /// The first of these values whose code this is.
    fn find(&self, answer: &Answer, values: impl Iterator<Item = i64>) -> Result<Option<i64>, Fault> {
        let Some((code, _)) = answer.split(&self.key) else { return Ok(None) };
        let codes = self.key.codes()?;
        let mut values = values
            .filter(|value| u64::try_from(*value).is_ok_and(|value| codes.check(code, value).is_some()));
        Ok(values.next())
    }

    /// What its code proves. A PIN in the key, or one that the server compared, verified the user.
    fn proves(&self) -> Proven {
        let uv = match self.key.pin {
            PinUse::None => Uv::None,
            PinUse::InKey | PinUse::Server { .. } => Uv::Pin,
        };
        Proven { user: self.user, credential: self.id, factor: Factor::Otp, uv, code_typed: false }
    }
}

/// The token that gave an answer, with the PIN compared where one was typed. Exactly one hash is made for every answer
/// that has a PIN in it, whosoever it is: else the time would tell who has a token with a PIN.
async fn prove<'a>(
    cx: &Cx<'_>,
    answer: &Answer,
    found: Option<Match<'a>>,
) -> Result<Option<Match<'a>>, Fault> {
    // Nobody's codes prove nothing, should one ever fit.
    let found = found.filter(|_| matches!(cx.subject, Subject::User(_)));
    if !answer.has_pin() {
        return Ok(found);
    }
    let hash = found.as_ref().and_then(|found| match &found.token.key.pin {
        PinUse::Server { hash, .. } => Some(hash.as_bytes()),
        PinUse::None | PinUse::InKey => None,
    });
    let pin = found.as_ref().and_then(|found| answer.split(&found.token.key)?.1);
    let right = cx.tools.verify_password(hash, pin.unwrap_or_else(|| answer.any_pin())).await?;
    Ok(found.filter(|_| right))
}

/// Whether a person can use a method with the tokens of its kind.
fn eligibility(cx: &Cx<'_>) -> Eligibility {
    match tokens(cx) {
        Ok(tokens) if tokens.is_empty() => Eligibility::Enrollable,
        Ok(_) => Eligibility::Ready,
        Err(_) => Eligibility::Unavailable("a stored key cannot be read"),
    }
}

/// The first token and value that an answer fits.
fn first<'a, V: Iterator<Item = i64>>(
    tokens: &'a [Token],
    answer: &Answer,
    values: impl Fn(&Token) -> V,
) -> Result<Option<Match<'a>>, Fault> {
    for token in tokens {
        if let Some(value) = token.find(answer, values(token))? {
            return Ok(Some(Match { token, value }));
        }
    }
    Ok(None)
}
