//! How does an identity provider of your own offer sign-in by QR code? It keeps its people and its sessions.
use std::sync::{Arc, Mutex};

use axum::{Json, Router, extract::Path, middleware, response::IntoResponse, routing::post};
use idp_core::{
    Claimant, Id, Refusal, Time,
    engine::{Account, Engine, NewSignIn, Parts},
    evidence::{Evidence, Factor},
    seal::Kek,
    session::{SessionName, SignedIn},
    signin::{Ask, SignInRow},
    store::{Answer, Users},
    users::User,
};
use serde_json::{Value, json};
use symbolon_axum::{Proxies, Visitor, Web, cookies::Cookies, errors::Trouble};
use symbolon_sqlx::{Db, Options};

/// Your own sessions.
static SESSIONS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Your own user table.
struct People(Vec<User>);

impl Users for People {
    fn user(&self, id: Id<User>) -> Answer<'_, Option<User>> {
        Box::pin(async move { Ok(self.0.iter().find(|user| user.id == id).cloned()) })
    }
    fn user_by_login(&self, login: &str) -> Answer<'_, Option<User>> {
        Box::pin(std::future::ready(Ok(self.0.iter().find(|user| user.login == login).cloned())))
    }
}

/// What you serve: endpoints of your own, and Symbolon's for devices and for the pages of a ceremony.
///
/// # Errors
/// Those of the store.
pub async fn router(issuer: &str, store: &str) -> anyhow::Result<Router> {
    let ann = User::new(Id::from_bytes([1; 16]), "ann", Time(0));
    let db = Arc::new(Db::open(store, Options::default()).await?);
    let kek = Kek { number: 1, key: [7; 32].into() }; // yours, from a safe place
    let people = Arc::new(People(vec![ann.clone()]));
    let parts = Parts::new(db, people, symbolon_aws_lc::crypto(), kek, issuer);
    let web = Web::new(Arc::new(Engine::start(parts).await?));
    let (w1, w2, w3) = (web.clone(), web.clone(), web.clone());
    let yours = Router::new()
        .route("/devices", post(move |visitor, password: String| add_device(w1, ann.id, visitor, password)))
        .route("/login", post(move |visitor| login(w2, visitor)))
        .route("/login/{id}/{answer}", post(move |visitor, id| done(w3, visitor, id)))
        .with_state(web.clone())
        .merge(symbolon_axum::ceremony_router(web.clone()))
        .merge(symbolon_axum::device_router(web.engine().clone()));
    Ok(yours.layer(middleware::from_fn_with_state(Proxies::none(), symbolon_axum::client_address)))
}

/// After your own first factor a device is added. Your page goes on with `/ceremony/{id}`.
async fn add_device(
    web: Web,
    user: Id<User>,
    visitor: Visitor,
    password: String,
) -> Result<impl IntoResponse, Trouble> {
    let (engine, secret) = (web.engine(), Claimant::random(web.engine().crypto()));
    if password != "open sesame" {
        return Err(Trouble(Refusal::Wrong.into()));
    }
    let ledger = [Evidence::of_embedder(user, Factor::Knowledge, engine.now())];
    let session = SignedIn {
        user,
        ledger: &ledger,
        session: SessionName::Embedders([0; 16]),
        expires_at: engine.now() + 3_600,
    };
    let view = engine.begin_enrolment(&secret, session, visitor.origin(engine), "device").await?;
    Ok((Cookies(vec![web.cookies().claimant(&secret)]), Json(view)))
}

/// A browser begins a sign-in. Your page goes on with `/ceremony/begin`.
async fn login(web: Web, visitor: Visitor) -> Result<impl IntoResponse, Trouble> {
    let secret = Claimant::random(web.engine().crypto());
    let ask = Ask::of("Your application", "app", visitor.origin(web.engine()));
    let id = web.engine().open_sign_in(&secret, NewSignIn::of(ask)).await?;
    Ok((Cookies(vec![web.cookies().claimant(&secret)]), Json(json!({ "sign_in": id }))))
}

/// The sign-in is finished, after "is it you?" if the progress was `confirm`: it becomes a session of yours.
async fn done(
    web: Web,
    visitor: Visitor,
    Path((id, answer)): Path<(Id<SignInRow>, String)>,
) -> Result<Json<Value>, Trouble> {
    let account = if answer == "it-is-me" { Account::Confirmed } else { Account::Unasked };
    let verified = web.engine().finish(visitor.initiator()?, id, account).await?.verified;
    SESSIONS.lock().map(|mut sessions| sessions.push(verified.user().login.clone())).unwrap_or_default();
    Ok(Json(json!({ "user": verified.user().login, "acr": verified.acr(), "amr": verified.amr() })))
}
