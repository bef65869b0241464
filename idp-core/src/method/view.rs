//! What do both sides see of a ceremony?

use idp_protocol::{Prompt, context::Confirm};

use crate::{Id, Time, device::DeviceRow};

/// What both sides see.
#[derive(Clone, Debug)]
pub struct View {
    /// The initiator's prompt.
    pub initiator: Prompt,
    /// What a device is asked or shown.
    pub device: Option<DeviceView>,
    /// When the view is another one although nothing happened.
    pub refresh_at: Option<Time>,
}

/// What a device is asked or shown.
#[derive(Clone, Debug)]
pub enum DeviceView {
    /// To decide; the engine signs the context.
    Approve {
        /// What an approval does.
        what: Approval,
        /// What else the person does.
        how: Confirm,
        /// Which device is asked; any active one of the subject if none.
        of: Option<Id<DeviceRow>>,
    },
    /// Something after a decision.
    Show(Prompt),
}

/// What an approval does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Approval {
    /// Signs the initiating browser in.
    SignIn,
    /// The same, for a browser that asked all devices of the person.
    Push,
    /// Lets a device without a keyboard use one application.
    DeviceGrant,
    /// Lets an application that asks without a browser sign the person in to it.
    Backchannel,
    /// Proves that a new device works.
    FirstApproval,
    /// Lets the account have another authenticator.
    AddAuthenticator,
}
