//! Which keys does the server have, and how does an administrator change them?

use clap::{Args, Subcommand};
use idp_core::{
    Time,
    keys::{KNOWN_EVERYWHERE, KeyRow},
};

use super::terminal::{date, say, table};
use crate::{
    App,
    oidc::key_life::{self, AHEAD},
    rotation,
};

/// How long before a new key-encryption key seals, in seconds: time to copy the file to every node.
const KEK_OVERLAP: i64 = 600;

/// `keys …`
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// List the keys: what they are for, how long they hold, and how many values need an older key-encryption key.
    List,
    /// Make a new key. Running servers notice within a minute.
    Rotate(RotateArguments),
}

/// `keys rotate …`
#[derive(Args, Debug)]
pub struct RotateArguments {
    #[command(flatten)]
    pub which: Rotated,
    /// Use the new key at once (--kek) or in a minute, when all servers know it (--signing, --device), not after ten
    /// minutes or an hour. Whoever kept a copy of the keys does not know it yet: only when the old key is in wrong
    /// hands.
    #[arg(long)]
    pub now: bool,
    /// Remove the older key-encryption keys, if no value needs them.
    #[arg(long, requires = "kek", conflicts_with_all = ["now", "signing", "device"])]
    pub finish: bool,
}

/// Which key.
#[derive(Args, Debug)]
#[group(required = true, multiple = true)]
pub struct Rotated {
    /// The key that the secrets in the database are sealed with.
    #[arg(long)]
    pub kek: bool,
    /// The keys that tokens are signed with.
    #[arg(long)]
    pub signing: bool,
    /// The keys that speak to people's devices.
    #[arg(long)]
    pub device: bool,
}

pub(super) async fn run(app: &App, command: &KeysCommand) -> anyhow::Result<()> {
    match command {
        KeysCommand::List => list(app).await,
        KeysCommand::Rotate(rotate) => self::rotate(app, rotate).await,
    }
}

async fn list(app: &App) -> anyhow::Result<()> {
    let keys: Vec<KeyRow> = app.engine().store().keys().await?;
    let rows = keys.into_iter().map(|key| {
        [key.purpose, key.number.to_string(), date(key.created_at), date(key.not_before), date(key.not_after)]
    });
    table(["PURPOSE", "NUMBER", "MADE", "FROM", "UNTIL"], rows.collect());
    say("");
    for (kid, algorithm) in app.provider().keys().names() {
        say(&format!("tokens: {} key {kid}", algorithm.name()));
    }
    match key_life::next(app).await? {
        Some(due) => {
            say(&format!("tokens: new signing keys are made from {} on, and sign an hour later", date(due)))
        }
        None => say("tokens: signing keys are not replaced by themselves (oidc.signing_key_life is 0)"),
    }
    let kek = rotation::kek_state(app).await?;
    say(&format!("key-encryption key {} seals", kek.sealing));
    if !kek.others.is_empty() {
        let others: Vec<String> = kek.others.iter().map(u8::to_string).collect();
        say(&format!("key-encryption keys that open only: {}", others.join(", ")));
    }
    say(&format!("{} values still need another key than {}", kek.waiting, kek.sealing));
    Ok(())
}

async fn rotate(app: &App, rotate: &RotateArguments) -> anyhow::Result<()> {
    let now = app.engine().now();
    let from = |overlap| if rotate.now { now } else { now + overlap };
    // Not even `--now` uses a key that some node does not know yet.
    let handed_over = || from(AHEAD).max(now + KNOWN_EVERYWHERE);
    if rotate.which.kek && rotate.finish {
        return finish(app).await;
    }
    if rotate.which.kek {
        let from = from(KEK_OVERLAP);
        added(app, rotation::add_kek(app, from)?, from);
    }
    if rotate.which.signing {
        let at = handed_over();
        app.provider().rotate(app.engine(), at, &app.config().oidc).await?;
        say(&format!("New signing keys are published now and sign from {} on.", date(at)));
    }
    if rotate.which.device {
        let at = handed_over();
        app.engine().rotate_device_keys(at).await?;
        say(&format!("New keys for devices are published in a minute and used from {} on.", date(at)));
    }
    Ok(())
}

fn added(app: &App, number: u8, from: Time) {
    let file = app.config().store.state_dir.join("kek");
    say(&format!("Key-encryption key {number} is in {} and seals from {} on.", file.display(), date(from)));
    say("Until then, copy the file to every node and to where its copy is kept.");
    say(
        "`keys list` says how many values still need an older key; at 0, `keys rotate --kek --finish` removes those.",
    );
}

async fn finish(app: &App) -> anyhow::Result<()> {
    match rotation::finish_kek(app).await? {
        0 => say("There is no older key-encryption key."),
        removed => {
            say(&format!(
                "{removed} older keys are removed. Copy the file to every node and to where its copy is kept."
            ));
            say("Old backups of the database need the old keys: keep those with the backups, or not at all.");
        }
    }
    Ok(())
}
