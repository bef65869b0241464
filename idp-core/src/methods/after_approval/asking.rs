//! How is a method asked that answers in the browser, and what of its answer is enough?
//!
//! It runs as in a sign-in, with another purpose ([`crate::method::Context::adds`]), and what it proves here is evidence for
//! nothing else. What it proved in a sign-in does not count here: its question was another one.

use idp_protocol::prompt::ApprovalWay;

use super::{
    input::Answered,
    state::{ApprovedBy, Question},
};
use crate::{
    Fault, Refusal,
    ceremony::Reason,
    erased::Raw,
    method::{Cx, Effect, Outcome, Proven, Step, Subject, Uv, guardian::Guardian},
};

/// What an answer comes to.
pub(super) enum Heard {
    /// It is enough.
    Approved(ApprovedBy),
    /// The method asks on.
    AskedOn,
    /// It is refused, and the questions stay.
    Refused(Refusal),
    /// It ends here.
    Ended(Reason),
}

/// What all of them ask.
pub(super) async fn ask(cx: &Cx<'_>) -> Result<Vec<Question>, Fault> {
    let approving = cx.approving();
    let mut questions = Vec::new();
    for guardian in cx.guardians {
        let turn = guardian.method.begin(&cx.of_guardian(guardian, &approving)).await?;
        let (Step::Ask(state), true) = (turn.step, turn.effects.is_empty()) else {
            return Err(Fault::Setup("a method that guards additions does not just ask"));
        };
        questions.push(Question { kind: guardian.method.kind().to_owned(), state });
    }
    Ok(questions)
}

/// What the browser is shown. What this version cannot read, or whose last credential is gone, is not asked any more.
pub(super) fn shown(cx: &Cx<'_>, questions: &[Question]) -> Vec<ApprovalWay> {
    let approving = cx.approving();
    let way = |question: &Question| {
        let guardian = cx.guardian(&question.kind)?;
        let view = guardian.method.view(&cx.of_guardian(guardian, &approving), &question.state).ok()?;
        Some(ApprovalWay { kind: question.kind.clone(), prompt: view.initiator })
    };
    questions.iter().filter_map(way).collect()
}

/// Hears an answer, and says what it changes.
pub(super) async fn hear(
    cx: &Cx<'_>,
    questions: &mut [Question],
    answer: &Answered,
) -> Result<(Heard, Vec<Effect>), Fault> {
    let question = questions.iter_mut().find(|question| question.kind == answer.kind);
    let (Some(question), Some(guardian)) = (question, cx.guardian(&answer.kind)) else {
        return Ok((Heard::Refused(Refusal::NotAllowed), Vec::new()));
    };
    let (approving, raw) = (cx.approving(), Raw::Initiator(&answer.answer));
    let asked = cx.of_guardian(guardian, &approving);
    let turn = guardian.method.advance(&asked, &question.state, raw).await?;
    let mut effects = turn.effects;
    let heard = match turn.step {
        Step::Done(Outcome::Proven(proven)) => {
            is_enough(cx, guardian, &proven)?;
            let (kind, id) = (answer.kind.clone(), proven.credential);
            effects.push(Effect::ApprovedWith { kind: kind.clone(), credential: id });
            Heard::Approved(ApprovedBy::Credential { kind, id })
        }
        Step::Done(Outcome::Enrolled(_)) => return Err(Fault::Setup("a sign-in method enrolled something")),
        Step::Ask(state) => {
            question.state = state;
            Heard::AskedOn
        }
        Step::Refuse(refusal) => Heard::Refused(refusal),
        Step::Burn(reason) => Heard::Ended(reason),
    };
    Ok((heard, effects))
}

/// As in a sign-in nothing is believed blindly. Here only what cannot be relayed counts, of this very account, with its user
/// verified.
fn is_enough(cx: &Cx<'_>, guardian: &Guardian, proven: &Proven) -> Result<(), Fault> {
    let own = matches!(cx.subject, Subject::User(user) if user.id == proven.user);
    let announced = guardian.method.descriptor().factors.contains(&proven.factor);
    let sure = announced && proven.factor.is_passkey() && proven.uv == Uv::Platform;
    match own && guardian.has(proven.credential) && sure {
        true => Ok(()),
        false => Err(Fault::Setup("an approval in the browser proves less than it must")),
    }
}
