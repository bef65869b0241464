//! Somebody signs in with a password, in a browser that was never there before, and the application gets its tokens.

use super::sso::Shop;
use crate::{
    browser::{Browser, End, field},
    measure::Flow,
    server::PASSWORD,
};

/// A person at a browser.
pub struct Password {
    pub browser: Browser,
    pub shop: Shop,
    pub login: String,
}

impl Flow for Password {
    async fn once(&mut self) -> anyhow::Result<()> {
        self.browser.forget();
        let (path, nonce) = self.shop.request();
        let page = self.browser.visit(&path).await?.page()?;
        let end = typed(&mut self.browser, &page, &self.login).await?;
        self.shop.redeem(&mut self.browser, end, &nonce).await?;
        Ok(())
    }
}

/// Types name and password into the page of a sign-in.
///
/// # Errors
/// There is no such page.
pub async fn typed(browser: &mut Browser, page: &str, login: &str) -> anyhow::Result<End> {
    let id = field(page, "id")?.to_owned();
    browser.submit("/login/password", &[("id", &id), ("login", login), ("password", PASSWORD)]).await
}
