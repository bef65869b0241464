//! What does the audit record say of a step and of what it ends in: who approved, from where, what was refused?

use super::{
    Engine,
    record::{OpenSignIn, Run},
    step::{Incoming, Scene, Sender},
};
use crate::{
    Id,
    audit::{AuditRow, Event},
    credential::CredentialRow,
    evidence::Evidence,
    policy::rules::Facts,
    signin::SignIn,
    users::User,
    verified::Verified,
};
use idp_protocol::message::Verdict;

impl Engine {
    /// What a device did in a step that was taken: `qr.claimed`, `qr.approved`, `qr.denied`, `qr.reported`, and the
    /// like of other kinds.
    pub(super) fn answered(&self, scene: &Scene, incoming: &Incoming<'_>, right: bool) -> Option<AuditRow> {
        let Sender::Device { row, address, .. } = &incoming.sender else { return None };
        let what = match incoming.decision {
            None if right => "claimed",
            Some((Verdict::Approve, _)) if right => "approved",
            Some((Verdict::Deny, _)) => "denied",
            Some((Verdict::Report, _)) => "reported",
            None | Some((Verdict::Approve, _)) => return None,
        };
        let event =
            Event::new(&format!("{}.{what}", scene.run.row.kind)).from(address).with("device", row.id);
        let browser = scene.run.body.from.as_ref();
        let event = browser.into_iter().fold(event, |event, from| event.with("browser", from.named()));
        Some(self.audit(Some(row.user), event))
    }

    /// What a credential approved in its browser, as [`Engine::answered`] says it of a device.
    pub(super) fn approved_with(
        &self,
        run: &Run,
        user: Option<Id<User>>,
        (kind, credential): (&str, Id<CredentialRow>),
    ) -> AuditRow {
        let event = Event::new(&format!("{}.approved", run.row.kind)).with("with", kind);
        let event = run.body.from.iter().fold(event, |event, from| event.from(from.named()));
        self.audit(user, event.with("credential", credential))
    }

    /// A guess that was compared and refused. For a name that nobody has the same is written, without the name:
    /// people type passwords where the name belongs.
    pub(super) fn refused_guess(&self, scene: &Scene, incoming: &Incoming<'_>) -> AuditRow {
        let event = by("method.refused", &scene.run, incoming);
        self.audit(scene.about.subject.user(), event)
    }

    /// A credential that an enrolment made.
    pub(super) fn added(&self, user: Id<User>, run: &Run, incoming: &Incoming<'_>) -> AuditRow {
        self.audit(Some(user), by("credential.added", run, incoming))
    }

    /// Evidence that enters a sign-in.
    pub(super) fn proven_by(&self, open: &OpenSignIn, evidence: &Evidence) -> AuditRow {
        let event = Event::new("method.proven").from(&open.row.address).with("kind", &evidence.kind);
        self.audit(Some(evidence.user), with_approver(event, evidence))
    }

    /// A sign-in that was finished, with all that the rules looked at: `policy explain` tells from it why.
    pub(super) fn signed_in(&self, sign_in: &SignIn, verified: &Verified, known_browser: bool) -> AuditRow {
        let (client, address) = (sign_in.ask.client_id.as_str(), sign_in.ask.from.address);
        let event = Event::new("session.opened")
            .from(address)
            .with("client", client)
            .with("acr", verified.acr().name())
            .with("amr", crate::verified::amr(verified.ledger()).join(" "))
            .with("known_browser", known_browser);
        let decided = self.settings.rules.explain(Facts { client, address, known_browser });
        let event = decided.rule().into_iter().fold(event, |event, rule| event.with("rule", rule));
        self.audit(Some(verified.user().id), verified.ledger().iter().fold(event, with_approver))
    }
}

/// What a browser or a device did with a ceremony, and from where.
fn by(name: &str, run: &Run, incoming: &Incoming<'_>) -> Event {
    let event = Event::new(name).with("kind", &run.row.kind);
    match (&incoming.sender, &run.body.from) {
        (Sender::Device { row, address, .. }, _) => event.from(address).with("device", row.id),
        (_, Some(from)) => event.from(from.named()),
        (_, None) => event,
    }
}

fn with_approver(event: Event, evidence: &Evidence) -> Event {
    match evidence.approved_by {
        Some(by) => event.with("device", by.device).with("device_address", by.address),
        None => event,
    }
}
