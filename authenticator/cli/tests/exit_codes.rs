//! Does the program end with the exit codes that its help documents?

#[cfg(test)]
mod program {
    use std::{
        env, fs,
        path::PathBuf,
        process::{self, Command, Output},
    };

    struct Home(PathBuf);

    impl Home {
        fn new(name: &str) -> Self {
            let home = Self(env::temp_dir().join(format!("symbolon-cli-{}-{name}", process::id())));
            fs::create_dir_all(&home.0).unwrap();
            fs::write(home.0.join("good"), "correct horse battery\n").unwrap();
            fs::write(home.0.join("bad"), "wrong horse battery\n").unwrap();
            home
        }

        fn run(&self, passphrase: &str, words: &[&str]) -> Output {
            Command::new(env!("CARGO_BIN_EXE_idp-authenticator"))
                .arg("--home")
                .arg(self.0.join("keys"))
                .arg("--passphrase-file")
                .arg(self.0.join(passphrase))
                .args(words)
                .output()
                .unwrap()
        }
    }

    impl Drop for Home {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn code(output: &Output) -> i32 {
        output.status.code().unwrap()
    }

    #[test]
    fn a_login_link_in_a_mail() {
        let home = Home::new("mail");
        let link = format!("https://id.example.org/Q#{}", "A".repeat(96));
        for words in [["scan", &link], ["open", &link]] {
            let output = home.run("good", &words);
            assert_eq!(code(&output), 2);
            let text = String::from_utf8(output.stdout).unwrap();
            assert!(text.contains("may want to sign in as you"), "{text}");
        }
        let here = home.run("good", &["open", &link.replace("/Q#", "/S#")]);
        assert_eq!(code(&here), 2, "no account of that host");
    }

    #[test]
    fn pictures_passphrases_and_networks() {
        let home = Home::new("codes");
        assert_eq!(code(&home.run("good", &["scan", "no-such.png"])), 3);
        assert_eq!(code(&home.run("good", &["accounts", "list"])), 0);
        assert_eq!(code(&home.run("bad", &["accounts", "list"])), 6);
        assert_eq!(code(&home.run("no-such-file", &["accounts", "list"])), 6);
        assert_eq!(code(&home.run("good", &["scan", "--code", "BCDF-GHJK"])), 2, "no account");
        assert_eq!(code(&home.run("good", &["accounts", "remove", "7", "--yes"])), 2);
        assert_eq!(code(&home.run("good", &["pending"])), 0);
        // Port 9 discards, where it exists at all.
        let link = format!("http://127.0.0.1:9/E#{}", "AE".to_owned() + &"A".repeat(78));
        assert_eq!(code(&home.run("good", &["enrol", &link])), 5);
    }

    #[test]
    fn scripts_get_json() {
        let home = Home::new("json");
        let output = home.run("bad", &["--json", "accounts", "list"]);
        assert_eq!((code(&output), output.stdout.len()), (0, 0), "no account, no event");
        let output = home.run("good", &["--json", "accounts", "list"]);
        let event = String::from_utf8(output.stdout).unwrap();
        assert!(event.starts_with(r#"{"code":null,"event":"error","exit":6,"#), "{event}");
        assert_eq!(event.lines().count(), 1);
    }
}
