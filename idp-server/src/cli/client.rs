//! How does an administrator change which applications there are?

use anyhow::bail;

use super::{
    arguments::{ClientCommand, NewClientArguments},
    terminal::{say, table},
};
use crate::{
    App,
    oidc::{Consent, NewClient, Pkce, Sso},
};

pub(super) async fn run(app: &App, command: ClientCommand) -> anyhow::Result<()> {
    match command {
        ClientCommand::Add(new) => add(app, new).await,
        ClientCommand::List => list(app).await,
        ClientCommand::Remove { id } => {
            if !app.clients().remove(&id).await? {
                bail!("there is no client {id}");
            }
            say(&format!("{id} is removed; nobody can sign in to it any more."));
            Ok(())
        }
    }
}

async fn add(app: &App, new: NewClientArguments) -> anyhow::Result<()> {
    let new = NewClient {
        id: new.id,
        name: new.name,
        redirect_uris: new.redirect_uris,
        keeps_secret: !new.public,
        pkce: if new.without_pkce { Pkce::Optional } else { Pkce::Required },
        min_acr: new.min_acr,
        signature: new.id_token_alg,
        consent: new.consent.into(),
        sso: new.sso.into(),
        post_logout_redirect_uris: new.post_logout_redirect_uris,
    };
    let registered = app.clients().register(app.engine().crypto(), app.engine().now(), new).await?;
    say(&format!("client_id      {}", registered.client.id));
    match registered.secret {
        Some(secret) => {
            say(&format!("client_secret  {}", *secret));
            say("The secret is not stored and will not be shown again.");
        }
        None => say("It is a public client: it has no secret and needs PKCE."),
    }
    Ok(())
}

async fn list(app: &App) -> anyhow::Result<()> {
    let clients = app.clients().list().await?;
    let rows = clients.into_iter().map(|client| {
        let kind = if client.registration.secret.is_some() { "confidential" } else { "public" };
        let uris: Vec<&str> = client.registration.redirect_uris.iter().map(|uri| uri.as_str()).collect();
        let acr = client.registration.min_acr.map_or("-", |acr| acr.name());
        let name = client.registration.name.to_string();
        let alg = client.registration.signature.algorithm().name();
        let consent = if client.registration.consent == Consent::Ask { "ask" } else { "never" };
        let sso = if client.registration.sso == Sso::Client { "client" } else { "all" };
        let (kind, acr, uris) = (kind.to_owned(), acr.to_owned(), uris.join(" "));
        [client.id, kind, name, acr, alg.to_owned(), consent.to_owned(), sso.to_owned(), uris]
    });
    table(["ID", "KIND", "NAME", "MIN-ACR", "ALG", "CONSENT", "SSO", "REDIRECT-URIS"], rows.collect());
    Ok(())
}
