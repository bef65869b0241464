//! Does the database keep clients and consents as a provider needs them?

use idp_core::{Id, Time};
use symbolon_sqlx::{
    Db,
    provider::{ClientRow, ConsentRow},
};

const NOW: Time = Time(1_800_000_000);

fn client(client_id: &str, revision: i64) -> ClientRow {
    ClientRow {
        client_id: client_id.to_owned(),
        doc: format!(r#"{{"revision":{revision}}}"#),
        created_at: NOW,
        revision,
    }
}

fn consent(user: u8, client_id: &str) -> ConsentRow {
    ConsentRow {
        user: Id::from_bytes([user; 16]),
        client_id: client_id.to_owned(),
        doc: r#"["openid","email"]"#.to_owned(),
        expires_at: NOW + 60,
    }
}

/// What both databases must do.
pub async fn clients_and_consents(db: &Db) {
    clients(db).await;
    consents(db).await;
}

async fn clients(db: &Db) {
    assert_eq!(db.client("shop").await.unwrap(), None);
    assert!(!db.update_client(client("shop", 2)).await.unwrap());
    assert!(db.insert_client(client("shop", 1)).await.unwrap());
    assert!(!db.insert_client(client("shop", 7)).await.unwrap(), "the name is taken");
    assert_eq!(db.client("shop").await.unwrap(), Some(client("shop", 1)));
    assert!(!db.update_client(client("shop", 3)).await.unwrap());
    assert!(db.update_client(client("shop", 2)).await.unwrap());
    assert!(!db.update_client(client("shop", 2)).await.unwrap(), "somebody was faster");
    assert!(db.insert_client(client("Blog", 1)).await.unwrap());
    assert_eq!(db.clients().await.unwrap(), [client("Blog", 1), client("shop", 2)]);
    assert!(db.remove_client("Blog").await.unwrap());
    assert!(!db.remove_client("Blog").await.unwrap());
}

async fn consents(db: &Db) {
    let user = Id::from_bytes([1; 16]);
    for row in [consent(1, "shop"), consent(1, "blog"), consent(2, "shop")] {
        db.put_consent(row).await.unwrap();
    }
    assert_eq!(db.consent(user, "shop", NOW + 59).await.unwrap(), Some(consent(1, "shop")));
    assert_eq!(db.consent(user, "shop", NOW + 60).await.unwrap(), None);
    assert_eq!(db.consents(user, NOW).await.unwrap(), [consent(1, "blog"), consent(1, "shop")]);
    let more = ConsentRow { doc: "[]".to_owned(), expires_at: NOW + 600, ..consent(1, "shop") };
    db.put_consent(more.clone()).await.unwrap();
    assert_eq!(db.consents(user, NOW + 60).await.unwrap(), [more]);
    assert!(db.remove_consent(user, "shop").await.unwrap());
    assert!(!db.remove_consent(user, "shop").await.unwrap());

    // Whoever registers under the name of a client that is gone must not inherit its consents.
    assert!(db.remove_client("shop").await.unwrap());
    assert_eq!(db.consents(Id::from_bytes([2; 16]), NOW).await.unwrap(), []);
    assert_eq!(db.consents(user, NOW).await.unwrap(), [consent(1, "blog")]);
}
