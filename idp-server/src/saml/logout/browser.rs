//! What happens to a browser that a service provider sends, to be signed out or on its way back from being told?

use axum::{
    body::Bytes,
    extract::{RawQuery, State},
    response::{IntoResponse as _, Redirect, Response},
};
use symbolon_axum::Visitor;

use super::{
    answer::{How, Outcome},
    arrival::{self, Asked},
    ending,
    visit::{self, Came},
};
use crate::{
    App, carried,
    oidc::params::Params,
    routes,
    saml::{
        Saml,
        request::{BadRequest, Unanswered},
        sso,
    },
    sign_out::{Leaving, here},
    text::Language,
};
use symbolon_saml::binding;

/// The parameters of what came in a form.
const REQUEST: &str = "request";
const CAME: &str = "came";
/// An answer that is nothing.
const STRAY: &str = "stray";

/// `GET /saml/slo`: a request or an answer by HTTP-Redirect, or what came in a form.
pub async fn ask(State(app): State<App>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    let answered = async {
        let params = Params::parse(query.as_bytes());
        let one = |name| params.one(name).map_err(|_| BadRequest::Nothing);
        if let Some(sealed) = one(REQUEST)? {
            return sign_out(&app, &visitor, carried::open(&app, sealed).await?).await;
        }
        if one(CAME)?.is_some() || one("SAMLResponse")?.is_some() {
            return came_back(&app, &visitor, &params, &query).await;
        }
        let (_, asked) = arrival::from_query(&app, &query).await?;
        sign_out(&app, &visitor, asked).await
    };
    match answered.await {
        Ok(response) => response,
        Err(unanswered) => sso::told(&app, &visitor, unanswered).await,
    }
}

/// An answer. Whoever brings one that is nothing is not left before a closed door, if his session just ended.
async fn came_back(
    app: &App,
    visitor: &Visitor,
    params: &Params,
    query: &str,
) -> Result<Response, Unanswered> {
    let one = |name| params.one(name).map_err(|_| BadRequest::Nothing);
    let gone_on = async {
        let came = match one(CAME)? {
            Some(sealed) => Came::open(app, sealed).await?,
            None => Came::from_query(app, query, one("RelayState")?).await?,
        };
        visit::go_on(app, visitor, came).await
    };
    match gone_on.await {
        Err(Unanswered::Page(reason)) => {
            tracing::info!(%reason, "an answer of a service provider to a logout was not believed");
            visit::stray(app, visitor).await?.ok_or(Unanswered::Page(reason))
        }
        answered => answered,
    }
}

/// `POST /saml/slo`: the same by HTTP-POST. A form of another site brings no cookie of ours (`SameSite`), the GET that follows
/// does. What it says is checked here, where its signature is, and travels on sealed; nothing is stored for it.
pub async fn ask_by_form(State(app): State<App>, visitor: Visitor, form: Bytes) -> Response {
    let parked = async {
        let params = Params::parse(&form);
        let is_answer = params.one("SAMLResponse").map_err(|_| BadRequest::Nothing)?.is_some();
        let (name, sealed) = if is_answer {
            match Came::from_form(&app, &form).await {
                Ok(came) => (CAME, carried::seal_short(&app, &came)?),
                // The page that follows sees whose browser it is, and this one does not.
                Err(Unanswered::Page(_)) => (CAME, Some(STRAY.to_owned())),
                Err(trouble) => return Err(trouble),
            }
        } else {
            let (_, asked) = arrival::from_form(&app, &form).await?;
            (REQUEST, carried::seal_short(&app, &asked)?)
        };
        let sealed = sealed.ok_or(BadRequest::Long)?;
        Ok(Redirect::to(&format!("{}?{name}={sealed}", routes::SAML_SLO)).into_response())
    };
    match parked.await {
        Ok(response) => response,
        Err(unanswered) => sso::told(&app, &visitor, unanswered).await,
    }
}

/// A request that was checked. A repeat ends nothing more, and leads the same way.
async fn sign_out(app: &App, visitor: &Visitor, asked: Asked) -> Result<Response, Unanswered> {
    let ended = match &asked.name {
        Some(name) => ending::end(app, &asked, name).await?,
        None => None,
    };
    let is_form = asked.binding == binding::POST;
    let how = How::of(&asked, ended.as_deref());
    let ended = ended.unwrap_or_default();
    let session = here(app, visitor).await?.map(|row| row.id).filter(|id| ended.contains(id));
    let elsewhere = ended.into_iter().filter(|id| Some(*id) != session).collect();
    let data = serde_json::to_value(Outcome { asked, how }).map_err(idp_core::Fault::from)?;
    let leaving = Leaving { elsewhere, ..Leaving::of(app, session) }.asked_by(&Saml, data);
    let t = Language::of(visitor);
    Ok(match session {
        // The session of this browser was not meant: its cookie stays, and nobody is visited for it.
        None => Redirect::to(&leaving.address(app, routes::SAML_SLO_ANSWER).await?).into_response(),
        Some(_) if is_form => leaving.answer_to_form(app, t).await?,
        Some(_) => leaving.answer(app, t).await?,
    })
}
