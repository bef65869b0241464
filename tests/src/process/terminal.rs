//! The authenticator in the terminal: a device that reads screenshots.

use std::process::Stdio;

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
    time,
};

use super::{Folder, PATIENCE, Town, binary};
use crate::web::WebBrowser;

/// `idp-authenticator`, with a folder and a PIN of its own.
pub struct Terminal {
    folder: Folder,
}

/// A command of the authenticator that is under way.
pub struct Session {
    child: Child,
    input: ChildStdin,
    events: Lines<BufReader<ChildStdout>>,
}

impl Default for Terminal {
    fn default() -> Self {
        Self::new()
    }
}

impl Terminal {
    /// An authenticator that has no account yet.
    pub fn new() -> Self {
        let folder = Folder::new();
        folder.file("passphrase", b"a long enough passphrase\n");
        folder.file("pin", format!("{}\n", crate::phone::PIN).as_bytes());
        Self { folder }
    }

    /// Writes a file that the authenticator can read, and returns its path.
    pub fn file(&self, name: &str, line: &str) -> String {
        self.folder.file(name, format!("{line}\n").as_bytes()).display().to_string()
    }

    /// Writes a screenshot where the authenticator can read it.
    pub fn picture(&self, screenshot: &image::GrayImage) -> String {
        let path = self.folder.0.join("screenshot.png");
        screenshot.save(&path).expect("a picture");
        path.display().to_string()
    }

    /// Approves the sign-in that a page shows, by a screenshot of it, and returns the digits to type there.
    pub async fn approve(&self, page: &WebBrowser) -> String {
        let picture = self.picture(&page.screenshot());
        let mut scan = self.run(&["scan", &picture, "--decision", "approve"]);
        let code = scan.event("show").await["code"].as_str().expect("digits").to_owned();
        assert_eq!(scan.exit().await, Some(0));
        code
    }

    /// Signs in on the page that a browser stands at, for the first time in it: a screenshot, the digits, "is this you".
    pub async fn sign_in(&self, browser: &mut WebBrowser) {
        let page = browser.url.to_string();
        let code = self.approve(browser).await;
        browser.open(&page).await;
        browser.submit("/login/finish", &[("code", &code)]).await;
        browser.submit("/login/continue", &[("choice", "continue")]).await;
    }

    /// Registers this terminal as alice's device, by the screenshot of the portal, and signs out there.
    pub async fn enrol(&self, town: &Town) {
        self.enrol_for(town, "alice", "Alice Example").await;
    }

    /// The same for somebody of this login and name.
    pub async fn enrol_for(&self, town: &Town, login: &str, name: &str) {
        let mut browser = WebBrowser::new();
        town.portal(&mut browser, login).await;
        assert!(browser.html.contains(name), "{}", browser.html);
        browser.submit("/account/devices", &[]).await;
        self.finish_enrolment(&mut browser).await;
        browser.open(&format!("{}/account", town.issuer)).await;
        assert!(browser.html.contains("Laptop") && browser.html.contains("Active"), "{}", browser.html);
        browser.submit("/account/sign-out", &[]).await;
    }

    /// Takes up the enrolment that the portal shows, by a screenshot of it.
    pub async fn finish_enrolment(&self, browser: &mut WebBrowser) {
        let wizard = browser.url.to_string();
        let picture = self.picture(&browser.screenshot());
        let mut enrolling = self.run(&["enrol", &picture, "--name", "Laptop", "--decision", "approve"]);
        let code = enrolling.event("code").await["code"].as_str().expect("digits").to_owned();
        browser.open(&wizard).await;
        assert!(
            browser.html.contains("Laptop"),
            "the portal shows which device registered: {}",
            browser.html
        );
        browser.submit("/account/devices/confirm", &[("code", &code)]).await;
        let number = browser.text_of("number");
        enrolling.event("number_needed").await;
        enrolling.type_line(&number).await;
        enrolling.event("enrolled").await;
        assert_eq!(enrolling.exit().await, Some(0));
    }

    /// Starts a command that may ask for the PIN.
    pub fn run(&self, arguments: &[&str]) -> Session {
        let pin = self.folder.0.join("pin").display().to_string();
        self.run_without_pin(&[arguments, &["--pin-file", &pin]].concat())
    }

    /// Starts a command.
    pub fn run_without_pin(&self, arguments: &[&str]) -> Session {
        let file = |name: &str| self.folder.0.join(name).display().to_string();
        let mut child = Command::new(binary("idp-authenticator"))
            .args(arguments)
            .args(["--json", "--home", &file("home"), "--passphrase-file", &file("passphrase")])
            .kill_on_drop(true)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("idp-authenticator");
        let input = child.stdin.take().expect("standard input");
        let events = BufReader::new(child.stdout.take().expect("standard output")).lines();
        Session { child, input, events }
    }
}

impl Session {
    /// The next event of this name.
    pub async fn event(&mut self, name: &str) -> Value {
        let mut others = Vec::new();
        while let Some(line) =
            time::timeout(PATIENCE, self.events.next_line()).await.expect("in time").expect("text")
        {
            let event: Value = serde_json::from_str(&line).expect("JSON");
            if event["event"] == name {
                return event;
            }
            others.push(line);
        }
        panic!("no event {name} among {others:?}");
    }

    /// Types a line.
    pub async fn type_line(&mut self, line: &str) {
        self.input.write_all(format!("{line}\n").as_bytes()).await.expect("written");
    }

    /// The exit code.
    pub async fn exit(mut self) -> Option<i32> {
        time::timeout(PATIENCE, self.child.wait()).await.expect("in time").expect("an end").code()
    }
}
