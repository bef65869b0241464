//! Somebody signs in with a phone, in a browser that was never there before: page, claim, decision, digits, tokens.

use super::{phone::Phone, sso::Shop};
use crate::{
    browser::{Browser, field},
    measure::Flow,
};

/// A person with a phone at a browser.
pub struct Qr {
    pub browser: Browser,
    pub phone: Phone,
    pub shop: Shop,
}

impl Flow for Qr {
    async fn once(&mut self) -> anyhow::Result<()> {
        self.browser.forget();
        let (path, nonce) = self.shop.request();
        let page = self.browser.visit(&path).await?.page()?;
        let digits = self.phone.approve(&page).await?;
        let id = field(&page, "id")?.to_owned();
        let ceremony = crate::browser::between(&page, "&amp;ceremony=", "\"")?;
        let typed = [("id", id.as_str()), ("ceremony", ceremony), ("code", digits.as_str())];
        self.browser.submit("/login/finish", &typed).await?.page()?;
        // "Is this you?"
        let end = self.browser.submit("/login/continue", &[("id", &id), ("choice", "continue")]).await?;
        self.shop.redeem(&mut self.browser, end, &nonce).await?;
        Ok(())
    }
}
