//! Which settings cannot be kept, because a standard forbids them or nothing would work?

use idp_protocol::context::UserVerification;

use super::{EnrolWay, Settings};
use crate::{policy::BY_NAME, ticket::OVERLAP_OF_GRANTS};

/// An hour, in seconds.
const HOUR: i64 = 3_600;
/// A day, in seconds.
const DAY: i64 = 86_400;
/// How long a request to another device may be answered in all, in seconds (NIST SP 800-63B-4, 3.1.3.2).
const OUT_OF_BAND: i64 = 600;

/// A setting that cannot be kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the setting `{key}` will not do: {why}. Right would be {right}")]
pub struct BadSetting {
    /// Which one, such as `pin.min_length`.
    pub key: &'static str,
    /// Why.
    pub why: String,
    /// What would be right.
    pub right: String,
}

impl BadSetting {
    fn new(key: &'static str, why: impl Into<String>, right: impl Into<String>) -> Self {
        Self { key, why: why.into(), right: right.into() }
    }
}

impl Settings {
    /// Whether the settings can be kept by an engine with methods of these kinds.
    ///
    /// # Errors
    /// The first setting that cannot.
    pub fn check(&self, methods: &[&str]) -> Result<(), BadSetting> {
        if self.organisation.trim().is_empty() {
            return Err(BadSetting::new("organisation", "a device has to show who asks", "your name"));
        }
        if self.user_verification == UserVerification::Platform {
            let why = "\"platform\" is not available yet";
            return Err(BadSetting::new("user_verification", why, "\"pin\" or \"none\""));
        }
        if !EnrolWay::ONLINE.iter().any(|way| self.enrol_transports.contains(way)) {
            // What is enrolled offline binds nothing, so that nobody would ever get anything better.
            let why = "nobody could enrol a device";
            return Err(BadSetting::new(
                "enrol_transports",
                why,
                "some of qr, link and manual, perhaps with offline",
            ));
        }
        within(self.lives(), " seconds")?;
        within(self.counts(), "")?;
        within(self.limits(), "")?;
        within(self.waits(), " seconds")?;
        self.check_out_of_band()?;
        self.check_rules(methods)
    }

    /// Key, value, least and most, in seconds.
    fn lives(&self) -> Vec<Bound> {
        vec![
            ("sign_in_life", self.sign_in_life, 1, HOUR),
            ("ticket_rotation", self.ticket_rotation, 5, 60),
            ("qr_life", self.qr_life, 1, OUT_OF_BAND),
            ("answer_window", self.answer_window, 1, OUT_OF_BAND),
            ("finish_window", self.finish_window, 1, OUT_OF_BAND),
            ("code_window", self.code_window, 1, OUT_OF_BAND),
            ("offline_life", self.offline_life.into(), 30, OUT_OF_BAND),
            // Its ticket is opened by yesterday's key for so long.
            ("device_grant_life", self.device_grant_life, 60, OVERLAP_OF_GRANTS - 60),
            ("backchannel_life", self.backchannel_life, 10, OUT_OF_BAND),
            ("enrol_life", self.enrol_life, 1, HOUR),
            ("confirm_life", self.confirm_life, 1, HOUR),
            ("invitation_life", self.invitation_life, HOUR, 7 * DAY),
            ("first_approval_life", self.first_approval_life, 1, HOUR),
            // NIST SP 800-63B-4, 4.1: at most 20 minutes between sign-in and binding.
            ("binding_max_age", self.binding_max_age, 1, 1_200),
            ("session_idle", self.session_idle, 1, 30 * DAY),
            ("session_life", self.session_life, 1, 30 * DAY),
            ("known_browser_life", self.known_browser_life, 1, 365 * DAY),
        ]
    }

    fn counts(&self) -> Vec<Bound> {
        vec![
            ("sign_ins_per_browser", self.sign_ins_per_browser.into(), 1, 100),
            ("sign_ins_per_address", self.sign_ins_per_address.into(), 1, 100_000),
            ("devices_per_user", self.devices_per_user.into(), 1, 1_000),
            // NIST SP 800-63B-4 asks for four digits. Nobody types more than 64.
            ("pin.min_length", self.pin.min_length.into(), 4, 64),
            ("pin.max_length", self.pin.max_length.into(), self.pin.min_length.into(), 64),
        ]
    }

    fn limits(&self) -> Vec<Bound> {
        let limits = &self.limits;
        vec![
            // NIST SP 800-63B-4, 3.2.2: no more than 100 failures in a row.
            ("limits.lock_after", limits.lock_after.into(), 1, 100),
            ("limits.free_failures", limits.free_failures.into(), 0, 10),
            ("limits.messages_of_device", limits.messages_of_device.into(), 1, 120),
            ("limits.messages_of_address", limits.messages_of_address.into(), 1, 10_000),
            ("limits.user_codes", limits.user_codes.into(), 1, 10),
            ("limits.failures_of_network", limits.failures_of_network.into(), 1, 10_000),
            ("limits.failures_of_account", limits.failures_of_account.into(), 1, 100),
            // What a person can bear who did not ask for it (NIST SP 800-63B-4, 3.2.2 and 3.2.12).
            ("limits.requests", limits.requests.into(), 1, 3),
            ("limits.requests_until_approval", limits.requests_until_approval.into(), 1, 10),
            // 5 × 10^-10 and 3 × 10^-6: what the guesses of an enrolment are worth.
            ("limits.confirm_tries", limits.confirm_tries.into(), 1, 5),
            ("limits.number_tries", limits.number_tries.into(), 1, 3),
            // None: devices ask again and again. Each that waits holds a connection, and a file descriptor with it.
            ("limits.waiting_devices", limits.waiting_devices.into(), 0, 1_000_000),
        ]
    }

    fn waits(&self) -> Vec<Bound> {
        let limits = &self.limits;
        vec![
            ("limits.first_wait", limits.first_wait, 30, HOUR),
            ("limits.longest_wait", limits.longest_wait, limits.first_wait, DAY),
        ]
    }

    /// What is claimed late, decided late and finished late is still one request to another device.
    fn check_out_of_band(&self) -> Result<(), BadSetting> {
        if self.qr_life < self.ticket_rotation {
            let why = "the code would be over before it rotates";
            return Err(BadSetting::new("qr_life", why, "no less than ticket_rotation"));
        }
        let all = self.qr_life + self.answer_window + self.code_window.max(self.finish_window);
        if all <= OUT_OF_BAND {
            return Ok(());
        }
        let why = format!("with answer_window and code_window it makes {all} seconds");
        let right = "at most 600 seconds in all (NIST SP 800-63B-4, out-of-band authentication)";
        Err(BadSetting::new("qr_life", why, right))
    }

    fn check_rules(&self, methods: &[&str]) -> Result<(), BadSetting> {
        let rules = &self.rules.0;
        for (at, rule) in rules.iter().enumerate() {
            if rules.iter().take(at).any(|earlier| earlier.name == rule.name) {
                let why = format!("two rules have the same name, {:?}", rule.name);
                return Err(BadSetting::new("rules", why, "a name of its own for each"));
            }
            let mut named = rule.methods.iter().flatten();
            if named.clone().any(|kind| kind == BY_NAME) {
                let why = format!(
                    "the rule {:?} names the method of invitations, which signs in to nothing",
                    rule.name
                );
                return Err(BadSetting::new("rules", why, "methods that people sign in with"));
            }
            if let Some(unknown) = named.find(|kind| !methods.contains(&kind.as_str())) {
                let why = format!("the rule {:?} names a method {unknown:?} that is not there", rule.name);
                return Err(BadSetting::new("rules", why, format!("methods among {}", methods.join(", "))));
            }
        }
        Ok(())
    }
}

/// A setting's key and value, and the least and the most that it may be.
type Bound = (&'static str, i64, i64, i64);

fn within(bounds: Vec<Bound>, unit: &str) -> Result<(), BadSetting> {
    match bounds.into_iter().find(|(_, value, least, most)| !(least..=most).contains(&value)) {
        None => Ok(()),
        Some((key, value, least, most)) => {
            let why = format!("{value} is not between {least} and {most}{unit}");
            Err(BadSetting::new(key, why, format!("{least} to {most}{unit}")))
        }
    }
}
