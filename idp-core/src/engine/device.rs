//! What a device sends: is it authentic, was it answered before, and who handles it.
//!
//! The order matters: a byte-identical repeat gets its recorded answer before times, ids and tries are
//! looked at; then signature, audience, method, URL and time; and a `jti` counts once.

use std::net::IpAddr;

use idp_protocol::{
    Octets, P256Key,
    context::Waiting,
    jws::{JwsError, Unverified},
    message::{
        AddDecision, CibaDecision, Claims, Decision, EnrolDecision, GrantDecision, Hello, MAX_LIFE, MAX_SKEW,
        Message, Pending, Posted, PushDecision, QrClaim, QrDecision, Register, Update, Verdict,
    },
    pin,
};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

use super::{DeviceChange, Engine, REPEATS, device_aad};
use crate::{
    Error, Fault, Refusal, Time,
    audit::Event,
    device::{DeviceRow, DeviceSecrets, DeviceState, DeviceWrite},
    evidence::Uv,
    mark::{MarkRow, MarkWrite},
    seal::Aad,
    store::{Batch, Committed, Guard},
    throttle::ThrottleWrite,
    users::User,
};

/// Which devices may ask what waits for them: a confirmed one has its first approval to give.
pub(super) const MAY_ASK: [DeviceState; 2] = [DeviceState::Confirmed, DeviceState::Active];

/// A request of a device.
#[derive(Clone, Debug)]
pub struct DeviceRequest<'a> {
    /// The HTTP method.
    pub method: &'a str,
    /// The path behind the issuer.
    pub path: &'a str,
    /// The message and what stands beside it.
    pub posted: Posted,
    /// The address that it came from.
    pub address: IpAddr,
}

/// The answer to a device.
#[derive(Clone, Debug)]
pub enum DeviceReply {
    /// A signed statement.
    Statement(String),
    /// What waits for the device.
    Waiting(Waiting),
    /// Done; there is nothing to say.
    Nothing,
}

/// A message whose signature, target and time are right, and whose sender is a registered device.
pub(super) struct Authentic<'a, M> {
    pub device: DeviceRow,
    pub user: User,
    pub claims: Claims<M>,
    pub posted: &'a Posted,
    pub address: IpAddr,
    pub jti: MarkWrite,
    pub repeat: [u8; 32],
}

/// A recorded answer to a device.
#[derive(Serialize, Deserialize)]
enum Recorded {
    /// A signed statement; empty where there was nothing to say.
    Statement(String),
    Refused(Refusal),
}

impl Engine {
    /// Answers a device. A byte-identical repeat gets the same answer and changes nothing.
    ///
    /// # Errors
    /// A [`Refusal`] that the table of errors turns into a [`idp_protocol::DeviceError`].
    pub async fn answer_device(&self, request: &DeviceRequest<'_>) -> Result<DeviceReply, Error> {
        let now = self.now();
        if request.method == Pending::METHOD {
            return self.answer_pending(request, now).await.map(DeviceReply::Waiting);
        }
        let repeat = self.device_repeat_key(request);
        if let Some(answer) = self.repeated_device(repeat).await? {
            return answer.map(statement).map_err(Into::into);
        }
        match request.path {
            Hello::PATH => self.hello(request, repeat, now).await.map(statement),
            Register::PATH => self.register(request, repeat, now).await.map(statement),
            QrClaim::PATH => {
                let authentic = self.authentic(request, repeat, now, &[DeviceState::Active]).await?;
                self.claim_by_device(&authentic, now).await.map(statement)
            }
            QrDecision::PATH => self.decision::<QrDecision>(request, repeat, now).await,
            PushDecision::PATH => self.decision::<PushDecision>(request, repeat, now).await,
            GrantDecision::PATH => self.decision::<GrantDecision>(request, repeat, now).await,
            CibaDecision::PATH => self.decision::<CibaDecision>(request, repeat, now).await,
            AddDecision::PATH => self.decision::<AddDecision>(request, repeat, now).await,
            EnrolDecision::PATH => self.decision::<EnrolDecision>(request, repeat, now).await,
            Update::PATH => self.update_itself(request, repeat, now).await,
            _ => Err(Refusal::NotFound.into()),
        }
    }

    async fn decision<M: Message + Into<Decision> + Clone>(
        &self,
        request: &DeviceRequest<'_>,
        repeat: [u8; 32],
        now: Time,
    ) -> Result<DeviceReply, Error> {
        // A confirmed device may do one thing: its first approval.
        let state = if M::TYP == EnrolDecision::TYP { DeviceState::Confirmed } else { DeviceState::Active };
        let states = if M::TYP == EnrolDecision::TYP { [state, DeviceState::Active] } else { [state; 2] };
        let authentic = self.authentic::<M>(request, repeat, now, &states).await?;
        self.decide(&authentic, now).await.map(statement)
    }

    async fn answer_pending(&self, request: &DeviceRequest<'_>, now: Time) -> Result<Waiting, Error> {
        let (device, user) = self.who_asks(request, now).await?;
        self.pending((&device, &user), request.address, now).await
    }

    /// The device that asks what waits for it, and whose it is. Its message counts once.
    pub(super) async fn who_asks(
        &self,
        request: &DeviceRequest<'_>,
        now: Time,
    ) -> Result<(DeviceRow, User), Error> {
        if request.path != Pending::PATH {
            return Err(Refusal::NotFound.into());
        }
        let authentic = self.authentic::<Pending>(request, [0; 32], now, &MAY_ASK).await?;
        self.count_own_message(&authentic.device.thumbprint, b"pending", now).await?;
        let mut batch = Batch::new().with(authentic.jti.clone());
        if now - authentic.device.seen_at > 60 {
            batch.push(DeviceWrite::Seen { id: authentic.device.id, at: now });
        }
        match self.store.commit(batch).await? {
            Committed::Conflict(Guard::Mark) => return Err(Refusal::Unauthentic.into()),
            Committed::Yes | Committed::Conflict(_) => {}
        }
        Ok((authentic.device, authentic.user))
    }

    /// Checks a message of a registered device.
    async fn authentic<'a, M: Message>(
        &self,
        request: &'a DeviceRequest<'_>,
        repeat: [u8; 32],
        now: Time,
        states: &[DeviceState],
    ) -> Result<Authentic<'a, M>, Error> {
        let message = Unverified::parse(&request.posted.message).map_err(refusal_of)?;
        let kid = message.header.kid.ok_or(Refusal::Unauthentic)?;
        let device = self.store.device_by_key(kid.0).await?.ok_or(Refusal::Unauthentic)?;
        let claims: Claims<M> =
            message.verify(self.crypto(), M::TYP, &device.facts.signing_key).map_err(refusal_of)?;
        self.check_target(&claims, now)?;
        let user = self.active_user(device.user).await?.ok_or(Refusal::DeviceNotActive)?;
        if !states.contains(&device.state) {
            return Err(Refusal::DeviceNotActive.into());
        }
        let jti = self.jti(&kid, &claims.jti, now);
        let (posted, address) = (&request.posted, request.address);
        Ok(Authentic { device, user, claims, posted, address, jti, repeat })
    }

    /// Checks a message that was signed by the key in its own header.
    pub(super) fn self_signed<M: Message>(
        &self,
        request: &DeviceRequest<'_>,
        now: Time,
    ) -> Result<(Claims<M>, P256Key, MarkWrite), Error> {
        let message = Unverified::parse(&request.posted.message).map_err(refusal_of)?;
        let key = message.header.jwk.ok_or(Refusal::Unauthentic)?;
        let claims: Claims<M> = message.verify(self.crypto(), M::TYP, &key).map_err(refusal_of)?;
        self.check_target(&claims, now)?;
        let jti = self.jti(&Octets(key.thumbprint(self.crypto())), &claims.jti, now);
        Ok((claims, key, jti))
    }

    /// Audience, method and URL first: a message for another target is not authentic whatever its time.
    fn check_target<M: Message>(&self, claims: &Claims<M>, now: Time) -> Result<(), Refusal> {
        if !claims.fits(self.issuer(), claims.iat) {
            return Err(Refusal::Unauthentic);
        }
        if claims.fits(self.issuer(), now.0) { Ok(()) } else { Err(Refusal::Clock) }
    }

    fn jti(&self, key: &Octets<32>, jti: &Octets<16>, now: Time) -> MarkWrite {
        let row = MarkRow {
            key: self.keys().digest("jti", &[&key.0, &jti.0]),
            answer: None,
            // A message may be up to MAX_SKEW ahead of our clock and is taken until MAX_SKEW behind it.
            expires_at: now + MAX_LIFE + 2 * MAX_SKEW,
        };
        MarkWrite::Insert { row, now }
    }

    fn device_repeat_key(&self, request: &DeviceRequest<'_>) -> [u8; 32] {
        let posted = &request.posted;
        let mac = posted.mac.map(|mac| mac.0).unwrap_or_default();
        let proof = posted.pin_proof.map(|proof| proof.0).unwrap_or_default();
        self.keys()
            .digest("repeat-device", &[request.path.as_bytes(), posted.message.as_bytes(), &mac, &proof])
    }

    pub(super) async fn repeated_device(
        &self,
        key: [u8; 32],
    ) -> Result<Option<Result<String, Refusal>>, Fault> {
        let mark = self.store.mark(key, self.now()).await?;
        let Some(answer) = mark.and_then(|mark| mark.answer) else { return Ok(None) };
        Ok(Some(match self.sealer.open_json(&Aad::row("repeat", &key), &answer)? {
            Recorded::Statement(statement) => Ok(statement),
            Recorded::Refused(refusal) => Err(refusal),
        }))
    }

    /// The record of an answer. Sealed: a browser code may stand in it.
    pub(super) fn record_device(
        &self,
        key: [u8; 32],
        answer: &Result<String, Refusal>,
        now: Time,
    ) -> Result<MarkWrite, Fault> {
        let recorded = match answer {
            Ok(statement) => Recorded::Statement(statement.clone()),
            Err(refusal) => Recorded::Refused(*refusal),
        };
        let answer = Some(self.sealer.seal_json(&Aad::row("repeat", &key), &recorded)?);
        // As long as anything that this answer may lead to, and the time for repeats behind that.
        let longest = self.settings.first_approval_life.max(self.settings.enrol_life);
        Ok(MarkWrite::Insert { row: MarkRow { key, answer, expires_at: now + longest + REPEATS }, now })
    }

    /// Checks the PIN proof beside a decision. What the message claims about its user is not looked at.
    pub(super) async fn verify_user<M: Message>(
        &self,
        authentic: &Authentic<'_, M>,
        decision: &Decision,
        now: Time,
    ) -> Result<Uv, Error> {
        match decision.decision {
            Verdict::Approve => self.verify_pin(authentic, now).await,
            Verdict::Deny | Verdict::Report => Ok(Uv::None),
        }
    }

    /// Checks the PIN proof beside a message. A try is spent before anything is compared.
    pub(super) async fn verify_pin<M: Message>(
        &self,
        authentic: &Authentic<'_, M>,
        now: Time,
    ) -> Result<Uv, Error> {
        let row = &authentic.device;
        let secrets: DeviceSecrets = self.sealer.open_json(&device_aad(row.id), &row.secrets)?;
        let (Some(proof), Some(key)) = (authentic.posted.pin_proof, &secrets.pin_key) else {
            return Ok(Uv::None);
        };
        // A number that was used before is a replay, and gets no PIN compared.
        let MarkWrite::Insert { row: used, .. } = &authentic.jti;
        if self.store.mark(used.key, now).await?.is_some() {
            return Err(Refusal::Unauthentic.into());
        }
        let throttle = self.pin_throttle(row.id);
        let schedule = self.settings.limits.pin_throttle();
        let spend = ThrottleWrite::Spend { key: throttle, now, schedule };
        if self.store.commit(Batch::new().with(spend)).await? != Committed::Yes {
            self.pin_was_wrong(row.id, now).await?;
            return Err(Refusal::Wrong.into());
        }
        let expected = pin::proof(self.crypto(), &key.0, M::TYP, &authentic.posted.message);
        if bool::from(expected.ct_eq(&proof.0)) {
            // At once, whatever becomes of the decision: a right PIN is never counted against its owner.
            self.commit(Batch::new().with(ThrottleWrite::Reset(throttle))).await?;
            return Ok(Uv::Pin);
        }
        self.wrong_pin(authentic, now).await
    }

    async fn wrong_pin<M: Message>(&self, authentic: &Authentic<'_, M>, now: Time) -> Result<Uv, Error> {
        let row = &authentic.device;
        let event = Event::new("device.wrong_pin").from(authentic.address).with("device", row.id);
        // In a batch of its own: a message whose jti was used before must not hide a wrong PIN.
        self.commit(Batch::new().with(self.audit(Some(row.user), event))).await?;
        self.pin_was_wrong(row.id, now).await?;
        Err(self.compared_wrong(authentic, now).await?)
    }

    /// Records that something beside a message was wrong: its bytes, sent again, cost no further try.
    pub(super) async fn compared_wrong<M: Message>(
        &self,
        authentic: &Authentic<'_, M>,
        now: Time,
    ) -> Result<Error, Error> {
        let record = self.record_device(authentic.repeat, &Err(Refusal::Wrong), now)?;
        match self.store.commit(Batch::new().with(authentic.jti.clone()).with(record)).await? {
            Committed::Yes | Committed::Conflict(_) => Ok(Refusal::Wrong.into()),
        }
    }

    async fn update_itself(
        &self,
        request: &DeviceRequest<'_>,
        repeat: [u8; 32],
        now: Time,
    ) -> Result<DeviceReply, Error> {
        // Who forgot the PIN may be stopped by wrong ones already.
        let states = [DeviceState::Active, DeviceState::Suspended];
        let authentic = self.authentic::<Update>(request, repeat, now, &states).await?;
        self.count_own_message(&authentic.device.thumbprint, b"update", now).await?;
        let (device, mut changed) = (authentic.device.clone(), Batch::new());
        match &authentic.claims.msg {
            Update::Pin { sealed } => {
                let changed = self.change_pin(&authentic, sealed, now).await?;
                return self.updated(authentic, changed, now).await;
            }
            _ if device.state != DeviceState::Active => return Err(Refusal::DeviceNotActive.into()),
            Update::Rename { name } => {
                self.device_change(device, &DeviceChange::Rename(name.clone()), None, &mut changed).await?;
            }
            Update::Revoke => self.device_change(device, &DeviceChange::Revoke, None, &mut changed).await?,
            Update::Subscribe { subscription } => {
                changed.push(self.subscribed(device, Some(subscription.clone()))?);
            }
            Update::Unsubscribe => changed.push(self.subscribed(device, None)?),
        }
        self.updated(authentic, changed, now).await
    }

    async fn updated(
        &self,
        authentic: Authentic<'_, Update>,
        changed: Batch,
        now: Time,
    ) -> Result<DeviceReply, Error> {
        let record = self.record_device(authentic.repeat, &Ok(String::new()), now)?;
        self.commit(changed.after(vec![authentic.jti.into(), record.into()])).await?;
        Ok(DeviceReply::Nothing)
    }
}

fn statement(statement: String) -> DeviceReply {
    if statement.is_empty() { DeviceReply::Nothing } else { DeviceReply::Statement(statement) }
}

fn refusal_of(error: JwsError) -> Refusal {
    match error {
        JwsError::Malformed => Refusal::Malformed,
        _ => Refusal::Unauthentic,
    }
}
