//! How are one-time codes shown?
//!
//! In a terminal the code stands in one line that counts down, for two minutes; a script gets a line for the code of now
//! and one for the next.

use std::{io::IsTerminal as _, time::Duration};

use idp_protocol::context::UserVerification;
use serde_json::json;
use symbolon_authenticator::{Clock, Code, Codes, SystemClock};
use zeroize::Zeroizing;

use super::{Outcome, account_of, codes_only};
use crate::{
    args::Otp,
    failure::Failure,
    home::{Home, first_line},
    voice::{Voice, clean},
};

/// How long codes stand on the screen, in seconds. Who goes away must not leave them there.
const SHOWN: i64 = 120;

/// Shows the codes of an account.
pub async fn run(home: &Home, voice: &Voice, args: Otp) -> Result<Outcome, Failure> {
    let pin = args.pin_file.as_deref().map(first_line).transpose()?;
    let device = home.open(voice)?;
    if let Some(account) = codes_only::chosen(&device, args.account.as_deref())? {
        show(voice, &device.offline_codes(&account), device.now(&account.issuer)).await;
        codes_only::offer_upgrade(&device, voice, &account).await;
        return Ok(Outcome::Done);
    }
    let account = account_of(&device, voice, args.account).await?;
    let pin = match (account.uv, pin) {
        (UserVerification::Pin, None) => Some(voice.secret(&format!("PIN for {}: ", clean(&account.name)))?),
        (_, given) => given,
    };
    let codes = device.codes(&account, pin.as_ref().map(|pin| pin.as_str()))?;
    if pin.is_some() {
        voice.say("A wrong PIN makes wrong codes.");
    }
    show(voice, &codes, device.now(&account.issuer)).await;
    Ok(Outcome::Done)
}

/// Shows codes from a time on.
pub async fn show(voice: &Voice, codes: &Codes, now: i64) {
    if voice.is_for_scripts() || !std::io::stdout().is_terminal() {
        for code in two(codes, now) {
            voice.event("code", &json!({ "code": code.digits, "from": code.from, "until": code.until }));
            voice.line(&code.digits);
        }
        return;
    }
    voice.say("The codes stand here for two minutes; Ctrl-C ends it.");
    count_down(voice, codes, &SystemClock).await;
}

/// The code of a time, and the next.
fn two(codes: &Codes, now: i64) -> [Code; 2] {
    let code = codes.at(now);
    let next = codes.at(code.until);
    [code, next]
}

async fn count_down(voice: &Voice, codes: &Codes, clock: &dyn Clock) {
    let end = clock.now().saturating_add(SHOWN);
    loop {
        let now = clock.now();
        if now >= end {
            break;
        }
        voice.redraw(&line(&two(codes, now), now));
        clock.sleep(Duration::from_secs(1)).await;
    }
    voice.redraw("");
}

/// One line: the code, for how long, and the next.
fn line([code, next]: &[Code; 2], now: i64) -> Zeroizing<String> {
    let left = code.until.saturating_sub(now);
    let (digits, then) = (halves(&code.digits), halves(&next.digits));
    Zeroizing::new(format!("  {digits}   {left:2} s   then {then}"))
}

/// Eight digits are read in two groups of four.
fn halves(digits: &str) -> String {
    digits
        .split_at_checked(4)
        .map_or_else(|| digits.to_owned(), |(first, second)| format!("{first} {second}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_counts_down_and_names_the_next_code() {
        let code = |digits: &str, from| Code { digits: digits.to_owned(), from, until: from + 30 };
        let two = [code("12345678", 60), code("87654321", 90)];
        assert_eq!(line(&two, 60).as_str(), "  1234 5678   30 s   then 8765 4321");
        assert_eq!(line(&two, 89).as_str(), "  1234 5678    1 s   then 8765 4321");
    }
}
