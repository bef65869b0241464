//! What a person or an administrator does with tokens for one-time codes: list, name, set right, give a PIN, take
//! away.
//!
//! The codes of a registered device are not listed here: they go with the device.

use idp_protocol::{Text, pin};

use super::{Engine, binding::Change, credential_aad};
use crate::{
    Error, Fault, Id, Refusal, Time,
    audit::Event,
    browser::BrowserWrite,
    credential::{CredentialRow, CredentialWrite},
    evidence::Assurance,
    hardware::Leaves,
    method::Ceremony as _,
    methods::otp::{Hotp, Key, OfflineCodes, PinRule, PinUse, Position, Totp, resynced},
    notify::Notice,
    policy::achieved,
    seal::{Place, Reseal},
    session::SignedIn,
    store::{Batch, Committed, Guard, Write},
    throttle::ThrottleWrite,
    users::User,
};

/// A token, as lists show it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TokenFacts {
    /// Its id.
    pub id: Id<CredentialRow>,
    /// `totp` or `hotp`.
    pub kind: String,
    /// What its owner calls it.
    pub name: Option<String>,
    /// Its serial number.
    pub serial: Option<String>,
    /// Where its PIN stands, if the server compares one.
    pub pin: Option<Position>,
    /// Whether it has to have one.
    pub pin_rule: PinRule,
    /// How sure it is that nobody else has its key.
    pub assurance: Assurance,
    /// When it was added.
    pub created_at: Time,
}

impl Engine {
    /// A user's apps and hardware tokens, the oldest first.
    ///
    /// # Errors
    /// [`Fault`] if the store fails.
    pub async fn tokens(&self, user: Id<User>) -> Result<Vec<TokenFacts>, Fault> {
        let rows = self.token_rows(user).await?;
        let facts = rows.into_iter().map(|(row, key)| TokenFacts {
            id: row.id,
            kind: row.kind,
            name: key.name.clone(),
            serial: key.serial.clone(),
            pin_rule: key.pin_rule,
            pin: match key.pin {
                PinUse::Server { position, .. } => Some(position),
                PinUse::None | PinUse::InKey => None,
            },
            assurance: row.assurance,
            created_at: row.created_at,
        });
        Ok(facts.collect())
    }

    async fn token_rows(&self, user: Id<User>) -> Result<Vec<(CredentialRow, Key)>, Fault> {
        let rows = self.store.credentials(user).await?;
        let rows = rows.into_iter().filter(|row| row.kind == Totp::KIND || row.kind == Hotp::KIND);
        let opened = rows.map(|row| {
            let key: Key = self.sealer.open_json(&credential_aad(row.id), &row.secret)?;
            Ok((row, key))
        });
        let opened: Vec<(CredentialRow, Key)> = opened.collect::<Result<_, Fault>>()?;
        Ok(opened.into_iter().filter(|(_, key)| key.device.is_none()).collect())
    }

    /// The key of a token, if the row is one and can be opened.
    pub(super) fn token_key(&self, row: &CredentialRow) -> Option<Key> {
        let is_token = row.kind == Totp::KIND || row.kind == Hotp::KIND;
        let opened = is_token.then(|| self.sealer.open_json::<Key>(&credential_aad(row.id), &row.secret))?;
        opened.ok().filter(|key| key.device.is_none())
    }

    async fn token(&self, user: Id<User>, id: Id<CredentialRow>) -> Result<(CredentialRow, Key), Error> {
        let found = self.token_rows(user).await?.into_iter().find(|(row, _)| row.id == id);
        found.ok_or_else(|| Refusal::NotFound.into())
    }

    /// A token that counts, and can be out of step.
    async fn counting(&self, user: Id<User>, id: Id<CredentialRow>) -> Result<(CredentialRow, Key), Error> {
        let found = self.token(user, id).await?;
        if found.0.kind == Hotp::KIND { Ok(found) } else { Err(Refusal::NotAllowed.into()) }
    }

    /// Sets a token that counts right, with two codes in a row (RFC 4226, 7.4): an administrator's act.
    ///
    /// # Errors
    /// [`Refusal::Wrong`] if these are not two codes in a row among its next hundred.
    pub async fn resync_token(
        &self,
        user: Id<User>,
        id: Id<CredentialRow>,
        codes: [&str; 2],
    ) -> Result<(), Error> {
        let batch = self.resync(user, id, codes).await?;
        self.commit(batch).await
    }

    /// The same by its owner, after a fresh sign-in with anything that still stands: two codes of a token that somebody
    /// found in a drawer must not bring it back to life. More is not asked, because the token may be all that there is
    /// beside the password, and the pair shows that. It costs a try like any code, before it is compared.
    ///
    /// # Errors
    /// [`Refusal::FreshSignIn`] if the sign-in is too old; [`Refusal::Wrong`] as of [`Engine::resync_token`], and while
    /// tries are throttled.
    pub async fn resync_own_token(
        &self,
        session: impl Into<SignedIn<'_>>,
        id: Id<CredentialRow>,
        codes: [&str; 2],
    ) -> Result<(), Error> {
        let session = session.into();
        let (fresh, mut held) = self.fresh(session, self.now()).await?;
        if achieved(&fresh).is_none() {
            return Err(Refusal::FreshSignIn.into());
        }
        held.extend(self.in_session(session));
        let (row, _) = self.counting(session.user, id).await?;
        let key = self.resync_throttle(id);
        let spend = ThrottleWrite::Spend { key, now: self.now(), schedule: self.settings.limits.throttle() };
        if self.store.commit(Batch::new().with(spend)).await? != Committed::Yes {
            return Err(Refusal::Wrong.into());
        }
        match self.resync(session.user, id, codes).await {
            Ok(batch) => self.commit_bound(held, batch.with(ThrottleWrite::Reset(key))).await,
            Err(Error::Refused(Refusal::Wrong)) => Err(self.wrong_pair(&row, key).await?),
            Err(error) => Err(error),
        }
    }

    /// What counts the wrong pairs of a token: a count of its own. With that of its codes somebody who has only the password
    /// would shut the codes of the owner, also in the browser that he uses every day.
    pub(super) fn resync_throttle(&self, id: Id<CredentialRow>) -> [u8; 32] {
        self.keys().digest("throttle", &[b"resync", id.bytes()])
    }

    /// Records a wrong pair, and tells the owner once no more may be tried.
    async fn wrong_pair(&self, row: &CredentialRow, throttle: [u8; 32]) -> Result<Error, Error> {
        let (user, kind) = (Some(row.user), &row.kind);
        let event = |name: &str| Event::new(name).with("kind", kind).with("credential", row.id);
        let mut batch = Batch::new().with(self.audit(user, event("token.wrong_pair")));
        if self.store.throttle(throttle).await?.is_some_and(|row| row.is_locked()) {
            batch.push(self.notice(row.user, Notice::Locked { kind: kind.clone() }));
            batch.push(self.audit(user, event("credential.locked")));
        }
        self.commit(batch).await?;
        Ok(Refusal::Wrong.into())
    }

    async fn resync(&self, user: Id<User>, id: Id<CredentialRow>, codes: [&str; 2]) -> Result<Batch, Error> {
        let (row, key) = self.counting(user, id).await?;
        let to = resynced(&key, row.counter, codes)?.ok_or(Refusal::Wrong)?;
        let event = Event::new("token.resynced").with("credential", id);
        Ok(Batch::new().with(CredentialWrite::Advance { id, to }).with(self.audit(Some(user), event)))
    }

    /// Gives a token a PIN that is typed beside its codes, or takes that PIN away. Of one that is away nobody is told again.
    ///
    /// # Errors
    /// [`Refusal::FreshSignIn`] if the binding rule is not met, [`Refusal::Malformed`] for a PIN that is too short, too
    /// long or too easy ([`pin::check`]).
    pub async fn set_token_pin(
        &self,
        session: impl Into<SignedIn<'_>>,
        id: Id<CredentialRow>,
        pin: Option<(&str, Position)>,
    ) -> Result<(), Error> {
        let session = session.into();
        let held = self.check_binding(session, Change::Other, self.now()).await?;
        let (_, key) = self.token(session.user, id).await?;
        let pin = match pin {
            // Its maker wants one (RFC 6030, 5): it may be another one.
            None if key.pin_rule == PinRule::Required => return Err(Refusal::NotAllowed.into()),
            None if key.pin == PinUse::None => return Ok(()),
            None => PinUse::None,
            Some((pin, position)) => {
                pin::check(pin, self.settings.pin).map_err(|_| Refusal::Malformed)?;
                let hash = String::from_utf8_lossy(&self.passwords.hash(pin).await?).into_owned();
                PinUse::Server { hash, position }
            }
        };
        let key = key.with_pin(pin);
        let name = key.label();
        let secret = self.sealer.seal_json(&credential_aad(id), &key)?;
        let batch = Batch::new()
            .with(CredentialWrite::Replace { id, secret })
            .with(self.notice(session.user, Notice::PinChanged { name }))
            .with(self.audit(Some(session.user), Event::new("token.pin_changed").with("credential", id)));
        self.commit_bound(held, batch).await
    }

    /// Gives a token another name. It neither weakens nor binds anything, so any session that holds may.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] for a token of somebody else; [`Refusal::Unavailable`] if it changes all the time.
    pub async fn rename_token(
        &self,
        session: impl Into<SignedIn<'_>>,
        id: Id<CredentialRow>,
        name: &Text<64>,
    ) -> Result<(), Error> {
        let session = session.into();
        for _ in 0..super::ATTEMPTS {
            let (row, key) = self.token(session.user, id).await?;
            if key.name.as_deref() == Some(name.as_str()) {
                return Ok(());
            }
            let (from, to) = (key.label(), name.to_string());
            let sealed = self.sealer.seal_json(&credential_aad(id), &key.named(name.as_str()))?;
            let event = Event::new("credential.renamed").with("kind", &row.kind).with("credential", id);
            // Not over a PIN that its owner sets at this moment: a rename would take it off again.
            let replaced = Reseal { place: Place::Credential(id), from: row.secret, to: sealed };
            let batch = Batch::new()
                .with(replaced)
                .with(self.notice(session.user, Notice::CredentialRenamed { from, to }))
                .with(self.audit(Some(session.user), event));
            let held = self.in_session(session).into_iter().collect();
            match self.store.commit(batch.after(held)).await? {
                Committed::Yes => return Ok(()),
                Committed::Conflict(Guard::Session) => return Err(Refusal::FreshSignIn.into()),
                Committed::Conflict(_) => {}
            }
        }
        Err(Refusal::Unavailable.into())
    }

    /// Takes a token off the account of the session's user.
    ///
    /// # Errors
    /// [`Refusal::FreshSignIn`] if the binding rule is not met, [`Refusal::NotFound`] for a token of somebody else.
    pub async fn remove_token(
        &self,
        session: impl Into<SignedIn<'_>>,
        id: Id<CredentialRow>,
    ) -> Result<(), Error> {
        let session = session.into();
        let held = self.check_binding(session, Change::Other, self.now()).await?;
        let (row, key) = self.token(session.user, id).await?;
        let back = self.takes_back(&row, &key, Leaves::ToStock).await?.map(Write::from);
        let going = back.unwrap_or_else(|| CredentialWrite::Delete(id).into());
        let batch = self.token_goes(&row, &key, going).with(BrowserWrite::Forget(session.user));
        self.commit_bound(held, batch).await
    }

    /// Takes off a token in whose place a device has become active; it may have been taken off meanwhile.
    pub(super) async fn token_replaced(
        &self,
        user: Id<User>,
        id: Id<CredentialRow>,
        batch: &mut Batch,
    ) -> Result<(), Fault> {
        let found = self.token_rows(user).await?.into_iter().find(|(row, _)| row.id == id);
        let going =
            found.map(|(row, key)| self.token_goes(&row, &key, CredentialWrite::Delete(row.id).into()));
        batch.extend(going.into_iter().flat_map(Batch::into_writes));
        Ok(())
    }

    /// It goes, its owner is told, and it is on record. Its owner knows what came by a picture by another name.
    fn token_goes(&self, row: &CredentialRow, key: &Key, going: Write) -> Batch {
        let event = Event::new("credential.removed").with("kind", &row.kind).with("credential", row.id);
        let kind = match row.assurance {
            Assurance::Low => OfflineCodes::KIND,
            Assurance::Usual => row.kind.as_str(),
        };
        let notice = Notice::CredentialRemoved { kind: kind.to_owned(), name: key.label() };
        Batch::new().with(going).with(self.notice(row.user, notice)).with(self.audit(Some(row.user), event))
    }
}
