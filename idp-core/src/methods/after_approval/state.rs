//! Where does an enrolment stand that is approved first, who approved it, and what did older versions store?

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Id, credential::CredentialRow, device::DeviceRow, erased, method::Enrolment};

/// How many layers of versions are around that of the inner state.
pub(super) const LAYERS: u16 = 2;
/// How many there were when only devices approved.
const OLDER_LAYERS: u16 = 1;

/// Where it stands.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum State<S> {
    /// Something of the account has to approve.
    AwaitApproval {
        /// What the person types into a device.
        number: String,
        /// What is asked in the browser.
        questions: Vec<Question>,
    },
    /// The inner enrolment is under way.
    Begun {
        /// What approved.
        approved_by: ApprovedBy,
        /// Where the inner enrolment stands.
        inner: S,
    },
}

/// What a method asks in the browser.
#[derive(Debug, Serialize, Deserialize)]
pub struct Question {
    /// The kind of the method.
    pub(super) kind: String,
    /// Where it stands.
    pub(super) state: erased::State,
}

/// What approved.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum ApprovedBy {
    /// The account had nothing that could.
    Nobody,
    /// A device.
    Device {
        /// Which one.
        id: Id<DeviceRow>,
    },
    /// A credential, in the browser.
    Credential {
        /// Its kind.
        kind: String,
        /// Which one.
        id: Id<CredentialRow>,
    },
}

/// As it was stored when only devices approved.
#[derive(Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
enum Older {
    AwaitApproval { number: String },
    Begun { approved_by: Option<Id<DeviceRow>>, inner: Value },
}

impl From<Older> for State<Value> {
    fn from(older: Older) -> Self {
        match older {
            Older::AwaitApproval { number } => Self::AwaitApproval { number, questions: Vec::new() },
            Older::Begun { approved_by, inner } => {
                let approved_by = approved_by.map_or(ApprovedBy::Nobody, |id| ApprovedBy::Device { id });
                Self::Begun { approved_by, inner }
            }
        }
    }
}

/// State of an older version, with the inner state carried on from the version that it is of.
pub(super) fn upgrade<E: Enrolment>(from: u16, state: Value) -> Option<State<E::State>> {
    let (state, layers) = match serde_json::from_value::<State<Value>>(state.clone()) {
        Ok(state) => (state, LAYERS),
        Err(_) => (serde_json::from_value::<Older>(state).ok()?.into(), OLDER_LAYERS),
    };
    Some(match state {
        State::AwaitApproval { number, questions } => State::AwaitApproval { number, questions },
        State::Begun { approved_by, inner } => {
            let version = from.checked_sub(layers)?;
            let inner = match version == E::STATE_VERSION {
                true => serde_json::from_value(inner).ok()?,
                false => E::upgrade(version, inner)?,
            };
            State::Begun { approved_by, inner }
        }
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{
        super::{super::registration::DeviceRegistration, AfterApproval},
        *,
    };
    use crate::method::Ceremony as _;

    type Wrapped = AfterApproval<DeviceRegistration>;

    const OF_DEVICES: u16 = DeviceRegistration::STATE_VERSION + OLDER_LAYERS;

    fn offered() -> Value {
        json!({ "state": "offered", "grant": { "secret": "AAAAAAAAAAAAAAAAAAAAAA" }, "hellos": [] })
    }

    #[test]
    fn an_approval_that_an_older_version_waits_for_is_waited_for_still() {
        let older = json!({ "state": "await_approval", "number": "123456" });
        for from in [1, OF_DEVICES] {
            let upgraded = Wrapped::upgrade(from, older.clone());
            let Some(State::AwaitApproval { number, questions }) = upgraded else { panic!("it goes on") };
            assert_eq!((number.as_str(), questions.len()), ("123456", 0));
        }
    }

    #[test]
    fn what_an_older_version_began_goes_on_with_the_device_that_approved_it() {
        let id = Id::<DeviceRow>::from_bytes([7; 16]);
        let cases = [(json!(null), ApprovedBy::Nobody), (json!(id), ApprovedBy::Device { id })];
        for (stored, expected) in cases {
            let older = json!({ "state": "begun", "approved_by": stored, "inner": offered() });
            let upgraded = Wrapped::upgrade(OF_DEVICES, older);
            let Some(State::Begun { approved_by, .. }) = upgraded else { panic!("it goes on") };
            assert_eq!(approved_by, expected);
        }
    }

    #[test]
    fn an_offer_of_an_older_version_is_made_anew() {
        assert!(Wrapped::upgrade(1, offered()).is_none());
        let begun = json!({ "state": "begun", "approved_by": null, "inner": offered() });
        assert!(Wrapped::upgrade(1, begun).is_none(), "nobody knows how to read its inner state");
    }
}
