//! How does the person get another PIN?

use idp_protocol::{
    Octets,
    context::UserVerification,
    message::Update,
    pin::{self, NewPin},
};
use zeroize::Zeroizing;

use crate::{Account, Authenticator, Error, Signer, Transport};

impl<T: Transport> Authenticator<T> {
    /// U1: changes the PIN of an account. The old one is proved as for an approval, and a wrong one counts.
    ///
    /// # Errors
    /// [`Error::BadPin`] before anything is sent; [`Error::Refused`] with [`idp_protocol::ErrorCode::Wrong`] for a wrong
    /// old PIN.
    pub async fn change_pin(&self, account: &Account, old: &str, new: &str) -> Result<(), Error> {
        let update = self.new_pin(account, new, None).await?;
        self.update_with(account, &update, Some(old)).await
    }

    /// The same for whoever forgot the old PIN, with a code of the help desk or the portal. It also lets a device work
    /// again that wrong PINs stopped.
    ///
    /// # Errors
    /// [`Error::BadPin`] before anything is sent; [`Error::Refused`] with [`idp_protocol::ErrorCode::Wrong`] for a code
    /// that is wrong, used or over.
    pub async fn reset_pin(&self, account: &Account, code: &str, new: &str) -> Result<(), Error> {
        let code: String = code.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
        let update = self.new_pin(account, new, Some(code)).await?;
        self.update_with(account, &update, None).await
    }

    async fn new_pin(
        &self,
        account: &Account,
        new: &str,
        reset_code: Option<String>,
    ) -> Result<Update, Error> {
        if account.uv != UserVerification::Pin {
            return Err(Error::NoPin);
        }
        pin::check(new, account.pin)?;
        let signer = Signer::of(&self.crypto, account)?;
        let list = self.key_list(account).await?;
        let recipient = list.agreement_key(self.now(&account.issuer)).ok_or(Error::NotAuthentic)?;
        let new = NewPin { pin_key: Octets(*signer.pin_key(new)), reset_code };
        let plain = Zeroizing::new(serde_json::to_vec(&new).map_err(|_| Error::OutOfStep)?);
        let info = pin::change_info(account.issuer.as_str());
        let agreement = &self.crypto.agreement;
        let sealed = agreement.hpke_seal(&recipient.point(), &info, &signer.thumbprint(), &plain)?;
        Ok(Update::Pin { sealed })
    }
}
