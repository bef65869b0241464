//! What does an assertion say of a person and a session (SAML profiles, 4.1.4.2)?

use chrono::{DateTime, Utc};
use idp_core::{Time, session::SessionRow, users::User};
use symbolon_saml::{Assertion, Attribute, AuthnStatement, Bearer, Conditions, Subject, fresh_id};

use super::{
    attributes::{self, Facts},
    context,
    metadata::scope,
    name_id::Naming,
    party::Party,
    provider::Provider,
    request::{Failure, SignInRequest},
};
use crate::App;

/// How long an assertion may be shown, in seconds: as long as a browser takes to bring it, on a slow line.
const SHOWN: i64 = 300;
/// How far a clock of a service provider may be behind, in seconds.
const SKEW: i64 = 60;

/// Who signed in.
#[derive(Clone, Copy)]
pub(super) struct Signed<'a> {
    pub session: &'a SessionRow,
    pub user: &'a User,
}

/// The assertion, and what has to be known to take it back.
///
/// # Errors
/// [`Failure`] if the session is not what was asked for, or the person has no such name.
pub(super) fn of(
    app: &App,
    provider: &Provider,
    request: &SignInRequest,
    Signed { session, user }: Signed<'_>,
) -> Result<(Assertion, Party), Failure> {
    let (engine, now) = (app.engine(), app.engine().now());
    // What is said is what happened, also where a requirement was met in another way.
    let class = context::said(request.requested_context().as_ref(), &session.facts.ledger);
    let class = class.ok_or(Failure::Context)?;
    let naming = Naming::of(app, provider);
    let name = naming.name(request.name, user, session.id).map_err(|_| Failure::Name)?;
    let session_index = naming.session_index(session.id);
    let party = Party { name: name.clone().into(), session_index: session_index.clone() };
    let ends =
        provider.terms.session_life.map_or(session.expires_at, |life| session.expires_at.min(now + life));
    let assertion = Assertion {
        id: fresh_id(&*engine.crypto().random),
        issued: instant(now),
        issuer: app.saml().entity_id().to_owned(),
        subject: Subject {
            name_id: name,
            bearer: Bearer {
                recipient: request.to.location.clone(),
                not_on_or_after: instant(now + SHOWN),
                in_response_to: request.to.in_response_to.clone(),
            },
        },
        conditions: Conditions {
            not_before: instant(now + -SKEW),
            not_on_or_after: instant(now + SHOWN),
            audiences: vec![provider.entity_id.clone()],
        },
        authn: AuthnStatement {
            instant: instant(session.authenticated_at()),
            session_index: Some(session_index),
            session_not_on_or_after: Some(instant(ends)),
            context: class.uri().to_owned(),
        },
        attributes: told(app, provider, request, user),
    };
    Ok((assertion, party))
}

/// What the service provider learns beside the name.
pub(super) fn told(app: &App, provider: &Provider, request: &SignInRequest, user: &User) -> Vec<Attribute> {
    let (subject, pairwise) = Naming::of(app, provider).identifiers(user.id);
    let scope = scope(app.issuer());
    let facts = Facts { user, subject, pairwise, scope: &scope };
    let rules = attributes::rules(&provider.terms.attributes, &provider.metadata, request.service);
    attributes::released(&rules, &facts)
}

/// A point in time, as SAML writes it.
pub(super) fn instant(time: Time) -> DateTime<Utc> {
    DateTime::from_timestamp(time.0, 0).unwrap_or_default()
}
