//! Does the server say whether it can work?

use crate::server::Server;

#[tokio::test]
async fn it_is_alive_and_ready_until_its_store_is_gone() {
    let server = Server::start().await;
    assert_eq!(server.get("/healthz").await.status(), 200);
    assert_eq!(server.get("/readyz").await.status(), 200);
    server.app.db().close().await;
    let answer = server.get("/readyz").await;
    assert_eq!(answer.status(), 503);
    assert!(answer.headers().contains_key("retry-after"));
    assert_eq!(server.get("/healthz").await.status(), 200, "a restart would not bring the store back");
}
