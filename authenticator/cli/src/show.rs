//! How are accounts, codes and contexts written for people?

use idp_protocol::context::{Confirm, Context, Opens, Purpose, Risk};
use serde_json::{Value, json};
use symbolon_authenticator::{Account, OfflineAccount, Stage};

use crate::voice::clean;

/// The whole question about a context, with the facts first and the warnings last, next to the decision.
pub fn context(account: &Account, context: &Context, now: i64) -> String {
    let mut lines = vec![String::new(), headline(&context.purpose), String::new()];
    lines.push(fact("Account", &format!("{} ({})", context.account_name, account.organisation)));
    if let Purpose::SignIn { client, redirect_host, opens } | Purpose::Push { client, redirect_host, opens } =
        &context.purpose
    {
        lines.push(fact("Application", client));
        lines.extend(known("Goes on to", redirect_host));
        lines.push(fact("Opens", reach(*opens)));
    }
    if let Purpose::DeviceGrant { client, scopes, user_code } = &context.purpose {
        lines.push(fact("Application", client));
        lines.push(fact("It may", &rights(scopes)));
        lines.push(fact("It shows", user_code));
    }
    if let Purpose::Backchannel { client, scopes, binding_message } = &context.purpose {
        lines.push(fact("Application", client));
        lines.push(fact("It says", binding_message));
        lines.push(fact("It may", &rights(scopes)));
    } else {
        let place = context.from.place.as_str();
        let from = [context.from.address.as_str(), place].into_iter().filter(|text| !text.is_empty());
        lines.push(fact("From", &from.collect::<Vec<_>>().join(", ")));
    }
    if !matches!(context.purpose, Purpose::DeviceGrant { .. } | Purpose::Backchannel { .. }) {
        lines.extend(known("Browser", &context.from.browser));
    }
    lines.push(fact("Started", &ago(now, context.requested_at)));
    lines.push(String::new());
    lines.extend(context.risks.iter().map(|risk| format!("  ! {}", warning(&context.purpose, *risk))));
    if !context.risks.is_empty() {
        lines.push(String::new());
    }
    lines.push(caution(&context.purpose).to_owned());
    if context.confirm == Confirm::CodeToBrowser {
        lines.push("After an approval you type a code into that browser: into no other page.".to_owned());
    }
    lines.join("\n")
}

fn headline(purpose: &Purpose) -> String {
    match purpose {
        Purpose::SignIn { client, .. } => format!("A browser wants to sign in to {} as you.", clean(client)),
        Purpose::Push { client, .. } => {
            format!("A browser asks all your devices: it wants to sign in to {} as you.", clean(client))
        }
        Purpose::DeviceGrant { client, .. } => {
            format!("ANOTHER DEVICE wants to use {} as you.", clean(client))
        }
        Purpose::Backchannel { client, .. } => {
            format!("{} asks you to sign in, WITHOUT a browser of yours.", clean(client))
        }
        Purpose::FirstApproval => "Last step: this device becomes an authenticator of your account.".to_owned(),
        Purpose::AddAuthenticator => {
            "Somebody wants to ADD ANOTHER AUTHENTICATOR to your account. It could sign in as you from then on."
                .to_owned()
        }
        _ => "Your account asks for a decision.".to_owned(),
    }
}

fn caution(purpose: &Purpose) -> &'static str {
    match purpose {
        Purpose::DeviceGrant { .. } => {
            "Approve only if that device is in front of you, and shows this very code. It is signed in as you then, \
             until you end it on your account page. If somebody sent you the code, deny."
        }
        Purpose::Backchannel { .. } => {
            "Approve only if you are dealing with that application right now, and see or hear these very words there. \
             Whoever calls you and asks for an approval is not to be trusted: deny."
        }
        Purpose::Push { .. } => {
            "Approve only if you see that browser, and the number that it shows. Whoever asks you for a number, or tells you \
             one, is not from us: deny, and change your password."
        }
        Purpose::FirstApproval => "Approve only if you are adding this device in the portal right now.",
        _ => "Approve only if you started this yourself, just now, in a browser that you see.",
    }
}

fn reach(opens: Opens) -> &'static str {
    match opens {
        Opens::AllApplications => "all your applications, in that browser",
        Opens::ThisApplication => "only this application",
    }
}

/// What an application may learn and do, by the scopes of OpenID Connect; those of its own have no other words.
fn rights(scopes: &[String]) -> String {
    let words = scopes.iter().map(|scope| match scope.as_str() {
        "openid" => "recognise you".to_owned(),
        "profile" => "see your name".to_owned(),
        "email" => "see your e-mail address".to_owned(),
        "address" => "see your postal address".to_owned(),
        "phone" => "see your telephone number".to_owned(),
        "offline_access" => "go on when you are not there".to_owned(),
        other => match other.strip_prefix("resource ") {
            Some(resource) => format!("use {resource} in your name"),
            None => other.to_owned(),
        },
    });
    words.collect::<Vec<_>>().join(", ")
}

fn warning(purpose: &Purpose, risk: Risk) -> &'static str {
    match risk {
        Risk::OtherNetwork if matches!(purpose, Purpose::DeviceGrant { .. }) => {
            "That device is in another network than this one: it may be far away from you."
        }
        Risk::UnknownBrowser => "You have not signed in with this browser before.",
        Risk::OtherNetwork => "The browser is in another network than this device.",
        Risk::ReportedAddress => "Somebody reported a request from this address.",
        _ => "The server warns about something that this version cannot name: deny, and update.",
    }
}

/// An offline ticket has no room for everything.
fn known(name: &str, value: &str) -> Option<String> {
    (!value.is_empty()).then(|| fact(name, value))
}

fn fact(name: &str, value: &str) -> String {
    format!("  {name:<12} {}", clean(value))
}

fn ago(now: i64, then: i64) -> String {
    match now.saturating_sub(then) {
        seconds @ ..=1 if seconds > -60 => "just now".to_owned(),
        seconds @ 2..120 => format!("{seconds} seconds ago"),
        seconds @ 120..7_200 => format!("{} minutes ago", seconds / 60),
        _ => {
            let of_day = then.rem_euclid(86_400);
            format!("at {:02}:{:02} UTC", of_day / 3_600, of_day % 3_600 / 60)
        }
    }
}

/// Digits in groups that are easy to copy: eight in fours, else the rest first in threes, the last four together.
pub fn grouped(code: &str) -> String {
    let group = if code.len() == 8 { 4 } else { 3 };
    let head = code.len().saturating_sub(if code.len() > 6 { 4 } else { 3 });
    let mut out = String::new();
    for (at, digit) in code.chars().enumerate() {
        if at > 0 && at <= head && at % group == 0 {
            out.push(' ');
        }
        out.push(digit);
    }
    out
}

/// One line of the list of accounts.
pub fn account(number: usize, account: &Account) -> String {
    let stage = match account.stage {
        Stage::Active => "",
        _ => " — not finished: run `idp-authenticator pending`",
    };
    format!(
        "{number}. {} at {} ({}), this device: {}{stage}",
        clean(&account.name),
        clean(&account.organisation),
        account.issuer,
        account.device_name
    )
}

/// The same for one that gives codes only.
pub fn offline_account(number: usize, account: &OfflineAccount) -> String {
    format!(
        "{number}. {} at {} ({}), one-time codes only: `idp-authenticator otp {number}`",
        clean(account.name.as_str()),
        clean(account.organisation.as_str()),
        account.issuer
    )
}

/// The same for scripts, without the key.
pub fn offline_account_event(account: &OfflineAccount) -> Value {
    json!({
        "account": account.id,
        "name": account.name,
        "organisation": account.organisation,
        "issuer": account.issuer.as_str(),
        "enrolment": account.enrolment,
    })
}

/// An account for scripts, without keys.
pub fn account_event(account: &Account) -> Value {
    json!({
        "account": account.id,
        "name": account.name,
        "organisation": account.organisation,
        "issuer": account.issuer.as_str(),
        "device": account.device,
        "device_name": account.device_name,
        "active": account.is_active(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_grouped() {
        assert_eq!(grouped("0123456789"), "012 345 6789");
        assert_eq!(grouped("123456"), "123 456");
        assert_eq!(grouped("12345678"), "1234 5678");
    }

    #[test]
    fn times_are_told_as_people_do() {
        assert_eq!(ago(100, 100), "just now");
        assert_eq!(ago(90, 100), "just now");
        assert_eq!(ago(130, 100), "30 seconds ago");
        assert_eq!(ago(400, 100), "5 minutes ago");
        assert_eq!(ago(1_000_000, 45_000), "at 12:30 UTC");
        assert_eq!(ago(0, 45_000), "at 12:30 UTC");
    }
}
