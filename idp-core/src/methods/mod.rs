//! The methods of the core; `standard()` and `enrolments()` list them. A new one is one file and one line.

pub mod activation;
pub mod after_approval;
pub mod ciba;
pub mod device_grant;
mod number;
pub mod offline;
pub mod otp;
pub mod password;
pub mod push;
pub mod qr;
pub mod recovery;
pub mod registration;

use std::sync::Arc;

use self::after_approval::AfterApproval;
use crate::erased::{ErasedEnrolment, ErasedMethod};

/// The sign-in methods of the core, in the order in which a page offers them.
#[must_use]
pub fn standard() -> Vec<Arc<dyn ErasedMethod>> {
    vec![
        Arc::new(qr::Qr),
        Arc::new(password::Password),
        Arc::new(otp::Totp),
        Arc::new(otp::Hotp),
        Arc::new(offline::Offline),
        Arc::new(push::Push),
        Arc::new(recovery::Recovery),
        Arc::new(device_grant::DeviceGrant),
        Arc::new(activation::Activation),
        Arc::new(ciba::Ciba),
    ]
}

/// The enrolments of the core. Each one that gives an account an authenticator asks one that it has first.
#[must_use]
pub fn enrolments() -> Vec<Arc<dyn ErasedEnrolment>> {
    vec![
        Arc::new(AfterApproval(registration::DeviceRegistration)),
        Arc::new(AfterApproval(otp::AuthenticatorApp)),
        Arc::new(AfterApproval(otp::OfflineCodes)),
    ]
}
