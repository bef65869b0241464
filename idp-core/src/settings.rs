//! The numbers and policies that an administrator may set, with their defaults and where they come from.

mod check;
mod limits;

use idp_protocol::context::{PinRules, UserVerification};
use serde::{Deserialize, Serialize};

use crate::{policy::rules::Rules, wake::WakeDevices};
pub use check::BadSetting;
pub use limits::Limits;

/// The settings of the engine. Times are in seconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Settings {
    /// Who asks, in words: shown on the device. Default `Symbolon`.
    pub organisation: String,
    /// How a device must verify its user. Default `pin`.
    pub user_verification: UserVerification,
    /// What a PIN must look like. Default 6 to 12 digits (NIST SP 800-63B-4 asks for 4, recommends 6).
    pub pin: PinRules,
    /// Whether people may add authenticator apps of somebody else (`otpauth://`). Default `refused`: the secret of such
    /// an app is in a QR code, and its codes can be phished.
    pub authenticator_apps: AuthenticatorApps,
    /// How long a sign-in page may stay open. Default 600.
    pub sign_in_life: i64,
    /// How many sign-ins a browser may have open; beyond it the oldest is closed. Default 8.
    pub sign_ins_per_browser: u32,
    /// How many sign-ins an address may have open. Default 60.
    pub sign_ins_per_address: u32,
    /// How often the ticket in a QR code changes; the one before stays valid as long again. Default 20.
    pub ticket_rotation: i64,
    /// How long a QR code can be claimed. Default 120; with `answer_window` and `code_window` at most 600 (NIST
    /// SP 800-63B-4).
    pub qr_life: i64,
    /// How long a device may take to decide after its claim. Default 120.
    pub answer_window: i64,
    /// How long the browser may take to finish after an approval. Default 30.
    pub finish_window: i64,
    /// The same where a code has to be typed. Default 120.
    pub code_window: i64,
    /// How long the code of an offline ticket is taken. Default 180; at most 600 (NIST SP 800-63B-4).
    pub offline_life: u16,
    /// How long a device without a keyboard can be approved (RFC 8628). Default 600; at most 1800.
    pub device_grant_life: i64,
    /// In which ways a device may be enrolled. Default `qr`, `link` and `manual`; the engine refuses the others. With
    /// `offline` beside one of them, a phone without network may become a soft token: not by default, because its key is in
    /// a picture but for 26 bits.
    pub enrol_transports: Vec<EnrolWay>,
    /// How long a person may take to answer what an application asks without a browser, where it does not say (CIBA).
    /// Default 120; at most 600.
    pub backchannel_life: i64,
    /// How long an enrolment QR can be answered. Default 600.
    pub enrol_life: i64,
    /// How long the confirmation code may take. Default 300.
    pub confirm_life: i64,
    /// How long the first approval may take. Default 600.
    pub first_approval_life: i64,
    /// How long an invitation can be taken up. Default 24 hours.
    pub invitation_life: i64,
    /// What the digits of an invitation are worth with nothing beside them, on an account that has no password. Default
    /// `refused`: they are one secret that went through somebody else's hands.
    pub invitation_alone: InvitationAlone,
    /// How old the sign-in may be that binds a new authenticator. Default 300; at most 1200 (NIST
    /// SP 800-63B-4, 4.1).
    pub binding_max_age: i64,
    /// How many devices a person may have. Default 10.
    pub devices_per_user: u32,
    /// After how much idleness a session ends. Default 8 hours.
    pub session_idle: i64,
    /// When a session ends in any case. Default 24 hours.
    pub session_life: i64,
    /// How long a browser stays known. Default 30 days.
    pub known_browser_life: i64,
    /// Whether devices are woken by push services when something waits for them. Default `web_push`.
    pub wake_devices: WakeDevices,
    /// Who may sign in to what, from where and how well. Default: no rules, everybody may.
    pub rules: Rules,
    /// How often somebody may try.
    pub limits: Limits,
}

/// Whether there may be authenticator apps of somebody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthenticatorApps {
    /// No.
    Refused,
    /// Everybody may add one in the account pages.
    Allowed,
}

/// What the digits of an invitation are worth with nothing beside them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InvitationAlone {
    /// Nothing: something else is shown beside them.
    Refused,
    /// A device of low assurance, until its owner confirms it with another factor, or an administrator does.
    LowAssurance,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            organisation: "Symbolon".to_owned(),
            user_verification: UserVerification::Pin,
            pin: PinRules { min_length: 6, max_length: 12 },
            authenticator_apps: AuthenticatorApps::Refused,
            sign_in_life: 600,
            sign_ins_per_browser: 8,
            sign_ins_per_address: 60,
            ticket_rotation: 20,
            qr_life: 120,
            answer_window: 120,
            finish_window: 30,
            code_window: 120,
            offline_life: 180,
            device_grant_life: 600,
            enrol_transports: EnrolWay::ONLINE.to_vec(),
            backchannel_life: 120,
            enrol_life: 600,
            confirm_life: 300,
            first_approval_life: 600,
            invitation_life: 24 * 3_600,
            invitation_alone: InvitationAlone::Refused,
            binding_max_age: 300,
            devices_per_user: 10,
            session_idle: 8 * 3_600,
            session_life: 24 * 3_600,
            known_browser_life: 30 * 86_400,
            wake_devices: WakeDevices::default(),
            rules: Rules::default(),
            limits: Limits::default(),
        }
    }
}

/// How the right to register a device comes to the device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EnrolWay {
    /// From the screen, by its camera or a picture.
    #[default]
    Qr,
    /// By a link on the same device.
    Link,
    /// Typed, or pasted as one text.
    Manual,
    /// By a code on the screen, without a network: for one-time codes of low assurance only
    /// ([`crate::methods::otp::OfflineCodes`]).
    Offline,
}

impl EnrolWay {
    /// Those in which the device talks to the server.
    pub const ONLINE: [Self; 3] = [Self::Qr, Self::Link, Self::Manual];

    /// The last byte of the payload of a code or link, so that the server can tell one from the other.
    #[must_use]
    pub fn flags(self) -> u8 {
        u8::from(self == Self::Link)
    }
}
