//! Is what was written read again as the same?

use idp_protocol::crypto::Random as _;
use symbolon_aws_lc::SeededRandom;
use symbolon_pskc::{
    Algorithm, Container, DeviceInfo, Encoding, Integrity, Key, KeyData, Lock, PinPolicy, PinUse, Policy,
    Response, Secret, Suite, Unlock, Usage, WriteError, read, write,
};

use super::{KEY, by_password, one_key, random, written};

/// Draws containers.
struct Draw(SeededRandom);

impl Draw {
    fn bytes(&self, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        self.0.fill(&mut bytes);
        bytes
    }

    fn below(&self, end: u64) -> u64 {
        u64::from_be_bytes(self.bytes(8).try_into().unwrap()) % end
    }

    fn of<T: Clone>(&self, all: &[T]) -> T {
        all[usize::try_from(self.below(u64::try_from(all.len()).unwrap())).unwrap()].clone()
    }

    fn maybe<T>(&self, value: impl FnOnce() -> T) -> Option<T> {
        (self.below(2) == 0).then(value)
    }

    /// A name with all that markup stumbles over.
    fn text<const MAX: usize>(&self) -> idp_protocol::Text<MAX> {
        let pieces = [
            "a", "Z", "0", "&", "<", ">", "\"", "'", "]]>", "&amp;", "<!--", "ß", "漢", "😀", " x", "%", "{",
        ];
        let text: String = (0..=self.below(8)).map(|_| self.of(&pieces)).collect();
        text.chars().take(MAX).collect::<String>().parse().unwrap_or_else(|_| "x".parse().unwrap())
    }

    fn date(&self) -> i64 {
        i64::try_from(self.below(4_102_444_800)).unwrap()
    }

    fn short(&self) -> u32 {
        u32::try_from(self.below(1 << 32)).unwrap()
    }

    fn container(&self) -> Container {
        let keys = (0..self.below(4)).map(|number| self.key(number)).collect();
        Container { id: self.maybe(|| self.text()), keys, ..Container::default() }
    }

    fn key(&self, number: u64) -> Key {
        let algorithms =
            [Algorithm::Hotp, Algorithm::Totp, Algorithm::Pin, Algorithm::Other("urn:x&y".parse().unwrap())];
        let length = usize::try_from(1 + self.below(64)).unwrap();
        Key {
            line: None,
            id: self.maybe(|| format!("{number} {}", self.text::<64>()).parse().unwrap()),
            algorithm: self.maybe(|| self.of(&algorithms)),
            device: self.device(),
            module: self.maybe(|| self.text()),
            issuer: self.maybe(|| self.text()),
            friendly_name: self.maybe(|| self.text()),
            profile: self.maybe(|| self.text()),
            reference: self.maybe(|| self.text()),
            user: self.maybe(|| self.text()),
            suite: self.maybe(|| self.of(&[Suite::Sha1, Suite::Sha256, Suite::Sha512])),
            response: self.maybe(|| Response {
                encoding: self.of(&Encoding::ALL),
                length: u8::try_from(self.below(256)).unwrap(),
            }),
            data: KeyData {
                secret: self.maybe(|| Secret(self.bytes(length).into())),
                counter: self.maybe(|| self.below(u64::MAX)),
                time: self.maybe(|| self.below(u64::MAX)),
                interval: self.maybe(|| self.short()),
                drift: self.maybe(|| i32::from_be_bytes(self.short().to_be_bytes())),
            },
            policy: self.policy(),
        }
    }

    fn device(&self) -> DeviceInfo {
        DeviceInfo {
            manufacturer: self.maybe(|| self.text()),
            serial: self.maybe(|| self.text()),
            model: self.maybe(|| self.text()),
            issue: self.maybe(|| self.text()),
            start: self.maybe(|| self.date()),
            expiry: self.maybe(|| self.date()),
            user: self.maybe(|| self.text()),
        }
    }

    fn policy(&self) -> Policy {
        let pin = || PinPolicy {
            key: self.maybe(|| self.text()),
            usage: self.maybe(|| self.of(&PinUse::ALL)),
            max_failures: self.maybe(|| self.short()),
            min_length: self.maybe(|| self.short()),
            max_length: self.maybe(|| self.short()),
            encoding: self.maybe(|| self.of(&Encoding::ALL)),
        };
        Policy {
            start: self.maybe(|| self.date()),
            expiry: self.maybe(|| self.date()),
            usages: (0..self.below(3)).map(|_| self.of(&Usage::ALL)).collect(),
            transactions: self.maybe(|| self.below(u64::MAX)),
            pin: self.maybe(pin),
        }
    }
}

fn without_lines(mut container: Container) -> Container {
    container.keys.iter_mut().for_each(|key| key.line = None);
    container
}

#[test]
fn export_then_import_is_the_identity() {
    let keys: [&[u8]; 3] = [&[1; 16], &[2; 24], &[3; 32]];
    for seed in 0_u32..300 {
        let draw = Draw(SeededRandom::new(&seed.to_be_bytes()));
        let container = draw.container();
        let key = draw.of(&keys);
        let ways = [
            (Lock::DangerPlain, Unlock::Plain),
            (Lock::PreShared { key, name: "ours & <theirs>" }, Unlock::PreShared(key)),
            (by_password("correct horse"), Unlock::Password("correct horse")),
        ];
        for (lock, unlock) in ways {
            let text = written(&container, lock);
            let again = read(text.as_bytes(), unlock, Integrity::Required)
                .unwrap_or_else(|error| panic!("{seed}: {error}\n{text}"));
            assert_eq!(without_lines(again), container, "{seed}: {text}");
        }
    }
}

#[test]
fn two_exports_have_nothing_in_common() {
    let (container, random) = (one_key(&[7; 20]), random());
    let mut texts = Vec::new();
    for _ in 0..2 {
        let text = write(&container, Lock::PreShared { key: &KEY, name: "ours" }, &random).unwrap();
        texts.push(text.split("CipherValue").skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>());
    }
    assert_eq!(texts[0].len(), 2);
    assert!(texts[0].iter().all(|value| !texts[1].contains(value)), "IV and MAC key are new");
}

#[test]
fn a_key_of_another_length_is_refused() {
    for length in [0, 8, 15, 17, 33, 64] {
        let lock = Lock::PreShared { key: &vec![1; length], name: "ours" };
        assert_eq!(
            write(&one_key(&[7; 20]), lock, &random()).unwrap_err(),
            WriteError::KeyLength,
            "{length}"
        );
    }
}
