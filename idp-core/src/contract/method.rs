//! What must every sign-in method withstand? The generic attacks, run against any method with one call.
//!
//! ```text
//! contract::method::all(&Case::new(Password, crypto, [hash], |moment| json!({ "password": "…" }))).await;
//! ```
//!
//! A stranger's method outside this workspace gets them too. A method in which a device takes part is played
//! with a device of the suite's own: it claims by the QR code that the page shows, or finds what it is asked, and approves
//! with its PIN. One that comes after a first factor is played after a password, in a browser that knows the person.
//! One that guards additions is also asked before enrolments of the suite's own.
//! One that must begin first and that the initiator answers by himself says so with [`Case::known_as`].

#![expect(clippy::expect_used, clippy::panic, reason = "a suite tells what does not hold by panicking")]

use std::{pin::Pin, sync::Arc};

use idp_protocol::{Crypto, Prompt};
use serde_json::Value;

use crate::{
    Id, Time,
    erased::ErasedMethod,
    method::{AuthMethod, Guards},
    policy::Requirement,
    users::User,
};

mod asked;
mod bench;
mod devices;
mod forms;
mod general;
mod guardians;
mod initiators;
mod phone;
mod typed;
mod versions;

/// A method, what a user has of it, and somebody who plays the right answers.
#[derive(Clone)]
pub struct Case {
    method: Arc<dyn ErasedMethod>,
    crypto: Crypto,
    credentials: Vec<Vec<u8>>,
    handle: Option<Vec<u8>>,
    honest: Arc<dyn Fn(&Moment<'_>) -> Value + Send + Sync>,
    played: Played,
    requirement: Requirement,
}

/// How a method is played that is not a form.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Played {
    /// A device claims and approves.
    ByMessages,
    /// The person types what a device shows that sends nothing, in a browser that knows him.
    WithoutMessages,
}

/// When an answer is wanted, and to what.
#[derive(Clone, Copy, Debug)]
pub struct Moment<'a> {
    /// What the initiator is asked.
    pub prompt: &'a Prompt,
    /// The time, for answers that depend on it.
    pub now: Time,
    /// How many answers were wanted before, for answers that serve once.
    pub turn: usize,
    /// The counter of the user's first credential, for answers that depend on what was used.
    pub counter: i64,
    /// Who answers, for answers that say so.
    pub user: Id<User>,
}

impl Case {
    /// A case. `credentials` are the secrets that the user has of this kind; `honest` gives the answer that a
    /// person with these credentials gives.
    #[must_use]
    pub fn new(
        method: impl AuthMethod,
        crypto: Crypto,
        credentials: impl IntoIterator<Item = Vec<u8>>,
        honest: impl Fn(&Moment<'_>) -> Value + Send + Sync + 'static,
    ) -> Self {
        Self {
            method: Arc::new(method),
            crypto,
            credentials: credentials.into_iter().collect(),
            handle: None,
            honest: Arc::new(honest),
            played: Played::ByMessages,
            requirement: Requirement::default(),
        }
    }

    /// The sign-ins of the case ask for this: a method may count in some only.
    #[must_use]
    pub fn asked_by(mut self, requirement: Requirement) -> Self {
        self.requirement = requirement;
        self
    }

    /// The method begins about a name, in a browser that knows the person, and is answered with what a device shows that
    /// sends no message.
    #[must_use]
    pub fn without_messages(mut self) -> Self {
        self.played = Played::WithoutMessages;
        self
    }

    /// The case of a method that must begin first, and that the initiator answers with a credential which the outside
    /// knows by this handle.
    #[must_use]
    pub fn known_as(mut self, handle: Vec<u8>) -> Self {
        self.handle = Some(handle);
        self
    }
}

/// Runs attacks one after the other. Each has a frame of its own on the stack: without optimisation a function keeps room for
/// all futures that it makes, and together they do not fit.
macro_rules! attacks {
    ($case:expr, $($attack:path),* $(,)?) => { $( boxed($case, |case| Box::pin($attack(case))).await; )* };
}

type Attack<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

fn boxed<'a>(case: &'a Case, attack: impl FnOnce(&'a Case) -> Attack<'a>) -> Attack<'a> {
    attack(case)
}

/// Runs what holds while nodes of two versions serve the same sign-ins, for a method whose state has more than one.
///
/// # Panics
/// If the method does not keep to it.
pub async fn across_versions(case: &Case) {
    versions::state_of_a_newer_version_is_left_alone(case).await;
    versions::state_of_an_older_version_goes_on_or_begins_anew(case).await;
}

/// Runs every attack. Panics with the name of the guarantee that does not hold.
///
/// # Panics
/// If the method fails one.
pub async fn all(case: &Case) {
    attacks!(
        case,
        general::honest_answers_sign_in,
        general::nobody_else_goes_on_with_a_sign_in,
        general::looking_writes_nothing,
        general::a_repeat_changes_nothing,
        general::nothing_comes_of_an_expired_sign_in,
        general::malformed_answers_are_refused_and_cost_nothing,
        general::parallel_answers_count_once,
        across_versions,
    );
    if case.method.descriptor().guards == Guards::Additions {
        attacks!(
            case,
            guardians::it_is_asked_before_an_addition_and_its_answer_lets_that_begin,
            guardians::the_answer_to_a_sign_in_approves_nothing,
            guardians::an_approval_signs_nobody_in,
            guardians::an_approval_of_one_addition_is_none_of_another,
            guardians::a_credential_that_is_removed_approves_nothing,
        );
    }
    if case.is_form() {
        attacks!(
            case,
            forms::a_wrong_answer_is_wrong_and_the_right_one_still_counts,
            forms::the_answers_of_one_user_open_no_other_account,
            forms::an_unknown_user_gets_the_answer_of_a_wrong_one,
            forms::lock_out_survives_a_restart,
        );
    } else if case.played == Played::WithoutMessages {
        attacks!(
            case,
            typed::a_wrong_answer_is_wrong_and_the_right_one_still_counts,
            typed::the_answer_of_one_ceremony_serves_in_no_other,
            typed::nobody_gets_the_answers_of_somebody,
            typed::wrong_answers_end_a_ceremony_and_count_in_the_next,
            devices::a_revoked_device_finishes_nothing,
        );
    } else if case.handle.is_some() {
        attacks!(
            case,
            initiators::malformed_answers_are_refused_and_cost_nothing,
            initiators::the_answer_to_one_sign_in_serves_no_other,
            initiators::the_credential_of_one_user_opens_no_other_account,
            initiators::somebody_who_is_switched_off_is_wrong,
            initiators::a_credential_that_is_removed_finishes_nothing,
        );
    } else {
        attacks!(case, by_devices);
    }
}

/// Those of methods in which a device answers with messages.
async fn by_devices(case: &Case) {
    let reached = case.reached().await;
    if reached.by_asking {
        attacks!(
            case,
            asked::a_device_of_somebody_else_is_shown_nothing_and_decides_nothing,
            asked::the_first_device_that_decides_has_decided,
            asked::an_approval_serves_for_one_request,
        );
    }
    if reached.by_claim {
        attacks!(
            case,
            devices::a_second_device_ends_it_for_both,
            devices::a_device_signs_in_to_its_own_account_only,
        );
        // Of one that asks all devices there is one at a time.
        if !reached.by_asking {
            attacks!(case, devices::an_approval_serves_for_one_sign_in);
        }
    }
    attacks!(case, devices::a_revoked_device_finishes_nothing);
}
