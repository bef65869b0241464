//! The vocabulary of prompts: what a page, a terminal or a phone shows next. A method ships no HTML.

use serde::{Deserialize, Serialize};

use crate::Octets;

/// The letters of a user code (RFC 8628, 6.1): no vowels, so no words; no digits, so no mix-ups.
pub const USER_CODE_ALPHABET: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
/// How many letters a user code has: 34.6 bits.
pub const USER_CODE_LEN: usize = 8;

/// What one side shows next. New variants may come; a renderer that does not know one says "update".
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "prompt", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Prompt {
    /// Ask for a password.
    AskSecret,
    /// Ask for digits.
    AskCode {
        /// How many at most, but for a PIN that stands beside them: tokens show six to eight. No field is made of so many boxes.
        digits: u8,
        /// How many tries are left.
        tries_left: u8,
    },
    /// Show a QR code.
    ShowQr {
        /// The text of the code.
        payload: String,
        /// A link that opens an authenticator on the same device.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        link: Option<String>,
        /// A code to type where there is no camera.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        user_code: Option<String>,
    },
    /// Show how an authenticator takes up an enrolment; each way only where the policy has it.
    OfferEnrolment {
        /// The text of a QR code.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        payload: Option<String>,
        /// A link that opens an authenticator on the same device.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        link: Option<String>,
        /// What to type, or to copy, where there is no camera.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        typed: Option<TypedFields>,
    },
    /// Show an offline ticket as a QR code, and ask for the digits that the device answers with.
    ShowTicket {
        /// Which ticket of the ceremony it is, where another one may be asked for, for another device: 1 for the first.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        another: Option<u8>,
        /// The text of the code.
        payload: String,
        /// How many digits.
        digits: u8,
        /// How many tries are left.
        tries_left: u8,
    },
    /// Show the share of a phone without network as a QR code, and ask for the registration code that the phone shows.
    OfferCodes {
        /// The text of the code.
        payload: String,
        /// How many digits.
        digits: u8,
        /// How many tries are left.
        tries_left: u8,
    },
    /// Show a number that the person types into the device.
    ShowNumber {
        /// The digits.
        number: String,
        /// Which device is about to be bound or asked, as far as it is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        device: Option<DeviceFacts>,
    },
    /// Ask for the code that the new device shows.
    AskDeviceCode {
        /// How many digits.
        digits: u8,
        /// How many tries are left.
        tries_left: u8,
        /// The device that registered; the person compares it with the one in hand.
        device: DeviceFacts,
    },
    /// Show the secret of an authenticator app of somebody else, and ask for its first code.
    ShowSecret {
        /// The text of the QR code, and the link that opens an app on the same device: `otpauth://totp/…`.
        link: String,
        /// The secret in base32, to be typed where there is no camera.
        secret: String,
        /// How many digits a code has.
        digits: u8,
        /// How many tries are left.
        tries_left: u8,
    },
    /// Show a code that the person types into the browser.
    ShowCode {
        /// The digits.
        code: String,
    },
    /// Go back to the browser of this device.
    Return {
        /// Where to.
        url: String,
    },
    /// Wait until an app on the same device leads back here, with a code that nobody has to type.
    AwaitReturn,
    /// Ask for a decision about the signed context.
    Confirm,
    /// WebAuthn options, as the browser's API takes them.
    WebAuthn {
        /// The options as JSON.
        options: serde_json::Value,
    },
    /// Ask, before something is added to an account, for an approval by something that it has.
    AskApproval {
        /// The kind of what is about to be added.
        adds: String,
        /// The device that is about to get new keys, if it is that.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        renews: Option<Octets<16>>,
        /// What the person types into a device of the account, if one can be asked.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        number: Option<String>,
        /// What approves in this very browser: any of these.
        ways: Vec<ApprovalWay>,
    },
    /// Wait for the other side.
    Wait,
}

/// A way to approve something in the browser.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalWay {
    /// The kind of the method that asks.
    pub kind: String,
    /// What it asks.
    pub prompt: Prompt,
}

impl std::fmt::Debug for Prompt {
    /// Which one, and nothing that it shows: tickets, codes and keys are for the person's eyes, and no log's.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = match self {
            Self::AskSecret => "AskSecret",
            Self::AskCode { digits, tries_left } => return write!(f, "AskCode({digits}, {tries_left})"),
            Self::ShowQr { .. } => "ShowQr",
            Self::OfferEnrolment { .. } => "OfferEnrolment",
            Self::ShowTicket { digits, tries_left, .. } => {
                return write!(f, "ShowTicket({digits}, {tries_left})");
            }
            Self::OfferCodes { digits, tries_left, .. } => {
                return write!(f, "OfferCodes({digits}, {tries_left})");
            }
            Self::ShowNumber { .. } => "ShowNumber",
            Self::AskDeviceCode { .. } => "AskDeviceCode",
            Self::ShowSecret { .. } => "ShowSecret",
            Self::ShowCode { .. } => "ShowCode",
            Self::Return { .. } => "Return",
            Self::AwaitReturn => "AwaitReturn",
            Self::Confirm => "Confirm",
            Self::WebAuthn { .. } => "WebAuthn",
            Self::AskApproval { .. } => "AskApproval",
            Self::Wait => "Wait",
        };
        f.write_str(name)
    }
}

/// An enrolment for typing ([`crate::typed`]).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TypedFields {
    /// The address.
    pub address: String,
    /// The serial.
    pub serial: String,
    /// The activation code with its check.
    pub code: String,
    /// All three as one text for the clipboard.
    pub text: String,
    /// The first half of the thumbprint of the server's root key, for comparison: what was typed pins none.
    pub fingerprint: String,
}

impl std::fmt::Debug for TypedFields {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TypedFields").field("serial", &self.serial).finish_non_exhaustive()
    }
}

/// What is known of a device: its name and platform as it says, its address and place as the server saw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceFacts {
    /// What its owner calls it.
    pub name: String,
    /// What it says it is.
    pub platform: String,
    /// The network address that it registered from.
    pub address: String,
    /// That address as a place.
    pub place: String,
}

/// A user code as people see it, in two groups: `WDJB-MJHT`.
#[must_use]
pub fn show_user_code(code: &str) -> String {
    match code.split_at_checked(USER_CODE_LEN / 2) {
        Some((first, second)) if !second.is_empty() => format!("{first}-{second}"),
        _ => code.to_owned(),
    }
}

/// Brings a typed user code into its one form: upper case, without spaces and dashes.
#[must_use]
pub fn normalise_user_code(typed: &str) -> Option<String> {
    let code: String =
        typed.chars().filter(|c| !matches!(c, ' ' | '-')).map(|c| c.to_ascii_uppercase()).collect();
    let fits = code.len() == USER_CODE_LEN && code.bytes().all(|b| USER_CODE_ALPHABET.contains(&b));
    fits.then_some(code)
}

#[cfg(test)]
mod tests {
    use super::Prompt;

    #[test]
    fn what_a_person_is_shown_is_in_no_debug_output() {
        let secret = || "JBSWY3DPEHPK3PXP".to_owned();
        for prompt in [
            Prompt::ShowSecret { link: secret(), secret: secret(), digits: 6, tries_left: 5 },
            Prompt::ShowQr { payload: secret(), link: Some(secret()), user_code: Some(secret()) },
            Prompt::ShowCode { code: secret() },
            Prompt::ShowNumber { number: secret(), device: None },
            Prompt::OfferCodes { payload: secret(), digits: 10, tries_left: 5 },
            Prompt::AskApproval {
                adds: String::new(),
                renews: None,
                number: Some(secret()),
                ways: Vec::new(),
            },
        ] {
            let shown = format!("{prompt:?}");
            assert!(shown.len() > 4 && !shown.contains("JBSW"), "{shown}");
        }
    }
}
