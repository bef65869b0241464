//! How is a sign-in answered without any network?

use idp_protocol::message::Verdict;
use serde_json::json;
use symbolon_authenticator::{Answered, Clock as _, OfflineTicket, Opened, SystemClock};

use super::{Outcome, terminal, text_of};
use crate::{
    args::{Answers, Offline},
    failure::Failure,
    home::Home,
    show,
    voice::Voice,
};

/// Opens the ticket in the picture, asks, and shows the digits for the browser.
pub async fn run(home: &Home, voice: &Voice, args: Offline) -> Result<Outcome, Failure> {
    let answers = Answers { decision: args.decision, pin_file: args.pin_file, ..Answers::default() };
    let human = terminal(voice, answers)?;
    // The picture comes first: nobody types a passphrase for one that cannot be read.
    let ticket = OfflineTicket::from_picture(&text_of(&args.picture)?)?;
    let device = home.open(voice)?;
    let opened = device.open_offline(&ticket)?;
    warn(voice, &opened);
    let answered = device.answer_offline(&opened, &human).await?;
    Ok(report(voice, &answered))
}

/// An old ticket that somebody kept looks like a wrong clock, so the person is told before the decision.
fn warn(voice: &Voice, opened: &Opened) {
    let Some(ahead) = opened.clocks_apart(SystemClock.now()) else { return };
    voice.event("clock", &json!({ "server_ahead": ahead }));
    let direction = if ahead > 0 { "later" } else { "earlier" };
    voice.say(&format!(
        "The code says that it was made {} seconds {direction} than now. If the clock of this device is right, deny: it \
         is an old code, or the server's clock is wrong.",
        ahead.unsigned_abs()
    ));
}

fn report(voice: &Voice, answered: &Answered) -> Outcome {
    let Answered { verdict, code, seconds_left } = answered;
    voice.event("offline", &json!({ "outcome": verdict, "code": code, "seconds_left": seconds_left }));
    let code = show::grouped(code.as_deref().unwrap_or_default());
    match verdict {
        Verdict::Approve => {
            voice.say(&format!(
                "\nType these digits into the page that shows the code, and into no other:\n\n    {code}\n\n\
                 They are good for {seconds_left} seconds. If the page says that they are wrong, the PIN may have been."
            ));
            Outcome::Done
        }
        Verdict::Deny => {
            voice.say("Denied. Type nothing into that page: nobody is signed in.");
            Outcome::Declined
        }
        Verdict::Report => {
            voice.say(&format!(
                "\nDenied. To report it as well, type these digits into the page that shows the code:\n\n    {code}\n\n\
                 They sign nobody in. They end what that browser has of your account."
            ));
            Outcome::Declined
        }
    }
}
