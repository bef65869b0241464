//! Which numbers of the engine cannot be set, because a standard forbids them or nothing would work?

use idp_core::settings::Settings;

use super::Broken;

pub(super) fn broken_rule(settings: &Settings) -> Option<Broken> {
    let lives = [
        ("engine.sign_in_life", settings.sign_in_life, 3_600),
        // NIST SP 800-63B-4: an out-of-band request is valid for at most ten minutes.
        ("engine.qr_life", settings.qr_life, 600),
        ("engine.answer_window", settings.answer_window, 600),
        ("engine.finish_window", settings.finish_window, 600),
        ("engine.code_window", settings.code_window, 600),
        ("engine.enrol_life", settings.enrol_life, 3_600),
        ("engine.confirm_life", settings.confirm_life, 3_600),
        ("engine.first_approval_life", settings.first_approval_life, 3_600),
        // NIST SP 800-63B-4, 4.1: at most 20 minutes between sign-in and binding.
        ("engine.binding_max_age", settings.binding_max_age, 1_200),
        ("engine.session_idle", settings.session_idle, 30 * 86_400),
        ("engine.session_life", settings.session_life, 30 * 86_400),
        ("engine.known_browser_life", settings.known_browser_life, 365 * 86_400),
    ];
    for (key, seconds, most) in lives {
        if !(1..=most).contains(&seconds) {
            return Broken::new(key, format!("{seconds} is not between 1 and {most} seconds"), "within them");
        }
    }
    if settings.organisation.trim().is_empty() {
        return Broken::new("engine.organisation", "a device has to show who asks", "your name");
    }
    if settings.pin.min_length < 4 || settings.pin.min_length > settings.pin.max_length {
        let why = "a PIN has at least 4 digits (NIST SP 800-63B-4), and at most engine.pin.max_length";
        return Broken::new("engine.pin.min_length", why, "6");
    }
    let counts = [
        ("engine.sign_ins_per_browser", settings.sign_ins_per_browser),
        ("engine.sign_ins_per_address", settings.sign_ins_per_address),
        ("engine.devices_per_user", settings.devices_per_user),
    ];
    match counts.into_iter().find(|(_, count)| *count == 0) {
        Some((key, _)) => Broken::new(key, "with 0 nobody could do it at all", "1 or more"),
        None => refused_by_the_engine(settings),
    }
}

/// What the engine would not start with: a check of the configuration that passes it would be a trap.
fn refused_by_the_engine(settings: &Settings) -> Option<Broken> {
    let why = settings.check().err()?;
    let keys = ["engine.user_verification", "engine.ticket_rotation", "engine.rules"];
    let named = |key: &&str| key.strip_prefix("engine.").is_some_and(|name| why.starts_with(name));
    Broken::new(keys.into_iter().find(named).unwrap_or("engine"), why, "what that says")
}
