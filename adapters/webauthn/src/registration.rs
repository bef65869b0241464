//! The enrolment `passkey`: a browser makes a new key, and its owner gives it a name.
//!
//! Which devices have to approve before is not asked here: `idp_core::methods::after_approval`.

use idp_core::{
    Fault, Refusal,
    method::{
        Ceremony, Cx, Enrolment, Guess, Input, InputOf, Never, NewCredential, Subject, Turn, Turned, View,
    },
    policy::Acr,
    users::User,
};
use idp_protocol::Prompt;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;
use webauthn_rs::prelude::{
    AttestedResidentKeyRegistration, CreationChallengeResponse, Credential, CredentialID,
    PasskeyRegistration as UnattestedRegistration, WebauthnError,
};
use webauthn_rs_proto::ResidentKeyRequirement;

use crate::{KIND, answers::Created, relying_party::RelyingParty, stored::Stored, trust::Attestation};

/// The enrolment.
#[derive(Clone, Debug)]
pub struct PasskeyRegistration(pub RelyingParty);

/// The question.
#[derive(Serialize, Deserialize)]
pub struct State {
    /// As the browser gets it.
    options: Value,
    /// What the answer is held against.
    asked: Asked,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Asked {
    Unattested(UnattestedRegistration),
    Attested(Box<AttestedResidentKeyRegistration>),
}

impl Ceremony for PasskeyRegistration {
    const KIND: &'static str = KIND;
    const TRIES: u8 = 5;
    type State = State;
    type FromInitiator = Created;
    type FromDevice = Never;
    type Outcome = NewCredential;

    async fn begin(&self, cx: &Cx<'_>) -> Turned<Self> {
        let Subject::User(user) = cx.subject else { return Ok(Turn::refuse(Refusal::NotAllowed)) };
        let full = u32::try_from(cx.own.len()).map_or(true, |own| own >= cx.settings.devices_per_user);
        if full {
            return Ok(Turn::refuse(Refusal::NotAllowed));
        }
        let own = cx.own.iter().map(|own| Ok(Stored::read(&own.secret)?.credential.cred_id));
        let own = own.collect::<Result<Vec<_>, Fault>>()?;
        let begun = self.begun(user, own);
        let (mut question, asked) = begun.map_err(|_| Fault::Setup("a passkey cannot be asked for"))?;
        // One that cannot be found without a name would be of no use on the page of a sign-in.
        if let Some(wanted) = question.public_key.authenticator_selection.as_mut() {
            wanted.resident_key = Some(ResidentKeyRequirement::Required);
            wanted.require_resident_key = true;
        }
        let state = State { options: serde_json::to_value(question)?, asked };
        Ok(Turn::ask(state).life(cx.settings.enrol_life))
    }

    fn view(&self, _: &Cx<'_>, state: &State) -> View {
        View {
            initiator: Prompt::WebAuthn { options: state.options.clone() },
            device: None,
            refresh_at: None,
        }
    }

    /// Nothing is guessed, but nobody needs to be wrong for ever either.
    fn guess(&self, _: &State, input: &InputOf<'_, Self>) -> Guess {
        if matches!(input, Input::Initiator(_)) { Guess::OnCeremony } else { Guess::No }
    }

    async fn advance(&self, _: &Cx<'_>, state: State, input: InputOf<'_, Self>) -> Turned<Self> {
        let Input::Initiator(created) = input else { return Ok(Turn::refuse(Refusal::OutOfStep)) };
        if created.discoverable == Some(false) {
            return Ok(Turn::refuse(Refusal::NotAllowed));
        }
        let (name, attested) = (created.name.clone(), matches!(state.asked, Asked::Attested(_)));
        let Ok(credential) = self.finished(created, &state.asked) else {
            return Ok(Turn::refuse(Refusal::Wrong));
        };
        let handle = Some(credential.cred_id.clone());
        let secret = Stored { name, attested, credential }.to_secret()?;
        Ok(Turn::done(NewCredential::Secret { handle, secret, replaces: None }))
    }
}

impl PasskeyRegistration {
    fn begun(
        &self,
        user: &User,
        own: Vec<CredentialID>,
    ) -> Result<(CreationChallengeResponse, Asked), WebauthnError> {
        let (id, login, name) = (Uuid::from_bytes(*user.id.bytes()), &user.login, user.display_name());
        let webauthn = self.0.webauthn();
        match self.0.attestation() {
            Attestation::Unasked => {
                let (question, asked) = webauthn.start_passkey_registration(id, login, name, Some(own))?;
                Ok((question, Asked::Unattested(asked)))
            }
            Attestation::Trusted(makers) => {
                let makers = makers.clone();
                let begun = webauthn.start_attested_resident_key_registration(
                    id,
                    login,
                    name,
                    Some(own),
                    makers,
                    None,
                );
                begun.map(|(question, asked)| (question, Asked::Attested(Box::new(asked))))
            }
        }
    }

    fn finished(&self, created: Created, asked: &Asked) -> Result<Credential, WebauthnError> {
        let (webauthn, created) = (self.0.webauthn(), created.into());
        match asked {
            Asked::Unattested(asked) => webauthn.finish_passkey_registration(&created, asked).map(Into::into),
            Asked::Attested(asked) => {
                webauthn.finish_attested_resident_key_registration(&created, asked).map(Into::into)
            }
        }
    }
}

impl Enrolment for PasskeyRegistration {
    fn gives(&self) -> Acr {
        Acr::PhishingResistant
    }
}
