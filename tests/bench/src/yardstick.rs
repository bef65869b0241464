//! What could one core do at most? A process on the server's core says so whenever it is asked, while the server rests.

use std::{
    convert::Infallible,
    io::{BufRead as _, Write as _},
    time::Duration,
};

use anyhow::bail;
use http_body_util::Full;
use hyper::{Response, body::Bytes, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use idp_core::passwords::{Argon2Pool, Passwords as _};
use idp_protocol::crypto::{Algorithm, SigningKey};
use tokio::{net::TcpListener, runtime::Runtime};

use crate::{clock, helper::Helper};

/// How long it measures.
const LENGTH: Duration = Duration::from_millis(300);
/// As long as the document of the provider.
const DOCUMENT: usize = 3_800;

/// Something that the core is asked for as often as it can.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Raw {
    /// Signatures with RSA-2048.
    Rs256,
    /// Signatures on P-256.
    Es256,
    /// Hashes with the server's parameters.
    Argon2id,
}

impl Raw {
    pub const ALL: [Self; 3] = [Self::Rs256, Self::Es256, Self::Argon2id];

    pub fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
            Self::Argon2id => "Argon2id",
        }
    }
}

/// The process on the server's core.
pub struct Yardstick(Helper);

impl Yardstick {
    /// # Errors
    /// It does not start.
    pub fn start(core: &str) -> anyhow::Result<Self> {
        Helper::start(core, &["yardstick"]).map(Self)
    }

    /// How many of these the core makes in a second, now.
    ///
    /// # Errors
    /// The process is gone.
    pub async fn rate(&mut self, raw: Raw) -> anyhow::Result<f64> {
        Ok(self.0.ask(raw.name()).await?.parse()?)
    }
}

/// The process itself: a name comes in, a number goes out.
///
/// # Errors
/// A name that nobody knows.
pub fn serve(runtime: &Runtime) -> anyhow::Result<()> {
    let crypto = symbolon_aws_lc::crypto();
    let key = |algorithm| {
        let signatures = &crypto.signatures;
        anyhow::Ok(signatures.load(algorithm, &signatures.generate(algorithm)?)?)
    };
    let (rsa, curve) = (key(Algorithm::Rs256)?, key(Algorithm::Es256)?);
    let passwords = Argon2Pool::new(crypto.clone(), 1);
    let hash = runtime.block_on(passwords.hash("correct horse"))?;
    for line in std::io::stdin().lock().lines() {
        let rate = match line?.as_str() {
            "RS256" => rate(|| signed(&*rsa))?,
            "ES256" => rate(|| signed(&*curve))?,
            "Argon2id" => rate(|| {
                let right = runtime.block_on(passwords.verify(Some(&hash), "correct horse"))?;
                if right { Ok(()) } else { bail!("the right password does not fit") }
            })?,
            other => bail!("nobody knows {other}"),
        };
        writeln!(std::io::stdout(), "{rate}")?;
    }
    Ok(())
}

fn signed(key: &dyn SigningKey) -> anyhow::Result<()> {
    if key.sign(b"a token")?.is_empty() {
        bail!("an empty signature")
    }
    Ok(())
}

fn rate(mut once: impl FnMut() -> anyhow::Result<()>) -> anyhow::Result<f64> {
    let start = clock::now();
    let mut times = 0_u32;
    while start.elapsed() < LENGTH {
        once()?;
        times += 1;
    }
    Ok(f64::from(times) / start.elapsed().as_secs_f64())
}

/// Answers every request with a document, by hyper and without anything around it. Says its port first.
///
/// # Errors
/// It cannot listen.
pub async fn bare() -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    writeln!(std::io::stdout(), "{}", listener.local_addr()?.port())?;
    let document = Bytes::from(vec![b'x'; DOCUMENT]);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let document = document.clone();
        let answer = service_fn(move |_| {
            let document = document.clone();
            async move { Ok::<_, Infallible>(Response::new(Full::new(document))) }
        });
        tokio::spawn(async move {
            drop(http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await)
        });
    }
}

/// Such a server, on a core.
pub struct Bare {
    _helper: Helper,
    pub port: u16,
}

impl Bare {
    /// # Errors
    /// It does not start.
    pub async fn start(core: &str) -> anyhow::Result<Self> {
        let mut helper = Helper::start(core, &["bare"])?;
        let port = helper.line().await?.parse()?;
        Ok(Self { _helper: helper, port })
    }
}
