//! How does the server listen, tidy up, and stop without cutting anybody off?

use std::{future::Future, io, net::SocketAddr, time::Duration};

use tokio::{net::TcpListener, sync::watch, time};

use crate::{App, rotation};

/// How often what is over is deleted.
const SWEEP: Duration = Duration::from_secs(60);
/// How long requests may take to end after the server was told to stop; event streams would go on for ever.
const PATIENCE: Duration = Duration::from_secs(10);

/// Answers requests on `listener` until `shutdown` is ready; then takes no new ones, and gives those that are under
/// way ten seconds.
///
/// # Errors
/// Those of the listener.
pub async fn serve(
    app: App,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let (stop, stopped) = watch::channel(());
    let by_itself = [
        tokio::spawn(sweep(app.clone())),
        tokio::spawn(rotation::keep_renewing(app.clone())),
        tokio::spawn(rotation::keep_resealing(app.clone())),
    ];
    tokio::spawn(async move {
        shutdown.await;
        drop(stop);
    });
    let told = |mut stopped: watch::Receiver<()>| async move {
        // The sender is dropped, never used: an error is the signal.
        while stopped.changed().await.is_ok() {}
    };
    let service = app.router().into_make_service_with_connect_info::<SocketAddr>();
    let server = axum::serve(listener, service).with_graceful_shutdown(told(stopped.clone()));
    let ended = tokio::select! {
        ended = server => ended,
        () = async { told(stopped).await; time::sleep(PATIENCE).await } => {
            tracing::warn!("some requests did not end in time and were cut off");
            Ok(())
        }
    };
    by_itself.iter().for_each(tokio::task::JoinHandle::abort);
    app.db().close().await;
    ended
}

async fn sweep(app: App) {
    let mut ticks = time::interval(SWEEP);
    loop {
        ticks.tick().await;
        // A sweep deletes a bounded number of rows; under load more than that is over, so it goes on at once.
        let full = u64::from(idp_core::store::SWEEP_ROWS);
        let mut swept = full;
        while swept >= full {
            swept = match app.engine().store().sweep(app.engine().now()).await {
                Ok(rows) => rows,
                Err(fault) => {
                    tracing::error!(%fault, "what is over was not deleted");
                    0
                }
            };
            tokio::task::yield_now().await;
        }
    }
}
