//! What is added to an account with a passkey: who approves it, and what attackers try with the passkey's own signatures?

mod attacks;
mod people;

use idp_core::{
    Id,
    clock::Clock as _,
    credential::{CredentialRow, CredentialWrite},
    engine::{Account, Act, CeremonyView},
    methods::otp::Key,
    notify::Notice,
    policy::Acr,
    signin::Origin,
    store::Batch,
    users::User,
};
use idp_protocol::{Octets, Prompt};
use serde_json::json;
use symbolon_tests::{
    Browser, Passkey, Phone, World,
    browser::number_of,
    world::{ISSUER, PASSWORD},
};

const TOKEN: Octets<32> = Octets([9; 32]);

/// Somebody with a passkey, in a browser that has just signed in with it.
struct Alice {
    world: World,
    user: User,
    browser: Browser,
    passkey: Passkey,
}

impl Alice {
    async fn new() -> Self {
        Self::of(&World::with_passkeys().await).await
    }

    async fn of(world: &World) -> Self {
        let user = world.user("alice").await;
        let mut browser = Browser::new(world);
        browser.sign_in("alice").await;
        let mut passkey = Passkey::new(ISSUER, "alice's laptop");
        browser.register(&mut passkey, "Laptop").await.expect("the first is approved by nobody");
        browser.passkey(&passkey).await.expect("signed in");
        Self { world: world.clone(), user, browser, passkey }
    }

    /// The id of her passkey.
    async fn key(&self) -> Id<CredentialRow> {
        self.world.engine.credentials(self.user.id, "passkey").await.unwrap()[0].0.id
    }

    /// How much she can sign in with besides her password.
    async fn bound(&self) -> usize {
        let credentials = self.world.store.credentials(self.user.id).await.unwrap();
        let devices = self.world.engine.devices(self.user.id).await.unwrap();
        credentials.iter().filter(|row| row.kind != "password").count() + devices.len()
    }

    async fn told(&self) -> Vec<Notice> {
        let rows = self.world.store.notices(self.user.id, 50).await.unwrap();
        rows.into_iter().map(|row| row.notice).collect()
    }

    /// Somebody else's browser, with her password and a code of a token of hers.
    async fn relayed_with_a_code(&self) -> Browser {
        let (mut relay, engine) = (Browser::new(&self.world), &self.world.engine);
        let secret = serde_json::to_vec(&Key::own(&TOKEN)).unwrap();
        engine.add_credential(self.user.id, "totp", None, &secret).await.unwrap();
        relay.requirement.acr = Some(Acr::MultiFactor);
        let id = relay.open().await;
        let password = json!({ "password": PASSWORD });
        engine.answer_form(&relay.claimant, id, "password", "alice", password).await.unwrap();
        let key = Key::own(&TOKEN);
        let code = key.code(key.step_at(self.world.clock.now()).unwrap()).unwrap();
        engine.answer_form(&relay.claimant, id, "totp", "", json!({ "code": code })).await.unwrap();
        relay.finish(id, Account::Confirmed).await.unwrap();
        relay
    }

    /// Takes her passkey away, as an administrator or she herself does elsewhere.
    async fn loses_the_passkey(&self) {
        let gone = Batch::new().with(CredentialWrite::Delete(self.key().await));
        let _ = self.world.store.commit(gone).await.unwrap();
    }

    /// A device that the help desk completed for her.
    async fn device_of_the_help_desk(&self) -> Phone {
        let (by, proof) = ("Carol".parse().unwrap(), "staff list".parse().unwrap());
        let act = || Act { by: &by, proof: &proof };
        let engine = &self.world.engine;
        let here = Origin::terminal("help desk", "idp-server");
        let offered =
            engine.offer_by_help_desk(&self.user, here, act()).await.expect("nothing is asked there");
        let Some(Prompt::OfferEnrolment { typed: Some(typed), .. }) = offered.prompt else {
            panic!("{offered:?}")
        };
        let phone = Phone::new(&self.world, "low");
        let code = phone.register(&typed.text).await.unwrap();
        let view = engine.complete_by_help_desk(&self.user, &code, act()).await.unwrap();
        phone.approve_pending(&number_of(&view)).await.unwrap();
        phone
    }
}

fn awaits(view: &CeremonyView) -> bool {
    matches!(view.prompt, Some(Prompt::AskApproval { .. }))
}
