//! The enrolment `offline_codes`: how does a phone without network become a soft token?
//!
//! | state | the portal shows | who moves it on |
//! |---|---|---|
//! | `Offered` | a QR code with a share of 256 bits, and a field for ten digits | the person types what the phone shows: 26 bits |
//! | `Derived` | a field for a one-time code | the person types the first one, which proves that both have the same key |
//!
//! Whoever has a picture of the page lacks 26 bits, and one observed code tells which they are. So the key is of low
//! assurance, and is replaced by a device once the phone has a network ([`crate::Engine::upgrade_token`]).
//!
//! Nothing comes from a device, so nobody else's phone can be registered first: it would show another code, and the person
//! types that of her own.

use idp_protocol::{
    Octets, Prompt,
    link::LinkError,
    offline_codes::{CODE_DIGITS, Payload, Share},
};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize as _, Zeroizing};

use super::{Key, Token, Totp, Typed};
use crate::{
    Fault, Refusal,
    evidence::Assurance,
    method::{
        Ceremony, Cx, Enrolment, Guess, Input, InputOf, Never, NewCredential, Subject, Turn, Turned, View,
    },
    policy::Acr,
    settings::EnrolWay,
    users::User,
};

/// The enrolment.
#[derive(Clone, Copy, Debug)]
pub struct OfflineCodes;

/// Where it stands. The share is gone as soon as the key is there.
#[derive(Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum State {
    /// The QR code is shown.
    Offered {
        /// What it carries.
        share: Octets<32>,
    },
    /// Both sides have a key.
    Derived {
        /// K_otp.
        key: Octets<32>,
    },
}

impl Drop for State {
    fn drop(&mut self) {
        match self {
            Self::Offered { share: secret } | Self::Derived { key: secret } => secret.0.zeroize(),
        }
    }
}

impl Ceremony for OfflineCodes {
    const KIND: &'static str = "offline_codes";
    const TRIES: u8 = 5;
    type State = State;
    type FromInitiator = Typed;
    type FromDevice = Never;
    type Outcome = NewCredential;

    async fn begin(&self, cx: &Cx<'_>) -> Turned<Self> {
        let Subject::User(user) = cx.subject else { return Ok(Turn::refuse(Refusal::NotAllowed)) };
        if !is_allowed(cx) || Token::has_most(cx)? {
            return Ok(Turn::refuse(Refusal::NotAllowed));
        }
        let share = Octets(cx.tools.crypto().random());
        if link(cx, user, share).is_err() {
            return Err(Fault::Setup("the organisation has a name that cannot be shown"));
        }
        Ok(Turn::ask(State::Offered { share })
            .tries(cx.settings.limits.confirm_tries)
            .life(cx.settings.enrol_life))
    }

    fn view(&self, cx: &Cx<'_>, state: &State) -> View {
        let tries_left = cx.tries_left;
        let initiator = match (state, cx.subject) {
            (State::Offered { share }, Subject::User(user)) => match link(cx, user, *share) {
                Ok(payload) => Prompt::OfferCodes { payload, digits: CODE_DIGITS, tries_left },
                Err(_) => Prompt::Wait,
            },
            (State::Offered { .. }, Subject::Unknown | Subject::Decoy(_)) => Prompt::Wait,
            (State::Derived { .. }, _) => Prompt::AskCode { digits: idp_protocol::otp::DIGITS, tries_left },
        };
        View { initiator, device: None, refresh_at: None }
    }

    fn guess(&self, _: &State, input: &InputOf<'_, Self>) -> Guess {
        if matches!(input, Input::Initiator(_)) { Guess::OnCeremony } else { Guess::No }
    }

    async fn advance(&self, cx: &Cx<'_>, state: State, input: InputOf<'_, Self>) -> Turned<Self> {
        let Input::Initiator(typed) = input else { return Ok(Turn::refuse(Refusal::Malformed)) };
        if !is_allowed(cx) {
            return Ok(Turn::refuse(Refusal::NotAllowed));
        }
        match &state {
            State::Offered { share } => Ok(derive(cx, *share, &typed)),
            State::Derived { key } => prove(cx, *key, &typed),
        }
    }
}

impl Enrolment for OfflineCodes {
    /// Its codes are worth no more than [`Acr::Single`]. They outlive a password that is changed, though, so nobody gets
    /// them with less than the account can do.
    fn gives(&self) -> Acr {
        Acr::MultiFactor
    }

    fn makes(&self) -> &'static str {
        Totp::KIND
    }

    fn assurance(&self) -> Assurance {
        Assurance::Low
    }
}

fn is_allowed(cx: &Cx<'_>) -> bool {
    cx.settings.enrol_transports.contains(&EnrolWay::Offline)
}

fn share_of(cx: &Cx<'_>, share: Octets<32>) -> Share {
    Share { enrolment: *cx.ceremony.bytes(), secret: Zeroizing::new(share.0) }
}

/// The text of the QR code.
fn link(cx: &Cx<'_>, user: &User, share: Octets<32>) -> Result<String, LinkError> {
    let label = |name: &str| Payload::label(name).ok_or(LinkError::Payload);
    let organisation = label(&cx.settings.organisation)?;
    let name = label(&user.masked_login())?;
    Ok(cx.tools.codes_link(Payload {
        share: share_of(cx, share),
        account: *user.id.bytes(),
        organisation,
        name,
    }))
}

/// The ten digits that the phone shows.
fn derive(cx: &Cx<'_>, share: Octets<32>, typed: &Typed) -> Turn<State, NewCredential> {
    let (crypto, share) = (cx.tools.crypto(), share_of(cx, share));
    match share.read(crypto, typed.answer().as_str()) {
        None => Turn::refuse(Refusal::Wrong),
        Some(bits) => {
            let key = Octets(*share.key(crypto, cx.tools.issuer(), bits));
            Turn::ask(State::Derived { key })
                .tries(cx.settings.limits.confirm_tries)
                .life(cx.settings.confirm_life)
        }
    }
}

/// The first one-time code: two phones that scanned the same page would show different ones.
fn prove(cx: &Cx<'_>, key: Octets<32>, typed: &Typed) -> Result<Turn<State, NewCredential>, Fault> {
    let key = Key::own(&key);
    let Some(step) = key.proved_by(typed.answer().as_str(), cx.now)? else {
        return Ok(Turn::refuse(Refusal::Wrong));
    };
    // The code that proved it must not sign in whoever looked over the shoulder.
    let secret = serde_json::to_vec(&key.used_up_to(step))?.into();
    Ok(Turn::done(NewCredential::Secret { handle: None, secret, replaces: None }))
}
