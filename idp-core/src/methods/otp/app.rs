//! The enrolment `totp`: how does a person add an authenticator app of somebody else?
//!
//! The page shows an `otpauth://` code with SHA-1, six digits and 30 seconds, which every such app understands, and the
//! person proves with one code that the app has it. The secret is in the QR code, so such an app is worth less than a
//! device of ours; a setting says whether there may be any.

use data_encoding::BASE32_NOPAD;
use idp_protocol::{Octets, Prompt, otp::app_link};
use serde::{Deserialize, Serialize};

use super::{HashFunction, Key, MovingFactor, Token, Totp, Typed};
use crate::{
    Fault, Refusal,
    method::{
        Ceremony, Cx, Enrolment, Guess, Input, InputOf, Never, NewCredential, Subject, Turn, Turned, View,
    },
    policy::Acr,
    settings::AuthenticatorApps,
};

/// How many digits the codes have, and how long each is shown, in seconds.
const DIGITS: u8 = 6;
const PERIOD: u32 = 30;

/// The enrolment.
#[derive(Clone, Copy, Debug)]
pub struct AuthenticatorApp;

/// The secret that the page shows: 160 bits (RFC 4226, 4, R6).
#[derive(Serialize, Deserialize)]
pub struct Offered {
    secret: Octets<20>,
}

impl Drop for Offered {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.secret.0);
    }
}

impl Offered {
    fn key(&self) -> Result<Key, Fault> {
        let factor = MovingFactor::Time(PERIOD);
        let key = Key::new(self.secret.0.to_vec(), HashFunction::Sha1, DIGITS, factor);
        key.map_err(|_| Fault::Setup("the key of an authenticator app is not valid"))
    }
}

impl Ceremony for AuthenticatorApp {
    const KIND: &'static str = Totp::KIND;
    const TRIES: u8 = 5;
    type State = Offered;
    type FromInitiator = Typed;
    type FromDevice = Never;
    type Outcome = NewCredential;

    async fn begin(&self, cx: &Cx<'_>) -> Turned<Self> {
        let allowed = cx.settings.authenticator_apps == AuthenticatorApps::Allowed;
        if !allowed || Token::has_most(cx)? || !matches!(cx.subject, Subject::User(_)) {
            return Ok(Turn::refuse(Refusal::NotAllowed));
        }
        let state = Offered { secret: Octets(cx.tools.crypto().random()) };
        Ok(Turn::ask(state).tries(Self::TRIES))
    }

    fn view(&self, cx: &Cx<'_>, state: &Offered) -> View {
        let secret = BASE32_NOPAD.encode(&state.secret.0);
        let login = match cx.subject {
            Subject::User(user) => user.login.as_str(),
            Subject::Unknown | Subject::Decoy(_) => "",
        };
        let link = app_link(&cx.settings.organisation, login, &secret);
        let initiator = Prompt::ShowSecret { link, secret, digits: DIGITS, tries_left: cx.tries_left };
        View { initiator, device: None, refresh_at: None }
    }

    fn guess(&self, _: &Offered, input: &InputOf<'_, Self>) -> Guess {
        if matches!(input, Input::Initiator(_)) { Guess::OnCeremony } else { Guess::No }
    }

    async fn advance(&self, cx: &Cx<'_>, state: Offered, input: InputOf<'_, Self>) -> Turned<Self> {
        let Input::Initiator(typed) = input else { return Ok(Turn::refuse(Refusal::Malformed)) };
        let Some(step) = state.key()?.proved_by(typed.answer().as_str(), cx.now)? else {
            return Ok(Turn::refuse(Refusal::Wrong));
        };
        // The code that proved it must not sign in whoever looked over the shoulder.
        let key = state.key()?.used_up_to(step);
        let secret = serde_json::to_vec(&key)?.into();
        Ok(Turn::done(NewCredential::Secret { handle: None, secret, replaces: None }))
    }
}

impl Enrolment for AuthenticatorApp {
    fn gives(&self) -> Acr {
        Acr::MultiFactor
    }
}
