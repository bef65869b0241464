//! Notices: every change of an account is told to its owner, in the portal and by whatever carries mail.

use serde::{Deserialize, Serialize};

use crate::{Id, Time, users::User};

/// A notice to a person. It stays in the portal, and leaves for the outbox ([`crate::outbox`]) on its way elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticeRow {
    /// Its id.
    pub id: Id<NoticeRow>,
    /// To whom.
    pub user: Id<User>,
    /// What happened.
    pub notice: Notice,
    /// When.
    pub created_at: Time,
    /// When it left for the outbox, if it has.
    pub delivered_at: Option<Time>,
}

/// What a person is told. Open to an exhaustive match: whoever puts notices into words must not pass one over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Notice {
    /// A device was added and is active.
    DeviceAdded {
        /// Its name.
        name: String,
        /// From which address.
        address: String,
    },
    /// A device has new keys; the old ones are worth nothing any more.
    DeviceRenewed {
        /// Its name.
        name: String,
        /// From which address.
        address: String,
    },
    /// The help desk took part in an enrolment.
    HelpDeskActed {
        /// Who.
        by: String,
    },
    /// An administrator is sure of a device that was bound on somebody's word.
    DeviceConfirmed {
        /// Its name.
        name: String,
        /// Who.
        by: String,
    },
    /// A device was suspended, lost or revoked, or became active again.
    DeviceChanged {
        /// Its name.
        name: String,
        /// Its new state.
        state: crate::device::DeviceState,
    },
    /// A device has another name.
    DeviceRenamed {
        /// The name before.
        from: String,
        /// The name now.
        to: String,
    },
    /// An invitation ran out that nobody took up.
    InvitationExpired,
    /// Something to sign in with was to be added, and nobody finished that in time; nothing was added.
    EnrolmentExpired {
        /// Of which kind.
        kind: String,
    },
    /// Something else to sign in with was added: a key for one-time codes, for example.
    CredentialAdded {
        /// Of which method.
        kind: String,
    },
    /// Something to sign in with was removed.
    CredentialRemoved {
        /// Of which method.
        kind: String,
        /// What the owner called it.
        name: String,
    },
    /// A device or a token has another PIN, or none any more.
    PinChanged {
        /// What the owner calls it.
        name: String,
    },
    /// A code was issued that lets a device have a new PIN.
    PinResetIssued {
        /// The device's name.
        name: String,
    },
    /// Something to sign in with has another name.
    CredentialRenamed {
        /// The name before.
        from: String,
        /// The name now.
        to: String,
    },
    /// Something to sign in with was used in a way that its only copy would not be: somebody may have another one.
    CredentialSuspected {
        /// Of which method.
        kind: String,
    },
    /// An enrolment was ended because a second device answered the same code.
    EnrolmentAttacked {
        /// The address of the second device.
        address: String,
    },
    /// A sign-in was ended because a second device claimed it, or because it was reported.
    SignInStopped {
        /// The address of the browser.
        address: String,
        /// Why.
        reason: crate::ceremony::Reason,
    },
    /// Devices were asked so often in vain that browsers ask them no more until one approves otherwise.
    RequestsStopped,
    /// Somebody signed in with a browser that was not known to the account.
    NewBrowser {
        /// Its address.
        address: String,
        /// What it says it is.
        browser: String,
    },
    /// A device without a keyboard was let into an application.
    DeviceGranted {
        /// The application's name.
        client: String,
        /// The device's address.
        address: String,
    },
    /// An application that asked without a browser signed its person in.
    ClientGranted {
        /// Its name.
        client: String,
        /// What it said.
        message: String,
    },
    /// The password was changed.
    PasswordChanged,
    /// New recovery codes were drawn; the old ones are worth nothing.
    RecoveryCodesDrawn,
    /// An application may no longer learn what the person had allowed it.
    ApplicationRemoved {
        /// Its name.
        name: String,
    },
    /// An administrator took all devices off the account.
    AccountReset,
    /// An administrator switched the account off, or on again.
    AccountSwitched {
        /// Its new state.
        state: crate::users::UserState,
    },
    /// Lock-outs were lifted, by an administrator or with a recovery code.
    Unlocked,
    /// A right code came at a wrong time: the clock of the device that made it is wrong, or somebody kept the code.
    ClockOff {
        /// What the owner calls the token, or the registered device; empty where it has no name.
        token: String,
        /// By how many minutes it is ahead.
        minutes: i64,
    },
    /// A code came that a token gives much later: it has to be set right with two codes in a row.
    OutOfStep {
        /// What the owner calls the token.
        token: String,
    },
    /// The PIN of a device was wrong several times in a row, or codes that have it in them.
    WrongPins {
        /// The device's name.
        name: String,
    },
    /// A credential was locked after too many wrong tries.
    Locked {
        /// Of which method.
        kind: String,
    },
}

impl Notice {
    /// Whether it tells of a change that only somebody with a hold on the account can bring about. The others can be caused
    /// by strangers, as often as they like, or change nothing: of those, several go out together ([`crate::outbox::HOLD`]).
    #[must_use]
    pub fn is_change(&self) -> bool {
        match self {
            Self::EnrolmentAttacked { .. }
            | Self::SignInStopped { .. }
            | Self::RequestsStopped
            | Self::NewBrowser { .. }
            | Self::CredentialSuspected { .. }
            | Self::ClockOff { .. }
            | Self::OutOfStep { .. }
            | Self::WrongPins { .. }
            | Self::InvitationExpired
            | Self::EnrolmentExpired { .. }
            | Self::Locked { .. } => false,
            Self::DeviceAdded { .. }
            | Self::DeviceChanged { .. }
            | Self::DeviceRenamed { .. }
            | Self::DeviceRenewed { .. }
            | Self::HelpDeskActed { .. }
            | Self::DeviceConfirmed { .. }
            | Self::CredentialAdded { .. }
            | Self::CredentialRemoved { .. }
            | Self::CredentialRenamed { .. }
            | Self::PinChanged { .. }
            | Self::PinResetIssued { .. }
            | Self::DeviceGranted { .. }
            | Self::ClientGranted { .. }
            | Self::PasswordChanged
            | Self::RecoveryCodesDrawn
            | Self::ApplicationRemoved { .. }
            | Self::AccountReset
            | Self::AccountSwitched { .. }
            | Self::Unlocked => true,
        }
    }
}
