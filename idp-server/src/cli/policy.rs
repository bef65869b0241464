//! Why may somebody sign in, or not? Rule by rule, for a case that is described or for one that was refused.

use std::net::IpAddr;

use anyhow::{Context as _, bail};
use clap::Subcommand;
use idp_core::{audit::AuditRow, policy::rules::Facts};

use super::terminal::{date, say, table};
use crate::App;

/// How far back an event is looked for.
const LOOK_BACK: u32 = 10_000;
/// The events that say all that the rules look at.
const EXPLAINED: [&str; 2] = ["policy.denied", "session.opened"];

/// `policy …`
#[derive(Debug, Subcommand)]
pub enum PolicyCommand {
    /// Say which rule decides, and why the others do not match.
    Explain {
        /// The application's id.
        #[arg(long, requires = "address")]
        client: Option<String>,
        /// The browser's address.
        #[arg(long, requires = "client")]
        address: Option<std::net::IpAddr>,
        /// Somebody is known in the browser.
        #[arg(long)]
        known_browser: bool,
        /// Explain this event of the audit record instead, a policy.denied or a session.opened (`audit list` shows its id).
        #[arg(long, conflicts_with_all = ["client", "address"], allow_hyphen_values = true)]
        event: Option<String>,
    },
}

/// `audit …`
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// List the latest events, the newest first.
    List {
        /// How many.
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
}

pub(super) async fn run(app: &App, command: PolicyCommand) -> anyhow::Result<()> {
    let PolicyCommand::Explain { client, address, known_browser, event } = command;
    match (event, client, address) {
        (Some(event), _, _) => explain_event(app, &event).await,
        (None, Some(client), Some(address)) => {
            explain(app, Facts { client: &client, address, known_browser });
            Ok(())
        }
        _ => bail!("name a client and an address, or an event of the audit record"),
    }
}

fn explain(app: &App, facts: Facts<'_>) {
    say(&app.engine().settings().rules.explain(facts).to_string());
}

/// Explains a decision of the rules by what the audit record says of it, with the rules as they are now.
async fn explain_event(app: &App, id: &str) -> anyhow::Result<()> {
    let rows = app.engine().store().audit(None, LOOK_BACK).await?;
    let row = rows.iter().find(|row| row.id.to_string() == id).context("there is no such event")?;
    if !EXPLAINED.contains(&row.event.name.as_str()) {
        bail!(
            "rules decide about sign-ins only: {} can be explained, {} cannot",
            EXPLAINED.join(" and "),
            row.event.name
        );
    }
    let older = "that event was recorded by a version that did not say what the rules looked at";
    let client = detail(row, "client").context(older)?;
    let known_browser = detail(row, "known_browser").context(older)? == "true";
    let address: IpAddr = row.event.address.as_deref().context(older)?.parse().context(older)?;
    let rule =
        detail(row, "rule").map_or_else(|| "without rules".to_owned(), |rule| format!("by rule {rule:?}"));
    say(&format!("{} {} from {address}, {rule} then", date(row.at), row.event.name));
    explain(app, Facts { client, address, known_browser });
    Ok(())
}

fn detail<'a>(row: &'a AuditRow, name: &str) -> Option<&'a str> {
    row.event.details.iter().find(|(of, _)| of == name).map(|(_, value)| value.as_str())
}

pub(super) async fn audit(app: &App, command: AuditCommand) -> anyhow::Result<()> {
    let AuditCommand::List { limit } = command;
    let rows = app.engine().store().audit(None, limit).await?;
    let rows = rows.into_iter().map(|row| {
        let details = row.event.details.iter().map(|(name, value)| format!("{name}={value}"));
        [
            row.id.to_string(),
            date(row.at),
            row.event.name.clone(),
            row.event.address.clone().unwrap_or_default(),
            details.collect::<Vec<_>>().join(" "),
        ]
    });
    table(["EVENT", "AT", "WHAT", "FROM", "DETAILS"], rows.collect());
    Ok(())
}
