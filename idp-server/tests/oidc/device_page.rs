//! What comes of it when somebody lets a device in with a browser? (RFC 8628, 3.3)

use crate::television::{begin, decide, error, question, start};

/// The usual way: the device begins, then somebody signs in, so nothing that the session has shown is older.
#[tokio::test]
async fn who_ends_his_session_takes_back_what_he_has_just_allowed() {
    let server = start().await;
    let begun = begin(&server).await;
    server.clock.advance(30);
    let (cookie, session) = server.sign_in().await;
    let asked = question(&server, &cookie, &begun).await;
    assert_eq!(decide(&server, &cookie, &asked, "allow").await.0, 200);
    server.visit(&format!("/account/sessions/{}/end", session.id), &cookie, Some(&[])).await;
    assert_eq!(error(&server, &begun).await, "expired_token");
}
