//! What does a service provider hear that asked for the end of a session, and on which way (SAML core, 3.7.3.2)?
//!
//! `Success` where the sessions that it meant are over, also if they were over before. With `PartialLogout` inside where
//! somebody else may not know of it; it stays `Success` outside, because service providers that read `Responder` there keep
//! their own session, and that of the person who asked is the last one that should live on. `UnknownPrincipal` where it never
//! was told the name: to say `Success` would tell it that somebody is signed out of whom nobody knows anything.

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse as _, Redirect, Response},
};
use idp_core::{Fault, Id, session::SessionRow};
use serde::{Deserialize, Serialize};
use symbolon_axum::Visitor;
use symbolon_saml::{
    LogoutResponse, LogoutService, Status, binding, post,
    redirect::{self, Parameter},
    status,
};
use zeroize::Zeroizing;

use super::{arrival::Asked, by_browser, head, signer, with_query, written};
use crate::{
    App,
    pages::{Asked as Query, FormPost, Frame},
    saml::{
        provider::Provider,
        request::{BadRequest, Unanswered},
        respond, sso,
    },
    sign_out::{Leaving, Which, unreached},
    text::Language,
};

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum How {
    /// The sessions that were meant are over.
    Over,
    /// The service provider never heard of the name.
    Unknown,
    /// The name is encrypted.
    Encrypted,
}

impl How {
    pub(super) fn of(asked: &Asked, ended: Option<&[Id<SessionRow>]>) -> Self {
        match (&asked.name, ended) {
            (None, _) => Self::Encrypted,
            (Some(_), None) => Self::Unknown,
            (Some(_), Some(_)) => Self::Over,
        }
    }
}

/// A request, and how it ended.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Outcome {
    pub asked: Asked,
    pub how: How,
}

impl Outcome {
    /// What was asked, if a service provider did.
    pub(super) fn read(leaving: &Leaving) -> Option<Self> {
        let asked_by = leaving.asked_by.as_ref()?;
        Self::deserialize(&asked_by.data).ok()
    }
}

/// The answer, for a service provider.
pub(super) async fn message(
    app: &App,
    leaving: &Leaving,
    outcome: &Outcome,
    destination: Option<&str>,
) -> Result<LogoutResponse, Fault> {
    let status = match outcome.how {
        How::Over if unreached(app, Language::default(), leaving).await?.is_empty() => Status::success(),
        How::Over => Status::failed(status::SUCCESS, status::PARTIAL_LOGOUT),
        How::Unknown => Status::failed(status::REQUESTER, status::UNKNOWN_PRINCIPAL),
        How::Encrypted => Status::failed(status::RESPONDER, status::REQUEST_UNSUPPORTED),
    };
    Ok(LogoutResponse {
        head: head(app, destination),
        in_response_to: Some(outcome.asked.id.clone()),
        status,
    })
}

/// `GET /saml/slo/answer`: back to the service provider that asked. It may come again, and says the same; whoever was told
/// meanwhile is left out of what is partial.
pub async fn answer(State(app): State<App>, visitor: Visitor, Query(which): Query<Which>) -> Response {
    let t = Language::of(&visitor);
    let answered = async {
        let leaving = Leaving::open(&app, &which.leaving).await?;
        let Some(outcome) = Outcome::read(&leaving) else {
            return nowhere(&app, &visitor, leaving, BadRequest::Nothing).await;
        };
        let provider = app.saml().providers().find(&outcome.asked.provider, app.engine().now()).await?;
        let service = provider.as_ref().and_then(|it| by_browser(it, Some(&outcome.asked.binding)));
        let Some((provider, service)) = provider.zip(service) else {
            return nowhere(&app, &visitor, leaving, BadRequest::Consumer).await;
        };
        Ok(sent(&app, t, &provider, &service, &leaving, &outcome).await?)
    };
    match answered.await {
        Ok(response) => response,
        Err(unanswered) => sso::told(&app, &visitor, unanswered).await,
    }
}

/// Nobody takes an answer. A session that goes on is not forgotten here: any page can make a browser open this address.
async fn nowhere(
    app: &App,
    visitor: &Visitor,
    leaving: Leaving,
    why: BadRequest,
) -> Result<Response, Unanswered> {
    match visitor.session(app.engine()).await? {
        Some(_) => Err(why.into()),
        None => Ok(leaving.said(app, visitor).await?),
    }
}

async fn sent(
    app: &App,
    t: Language,
    provider: &Provider,
    service: &LogoutService,
    leaving: &Leaving,
    outcome: &Outcome,
) -> Result<Response, Fault> {
    let to = service.answers();
    let message = message(app, leaving, outcome, Some(to)).await?;
    let signer = signer(app, provider).await?;
    let relay_state = outcome.asked.relay_state.as_deref();
    if service.binding == binding::POST {
        let text = written(message.write(Some(&signer)))?;
        return Ok(form(app, t, to, "SAMLResponse", &text, relay_state));
    }
    let query =
        redirect::write(Parameter::Response, &written(message.write(None))?, relay_state, Some(&signer));
    Ok(address(&with_query(to, &written(query)?)))
}

/// A message in an address: it must not travel on in `Referer`, nor stay in a cache.
pub(super) fn address(to: &str) -> Response {
    let headers = [(header::CACHE_CONTROL, "no-store"), (header::REFERRER_POLICY, "no-referrer")];
    (headers, Redirect::to(to)).into_response()
}

/// A message in a form.
pub(super) fn form(
    app: &App,
    t: Language,
    to: &str,
    name: &'static str,
    text: &str,
    relay_state: Option<&str>,
) -> Response {
    let relay_state = relay_state.map(|state| ("RelayState", Zeroizing::new(state.to_owned())));
    let fields = [(name, Zeroizing::new(post::encode(text)))].into_iter().chain(relay_state).collect();
    let url = url::Url::parse(to).ok();
    let host = url.as_ref().and_then(url::Url::host_str).unwrap_or_default().to_owned();
    let page = FormPost { frame: Frame::new(app, t), host, action: to.to_owned(), fields };
    page.answer(respond::origin(to).unwrap_or_default())
}
