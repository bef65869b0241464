//! How does a person let a device in that has no keyboard, with no authenticator at hand?
//!
//! He types the code that it shows, signs in, sees what asks for what and from where, and decides. The code is typed and
//! never taken from an address: a link that carries it is how such devices are phished (RFC 8628, 5.4). What was found is
//! sealed for the session that decides, so nobody leads another person's session there.

use askama::Template;
use axum::{
    extract::State,
    http::{StatusCode, Uri},
    response::Response,
};
use idp_core::{
    Error, Fault, Id, Refusal, ceremony::CeremonyRow, engine::WaitingDevice, policy::Requirement,
    session::SessionRow, store::BoxFuture, users::User,
};
use idp_protocol::{context::Risk, message::Verdict};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use symbolon_axum::{SignedIn, Visitor, errors};

use crate::{
    App,
    carried::{self, Answer, Asks, Choice, Which},
    interaction::{self, Parked, Protocol, Wanted},
    oidc::{consent::in_words, reach::reachable},
    pages::{self, Asked, Back, Frame, Moment, Sent},
    routes,
    text::Language,
};

#[derive(Template)]
#[template(path = "device_code.html")]
struct CodePage {
    frame: Frame,
    lead: String,
    error: Option<String>,
}

#[derive(Template)]
#[template(path = "device_grant.html")]
struct DecisionPage {
    frame: Frame,
    client: String,
    scopes: Vec<String>,
    user_code: String,
    address: String,
    place: String,
    since: Moment,
    warnings: Vec<String>,
    name: String,
    login: String,
    question: String,
}

/// The device that the question is about.
#[derive(Serialize, Deserialize)]
struct Asking(Id<CeremonyRow>);

impl Asks for Asking {
    const KIND: &'static str = "device-question";
    const PAGE: &'static str = routes::DEVICE_DECISION;
}

/// The form for the code.
#[derive(Deserialize)]
pub struct Typed {
    #[serde(default)]
    code: String,
}

/// `GET /device`, and `GET /D` where the code of a device was opened with a camera: the form for the code. Nothing of the
/// address is looked at.
pub async fn page(State(app): State<App>, visitor: Visitor, uri: Uri) -> Response {
    let t = Language::of(&visitor);
    let scanned = !uri.path().eq_ignore_ascii_case(routes::DEVICE);
    let lead = if scanned { t.say("device-scanned") } else { t.say("device-lead") };
    pages::render(StatusCode::OK, &CodePage { frame: Frame::new(&app, t), lead, error: None })
}

/// `POST /device`.
pub async fn find(State(app): State<App>, visitor: Visitor, Sent(typed): Sent<Typed>) -> Response {
    let found = async {
        let signed_in = visitor.session(app.engine()).await?;
        let user = signed_in.as_ref().map(|signed_in| signed_in.user.id);
        let waiting = app.engine().waiting_device_by_code(&typed.code, visitor.address(), user).await?;
        lead_on(&app, &visitor, signed_in, waiting).await
    };
    match found.await {
        Ok(response) => response,
        Err(error @ Error::Refused(Refusal::NotFound | Refusal::TooMany(_))) => {
            let t = Language::of(&visitor);
            let wrong = match error {
                Error::Refused(Refusal::NotFound) => t.say("device-wrong"),
                ref other => pages::sentence(t, other),
            };
            let (frame, lead) = (Frame::new(&app, t), t.say("device-lead"));
            pages::render(errors::of(&error).status, &CodePage { frame, lead, error: Some(wrong) })
        }
        Err(error) => pages::failure(Frame::of(&app, &visitor), &error),
    }
}

/// To the question if the session is sure enough for it, else to a sign-in first.
async fn lead_on(
    app: &App,
    visitor: &Visitor,
    signed_in: Option<SignedIn>,
    waiting: WaitingDevice,
) -> Result<Response, Error> {
    // A session that was approved for another application only answers for nothing here.
    let serves = |session: &SessionRow| {
        session.facts.only_client.as_ref().is_none_or(|only| *only == waiting.ask.client_id)
    };
    let Some(signed_in) = signed_in.filter(|signed_in| serves(&signed_in.session)) else {
        return park(app, visitor, waiting, None).await;
    };
    let needed = needed(app, &waiting, &signed_in).await?;
    if needed.is_met(&signed_in.session.facts.ledger) {
        return Ok(carried::ask(app, Asking(waiting.ceremony), &signed_in.session).await?);
    }
    park(app, visitor, waiting, Some((signed_in, needed))).await
}

/// What the rules make of the device's request for this person.
async fn needed(app: &App, waiting: &WaitingDevice, signed_in: &SignedIn) -> Result<Requirement, Error> {
    let ask = &waiting.ask;
    let asked = ask.requirement.clone();
    app.engine().required(&ask.client_id, &ask.from, Some(signed_in.user.id), asked).await
}

async fn park(
    app: &App,
    visitor: &Visitor,
    waiting: WaitingDevice,
    stepped_up: Option<(SignedIn, Requirement)>,
) -> Result<Response, Error> {
    let WaitingDevice { ceremony, ask, .. } = waiting;
    let (signed_in, requirement) = stepped_up.unzip();
    let requirement = requirement.unwrap_or(ask.requirement);
    if reachable(&requirement, &[], app.engine().reach(&requirement)).is_none() {
        // No way of a browser's: an authenticator may still be sure enough.
        return Err(Refusal::NotAllowed.into());
    }
    let wanted = Wanted {
        client: ask.client,
        client_id: ask.client_id,
        returns_to: None,
        subject: signed_in.as_ref().map(|signed_in| signed_in.user.id).or(requirement.user),
        requirement,
        // Or what somebody had approved "only for this application" would open all of them after a step-up here.
        opens: ask.opens,
        ledger: signed_in.map(|signed_in| signed_in.session.facts.ledger).unwrap_or_default(),
        login_hint: None,
        languages: String::new(),
    };
    let data = serde_json::to_value(ceremony).map_err(Fault::from)?;
    let parked = Parked { protocol: DeviceGrant.name().to_owned(), data };
    Ok(interaction::park(app, visitor, wanted, parked).await)
}

/// The device grant, as sign-ins know it.
#[derive(Clone, Copy, Debug)]
pub struct DeviceGrant;

impl Protocol for DeviceGrant {
    fn name(&self) -> &'static str {
        "device_grant"
    }

    /// Goes on to the question, which is asked in this session now.
    fn resume<'a>(
        &'a self,
        app: &'a App,
        visitor: &'a Visitor,
        (session, _): (&'a SessionRow, &'a User),
        data: Value,
    ) -> BoxFuture<'a, Response> {
        let ceremony = serde_json::from_value(data).map_err(Fault::from);
        Box::pin(async move {
            let asked = async { carried::ask(app, Asking(ceremony?), session).await };
            match asked.await {
                Ok(response) => response,
                Err(fault) => pages::failure(Frame::of(app, visitor), &fault.into()),
            }
        })
    }

    fn cancelled<'a>(&'a self, _: &'a App, _: &'a Visitor, _: Value) -> BoxFuture<'a, Option<Response>> {
        Box::pin(async { None })
    }
}

/// `GET /device/decision`.
pub async fn ask(State(app): State<App>, visitor: Visitor, Asked(which): Asked<Which>) -> Response {
    let t = Language::of(&visitor);
    let shown = async {
        let (Asking(ceremony), signed_in) = carried::asked(&app, &visitor, &which.question).await?;
        let waiting = app.engine().waiting_device(ceremony, visitor.address()).await?;
        Ok(show(&app, t, which.question, waiting, &signed_in.user))
    };
    shown.await.unwrap_or_else(|error| told(&app, t, &error))
}

fn show(app: &App, t: Language, sealed: String, waiting: WaitingDevice, user: &User) -> Response {
    let WaitingDevice { ask, user_code, requested_at, risks, .. } = waiting;
    let page = DecisionPage {
        frame: Frame::new(app, t),
        client: ask.client,
        scopes: ask.scopes.iter().map(|scope| in_words(t, scope)).collect(),
        user_code,
        address: ask.from.address.to_string(),
        place: ask.from.place,
        since: Moment(requested_at),
        warnings: risks.into_iter().map(|risk| warning(t, risk)).collect(),
        name: user.display_name().to_owned(),
        login: user.login.clone(),
        question: sealed,
    };
    pages::render(StatusCode::OK, &page)
}

fn warning(t: Language, risk: Risk) -> String {
    match risk {
        Risk::OtherNetwork => t.say("device-risk-network"),
        Risk::ReportedAddress => t.say("device-risk-reported"),
        _ => t.say("device-risk-other"),
    }
}

/// `POST /device/decision`. A repeat by the same person has the same answer.
pub async fn decide(State(app): State<App>, visitor: Visitor, Sent(form): Sent<Answer>) -> Response {
    let t = Language::of(&visitor);
    let decided = async {
        let (Asking(ceremony), signed_in) = carried::asked(&app, &visitor, &form.question).await?;
        let (session, from) = (&signed_in.session, visitor.address());
        let verdict = match form.choice {
            Choice::Allow => Verdict::Approve,
            Choice::Deny => Verdict::Deny,
        };
        match app.engine().decide_device_grant(session, ceremony, verdict, from).await {
            Err(Error::Refused(Refusal::FreshSignIn)) => {
                // What the session has shown does not stand any more.
                let waiting = app.engine().waiting_device(ceremony, from).await?;
                let needed = needed(&app, &waiting, &signed_in).await?;
                park(&app, &visitor, waiting, Some((signed_in, needed))).await
            }
            decided => decided.map(|()| done(&app, t, form.choice)),
        }
    };
    decided.await.unwrap_or_else(|error| told(&app, t, &error))
}

fn done(app: &App, t: Language, choice: Choice) -> Response {
    let (title, text) = match choice {
        Choice::Allow => (t.say("device-allowed-title"), t.say("device-allowed-text")),
        Choice::Deny => (t.say("device-denied-title"), t.say("device-denied-text")),
    };
    pages::message(StatusCode::OK, Frame::new(app, t), title, text, Back::to_account(t))
}

/// One answer for a question that is over, decided, another's or none.
fn told(app: &App, t: Language, error: &Error) -> Response {
    let frame = Frame::new(app, t);
    match error {
        Error::Refused(Refusal::NotFound | Refusal::Expired) => {
            let back = Back { href: routes::DEVICE.to_owned(), label: t.say("device-again") };
            let (title, text) = (t.say("device-over-title"), t.say("device-over-text"));
            pages::message(errors::of(error).status, frame, title, text, back)
        }
        error => pages::failure(frame, error),
    }
}
