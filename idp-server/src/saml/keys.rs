//! What is signed with which key, and under which certificate do service providers know it?
//!
//! Nothing is made before somebody asks: a server without service providers has no keys for them. A certificate is made once
//! and stored, because administrators of service providers copy its bytes.
//!
//! **Nothing changes these keys by itself.** A service provider that was set up by hand knows one certificate, and refuses
//! every answer on the day of the change. An administrator announces the next key (`idp-server saml keys add`); it stands in our
//! metadata beside the present one, and signs from a date on. The one before stays published until it is retired, because
//! a service provider that has not fetched the metadata may be pinned to it.

use std::{fmt, sync::Arc};

use chrono::{DateTime, TimeDelta, Utc};
use idp_core::{
    Fault, Time,
    engine::Engine,
    keys::{Handover, KEY_LIFE, OpenKey, load_or_make},
    store::Batch,
};
use idp_protocol::crypto::{Algorithm, SigningKey};
use symbolon_saml::{Signer, certificate};
use symbolon_sqlx::{
    Db,
    provider::{SamlCertificateRow, SamlCertificateWrite},
};

use super::provider::Signature;

/// How long a certificate says that it holds, in days: ten years. Whoever looks at it would only stop working one day; the
/// key is changed when an administrator says so.
const VALID: i64 = 3_650;

/// A key of ours that signs for service providers.
#[derive(Clone)]
pub struct SamlKey {
    /// With what.
    pub algorithm: Signature,
    /// Its number; keys that were made together have the same one.
    pub number: i64,
    /// From when on it signs.
    pub not_before: Time,
    /// Until when it is published.
    pub not_after: Time,
    signer: Arc<Signer>,
}

impl fmt::Debug for SamlKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SamlKey({} {})", self.algorithm.name(), self.number)
    }
}

impl SamlKey {
    /// Its certificate (DER).
    #[must_use]
    pub fn certificate(&self) -> &[u8] {
        self.signer.certificate()
    }
}

/// The signing keys, shared by all nodes.
#[derive(Clone, Debug)]
pub struct SamlKeys(Vec<SamlKey>);

impl SamlKeys {
    /// Loads the keys and their certificates, and makes those that are missing.
    ///
    /// # Errors
    /// [`Fault`] if the store fails, or a key cannot be opened or made.
    pub async fn load(engine: &Engine, db: &Db) -> Result<Self, Fault> {
        let mut certificates = db.saml_certificates().await?;
        let mut keys = Vec::new();
        for algorithm in Signature::ALL {
            let purpose = purpose(algorithm);
            let crypto = engine.crypto();
            let make = || Ok(crypto.signatures.generate(on_the_wire(algorithm))?);
            let (store, now) = (&**engine.store(), engine.now());
            for open in load_or_make(store, engine.sealer(), now, &purpose, make).await? {
                let key = crypto.signatures.load(on_the_wire(algorithm), &open.private)?;
                if find(&certificates, &purpose, open.number).is_none() {
                    let row = SamlCertificateRow {
                        purpose: purpose.clone(),
                        number: open.number,
                        der: certify(engine, &key)?,
                    };
                    // Another node may be faster: what is read afterwards counts, and is the same for both.
                    let _ = db.change(SamlCertificateWrite(row), Batch::new()).await?;
                    certificates = db.saml_certificates().await?;
                }
                let der = find(&certificates, &purpose, open.number);
                keys.push(SamlKey::new(engine, algorithm, &open, key, der)?);
            }
        }
        Ok(Self(keys))
    }

    /// Makes a new key for each algorithm. They are published at once and sign from `at` on. Those before stay published.
    ///
    /// # Errors
    /// [`Fault`] if the store fails or a key cannot be made.
    pub(super) async fn add(engine: &Engine, at: Time) -> Result<(), Fault> {
        let crypto = engine.crypto().clone();
        // To find primes takes a while.
        let make = move || Signature::ALL.map(|algorithm| crypto.signatures.generate(on_the_wire(algorithm)));
        let made = tokio::task::spawn_blocking(make).await;
        let made = made.map_err(|_| Fault::Busy("the making of a key was stopped"))?;
        let purposes = Signature::ALL.map(purpose);
        let made: Result<Vec<_>, _> = purposes
            .iter()
            .zip(made)
            .map(|(purpose, key)| Ok::<_, Fault>((purpose.as_str(), key?)))
            .collect();
        // Longer than any key holds: the end of those before does not come sooner.
        engine.rotate_keys(&made?, Handover { at, keeps: 2 * KEY_LIFE }).await
    }

    /// The key that signs at `now`: the one that a service provider is pinned to, or else the newest whose time has come.
    ///
    /// # Errors
    /// [`Fault::Setup`] if there is none.
    pub fn signer(&self, algorithm: Signature, pin: Option<i64>, now: Time) -> Result<Arc<Signer>, Fault> {
        let key = match pin {
            Some(number) => self.0.iter().find(|key| key.algorithm == algorithm && key.number == number),
            None => self.signing(algorithm, now),
        };
        let missing =
            Fault::Setup("there is no signing key of SAML that this service provider can be answered with");
        key.map(|key| Arc::clone(&key.signer)).ok_or(missing)
    }

    /// The newest key of an algorithm whose time has come.
    #[must_use]
    pub fn signing(&self, algorithm: Signature, now: Time) -> Option<&SamlKey> {
        self.of(algorithm).rev().find(|key| key.not_before <= now)
    }

    /// All keys, the next ones among them: those with RSA first, the older before the newer.
    #[must_use]
    pub fn all(&self) -> &[SamlKey] {
        &self.0
    }

    fn of(&self, algorithm: Signature) -> impl DoubleEndedIterator<Item = &SamlKey> {
        self.0.iter().filter(move |key| key.algorithm == algorithm)
    }

    /// The certificates to publish (DER). The one that signs now comes first in its algorithm, because some service providers
    /// look at the first only.
    #[must_use]
    pub fn certificates(&self, now: Time) -> Vec<Vec<u8>> {
        let first = |algorithm| self.signing(algorithm, now).map(|key| key.number);
        let ordered = Signature::ALL.into_iter().flat_map(|algorithm| {
            let (signing, others): (Vec<_>, Vec<_>) =
                self.of(algorithm).partition(|key| Some(key.number) == first(algorithm));
            signing.into_iter().chain(others)
        });
        ordered.map(|key| key.certificate().to_vec()).collect()
    }
}

impl SamlKey {
    fn new(
        engine: &Engine,
        algorithm: Signature,
        open: &OpenKey,
        key: Arc<dyn SigningKey>,
        der: Option<&SamlCertificateRow>,
    ) -> Result<Self, Fault> {
        let der = der.ok_or(Fault::Setup("a signing key of SAML has no certificate"))?.der.clone();
        let signer = Signer::new(engine.crypto(), key, der).map_err(|error| Fault::Store(Box::new(error)))?;
        Ok(Self {
            algorithm,
            number: open.number,
            not_before: open.not_before,
            not_after: open.not_after,
            signer: Arc::new(signer),
        })
    }
}

fn find<'a>(rows: &'a [SamlCertificateRow], purpose: &str, number: i64) -> Option<&'a SamlCertificateRow> {
    rows.iter().find(|row| row.purpose == purpose && row.number == number)
}

/// The certificate says the host of the issuer, and nothing of the organisation: it is for machines.
fn certify(engine: &Engine, key: &Arc<dyn SigningKey>) -> Result<Vec<u8>, Fault> {
    let issuer = url::Url::parse(engine.issuer()).ok();
    // A name in a certificate has at most 64 characters (RFC 5280, appendix A).
    let host = issuer.as_ref().and_then(url::Url::host_str).filter(|host| host.len() <= 64);
    let host = host.unwrap_or("identity provider");
    let now = DateTime::<Utc>::from_timestamp(engine.now().0, 0).unwrap_or_default();
    // A day earlier: the clock of a service provider may be slow.
    let from = now - TimeDelta::days(1);
    let made =
        certificate::self_signed(&**key, host, engine.crypto().random(), from, now + TimeDelta::days(VALID));
    made.map_err(|error| Fault::Store(Box::new(error)))
}

/// What the keys of an algorithm are for, as the store calls it.
pub(super) fn purpose(algorithm: Signature) -> String {
    format!("saml-{}", on_the_wire(algorithm).name())
}

fn on_the_wire(algorithm: Signature) -> Algorithm {
    match algorithm {
        Signature::Rs256 => Algorithm::Rs256,
        Signature::Es256 => Algorithm::Es256,
    }
}
