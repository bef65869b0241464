//! Does the binding rule hold for every form that binds, replaces, resets or removes what somebody signs in with?

use std::collections::BTreeSet;

use idp_core::{
    Id,
    credential::CredentialRow,
    device::{DeviceRow, DeviceState, DeviceWrite, Facts},
    methods::otp::{HashFunction, Key, MovingFactor},
    seal::Sealed,
    store::Batch,
};
use idp_protocol::{Octets, P256Key, crypto::Algorithm};
use idp_server::{
    portal::Action,
    routes::{BINDING, HARMLESS},
};

use crate::{passkeys, server::Server};

/// The source of the route table: a router does not say what is in it.
const ROUTES: &str = include_str!("../../src/routes.rs");

/// The forms under `/account` as the route table has them, each action of a device apart.
fn forms() -> BTreeSet<String> {
    let routes = ROUTES.split(".route(").skip(1).filter(|route| route.contains("post("));
    let paths =
        routes.filter_map(|route| route.split('"').nth(1)).filter(|path| path.starts_with("/account"));
    let named = |path: &str| Action::ALL.map(|action| path.replace("{action}", action.name()));
    paths.flat_map(named).collect()
}

#[test]
fn every_form_of_the_account_pages_is_said_to_bind_or_to_be_harmless() {
    let listed: Vec<&str> = BINDING.into_iter().chain(HARMLESS).collect();
    let known: BTreeSet<String> = listed.iter().map(|path| (*path).to_owned()).collect();
    assert_eq!(known.len(), listed.len(), "none is in both lists");
    assert_eq!(forms(), known);
}

/// A device of alice's, past its enrolment.
pub async fn device(server: &Server, state: DeviceState) -> Id<DeviceRow> {
    let crypto = server.app.engine().crypto();
    let pkcs8 = crypto.signatures.generate(Algorithm::Es256).unwrap();
    let key = crypto.signatures.load(Algorithm::Es256, &pkcs8).unwrap();
    let key = P256Key::try_from(key.public()).unwrap();
    let now = server.app.engine().now();
    let facts = Facts {
        name: "Phone".to_owned(),
        platform: "Test".to_owned(),
        signing_key: key,
        agreement_key: key,
        enrolment: Octets([0; 16]),
        address: "192.0.2.7".to_owned(),
        place: "home".to_owned(),
        has_pin: true,
        activated_at: Some(now),
        assurance: idp_core::evidence::Assurance::Usual,
        stopped_at: None,
        pin_locked: state == DeviceState::Suspended,
    };
    let row = DeviceRow {
        id: Id::random(crypto),
        user: server.user.id,
        thumbprint: key.thumbprint(crypto),
        state,
        revision: 0,
        created_at: now,
        seen_at: now,
        facts,
        secrets: Sealed(Vec::new()),
    };
    let id = row.id;
    let batch = Batch::new().with(DeviceWrite::Insert(row));
    let _ = server.app.engine().store().commit(batch).await.unwrap();
    id
}

/// A token of alice's.
async fn token(server: &Server) -> Id<CredentialRow> {
    let key = Key::new(vec![7; 20], HashFunction::Sha1, 6, MovingFactor::Counter(0)).unwrap();
    let secret = serde_json::to_vec(&key).unwrap();
    server.app.engine().add_credential(server.user.id, "hotp", None, &secret).await.unwrap()
}

/// What alice can sign in with, and what is under way.
async fn standing(server: &Server) -> (Vec<DeviceRow>, Vec<CredentialRow>, usize) {
    let (store, user) = (server.app.engine().store(), server.user.id);
    let under_way = store.open_ceremonies(user, server.app.engine().now()).await.unwrap().len();
    (store.devices(user).await.unwrap(), store.credentials(user).await.unwrap(), under_way)
}

/// What alice has besides the password. Each alone must be enough for every form: so no other one decides.
#[derive(Default)]
struct Has {
    devices: Vec<Id<DeviceRow>>,
    passkey: Option<Id<CredentialRow>>,
    token: Option<Id<CredentialRow>>,
}

impl Has {
    /// The form of each thing that she has, or the form itself where it is about none.
    fn forms(&self, path: &str) -> Vec<String> {
        let about = |id: String| path.replace("{id}", &id);
        match path {
            path if !path.contains("{id}") => vec![path.to_owned()],
            path if path.contains("/passkeys/") => {
                self.passkey.iter().map(|id| about(id.to_string())).collect()
            }
            path if path.contains("/tokens/") => self.token.iter().map(|id| about(id.to_string())).collect(),
            _ => self.devices.iter().map(|id| about(id.to_string())).collect(),
        }
    }
}

/// Sends every binding form with a session that a password alone opened.
async fn refused_on_every_form(server: &Server, has: &Has) {
    let (cookie, _) = server.sign_in().await;
    let before = standing(server).await;
    let form = [("password", "a sentence that nobody else would type"), ("name", "Mine")];
    for path in BINDING.iter().flat_map(|path| has.forms(path)) {
        let answer = server.visit(&path, &cookie, Some(&form)).await;
        // Where nothing else could confirm a device, there is no sign-in to be led to.
        if path.ends_with("/confirm") && has.token.is_none() && answer.status() == 400 {
            assert_eq!(standing(server).await, before, "{path} changed something");
            continue;
        }
        assert_eq!(answer.status(), 303, "{path}");
        let to = answer.headers()["location"].to_str().unwrap();
        // That an active device shall be active changes nothing, and needs no refusal.
        assert!(to.starts_with("/login?id=") || to == "/account", "{path}: {to}");
        assert_eq!(standing(server).await, before, "{path} changed something");
        assert!(to != "/account" || path.ends_with("/activate"), "{path} was not refused");
    }
}

#[tokio::test]
async fn a_phished_password_is_refused_on_every_form_that_binds() {
    let server = Server::at_localhost().await;
    let active = device(&server, DeviceState::Active).await;
    let suspended = device(&server, DeviceState::Suspended).await;
    refused_on_every_form(&server, &Has { devices: vec![active, suspended], ..Has::default() }).await;
}

#[tokio::test]
async fn a_phished_password_is_refused_on_every_form_that_binds_beside_a_passkey() {
    let server = Server::at_localhost().await;
    let passkey = Some(passkeys::registered(&server).await);
    refused_on_every_form(&server, &Has { passkey, ..Has::default() }).await;
}

#[tokio::test]
async fn a_phished_password_is_refused_on_every_form_that_binds_beside_a_token() {
    let server = Server::at_localhost().await;
    let token = Some(token(&server).await);
    refused_on_every_form(&server, &Has { token, ..Has::default() }).await;
}

#[tokio::test]
async fn a_phished_password_is_refused_on_every_form_that_binds_and_confirms_no_device() {
    let server = Server::at_localhost().await;
    let low = device(&server, DeviceState::Active).await;
    let store = server.app.engine().store();
    let mut row = store.device(low).await.unwrap().unwrap();
    (row.facts.assurance, row.revision) = (idp_core::evidence::Assurance::Low, row.revision + 1);
    let _ = store.commit(Batch::new().with(DeviceWrite::Update(row))).await.unwrap();
    let token = Some(token(&server).await);
    refused_on_every_form(&server, &Has { devices: vec![low], token, ..Has::default() }).await;
}

#[tokio::test]
async fn a_phished_password_is_refused_on_every_form_that_binds_after_wrong_pins_stopped_the_device() {
    let server = Server::at_localhost().await;
    let stopped = device(&server, DeviceState::Suspended).await;
    refused_on_every_form(&server, &Has { devices: vec![stopped], ..Has::default() }).await;
}

#[tokio::test]
async fn an_action_that_is_in_no_list_is_nothing() {
    let server = Server::start().await;
    let active = device(&server, DeviceState::Active).await;
    let (cookie, _) = server.sign_in().await;
    let answer = server.visit(&format!("/account/devices/{active}/dance"), &cookie, Some(&[])).await;
    assert_eq!(answer.status(), 404);
}

/// The page says what is missing, and no round of sign-ins begins that could not end well.
#[tokio::test]
async fn the_owner_of_a_device_of_the_help_desk_reads_what_confirming_it_takes() {
    let server = Server::at_localhost().await;
    let store = server.app.engine().store();
    let id = device(&server, DeviceState::Active).await;
    let mut row = store.device(id).await.unwrap().unwrap();
    row.facts.assurance = idp_core::evidence::Assurance::Low;
    row.revision += 1;
    let _ = store.commit(Batch::new().with(DeviceWrite::Update(row))).await.unwrap();
    let (cookie, _) = server.sign_in().await;
    let path = format!("/account/devices/{id}/confirm");
    let home = server.visit("/account", &cookie, None).await.text().await.unwrap();
    assert!(home.contains(&format!("href=\"{path}\"")), "{home}");
    let asked = server.visit(&path, &cookie, None).await;
    assert!(asked.text().await.unwrap().contains("not with this device"));
    let refused = server.visit(&path, &cookie, Some(&[])).await;
    assert_eq!(refused.status(), 400);
    assert!(refused.text().await.unwrap().contains("another device, a passkey or a one-time code"));
    let row = store.device(id).await.unwrap().unwrap();
    assert_eq!(row.facts.assurance, idp_core::evidence::Assurance::Low);
}
