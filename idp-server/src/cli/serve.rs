//! How is the server started, and what is the person told who tries it out?

use super::terminal::say;
use crate::{
    App, Config, Listeners, World,
    config::Purpose,
    demo::{self, Demo},
};

pub(super) async fn run(config: Config, purpose: Purpose) -> anyhow::Result<()> {
    config.log.start();
    let listen = config.server.listen;
    let app = App::start(config, World::default()).await?;
    let listeners = Listeners::bind(&app.config().server).await?;
    if purpose == Purpose::Demo {
        announce(&app, &demo::prepare(&app).await?);
    }
    tracing::info!(issuer = app.issuer(), %listen, "ready");
    crate::serve(app, listeners, stop_signal()).await;
    tracing::info!("stopped");
    Ok(())
}

fn announce(app: &App, demo: &Demo) {
    say(&format!("Symbolon is ready at {}/account", app.issuer()));
    say(&format!("  user      {}", demo::LOGIN));
    match &demo.password {
        Some(password) => say(&format!("  password  {}   (unless you changed it)", **password)),
        None => say("  password  the one that you know: its file is gone (idp-server user passwd demo)"),
    }
}

/// Ready when somebody presses Ctrl-C or the service manager says stop.
async fn stop_signal() {
    let interrupt = async {
        if tokio::signal::ctrl_c().await.is_err() {
            // Without the signal the server can still be killed; it must not stop at once.
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        () = interrupt => {}
        () = terminate() => {}
    }
}

#[cfg(unix)]
async fn terminate() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut signal) => {
            signal.recv().await;
        }
        Err(_) => std::future::pending().await,
    }
}

#[cfg(not(unix))]
async fn terminate() {
    std::future::pending().await
}
