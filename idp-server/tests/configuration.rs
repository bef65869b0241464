//! Does a bad configuration name the key, the place and what would be right?

#![expect(clippy::unwrap_used, reason = "what the tests share may end a test, as they may themselves")]

use std::{path::PathBuf, process::Command};

use idp_core::Time;
use idp_server::{
    Config,
    config::{Format, Given, Keyring, Purpose, REFERENCE},
};

/// A file with this text, for as long as the value lives.
struct File(PathBuf);

impl File {
    fn new(text: &str) -> Self {
        let name = idp_protocol::encoding::to_base64url(&symbolon_aws_lc::crypto().random::<12>());
        let path = std::env::temp_dir().join(format!("symbolon-{name}.toml"));
        std::fs::write(&path, text).unwrap();
        Self(path)
    }

    fn given(&self) -> Given {
        Given { file: Some(self.0.clone()), ..Given::default() }
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn complaint(text: &str) -> String {
    Config::load(&File::new(text).given()).unwrap_err().to_string()
}

const ISSUER: &str = "[server]\nissuer = \"https://id.example.org\"\n";

#[test]
fn the_reference_has_every_key_with_its_default() {
    let file = File::new(REFERENCE);
    let config = Config::load(&file.given()).unwrap();
    let mut expected = Config::default();
    expected.server.issuer = "https://id.example.org".to_owned();
    let read: toml::Table = toml::from_str(REFERENCE).unwrap();
    assert_eq!(toml::Table::try_from(&expected).unwrap(), read, "docs/configuration.toml");
    assert_eq!(toml::Table::try_from(&config).unwrap(), read);
}

#[test]
fn the_stronger_layer_wins() {
    let file = File::new(&format!("{ISSUER}listen = \"127.0.0.1:1\"\n[log]\nformat = \"json\""));
    let variable = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let given = Given {
        environment: vec![
            variable("SYMBOLON_SERVER_LISTEN", "127.0.0.1:2"),
            variable("SYMBOLON_SERVER_TRUSTED_PROXIES", "127.0.0.1, 10.0.0.0/8"),
            variable("SYMBOLON_ENGINE_PIN_MIN_LENGTH", "8"),
            variable("SYMBOLON_HOME", "of another program"),
            variable("PATH", "/bin"),
        ],
        flags: vec![("server.listen", "127.0.0.1:3".to_owned())],
        ..file.given()
    };
    let config = Config::load(&given).unwrap();
    assert_eq!(config.server.listen.port(), 3);
    assert_eq!(config.server.trusted_proxies, ["127.0.0.1", "10.0.0.0/8"]);
    assert_eq!(config.engine.pin.min_length, 8);
    assert_eq!(config.log.format, Format::Json);
}

#[test]
fn a_demo_needs_no_file() {
    let given = Given { purpose: Purpose::Demo, ..Given::default() };
    let config = Config::load(&given).unwrap();
    assert_eq!(config.server.issuer, "http://localhost:8080");
    assert!(config.outbound.danger_loopback_http, "its applications are on this computer");
    let error = Config::load(&Given::default()).unwrap_err().to_string();
    assert!(error.contains("`server.issuer` (not set)"), "{error}");
}

#[test]
fn a_complaint_names_key_place_and_remedy() {
    let cases = [
        ("[server]\nisuer = \"x\"", vec!["`server.isuer`", ".toml", "issuer, listen"]),
        ("[sever]\nissuer = \"x\"", vec!["`sever.issuer`", "The sections are engine, log"]),
        ("server = 5", vec!["`server`", "a section [server]"]),
        ("[server", vec!["is not TOML"]),
        (
            "[server]\nissuer = \"http://id.example.org\"",
            vec!["`server.issuer`", ".toml", "https://id.example.org"],
        ),
        ("[server]\nissuer = \"https://id.example.org/path\"", vec!["`server.issuer`", "without a path"]),
        ("[server]\nissuer = \"https://a.b\"\nlisten = 5", vec!["`server.listen`", "127.0.0.1:8080"]),
        (
            "[server]\nissuer = \"https://a.b\"\ntrusted_proxies = [\"x/y\"]",
            vec!["`server.trusted_proxies`", "10.0.0.0/8"],
        ),
        (
            "[server]\nissuer = \"https://a.b\"\n[server.tls]\ncertficate = \"x\"",
            vec!["`server.tls.certficate`", "tls.certificate, tls.key"],
        ),
        ("[server]\nissuer = \"https://a.b\"\n[log]\nlevel = \"loud\"", vec!["`log.level`", "info"]),
        ("[server]\nissuer = \"https://a.b\"\n[oidc]\ncode_life = 601", vec!["`oidc.code_life`", "600"]),
        (
            "[server]\nissuer = \"https://a.b\"\n[oidc]\nprofile = \"fapi2\"\ncode_life = 61",
            vec!["`oidc.code_life`", "fapi2", "60 seconds"],
        ),
        (
            "[server]\nissuer = \"https://a.b\"\n[oidc]\nprofile = \"fapi2\"\nregistration = { implicit = true }",
            vec!["`oidc.registration.implicit`", "fapi2"],
        ),
        (
            "[server]\nissuer = \"https://a.b\"\n[oidc]\nprofile = \"fapi2\"\nregistration = { device_grant = true }",
            vec!["`oidc.registration.device_grant`", "fapi2"],
        ),
        (
            "[server]\nissuer = \"https://a.b\"\n[oidc]\nprofile = \"fapi2\"\nregistration = { without_pkce = true }",
            vec!["`oidc.registration.without_pkce`", "fapi2"],
        ),
        (
            "[server]\nissuer = \"https://a.b\"\n[engine]\nqr_life = 0",
            vec!["`engine.qr_life`", "between 1 and 600"],
        ),
        // What the engine would refuse at the start, the check of the configuration says already.
        (
            "[server]\nissuer = \"https://a.b\"\n[engine]\nticket_rotation = 120",
            vec!["`engine.ticket_rotation`", "5 to 60 seconds"],
        ),
        (
            "[server]\nissuer = \"https://a.b\"\n[engine]\nuser_verification = \"platform\"",
            vec!["`engine.user_verification`", "not available yet"],
        ),
        ("[server]\nissuer = \"https://a.b\"\n[engine.pin]\nmin_length = 3", vec!["`engine.pin.min_length`"]),
        (
            "[server]\nissuer = \"https://a.b\"\n[store]\nurl = \"mysql://root:hunter2@x\"",
            vec!["`store.url`", "sqlite:"],
        ),
    ];
    for (text, expected) in cases {
        let complaint = complaint(text);
        for part in expected {
            assert!(complaint.contains(part), "{text}\n→ {complaint}\nlacks {part}");
        }
        assert!(!complaint.contains("hunter2"), "a password in a log");
    }
}

/// A key of `[engine]`, and values that no engine keeps: a standard forbids them, or nothing would work.
const REFUSED: [(&str, &[&str]); 33] = [
    ("organisation", &["\" \""]),
    ("user_verification", &["\"platform\""]),
    ("sign_in_life", &["0", "-1", "3601"]),
    ("sign_ins_per_browser", &["0", "101"]),
    ("sign_ins_per_address", &["0", "100001"]),
    ("ticket_rotation", &["4", "61"]),
    ("qr_life", &["0", "601", "19", "361"]),
    ("answer_window", &["0", "601"]),
    ("finish_window", &["0", "601"]),
    ("code_window", &["0", "601"]),
    ("enrol_life", &["0", "3601"]),
    ("confirm_life", &["0", "3601"]),
    ("first_approval_life", &["0", "3601"]),
    ("binding_max_age", &["0", "1201"]),
    ("devices_per_user", &["0", "1001"]),
    ("session_idle", &["0", "2592001"]),
    ("session_life", &["0", "2592001"]),
    ("known_browser_life", &["0", "31536001"]),
    ("pin.min_length", &["3"]),
    ("pin.max_length", &["5", "65"]),
    ("limits.lock_after", &["0", "101"]),
    ("limits.free_failures", &["11"]),
    ("limits.first_wait", &["29", "3601"]),
    ("limits.longest_wait", &["29", "86401"]),
    ("limits.messages_of_device", &["0", "121"]),
    ("limits.messages_of_address", &["0", "10001"]),
    ("limits.user_codes", &["0", "11"]),
    ("limits.failures_of_network", &["0", "10001"]),
    ("limits.failures_of_account", &["0", "101"]),
    ("limits.confirm_tries", &["0", "6"]),
    ("limits.number_tries", &["0", "4"]),
    ("limits.waiting_devices", &["-1", "1000001"]),
    (
        "rules",
        &[
            "[{ name = \"a\", then = \"deny\" }, { name = \"a\", then = \"allow\" }]",
            "[{ name = \"a\", then = \"allow\", methods = [\"telepathy\"] }]",
        ],
    ),
];

#[test]
fn check_config_refuses_what_no_engine_keeps() {
    for (key, values) in REFUSED {
        for value in values {
            let file = File::new(&format!("{ISSUER}[engine]\n{key} = {value}"));
            let checked = Command::new(env!("CARGO_BIN_EXE_idp-server"))
                .args(["check-config", "--config", file.0.to_str().unwrap()])
                .output()
                .unwrap();
            let complaint = String::from_utf8(checked.stderr).unwrap();
            assert_eq!(checked.status.code(), Some(2), "{key} = {value}: {complaint}");
            assert!(complaint.contains(&format!("`engine.{key}`")), "{key} = {value}: {complaint}");
            assert!(complaint.contains(".toml") && complaint.contains("Right would be"), "{complaint}");
        }
    }
}

#[test]
fn requests_to_others_are_bounded_and_no_network_is_the_whole_internet() {
    let refused = [
        ("timeout", &["0", "61"][..]),
        ("connect_timeout", &["0", "61"]),
        ("largest_body", &["0", "1023", "1048577"]),
        ("at_once", &["0", "1025"]),
        ("at_once_per_origin", &["0", "1025"]),
        (
            "allowed_networks",
            &["[\"intranet\"]", "[\"0.0.0.0/0\"]", "[\"10.0.0.0/7\"]", "[\"::/0\"]", "[\"e000::/6\"]"],
        ),
    ];
    for (key, values) in refused {
        for value in values {
            let complaint = complaint(&format!("{ISSUER}[outbound]\n{key} = {value}"));
            assert!(complaint.contains(&format!("`outbound.{key}`")), "{key} = {value}: {complaint}");
            assert!(complaint.contains(".toml") && complaint.contains("Right would be"), "{complaint}");
        }
    }
    let networks = "allowed_networks = [\"10.0.0.0/8\", \"10.1.2.3\", \"fc00::/7\", \"fd00::1\"]";
    let file = File::new(&format!("{ISSUER}[outbound]\n{networks}"));
    assert_eq!(Config::load(&file.given()).unwrap().outbound.allowed_networks.len(), 4);
}

/// What stands in `[server]` and below it, which setting is to blame, and what would help.
const UNPROTECTED: [(&str, &str, &str); 17] = [
    ("listen = \"0.0.0.0:8080\"", "server.listen", "[server.tls] with certificate and key"),
    ("listen = \"192.0.2.1:80\"", "server.listen", "server.trusted_proxies"),
    ("listen = \"[::]:8080\"", "server.listen", "127.0.0.1:8080"),
    ("tls.certificate = \"/a\"", "server.tls.key", "without its key"),
    ("tls.key = \"/a\"", "server.tls.certificate", "without its certificate"),
    ("mtls.listen = \"127.0.0.1:8443\"", "server.mtls.origin", "https://mtls.id.example.org"),
    ("mtls.origin = \"https://m.a.b\"", "server.mtls.listen", "nothing listens"),
    ("mtls.client_ca = \"/a\"", "server.mtls.listen", "nothing listens"),
    ("mtls.listen = \"8443\"", "server.mtls.listen", "127.0.0.1:8443"),
    ("mtls = { listen = \"127.0.0.1:1\", origin = \"http://localhost:1\" }", "server.mtls.origin", "https"),
    (
        "mtls = { listen = \"127.0.0.1:1\", origin = \"https://id.example.org\" }",
        "server.mtls.origin",
        "the issuer",
    ),
    ("mtls = { listen = \"127.0.0.1:1\", origin = \"https://m.a.b\" }", "server.mtls.listen", "[server.tls]"),
    (
        "mtls = { listen = \"127.0.0.1:8080\", origin = \"https://m.a.b\" }",
        "server.mtls.listen",
        "another address or port",
    ),
    (
        "mtls = { listen = \"127.0.0.1:1\", origin = \"https://m.a.b\", client_certificate_header = \"client-cert\" }",
        "server.mtls.client_certificate_header",
        "no trusted proxies",
    ),
    (
        "mtls = { listen = \"127.0.0.1:1\", origin = \"https://m.a.b\", client_certificate_header = \"a b\" }",
        "server.mtls.client_certificate_header",
        "client-cert",
    ),
    ("mtls.client_certificate_header = \"client-cert\"", "server.mtls.listen", "nothing listens"),
    (
        "issuer = \"http://localhost:1\"\ntls = { certificate = \"/a\", key = \"/b\" }",
        "server.issuer",
        "https",
    ),
];

#[test]
fn check_config_says_what_to_do_where_connections_would_be_open_to_all() {
    for (text, key, remedy) in UNPROTECTED {
        let issuer = if text.starts_with("issuer") { "[server]\n" } else { ISSUER };
        let complaint = complaint(&format!("{issuer}{text}"));
        assert!(complaint.contains(&format!("`{key}`")), "{text}: {complaint}");
        assert!(complaint.contains(remedy) && complaint.contains("Right would be"), "{text}: {complaint}");
    }
    let header = "client_certificate_header = \"client-cert\"";
    for right in [
        "listen = \"[::1]:8080\"".to_owned(),
        "listen = \"0.0.0.0:8080\"\ntrusted_proxies = [\"10.0.0.0/8\"]".to_owned(),
        "listen = \"0.0.0.0:443\"\ntls = { certificate = \"/a\", key = \"/b\" }".to_owned(),
        format!(
            "trusted_proxies = [\"127.0.0.1\"]\n[server.mtls]\nlisten = \"127.0.0.1:1\"\n\
             origin = \"https://m.a.b\"\n{header}"
        ),
    ] {
        Config::load(&File::new(&format!("{ISSUER}{right}")).given()).unwrap();
    }
}

/// The start would fail for the same reason.
#[test]
fn check_config_looks_at_the_files_of_the_certificate() {
    let file = File::new(&format!("{ISSUER}tls = {{ certificate = \"/nowhere/tls.pem\", key = \"/b\" }}"));
    for command in ["check-config", "serve"] {
        let output = Command::new(env!("CARGO_BIN_EXE_idp-server"))
            .args([command, "--config", file.0.to_str().unwrap()])
            .args(["--state-dir", file.0.with_extension("state").to_str().unwrap()])
            .output()
            .unwrap();
        let complaint = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{command}: {complaint}");
        assert!(complaint.contains("the file /nowhere/tls.pem cannot be read"), "{command}: {complaint}");
    }
    std::fs::remove_dir_all(file.0.with_extension("state")).unwrap();
}

/// So it would for this one.
#[test]
fn check_config_looks_at_the_makers_of_passkeys() {
    let file = File::new(&format!("{ISSUER}[passkeys]\nmakers = \"/nowhere/makers.pem\""));
    let output = Command::new(env!("CARGO_BIN_EXE_idp-server"))
        .args(["check-config", "--config", file.0.to_str().unwrap()])
        .output()
        .unwrap();
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{complaint}");
    assert!(complaint.contains("/nowhere/makers.pem"), "{complaint}");
}

/// Each window is allowed by itself; together they would make one request that is answered after eleven minutes.
#[test]
fn the_windows_of_a_qr_sign_in_are_one_out_of_band_request() {
    let complaint = complaint(&format!("{ISSUER}[engine]\nqr_life = 300\nanswer_window = 181"));
    for part in ["`engine.qr_life`", "601 seconds", "600 seconds in all"] {
        assert!(complaint.contains(part), "{complaint}");
    }
    let file = File::new(&format!("{ISSUER}[engine]\nqr_life = 300\nanswer_window = 180"));
    Config::load(&file.given()).unwrap();
}

#[test]
fn variables_that_are_nearly_settings_are_refused() {
    let file = File::new(ISSUER);
    let environment = vec![("SYMBOLON_SERVER_ISSUR".to_owned(), "x".to_owned())];
    let error = Config::load(&Given { environment, ..file.given() }).unwrap_err().to_string();
    assert!(error.contains("in the variable SYMBOLON_SERVER_ISSUR"), "{error}");
    let environment = vec![("SYMBOLON_KEK".to_owned(), "short".to_owned())];
    let error = Config::load(&Given { environment, ..file.given() }).unwrap_err().to_string();
    assert!(
        error.contains("SYMBOLON_KEK") && error.contains("32 bytes") && !error.contains("short"),
        "{error}"
    );
}

#[cfg(unix)]
#[test]
fn the_key_file_is_made_once_and_for_its_owner() {
    use std::os::unix::fs::PermissionsExt as _;

    let crypto = symbolon_aws_lc::crypto();
    let name = idp_protocol::encoding::to_base64url(&crypto.random::<12>());
    let mut config = Config::default();
    config.store.state_dir = std::env::temp_dir().join(format!("symbolon-kek-{name}"));
    let sealing = |config: &Config| config.store.load_keks(&crypto).unwrap().at(Time(0)).0;
    let first = sealing(&config);
    assert_eq!(sealing(&config).key, first.key);
    let path = config.store.state_dir.join("kek");
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(std::fs::read_dir(&config.store.state_dir).unwrap().count(), 1, "no draft stays");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let error = config.store.load_keks(&crypto).err().unwrap().to_string();
    assert!(error.contains("can be read by others"), "{error}");
    config.store.kek_command = vec!["echo".to_owned(), "A".repeat(43)];
    assert_eq!(*sealing(&config).key, [0; 32], "a command goes before the file");
    std::fs::remove_dir_all(&config.store.state_dir).unwrap();
}

#[test]
fn a_key_that_is_kept_elsewhere_is_rotated_there() {
    let crypto = symbolon_aws_lc::crypto();
    let mut config = Config::default();
    config.store.kek_command = vec!["echo".to_owned(), "A".repeat(43)];
    let error = config.store.add_kek(&crypto, Time(0)).unwrap_err().to_string();
    assert!(error.contains("store.kek_command") && error.contains("before the line `1 KEY`"), "{error}");
    config.store.kek = Some(Keyring::parse(&"A".repeat(43)).unwrap());
    let error = config.store.remove_older_keks(&crypto).unwrap_err().to_string();
    assert!(error.contains("SYMBOLON_KEK"), "{error}");
}

#[cfg(unix)]
#[test]
fn a_new_key_goes_in_front_of_the_file_and_others_cannot_read_it() {
    use std::os::unix::fs::PermissionsExt as _;

    let crypto = symbolon_aws_lc::crypto();
    let name = idp_protocol::encoding::to_base64url(&crypto.random::<12>());
    let mut config = Config::default();
    config.store.state_dir = std::env::temp_dir().join(format!("symbolon-kek-{name}"));
    let store = &config.store;
    let path = store.state_dir.join("kek");
    std::fs::create_dir_all(&store.state_dir).unwrap();
    std::fs::write(&path, [7; 32]).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    let many = std::thread::scope(|scope| {
        let tries: Vec<_> =
            (0..4).map(|_| scope.spawn(|| store.add_kek(&crypto, Time(50)).unwrap())).collect();
        tries.into_iter().map(|one| one.join().unwrap()).collect::<std::collections::BTreeSet<u8>>()
    });
    assert_eq!(many, [2, 3, 4, 5].into(), "none is lost");
    let keks = store.reload_keks().unwrap().unwrap();
    assert_eq!(keks.numbers(), [5, 4, 3, 2, 1]);
    assert_eq!(*keks.at(Time(49)).0.key, [7; 32], "the file of the first version is key 1");
    assert_eq!(keks.at(Time(50)).0.number, 5);
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(store.remove_older_keks(&crypto).unwrap(), 4);
    assert_eq!(store.load_keks(&crypto).unwrap().numbers(), [5]);
    std::fs::remove_file(&path).unwrap();
    assert!(store.reload_keks().is_err(), "a running server does not make another key");
    assert!(!path.exists());
    std::fs::remove_dir_all(&store.state_dir).unwrap();
}

const MAIL: &str = "[mail]\nhost = \"mail.example.org\"\nfrom = \"Sign-in <id@example.org>\"\n";

#[test]
fn mail_and_webhook_that_cannot_work_are_refused_with_what_would_be_right() {
    let cases = [
        ("[mail]\nhost = \"mail.example.org\"", "`mail.from`", "Sign-in <id@example.org>"),
        (&format!("{MAIL}security = \"none\""), "`mail.security`", "starttls"),
        (&format!("{MAIL}security = \"starttls\""), "`mail.security`", "at port 587"),
        (&format!("{MAIL}port = 587"), "`mail.security`", "at port 465"),
        (&format!("{MAIL}user = \"id\""), "`mail.user`", "both or none"),
        (&format!("{MAIL}password = \"hunter2\""), "`mail.user`", "both or none"),
        (
            &format!("{MAIL}user = \"id\"\npassword = \"hunter2\"\npassword_file = \"/etc/x\""),
            "`mail.password_file`",
            "not both",
        ),
        (&format!("{MAIL}timeout = 46"), "`mail.timeout`", "between 1 and 45"),
        (&format!("{MAIL}tls = true"), "mail.tls", "password_file"),
        ("[webhook]\nurl = \"https://hook.example.org\"", "`webhook.url`", "both or none"),
        ("[webhook]\nsecret = \"whsec_x\"", "`webhook.url`", "both or none"),
    ];
    for (text, key, right) in cases {
        let said = complaint(&format!("{ISSUER}{text}"));
        assert!(said.contains(key) && said.contains(right) && !said.contains("hunter2"), "{text}: {said}");
    }
    let local = format!("{ISSUER}{}security = \"none\"", MAIL.replace("mail.example.org", "localhost"));
    assert!(Config::load(&File::new(&local).given()).is_ok(), "this computer needs no TLS");
}

#[test]
fn secrets_of_mail_and_webhook_are_shown_to_nobody() {
    let text = format!("{ISSUER}{MAIL}user = \"id\"\n[webhook]\nurl = \"https://hook.example.org\"");
    let variable = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let environment = vec![
        variable("SYMBOLON_MAIL_PASSWORD", "hunter2"),
        variable("SYMBOLON_WEBHOOK_SECRET", "whsec_hunter2"),
    ];
    let file = File::new(&text);
    let config = Config::load(&Given { environment, ..file.given() }).unwrap();
    let shown = format!("{config:?}{}", toml::Table::try_from(&config).unwrap());
    assert!(shown.contains("mail.example.org") && !shown.contains("hunter2"), "{shown}");
}

/// `check-config` reads the files, too; one that everybody may read is known to everybody.
#[cfg(unix)]
#[test]
fn check_config_looks_at_the_secrets_of_mail_and_webhook() {
    use std::os::unix::fs::PermissionsExt as _;
    let secret = File::new("hunter2\n");
    let config = File::new(&format!("{ISSUER}{MAIL}user = \"id\"\npassword_file = {:?}", secret.0));
    let check = |mode| {
        std::fs::set_permissions(&secret.0, std::fs::Permissions::from_mode(mode)).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_idp-server"));
        let output = command.args(["check-config", "--config"]).arg(&config.0).output().unwrap();
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    assert_eq!(check(0o640), (true, String::new()));
    let (passed, said) = check(0o644);
    assert!(!passed && said.contains("mail.password_file") && !said.contains("hunter2"), "{said}");
    let webhook =
        "[webhook]\nurl = \"https://10.1.2.3/hook\"\nsecret = \"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"";
    let inside = File::new(&format!("{ISSUER}{webhook}"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_idp-server"));
    let output = command.args(["check-config", "--config"]).arg(&inside.0).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("outbound.allowed_networks"), "{said}");
}

/// Settings of SAML: where it is not built in, none of them may be believed to hold.
#[test]
fn what_service_providers_are_told_is_checked() {
    let cases = [
        ("entity_id = \"not a uri\"", "`saml.entity_id`"),
        ("logo = \"http://id.example.org/logo.png\"", "`saml.logo`"),
        ("organisation_url = \"javascript:alert(1)\"", "`saml.organisation_url`"),
        ("contact = \"nobody\"", "`saml.contact`"),
        ("logo_width = 0", "`saml.logo_width`"),
        ("metadata_life = 60", "`saml.metadata_life`"),
        ("metadata_cache = 700000", "`saml.metadata_cache`"),
        ("federation_limit = 100", "`saml.federation_limit`"),
    ];
    for (text, key) in cases {
        let said = complaint(&format!("{ISSUER}[saml]\n{text}\n"));
        let wanted = if cfg!(feature = "saml") { key } else { "built without SAML" };
        assert!(said.contains(wanted), "{text}: {said}");
    }
}
