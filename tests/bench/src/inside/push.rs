//! A phone approves: its signed decision comes in, and the answer goes out after everything about it is durable.

use std::sync::Arc;

use anyhow::{Context as _, bail};
use idp_core::{
    Id,
    ceremony::CeremonyRow,
    clock::Clock as _,
    engine::{Account as IsIt, CeremonyView, DeviceReply, DeviceRequest, Progress},
    policy::Acr,
    signin::SignInRow,
};
use idp_protocol::{
    Octets, Prompt,
    crypto::Algorithm,
    message::{Decision, Message as _, Posted, PushDecision, Verdict},
};
use serde_json::json;
use symbolon_authenticator::{Answer, Signer, Ticket};

use super::{
    Spent, Town,
    phone::{PIN, Phone},
    spent::each,
    town::Browser,
};

/// How many people have a phone.
const PEOPLE: usize = 256;
/// Nobody is asked more than three times in so many seconds.
const WINDOW: i64 = 301;
/// How many messages are verified and signed in one go.
const MESSAGES: u32 = 512;
const PASSWORD: &str = "correct horse battery";

/// People with a phone, each with a browser that knows him.
pub struct Phones(Vec<Arc<Owner>>);

struct Owner {
    browser: Browser,
    login: String,
    phone: Phone,
}

/// A decision that a person has made and a phone has signed.
struct Decided {
    owner: Arc<Owner>,
    ceremony: Id<CeremonyRow>,
    posted: Posted,
}

impl Phones {
    /// # Errors
    /// The engine refuses them.
    pub async fn new(town: &Town) -> anyhow::Result<Self> {
        let mut owners = Vec::new();
        for number in 0..PEOPLE {
            let owner = Owner::registered(town, number).await;
            owners.push(Arc::new(owner.with_context(|| format!("phone {number} is not registered"))?));
        }
        Ok(Self(owners))
    }

    /// Everybody is asked and approves once.
    ///
    /// # Errors
    /// An approval is refused, or is none.
    pub async fn round(&self, town: &Town, spent: &mut Spent) -> anyhow::Result<()> {
        town.advance(WINDOW).await?;
        let mut decided = Vec::new();
        for owner in &self.0 {
            decided.push(Arc::new(owner.decided(town).await?));
        }
        let of_town = town.clone();
        spent.on_each(decided.clone(), move |decided| sent(of_town.clone(), decided)).await?;
        let town = town.clone();
        each(decided, move |decided| fetched(town.clone(), decided)).await
    }
}

async fn sent(town: Town, decided: Arc<Decided>) -> anyhow::Result<()> {
    let (path, posted) = (PushDecision::PATH, decided.posted.clone());
    let address = decided.owner.browser.address;
    let request = DeviceRequest { method: PushDecision::METHOD, path, posted, address };
    match town.engine.answer_device(&request).await? {
        DeviceReply::Statement(_) => Ok(()),
        other => bail!("an approval led to {other:?}"),
    }
}

/// The browser gets what the phone approved.
async fn fetched(town: Town, decided: Arc<Decided>) -> anyhow::Result<()> {
    match town.engine.claim(&decided.owner.browser.claimant, decided.ceremony).await? {
        Progress::Ready => Ok(()),
        other => bail!("what a phone approved led to {other:?}"),
    }
}

impl Owner {
    /// Somebody who has registered a phone in the portal, and has signed in with it once in his browser.
    async fn registered(town: &Town, number: usize) -> anyhow::Result<Self> {
        let login = format!("owner{number}");
        let person = town.person(&login).await?;
        town.engine.set_password(person.id, PASSWORD).await?;
        let mut browser = Browser::new(town, number);
        let phone = Phone::new(town, browser.address);
        let portal = town.sign_in(&browser, None).await?;
        password(town, &browser, portal, &login).await?;
        let engine = &town.engine;
        let opened = engine.finish_into_session(&browser.claimant, portal, IsIt::Unasked, None).await?;
        let (secret, session) = (&opened.secret, &opened.session);
        let wizard = engine.begin_enrolment(secret, session, town.origin(&browser), "device").await?;
        let code = phone.register(&qr_code(&wizard)?).await?;
        engine.answer(secret, wizard.id, json!({ "code": code })).await?;
        let shown = engine.view(secret, wizard.id).await?;
        phone.approve(&number_of(&shown)?).await?;
        let sign_in = town.sign_in(&browser, None).await?;
        let begun = engine.begin(&browser.claimant, sign_in, "qr", "").await?;
        let typed = phone.scan(&Ticket::from_scan(&qr_code(&begun)?)?).await?;
        engine.answer(&browser.claimant, begun.id, json!({ "code": typed })).await?;
        let opened = engine.finish_into_session(&browser.claimant, sign_in, IsIt::Confirmed, None).await?;
        browser.known = Some(opened.known.context("the browser does not become a known one")?);
        Ok(Self { browser, login, phone })
    }

    /// The password is typed, the phone asked, and the person has decided.
    async fn decided(self: &Arc<Self>, town: &Town) -> anyhow::Result<Decided> {
        let sign_in = town.sign_in(&self.browser, Some(Acr::MultiFactor)).await?;
        password(town, &self.browser, sign_in, &self.login).await?;
        let shown = town.engine.begin(&self.browser.claimant, sign_in, "push", "").await?;
        let posted = self.phone.signed(town, &number_of(&shown)?).await?;
        Ok(Decided { owner: Arc::clone(self), ceremony: shown.id, posted })
    }
}

impl Phone {
    /// What this phone sends to approve what waits for it.
    async fn signed(&self, town: &Town, number: &str) -> anyhow::Result<Posted> {
        let account = self.account()?;
        let waiting = self.app.pending(&account).await?;
        let claimed = waiting.first().context("nothing waits for the phone")?;
        let decision = PushDecision(Decision {
            ceremony: claimed.context().ceremony,
            context: Octets(self.app.crypto().hash.sha256(claimed.message().as_bytes())),
            decision: Verdict::Approve,
            account: account.id,
            number: Some(number.to_owned()),
        });
        let signer = Signer::of(self.app.crypto(), &account)?;
        let message = signer.sign(&signer.claims(town.clock.now().0, decision))?;
        let pin_proof = Some(signer.pin_proof(PIN, PushDecision::TYP, &message));
        Ok(Posted { message, mac: None, pin_proof })
    }

    /// Approves what waits, with the number of the portal.
    async fn approve(&self, number: &str) -> anyhow::Result<()> {
        let waiting = self.app.pending(&self.account()?).await?;
        let first = waiting.first().context("nothing waits for the new phone")?;
        self.app.decide(first, &Answer::new(Verdict::Approve).number(number).pin(PIN)).await?;
        Ok(())
    }

    /// Approves the sign-in of a ticket, and returns the digits for the browser.
    async fn scan(&self, ticket: &Ticket) -> anyhow::Result<String> {
        let claimed = self.app.claim(&self.account()?, ticket).await?;
        match self.app.decide(&claimed, &Answer::new(Verdict::Approve).pin(PIN)).await?.prompt {
            Some(Prompt::ShowCode { code }) => Ok(code),
            other => bail!("no digits to show: {other:?}"),
        }
    }
}

async fn password(town: &Town, browser: &Browser, id: Id<SignInRow>, login: &str) -> anyhow::Result<()> {
    let value = json!({ "password": PASSWORD });
    town.engine.answer_form(&browser.claimant, id, "password", login, value).await?;
    Ok(())
}

fn qr_code(view: &CeremonyView) -> anyhow::Result<String> {
    match &view.prompt {
        Some(Prompt::ShowQr { payload, .. } | Prompt::OfferEnrolment { payload: Some(payload), .. }) => {
            Ok(payload.clone())
        }
        other => bail!("no QR code: {other:?}"),
    }
}

fn number_of(view: &CeremonyView) -> anyhow::Result<String> {
    match &view.prompt {
        Some(Prompt::ShowNumber { number, .. }) => Ok(number.clone()),
        other => bail!("no number: {other:?}"),
    }
}

/// The two operations with a key that an approval cannot do without: the phone's signature is verified, and the answer is
/// signed.
///
/// # Errors
/// A signature is wrong.
pub fn messages(town: &Town, spent: &mut Spent) -> anyhow::Result<()> {
    let signatures = &town.engine.crypto().signatures;
    let key = signatures.load(Algorithm::Es256, &signatures.generate(Algorithm::Es256)?)?;
    let message = b"a message as long as a decision is".repeat(12);
    let signature = key.sign(&message)?;
    spent.on(MESSAGES, || {
        for _ in 0..MESSAGES {
            signatures.verify(Algorithm::Es256, key.public(), &message, &signature)?;
            key.sign(&message)?;
        }
        Ok(())
    })
}
