//! What does a container say, once it is known with what it was encrypted?

mod key;
mod lock;
mod policy;
mod value;

use std::collections::BTreeSet;

use crate::{
    container::{Container, Signature},
    error::{Problem, ReadError},
    file::{line_of, within_limit},
    names::Space,
    xml,
};
use lock::Opener;

/// How many keys a container may have.
pub const MAX_KEYS: usize = 5_000;

/// With what a container is encrypted.
#[derive(Clone, Copy)]
pub enum Unlock<'a> {
    /// With nothing: its secrets stand there in plain.
    Plain,
    /// With a key that both sides have, of 16, 24 or 32 bytes (RFC 6030, 6.1).
    PreShared(&'a [u8]),
    /// With a key that comes of a password (RFC 6030, 6.2).
    Password(&'a str),
}

/// What is done about values that are encrypted in CBC mode without a MAC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Integrity {
    /// They are refused (RFC 6030, 6.1.1: the MAC must be there).
    #[default]
    Required,
    /// They are decrypted all the same. Whoever had the file in his hands can have changed bits of every secret, and a wrong
    /// password is mostly noticed, not always.
    DangerUnchecked,
}

/// Reads a container.
///
/// # Errors
/// [`ReadError`] for the first thing that is wrong, with its line. Nothing is taken of a file that has an error.
pub fn read(bytes: &[u8], unlock: Unlock<'_>, integrity: Integrity) -> Result<Container, ReadError> {
    within_limit(bytes)?;
    let text = std::str::from_utf8(bytes)
        .map_err(|error| Problem::NotUtf8.at(line_of(bytes, error.valid_up_to())))?;
    let root = xml::parse(text)?;
    if !root.is(Space::Pskc, "KeyContainer") {
        let problem = Problem::Unexpected(format!("{} as the root element", root.name()));
        return Err(root.wrong(problem));
    }
    if root.attribute("Version") != Some("1.0") {
        return Err(root.wrong(Problem::Unsupported("a container of another version than 1.0".to_owned())));
    }
    container(root, unlock, integrity)
}

fn container(root: xml::Element, unlock: Unlock<'_>, integrity: Integrity) -> Result<Container, ReadError> {
    let id = root.attribute("Id").map(|id| value::parsed(&root, "Id", id)).transpose()?;
    let line = root.line();
    let mut inside = root.inside()?;
    let encryption = inside.maybe(Space::Pskc, "EncryptionKey")?;
    let mac = inside.maybe(Space::Pskc, "MACMethod")?;
    let packages = inside.all(Space::Pskc, "KeyPackage");
    // Figure 9 has the first, XML Signature the second.
    let signed = [
        inside.maybe(Space::Pskc, "Signature")?.is_some(),
        inside.maybe(Space::Signature, "Signature")?.is_some(),
    ];
    inside.done()?;
    if packages.len() > MAX_KEYS {
        return Err(Problem::Limit("there are more than 5,000 keys").at(line));
    }
    let opener = Opener::new(encryption, mac, unlock, integrity, line)?;
    let mut keys = Vec::with_capacity(packages.len());
    let mut ids = BTreeSet::new();
    for package in packages {
        let line = package.line();
        let key = key::package(package, &opener)?;
        // A policy that names a PIN by its id must not get another one.
        if let Some(id) = &key.id
            && !ids.insert(id.as_str().to_owned())
        {
            return Err(Problem::Twice(format!("the key with the id {id}")).at(line));
        }
        keys.push(key);
    }
    let signature = if signed.contains(&true) { Signature::Unchecked } else { Signature::Absent };
    Ok(Container { id, keys, signature })
}
