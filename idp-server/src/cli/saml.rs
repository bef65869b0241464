//! How does an administrator change the keys that sign for service providers of SAML?

use anyhow::bail;
use chrono::{NaiveDate, NaiveDateTime};
use clap::{Args, Subcommand};
use idp_core::Time;

use super::terminal::{date, say, table};
use crate::{
    App, routes,
    saml::{SamlKey, SamlKeys},
};

const DAY: i64 = 86_400;
/// How many days ahead a key is announced, where nobody says: as long as our metadata may be kept by default.
const AHEAD: u16 = 14;

/// `saml …`
#[derive(Debug, Subcommand)]
pub enum SamlCommand {
    /// The keys that sign for service providers. Nothing changes them by itself.
    #[command(subcommand)]
    Keys(SamlKeysCommand),
    /// Print our metadata, for a service provider that cannot fetch it.
    Metadata,
}

/// `saml keys …`
#[derive(Debug, Subcommand)]
pub enum SamlKeysCommand {
    /// List the keys, and the service providers that still expect one of them.
    List,
    /// Announce the next key: it stands in our metadata at once, and signs from a date on. The one before stays there until
    /// it is retired. Running servers notice within a minute.
    Add(AddKeyArguments),
    /// Take a key out of our metadata that signs no more, or not yet.
    Retire {
        /// Its number.
        number: i64,
    },
}

/// `saml keys add …`
#[derive(Args, Debug)]
pub struct AddKeyArguments {
    /// From when on it signs, in UTC: 2026-03-01 or "2026-03-01 08:30".
    #[arg(long, value_name = "DATE", value_parser = moment, conflicts_with = "in_days")]
    pub at: Option<Time>,
    /// In how many days it signs.
    #[arg(long = "in", value_name = "DAYS", default_value_t = AHEAD, value_parser = clap::value_parser!(u16).range(0..=365))]
    pub in_days: u16,
}

fn moment(text: &str) -> Result<Time, String> {
    let midnight = || NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0);
    let time = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").ok().or_else(midnight);
    let time = time.map(|time| Time(time.and_utc().timestamp()));
    time.ok_or_else(|| "a date in UTC, such as 2026-03-01 or \"2026-03-01 08:30\"".to_owned())
}

pub(super) async fn run(app: &App, command: SamlCommand) -> anyhow::Result<()> {
    match command {
        SamlCommand::Keys(SamlKeysCommand::List) => list(app).await,
        SamlCommand::Keys(SamlKeysCommand::Add(new)) => add(app, &new).await,
        SamlCommand::Keys(SamlKeysCommand::Retire { number }) => {
            app.saml().retire_keys(app.engine(), number).await?;
            say(&format!(
                "Key {number} is no longer in our metadata. Running servers notice within a minute."
            ));
            Ok(())
        }
        SamlCommand::Metadata => {
            let document = app.saml().metadata(app.engine(), app.config()).await?;
            say(&String::from_utf8_lossy(document.body()));
            Ok(())
        }
    }
}

async fn list(app: &App) -> anyhow::Result<()> {
    let keys = app.saml().keys(app.engine()).await?;
    let now = app.engine().now();
    let rows = keys.all().iter().map(|key| row(&keys, key, now));
    table(["NUMBER", "ALGORITHM", "STATE", "FROM", "CERTIFICATE"], rows.collect());
    for (entity_id, number) in app.saml().providers().pinned().await? {
        say(&format!("{entity_id} still expects key {number}"));
    }
    Ok(())
}

fn row(keys: &SamlKeys, key: &SamlKey, now: Time) -> [String; 5] {
    let signs = keys.signing(key.algorithm, now).is_some_and(|signing| signing.number == key.number);
    let state = match signs {
        true => "signs",
        false if key.not_before > now => "announced",
        false => "published",
    };
    [
        key.number.to_string(),
        key.algorithm.name().to_owned(),
        state.to_owned(),
        date(key.not_before),
        super::sp::fingerprint(key.certificate()),
    ]
}

async fn add(app: &App, new: &AddKeyArguments) -> anyhow::Result<()> {
    let now = app.engine().now();
    let at = new.at.unwrap_or(now + i64::from(new.in_days) * DAY);
    if at < now {
        bail!("{} is over", date(at));
    }
    app.saml().add_keys(app.engine(), at).await?;
    say(&format!(
        "The next key stands in our metadata and signs from {} on: {}{}",
        date(at),
        app.issuer(),
        routes::SAML_METADATA
    ));
    say("Whoever does not fetch our metadata has to take it over by then; pin the others to the old key:");
    say("  idp-server sp set ENTITY --signing-key NUMBER");
    say("When everybody has it, take the old one out: idp-server saml keys retire NUMBER");
    Ok(())
}
