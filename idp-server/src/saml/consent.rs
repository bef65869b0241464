//! Does the person agree that a service provider learns something, and how is it asked?
//!
//! What was allowed is remembered like that of applications of OpenID Connect, piece by piece. The question is bound to the
//! session that it was asked in, and to what it asked.

use askama::Template;
use axum::{
    Extension,
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use idp_core::{Fault, session::SessionRow, users::User};
use serde::{Deserialize, Serialize};
use symbolon_axum::{SignedIn, Visitor, headers::FormTargets};
use symbolon_sqlx::provider::{consent_name, named_in_consent};

use super::{
    assertion::Signed,
    learned::{self, Learned},
    provider::Provider,
    request::{Failure, SignInRequest, Unanswered},
    respond, sso,
};
use crate::{
    App,
    carried::{self, Answer, Asks, Choice, Which},
    oidc::{Consent, allowed},
    pages::{self, Asked, Frame, Sent},
    routes,
    text::Language,
};

/// A request, and what its service provider is to learn.
#[derive(Serialize, Deserialize)]
struct Question {
    request: SignInRequest,
    pieces: Vec<String>,
}

impl Asks for Question {
    const KIND: &'static str = "saml-consent";
    const PAGE: &'static str = routes::SAML_CONSENT;
}

impl Question {
    fn new(request: SignInRequest, learns: &[Learned]) -> Self {
        Self { request, pieces: learns.iter().map(|one| one.piece.clone()).collect() }
    }
}

/// The answer to a request that a session is good enough for: an assertion, unless the person has to agree first.
pub(super) async fn then_granted(
    app: &App,
    t: Language,
    provider: &Provider,
    request: SignInRequest,
    (session, user): (&SessionRow, &User),
) -> Result<Response, Unanswered> {
    if provider.terms.consent == Consent::Ask {
        let learns = learned::of(app, provider, &request, user);
        // Under a name of its own: an application of OpenID Connect may be called the same.
        let (allowed, _) = allowed::of(app, user.id, &consent_name(&provider.entity_id)).await?;
        if !learns.iter().all(|one| allowed.scopes.contains(&one.piece)) {
            return if request.is_passive {
                Err(request.declined(Failure::Passive))
            } else {
                Ok(carried::ask(app, Question::new(request, &learns), session).await?)
            };
        }
    }
    respond::granted(app, t, provider, &request, Signed { session, user }).await
}

#[derive(Template)]
#[template(path = "saml_consent.html")]
struct Page {
    frame: Frame,
    provider: String,
    learns: Vec<Line>,
    name: String,
    login: String,
    privacy: Option<String>,
    question: String,
}

/// Something that it learns, on the page.
struct Line {
    label: String,
    values: Vec<String>,
}

/// `GET /saml/consent`.
pub async fn page(State(app): State<App>, visitor: Visitor, Asked(which): Asked<Which>) -> Response {
    let shown = async {
        let (Question { request, pieces }, SignedIn { session, user, .. }) =
            carried::asked::<Question>(&app, &visitor, &which.question).await?;
        let provider = request.provider(&app).await?;
        let learns = learned::of(&app, &provider, &request, &user);
        // The page shows what its answer will be about.
        if learns.iter().any(|one| !pieces.contains(&one.piece)) {
            return Ok(carried::ask(&app, Question::new(request, &learns), &session).await?);
        }
        let frame = Frame::of(&app, &visitor);
        Ok(show(frame, which.question, &request, &provider, (&user, learns)))
    };
    match shown.await {
        Ok(response) => response,
        Err(unanswered) => sso::told(&app, &visitor, unanswered).await,
    }
}

fn show(
    frame: Frame,
    question: String,
    request: &SignInRequest,
    provider: &Provider,
    (user, learns): (&User, Vec<Learned>),
) -> Response {
    let t = frame.t;
    let line = |one: Learned| Line {
        label: learned::in_words(t, &one.piece, &provider.terms.attributes),
        values: one.values,
    };
    let page = Page {
        provider: provider.name(t).to_owned(),
        learns: learns.into_iter().map(line).collect(),
        name: user.display_name().to_owned(),
        login: user.login.clone(),
        privacy: provider.privacy_statement(t).map(str::to_owned),
        frame,
        question,
    };
    let targets = FormTargets(respond::origin(&request.to.location).into_iter().collect());
    (Extension(targets), pages::render(StatusCode::OK, &page)).into_response()
}

/// `POST /saml/consent`. It may arrive twice: the consent is the same, and the request is answered once.
pub async fn decide(State(app): State<App>, visitor: Visitor, Sent(form): Sent<Answer>) -> Response {
    let decided = async {
        let (Question { request, pieces }, SignedIn { session, user, .. }) =
            carried::asked::<Question>(&app, &visitor, &form.question).await?;
        let provider = request.provider(&app).await?;
        match form.choice {
            Choice::Deny => Err(request.declined(Failure::Denied)),
            Choice::Allow => {
                allowed::remember(&app, &session, &consent_name(&provider.entity_id), &pieces).await?;
                // The page may have been open for minutes: what was added meanwhile is asked about.
                then_granted(&app, Language::of(&visitor), &provider, request, (&session, &user)).await
            }
        }
    };
    match decided.await {
        Ok(response) => response,
        Err(unanswered) => sso::told(&app, &visitor, unanswered).await,
    }
}

/// What the list of consents says of one: the service provider's name, and what it learns in words; none if it is that of an
/// application of OpenID Connect.
///
/// # Errors
/// [`Fault`] if the store fails.
pub(crate) async fn listed(
    app: &App,
    t: Language,
    client: &str,
    pieces: &[String],
) -> Result<Option<(String, Vec<String>)>, Fault> {
    let Some(entity_id) = named_in_consent(client) else { return Ok(None) };
    let provider = app.saml().providers().look(entity_id, app.engine().now()).await?;
    let name = provider.as_ref().map_or(entity_id, |provider| provider.name(t)).to_owned();
    let rules = provider.as_ref().map_or(&[][..], |provider| &provider.terms.attributes);
    let words = pieces.iter().map(|piece| learned::in_words(t, piece, rules)).collect();
    Ok(Some((name, words)))
}
