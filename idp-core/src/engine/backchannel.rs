//! An application asks a person without a browser (CIBA): it begins, asks again, and takes what was approved.
//!
//! What the person's devices do about it is the approval engine's, as for every other ceremony.

use std::fmt;

use idp_protocol::Prompt;

use super::{
    CeremonyView, DeviceGrantStatus, Engine,
    record::{OpenSignIn, sign_in_aad},
    signins::{Account, NewSignIn, Opened},
};
use crate::{
    Error, Fault, Id, Refusal, Time,
    ceremony::CeremonyWrite,
    claimant::{AuthRequestId, Claimant},
    device::DeviceState,
    method::Ceremony as _,
    methods::ciba::Ciba,
    signin::{Ask, Initiator, SignInRow, SignInWrite},
    store::{Batch, Committed},
    users::User,
};

/// What an application begins with.
pub struct BackchannelBegun {
    /// What it asks again with.
    pub id: AuthRequestId,
    /// What it may show for the person's authenticator to scan.
    pub link: String,
    /// When both are over.
    pub expires_at: Time,
}

impl fmt::Debug for BackchannelBegun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BackchannelBegun").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

/// What it is told when it asks again.
pub type BackchannelStatus = DeviceGrantStatus;

impl Engine {
    /// Asks the active devices of a person for an application, which says in `ask.message` what for. It is over after
    /// `life` seconds. The caller has authenticated the application and knows that it may.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] if the person may not sign in or has no active device: one answer. [`Refusal::TooMany`] if
    /// this application has asked him too often, or he reported it. [`Refusal::NotAllowed`] if the rules exclude it.
    pub async fn begin_backchannel(
        &self,
        ask: Ask,
        user: Id<User>,
        life: i64,
    ) -> Result<BackchannelBegun, Error> {
        let devices = self.store.devices(user).await?;
        let is_reachable = devices.iter().any(|device| device.state == DeviceState::Active);
        if self.active_user(user).await?.is_none() || !is_reachable {
            return Err(Refusal::NotFound.into());
        }
        let mut ask = Ask { initiator: Initiator::Client, ..ask };
        // By now it is certain who it is; so a rule refuses before anybody is asked anything.
        ask.requirement =
            self.required(&ask.client_id, &ask.from, Some(user), ask.requirement.clone()).await?;
        let id = AuthRequestId::of(&self.keys(), Id::random(self.crypto()));
        let claimant = id.claimant(&self.keys());
        let new = NewSignIn { subject: Some(user), ..NewSignIn::of(ask) };
        let open = self.prepared(&claimant, (id.sign_in(), life), new).await?;
        let view = self.begin_at_once(&claimant, open).await?;
        let Some(Prompt::ShowQr { payload, .. }) = view.prompt else {
            return Err(Fault::Setup("a request of an application that has no picture").into());
        };
        Ok(BackchannelBegun { id, link: payload, expires_at: view.expires_at })
    }

    /// The sign-in and its question in one batch: of a request that is refused, because its person was asked too often,
    /// nothing stays behind.
    async fn begin_at_once(&self, claimant: &Claimant, open: OpenSignIn) -> Result<CeremonyView, Error> {
        for _ in 0..super::ATTEMPTS {
            let now = self.now();
            let subject = self.subject_of(&open).await?;
            let (run, about) = self.begun(claimant, &open, Ciba::KIND, (subject, now)).await?;
            let mut sign_in = open.sign_in.clone();
            sign_in.ceremonies.push((Ciba::KIND.to_owned(), run.row.id));
            let body = self.sealer.seal_json(&sign_in_aad(open.row.id, open.row.revision), &sign_in)?;
            let row = SignInRow { body, ..open.row.clone() };
            let mut batch = Batch::new().with(SignInWrite::Insert { row, keep: self.kept_of_a_browser() });
            batch.extend(self.count_asking(&open, &run, now).await?);
            batch.push(CeremonyWrite::Insert(self.seal(run.row.clone(), &run.body)?));
            match self.store.commit(batch).await? {
                Committed::Yes => {
                    self.wake_devices(&run).await;
                    return self.looked(&run, &about, now);
                }
                // Somebody else asked at this moment, and is counted: look again.
                Committed::Conflict(_) => {}
            }
        }
        Err(Refusal::Unavailable.into())
    }

    /// What was asked for under this id.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] for an id of nobody.
    pub async fn backchannel(&self, id: &AuthRequestId) -> Result<Ask, Error> {
        let claimant = id.claimant(&self.keys());
        Ok(self.load_own_sign_in(&claimant, id.sign_in()).await?.sign_in.ask)
    }

    /// The request that a sign-in is, for whoever has to tell its application that it can ask again; none if it is none,
    /// or is gone.
    ///
    /// # Errors
    /// [`Fault`] if the store fails.
    pub async fn backchannel_of(
        &self,
        sign_in: Id<SignInRow>,
    ) -> Result<Option<(AuthRequestId, Ask)>, Fault> {
        let open = self.load_sign_in(sign_in).await?;
        let open = open.filter(|open| open.sign_in.ask.initiator == Initiator::Client);
        Ok(open.map(|open| (AuthRequestId::of(&self.keys(), sign_in), open.sign_in.ask)))
    }

    /// Where it stands; what a device approved is fetched with it.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] for an id of nobody.
    pub async fn backchannel_status(&self, id: &AuthRequestId) -> Result<BackchannelStatus, Error> {
        self.asked_again(&id.claimant(&self.keys()), id.sign_in(), Ciba::KIND).await
    }

    /// Finishes what was approved into a session that no browser holds: the person sees it and can end it.
    ///
    /// # Errors
    /// As [`Engine::finish`].
    pub async fn finish_backchannel(&self, id: &AuthRequestId) -> Result<Opened, Error> {
        let claimant = id.claimant(&self.keys());
        // "Is this you?" was asked where the person approved.
        self.finish_into_session(&claimant, id.sign_in(), Account::Confirmed, None).await
    }
}
