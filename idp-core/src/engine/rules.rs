//! Who may sign in to what, from where and how well? The ordered rules, asked before a sign-in, and again as soon as it
//! is known who it is.

use super::Engine;
use crate::{
    Error, Fault, Id, Refusal,
    audit::Event,
    policy::{Requirement, rules::Facts},
    signin::Origin,
    users::User,
};

impl Engine {
    /// What the rules make of a request of this application by a browser that is there. An existing session is held
    /// against it too, before it is used for another application.
    ///
    /// Whether a browser is known is a matter of the account: somebody with an account of his own in a browser does not
    /// make it a known one for others. As long as nobody knows who it is (`user` is none), a request passes if it could
    /// for anybody, and the engine asks again with the first evidence.
    ///
    /// # Errors
    /// [`Refusal::NotAllowed`] if nobody may sign in so.
    pub async fn required(
        &self,
        client: &str,
        from: &Origin,
        user: Option<Id<User>>,
        asked: Requirement,
    ) -> Result<Requirement, Error> {
        // Without rules there is nothing to ask, and nothing to read for it.
        if self.settings.rules.0.is_empty() {
            return Ok(asked);
        }
        let context = self.context(Some(from), user, None, self.now()).await?;
        let facts = Facts { client, address: from.address, known_browser: context.known_browser };
        let known = Facts { known_browser: true, ..facts };
        let rules = &self.settings.rules;
        let needed = match user {
            None if context.browser_has_users => {
                rules.apply(known, asked.clone()).or_else(|| rules.apply(facts, asked))
            }
            _ => rules.apply(facts, asked),
        };
        match needed {
            Some(needed) => Ok(needed),
            None => Err(self.denied(facts, user).await?),
        }
    }

    /// Which of these applications the rules let this person begin at, in a browser that is there: an answer for each. For
    /// a page that shows them, so nothing is written down; whoever opens one is asked about then.
    ///
    /// # Errors
    /// [`Fault`] if the store fails.
    pub async fn admitted(
        &self,
        clients: &[&str],
        from: &Origin,
        user: Id<User>,
    ) -> Result<Vec<bool>, Fault> {
        let context = self.context(Some(from), Some(user), None, self.now()).await?;
        let facts = |client| Facts { client, address: from.address, known_browser: context.known_browser };
        let rules = &self.settings.rules;
        Ok(clients
            .iter()
            .map(|client| rules.apply(facts(client), Requirement::default()).is_some())
            .collect())
    }

    /// Writes down why, for `policy explain`.
    async fn denied(&self, facts: Facts<'_>, user: Option<Id<User>>) -> Result<Error, Fault> {
        let rule = self.settings.rules.explain(facts).rule().unwrap_or("none matches").to_owned();
        let event = Event::new("policy.denied")
            .from(facts.address)
            .with("client", facts.client)
            .with("rule", rule)
            .with("known_browser", facts.known_browser);
        let batch = crate::store::Batch::new().with(self.audit(user, event));
        match self.commit(batch).await {
            Ok(()) => Ok(Refusal::NotAllowed.into()),
            Err(error) => Ok(error),
        }
    }
}
