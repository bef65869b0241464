//! Which one-time codes does a registered device give, and since when?
//!
//! Their credential has the id of the device: there is one, and evidence of a code names the device, so that a stopped
//! device signs nobody in with what its codes had shown.

use idp_protocol::Octets;

use super::{Engine, credential_aad, device_aad};
use crate::{
    Error, Fault,
    credential::{CredentialRow, CredentialWrite},
    device::{DeviceRow, DeviceSecrets, DeviceWrite},
    evidence::Assurance,
    method::Ceremony as _,
    methods::otp::{Key, PinUse, Totp},
    seal::Sealed,
    store::{Batch, Committed},
};

/// How many devices are looked at in one go.
const BATCH: u32 = 100;

impl Engine {
    /// The credential of a device's codes, as it is before the first.
    pub(super) fn codes_of_device(&self, device: &DeviceRow) -> Result<CredentialRow, Fault> {
        let secrets: DeviceSecrets = self.sealer.open_json(&device_aad(device.id), &device.secrets)?;
        Ok(CredentialRow {
            id: device.credential(),
            user: device.user,
            kind: Totp::KIND.to_owned(),
            handle: None,
            counter: 0,
            drift: 0,
            consumed_at: None,
            created_at: self.now(),
            // That of the device counts, which may change.
            assurance: Assurance::Usual,
            secret: self.code_key(device, &secrets)?,
        })
    }

    /// The key of a device's codes, sealed. The PIN is in it, so that another PIN makes another key.
    pub(super) fn code_key(&self, device: &DeviceRow, secrets: &DeviceSecrets) -> Result<Sealed, Fault> {
        let pin_key = secrets.pin_key.as_ref().map(|key| &key.0);
        let key = idp_protocol::otp::key(self.crypto(), &secrets.otp_key.0, pin_key);
        let pin = if pin_key.is_some() { PinUse::InKey } else { PinUse::None };
        let key = Key::own(&Octets(*key)).with_pin(pin).of_device(device.id);
        self.sealer.seal_json(&credential_aad(device.credential()), &key)
    }

    /// Gives codes to all devices that became active under an older version. Returns how many it found that may have some;
    /// a server asks at its start until there is none.
    ///
    /// # Errors
    /// [`Fault`] if the store fails.
    pub async fn equip_devices(&self) -> Result<usize, Error> {
        let (mut found, mut after) = (0_usize, None);
        loop {
            let devices = self.store.devices_without_codes(after, BATCH).await?;
            let Some(last) = devices.last() else { return Ok(found) };
            after = Some(last.id);
            for device in devices {
                found = found.saturating_add(usize::from(self.equip(&device).await?));
            }
        }
    }

    /// Whether the device may have codes. One whose secrets cannot be opened has none, and must not keep all others from
    /// theirs.
    async fn equip(&self, device: &DeviceRow) -> Result<bool, Error> {
        let codes = match self.codes_of_device(device) {
            Ok(codes) => codes,
            Err(fault) => {
                tracing::warn!(%fault, device = %device.id, "a device cannot have one-time codes");
                return Ok(false);
            }
        };
        let batch = Batch::new()
            .with(DeviceWrite::Unchanged { id: device.id, revision: device.revision })
            .with(CredentialWrite::Insert(codes));
        match self.store.commit(batch).await? {
            // Another node gave it some, or it changed at this moment: the next look finds it if it still needs any.
            Committed::Yes | Committed::Conflict(_) => Ok(true),
        }
    }
}
