//! Does the environment of the process decide who is asked?

use std::process::Command;

use symbolon_outbound::Limits;

use super::*;
use crate::servers::{Server, answer};

/// Where the child finds the address to ask.
const ADDRESS: &str = "SYMBOLON_TEST_ADDRESS";

/// A proxy would be asked instead of the address that was judged. The environment of this process is that of all tests,
/// so the test starts itself in another one.
#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_of_the_environment_is_not_asked() {
    if let Some(address) = std::env::var_os(ADDRESS) {
        return ask(address.to_str().unwrap()).await;
    }
    let server = Server::says("127.0.0.1:0", answer("200 OK", "")).await;
    let proxy = Server::says("127.0.0.1:0", answer("200 OK", "")).await;
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "environment::a_proxy_of_the_environment_is_not_asked"]);
    child.env(ADDRESS, server.url("/"));
    for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
        child.env(name, proxy.url(""));
    }
    child.env_remove("no_proxy").env_remove("NO_PROXY");
    let output = tokio::task::spawn_blocking(move || child.output()).await.unwrap().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert_eq!((server.connections(), proxy.connections()), (1, 0));
}

async fn ask(address: &str) {
    let outbound = outbound(|_| {});
    let target = target(&outbound, address);
    assert_eq!(outbound.get(&target, Limits::default()).await.unwrap().status, 200);
}
