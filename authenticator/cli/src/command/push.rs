//! How does somebody wait for a request at a terminal, which no push service wakes?

use super::{Outcome, account_of, report, terminal};
use crate::{args::Push, failure::Failure, home::Home, show, voice::Voice};

/// Waits for one request of one account, shows it, and sends the decision.
pub async fn run(home: &Home, voice: &Voice, args: Push) -> Result<Outcome, Failure> {
    let wanted = args.of.clone().or_else(|| args.answers.account.clone());
    let human = terminal(voice, args.answers)?;
    let device = home.open(voice)?;
    let account = account_of(&device, voice, wanted).await?;
    voice.say(&format!("Waiting for a request to {}", show::account(1, &account).replacen("1. ", "", 1)));
    voice.say("Begin in the browser: choose \"Approve on your phone\" there. Ctrl-C ends it.");
    voice.event("waiting", &show::account_event(&account));
    let decided = device.wait_and_answer(&account, args.wait.into(), &human).await?;
    Ok(report(voice, &decided))
}
