//! What waits for this device, and how is it decided?

use symbolon_authenticator::{Account, Stage};

use super::{Outcome, enrol, named, report, terminal};
use crate::{
    args::Pending,
    failure::Failure,
    home::{Device, Home},
    show,
    terminal::Terminal,
    voice::Voice,
};

/// Shows and decides what waits, account by account; unfinished enrolments last, because they wait for somebody
/// to type a code.
pub async fn run(home: &Home, voice: &Voice, args: Pending) -> Result<Outcome, Failure> {
    let wanted = args.answers.account.clone();
    let human = terminal(voice, args.answers)?;
    let device = home.open(voice)?;
    let mut accounts = match wanted {
        Some(wanted) => vec![named(&device, &wanted)?],
        None => device.accounts()?,
    };
    accounts.sort_by_key(|account| !account.is_active());
    let (mut answered, mut trouble, mut outcome) = (0_usize, None, Outcome::Done);
    for account in &accounts {
        match one(&device, voice, &human, account).await {
            Ok((count, end)) => {
                answered = answered.saturating_add(count);
                outcome = if end == Outcome::Declined { end } else { outcome };
            }
            Err(failure) => {
                // One server that is down must not hide what waits at another.
                voice.say(&show::account(1, account).replacen("1. ", "", 1));
                if let Some(earlier) = trouble.replace(failure) {
                    voice.fail(&earlier);
                }
            }
        }
    }
    match trouble {
        Some(failure) => Err(failure),
        None => {
            if answered == 0 {
                voice.say("Nothing waits for you.");
            }
            Ok(outcome)
        }
    }
}

async fn one(
    device: &Device,
    voice: &Voice,
    human: &Terminal<'_>,
    account: &Account,
) -> Result<(usize, Outcome), Failure> {
    if let Stage::Unconfirmed { code } = &account.stage {
        enrol::show_code(voice, code);
        let decided = device.finish_enrolment(account, human).await?;
        return Ok((1, enrol::finish(voice, decided.outcome)));
    }
    let (mut answered, mut outcome) = (0_usize, Outcome::Done);
    for claimed in device.pending(account).await? {
        let decided = device.answer(&claimed, human).await?;
        answered = answered.saturating_add(1);
        if report(voice, &decided) == Outcome::Declined {
            outcome = Outcome::Declined;
        }
    }
    Ok((answered, outcome))
}
