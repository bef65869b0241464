//! What does the server need to be tried out on one computer? A person, a password that can be typed, an application.

use std::{fs, io, path::PathBuf};

use idp_core::{Crypto, Fault, users::Profile};
use zeroize::Zeroizing;

use crate::{
    App,
    accounts::{self, AccountError, NewAccount},
    config,
    oidc::{AuthMethod, BadClient, Metadata, NewClient, Terms},
};

/// The login of the demo's person.
pub const LOGIN: &str = "demo";
/// The id of the demo's application.
pub const CLIENT: &str = "shop";
/// Where the demo's application takes people back.
pub const REDIRECT_URI: &str = "http://127.0.0.1:8081/callback";
/// Where it takes them after signing out.
pub const POST_LOGOUT_REDIRECT_URI: &str = "http://127.0.0.1:8081/";

const FILE: &str = "demo-password";
const CONSONANTS: [char; 16] =
    ['b', 'd', 'f', 'g', 'h', 'j', 'k', 'l', 'm', 'n', 'p', 'r', 's', 't', 'v', 'z'];
const VOWELS: [char; 4] = ['a', 'i', 'o', 'u'];

/// What to tell the person who tries it out.
#[derive(Debug)]
pub struct Demo {
    /// The password of the first start; it may have been changed since.
    pub password: Option<Zeroizing<String>>,
}

/// Why there is no demo.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DemoError {
    /// The server would be open to other computers, with an account that anybody may read about.
    #[error("--demo is for this computer only: listen on 127.0.0.1 or ::1, not on {0}")]
    NotLoopback(std::net::SocketAddr),
    /// The password cannot be kept.
    #[error("the demo's password cannot be kept in {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The person cannot be made.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// The application cannot be made.
    #[error(transparent)]
    Client(#[from] BadClient),
    /// Trouble of ours.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// Makes the person and the application, unless a start before this one did.
///
/// # Errors
/// [`DemoError`].
pub async fn prepare(app: &App) -> Result<Demo, DemoError> {
    let listen = app.config().server.listen;
    if !listen.ip().is_loopback() {
        return Err(DemoError::NotLoopback(listen));
    }
    add_client(app).await?;
    let path = app.config().store.state_dir.join(FILE);
    if accounts::find(app.engine(), LOGIN).await.is_ok() {
        let password = fs::read_to_string(&path).ok();
        return Ok(Demo { password: password.map(|text| Zeroizing::new(text.trim().to_owned())) });
    }
    let password = draw(app.engine().crypto());
    let kept = keep(&path, &password);
    kept.map_err(|source| DemoError::File { path, source })?;
    let profile = Profile {
        name: Some("Demo Person".to_owned()),
        email: Some("demo@example.org".to_owned()),
        email_verified: false,
        locale: Some("en".to_owned()),
        ..Profile::default()
    };
    accounts::add(app.engine(), NewAccount { login: LOGIN.to_owned(), profile }, &password).await?;
    Ok(Demo { password: Some(password) })
}

fn keep(path: &std::path::Path, password: &str) -> io::Result<()> {
    // A file without its account is what is left of a database that was deleted.
    if path.exists() {
        fs::remove_file(path)?;
    }
    config::write_private(path, format!("{password}\n").as_bytes())
}

async fn add_client(app: &App) -> Result<(), DemoError> {
    if app.clients().find(CLIENT, app.engine().now()).await?.is_some() {
        return Ok(());
    }
    let address = |text: &str| text.parse().map_err(|_| Fault::Setup("an address of the demo"));
    let metadata = Metadata {
        client_name: "Corner Shop".parse().ok(),
        redirect_uris: vec![address(REDIRECT_URI)?],
        post_logout_redirect_uris: vec![address(POST_LOGOUT_REDIRECT_URI)?],
        token_endpoint_auth_method: Some(AuthMethod::None),
        ..Metadata::default()
    };
    let shop = NewClient { id: CLIENT.to_owned(), metadata, terms: Terms::default() };
    app.clients().register(app.engine(), shop).await?;
    Ok(())
}

/// Four words of two syllables that can be read aloud and typed: 48 random bits, behind ten tries.
fn draw(crypto: &Crypto) -> Zeroizing<String> {
    let mut password = Zeroizing::new(String::with_capacity(19));
    for (place, byte) in crypto.random::<8>().into_iter().enumerate() {
        if place > 0 && place % 2 == 0 {
            password.push('-');
        }
        password.extend(CONSONANTS.get(usize::from(byte & 15)));
        password.extend(VOWELS.get(usize::from(byte >> 4 & 3)));
    }
    password
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_can_be_typed() {
        let password = draw(&symbolon_aws_lc::crypto());
        assert_eq!(password.len(), 19);
        assert!(password.chars().all(|c| c == '-' || c.is_ascii_lowercase()), "{}", *password);
    }
}
