//! The number that a browser shows and a person types into a device: did she mean this very browser?

use idp_protocol::{context::Confirm, message::Verdict};
use subtle::ConstantTimeEq as _;

use super::qr::digits;
use crate::method::{Cx, Reason};

/// How many digits it has (NIST SP 800-63B-4, 3.1.3.2, asks for six at least).
const DIGITS: u8 = 6;

/// What a decision with a number comes to.
pub(super) enum Checked {
    /// It is the number of this browser.
    Right,
    /// It is another one.
    Wrong,
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
            let typed = digits(typed.unwrap_or_default());
            if shown.as_bytes().ct_eq(typed.as_bytes()).into() { Checked::Right } else { Checked::Wrong }
        }
    }
}
