//! What does an administrator do with hardware tokens: take them in, hand them out, take them back, stop them?
//!
//! Each of it is one transaction, and each may come twice: the second time finds everything done, and changes nothing.

use super::{Engine, credential_aad};
use crate::{
    Error, Fault, Id, Time,
    audit::Event,
    browser::BrowserWrite,
    credential::{CredentialRow, CredentialWrite},
    evidence::Assurance,
    hardware::{HardwareRow, HardwareState, HardwareWrite, Leaves},
    methods::otp::{Key, MOST_TOKENS, followed},
    notify::Notice,
    seal::Place,
    store::{Batch, Committed},
    users::User,
};

/// How many tokens are read at once.
const PAGE: u32 = 500;

/// A hardware token that nobody has seen yet.
#[derive(Debug)]
pub struct NewHardware {
    /// Who made it; empty if nobody says.
    pub manufacturer: String,
    /// Its serial number.
    pub serial: String,
    /// Its key.
    pub key: Key,
    /// Its counter: that of the next code, or the last time step that was used.
    pub counter: i64,
    /// How many steps its clock was ahead at its last code; below zero if it was behind. Of what somebody else says no more
    /// is followed than of what is seen here.
    pub drift: i32,
    /// When its policy ends its use.
    pub expires_at: Option<Time>,
}

/// A token with its key and its newest counter.
#[derive(Debug)]
pub struct OpenedHardware {
    /// The token.
    pub row: HardwareRow,
    /// Its key.
    pub key: Key,
    /// Its counter, be it in stock or with somebody.
    pub counter: i64,
    /// The drift of its clock, likewise.
    pub drift: i8,
}

/// Why nothing was done with a token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HardwareError {
    /// There is one with this serial number already.
    #[error("a token with the same serial number and manufacturer is in the inventory already")]
    Taken,
    /// Somebody else has it, or it is disabled.
    #[error("the token is not in stock; take it back first")]
    NotInStock,
    /// Its policy has ended its use.
    #[error("the token may not be used any more: its maker set an end to its use, and that has passed")]
    Expired,
    /// The person has as many of this kind as one may have.
    #[error(
        "the person has {MOST_TOKENS} tokens of this kind already; take one back first, or have an app removed in the portal"
    )]
    Enough,
    /// It was changed at this very moment.
    #[error("the token was changed at the same moment; look at it again")]
    Overtaken,
    /// Trouble of ours.
    #[error(transparent)]
    Trouble(#[from] Error),
}

impl From<Fault> for HardwareError {
    fn from(fault: Fault) -> Self {
        Self::Trouble(fault.into())
    }
}

/// Whether something was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changed {
    /// It was.
    Now,
    /// It was so already.
    Before,
}

impl Engine {
    /// Takes tokens into the inventory: all of them, or none.
    ///
    /// # Errors
    /// [`HardwareError::Taken`] if one of them is there already.
    pub async fn stock_hardware(&self, tokens: Vec<NewHardware>) -> Result<(), HardwareError> {
        let event = Event::new("hardware.imported").with("count", tokens.len());
        let mut batch = Batch::new();
        for token in tokens {
            batch.push(HardwareWrite::Insert(self.new_hardware(token)?));
        }
        batch.push(self.audit(None, event));
        self.commit_hardware(batch, HardwareError::Taken).await
    }

    fn new_hardware(&self, token: NewHardware) -> Result<HardwareRow, Fault> {
        let NewHardware { manufacturer, serial, key, counter, drift, expires_at } = token;
        let id = Id::random(self.crypto());
        Ok(HardwareRow {
            id,
            manufacturer,
            serial,
            kind: key.kind().to_owned(),
            state: HardwareState::InStock,
            user: None,
            credential: None,
            revision: 1,
            counter,
            drift: followed(drift.into()),
            since: self.now(),
            expires_at,
            secret: self.sealer.seal_json(&Place::Hardware(id).aad(), &key)?,
        })
    }

    /// The tokens with this serial number; several if several makers use it.
    ///
    /// # Errors
    /// [`Fault`] if the store fails.
    pub async fn hardware_by_serial(&self, serial: &str) -> Result<Vec<HardwareRow>, Fault> {
        self.store.hardware_by_serial(serial).await
    }

    /// All tokens, by their serial numbers.
    ///
    /// # Errors
    /// [`Fault`] if the store fails.
    pub async fn hardware(&self) -> Result<Vec<HardwareRow>, Fault> {
        let mut all: Vec<HardwareRow> = Vec::new();
        loop {
            let after = all.last().map(|row| (row.serial.as_str(), row.manufacturer.as_str()));
            let page = self.store.hardware(after, PAGE).await?;
            if page.is_empty() {
                return Ok(all);
            }
            all.extend(page);
        }
    }

    /// Hands a token out: its codes sign this person in from now on.
    ///
    /// # Errors
    /// [`HardwareError::NotInStock`] if somebody else has it or it is disabled, [`HardwareError::Expired`],
    /// [`HardwareError::Enough`] if the person has five of this kind.
    pub async fn assign_hardware(&self, row: &HardwareRow, user: Id<User>) -> Result<Changed, HardwareError> {
        match row.state {
            HardwareState::Assigned if row.user == Some(user) => return Ok(Changed::Before),
            HardwareState::Assigned | HardwareState::Disabled => return Err(HardwareError::NotInStock),
            HardwareState::InStock => {}
        }
        if row.expires_at.is_some_and(|end| end <= self.now()) {
            return Err(HardwareError::Expired);
        }
        // Two administrators at the same moment may each hand out the last one: no stranger can bring that about.
        let own = self.tokens(user).await?;
        if own.iter().filter(|token| token.kind == row.kind).count() >= MOST_TOKENS {
            return Err(HardwareError::Enough);
        }
        let (credential, at) = (Id::random(self.crypto()), self.now());
        let key = self.sealer.open(&Place::Hardware(row.id).aad(), &row.secret)?;
        let new = CredentialRow {
            id: credential,
            user,
            kind: row.kind.clone(),
            handle: None,
            counter: row.counter,
            drift: row.drift,
            consumed_at: None,
            created_at: at,
            assurance: Assurance::Usual,
            secret: self.sealer.seal(&credential_aad(credential), &key),
        };
        let (id, revision) = (row.id, row.revision);
        let batch = Batch::new()
            .with(HardwareWrite::Assign { id, revision, user, credential, at })
            .with(CredentialWrite::Insert(new))
            .with(self.notice(user, Notice::CredentialAdded { kind: row.kind.clone() }))
            .with(self.audit(Some(user), told("hardware.assigned", row)));
        self.commit_hardware(batch, HardwareError::Overtaken).await.map(|()| Changed::Now)
    }

    /// Takes a token from whoever has it, or from the drawer of lost ones. Its counter stays: no code is good twice.
    ///
    /// # Errors
    /// [`HardwareError::Overtaken`] if it was changed at the same moment.
    pub async fn release_hardware(
        &self,
        row: &HardwareRow,
        leaves: Leaves,
    ) -> Result<Changed, HardwareError> {
        if row.state == leaves.state() {
            return Ok(Changed::Before);
        }
        let (id, revision, at) = (row.id, row.revision, self.now());
        let name = match leaves {
            Leaves::ToStock => "hardware.taken_back",
            Leaves::OutOfUse => "hardware.disabled",
        };
        let mut batch = Batch::new()
            .with(HardwareWrite::Release { id, revision, leaves, at })
            .with(self.audit(row.user, told(name, row)));
        if let Some(user) = row.user {
            let (kind, name) = (row.kind.clone(), row.serial.clone());
            batch.push(BrowserWrite::Forget(user));
            batch.push(self.notice(user, Notice::CredentialRemoved { kind, name }));
        }
        self.commit_hardware(batch, HardwareError::Overtaken).await.map(|()| Changed::Now)
    }

    /// What takes back the token that this credential is, if the inventory has it.
    pub(super) async fn takes_back(
        &self,
        row: &CredentialRow,
        key: &Key,
        leaves: Leaves,
    ) -> Result<Option<HardwareWrite>, Fault> {
        let Some(serial) = &key.serial else { return Ok(None) };
        let found = self.store.hardware_by_serial(serial).await?;
        let of_it = found.into_iter().find(|token| token.credential == Some(row.id));
        let at = self.now();
        Ok(of_it.map(|token| HardwareWrite::Release { id: token.id, revision: token.revision, leaves, at }))
    }

    /// Opens all tokens that are in use or could be, for a container that leaves the house. The audit record has it before
    /// the caller has them.
    ///
    /// # Errors
    /// [`Fault`] if the store fails, or a key cannot be opened.
    pub async fn export_hardware(&self) -> Result<Vec<OpenedHardware>, HardwareError> {
        let mut opened = Vec::new();
        for row in self.hardware().await? {
            if row.state != HardwareState::Disabled {
                opened.push(self.open_hardware(row).await?);
            }
        }
        let event = Event::new("hardware.exported").with("count", opened.len());
        let batch = Batch::new().with(self.audit(None, event));
        self.commit_hardware(batch, HardwareError::Overtaken).await.map(|()| opened)
    }

    async fn open_hardware(&self, row: HardwareRow) -> Result<OpenedHardware, Fault> {
        let mut key: Key = self.sealer.open_json(&Place::Hardware(row.id).aad(), &row.secret)?;
        let used = match row.user {
            Some(user) => self.store.credentials(user).await?,
            None => Vec::new(),
        };
        let used = used.into_iter().find(|used| Some(used.id) == row.credential);
        let counter = used.as_ref().map_or(row.counter, |used| used.counter).max(row.counter);
        let drift = used.as_ref().map_or(row.drift, |used| used.drift);
        if let Some(used) = used {
            // Its owner may have given it a PIN since, and without that it must not leave.
            let own: Key = self.sealer.open_json(&credential_aad(used.id), &used.secret)?;
            key.pin = own.pin.clone();
        }
        Ok(OpenedHardware { row, key, counter, drift })
    }

    async fn commit_hardware(&self, batch: Batch, conflict: HardwareError) -> Result<(), HardwareError> {
        match self.store.commit(batch).await? {
            Committed::Yes => Ok(()),
            Committed::Conflict(_) => Err(conflict),
        }
    }
}

fn told(name: &str, row: &HardwareRow) -> Event {
    Event::new(name).with("serial", &row.serial).with("manufacturer", &row.manufacturer)
}
