//! The number that a browser shows and a person types into a device: did she mean this very browser?

use idp_protocol::{context::Confirm, message::Verdict, typed};
use subtle::ConstantTimeEq as _;

use crate::method::{Cx, Reason};

/// How many digits it has (NIST SP 800-63B-4, 3.1.3.2, asks for six at least).
const DIGITS: u8 = 6;

/// What a decision with a number comes to.
pub(super) enum Checked {
    /// It is the number of this browser.
    Right,
    /// It is another one.
    Wrong,
    /// There is none that could be it. That costs nothing: nothing is guessed with it, and a device that forgets the number must
    /// not use up the tries of the person who has it.
    Unreadable,
    /// The person said no.
    No(Reason),
}

/// A new number. Each wrong answer gets one, so that the next try guesses afresh.
pub(super) fn draw(cx: &Cx<'_>) -> String {
    cx.tools.crypto().random_digits(DIGITS)
}

/// How the device asks for it.
pub(super) fn asked(cx: &Cx<'_>) -> Confirm {
    Confirm::NumberFromBrowser { digits: DIGITS, tries_left: cx.tries_left }
}

/// Holds what was typed against what is shown.
pub(super) fn check(decision: Verdict, shown: &str, typed: Option<&str>) -> Checked {
    match decision {
        Verdict::Deny => Checked::No(Reason::Denied),
        Verdict::Report => Checked::No(Reason::Reported),
        Verdict::Approve => {
            let Some(typed) = read(typed) else { return Checked::Unreadable };
            if shown.as_bytes().ct_eq(typed.as_bytes()).into() { Checked::Right } else { Checked::Wrong }
        }
    }
}

/// Whether a decision costs a try: whether it could be [`Checked::Right`].
pub(super) fn is_guess(decision: Verdict, typed: Option<&str>) -> bool {
    decision == Verdict::Approve && read(typed).is_some()
}

fn read(typed: Option<&str>) -> Option<String> {
    let typed = typed::digits(typed?);
    let is_one = typed.len() == usize::from(DIGITS) && typed.bytes().all(|byte| byte.is_ascii_digit());
    is_one.then_some(typed)
}
