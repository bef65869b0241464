//! Which keys does the device protocol work with, and what is done with each?
//!
//! Several keys of a purpose hold side by side around a rotation. All that every node knows are listed, all are
//! accepted; the newest whose time has come signs. The `secret` does not rotate: what is derived from it (tickets, keys of throttles,
//! handles) would be lost.

use std::{fmt, sync::Arc};

use idp_protocol::{
    Crypto, Octets, P256Key,
    context::{Said, Statement},
    crypto::{Algorithm, SigningKey},
    enrol, offline, pin,
    server::{KeyList, Usage, WorkingKey},
};
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::{KeyRow, OpenKey, load_or_make};
use crate::{Fault, Time, seal::Sealer, store::Store, wake::WakeDevices};

/// The purpose of the keys that sign statements.
pub(crate) const CONTEXT: &str = "context";
/// The purpose of the key that signs what push services are sent.
const PUSH: &str = "push";
/// The purpose of the keys that receive what a device encrypts.
pub(crate) const AGREEMENT: &str = "agreement";

/// The keys that the device protocol works with.
#[derive(Clone)]
pub struct WorkingKeys {
    contexts: Vec<Context>,
    agreements: Vec<Agreement>,
    push: Option<Context>,
    secret: Zeroizing<[u8; 32]>,
    /// The signed list, and those that follow it by themselves, each with its beginning.
    lists: Vec<(Time, String)>,
    root_thumbprint: [u8; 32],
    crypto: Crypto,
    issuer: String,
}

/// A key that signs statements, or what push services are sent.
#[derive(Clone)]
struct Context {
    key: Arc<dyn SigningKey>,
    public: P256Key,
    listed_from: Time,
    not_before: Time,
    not_after: Time,
}

/// A key that receives what a device encrypts.
#[derive(Clone)]
struct Agreement {
    scalar: Zeroizing<[u8; 32]>,
    public: P256Key,
    listed_from: Time,
    not_before: Time,
    not_after: Time,
}

impl fmt::Debug for WorkingKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WorkingKeys({})", self.issuer)
    }
}

impl WorkingKeys {
    /// Loads the keys that hold, and makes those that are missing.
    ///
    /// # Errors
    /// [`Fault`] if the store fails or a key cannot be opened.
    pub async fn load(
        store: &dyn Store,
        crypto: &Crypto,
        sealer: &Sealer,
        issuer: &str,
        now: Time,
        wake: WakeDevices,
    ) -> Result<Self, Fault> {
        let es256 = || Ok(crypto.signatures.generate(Algorithm::Es256)?);
        let scalar = || Ok(Zeroizing::new(crypto.agreement.generate().to_vec()));
        let random = || Ok(Zeroizing::new(crypto.random::<32>().to_vec()));
        let newest = |keys: Vec<OpenKey>| keys.into_iter().next_back().ok_or(Fault::Setup("no key"));
        let root = newest(load_or_make(store, sealer, now, "root", es256).await?)?;
        let root = crypto.signatures.load(Algorithm::Es256, &root.private)?;
        let contexts = load_or_make(store, sealer, now, CONTEXT, es256).await?;
        let agreements = load_or_make(store, sealer, now, AGREEMENT, scalar).await?;
        let secret = newest(load_or_make(store, sealer, now, "secret", random).await?)?;
        let contexts: Vec<_> =
            contexts.iter().map(|key| Context::of(crypto, key)).collect::<Result<_, _>>()?;
        let agreements: Vec<_> =
            agreements.iter().map(|key| Agreement::of(crypto, key)).collect::<Result<_, _>>()?;
        // Every subscription of a browser is for this one key, so it does not rotate. Where nobody is woken, none is listed.
        let push = match wake {
            WakeDevices::WebPush => {
                let open = newest(load_or_make(store, sealer, now, PUSH, es256).await?)?;
                Some(Context::of(crypto, &open)?)
            }
            WakeDevices::PollOnly => None,
        };
        let mut lists = Vec::new();
        for (from, serial) in serials(store, now).await? {
            let contexts = contexts.iter().filter(|key| key.listed_from <= from);
            let contexts = contexts.map(|key| key.listed(Usage::Context));
            let agreements = agreements.iter().filter(|key| key.listed_from <= from).map(Agreement::listed);
            let push = push.iter().map(|key| key.listed(Usage::Push));
            let keys = contexts.chain(agreements).chain(push).collect();
            let list = KeyList { issuer: issuer.to_owned(), serial, keys };
            lists.push((from, list.sign(crypto, &*root)?));
        }
        Ok(Self {
            lists,
            root_thumbprint: P256Key::try_from(root.public())?.thumbprint(crypto),
            contexts,
            agreements,
            push,
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

    /// The signed list of working keys at `now`, as `/.well-known/authenticator-configuration` serves it. All nodes
    /// go over to the next one at the same moment.
    #[must_use]
    pub fn list(&self, now: Time) -> &str {
        let current = self.lists.iter().rev().find(|(from, _)| *from <= now).or(self.lists.first());
        current.map_or("", |(_, list)| list)
    }

    /// What an enrolment QR pins: the first 16 bytes of the root key's thumbprint.
    #[must_use]
    pub fn pin(&self) -> [u8; 16] {
        self.root_thumbprint.first_chunk().copied().unwrap_or_default()
    }

    /// The public key that signs statements at `now`.
    ///
    /// # Errors
    /// [`Fault::Setup`] if no key's time has come.
    pub fn context_key(&self, now: Time) -> Result<P256Key, Fault> {
        Ok(self.context(now)?.public)
    }

    /// The key that signs what push services are sent (VAPID, RFC 8292); none where nobody is woken.
    #[must_use]
    pub fn push_key(&self) -> Option<&Arc<dyn SigningKey>> {
        self.push.as_ref().map(|push| &push.key)
    }

    /// The newest key whose time has come: the list with a newer one may not have reached the devices yet.
    fn context(&self, now: Time) -> Result<&Context, Fault> {
        let found = self.contexts.iter().rev().find(|key| key.not_before <= now);
        found.ok_or(Fault::Setup("no context key holds yet: is the clock right?"))
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
    /// [`Fault::Key`] if the key cannot sign, [`Fault::Setup`] if no key's time has come.
    pub fn state<T: Statement>(&self, device: [u8; 32], now: Time, msg: T) -> Result<String, Fault> {
        let said = Said { iss: self.issuer.clone(), aud: Octets(device), iat: now.0, msg };
        Ok(said.sign(&self.crypto, &*self.context(now)?.key)?)
    }

    /// Opens what a registering device sealed to an agreement key: to any that holds, because a device may have the
    /// list of yesterday.
    #[must_use]
    pub fn open_secrets(&self, enrolment: &[u8; 16], sealed: &[u8]) -> Option<enrol::Secrets> {
        self.open_sealed(&enrol::secrets_info(&self.issuer), enrolment, sealed)
    }

    /// Opens what a registered device sealed to change its PIN.
    #[must_use]
    pub fn open_new_pin(&self, thumbprint: &[u8; 32], sealed: &[u8]) -> Option<pin::NewPin> {
        self.open_sealed(&pin::change_info(&self.issuer), thumbprint, sealed)
    }

    fn open_sealed<T: DeserializeOwned>(&self, info: &[u8], aad: &[u8], sealed: &[u8]) -> Option<T> {
        let open = |key: &Agreement| self.crypto.agreement.hpke_open(&key.scalar, info, aad, sealed).ok();
        let plain = self.agreements.iter().rev().find_map(open)?;
        serde_json::from_slice(&plain).ok()
    }

    /// Seals a request to a device's agreement key (O2), from the newest key of ours whose time has come: the list with
    /// a newer one may not have reached the device, which cannot ask for it now.
    ///
    /// # Errors
    /// [`Fault::Key`] if `recipient` is not a point on the curve, [`Fault::Setup`] if no key's time has come.
    pub fn ask_offline(
        &self,
        recipient: &[u8; 65],
        request: &offline::Request,
        now: Time,
    ) -> Result<offline::Asked, Fault> {
        let own = self.agreements.iter().rev().find(|key| key.not_before <= now);
        let own = own.ok_or(Fault::Setup("no agreement key holds yet: is the clock right?"))?;
        Ok(offline::Asked::seal(&self.crypto, &self.issuer, &own.scalar, recipient, request)?)
    }
}

/// The serial numbers of the list of now and of those to come, with their beginnings. They rise with every
/// rotation, also when the keys before it are over: a device refuses a list with a lower one.
async fn serials(store: &dyn Store, now: Time) -> Result<Vec<(Time, u64)>, Fault> {
    let rows = store.keys().await?;
    let newest = |purpose, at| {
        let listed = rows.iter().filter(|row| row.purpose == purpose && row.listed_from() <= at);
        listed.map(|row| row.number).max().unwrap_or(1)
    };
    let working = rows.iter().filter(|row| row.purpose == CONTEXT || row.purpose == AGREEMENT);
    let mut times: Vec<Time> = working.map(KeyRow::listed_from).filter(|from| now < *from).collect();
    times.push(now);
    times.sort_unstable();
    times.dedup();
    let serial = |at| u64::try_from(newest(CONTEXT, at) + newest(AGREEMENT, at) - 1).unwrap_or(0);
    Ok(times.into_iter().map(|at| (at, serial(at))).collect())
}

impl Context {
    fn of(crypto: &Crypto, open: &OpenKey) -> Result<Self, Fault> {
        let key = crypto.signatures.load(Algorithm::Es256, &open.private)?;
        let public = P256Key::try_from(key.public())?;
        let OpenKey { listed_from, not_before, not_after, .. } = *open;
        Ok(Self { key, public, listed_from, not_before, not_after })
    }

    fn listed(&self, usage: Usage) -> WorkingKey {
        let (nbf, exp) = (self.not_before.0, self.not_after.0);
        WorkingKey { usage, jwk: self.public, nbf, exp }
    }
}

impl Agreement {
    fn of(crypto: &Crypto, open: &OpenKey) -> Result<Self, Fault> {
        let scalar = to_32(&open.private)?;
        let public = P256Key::from_point(&crypto.agreement.public(&scalar)?)?;
        let OpenKey { listed_from, not_before, not_after, .. } = *open;
        Ok(Self { scalar, public, listed_from, not_before, not_after })
    }

    fn listed(&self) -> WorkingKey {
        let (nbf, exp) = (self.not_before.0, self.not_after.0);
        WorkingKey { usage: Usage::Agreement, jwk: self.public, nbf, exp }
    }
}

fn to_32(bytes: &[u8]) -> Result<Zeroizing<[u8; 32]>, Fault> {
    bytes.try_into().map(Zeroizing::new).map_err(|_| Fault::Unsealable)
}
