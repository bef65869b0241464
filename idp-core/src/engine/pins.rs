//! How does a device get another PIN, and what if its owner forgot the old one?
//!
//! A new PIN needs a proof of the old one, which counts like any, or a code that an administrator or the owner's portal
//! issued. With the PIN changes the key of the device's one-time codes, in the same transaction.

use idp_protocol::{Octets, message::Update, pin::NewPin};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

use super::{Engine, binding::Change, credential_aad, device::Authentic, device_aad};
use crate::{
    Error, Fault, Id, Refusal, Time,
    audit::Event,
    browser::BrowserWrite,
    credential::{CredentialRow, CredentialWrite},
    device::{DeviceRow, DeviceSecrets, DeviceState, DeviceWrite},
    evidence::Uv,
    notify::Notice,
    session::SignedIn,
    store::{Batch, Committed, Write},
    throttle::{Schedule, ThrottleWrite},
    users::User,
};

/// The kind of the credential that holds a reset code; no method signs in with it.
pub(super) const KIND: &str = "pin_reset";
/// How many digits a reset code has.
const DIGITS: u8 = 8;
/// How long a reset code holds, in seconds.
pub const RESET_LIFE: i64 = 600;
/// How often a reset code may be tried.
const TRIES: u8 = 5;

/// What is stored of a reset code: sealed, because a digest of eight digits protects nothing.
#[derive(Serialize, Deserialize)]
struct ResetCode {
    code: String,
    expires_at: Time,
}

impl Engine {
    /// Issues a code that lets a device have a new PIN, once, within ten minutes: an administrator's act. An earlier
    /// code is worth nothing any more.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] if the user has no such device, [`Refusal::NotAllowed`] if it has no PIN, or is stopped for
    /// another reason than wrong ones.
    pub async fn issue_pin_reset(&self, user: Id<User>, device: Id<DeviceRow>) -> Result<String, Error> {
        let (code, batch) = self.new_reset_code(user, device).await?;
        self.commit(batch).await?;
        Ok(code)
    }

    /// The same by the owner of the device, under the binding rule.
    ///
    /// # Errors
    /// [`Refusal::FreshSignIn`] if the binding rule is not met, otherwise as [`Engine::issue_pin_reset`].
    pub async fn issue_own_pin_reset(
        &self,
        session: impl Into<SignedIn<'_>>,
        device: Id<DeviceRow>,
    ) -> Result<String, Error> {
        let session = session.into();
        let held = self.check_binding(session, Change::Other, self.now()).await?;
        let (code, batch) = self.new_reset_code(session.user, device).await?;
        self.commit_bound(held, batch).await?;
        Ok(code)
    }

    async fn new_reset_code(&self, user: Id<User>, id: Id<DeviceRow>) -> Result<(String, Batch), Error> {
        let device = self.store.device(id).await?.filter(|device| device.user == user);
        let device = device.ok_or(Refusal::NotFound)?;
        if !device.facts.has_pin || !may_reset(&device) {
            return Err(Refusal::NotAllowed.into());
        }
        let code = self.crypto().random_digits(DIGITS);
        let stored = ResetCode { code: code.clone(), expires_at: self.now() + RESET_LIFE };
        let mut row = self.new_credential(user, KIND, Some(id.bytes().to_vec()), &[]);
        row.secret = self.sealer.seal_json(&credential_aad(row.id), &stored)?;
        let mut batch = Batch::new();
        batch.extend(self.reset_code(id).await?.map(|earlier| CredentialWrite::Delete(earlier.id)));
        batch.push(CredentialWrite::Insert(row));
        batch.push(self.notice(user, Notice::PinResetIssued { name: device.facts.name }));
        batch.push(self.audit(Some(user), Event::new("device.pin_reset_issued").with("device", id)));
        Ok((code, batch))
    }

    async fn reset_code(&self, device: Id<DeviceRow>) -> Result<Option<CredentialRow>, Fault> {
        self.store.credential_by_handle(KIND, device.bytes()).await
    }

    /// U1: changes the PIN of the device that asks.
    pub(super) async fn change_pin(
        &self,
        authentic: &Authentic<'_, Update>,
        sealed: &[u8],
        now: Time,
    ) -> Result<Batch, Error> {
        let device = &authentic.device;
        let new = self.keys().open_new_pin(&device.thumbprint, sealed).ok_or(Refusal::Malformed)?;
        let allowed = match &new.reset_code {
            Some(code) => self.take_reset_code(authentic, code, now).await?,
            None => self.prove_old_pin(authentic, now).await?,
        };
        self.with_new_pin(device, &new, allowed).await
    }

    async fn prove_old_pin(&self, authentic: &Authentic<'_, Update>, now: Time) -> Result<Vec<Write>, Error> {
        if authentic.device.state != DeviceState::Active {
            return Err(Refusal::DeviceNotActive.into());
        }
        match self.verify_pin(authentic, now).await? {
            Uv::None => Err(Refusal::UvRequired.into()),
            Uv::Pin | Uv::Platform => Ok(Vec::new()),
        }
    }

    /// Spends a try, and only then compares the code. The writes use it up.
    async fn take_reset_code(
        &self,
        authentic: &Authentic<'_, Update>,
        typed: &str,
        now: Time,
    ) -> Result<Vec<Write>, Error> {
        let row = self.reset_code(authentic.device.id).await?.ok_or(Refusal::Wrong)?;
        let key = self.keys().digest("throttle", &[b"pin reset", row.id.bytes()]);
        let schedule = Schedule { free: TRIES, lock: TRIES, first_wait: 0, longest_wait: 0 };
        let spend = ThrottleWrite::Spend { key, now, schedule };
        if self.store.commit(Batch::new().with(spend)).await? != Committed::Yes {
            return Err(Refusal::Wrong.into());
        }
        let stored: ResetCode = self.sealer.open_json(&credential_aad(row.id), &row.secret)?;
        let right = bool::from(stored.code.as_bytes().ct_eq(typed.as_bytes())) && now < stored.expires_at;
        if !right || !may_reset(&authentic.device) {
            let event = Event::new("device.wrong_pin_reset").from(authentic.address);
            let event = event.with("device", authentic.device.id);
            self.commit(Batch::new().with(self.audit(Some(authentic.device.user), event))).await?;
            return Err(self.compared_wrong(authentic, now).await?);
        }
        Ok(vec![CredentialWrite::Delete(row.id).into(), ThrottleWrite::Reset(key).into()])
    }

    /// The device with its new PIN, and its codes with the new key.
    async fn with_new_pin(
        &self,
        device: &DeviceRow,
        new: &NewPin,
        allowed: Vec<Write>,
    ) -> Result<Batch, Error> {
        let mut secrets: DeviceSecrets = self.sealer.open_json(&device_aad(device.id), &device.secrets)?;
        if secrets.pin_key.is_none() {
            return Err(Refusal::NotAllowed.into());
        }
        secrets.pin_key = Some(Octets(new.pin_key.0));
        let mut next = device.clone();
        if next.state == DeviceState::Suspended {
            next = next.moved(DeviceState::Active, self.now()).ok_or(Refusal::DeviceNotActive)?;
        } else {
            next.revision = next.revision.saturating_add(1);
        }
        next.facts.pin_locked = false;
        next.secrets = self.sealer.seal_json(&device_aad(device.id), &secrets)?;
        let codes = self.store.credentials(device.user).await?;
        let codes = match codes.iter().any(|row| row.id == device.credential()) {
            true => {
                let secret = self.code_key(device, &secrets)?;
                CredentialWrite::Replace { id: device.credential(), secret }
            }
            false => CredentialWrite::Insert(self.codes_of_device(&next)?),
        };
        let (user, name) = (device.user, device.facts.name.clone());
        let mut batch = Batch::new();
        batch.extend(allowed);
        batch.push(DeviceWrite::Update(next));
        batch.push(codes);
        batch.push(ThrottleWrite::Reset(self.pin_throttle(device.id)));
        batch.push(BrowserWrite::Forget(user));
        batch.push(self.notice(user, Notice::PinChanged { name }));
        batch.push(self.audit(Some(user), Event::new("device.pin_changed").with("device", device.id)));
        Ok(batch)
    }

    /// What counts the wrong PINs of a device.
    pub(super) fn pin_throttle(&self, device: Id<DeviceRow>) -> [u8; 32] {
        self.keys().digest("throttle", &[b"pin", device.bytes()])
    }
}

/// Whether a credential is the reset code of this device.
pub(super) fn is_reset_of(row: &CredentialRow, device: Id<DeviceRow>) -> bool {
    row.kind == KIND && row.handle.as_deref() == Some(device.bytes().as_slice())
}

/// Whether a reset code helps: a device that its owner stopped stays stopped.
fn may_reset(device: &DeviceRow) -> bool {
    device.state == DeviceState::Active || (device.state == DeviceState::Suspended && device.facts.pin_locked)
}
