//! Credentials that are not devices: how are they found by what the outside calls them, listed, renamed, removed?

use zeroize::Zeroizing;

use super::{Engine, binding::Change, credential_aad};
use crate::{
    Error, Fault, Id, Refusal,
    audit::Event,
    browser::BrowserWrite,
    credential::{CredentialRow, CredentialWrite},
    method::Credential,
    notify::Notice,
    session::SignedIn,
    store::Batch,
    users::User,
};

impl Engine {
    /// What a method may know of the credential of its kind with this handle; nothing of an account that is switched
    /// off.
    pub(crate) async fn credential_by_handle(
        &self,
        kind: &str,
        handle: &[u8],
    ) -> Result<Option<Credential>, Fault> {
        let Some(row) = self.store.credential_by_handle(kind, handle).await? else { return Ok(None) };
        match self.active_user(row.user).await? {
            Some(_) => self.open_credential(row).map(Some),
            None => Ok(None),
        }
    }

    /// A user's credentials of a kind, as they are stored and as their method reads them, the oldest first.
    ///
    /// # Errors
    /// [`Fault`] if the store fails.
    pub async fn credentials(
        &self,
        user: Id<User>,
        kind: &str,
    ) -> Result<Vec<(CredentialRow, Credential)>, Fault> {
        let rows = self.store.credentials(user).await?.into_iter().filter(|row| row.kind == kind);
        rows.map(|row| Ok((row.clone(), self.open_credential(row)?))).collect()
    }

    /// Gives a credential of the session's user another name, which its method keeps in `secret`. It neither weakens nor
    /// binds anything, so any session that holds may.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] for a credential of somebody else or of another kind.
    pub async fn rename_credential(
        &self,
        session: impl Into<SignedIn<'_>>,
        (kind, id): (&str, Id<CredentialRow>),
        (from, to): (&str, &str),
        secret: Zeroizing<Vec<u8>>,
    ) -> Result<(), Error> {
        let session = session.into();
        let user = session.user;
        self.own_credential(user, kind, id).await?.ok_or(Refusal::NotFound)?;
        if from == to {
            return Ok(());
        }
        let secret = self.sealer.seal(&credential_aad(id), &secret);
        let event = Event::new("credential.renamed").with("kind", kind).with("credential", id);
        let batch = Batch::new()
            .with(CredentialWrite::Replace { id, secret })
            .with(self.notice(user, Notice::CredentialRenamed { from: from.to_owned(), to: to.to_owned() }))
            .with(self.audit(Some(user), event));
        self.commit_bound(self.in_session(session).into_iter().collect(), batch).await
    }

    /// Removes a credential of the session's user: it signs nobody in any more, and what it has signed in a moment ago
    /// is not finished. If it was one that approves what is added, its absence stands in the way of that for a day. One that is gone already, or is somebody else's, changes nothing.
    ///
    /// # Errors
    /// [`Refusal::FreshSignIn`] if the binding rule is not met.
    pub async fn remove_credential(
        &self,
        session: impl Into<SignedIn<'_>>,
        (kind, id): (&str, Id<CredentialRow>),
        name: &str,
    ) -> Result<(), Error> {
        let session = session.into();
        let user = session.user;
        let Some(row) = self.own_credential(user, kind, id).await? else { return Ok(()) };
        let held = self.check_binding(session, Change::Other, self.now()).await?;
        let remembered = self.remember_removed(&row);
        let (kind, name) = (row.kind, name.to_owned());
        let event = Event::new("credential.removed").with("kind", &kind).with("credential", id);
        let batch = Batch::new()
            .with(CredentialWrite::Delete(id))
            .with(BrowserWrite::Forget(user))
            .with(self.notice(user, Notice::CredentialRemoved { kind, name }))
            .with(self.audit(Some(user), event));
        self.commit_bound(held, batch.after(remembered)).await
    }

    async fn own_credential(
        &self,
        user: Id<User>,
        kind: &str,
        id: Id<CredentialRow>,
    ) -> Result<Option<CredentialRow>, Fault> {
        let own = self.store.credentials(user).await?;
        Ok(own.into_iter().find(|row| row.id == id && row.kind == kind))
    }
}
