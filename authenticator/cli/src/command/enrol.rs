//! How does this computer become an authenticator?

use std::{env, path::Path};

use idp_protocol::{
    context::PinRules,
    message::Verdict,
    pin,
    typed::{self, TypedOffer},
};
use serde_json::json;
use symbolon_authenticator::{Details, Error, HttpTransport, Offered};
use zeroize::Zeroizing;

use super::{Outcome, codes_only, name_of, terminal};
use crate::{
    args::Enrol,
    failure::Failure,
    home::Home,
    picture, show,
    voice::{Voice, clean},
};

/// Enrols this computer.
pub async fn run(home: &Home, voice: &Voice, args: Enrol) -> Result<Outcome, Failure> {
    let source = source_of(voice, args.code.as_deref())?;
    let name = name_of(&args.name)?;
    let human = terminal(voice, args.answers)?;
    let device = home.open(voice)?;
    if let Source::Text(text) = &source
        && codes_only::is_code(text)
    {
        return codes_only::enrol(&device, voice, text).await;
    }
    let mut offered = match &source {
        Source::Text(text) => device.enrol(text).await?,
        Source::Fields([address, serial, code]) => {
            let typed =
                TypedOffer::from_fields(device.crypto(), address, serial, code).map_err(Error::from)?;
            device.enrol_typed(&typed).await?
        }
    };
    introduce(voice, &offered);

    let mut details = Details::new(name, platform()?);
    if let Some(rules) = offered.pin_rules() {
        details = details.pin(&choose_pin(voice, human.given_pin(), rules)?);
    }
    let enrolled = offered.register(&details).await?;
    show_code(voice, &enrolled.code);
    let decided = device.finish_enrolment(&enrolled.account, &human).await?;
    Ok(finish(voice, decided.outcome))
}

/// Where the right to enrol comes from.
enum Source {
    /// A link, the text of a QR code, or the activation text.
    Text(String),
    /// Address, serial and activation code.
    Fields([String; 3]),
}

fn source_of(voice: &Voice, code: Option<&str>) -> Result<Source, Failure> {
    let ask = |question: &str| voice.ask(question).ok_or(Failure::from(Error::NotEnrolment));
    Ok(match code {
        None => Source::Fields([
            ask("Address, such as id.example.org: ")?,
            ask("Serial, eight letters: ")?,
            ask("Activation code, seven groups of four: ")?,
        ]),
        Some("-") => {
            let text = ask("The link or the activation text: ")?;
            voice.empty_clipboard();
            Source::Text(text)
        }
        Some(text) if text.contains("://") || text.starts_with(typed::PREFIX) => {
            Source::Text(text.to_owned())
        }
        Some(picture) => Source::Text(picture::read(Path::new(picture))?),
    })
}

/// Shows the code for the portal.
pub fn show_code(voice: &Voice, code: &str) {
    voice.event("code", &json!({ "code": code }));
    voice.say(&format!(
        "\nType this code into the portal, on the page where you began:\n\n    {}\n\nWaiting for it …",
        show::grouped(code)
    ));
}

/// Tells how the first approval ended.
pub fn finish(voice: &Voice, outcome: Verdict) -> Outcome {
    voice.event("enrolled", &json!({ "active": outcome == Verdict::Approve }));
    if outcome == Verdict::Approve {
        voice.say("\nDone: this device is ready. Sign in with `idp-authenticator scan PICTURE`.");
        return Outcome::Done;
    }
    voice.say("\nStopped. This device was not added, and its keys are deleted.");
    Outcome::Declined
}

fn introduce(voice: &Voice, offered: &Offered<'_, HttpTransport>) {
    voice.event(
        "offer",
        &json!({
            "organisation": offered.organisation(),
            "account": offered.account(),
            "issuer": offered.issuer().as_str(),
            "pin": offered.pin_rules(),
            "fingerprint": offered.fingerprint(),
        }),
    );
    voice.say(&format!(
        "{} ({}) offers to add this device to the account {}.\nThe key of the server: {}",
        clean(offered.organisation()),
        offered.issuer(),
        clean(offered.account()),
        offered.fingerprint()
    ));
}

fn platform() -> Result<idp_protocol::Text<64>, Failure> {
    let system = match env::consts::OS {
        "linux" => "Linux",
        "macos" => "macOS",
        "windows" => "Windows",
        other => other,
    };
    name_of(&format!("{system}, terminal"))
}

/// Says the rules before the person types, and asks until a PIN fits them.
pub fn choose_pin(
    voice: &Voice,
    given: Option<&Zeroizing<String>>,
    rules: PinRules,
) -> Result<Zeroizing<String>, Failure> {
    if let Some(given) = given {
        pin::check(given, rules).map_err(Error::from)?;
        return Ok(given.clone());
    }
    voice.say(&format!(
        "Choose a PIN of {} to {} digits. You will need it for each approval and for one-time codes; a row such as 123456, or a \
         PIN that everybody tries first, is not taken.",
        rules.min_length, rules.max_length
    ));
    loop {
        let typed = voice.secret_twice("New PIN: ", "The same PIN again: ")?;
        match pin::check(&typed, rules) {
            Ok(()) => return Ok(typed),
            Err(bad) => voice.say(&format!("Not this one: {bad}.")),
        }
    }
}

#[cfg(test)]
mod tests;
