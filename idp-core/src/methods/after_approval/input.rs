//! Is an answer the approval, or one to the inner enrolment? It may be both; the state tells which it is.

use idp_protocol::message::Verdict;
use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::Value;

use super::AfterApproval;
use crate::method::{Enrolment, Input, InputOf};

/// What a device may answer: the approval, or what the inner enrolment understands.
#[derive(Clone, Debug)]
pub struct FromDevice<D> {
    pub(super) decided: Option<Decided>,
    pub(super) inner: Option<D>,
}

/// What the browser may answer: `{"approval": {"kind": …, "answer": …}}`, or what the inner enrolment understands.
#[derive(Clone, Debug)]
pub struct FromInitiator<B> {
    pub(super) approval: Option<Answered>,
    pub(super) inner: Option<B>,
}

/// The decision of a device.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub(super) enum Decided {
    Decide { decision: Verdict, number: Option<String> },
}

/// The answer to one of the questions.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Answered {
    /// The kind of the method that asked.
    pub kind: String,
    /// As that method understands it.
    pub answer: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Approving {
    approval: Answered,
}

impl<'de, D: for<'any> Deserialize<'any>> Deserialize<'de> for FromDevice<D> {
    fn deserialize<T: Deserializer<'de>>(from: T) -> Result<Self, T::Error> {
        let (decided, inner) = either(from)?;
        Ok(Self { decided, inner })
    }
}

impl<'de, B: for<'any> Deserialize<'any>> Deserialize<'de> for FromInitiator<B> {
    fn deserialize<T: Deserializer<'de>>(from: T) -> Result<Self, T::Error> {
        let (approval, inner) = either::<Approving, _, _>(from)?;
        Ok(Self { approval: approval.map(|approving| approving.approval), inner })
    }
}

fn either<'de, A, I, T>(from: T) -> Result<(Option<A>, Option<I>), T::Error>
where
    A: for<'any> Deserialize<'any>,
    I: for<'any> Deserialize<'any>,
    T: Deserializer<'de>,
{
    let value = Value::deserialize(from)?;
    let approval = A::deserialize(&value).ok();
    match (serde_json::from_value(value), approval) {
        (Err(error), None) => Err(T::Error::custom(error)),
        (inner, approval) => Ok((approval, inner.ok())),
    }
}

/// A guess is priced by reference, and the inner enrolment wants an input of its own.
pub(super) fn copied<'a, E>(input: &InputOf<'a, AfterApproval<E>>) -> InputOf<'a, AfterApproval<E>>
where
    E: Enrolment<FromInitiator: Clone, FromDevice: Clone>,
{
    match input {
        Input::Initiator(answer) => Input::Initiator(answer.clone()),
        Input::Device(device, answer) => Input::Device(device, answer.clone()),
        Input::NewDevice(key, answer) => Input::NewDevice(key, answer.clone()),
        Input::Tick => Input::Tick,
    }
}

/// The input as the inner enrolment understands it; nothing if it does not.
pub(super) fn inner<E>(input: InputOf<'_, AfterApproval<E>>) -> Option<InputOf<'_, E>>
where
    E: Enrolment<FromInitiator: Clone, FromDevice: Clone>,
{
    Some(match input {
        Input::Initiator(answer) => Input::Initiator(answer.inner?),
        Input::Device(device, answer) => Input::Device(device, answer.inner?),
        Input::NewDevice(key, answer) => Input::NewDevice(key, answer.inner?),
        Input::Tick => Input::Tick,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{method::Ceremony, methods::registration::DeviceRegistration};

    #[test]
    fn a_device_that_answers_nonsense_answers_nothing() {
        type Answer = FromDevice<<DeviceRegistration as Ceremony>::FromDevice>;
        let decided = |number| json!({ "answer": "decide", "decision": "approve", "number": number });
        for (number, guesses) in
            [(None, false), (Some("12345"), false), (Some("12345x"), false), (Some("123 456"), true)]
        {
            let answer: Answer = serde_json::from_value(decided(number)).unwrap();
            assert!(answer.guesses() == guesses && answer.inner.is_some(), "{number:?}");
        }
        assert!(serde_json::from_value::<Answer>(json!({ "answer": "claim", "via": "scan" })).is_err());
    }

    #[test]
    fn a_browser_that_answers_nonsense_answers_nothing() {
        type Answer = FromInitiator<<DeviceRegistration as Ceremony>::FromInitiator>;
        let read = |value| serde_json::from_value::<Answer>(value);
        let approval = read(json!({ "approval": { "kind": "passkey", "answer": {} } })).unwrap();
        assert!(approval.approval.is_some() && approval.inner.is_none());
        let typed = read(json!({ "code": "1" })).unwrap();
        assert!(typed.approval.is_none() && typed.inner.is_some());
        for nonsense in [
            json!({ "approval": { "kind": "passkey", "answer": {} }, "code": "1" }),
            json!({ "approval": { "kind": "passkey", "answer": {}, "uv": true } }),
            json!({ "approval": true }),
            json!({}),
        ] {
            assert!(read(nonsense.clone()).is_err(), "{nonsense}");
        }
    }
}
