//! Which key-encryption keys are there, how are they written down, and which one seals?
//!
//! One line a key, the newest first: its number, 32 bytes in base64url, and optionally the time (seconds since 1970)
//! from which on it seals. All of them open at once. A single key may stand there without a number: it is number 1.

use std::{
    collections::BTreeSet,
    fmt::{self, Write as _},
};

use idp_core::{Crypto, Time, seal::Kek};
use idp_protocol::Octets;
use zeroize::Zeroizing;

use super::KekError;

/// The number of the first key.
const FIRST: u8 = 1;

/// The key-encryption keys, the newest first; at least one.
#[derive(Clone)]
pub struct Keyring(Vec<Entry>);

#[derive(Clone)]
struct Entry {
    kek: Kek,
    seals_from: Time,
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keyring({:?})", self.numbers())
    }
}

impl Keyring {
    /// A ring of one fresh key.
    pub(super) fn random(crypto: &Crypto) -> Self {
        let kek = Kek { number: FIRST, key: Zeroizing::new(crypto.random()) };
        Self(vec![Entry { kek, seals_from: Time(0) }])
    }

    /// Reads keys as they are written down. Instead of a new line, a comma may stand between two.
    ///
    /// # Errors
    /// [`KekError::Format`]; [`KekError::Twice`] if a number stands there twice.
    pub fn parse(text: &str) -> Result<Self, KekError> {
        let lines = text.split(['\n', ',']).map(str::trim).filter(|line| !line.is_empty());
        let entries: Vec<Entry> = lines.map(Entry::parse).collect::<Result<_, _>>()?;
        let mut seen = BTreeSet::new();
        // Two keys of one number: what one of them sealed would be lost.
        if let Some(entry) = entries.iter().find(|entry| !seen.insert(entry.kek.number)) {
            return Err(KekError::Twice(entry.kek.number));
        }
        if entries.is_empty() { Err(KekError::Format) } else { Ok(Self(entries)) }
    }

    /// Reads a file: lines, or the 32 bytes of the only key, as the first version of this server wrote it.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, KekError> {
        if let Ok(key) = <[u8; 32]>::try_from(bytes) {
            let kek = Kek { number: FIRST, key: Zeroizing::new(key) };
            return Ok(Self(vec![Entry { kek, seals_from: Time(0) }]));
        }
        Self::parse(std::str::from_utf8(bytes).map_err(|_| KekError::Format)?)
    }

    /// The keys as they are written down.
    pub(super) fn to_text(&self) -> Zeroizing<String> {
        // Room for every line, so that no copy of a key stays behind in memory when the text grows.
        let mut text = Zeroizing::new(String::with_capacity(96 * self.0.len()));
        for Entry { kek, seals_from } in &self.0 {
            let key = Zeroizing::new(Octets(*kek.key).to_string());
            // Writing to a string does not fail.
            let _ = match seals_from.0 {
                0 => writeln!(text, "{} {}", kek.number, *key),
                from => writeln!(text, "{} {} {from}", kek.number, *key),
            };
        }
        text
    }

    /// The key that seals at `now`, and the others, which open.
    #[must_use]
    pub fn at(&self, now: Time) -> (Kek, Vec<Kek>) {
        let mut keks: Vec<Kek> = self.0.iter().map(|entry| entry.kek.clone()).collect();
        let newest = self.0.iter().position(|entry| entry.seals_from <= now);
        let sealing = keks.remove(newest.unwrap_or(keks.len() - 1));
        (sealing, keks)
    }

    /// The numbers of the keys, the newest first.
    #[must_use]
    pub fn numbers(&self) -> Vec<u8> {
        self.0.iter().map(|entry| entry.kek.number).collect()
    }

    /// The newest key and the time from which on it seals.
    #[must_use]
    pub fn newest(&self) -> Option<(u8, Time)> {
        self.0.first().map(|entry| (entry.kek.number, entry.seals_from))
    }

    /// With a new key in front, which seals from `from` on; and its number.
    pub(super) fn grown(mut self, crypto: &Crypto, from: Time) -> Result<(Self, u8), KekError> {
        let taken = self.numbers();
        let last = taken.first().copied().unwrap_or(0);
        let mut numbers = (last..=u8::MAX).skip(1).chain(FIRST..=last);
        let number = numbers.find(|number| !taken.contains(number)).ok_or(KekError::Full)?;
        let kek = Kek { number, key: Zeroizing::new(crypto.random()) };
        self.0.insert(0, Entry { kek, seals_from: from });
        Ok((self, number))
    }

    /// Only the newest key.
    pub(super) fn finished(mut self) -> Self {
        self.0.truncate(1);
        self
    }
}

impl Entry {
    fn parse(line: &str) -> Result<Self, KekError> {
        let mut words = line.split_ascii_whitespace();
        let parts = (words.next(), words.next(), words.next(), words.next());
        let (number, key, from) = match parts {
            (Some(key), None, ..) => (FIRST, key, 0),
            (Some(number), Some(key), from, None) => {
                let from = from.map_or(Ok(0), str::parse).map_err(|_| KekError::Format)?;
                (number.parse().map_err(|_| KekError::Format)?, key, from)
            }
            _ => return Err(KekError::Format),
        };
        let octets: Octets<32> = key.parse().map_err(|_| KekError::Format)?;
        // Number 0 is nobody's: a value that begins with it was not sealed.
        if number == 0 {
            return Err(KekError::Format);
        }
        Ok(Self { kek: Kek { number, key: Zeroizing::new(octets.0) }, seals_from: Time(from) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> String {
        Octets([byte; 32]).to_string()
    }

    #[test]
    fn one_key_is_number_1_however_it_is_written() {
        for ring in
            [Keyring::parse(&key(7)), Keyring::read(&[7; 32]), Keyring::parse(&format!("1 {}\n", key(7)))]
        {
            let (kek, others) = ring.unwrap().at(Time(0));
            assert_eq!((kek.number, *kek.key, others.len()), (1, [7; 32], 0));
        }
    }

    #[test]
    fn the_newest_whose_time_has_come_seals_and_all_open() {
        let ring = Keyring::parse(&format!("3 {} 100, 2 {}\n1 {}", key(3), key(2), key(1))).unwrap();
        assert_eq!((ring.at(Time(99)).0.number, ring.at(Time(100)).0.number), (2, 3));
        let others: Vec<u8> = ring.at(Time(99)).1.iter().map(|kek| kek.number).collect();
        assert_eq!(others, [3, 1]);
        let again = Keyring::read(ring.to_text().as_bytes()).unwrap();
        assert_eq!(again.to_text(), ring.to_text());
        assert_eq!(ring.finished().numbers(), [3]);
    }

    #[test]
    fn a_number_is_free_until_all_are_taken() {
        let crypto = symbolon_aws_lc::crypto();
        let mut ring = Keyring::parse(&format!("254 {}", key(1))).unwrap();
        for expected in [255, 1, 2] {
            let (grown, number) = ring.grown(&crypto, Time(0)).unwrap();
            assert_eq!(number, expected);
            ring = grown;
        }
    }

    #[test]
    fn what_is_no_ring_is_refused() {
        let twice = format!("1 {}\n1 {}", key(1), key(2));
        let bare = format!("{}\n{}", key(1), key(2));
        let bad = [
            String::new(),
            "1".to_owned(),
            format!("0 {}", key(1)),
            format!("256 {}", key(1)),
            format!("1 {}A", key(1)),
            format!("1 {} soon", key(1)),
            format!("1 {} 5 6", key(1)),
            twice,
            bare,
        ];
        for text in bad {
            assert!(Keyring::parse(&text).is_err(), "{text}");
        }
    }
}
