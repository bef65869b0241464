//! How does a new certificate get into a server that runs, and who is told before the old one is over?

use std::{sync::Arc, time::Duration};

use idp_core::Time;
use symbolon_tls::{Authorities, Renewed, Tls, TlsError};
use tokio::time;

use crate::{App, config};

/// How often the files are looked at again.
pub(super) const LOOK: Duration = Duration::from_secs(60);
const DAY: i64 = 86_400;
/// How long before its end a certificate is warned of, in seconds.
const WARNING: i64 = 14 * DAY;

/// The certificate that the server shows, and the authorities that are believed about clients. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Certificates {
    tls: Option<Tls>,
    authorities: Arc<Authorities>,
}

impl Certificates {
    /// Reads the files that the settings name.
    ///
    /// # Errors
    /// [`TlsError`], which says what is wrong with which file.
    pub fn load(server: &config::Server) -> Result<Self, TlsError> {
        let tls = server.tls.files().map(Tls::load).transpose()?;
        let authorities = Arc::new(Authorities::load(server.mtls.authorities())?);
        Ok(Self { tls, authorities })
    }

    /// Nothing is shown, and nobody believed.
    pub(super) fn none() -> Self {
        Self { tls: None, authorities: Arc::new(Authorities::none()) }
    }

    /// Reads all files again. What cannot be used leaves in force what was there before.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn renew(&self) -> Result<Renewed, TlsError> {
        let shown = self.tls.as_ref().map(Tls::reload).transpose();
        // One bad file does not hold up the other.
        self.authorities.reload()?;
        Ok(shown?.unwrap_or(Renewed::Same))
    }

    pub(super) fn tls(&self) -> Option<&Tls> {
        self.tls.as_ref()
    }

    pub(super) fn authorities(&self) -> &Arc<Authorities> {
        &self.authorities
    }

    /// How many days are left, if they are few; less than none, if it is over already.
    pub(super) fn ending(&self, now: Time) -> Option<i64> {
        let left = self.tls.as_ref()?.not_after().saturating_sub(now.0);
        (left <= WARNING).then(|| left.div_euclid(DAY))
    }
}

/// Looks at the files again and again, so often and whenever the process gets SIGHUP.
pub(super) async fn keep_renewing(app: App, certificates: Certificates, every: Duration) {
    if certificates.tls.is_none() && certificates.authorities.is_empty() {
        return;
    }
    let mut hangups = Hangups::listen();
    let mut warned = None;
    loop {
        let now = app.engine().now();
        // Once a day: a line a minute would be read by nobody.
        if warned.is_none_or(|warned| now >= warned + DAY) && warn(&certificates, now) {
            warned = Some(now);
        }
        tokio::select! {
            () = time::sleep(every) => {}
            () = hangups.next() => tracing::info!("the certificates are looked at again, as SIGHUP asks"),
        }
        match certificates.renew() {
            Ok(Renewed::Same) => {}
            Ok(Renewed::Anew) => {
                warned = None;
                tracing::info!("a new certificate is shown from now on");
            }
            Err(error) => {
                tracing::error!(%error, "the certificates were not renewed; those of before stay in use");
            }
        }
    }
}

/// Whether there was something to warn of.
fn warn(certificates: &Certificates, now: Time) -> bool {
    match certificates.ending(now) {
        None => return false,
        Some(days) if days < 0 => tracing::error!("the certificate of server.tls is over: nobody accepts it"),
        Some(days) => tracing::warn!(days, "the certificate of server.tls ends soon"),
    }
    true
}

/// The signals by which an administrator says that files have changed. Without one that listens, SIGHUP ends a process.
struct Hangups {
    #[cfg(unix)]
    signal: Option<tokio::signal::unix::Signal>,
}

impl Hangups {
    #[cfg(unix)]
    fn listen() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        Self { signal: signal(SignalKind::hangup()).ok() }
    }

    #[cfg(unix)]
    async fn next(&mut self) {
        let heard = match &mut self.signal {
            Some(signal) => signal.recv().await,
            None => None,
        };
        if heard.is_none() {
            std::future::pending().await
        }
    }

    #[cfg(not(unix))]
    fn listen() -> Self {
        Self {}
    }

    #[cfg(not(unix))]
    async fn next(&mut self) {
        std::future::pending().await
    }
}
