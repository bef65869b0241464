//! How does the server listen, tidy up, and stop without cutting anybody off?

mod accept;
mod certificates;
mod listeners;

use std::{future::Future, time::Duration};

use futures::FutureExt as _;
use hyper_util::server::graceful::GracefulShutdown;
use idp_core::{
    Fault, Time,
    store::{SWEEP_ROWS, Store},
};
use tokio::time;

use crate::{
    App,
    deliveries::keep_delivering,
    oidc::{backchannel::ping::Pings, logout::back_channel::LogoutTokens},
    outbox::Messages,
    rotation, routes,
};

pub use certificates::Certificates;
pub use listeners::{ListenError, Listeners};

use accept::Hall;
use certificates::LOOK;

/// How often what is over is told of and deleted.
const SWEEP: Duration = Duration::from_secs(60);
/// How long requests may take to end after the server was told to stop; event streams would go on for ever.
const PATIENCE: Duration = Duration::from_secs(10);

/// Answers requests until `shutdown` is ready; then takes no new ones, and gives those that are under way ten seconds.
/// A bare `TcpListener` is served over plain HTTP, whatever the settings say.
pub async fn serve(
    app: App,
    listeners: impl Into<Listeners>,
    shutdown: impl Future<Output = ()> + Send + 'static,
) {
    let listeners = listeners.into();
    let by_itself = [
        tokio::spawn(sweep(app.clone())),
        tokio::spawn(keep_delivering(app.clone(), LogoutTokens(app.clone()))),
        tokio::spawn(keep_delivering(app.clone(), Messages(app.clone()))),
        tokio::spawn(keep_delivering(app.clone(), Pings(app.clone()))),
        tokio::spawn(rotation::keep_renewing(app.clone())),
        tokio::spawn(rotation::keep_resealing(app.clone())),
        tokio::spawn(rotation::equip_devices(app.clone())),
        tokio::spawn(certificates::keep_renewing(app.clone(), listeners.certificates(), LOOK)),
        #[cfg(feature = "saml")]
        tokio::spawn(keep_delivering(
            app.clone(),
            crate::saml::logout::back_channel::LogoutRequests(app.clone()),
        )),
        #[cfg(feature = "saml")]
        tokio::spawn(crate::saml::provider::refresh::keep_refreshing(app.clone())),
    ];
    let connections = accept(&app, listeners, shutdown).await;
    tokio::select! {
        () = connections.shutdown() => {}
        () = time::sleep(PATIENCE) => tracing::warn!("some requests did not end in time and were cut off"),
    }
    by_itself.iter().for_each(tokio::task::JoinHandle::abort);
    app.db().close().await;
}

/// Takes connections until `shutdown` is ready.
async fn accept(
    app: &App,
    listeners: Listeners,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> GracefulShutdown {
    let connections = GracefulShutdown::new();
    let shutdown = shutdown.shared();
    let Listeners { main, mtls, certificates } = listeners;
    let pages = Hall::new(app, app.router(), &certificates);
    let applications = Hall::new(app, routes::mtls_router(app, certificates.authorities()), &certificates);
    tokio::join!(accept::take(main, &pages, &connections, shutdown.clone()), async {
        if let Some(mtls) = mtls {
            accept::take(mtls, &applications, &connections, shutdown).await;
        }
    });
    connections
}

async fn sweep(app: App) {
    let mut ticks = time::interval(SWEEP);
    loop {
        ticks.tick().await;
        // Before the sweep: what is swept first is told to nobody.
        if let Err(fault) = app.engine().tell_of_what_ran_out().await {
            tracing::error!(%fault, "nobody was told of what ran out");
        }
        if let Err(fault) = sweep_all(&**app.engine().store(), app.engine().now()).await {
            tracing::error!(%fault, "what is over was not deleted");
        }
    }
}

/// Deletes all that is over. A sweep deletes a bounded number of rows; under load more than that is over within a
/// minute, so it goes on at once, or the tables would grow for ever.
async fn sweep_all(store: &dyn Store, now: Time) -> Result<(), Fault> {
    while store.sweep(now).await? >= u64::from(SWEEP_ROWS) {
        tokio::task::yield_now().await;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
