//! Does the person agree that an application learns something, and how long is that remembered?
//!
//! The question is bound to the session that it was asked in: one from elsewhere (somebody's link to his own request) is
//! not answered here.

use askama::Template;
use axum::{
    Extension,
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use idp_core::users::User;
use symbolon_axum::{SignedIn, Visitor, headers::FormTargets};

use super::{
    allowed::{self, Allowed},
    authorize,
    client::{Client, Consent, WebUri},
    request::{AuthorizationRequest, Code, RESOURCE, Unanswered},
    respond::{self, Signed},
};
use crate::{
    App,
    carried::{self, Answer, Asks, Choice, Which},
    pages::{self, Asked, Frame, Sent},
    routes,
    text::Language,
};

impl Asks for AuthorizationRequest {
    const KIND: &'static str = "consent";
    const PAGE: &'static str = routes::CONSENT;
}

/// Whether the person has to be asked, for what is allowed already.
pub(super) fn is_needed(client: &Client, request: &AuthorizationRequest, allowed: &Allowed) -> bool {
    if request.ask_consent {
        return true;
    }
    let covers = |scope: &String| allowed.scopes.contains(scope);
    client.registration.terms.consent == Consent::Ask && !request.asks.learns().iter().all(covers)
}

#[derive(Template)]
#[template(path = "consent.html")]
struct Page {
    frame: Frame,
    client: String,
    scopes: Vec<String>,
    name: String,
    login: String,
    links: Vec<Link>,
    question: String,
}

/// A page of the application's own, about what it does (OpenID Connect Dynamic Client Registration 1.0, 2). Its picture is
/// not shown: pages of ours load nothing of others, and anybody's could be that of a bank.
struct Link {
    href: String,
    label: String,
    host: String,
}

fn links(t: Language, client: &Client) -> Vec<Link> {
    let metadata = &client.registration.metadata;
    let named = [("consent-policy", &metadata.policy_uri), ("consent-terms", &metadata.tos_uri)];
    let link = |(label, uri): (&str, &Option<WebUri>)| {
        let href = uri.as_ref()?.as_str().to_owned();
        let host = url::Url::parse(&href).ok()?.host_str()?.to_owned();
        Some(Link { href, label: t.say(label), host })
    };
    named.into_iter().filter_map(link).collect()
}

/// `GET /oauth2/consent`.
pub async fn page(State(app): State<App>, visitor: Visitor, Asked(which): Asked<Which>) -> Response {
    let shown = async {
        let (request, signed_in) =
            carried::asked::<AuthorizationRequest>(&app, &visitor, &which.question).await?;
        let t = Language::of(&visitor.wishing(&request.ui_locales));
        let client = authorize::client_of(&app, &request).await?;
        Ok(show(&app, t, which.question, &request, &client, &signed_in.user))
    };
    match shown.await {
        Ok(response) => response,
        Err(unanswered) => authorize::told(&app, &visitor, &unanswered).await,
    }
}

fn show(
    app: &App,
    t: Language,
    sealed: String,
    request: &AuthorizationRequest,
    client: &Client,
    user: &User,
) -> Response {
    let page = Page {
        frame: Frame::new(app, t),
        client: client.name(t).to_owned(),
        scopes: request.asks.learns().iter().map(|scope| in_words(t, scope)).collect(),
        name: user.display_name().to_owned(),
        login: user.login.clone(),
        links: links(t, client),
        question: sealed,
    };
    // Whatever the answer, the form ends at the client's registered address.
    let target = client.redirect_uri(&request.return_to.redirect_uri).map(|uri| uri.returns_to().to_owned());
    let targets = FormTargets(target.into_iter().collect());
    (Extension(targets), pages::render(StatusCode::OK, &page)).into_response()
}

/// What a scope lets an application learn.
pub(crate) fn in_words(t: Language, scope: &str) -> String {
    match scope {
        "openid" => t.say("consent-openid"),
        "profile" => t.say("consent-profile"),
        "email" => t.say("consent-email"),
        "address" => t.say("consent-address"),
        "phone" => t.say("consent-phone"),
        "offline_access" => t.say("consent-offline"),
        scope if scope.starts_with(RESOURCE) => {
            t.say_with("consent-resource", "resource", scope.trim_start_matches(RESOURCE).to_owned())
        }
        // Of an application's own; it has no other words.
        scope => t.say_with("consent-scope", "scope", scope.to_owned()),
    }
}

/// `POST /oauth2/consent`. It may arrive twice: the consent is the same, and each code works once.
pub async fn decide(State(app): State<App>, visitor: Visitor, Sent(form): Sent<Answer>) -> Response {
    let decided = async {
        let (request, signed_in) =
            carried::asked::<AuthorizationRequest>(&app, &visitor, &form.question).await?;
        let client = authorize::client_of(&app, &request).await?;
        match form.choice {
            Choice::Deny => {
                let why = "the person did not agree";
                Err(Unanswered::Refused(request.return_to, Code::AccessDenied, why))
            }
            Choice::Allow => {
                let consent =
                    allowed::remember(&app, &signed_in.session, &request.client_id, &request.asks.learns())
                        .await?;
                let SignedIn { session, user, .. } = &signed_in;
                let signed = Signed { session, user, consent: Some(consent) };
                let t = Language::of(&visitor.wishing(&request.ui_locales));
                respond::granted(&app, t, &client, &request, signed).await
            }
        }
    };
    match decided.await {
        Ok(response) => response,
        Err(unanswered) => authorize::told(&app, &visitor, &unanswered).await,
    }
}
