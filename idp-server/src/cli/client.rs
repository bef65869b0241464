//! How does an administrator change which applications there are?

use std::{fs, path::Path};

use anyhow::{Context as _, anyhow, bail};

use super::terminal::{date, say, table};
use crate::{
    App,
    oidc::{
        ApplicationType, AuthMethod, Client, Consent, DeliveryMode, GrantType, Metadata, NewClient, Pkce,
        Profile, RedirectUri, Sso, SubjectType, Terms,
        client::{
            Backchannel,
            registration::{self, Invitation},
        },
        error::OAuthError,
    },
    text::Language,
};

pub(super) mod arguments;

pub use arguments::ClientCommand;
use arguments::NewClientArguments;

pub(super) async fn run(app: &App, command: ClientCommand) -> anyhow::Result<()> {
    match command {
        ClientCommand::Add(new) => add(app, *new).await,
        ClientCommand::Set { id, profile } => set(app, &id, profile.into()).await,
        ClientCommand::List => list(app).await,
        ClientCommand::Invite { days, once } => {
            let until = app.engine().now() + i64::from(days) * 86_400;
            let invitation = Invitation::new(app, until, once);
            say(&format!("initial_access_token  {}", *invitation.write(app)));
            let how_many = if once { "one application" } else { "any number of applications" };
            say(&format!(
                "It registers {how_many} until {}, where oidc.registration.who is \"invited\".",
                date(until)
            ));
            Ok(())
        }
        ClientCommand::Remove { id } => {
            if !app.clients().remove(app.engine(), &id).await? {
                bail!("there is no client {id}");
            }
            say(&format!("{id} is removed; nobody can sign in to it any more."));
            Ok(())
        }
    }
}

async fn set(app: &App, id: &str, profile: Profile) -> anyhow::Result<()> {
    if !app.clients().decide(app.engine(), id, |terms| terms.profile = profile).await? {
        bail!("there is no client {id}, or somebody else changes it at this moment");
    }
    say(&match profile {
        Profile::None => format!("{id} keeps to no profile but that of the server (oidc.profile)."),
        Profile::Fapi2 => format!("{id} keeps to the FAPI 2.0 Security Profile from now on."),
    });
    Ok(())
}

async fn add(app: &App, new: NewClientArguments) -> anyhow::Result<()> {
    let profile = app.config().oidc.profile.max(new.profile.into());
    let metadata = metadata(&new, profile)?;
    let terms = Terms {
        profile: new.profile.into(),
        pkce: match (new.without_pkce, new.without_pkce_and_nonce) {
            (_, true) => Pkce::Untied,
            (true, false) => Pkce::Optional,
            (false, false) => Pkce::Required,
        },
        min_acr: new.min_acr,
        consent: new.consent.into(),
        sso: new.sso.into(),
        introspects: new.introspects,
        serves: new.serves,
        resources: new.resources,
    };
    let new = NewClient { id: new.id, metadata, terms };
    let registered = app.clients().register(app.engine(), new).await?;
    say(&format!("client_id      {}", registered.client.id));
    match registered.secret {
        Some(secret) => {
            say(&format!("client_secret  {}", *secret));
            say("The secret is not stored and will not be shown again.");
        }
        None if registered.client.is_public() => {
            say("It is a public client: it has no secret and needs PKCE.");
        }
        None => say("It proves itself with a key of its own."),
    }
    Ok(())
}

/// What it says about itself, in a file or in flags.
fn metadata(new: &NewClientArguments, profile: Profile) -> anyhow::Result<Metadata> {
    let scope = new.scope.as_ref().map(|scope| scope.split_whitespace().collect::<Vec<_>>().join(" "));
    let mut metadata = match &new.metadata {
        Some(path) => read(path, profile)?,
        None => Metadata {
            redirect_uris: new.redirect_uris.clone(),
            grant_types: new.grant_types.clone(),
            token_endpoint_auth_method: new.public.then_some(AuthMethod::None),
            scope,
            subject_type: if new.pairwise { SubjectType::Pairwise } else { SubjectType::Public },
            id_token_signed_response_alg: new.id_token_alg.unwrap_or(profile.usual_signature()),
            authorization_signed_response_alg: profile.usual_signature(),
            post_logout_redirect_uris: new.post_logout_redirect_uris.clone(),
            backchannel_logout_uri: new.backchannel_logout_uri.clone(),
            frontchannel_logout_uri: new.frontchannel_logout_uri.clone(),
            backchannel: backchannel(new),
            response_types: new.response_types.clone(),
            application_type: if new.native { ApplicationType::Native } else { ApplicationType::Web },
            ..Metadata::default()
        },
    };
    if let Some(name) = &new.name {
        metadata.client_name = Some(name.clone());
    }
    Ok(metadata)
}

/// How it asks people, if it may.
fn backchannel(new: &NewClientArguments) -> Backchannel {
    let uri = new.backchannel_notification_uri.clone();
    let mode = if uri.is_some() { DeliveryMode::Ping } else { DeliveryMode::Poll };
    let asks = new.grant_types.contains(&GrantType::Ciba);
    Backchannel { mode: asks.then_some(mode), notification_endpoint: uri, ..Backchannel::default() }
}

fn read(path: &Path, profile: Profile) -> anyhow::Result<Metadata> {
    let text = fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let bad = |error: OAuthError| anyhow!("{}: {}", path.display(), error.description);
    registration::members::read(&text, profile).map_err(bad)
}

const COLUMNS: [&str; 10] =
    ["ID", "KIND", "NAME", "PROFILE", "MIN-ACR", "ALG", "CONSENT", "SSO", "GRANTS", "REDIRECT-URIS"];

async fn list(app: &App) -> anyhow::Result<()> {
    let clients = app.clients().list().await?;
    table(COLUMNS, clients.into_iter().map(row).collect());
    Ok(())
}

fn row(client: Client) -> [String; 10] {
    let (metadata, terms) = (&client.registration.metadata, &client.registration.terms);
    let kind = if client.is_public() { "public" } else { "confidential" };
    let grants: Vec<&str> = metadata.grant_types.iter().map(|grant_type| grant_type.name()).collect();
    let uris: Vec<&str> = metadata.redirect_uris.iter().map(RedirectUri::as_str).collect();
    let profile = if client.profile == Profile::Fapi2 { "fapi2" } else { "-" };
    let acr = terms.min_acr.map_or("-", |acr| acr.name());
    let alg = metadata.id_token_signed_response_alg.algorithm().name();
    let consent = if terms.consent == Consent::Ask { "ask" } else { "never" };
    let sso = if terms.sso == Sso::Client { "client" } else { "all" };
    let words = [kind, client.name(Language::default()), profile, acr, alg, consent, sso].map(str::to_owned);
    let [kind, name, profile, acr, alg, consent, sso] = words;
    [client.id, kind, name, profile, acr, alg, consent, sso, grants.join(" "), uris.join(" ")]
}

#[cfg(test)]
mod tests {
    use idp_core::Time;

    use super::*;
    use crate::oidc::client::Registration;

    #[test]
    fn the_list_says_which_profile_holds_for_a_client() {
        let of = |profile| {
            let registration = Registration::default();
            let client =
                Client { id: "bank".to_owned(), registration, profile, created_at: Time(0), revision: 0 };
            COLUMNS.into_iter().zip(row(client)).find(|(column, _)| *column == "PROFILE").unwrap().1
        };
        assert_eq!((of(Profile::None).as_str(), of(Profile::Fapi2).as_str()), ("-", "fapi2"));
    }
}
