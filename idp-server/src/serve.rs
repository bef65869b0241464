//! How does the server listen, tidy up, and stop without cutting anybody off?

use std::{future::Future, io, net::SocketAddr, time::Duration};

use tokio::{net::TcpListener, sync::watch, time};

use crate::App;

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
    let sweeper = tokio::spawn(sweep(app.clone()));
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
    sweeper.abort();
    app.db().close().await;
    ended
}

async fn sweep(app: App) {
    let mut ticks = time::interval(SWEEP);
    loop {
        ticks.tick().await;
        match app.engine().store().sweep(app.engine().now()).await {
            Ok(0) => {}
            Ok(rows) => tracing::debug!(rows, "deleted what is over"),
            Err(fault) => {
                tracing::error!(%fault, "what is over was not deleted");
            }
        }
    }
}
