//! Are the codes those of the RFCs, and is what was stored before still read?

use super::*;

const SEED: &[u8; 10] = b"1234567890";

/// The seeds of RFC 6238, Appendix B: the ten digits over and over.
fn seed(length: usize) -> Vec<u8> {
    SEED.iter().copied().cycle().take(length).collect()
}

#[test]
fn the_vectors_of_rfc_6238_hold_for_all_three_hashes() {
    use HashFunction::{Sha1, Sha256, Sha512};
    let vectors = [
        (59, ["94287082", "46119246", "90693936"]),
        (1_111_111_109, ["07081804", "68084774", "25091201"]),
        (1_111_111_111, ["14050471", "67062674", "99943326"]),
        (1_234_567_890, ["89005924", "91819424", "93441116"]),
        (2_000_000_000, ["69279037", "90698825", "38618901"]),
        (20_000_000_000, ["65353130", "77737706", "47863826"]),
    ];
    for (time, expected) in vectors {
        for ((hash, length), expected) in [(Sha1, 20), (Sha256, 32), (Sha512, 64)].into_iter().zip(expected) {
            let key = Key::new(seed(length), hash, 8, MovingFactor::Time(30)).unwrap();
            let step = key.step_at(Time(time)).unwrap();
            assert_eq!(key.code(step).unwrap(), expected, "{hash:?} at {time}");
            // Fewer digits are the last ones of the same number (RFC 4226, 5.3).
            for digits in [6, 7] {
                let key = Key::new(seed(length), hash, digits, MovingFactor::Time(30)).unwrap();
                let last = &expected[8 - usize::from(digits)..];
                assert_eq!(key.code(step).unwrap(), last, "{hash:?} at {time}");
            }
        }
    }
}

#[test]
fn the_vectors_of_rfc_4226_hold() {
    let key = Key::new(seed(20), HashFunction::Sha1, 6, MovingFactor::Counter(0)).unwrap();
    let codes: Vec<String> = (0..10).map(|count| key.code(count).unwrap()).collect();
    let expected =
        ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"];
    assert_eq!(codes, expected);
}

#[test]
fn a_key_that_an_older_version_stored_is_read() {
    let old = r#"{"secret":"MTIzNDU2Nzg5MDEyMzQ1Njc4OTA","algorithm":"SHA1","digits":6,"period":60}"#;
    let key: Key = serde_json::from_str(old).unwrap();
    assert_eq!((key.factor, key.pin.clone(), key.device), (MovingFactor::Time(60), PinUse::None, None));
    assert_eq!(key.secret, seed(20));
    assert_eq!(serde_json::to_string(&key).unwrap(), old, "and what needs no more is stored as before");
}

#[test]
fn a_key_with_everything_is_read_again() {
    let server = PinUse::Server { hash: "$argon2id$".to_owned(), position: Position::Behind };
    for (pin, factor) in [(PinUse::InKey, MovingFactor::Time(30)), (server, MovingFactor::Counter(7))] {
        let key = Key::new(seed(32), HashFunction::Sha512, 7, factor).unwrap();
        let key =
            key.with_pin(pin.clone()).of_device(Id::from_bytes([4; 16])).with_serial("A7").named("key ring");
        let read: Key = serde_json::from_slice(&serde_json::to_vec(&key).unwrap()).unwrap();
        assert_eq!((read.factor, read.pin.clone(), read.device), (factor, pin, key.device));
        assert_eq!((&read.serial, &read.name, read.digits), (&key.serial, &key.name, 7));
    }
}

#[test]
fn keys_that_the_rfcs_do_not_allow_are_refused() {
    let new = |length, digits, factor| Key::new(seed(length), HashFunction::Sha1, digits, factor).map(|_| ());
    let time = MovingFactor::Time(30);
    assert_eq!(new(16, 6, time), Ok(()));
    assert_eq!(new(15, 6, time), Err(BadKey::Secret));
    assert_eq!(new(129, 6, time), Err(BadKey::Secret));
    assert_eq!(new(20, 5, time), Err(BadKey::Digits));
    assert_eq!(new(20, 9, time), Err(BadKey::Digits));
    assert_eq!(new(20, 6, MovingFactor::Time(0)), Err(BadKey::Period));
    assert_eq!(new(20, 6, MovingFactor::Counter(-1)), Err(BadKey::Counter));
}
