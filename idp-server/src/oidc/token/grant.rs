//! What did an application get for a code, and does it still hold? (RFC 6749, 6; OpenID Connect Core 1.0, 11 and 12)
//!
//! A grant is one row. Opening it is what makes a code count once; ending it ends every token that came of it. It
//! lives by the session of the person, or beyond it if he agreed to that (`offline_access`).

use idp_core::{
    Fault, Id, Time,
    audit::{AuditRow, Event},
    policy::{self, Acr},
    session::{SessionRow, SessionWrite},
    store::Batch,
    users::{User, UserState},
    verified,
};
use idp_protocol::Octets;
use serde::{Deserialize, Serialize};
use symbolon_sqlx::provider::{Changed, GrantRow, GrantWrite, ProviderWrite, StandingGrant};

use crate::{
    App,
    oidc::{
        client::{Client, GrantType},
        holder::Holder,
        logout::parties,
        request::Asks,
    },
};

/// A grant that holds, with the person behind it.
#[derive(Clone, Debug)]
pub struct Grant {
    /// Its id; tokens that come of it carry it.
    pub id: Octets<16>,
    /// To whom.
    pub client_id: String,
    /// The session that it came from.
    pub session: Id<SessionRow>,
    /// How often it was refreshed.
    pub generation: i64,
    /// When it was opened.
    pub created_at: Time,
    /// When it was last refreshed.
    pub used_at: Time,
    /// When it is over unless it is refreshed.
    pub expires_at: Time,
    /// What it allows.
    pub agreed: Agreed,
    /// The person.
    pub user: User,
}

/// What a grant comes of.
#[derive(Debug)]
pub struct Basis {
    /// Its id: that of the code, if there was one.
    pub id: Octets<16>,
    /// The consent that it stands on, if there is one.
    pub consent: Option<Octets<16>>,
    /// What the audit record calls it.
    pub event: Event,
}

/// What a grant allows, and what its tokens say about the sign-in: as it was then, however often it is refreshed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agreed {
    /// What may be learned and done.
    #[serde(flatten)]
    pub asks: Asks,
    /// Whether it lives beyond the session.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub offline: bool,
    /// What the holder of refresh tokens must prove to have.
    #[serde(default, skip_serializing_if = "Holder::is_anybody")]
    pub holder: Holder,
    /// When the person was last verified.
    pub auth_time: Time,
    /// How sure that was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
    /// How sure it was at most; `acr` is the weaker class that a request called essential, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reached: Option<Acr>,
    /// How it was done.
    pub amr: Vec<String>,
}

impl Agreed {
    /// What a person agrees to in this session.
    #[must_use]
    pub fn new(asks: Asks, session: &SessionRow) -> Self {
        let ledger = &session.facts.ledger;
        let reached = policy::achieved(ledger);
        // Of the classes that were essential the best one is named that was reached, and so were those below it
        // (OpenID Connect Core 1.0, 5.5.1.1).
        let named = asks.essential_acr.iter().copied().filter(|acr| Some(*acr) <= reached).max();
        Self {
            offline: asks.has("offline_access"),
            asks,
            holder: Holder::default(),
            auth_time: session.authenticated_at(),
            acr: named.or(reached).map(|acr| acr.name().to_owned()),
            reached,
            amr: verified::amr(ledger).into_iter().map(str::to_owned).collect(),
        }
    }
}

impl Agreed {
    /// How sure the sign-in was.
    #[must_use]
    pub fn how_sure(&self) -> Option<Acr> {
        self.reached.or_else(|| self.acr.as_deref().and_then(Acr::from_name))
    }
}

impl Grant {
    /// Opens a grant, as long as the session holds and the consent was not taken back. `None` if that is not so, or there
    /// is a grant with this id.
    ///
    /// # Errors
    /// [`Fault`] if the store fails.
    pub async fn open(
        app: &App,
        client: &Client,
        basis: Basis,
        agreed: Agreed,
        (session, user): (SessionRow, User),
    ) -> Result<Option<Self>, Fault> {
        let now = app.engine().now();
        let row = GrantRow {
            id: basis.id.0,
            client_id: client.id.clone(),
            user: user.id,
            session: session.id,
            browser: session.browser,
            generation: 0,
            created_at: now,
            used_at: now,
            expires_at: end(app, client, now, now),
            ended_at: None,
            doc: serde_json::to_string(&agreed)?,
        };
        let event = basis.event.with("client", &client.id).with("scope", agreed.asks.scope.join(" "));
        let grant = Self::read(row.clone(), user)?;
        let with = Batch::new().with(SessionWrite::Holds { id: row.session, now }).with(audit(
            app,
            Some(row.user),
            event,
        ));
        let consent = basis.consent.map(|consent| consent.0);
        let party = parties::joins(client, row.session, now).map(ProviderWrite::from);
        let writes = std::iter::once(GrantWrite::Open { row, consent }.into()).chain(party).collect();
        let opened = app.db().change_all(writes, with).await?;
        Ok((opened == Changed::Yes).then_some(grant))
    }

    /// The grant with this id, as long as it and what it stands on holds.
    ///
    /// # Errors
    /// [`Fault`] if the store fails.
    pub async fn find(app: &App, id: Octets<16>) -> Result<Option<Self>, Fault> {
        let now = app.engine().now();
        let Some(found) = app.db().standing_grant(id.0, now).await? else { return Ok(None) };
        let StandingGrant { grant: row, user, session_holds } = found;
        let is_over = row.ended_at.is_some() || now >= row.expires_at;
        if is_over || user.state != UserState::Active {
            return Ok(None);
        }
        let grant = Self::read(row, user)?;
        Ok((grant.agreed.offline || session_holds).then_some(grant))
    }

    /// Ends a grant and what came of it. A second time it is ended already.
    ///
    /// # Errors
    /// [`Fault`] if the store fails.
    pub async fn end(app: &App, id: Octets<16>, event: Event) -> Result<(), Fault> {
        let at = app.engine().now();
        let with = Batch::new().with(audit(app, None, event));
        app.db().change(GrantWrite::End { id: id.0, at }, with).await.map(drop)
    }

    /// When it is over if it is refreshed at `now`.
    #[must_use]
    pub fn end_after(&self, app: &App, client: &Client, now: Time) -> Time {
        end(app, client, self.created_at, now)
    }

    fn read(row: GrantRow, user: User) -> Result<Self, Fault> {
        Ok(Self {
            id: Octets(row.id),
            client_id: row.client_id,
            session: row.session,
            generation: row.generation,
            created_at: row.created_at,
            used_at: row.used_at,
            expires_at: row.expires_at,
            agreed: serde_json::from_str(&row.doc)?,
            user,
        })
    }
}

/// A grant that cannot be refreshed is over with its tokens.
fn end(app: &App, client: &Client, created_at: Time, now: Time) -> Time {
    let lives = &app.config().oidc;
    match client.may(GrantType::RefreshToken) {
        true => (now + lives.refresh_token_idle).min(created_at + lives.refresh_token_life),
        false => now + lives.code_life + lives.access_token_life,
    }
}

fn audit(app: &App, user: Option<Id<User>>, event: Event) -> AuditRow {
    AuditRow { id: Id::random(app.engine().crypto()), at: app.engine().now(), user, event }
}
