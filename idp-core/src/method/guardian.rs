//! What of an account is asked, in the browser, before the account gets another authenticator?

use std::{fmt, sync::Arc};

use super::{Addition, Context, Credential, Cx};
use crate::{Id, credential::CredentialRow, erased::ErasedMethod};

/// Says for what the digest of an addition is.
const PURPOSE: &[u8] = b"symbolon/add-authenticator/1\0";

/// A method that guards additions, and what the account has of it.
pub(crate) struct Guardian {
    pub method: Arc<dyn ErasedMethod>,
    pub own: Vec<Credential>,
}

impl fmt::Debug for Guardian {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Guardian({}, {})", self.method.kind(), self.own.len())
    }
}

impl Guardian {
    /// Whether a credential is one of those that may approve.
    pub fn has(&self, credential: Id<CredentialRow>) -> bool {
        self.own.iter().any(|own| own.id == credential)
    }
}

impl<'a> Cx<'a> {
    /// The guardian of a kind.
    pub(crate) fn guardian(&self, kind: &str) -> Option<&'a Guardian> {
        self.guardians.iter().find(|guardian| guardian.method.kind() == kind)
    }

    /// What a guardian is asked to approve.
    pub(crate) fn approving(&self) -> Context {
        let (kind, renews) = (self.kind, self.renews);
        let length = u64::try_from(kind.len()).unwrap_or(u64::MAX).to_be_bytes();
        let device = renews.map(|device| device.bytes().to_vec()).unwrap_or_default();
        let parts = [PURPOSE, self.ceremony.bytes(), &length, kind.as_bytes(), &device];
        let digest = self.tools.crypto().hash.sha256(&parts.concat());
        let adds = Some(Addition { kind: kind.to_owned(), renews, digest });
        Context { adds, ..self.context.clone() }
    }

    /// What a guardian knows of the world: the enrolment's, with credentials of its own.
    pub(crate) fn of_guardian<'b>(&self, guardian: &'b Guardian, approving: &'b Context) -> Cx<'b>
    where
        'a: 'b,
    {
        let kind = guardian.method.kind();
        Cx { own: &guardian.own, guardians: &[], renews: None, context: approving, kind, ..*self }
    }
}
