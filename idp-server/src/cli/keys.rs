//! Which keys does the server have?

use idp_core::keys::KeyRow;

use super::{
    arguments::KeysCommand,
    terminal::{date, say, table},
};
use crate::App;

pub(super) async fn run(app: &App, command: &KeysCommand) -> anyhow::Result<()> {
    match command {
        KeysCommand::List => list(app).await,
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
    Ok(())
}
