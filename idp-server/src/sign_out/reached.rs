//! Which applications know that a session is over, and which do not?

use std::time::Duration;

use idp_core::{Fault, Id, session::SessionRow};
use tokio::time;

use super::{Leaving, Participant, Told};
use crate::{app::App, text::Language};

/// How long a browser waits for the server to tell others, in looks.
const LOOKS: u32 = 10;
/// The time between two of them: two seconds in all.
const PAUSE: Duration = Duration::from_millis(200);
/// Whoever has been under way for so long, in seconds, waits no more.
const PATIENCE: i64 = 3;

/// The applications that know of a session.
async fn participants(app: &App, t: Language, session: Id<SessionRow>) -> Result<Vec<Participant>, Fault> {
    let mut all = Vec::new();
    for protocol in app.participants() {
        all.extend(protocol.of(app, t, session).await?);
    }
    Ok(all)
}

/// What people know them as, in the order of the alphabet.
///
/// # Errors
/// [`Fault`] if the store fails.
pub(crate) async fn names(app: &App, t: Language, session: Id<SessionRow>) -> Result<Vec<String>, Fault> {
    Ok(sorted(participants(app, t, session).await?))
}

/// Waits until the server has told those whom it tells, two seconds at most.
///
/// # Errors
/// [`Fault`] if the store fails.
pub(crate) async fn settled(app: &App, leaving: &Leaving) -> Result<(), Fault> {
    for _ in 0..LOOKS {
        let is_late = app.engine().now() - leaving.since >= PATIENCE;
        if is_late || !is_some_told_soon(app, leaving).await? {
            break;
        }
        time::sleep(PAUSE).await;
    }
    Ok(())
}

async fn is_some_told_soon(app: &App, leaving: &Leaving) -> Result<bool, Fault> {
    for session in leaving.sessions() {
        let all = participants(app, Language::default(), session).await?;
        if all.iter().any(|it| it.told == Told::Soon) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The applications that may not know, as people know them. The server is given a moment to tell those whom it can.
///
/// # Errors
/// [`Fault`] if the store fails.
pub(crate) async fn unreached(app: &App, t: Language, leaving: &Leaving) -> Result<Vec<String>, Fault> {
    settled(app, leaving).await?;
    let mut all = Vec::new();
    for session in leaving.sessions() {
        all.extend(participants(app, t, session).await?);
    }
    Ok(sorted(all.into_iter().filter(|it| it.told != Told::Yes).collect()))
}

fn sorted(participants: Vec<Participant>) -> Vec<String> {
    let mut names: Vec<String> = participants.into_iter().map(|it| it.name).collect();
    names.sort_unstable();
    names.dedup();
    names
}
