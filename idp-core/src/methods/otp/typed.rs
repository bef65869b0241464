//! What did the person type: a code alone, or a code with a PIN before or behind it?

use idp_protocol::typed::digits;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::key::{Key, PinUse, Position};

/// The longest code, in digits. What is longer has a PIN in it.
const LONGEST_CODE: usize = 8;
/// The longest PIN that is looked at, in characters; what is longer is wrong without any work.
pub const LONGEST_PIN: usize = 64;

/// What the form sends.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Typed {
    code: Zeroizing<String>,
}

/// What was typed, without the spaces and dashes that people put between groups.
pub(super) struct Answer(Zeroizing<String>);

impl Typed {
    pub(super) fn answer(&self) -> Answer {
        Answer(Zeroizing::new(digits(&self.code)))
    }
}

impl Answer {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it can be the answer of any token.
    pub(super) fn is_plausible(&self) -> bool {
        self.0.is_ascii() && self.0.len() <= LONGEST_CODE + LONGEST_PIN
    }

    /// Whether it has a PIN in it. That tells its length alone, not whose it is: so the work for a PIN is done for
    /// everybody who types one, and for nobody else.
    pub(super) fn has_pin(&self) -> bool {
        self.0.len() > LONGEST_CODE
    }

    /// Code and PIN, as a token of this key wants them typed; `None` if this is no answer for it.
    pub(super) fn split(&self, key: &Key) -> Option<(&str, Option<&str>)> {
        let digits = usize::from(key.digits);
        match &key.pin {
            PinUse::None | PinUse::InKey => (self.0.len() == digits).then_some((&*self.0, None)),
            PinUse::Server { .. } if !self.has_pin() => None,
            PinUse::Server { position: Position::Behind, .. } => {
                self.0.split_at_checked(digits).map(|(code, pin)| (code, Some(pin)))
            }
            PinUse::Server { position: Position::Before, .. } => {
                let at = self.0.len().checked_sub(digits)?;
                self.0.split_at_checked(at).map(|(pin, code)| (code, Some(pin)))
            }
        }
    }

    /// The PIN that is hashed where no token fits: as much of it as any would have.
    pub(super) fn any_pin(&self) -> &str {
        self.0.get(LONGEST_CODE..).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::methods::otp::{HashFunction, MovingFactor};

    fn split(typed: &str, pin: PinUse) -> Option<(String, Option<String>)> {
        let key = Key::new(vec![7; 20], HashFunction::Sha1, 6, MovingFactor::Time(30)).unwrap().with_pin(pin);
        let answer = Typed { code: Zeroizing::new(typed.to_owned()) }.answer();
        answer.split(&key).map(|(code, pin)| (code.to_owned(), pin.map(str::to_owned)))
    }

    #[test]
    fn a_pin_stands_where_its_token_has_it() {
        let server = |position| PinUse::Server { hash: String::new(), position };
        let both = |code: &str, pin: &str| Some((code.to_owned(), Some(pin.to_owned())));
        assert_eq!(split("4938 123456", server(Position::Before)), both("123456", "4938"));
        assert_eq!(split("123 456-4938", server(Position::Behind)), both("123456", "4938"));
        assert_eq!(split("123456", server(Position::Before)), None, "a code without its PIN");
        assert_eq!(split("123 456", PinUse::None), Some(("123456".to_owned(), None)));
        assert_eq!(split("4938123456", PinUse::None), None);
        assert_eq!(split("1234567", PinUse::InKey), None);
    }
}
