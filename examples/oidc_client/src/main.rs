//! A shop that lets people sign in with an OpenID provider: which parts does such an application have?
//!
//! | file | what it answers |
//! |---|---|
//! | `provider.rs` | how it asks the provider, and what it checks in the answer |
//! | `http.rs` | how it sends requests |
//! | `visits.rs` | what it remembers of a browser |
//! | `words.rs` | what the claims mean, in words |
//! | `pages.rs` | what people see and click |

mod http;
mod pages;
mod provider;
mod visits;
mod words;

use std::{fs, net::SocketAddr, path::PathBuf, sync::Arc};

use anyhow::Context as _;
use clap::Parser;
use openidconnect::{ClientId, ClientSecret, IssuerUrl, RedirectUrl};
use tokio::net::TcpListener;

use crate::{http::Http, provider::Provider, visits::Visits};

/// A small shop that signs people in with OpenID Connect.
#[derive(Debug, Parser)]
struct Arguments {
    /// The provider.
    #[arg(long, default_value = "http://localhost:8080")]
    issuer: String,
    /// The shop's id at the provider.
    #[arg(long, default_value = "shop")]
    client_id: String,
    /// A file with the shop's secret; without one it is a public client with PKCE alone.
    #[arg(long, value_name = "FILE")]
    client_secret_file: Option<PathBuf>,
    /// The address and port to listen on.
    #[arg(long, default_value = "127.0.0.1:8081")]
    listen: SocketAddr,
}

/// What all handlers share.
#[derive(Clone)]
struct Shop {
    provider: Arc<Provider>,
    visits: Arc<Visits>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let arguments = Arguments::parse();
    let origin = format!("http://{}", arguments.listen);
    let secret = match &arguments.client_secret_file {
        Some(path) => {
            let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
            Some(ClientSecret::new(text.trim().to_owned()))
        }
        None => None,
    };
    let provider = Provider {
        issuer: IssuerUrl::new(arguments.issuer).context("the issuer is not a URL")?,
        client_id: ClientId::new(arguments.client_id),
        client_secret: secret,
        redirect_uri: RedirectUrl::new(format!("{origin}/callback")).context("no address to come back to")?,
        home: origin.clone(),
        http: Http::new()?,
    };
    let shop = Shop { provider: Arc::new(provider), visits: Arc::new(Visits::default()) };
    let listener = TcpListener::bind(arguments.listen)
        .await
        .with_context(|| format!("cannot listen on {}", arguments.listen))?;
    tracing::info!(address = origin, "the shop is open");
    axum::serve(listener, pages::router(shop))
        .with_graceful_shutdown(async {
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
        })
        .await
        .context("the listener failed")
}
