//! A person types his name and the code of his token: the answer comes after the step of the code is durably used up.

use std::sync::Arc;

use anyhow::bail;
use idp_core::{
    Id,
    clock::Clock as _,
    engine::Progress,
    methods::otp::{HashFunction, Key, MovingFactor},
    signin::SignInRow,
};
use serde_json::json;

use super::{Spent, Town, spent::each, town::Browser};

/// How many people have a token.
const PEOPLE: usize = 1_024;
/// How long each code is shown, in seconds.
const STEP: u32 = 30;

/// People with tokens.
pub struct Tokens(Vec<Arc<Owner>>);

struct Owner {
    number: usize,
    login: String,
    key: Key,
}

/// Somebody who has opened the page and reads the code of now.
struct Ready {
    browser: Browser,
    sign_in: Id<SignInRow>,
    owner: Arc<Owner>,
    code: String,
}

impl Tokens {
    /// # Errors
    /// The engine refuses them.
    pub async fn new(town: &Town) -> anyhow::Result<Self> {
        let mut owners = Vec::new();
        for number in 0..PEOPLE {
            let login = format!("person{number}");
            let person = town.person(&login).await?;
            let secret = town.engine.crypto().random::<20>().to_vec();
            let key = Key::new(secret, HashFunction::Sha1, 6, MovingFactor::Time(STEP))?;
            town.engine.add_credential(person.id, "totp", None, &serde_json::to_vec(&key)?).await?;
            owners.push(Arc::new(Owner { number, login, key }));
        }
        Ok(Self(owners))
    }

    /// Everybody signs in once. A code counts once, so each time is a step later.
    ///
    /// # Errors
    /// A right code is refused.
    pub async fn round(&self, town: &Town, spent: &mut Spent) -> anyhow::Result<()> {
        town.advance(STEP.into()).await?;
        let ready = self.opened(town).await?;
        let town = town.clone();
        spent.on_each(ready, move |ready| typed(town.clone(), ready)).await
    }

    async fn opened(&self, town: &Town) -> anyhow::Result<Vec<Ready>> {
        let (sender, mut opened) = tokio::sync::mpsc::unbounded_channel();
        let town = town.clone();
        each(self.0.clone(), move |owner| {
            let (town, sender) = (town.clone(), sender.clone());
            async move {
                let browser = Browser::new(&town, owner.number);
                let sign_in = town.sign_in(&browser, None).await?;
                // The page has a QR code, too.
                town.engine.begin(&browser.claimant, sign_in, "qr", "").await?;
                let code = owner.key.code(owner.key.step_at(town.clock.now()).unwrap_or_default())?;
                sender.send(Ready { browser, sign_in, owner, code })?;
                Ok(())
            }
        })
        .await?;
        let mut ready = Vec::new();
        while let Some(one) = opened.recv().await {
            ready.push(one);
        }
        Ok(ready)
    }
}

async fn typed(town: Town, ready: Ready) -> anyhow::Result<()> {
    let Ready { browser, sign_in, owner, code } = ready;
    let value = json!({ "code": code });
    let progress = town.engine.answer_form(&browser.claimant, sign_in, "totp", &owner.login, value).await;
    match progress? {
        Progress::Ready => Ok(()),
        other => bail!("a right code led to {other:?}"),
    }
}
