//! How a ceremony and a sign-in are sealed and opened.

use idp_protocol::{Octets, message::Verdict};
use serde::{Deserialize, Serialize};

use super::Engine;
use crate::{
    Error, Fault, Id, Refusal, Time,
    ceremony::{CeremonyRow, Phase, Reason},
    claimant::Claimant,
    credential::CredentialRow,
    device::DeviceRow,
    erased::State,
    evidence::{Approver, Assurance, Evidence, Uv},
    seal::Aad,
    session::SessionRow,
    signin::{Origin, SignIn, SignInRow, Stage},
    ticket::Party,
};

/// What the engine remembers of a ceremony, the method's state among it.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Body {
    /// HMAC(claimant's secret, id).
    pub binding: Octets<32>,
    /// The seed of a name that nobody has, if one was typed before it began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decoy: Option<Octets<32>>,
    /// The method's state.
    pub state: State,
    /// Where the initiator is.
    pub from: Option<Origin>,
    /// The mark of the application that the sign-in is for.
    #[serde(default)]
    pub party: Party,
    /// Contexts that were signed for devices in this state.
    pub contexts: Vec<SignedContext>,
    /// The last decision, for a repeat that is signed anew.
    pub decided: Option<Decided>,
    /// How the deciding device verified its user, as the engine found it.
    pub uv: Uv,
    /// The device that answered last, and from where.
    #[serde(default)]
    pub approver: Option<Approver>,
    /// Evidence that waits for the initiator.
    pub evidence: Option<Evidence>,
    /// Under which key it counts as open, if it asked the devices of whom it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Octets<32>>,
    /// Why it was ended.
    pub reason: Option<Reason>,
    /// The session that an enrolment was begun in, if it is one of ours.
    #[serde(default)]
    pub session: Option<Id<SessionRow>>,
    /// What the authenticator of an enrolment takes the place of.
    #[serde(default)]
    pub replaces: Replaces,
    /// How sure it is that the authenticator of an enrolment is its owner's.
    #[serde(default)]
    pub assurance: Assurance,
    /// Where an enrolment asks for its approval.
    #[serde(default)]
    pub asks: Asks,
}

/// Where an enrolment asks for its approval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Asks {
    /// At devices of the person, and in the browser that began it.
    #[default]
    Anywhere,
    /// At devices only: the help desk began it, and nobody goes on with it in a browser of the person's.
    AtDevices,
}

/// What a new authenticator takes the place of, when it becomes active and not before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Replaces {
    /// Nothing: it is one more.
    #[default]
    Nothing,
    /// The keys of this device, whose name and place it takes over.
    Device(Id<DeviceRow>),
    /// This credential: a device takes the place of codes that nobody is sure of.
    Credential(Id<CredentialRow>),
    /// All that the account has: they are lost, and an administrator said so.
    Everything,
}

/// A context that was signed for a device.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct SignedContext {
    pub device: Id<DeviceRow>,
    pub statement: String,
}

/// A decision and what the device was answered.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Decided {
    pub device: Id<DeviceRow>,
    pub context: Octets<32>,
    pub verdict: Verdict,
    pub reply: String,
}

impl Body {
    pub(super) fn new(binding: Octets<32>, state: State, from: Option<Origin>) -> Self {
        Self {
            binding,
            decoy: None,
            state,
            from,
            party: Party::default(),
            contexts: Vec::new(),
            decided: None,
            uv: Uv::None,
            approver: None,
            evidence: None,
            asked: None,
            reason: None,
            session: None,
            replaces: Replaces::Nothing,
            assurance: Assurance::Usual,
            asks: Asks::Anywhere,
        }
    }

    pub(super) fn context_for(&self, device: Id<DeviceRow>) -> Option<&str> {
        self.contexts
            .iter()
            .find(|context| context.device == device)
            .map(|context| context.statement.as_str())
    }

    /// Whether the last decision was this one: a repeat that was signed anew gets its answer again.
    pub(super) fn answered(&self, device: Id<DeviceRow>, decision: (Verdict, Octets<32>)) -> Option<&str> {
        let decided = self.decided.as_ref()?;
        let same = decided.device == device && (decided.verdict, decided.context) == decision;
        same.then_some(decided.reply.as_str())
    }
}

/// A ceremony, opened.
#[derive(Clone)]
pub(super) struct Run {
    pub row: CeremonyRow,
    pub body: Body,
    /// Whether the store has it; a form's ceremony is stored only if it goes on.
    pub stored: bool,
}

impl Run {
    /// Why it takes no answer any more, if so.
    pub(super) fn refusal(&self, now: Time) -> Option<Refusal> {
        match self.row.phase {
            Phase::Burned if self.body.reason == Some(Reason::RanOut) => Some(Refusal::Expired),
            Phase::Burned => Some(Refusal::Burned(self.body.reason.unwrap_or(Reason::Cancelled))),
            Phase::Consumed => Some(Refusal::Expired),
            Phase::Open | Phase::Parked => (now >= self.row.expires_at).then_some(Refusal::Expired),
        }
    }
}

/// A sign-in, opened.
#[derive(Clone)]
pub(super) struct OpenSignIn {
    pub row: SignInRow,
    pub sign_in: SignIn,
}

impl Engine {
    pub(super) async fn load(&self, id: Id<CeremonyRow>) -> Result<Option<Run>, Fault> {
        let Some(row) = self.store.ceremony(id).await? else { return Ok(None) };
        self.open(row).map(Some)
    }

    pub(super) fn open(&self, row: CeremonyRow) -> Result<Run, Fault> {
        let body = self.sealer.open_json(&ceremony_aad(row.id, row.revision), &row.body)?;
        Ok(Run { row, body, stored: true })
    }

    /// The ceremony of this claimant. One answer for "no such ceremony" and "not yours" (F1).
    pub(super) async fn load_own(&self, claimant: &Claimant, id: Id<CeremonyRow>) -> Result<Run, Error> {
        let run = self.load(id).await?;
        let own = run.filter(|run| claimant.owns(self.crypto(), id.bytes(), &run.body.binding));
        own.ok_or_else(|| Refusal::NotFound.into())
    }

    /// The row with the body sealed for its revision.
    pub(super) fn seal(&self, mut row: CeremonyRow, body: &Body) -> Result<CeremonyRow, Fault> {
        row.body = self.sealer.seal_json(&ceremony_aad(row.id, row.revision), body)?;
        Ok(row)
    }

    pub(super) async fn load_sign_in(&self, id: Id<SignInRow>) -> Result<Option<OpenSignIn>, Fault> {
        self.store.sign_in(id).await?.map(|row| self.unsealed(row)).transpose()
    }

    fn unsealed(&self, row: SignInRow) -> Result<OpenSignIn, Fault> {
        let sign_in = self.sealer.open_json(&sign_in_aad(row.id, row.revision), &row.body)?;
        Ok(OpenSignIn { row, sign_in })
    }

    /// The sign-in of this claimant. One answer for "no such sign-in" and "not yours" (F1).
    pub(super) async fn load_own_sign_in(
        &self,
        claimant: &Claimant,
        id: Id<SignInRow>,
    ) -> Result<OpenSignIn, Error> {
        self.own(claimant, self.load_sign_in(id).await?)
    }

    /// The same, with the answer that this input of his got before.
    pub(super) async fn load_own_sign_in_at(
        &self,
        claimant: &Claimant,
        id: Id<SignInRow>,
        repeat: [u8; 32],
    ) -> Result<(OpenSignIn, Option<Result<(), Refusal>>), Error> {
        let found = self.store.sign_in_with_mark(id, repeat, self.now()).await?;
        let (row, mark) = found.ok_or(Refusal::NotFound)?;
        let open = self.own(claimant, Some(self.unsealed(row)?))?;
        Ok((open, mark.map(|mark| self.answer_in(&mark)).transpose()?))
    }

    fn own(&self, claimant: &Claimant, open: Option<OpenSignIn>) -> Result<OpenSignIn, Error> {
        let own =
            open.filter(|open| claimant.owns(self.crypto(), open.row.id.bytes(), &open.sign_in.binding));
        own.ok_or_else(|| Refusal::NotFound.into())
    }

    /// The next revision of a sign-in.
    pub(super) fn next_sign_in(&self, row: &SignInRow, sign_in: &SignIn) -> Result<SignInRow, Fault> {
        let mut next = row.clone();
        next.revision = row.revision.saturating_add(1);
        next.open = matches!(sign_in.stage, Stage::Open | Stage::Ready { .. });
        next.body = self.sealer.seal_json(&sign_in_aad(next.id, next.revision), sign_in)?;
        Ok(next)
    }
}

pub(super) fn ceremony_aad(id: Id<CeremonyRow>, revision: i64) -> Aad {
    Aad::revision("ceremony", id.bytes(), revision)
}

pub(super) fn sign_in_aad(id: Id<SignInRow>, revision: i64) -> Aad {
    Aad::revision("sign_in", id.bytes(), revision)
}
