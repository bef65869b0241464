//! A server process that speaks TLS: is a new certificate shown when an administrator says so?

use symbolon_tests::process::SecureServer;

#[tokio::test]
async fn an_administrator_replaces_the_certificate_of_a_running_server() {
    let (mut server, first) = SecureServer::start().await;
    assert!(server.is_trusted_with(&first).await);
    server.spoil();
    server.hang_up().await;
    server.says("server.pem is not a list of certificates in PEM").await;
    assert!(server.is_trusted_with(&first).await, "what will not do changes nothing");
    let second = server.replace();
    assert!(!server.is_trusted_with(&second).await, "nobody has told the server");
    server.hang_up().await;
    server.says("a new certificate is shown").await;
    assert!(server.is_trusted_with(&second).await);
    assert!(!server.is_trusted_with(&first).await);
}
