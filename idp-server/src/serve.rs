//! How does the server listen, tidy up, and stop without cutting anybody off?

use std::{future::Future, net::SocketAddr, pin::pin, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request},
    serve::Listener,
};
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::{GracefulShutdown, Watcher},
    service::TowerToHyperService,
};
use idp_core::{
    Fault, Time,
    store::{SWEEP_ROWS, Store},
};
use tokio::{
    net::{TcpListener, TcpStream},
    time,
};
use tower::ServiceExt as _;

use crate::{App, limits, rotation};

/// How often what is over is deleted.
const SWEEP: Duration = Duration::from_secs(60);
/// How long requests may take to end after the server was told to stop; event streams would go on for ever.
const PATIENCE: Duration = Duration::from_secs(10);

/// Answers requests on `listener` until `shutdown` is ready; then takes no new ones, and gives those that are under
/// way ten seconds.
pub async fn serve(app: App, listener: TcpListener, shutdown: impl Future<Output = ()> + Send + 'static) {
    let by_itself = [
        tokio::spawn(sweep(app.clone())),
        tokio::spawn(rotation::keep_renewing(app.clone())),
        tokio::spawn(rotation::keep_resealing(app.clone())),
    ];
    let connections = accept(&app, listener, shutdown).await;
    tokio::select! {
        () = connections.shutdown() => {}
        () = time::sleep(PATIENCE) => tracing::warn!("some requests did not end in time and were cut off"),
    }
    by_itself.iter().for_each(tokio::task::JoinHandle::abort);
    app.db().close().await;
}

/// Takes connections until `shutdown` is ready. The listener ends with it: whoever comes later finds a closed port,
/// and a load balancer goes elsewhere.
async fn accept(
    app: &App,
    mut listener: TcpListener,
    shutdown: impl Future<Output = ()>,
) -> GracefulShutdown {
    let connections = GracefulShutdown::new();
    let http = http(app);
    let router = app.router();
    let mut shutdown = pin!(shutdown);
    loop {
        // `Listener::accept` waits a second where the process has no more file descriptors, instead of failing.
        let (stream, from) = tokio::select! {
            accepted = Listener::accept(&mut listener) => accepted,
            () = &mut shutdown => return connections,
        };
        tokio::spawn(connection(http.clone(), stream, from, router.clone(), connections.watcher()));
    }
}

/// Without a limit of time a handful of clients that send a byte now and then would hold every file descriptor
/// (slowloris). It counts for the pause between two requests, too.
fn http(app: &App) -> http1::Builder {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(app.config().server.patience())
        .max_header_size(limits::MAX_HEAD);
    http
}

async fn connection(
    http: http1::Builder,
    stream: TcpStream,
    from: SocketAddr,
    router: Router,
    watcher: Watcher,
) {
    let router = router.map_request(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(from));
        request.map(Body::new)
    });
    let connection = http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    if let Err(error) = watcher.watch(connection).await {
        // What strangers do to their connections is no trouble of ours.
        tracing::debug!(%error, "a connection ended early");
    }
}

async fn sweep(app: App) {
    let mut ticks = time::interval(SWEEP);
    loop {
        ticks.tick().await;
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
mod tests {
    use idp_core::{
        Store as _, Time,
        mark::{MarkRow, MarkWrite},
        memory::MemoryStore,
        store::{Batch, Ceremonies as _, Committed, SWEEP_ROWS},
    };

    use super::sweep_all;

    #[tokio::test]
    async fn a_sweep_goes_on_while_it_is_full() {
        let store = MemoryStore::new();
        let key = |number: u32| {
            let mut key = [0; 32];
            key[..4].copy_from_slice(&number.to_be_bytes());
            key
        };
        let mut batch = Batch::new();
        for number in 0..3 * SWEEP_ROWS {
            let row = MarkRow { key: key(number), answer: None, expires_at: Time(60) };
            batch.push(MarkWrite::Insert { row, now: Time(0) });
        }
        assert_eq!(store.commit(batch).await.unwrap(), Committed::Yes);
        sweep_all(&store, Time(60)).await.unwrap();
        for number in 0..3 * SWEEP_ROWS {
            assert_eq!(store.mark(key(number), Time(0)).await.unwrap(), None, "{number}");
        }
    }
}
