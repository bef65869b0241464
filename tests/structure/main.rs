//! The arrows of docs/architecture.md: who may depend on whom.

mod docs;
mod mutations;

use std::{collections::BTreeMap, process::Command};

/// Each member, and the members that it may name as a dependency (development dependencies aside).
const ARROWS: &[(&str, &[&str])] = &[
    ("idp-protocol", &[]),
    ("idp-core", &["idp-protocol"]),
    ("symbolon-aws-lc", &["idp-protocol"]),
    ("symbolon-axum", &["idp-protocol", "idp-core"]),
    ("symbolon-jose", &["idp-protocol"]),
    ("symbolon-outbound", &[]),
    ("symbolon-pskc", &["idp-protocol"]),
    ("symbolon-saml", &["idp-protocol"]),
    ("symbolon-smtp", &[]),
    ("symbolon-sqlx", &["idp-protocol", "idp-core"]),
    ("symbolon-tls", &["idp-protocol"]),
    ("symbolon-webauthn", &["idp-protocol", "idp-core"]),
    ("symbolon-webhook", &["idp-protocol", "symbolon-outbound"]),
    ("symbolon-webpush", &["idp-protocol", "symbolon-outbound"]),
    (
        "idp-server",
        &[
            "idp-protocol",
            "idp-core",
            "symbolon-aws-lc",
            "symbolon-axum",
            "symbolon-jose",
            "symbolon-outbound",
            "symbolon-pskc",
            "symbolon-saml",
            "symbolon-smtp",
            "symbolon-sqlx",
            "symbolon-tls",
            "symbolon-webauthn",
            "symbolon-webhook",
            "symbolon-webpush",
        ],
    ),
    ("symbolon-authenticator", &["idp-protocol"]),
    ("idp-authenticator", &["idp-protocol", "symbolon-authenticator", "symbolon-aws-lc"]),
    ("symbolon-custom-method", &["idp-protocol", "idp-core"]),
    ("symbolon-embed", &["idp-protocol", "idp-core", "symbolon-aws-lc", "symbolon-axum", "symbolon-sqlx"]),
    ("symbolon-shop", &[]),
    ("symbolon-tests", &["*"]),
    (
        "symbolon-bench",
        &["idp-protocol", "idp-core", "symbolon-aws-lc", "symbolon-authenticator", "symbolon-sqlx"],
    ),
];

/// What idp-core must never depend on, however indirectly.
const NOT_IN_CORE: [&str; 6] = ["tokio", "axum", "hyper", "sqlx", "aws-lc-sys", "ring"];

/// HTTP clients that have no place in the server.
const CLIENTS: [&str; 5] = ["reqwest", "hyper-rustls", "ureq", "curl", "isahc"];

/// Who speaks TLS within the server: the adapter that asks others, the library that hands over mail, and the adapter that
/// answers. The last one connects to nobody: `the_adapter_that_answers_over_tls_asks_nobody`.
const SPEAK_TLS: [&str; 3] = ["symbolon-outbound", "lettre", "symbolon-tls"];

/// The platform that this test was built for; packages of other platforms may not have been fetched.
fn host() -> String {
    let output = Command::new("rustc").arg("-vV").output().expect("rustc runs");
    let text = String::from_utf8(output.stdout).expect("rustc prints text");
    let host = text.lines().find_map(|line| line.strip_prefix("host: ")).expect("rustc names its host");
    host.to_owned()
}

fn metadata() -> serde_json::Value {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml");
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--offline", "--locked", "--manifest-path", root])
        .args(["--filter-platform", &host()])
        .output()
        .expect("cargo metadata runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("cargo metadata prints JSON")
}

/// The normal dependencies of every package, by name.
fn dependencies(metadata: &serde_json::Value) -> BTreeMap<String, Vec<String>> {
    let name_of = |id: &serde_json::Value| {
        let package = metadata["packages"].as_array().unwrap().iter().find(|package| package["id"] == *id);
        package.unwrap()["name"].as_str().unwrap().to_owned()
    };
    let nodes = metadata["resolve"]["nodes"].as_array().unwrap();
    nodes
        .iter()
        .map(|node| {
            let normal = node["deps"].as_array().unwrap().iter().filter(|dependency| {
                dependency["dep_kinds"].as_array().unwrap().iter().any(|kind| kind["kind"].is_null())
            });
            (name_of(&node["id"]), normal.map(|dependency| name_of(&dependency["pkg"])).collect())
        })
        .collect()
}

#[test]
fn members_depend_along_the_arrows_only() {
    let metadata = metadata();
    let all = dependencies(&metadata);
    let members: Vec<&str> = ARROWS.iter().map(|(member, _)| *member).collect();
    let known = metadata["workspace_members"].as_array().unwrap().len();
    assert_eq!(members.len(), known, "a member is missing in ARROWS");
    for (member, allowed) in ARROWS.iter().copied() {
        for dependency in &all[member] {
            let inside = members.contains(&dependency.as_str());
            let may = allowed.contains(&"*") || allowed.contains(&dependency.as_str());
            assert!(!inside || may, "{member} must not depend on {dependency}");
        }
    }
}

/// Everything that a member needs to be built, however indirectly.
fn below(member: &str, all: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    let mut todo = vec![member.to_owned()];
    let mut seen = Vec::new();
    while let Some(package) = todo.pop() {
        if !seen.contains(&package) {
            todo.extend(all[&package].clone());
            seen.push(package);
        }
    }
    seen
}

#[test]
fn the_core_has_no_http_no_sql_no_runtime_and_no_c() {
    for package in below("idp-core", &dependencies(&metadata())) {
        assert!(!NOT_IN_CORE.contains(&package.as_str()), "idp-core depends on {package}");
    }
}

/// Another client would ask whatever address it is given.
#[test]
fn the_server_asks_others_through_one_adapter_only() {
    let all = dependencies(&metadata());
    for package in below("idp-server", &all) {
        assert!(!CLIENTS.contains(&package.as_str()), "the server depends on {package}");
        let may =
            SPEAK_TLS.contains(&package.as_str()) || !all[&package].contains(&"tokio-rustls".to_owned());
        assert!(may, "{package} speaks TLS");
    }
}

/// Both halves of TLS are in one package, so this is read in the source.
#[test]
fn the_adapter_that_answers_over_tls_asks_nobody() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../adapters/tls/src");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        for word in
            ["TlsConnector", "ClientConfig", "ClientConnection", "TcpStream", "UdpSocket", "lookup_host"]
        {
            assert!(!text.contains(word), "{}: {word}", path.display());
        }
    }
}

/// It reads without namespaces and writes without escaping (docs/adr/0030), so it is used where that does no harm.
#[test]
fn samael_is_below_the_adapter_of_saml_alone() {
    let all = dependencies(&metadata());
    let above: Vec<&String> = all
        .iter()
        .filter(|(_, below)| below.contains(&"samael".to_owned()))
        .map(|(package, _)| package)
        .collect();
    assert_eq!(above, ["symbolon-saml"]);
}

/// Its writer does not escape, its identity provider believes the key inside a message, and its check of queries panics.
#[test]
fn samael_gives_its_types_and_does_nothing() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../adapters/saml/src");
    let mut uses = 0;
    for path in rust_files(std::path::Path::new(folder)) {
        let text = std::fs::read_to_string(&path).unwrap();
        for word in ["ToXml", "to_xml", "idp::", "UrlVerifier", "url_verification", "service_provider::"] {
            assert!(!text.contains(word), "{}: {word}", path.display());
        }
        for line in text.lines().filter(|line| line.contains("samael::")) {
            let is_type =
                line.starts_with("use samael::schema::") || line.starts_with("use samael::metadata::");
            assert!(is_type, "{}: {line}", path.display());
            uses += 1;
        }
    }
    assert_eq!(uses, 2, "a request and metadata of a provider are what samael decodes");
}

fn rust_files(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else {
            files.push(path);
        }
    }
    files
}
