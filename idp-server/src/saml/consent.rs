//! Does the person agree that a service provider learns something, and how is it asked?
//!
//! What was allowed is remembered like that of applications of OpenID Connect, attribute by attribute, under a name that none
//! of them has ([`consent_name`]): what somebody allowed an application is not allowed to a service provider of the same name,
//! and it goes when the service provider is removed. The question is bound to the session that it was asked in.

use askama::Template;
use axum::{
    Extension,
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use idp_core::{session::SessionRow, users::User};
use symbolon_axum::{SignedIn, Visitor, headers::FormTargets};
use symbolon_sqlx::provider::consent_name;

use super::{
    assertion::{self, Signed},
    provider::{NameFormat, Provider},
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

impl Asks for SignInRequest {
    const KIND: &'static str = "saml-consent";
    const PAGE: &'static str = routes::SAML_CONSENT;
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
        let (allowed, _) = allowed::of(app, user.id, &consent_name(&provider.entity_id)).await?;
        let covers = |label: &String| allowed.scopes.contains(label);
        if !learns(provider, &request).iter().all(covers) {
            return if request.is_passive {
                Err(request.declined(Failure::Passive))
            } else {
                Ok(carried::ask(app, request, session).await?)
            };
        }
    }
    respond::granted(app, t, provider, &request, Signed { session, user }).await
}

/// What the service provider learns, in short names; first that somebody signed in at all.
fn learns(provider: &Provider, request: &SignInRequest) -> Vec<String> {
    let of_the_name = match request.name {
        NameFormat::Email => Some("mail"),
        NameFormat::Unspecified => Some("uid"),
        NameFormat::Persistent | NameFormat::Transient => None,
    };
    let mut learns: Vec<String> = ["openid"].into_iter().chain(of_the_name).map(str::to_owned).collect();
    for rule in assertion::rules(provider, request) {
        if !learns.iter().any(|label| label == rule.label()) {
            learns.push(rule.label().to_owned());
        }
    }
    learns
}

#[derive(Template)]
#[template(path = "saml_consent.html")]
struct Page {
    frame: Frame,
    provider: String,
    learns: Vec<String>,
    name: String,
    login: String,
    question: String,
}

/// `GET /saml/consent`.
pub async fn page(State(app): State<App>, visitor: Visitor, Asked(which): Asked<Which>) -> Response {
    let shown = async {
        let (request, SignedIn { user, .. }) =
            carried::asked::<SignInRequest>(&app, &visitor, &which.question).await?;
        let provider = request.provider(&app).await?;
        Ok(show(&app, Language::of(&visitor), which.question, &request, &provider, &user))
    };
    match shown.await {
        Ok(response) => response,
        Err(unanswered) => sso::told(&app, &visitor, unanswered).await,
    }
}

fn show(
    app: &App,
    t: Language,
    question: String,
    request: &SignInRequest,
    provider: &Provider,
    user: &User,
) -> Response {
    let in_words = |label: &String| match label.as_str() {
        "openid" => t.say("consent-openid"),
        label => t.say_with("saml-consent-attribute", "name", label.to_owned()),
    };
    // Two names of one thing are one line.
    let mut words: Vec<String> = Vec::new();
    for line in learns(provider, request).iter().map(in_words) {
        if !words.contains(&line) {
            words.push(line);
        }
    }
    let page = Page {
        frame: Frame::new(app, t),
        provider: provider.name(t).to_owned(),
        learns: words,
        name: user.display_name().to_owned(),
        login: user.login.clone(),
        question,
    };
    let targets = FormTargets(respond::origin(&request.to.location).into_iter().collect());
    (Extension(targets), pages::render(StatusCode::OK, &page)).into_response()
}

/// `POST /saml/consent`. It may arrive twice: the consent is the same, and the request is answered once.
pub async fn decide(State(app): State<App>, visitor: Visitor, Sent(form): Sent<Answer>) -> Response {
    let decided = async {
        let (request, SignedIn { session, user, .. }) =
            carried::asked::<SignInRequest>(&app, &visitor, &form.question).await?;
        let provider = request.provider(&app).await?;
        match form.choice {
            Choice::Deny => Err(request.declined(Failure::Denied)),
            Choice::Allow => {
                let learns = learns(&provider, &request);
                allowed::remember(&app, &session, &consent_name(&provider.entity_id), &learns).await?;
                let signed = Signed { session: &session, user: &user };
                respond::granted(&app, Language::of(&visitor), &provider, &request, signed).await
            }
        }
    };
    match decided.await {
        Ok(response) => response,
        Err(unanswered) => sso::told(&app, &visitor, unanswered).await,
    }
}
