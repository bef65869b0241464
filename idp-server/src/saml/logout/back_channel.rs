//! Which service providers are told that a session ended, without a browser (SAML profiles, 4.4.3; bindings, 3.2)?
//!
//! As with applications of OpenID Connect, what ends a session makes its service providers due in the same transaction, and
//! `deliveries.rs` gives each message to one node. Whoever has an address for SOAP is asked there, again and again within a day,
//! until he says that the person is signed out. Whoever has none can only be told by a browser: he is looked at once more when
//! a browser would have been there, and then it is written down that he does not know.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use idp_core::{
    Fault, Time,
    audit::{AuditRow, Event},
    bus::Topic,
    session,
    store::Batch,
};
use symbolon_outbound::{Fragment, Limits};
use symbolon_saml::{Kind, LogoutResponse, MAX_MESSAGE, Refused, Trust, Wrapping, open};
use symbolon_sqlx::provider::{Changed, SamlPartyRow, SamlPartyWrite};

use super::{
    by_soap, signer,
    visit::{PATIENCE, is_done, request},
    written,
};
use crate::{
    App,
    deliveries::{Deliveries, again_at},
    saml::provider::Provider,
};

/// The waits between two tries, in seconds; all of them end before the sweep forgets the session.
const WAITS: [i64; 8] = [10, 60, 300, 900, 3_600, 10_800, 21_600, 43_200];
/// The wait for a browser, in seconds.
const FOR_A_BROWSER: [i64; 1] = [PATIENCE];
/// What the envelope is about (SAML bindings, 3.2.3).
const SOAP_ACTION: &str = "http://www.oasis-open.org/committees/security";

/// Why a service provider was not told.
#[derive(Debug, thiserror::Error)]
enum Untold {
    #[error("no browser told it")]
    NoBrowser,
    #[error("its address is not asked: {0}")]
    Address(#[from] symbolon_outbound::TargetError),
    #[error(transparent)]
    Outbound(#[from] symbolon_outbound::OutboundError),
    #[error("it answered with status {0}")]
    Status(u16),
    #[error("its answer was not believed: {0}")]
    Refused(#[from] Refused),
    #[error("its answer is for somebody else, or for another question")]
    Other,
    #[error("it says that it did not sign the person out")]
    NotDone,
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// The messages to service providers.
#[derive(Clone)]
pub(crate) struct LogoutRequests(pub(crate) App);

impl Deliveries for LogoutRequests {
    type Row = SamlPartyRow;
    const TOPIC: Topic = session::ENDED;
    const LOST: &'static str = "no service provider is told that sessions end";

    async fn due(&self, now: Time, limit: u32, each: u32) -> Result<Vec<SamlPartyRow>, Fault> {
        self.0.db().due_saml_parties(now, limit, each).await
    }

    async fn next(&self) -> Result<Option<Time>, Fault> {
        self.0.db().next_due_saml_party().await
    }

    fn to(row: &SamlPartyRow) -> String {
        row.entity_id.clone()
    }

    async fn take(&self, row: &SamlPartyRow) -> Result<bool, Fault> {
        let app = &self.0;
        let provider = app.saml().providers().find(&row.entity_id, app.engine().now()).await?;
        let again_at = again_at(waits(provider.as_deref()), row.tries, app.engine().now());
        let taken = app.db().change(SamlPartyWrite::Try { row: row.clone(), again_at }, Batch::new()).await?;
        Ok(taken == Changed::Yes)
    }

    async fn bring(&self, row: SamlPartyRow) {
        tell(&self.0, row).await;
    }
}

fn waits(provider: Option<&Provider>) -> &'static [i64] {
    if provider.and_then(by_soap).is_some() { &WAITS } else { &FOR_A_BROWSER }
}

async fn tell(app: &App, row: SamlPartyRow) {
    let provider = app.saml().providers().find(&row.entity_id, app.engine().now()).await;
    let (told, waits) = match provider {
        Ok(provider) => (told(app, provider.as_deref(), &row).await, waits(provider.as_deref())),
        Err(fault) => (Err(fault.into()), WAITS.as_slice()),
    };
    let is_last = usize::try_from(row.tries).is_ok_and(|tried| tried >= waits.len());
    let provider = &row.entity_id;
    let written_down = match told {
        Ok(()) => {
            let (entity_id, session) = (row.entity_id.clone(), row.session);
            let at = app.engine().now();
            let told = SamlPartyWrite::Told { entity_id, session, at };
            let event = event(app, &row, "saml.logout_told");
            app.db().change(told, Batch::new().with(event)).await.map(drop)
        }
        Err(Untold::NoBrowser) if !is_last => Ok(()),
        Err(why) => {
            let tries = row.tries;
            tracing::warn!(provider, tries, %why, "a service provider was not told that a session ended");
            if !is_last {
                return;
            }
            // Nothing says that it was told: it stays among those that may not know.
            let untold = Batch::new().with(event(app, &row, "saml.logout_untold"));
            app.engine().store().commit(untold).await.map(drop)
        }
    };
    if let Err(fault) = written_down {
        tracing::error!(%fault, "it is not known that a service provider was told: it will be told again");
    }
}

fn event(app: &App, row: &SamlPartyRow, name: &'static str) -> AuditRow {
    let event = Event::new(name).with("provider", &row.entity_id);
    AuditRow { user: Some(row.user), ..crate::saml::audit(app.engine(), event) }
}

/// Asks it to sign the person out. The second of two such messages finds nobody signed in, and has the same answer.
async fn told(app: &App, provider: Option<&Provider>, row: &SamlPartyRow) -> Result<(), Untold> {
    let Some((provider, service)) = provider.and_then(|it| Some((it, by_soap(it)?))) else {
        return Err(Untold::NoBrowser);
    };
    let target = app.outbound().target(&service.location, Fragment::Dropped)?;
    let request = request(app, row, &service.location)?;
    let text = written(request.write_soap(&*signer(app, provider).await?))?;
    let headers = HeaderMap::from_iter([(
        HeaderName::from_static("soapaction"),
        HeaderValue::from_static(SOAP_ACTION),
    )]);
    let xml = HeaderValue::from_static("text/xml; charset=utf-8");
    let limits = Limits::default().with_largest_body(MAX_MESSAGE);
    let answer = app.outbound().call(&target, xml, text, headers, limits).await?;
    if answer.status != 200 {
        return Err(Untold::Status(answer.status));
    }
    let text = std::str::from_utf8(&answer.body).map_err(|_| Untold::Other)?;
    // The connection says whose host this is, and not who answers there: the signature does.
    let message = open(text, Kind::LogoutResponse, Wrapping::Soap)?.check(Trust::Required(&provider.keys))?;
    let answer = LogoutResponse::read(&message)?;
    let belongs = answer.in_response_to.as_deref() == Some(request.head.id.as_str());
    match () {
        () if answer.head.issuer != provider.entity_id || !belongs => Err(Untold::Other),
        () if is_done(&answer) => Ok(()),
        () => Err(Untold::NotDone),
    }
}
