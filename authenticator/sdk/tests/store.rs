//! Does the sealed file keep what it got, and open for its passphrase alone?

#[cfg(test)]
mod sealed {
    use std::{env, fs, path::PathBuf, process};

    use idp_protocol::{
        Crypto, Octets,
        context::{PinRules, UserVerification},
        link::Origin,
    };
    use serde_json::{Value, json};
    use symbolon_authenticator::{
        Account, Keys, OfflineAccount, OfflineAccounts as _, Party, SealedFile, ServerClocks as _, Stage,
        Store, account::CodeKey, store::StoreError,
    };

    const PASSPHRASE: &str = "correct horse battery";

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            Self(env::temp_dir().join(format!("symbolon-{}-{name}", process::id())))
        }

        fn file(&self) -> PathBuf {
            self.0.join("keys")
        }

        fn open(&self, passphrase: &str) -> Result<SealedFile, StoreError> {
            SealedFile::open(symbolon_aws_lc::crypto(), &self.file(), passphrase)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn account(crypto: &Crypto, device: u8) -> Account {
        Account {
            issuer: Origin::parse("https://id.example.org").unwrap(),
            organisation: "Example".to_owned(),
            id: Octets([5; 16]),
            name: "alice@example.org".to_owned(),
            device: Octets([device; 16]),
            device_name: "Laptop".parse().unwrap(),
            root: Octets([1; 32]),
            serial: 3,
            server_keys: Vec::new(),
            enrolment: Octets([2; 16]),
            uv: UserVerification::Pin,
            pin: PinRules { min_length: 6, max_length: 12 },
            stage: Stage::Unconfirmed { code: "0123456789".to_owned() },
            keys: Keys::generate(crypto).unwrap(),
        }
    }

    #[test]
    fn accounts_come_back() {
        let folder = Folder::new("back");
        let crypto = symbolon_aws_lc::crypto();
        let (one, two) = (account(&crypto, 1), account(&crypto, 2));
        let store = folder.open(PASSPHRASE).unwrap();
        store.put(&one).unwrap();
        store.put(&two).unwrap();
        store.put(&Account { stage: Stage::Active, ..one.clone() }).unwrap();

        let again = folder.open(PASSPHRASE).unwrap();
        let accounts = again.accounts().unwrap();
        assert_eq!(accounts.len(), 2);
        assert!(accounts[0].is_active());
        assert_eq!(accounts[0].keys.signature, one.keys.signature);
        assert_eq!(accounts[1].keys.agreement, two.keys.agreement);
        assert_eq!(accounts[1].keys.device, two.keys.device);
        again.remove(&one).unwrap();
        assert_eq!(store.accounts().unwrap().len(), 1, "the other handle sees it");
        let bytes = fs::read(folder.file()).unwrap();
        assert!(!bytes.windows(5).any(|part| part == b"alice"), "names are sealed too");
    }

    fn names(store: &SealedFile) -> Vec<u8> {
        store.accounts().unwrap().into_iter().map(|account| account.device.0[0]).collect()
    }

    #[test]
    fn the_order_and_what_was_used_last_come_back() {
        let folder = Folder::new("order");
        let crypto = symbolon_aws_lc::crypto();
        let store = folder.open(PASSPHRASE).unwrap();
        let accounts = [1, 2, 3].map(|device| account(&crypto, device));
        accounts.iter().for_each(|account| store.put(account).unwrap());
        let party = |mark| Party { issuer: accounts[0].issuer.clone(), mark };
        let (shop, server) = (party(Some(Octets([1, 2]))), party(None));
        store.remember(&shop, &accounts[0]).unwrap();
        store.remember(&shop, &accounts[1]).unwrap();
        store.remember(&server, &accounts[0]).unwrap();
        store.arrange(&accounts[2], 0).unwrap();
        store.put(&Account { stage: Stage::Active, ..accounts[2].clone() }).unwrap();

        let again = folder.open(PASSPHRASE).unwrap();
        assert_eq!(names(&again), [3, 1, 2], "who is changed keeps the place");
        assert_eq!(again.used(&shop).unwrap(), Some(Octets([2; 16])));
        assert_eq!(again.used(&server).unwrap(), Some(Octets([1; 16])));
        assert_eq!(again.used(&party(Some(Octets([9, 9])))).unwrap(), None);
        again.remove(&accounts[1]).unwrap();
        assert_eq!(again.used(&shop).unwrap(), None, "nobody is proposed who is gone");
        for mark in 0..=255 {
            again.remember(&party(Some(Octets([mark, 0]))), &accounts[0]).unwrap();
        }
        assert_eq!(again.used(&server).unwrap(), None, "what is long ago is forgotten");
        assert!(again.used(&party(Some(Octets([255, 0])))).unwrap().is_some());
    }

    #[test]
    fn clocks_of_servers_come_back_as_long_as_there_is_an_account() {
        let folder = Folder::new("clocks");
        let store = folder.open(PASSPHRASE).unwrap();
        let (first, second) =
            (account(&symbolon_aws_lc::crypto(), 1), account(&symbolon_aws_lc::crypto(), 2));
        let stranger = Origin::parse("https://id.example.net").unwrap();
        store.keep_ahead(&first.issuer, 600).unwrap();
        assert_eq!(
            store.ahead(&first.issuer).unwrap(),
            0,
            "a server of whom there is no account fills no file"
        );
        let codes_only = offline_account(3);
        store.put(&first).unwrap();
        store.put(&second).unwrap();
        store.put_offline(&codes_only).unwrap();
        store.keep_ahead(&first.issuer, -7).unwrap();
        store.keep_ahead(&first.issuer, 600).unwrap();
        let again = folder.open(PASSPHRASE).unwrap();
        assert_eq!((again.ahead(&first.issuer).unwrap(), again.ahead(&stranger).unwrap()), (600, 0));
        again.remove(&first).unwrap();
        again.put_offline(&codes_only).unwrap();
        again.remove(&second).unwrap();
        assert_eq!(again.ahead(&first.issuer).unwrap(), 600, "the codes still need it");
        again.remove_offline(&codes_only).unwrap();
        assert_eq!(again.ahead(&first.issuer).unwrap(), 0);
    }

    /// What an older version wrote: version 1 the list of accounts, version 2 the accounts and which was used last for whom.
    fn of_version(crypto: &Crypto, version: u8, kept: &Value) -> Vec<u8> {
        let (salt, nonce) = (crypto.random::<16>(), crypto.random::<12>());
        let costs = [19_456_u32, 2, 1].map(u32::to_be_bytes).concat();
        let params = argon2::Params::new(19_456, 2, 1, Some(32)).unwrap();
        let mut key = [0; 32];
        argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params)
            .hash_password_into(PASSPHRASE.as_bytes(), &salt, &mut key)
            .unwrap();
        let head = [b"symbolon".as_slice(), &[version], &costs, &salt, &nonce].concat();
        let sealed = crypto.aead.seal(&key, &nonce, &head, &serde_json::to_vec(kept).unwrap());
        [head, sealed].concat()
    }

    #[test]
    fn a_file_of_an_older_version_opens_and_is_written_as_a_newer_one() {
        let crypto = symbolon_aws_lc::crypto();
        let accounts = [2, 1].map(|device| account(&crypto, device));
        let older = [
            (1, json!(accounts)),
            (2, json!({ "accounts": accounts, "used": [] })),
            (3, json!({ "accounts": accounts, "used": [], "offline": [] })),
        ];
        for (version, kept) in older {
            let folder = Folder::new(&format!("older-{version}"));
            fs::create_dir_all(&folder.0).unwrap();
            fs::write(folder.file(), of_version(&crypto, version, &kept)).unwrap();
            let store = folder.open(PASSPHRASE).unwrap();
            assert_eq!(names(&store), [2, 1]);
            assert!(store.offline_accounts().unwrap().is_empty());
            assert_eq!(fs::read(folder.file()).unwrap()[8], version, "to look changes nothing");
            store.arrange(&accounts[1], 0).unwrap();
            assert_eq!(fs::read(folder.file()).unwrap()[8], 4);
            assert_eq!(names(&folder.open(PASSPHRASE).unwrap()), [1, 2]);

            let mut newer = fs::read(folder.file()).unwrap();
            newer[8] = 5;
            fs::write(folder.file(), newer).unwrap();
            assert!(matches!(folder.open(PASSPHRASE), Err(StoreError::Format(_))));
        }
    }

    fn offline_account(enrolment: u8) -> OfflineAccount {
        OfflineAccount {
            issuer: Origin::parse("https://id.example.org").unwrap(),
            organisation: "Example".parse().unwrap(),
            name: "a…e".parse().unwrap(),
            id: Octets([5; 16]),
            enrolment: Octets([enrolment; 16]),
            codes: CodeKey([enrolment; 32].into()),
        }
    }

    #[test]
    fn accounts_with_codes_only_come_back_beside_the_others() {
        let folder = Folder::new("offline");
        let store = folder.open(PASSPHRASE).unwrap();
        let (one, two) = (offline_account(1), offline_account(2));
        store.put(&account(&symbolon_aws_lc::crypto(), 1)).unwrap();
        for account in [&one, &two, &one] {
            store.put_offline(account).unwrap();
        }
        let again = folder.open(PASSPHRASE).unwrap();
        let kept = again.offline_accounts().unwrap();
        assert_eq!(kept.iter().map(|kept| kept.enrolment.0[0]).collect::<Vec<_>>(), [2, 1]);
        assert_eq!(*kept[1].codes.0, [1; 32]);
        assert!(!format!("{kept:?}").contains("[1, 1"), "no key in a log");
        again.remove_offline(&two).unwrap();
        again.remove_offline(&two).unwrap();
        assert_eq!((store.offline_accounts().unwrap().len(), store.accounts().unwrap().len()), (1, 1));
    }

    #[test]
    fn wrong_passphrase() {
        let folder = Folder::new("wrong");
        folder.open(PASSPHRASE).unwrap();
        assert!(matches!(folder.open("correct horse"), Err(StoreError::Passphrase(_))));
        let new = Folder::new("short");
        assert!(matches!(new.open("short"), Err(StoreError::Short(_))));
        assert!(!new.file().exists());
    }

    #[test]
    fn every_changed_byte_is_noticed() {
        let folder = Folder::new("changed");
        folder.open(PASSPHRASE).unwrap();
        let good = fs::read(folder.file()).unwrap();
        for at in 0..good.len() {
            let mut changed = good.clone();
            changed[at] ^= 1;
            fs::write(folder.file(), &changed).unwrap();
            assert!(folder.open(PASSPHRASE).is_err(), "{at}");
        }
        for length in [0, 8, 30, good.len() - 1] {
            fs::write(folder.file(), &good[..length]).unwrap();
            assert!(folder.open(PASSPHRASE).is_err(), "{length}");
        }
    }

    #[test]
    fn a_header_that_asks_for_hours() {
        let folder = Folder::new("hours");
        folder.open(PASSPHRASE).unwrap();
        let mut bytes = fs::read(folder.file()).unwrap();
        bytes[9..13].copy_from_slice(&u32::MAX.to_be_bytes());
        fs::write(folder.file(), &bytes).unwrap();
        assert!(matches!(folder.open(PASSPHRASE), Err(StoreError::Format(_))));
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_reads_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = Folder::new("mode");
        folder.open(PASSPHRASE).unwrap().put(&account(&symbolon_aws_lc::crypto(), 1)).unwrap();
        let mode = |path: &PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&folder.file()), mode(&folder.0)), (0o600, 0o700));
    }

    #[test]
    fn two_writers_lose_nothing() {
        let folder = Folder::new("writers");
        folder.open(PASSPHRASE).unwrap();
        std::thread::scope(|scope| {
            for device in 0..4 {
                let folder = &folder;
                scope.spawn(move || {
                    let store = folder.open(PASSPHRASE).unwrap();
                    store.put(&account(&symbolon_aws_lc::crypto(), device)).unwrap();
                });
            }
        });
        assert_eq!(folder.open(PASSPHRASE).unwrap().accounts().unwrap().len(), 4);
    }
}
