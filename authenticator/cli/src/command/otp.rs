//! How are one-time codes shown?
//!
//! In a terminal the code stands in one line that counts down, for two minutes; a script gets a line for the code of now
//! and one for the next. They follow the clock of the server, as far as it is known: that of this computer may be wrong.

use std::{io::IsTerminal as _, time::Duration};

use idp_protocol::{context::UserVerification, link::Origin};
use serde_json::json;
use symbolon_authenticator::{Account, Clock, Code, Codes, clock::Corrected};
use zeroize::Zeroizing;

use super::{Outcome, account_of, codes_only};
use crate::{
    args::Otp,
    failure::Failure,
    home::{Device, Home, first_line},
    voice::{Voice, clean},
};

/// How long codes stand on the screen, in seconds. Who goes away must not leave them there.
const SHOWN: i64 = 120;
/// By how much the clocks may differ before anybody is told, in seconds.
const BEARABLE: u64 = 60;
/// How long a server is waited for that says what time it is. Codes are for whoever has no network, too.
const LONGEST_LOOK: Duration = Duration::from_secs(3);

/// Shows the codes of an account.
pub async fn run(home: &Home, voice: &Voice, args: Otp) -> Result<Outcome, Failure> {
    let pin = args.pin_file.as_deref().map(first_line).transpose()?;
    let device = home.open(voice)?;
    if let Some(account) = codes_only::chosen(&device, args.account.as_deref())? {
        let clock = match args.own_clock {
            true => device.own_clock(),
            false => clock_of(&device, voice, &account.issuer),
        };
        show(voice, &device.offline_codes(&account), &clock).await;
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
    let clock = match args.own_clock {
        true => device.own_clock(),
        false => {
            look_again(&device, &account).await;
            clock_of(&device, voice, &account.issuer)
        }
    };
    show(voice, &codes, &clock).await;
    Ok(Outcome::Done)
}

/// What is known of a clock that was wrong may be old: it may have been set since. Where it was right nothing is sent.
async fn look_again(device: &Device, account: &Account) {
    if device.ahead(&account.issuer).unsigned_abs() > BEARABLE {
        // Without a network the codes are made with what is known.
        let _ = tokio::time::timeout(LONGEST_LOOK, device.pending(account)).await;
    }
}

/// The clock that codes follow; where it is another one than this computer's, the person is told.
pub fn clock_of(device: &Device, voice: &Voice, issuer: &Origin) -> Corrected {
    let ahead = device.ahead(issuer);
    if let Some(words) = apart(ahead, issuer) {
        voice.event("clock", &json!({ "server_ahead": ahead }));
        voice.say(&words);
    }
    device.clock_of(issuer)
}

/// What the person is told of clocks that are too far apart.
fn apart(ahead: i64, issuer: &Origin) -> Option<String> {
    let off = ahead.unsigned_abs();
    let minutes = off.saturating_add(30) / 60;
    let direction = if ahead > 0 { "behind" } else { "ahead of" };
    (off > BEARABLE).then(|| {
        format!(
            "The clock of this computer was {minutes} min {direction} that of {issuer} when they last met: set it. The codes \
             follow the server's. If you have set it since, and have no network now, use --own-clock."
        )
    })
}

/// Shows codes from now on.
pub async fn show(voice: &Voice, codes: &Codes, clock: &dyn Clock) {
    if voice.is_for_scripts() || !std::io::stdout().is_terminal() {
        for code in two(codes, clock.now()) {
            voice.event("code", &json!({ "code": code.digits, "from": code.from, "until": code.until }));
            voice.line(&code.digits);
        }
        return;
    }
    voice.say("The codes stand here for two minutes; Ctrl-C ends it.");
    count_down(voice, codes, clock).await;
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
mod tests;
