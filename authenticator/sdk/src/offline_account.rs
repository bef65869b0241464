//! What does a device keep of an account that gives one-time codes and nothing else?
//!
//! Such an account came to be without a network ([`idp_protocol::offline_codes`]): it has neither keys of a device nor a
//! server that knows one, so it signs nothing and approves nothing. A device of the same account takes its place.

use std::fmt;

use idp_protocol::{
    Octets, Text,
    jws::Unverified,
    link::{Link, Origin, Target},
    offline_codes::Bits,
    server::{self, KeyList},
};
use serde::{Deserialize, Serialize};

use crate::{
    Account, Authenticator, Codes, Error, Transport,
    account::{CodeKey, origin},
    transport::Request,
    trust::text,
};

/// An account with codes only.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfflineAccount {
    /// The identity provider.
    #[serde(with = "origin")]
    pub issuer: Origin,
    /// Whose it is, in words that nobody signed.
    pub organisation: Text<64>,
    /// The account's name, masked.
    pub name: Text<64>,
    /// The account's id.
    pub id: Octets<16>,
    /// The activation that it came by; each is another registration.
    pub enrolment: Octets<16>,
    /// `K_otp`.
    pub codes: CodeKey,
}

impl OfflineAccount {
    /// Whether `other` is the same registration.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        self.issuer == other.issuer && self.enrolment == other.enrolment
    }

    /// Whether a device of this account takes its place.
    #[must_use]
    pub fn is_replaced_by(&self, device: &Account) -> bool {
        self.issuer == device.issuer && self.id == device.id
    }
}

/// An account with codes only, and the digits that the person types into the portal.
#[derive(Clone)]
pub struct Activated {
    /// The account, as it was put into the store.
    pub account: OfflineAccount,
    /// Ten digits. They are nowhere else: who loses them scans a new code.
    pub code: String,
}

/// Without the digits: whoever has a picture of the page lacks nothing else.
impl fmt::Debug for Activated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Activated").field("account", &self.account).finish_non_exhaustive()
    }
}

impl<T: Transport> Authenticator<T> {
    /// Makes an account with codes only out of the text of a QR code (`/C`). Nothing is sent, and whether the portal takes the
    /// digits is not known here.
    ///
    /// # Errors
    /// [`Error::Link`] or [`Error::NotEnrolment`] for another text, [`Error::Known`] for a code that made an account here before.
    pub fn enrol_offline(&self, code: &str) -> Result<Activated, Error> {
        let Link { origin, target: Target::Codes(payload) } = Link::parse(code)? else {
            return Err(Error::NotEnrolment);
        };
        // Bits that are drawn anew make another key. The portal may have that of before: it would be lost, and nobody would know
        // until its codes are wrong.
        let enrolment = Octets(payload.share.enrolment);
        let mut kept = self.store.offline_accounts()?.into_iter();
        if kept.any(|kept| kept.issuer == origin && kept.enrolment == enrolment) {
            return Err(Error::Known);
        }
        let bits = Bits::draw(&self.crypto);
        let account = OfflineAccount {
            codes: CodeKey(payload.share.key(&self.crypto, origin.as_str(), bits)),
            enrolment,
            id: Octets(payload.account),
            organisation: payload.organisation,
            name: payload.name,
            issuer: origin,
        };
        let code = payload.share.code(&self.crypto, bits);
        self.store.put_offline(&account)?;
        Ok(Activated { account, code })
    }

    /// The accounts with codes only, the oldest first.
    ///
    /// # Errors
    /// [`Error::Store`] if the store cannot be read.
    pub fn offline_accounts(&self) -> Result<Vec<OfflineAccount>, Error> {
        Ok(self.store.offline_accounts()?)
    }

    /// The codes of an account with codes only. Nothing is sent.
    #[must_use]
    pub fn offline_codes(&self, account: &OfflineAccount) -> Codes {
        Codes::of(&self.crypto, &account.codes.0)
    }

    /// Deletes the key of an account with codes only. The portal has its own: take it off there, too.
    ///
    /// # Errors
    /// [`Error::Store`] if the store cannot be written.
    pub fn forget_offline(&self, account: &OfflineAccount) -> Result<(), Error> {
        Ok(self.store.remove_offline(account)?)
    }

    /// Whether the account's server answers, so that the person can be offered a device in its place: a new enrolment, which
    /// begins in the portal. It asks for what everybody may ask for, and says nothing about the account.
    pub async fn can_be_upgraded(&self, account: &OfflineAccount) -> bool {
        // Asked once: a phone without network must not wait for the answer that it has none.
        let asked = self.transport.send(&Request::get(&account.issuer, server::PATH, None)).await;
        let Ok(list) = asked.map_err(Error::from).and_then(|answer| text(answer.body)) else { return false };
        // What answers in a hotel for every server has no such list.
        let root = Unverified::parse(&list).ok().and_then(|list| list.header.jwk);
        let root = root.map(|root| root.thumbprint(&self.crypto));
        root.is_some_and(|root| KeyList::read(&self.crypto, &list, account.issuer.as_str(), &root).is_ok())
    }

    /// Deletes what a device that has become active takes the place of.
    pub(crate) fn forget_replaced(&self, device: &Account) -> Result<(), Error> {
        let kept = self.store.offline_accounts()?;
        kept.iter().filter(|kept| kept.is_replaced_by(device)).try_for_each(|kept| self.forget_offline(kept))
    }
}
