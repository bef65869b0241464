//! Does `policy explain --event` tell the truth about a sign-in, and say which events it can explain?

use std::process::Output;

use idp_core::audit::AuditRow;
use tokio::process::Command;

use crate::{requests::request, server::Server};

const RULES: &str = "rules = [\n\
    { name = \"the bank\", clients = [\"bank\"], then = \"deny\" },\n\
    { name = \"at home\", known_browser = true, then = \"allow\" },\n\
    { name = \"all others\", then = \"allow\" },\n]\n";

async fn latest(server: &Server, name: &str) -> AuditRow {
    let rows = server.app.engine().store().audit(None, 1000).await.unwrap();
    rows.into_iter().find(|row| row.event.name == name).unwrap()
}

/// Beside the server, whose tasks go on meanwhile: one may be in the middle of a transaction.
async fn explain(server: &Server, row: &AuditRow) -> Output {
    let file = server.folder.join("rules.toml");
    std::fs::write(&file, format!("[engine]\n{RULES}")).unwrap();
    Command::new(env!("CARGO_BIN_EXE_idp-server"))
        .args(["--config", file.to_str().unwrap(), "--issuer", &server.url])
        .args(["--state-dir", server.folder.to_str().unwrap(), "policy", "explain", "--event"])
        .arg(row.id.to_string())
        .output()
        .await
        .unwrap()
}

#[tokio::test]
async fn a_finished_sign_in_and_a_refused_one_are_explained_and_nothing_else() {
    let rules = toml::from_str::<idp_core::settings::Settings>(RULES).unwrap().rules;
    let server = Server::start_with(|config| config.engine.rules = rules).await;
    server.sign_in().await;
    let opened = explain(&server, &latest(&server, "session.opened").await).await;
    assert!(opened.status.success(), "{opened:?}");
    let text = String::from_utf8(opened.stdout).unwrap();
    assert!(text.contains("session.opened from 127.0.0.1, by rule \"all others\" then"), "{text}");
    assert!(text.contains("known_browser = true does not hold: it is false"), "{text}");
    assert!(text.contains("rule \"all others\": matches, and decides"), "{text}");

    server.authorize(&request("bank"), None).await;
    let denied = explain(&server, &latest(&server, "policy.denied").await).await;
    assert!(denied.status.success(), "{denied:?}");
    let text = String::from_utf8(denied.stdout).unwrap();
    assert!(text.contains("by rule \"the bank\" then") && text.trim_end().ends_with("denied"), "{text}");

    let other = explain(&server, &latest(&server, "method.proven").await).await;
    assert_eq!(other.status.code(), Some(1));
    let text = String::from_utf8(other.stderr).unwrap();
    assert!(
        text.contains("policy.denied and session.opened can be explained, method.proven cannot"),
        "{text}"
    );
}
