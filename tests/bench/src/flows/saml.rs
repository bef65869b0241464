//! Somebody who is signed in goes to a service provider of SAML: its request, and a page with the signed answer.

use crate::{browser::Browser, measure::Flow, saml::Party};

/// Somebody who is signed in.
pub struct Saml {
    pub browser: Browser,
    pub party: Party,
}

impl Flow for Saml {
    async fn once(&mut self) -> anyhow::Result<()> {
        let (path, asked) = self.party.request()?;
        let page = self.browser.visit(&path).await?.page()?;
        self.party.take(&page, &asked)
    }
}
