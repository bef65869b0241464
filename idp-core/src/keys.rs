//! The server's own keys: kept sealed in the store, shared by all nodes, made on first start.

use std::{fmt, sync::Arc};

use idp_protocol::{
    Crypto, Octets, P256Key,
    context::{Said, Statement},
    crypto::{Algorithm, PrivateKey, SigningKey},
    enrol,
    server::{KeyList, Usage, WorkingKey},
};
use zeroize::Zeroizing;

use crate::{
    Fault, Time,
    seal::{Aad, Place, Sealed, Sealer},
    store::{Batch, Committed, Store},
};

/// How long a working key holds, in seconds: ten years, until somebody rotates it.
const LIFE: i64 = 10 * 365 * 86_400;

/// A key as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRow {
    /// What it is for, such as `root`.
    pub purpose: String,
    /// Which one of that purpose; the pair is unique.
    pub number: i64,
    /// The private key, sealed for purpose and number.
    pub private: Sealed,
    /// When it was made.
    pub created_at: Time,
    /// From when on it is used.
    pub not_before: Time,
    /// Until when it is used.
    pub not_after: Time,
}

impl KeyRow {
    fn aad(purpose: &str, number: i64) -> Aad {
        Place::Key { purpose: purpose.to_owned(), number }.aad()
    }
}

/// A change of the server's keys.
#[derive(Debug)]
#[non_exhaustive]
pub enum KeyWrite {
    /// A new key. Guard: purpose and number are not taken.
    Insert(KeyRow),
    /// Another end of its life. No guard.
    Retire {
        /// What it is for.
        purpose: String,
        /// Which one.
        number: i64,
        /// Its new end.
        not_after: Time,
    },
}

/// An opened key.
#[derive(Clone)]
pub struct OpenKey {
    /// Which one of its purpose.
    pub number: i64,
    /// The private key.
    pub private: PrivateKey,
    /// From when on it is used.
    pub not_before: Time,
    /// Until when it is used.
    pub not_after: Time,
}

impl fmt::Debug for OpenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OpenKey({})", self.number)
    }
}

/// The keys of a purpose that hold at `now`, the oldest first; if there is none, one is made.
///
/// Two nodes that start at once make one key: the second insert conflicts, and reads again.
///
/// # Errors
/// [`Fault`] if the store fails, a key cannot be opened, or `make` fails.
pub async fn load_or_make(
    store: &dyn Store,
    sealer: &Sealer,
    now: Time,
    purpose: &str,
    make: impl Fn() -> Result<PrivateKey, Fault> + Send,
) -> Result<Vec<OpenKey>, Fault> {
    let found = load(store, sealer, now, purpose).await?;
    if !found.is_empty() {
        return Ok(found);
    }
    let row = KeyRow {
        purpose: purpose.to_owned(),
        number: 1,
        private: sealer.seal(&KeyRow::aad(purpose, 1), &make()?),
        created_at: now,
        not_before: now,
        not_after: now + LIFE,
    };
    match store.commit(Batch::new().with(KeyWrite::Insert(row))).await? {
        Committed::Yes | Committed::Conflict(_) => {}
    }
    let made = load(store, sealer, now, purpose).await?;
    if made.is_empty() { Err(Fault::Setup("a server key has expired: rotate the keys")) } else { Ok(made) }
}

async fn load(store: &dyn Store, sealer: &Sealer, now: Time, purpose: &str) -> Result<Vec<OpenKey>, Fault> {
    let rows = store.keys().await?;
    rows.into_iter()
        .filter(|row| row.purpose == purpose && now < row.not_after)
        .map(|row| {
            let plain = sealer.open(&KeyRow::aad(&row.purpose, row.number), &row.private)?;
            Ok(OpenKey {
                number: row.number,
                private: plain,
                not_before: row.not_before,
                not_after: row.not_after,
            })
        })
        .collect()
}

/// The keys that the device protocol works with.
#[derive(Clone)]
pub struct WorkingKeys {
    root: Arc<dyn SigningKey>,
    context: Arc<dyn SigningKey>,
    context_public: P256Key,
    agreement: Zeroizing<[u8; 32]>,
    secret: Zeroizing<[u8; 32]>,
    list: String,
    root_thumbprint: [u8; 32],
    crypto: Crypto,
    issuer: String,
}

impl fmt::Debug for WorkingKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WorkingKeys({})", self.issuer)
    }
}

impl WorkingKeys {
    /// Loads the keys, and makes those that are missing.
    ///
    /// # Errors
    /// [`Fault`] if the store fails or a key cannot be opened.
    pub async fn load(
        store: &dyn Store,
        crypto: &Crypto,
        sealer: &Sealer,
        issuer: &str,
        now: Time,
    ) -> Result<Self, Fault> {
        let es256 = || Ok(crypto.signatures.generate(Algorithm::Es256)?);
        let scalar = || Ok(Zeroizing::new(crypto.agreement.generate().to_vec()));
        let random = || Ok(Zeroizing::new(crypto.random::<32>().to_vec()));
        let newest = |keys: Vec<OpenKey>| keys.into_iter().next_back().ok_or(Fault::Setup("no key"));
        let root = newest(load_or_make(store, sealer, now, "root", es256).await?)?;
        let context = newest(load_or_make(store, sealer, now, "context", es256).await?)?;
        let agreement = newest(load_or_make(store, sealer, now, "agreement", scalar).await?)?;
        let secret = newest(load_or_make(store, sealer, now, "secret", random).await?)?;

        let root_key = crypto.signatures.load(Algorithm::Es256, &root.private)?;
        let context_key = crypto.signatures.load(Algorithm::Es256, &context.private)?;
        let agreement_scalar = to_32(&agreement.private)?;
        let agreement_public = P256Key::from_point(&crypto.agreement.public(&agreement_scalar)?)?;
        let context_public = P256Key::try_from(context_key.public())?;
        let working = |usage, jwk, key: &OpenKey| WorkingKey {
            usage,
            jwk,
            nbf: key.not_before.0,
            exp: key.not_after.0,
        };
        let list = KeyList {
            issuer: issuer.to_owned(),
            serial: u64::try_from(context.number.max(agreement.number)).unwrap_or(0),
            keys: vec![
                working(Usage::Context, context_public, &context),
                working(Usage::Agreement, agreement_public, &agreement),
            ],
        };
        Ok(Self {
            list: list.sign(crypto, &*root_key)?,
            root_thumbprint: P256Key::try_from(root_key.public())?.thumbprint(crypto),
            root: root_key,
            context: context_key,
            context_public,
            agreement: agreement_scalar,
            secret: to_32(&secret.private)?,
            crypto: crypto.clone(),
            issuer: issuer.to_owned(),
        })
    }

    /// The issuer that these keys speak for.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The crypto port.
    #[must_use]
    pub fn crypto(&self) -> &Crypto {
        &self.crypto
    }

    /// The signed list of working keys, as `/.well-known/authenticator-configuration` serves it.
    #[must_use]
    pub fn list(&self) -> &str {
        &self.list
    }

    /// What an enrolment QR pins: the first 16 bytes of the root key's thumbprint.
    #[must_use]
    pub fn pin(&self) -> [u8; 16] {
        self.root_thumbprint.first_chunk().copied().unwrap_or_default()
    }

    /// The public key that signs statements.
    #[must_use]
    pub fn context_key(&self) -> P256Key {
        self.context_public
    }

    /// The root key, for signing a list after a rotation.
    #[must_use]
    pub fn root(&self) -> &dyn SigningKey {
        &*self.root
    }

    /// A key derived from the server's secret for one use; the same on every node.
    #[must_use]
    pub fn derived(&self, usage: &str) -> Zeroizing<[u8; 32]> {
        self.crypto.hash.hkdf(b"", self.secret.as_slice(), usage.as_bytes())
    }

    /// A keyed digest for one use. What it digests cannot be guessed from the store alone.
    #[must_use]
    pub fn digest(&self, usage: &str, parts: &[&[u8]]) -> [u8; 32] {
        let key = self.derived(usage);
        let mut message = Vec::new();
        for part in parts {
            message.extend_from_slice(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            message.extend_from_slice(part);
        }
        self.crypto.hash.hmac(key.as_slice(), &message)
    }

    /// Signs a statement to the device with this thumbprint.
    ///
    /// # Errors
    /// [`Fault::Key`] if the key cannot sign.
    pub fn state<T: Statement>(&self, device: [u8; 32], now: Time, msg: T) -> Result<String, Fault> {
        let said = Said { iss: self.issuer.clone(), aud: Octets(device), iat: now.0, msg };
        Ok(said.sign(&self.crypto, &*self.context)?)
    }

    /// Opens what a registering device sealed to the agreement key.
    #[must_use]
    pub fn open_secrets(&self, enrolment: &[u8; 16], sealed: &[u8]) -> Option<enrol::Secrets> {
        let info = enrol::secrets_info(&self.issuer);
        let plain = self.crypto.agreement.hpke_open(&self.agreement, &info, enrolment, sealed).ok()?;
        serde_json::from_slice(&plain).ok()
    }
}

fn to_32(bytes: &[u8]) -> Result<Zeroizing<[u8; 32]>, Fault> {
    bytes.try_into().map(Zeroizing::new).map_err(|_| Fault::Unsealable)
}
