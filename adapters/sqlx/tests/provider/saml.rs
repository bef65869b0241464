//! Are service providers kept, told of the end of a session by one node, and replaced with their federation?

use idp_core::{
    Id, Time,
    session::SessionWrite,
    store::{Batch, Store as _},
};
use symbolon_sqlx::{
    Db,
    provider::{
        Changed, MetadataSourceRow, MetadataSourceWrite, SamlCertificateRow, SamlCertificateWrite,
        SamlPartyRow, SamlPartyWrite, ServiceProviderRow, ServiceProviderWrite, StagingWrite, consent_name,
    },
};

use super::{NOW, commit, consent, done, put, session};

const WIKI: &str = "https://wiki.example/metadata";
const HR: &str = "https://hr.example/metadata";

fn provider(entity_id: &str, revision: i64) -> ServiceProviderRow {
    ServiceProviderRow {
        entity_id: entity_id.to_owned(),
        doc: format!(r#"{{"revision":{revision}}}"#),
        metadata: "<EntityDescriptor/>".to_owned(),
        source: None,
        valid_until: Some(NOW + 60),
        is_launched: true,
        created_at: NOW,
        revision,
    }
}

async fn names(db: &Db) -> Vec<String> {
    db.service_providers("", 100).await.unwrap().into_iter().map(|row| row.entity_id).collect()
}

/// All that a database must do for SAML.
pub async fn service_providers(db: &Db) {
    registered(db).await;
    parties(db).await;
    sources(db).await;
    those_that_come_back(db).await;
    federations(db).await;
    certificates(db).await;
}

async fn registered(db: &Db) {
    assert!(done(db, ServiceProviderWrite::Insert(provider(WIKI, 0))).await);
    assert!(!done(db, ServiceProviderWrite::Insert(provider(WIKI, 0))).await, "the name is taken");
    assert_eq!(db.service_provider(WIKI).await.unwrap(), Some(provider(WIKI, 0)));
    assert!(!done(db, ServiceProviderWrite::Update(provider(WIKI, 2))).await, "somebody else changed it");
    let hidden = ServiceProviderRow { is_launched: false, valid_until: None, ..provider(WIKI, 1) };
    assert!(done(db, ServiceProviderWrite::Update(hidden.clone())).await);
    assert_eq!(db.service_provider(WIKI).await.unwrap(), Some(hidden));
    assert!(done(db, ServiceProviderWrite::Insert(provider(HR, 0))).await);
    assert_eq!(names(db).await, [HR, WIKI]);
    assert_eq!(db.service_providers(HR, 100).await.unwrap().len(), 1, "those behind it");
    let launched = db.launched_service_providers(10).await.unwrap();
    assert_eq!(launched, [provider(HR, 0)]);
}

fn id<T>(number: u8) -> Id<T> {
    Id::from_bytes([number; 16])
}

fn join(entity_id: &str, number: u8, name_id: &str) -> SamlPartyWrite {
    SamlPartyWrite::Join {
        entity_id: entity_id.to_owned(),
        session: id(number),
        name_id: name_id.to_owned(),
        name: format!(r#"{{"index":{number}}}"#),
        at: NOW,
    }
}

fn party(entity_id: &str, number: u8, name_id: &str) -> SamlPartyRow {
    SamlPartyRow {
        entity_id: entity_id.to_owned(),
        session: id(number),
        user: id(80),
        name_id: name_id.to_owned(),
        name: format!(r#"{{"index":{number}}}"#),
        tries: 0,
        due_at: None,
        told_at: None,
    }
}

fn told(entity_id: &str, number: u8, at: Time) -> SamlPartyWrite {
    SamlPartyWrite::Told { entity_id: entity_id.to_owned(), session: id(number), at }
}

async fn due(db: &Db, at: Time) -> Vec<(String, i64)> {
    let due = db.due_saml_parties(at, 10, 9).await.unwrap();
    due.into_iter().map(|row| (row.entity_id, row.tries)).collect()
}

/// Whoever knows of a session is due when it ends, whoever ends it, unless it began the end itself.
async fn parties(db: &Db) {
    for number in [81, 82] {
        commit(db, SessionWrite::Insert(Box::new(session(number, 80)))).await;
        assert!(done(db, join(WIKI, number, "old")).await);
        assert!(done(db, join(WIKI, number, "alice")).await, "the newer name counts");
    }
    assert!(done(db, join(HR, 81, "4711")).await);
    assert!(done(db, join(HR, 99, "4711")).await, "without the session nothing happens");
    assert_eq!(db.saml_parties(id(99)).await.unwrap(), []);
    assert_eq!(db.saml_parties(id(81)).await.unwrap(), [party(HR, 81, "4711"), party(WIKI, 81, "alice")]);
    let known = db.saml_sessions(WIKI, "alice").await.unwrap();
    assert_eq!(known, [party(WIKI, 81, "alice"), party(WIKI, 82, "alice")]);
    assert_eq!(db.saml_sessions(HR, "alice").await.unwrap(), [], "another one's name");
    assert_eq!((due(db, NOW + 9_999).await, db.next_due_saml_party().await.unwrap()), (vec![], None));

    assert!(done(db, told(HR, 81, NOW)).await, "it began the logout itself");
    commit(db, SessionWrite::End { id: id(81), at: NOW + 1 }).await;
    assert_eq!(due(db, NOW + 1).await, [(WIKI.to_owned(), 0)]);
    let all = SessionWrite::EndAll { user: id(80), browser: None, except: None, at: NOW + 2 };
    commit(db, all).await;
    assert_eq!(due(db, NOW + 2).await.len(), 2);
    assert_eq!(db.due_saml_parties(NOW + 2, 9, 1).await.unwrap().len(), 1, "nobody takes the turn of others");
    let row = SamlPartyRow { due_at: Some(NOW + 1), ..party(WIKI, 81, "alice") };
    let take = |row: &SamlPartyRow, again_at| SamlPartyWrite::Try { row: row.clone(), again_at };
    assert!(done(db, take(&row, Some(NOW + 9))).await);
    assert!(!done(db, take(&row, Some(NOW + 9))).await, "another node was faster");
    assert!(done(db, told(WIKI, 81, NOW + 3)).await);
    let again = SamlPartyRow { tries: 1, ..row };
    assert!(!done(db, take(&again, None)).await, "it was told meanwhile");
    commit(db, SessionWrite::End { id: id(81), at: NOW + 20 }).await;
    assert_eq!(due(db, NOW + 9_999).await, [(WIKI.to_owned(), 0)], "once a session");

    let over = |number| SessionWrite::End { id: id(number), at: NOW + 900_000 };
    commit(db, SessionWrite::Insert(Box::new(session(83, 80)))).await;
    assert!(done(db, join(HR, 83, "4711")).await);
    commit(db, over(83)).await;
    while db.sweep(NOW + 999_999).await.unwrap() > 0 {}
    assert_eq!(db.saml_parties(id(81)).await.unwrap(), [], "they go with the session");
    assert_eq!(db.saml_parties(id(83)).await.unwrap().len(), 1, "it is still to be told");

    assert!(done(db, put(consent(7, &consent_name(HR)), None)).await);
    assert!(done(db, ServiceProviderWrite::Remove(HR.to_owned())).await);
    assert!(!done(db, ServiceProviderWrite::Remove(HR.to_owned())).await, "there is none");
    assert_eq!(db.saml_parties(id(83)).await.unwrap(), [], "the next one of that name inherits nothing");
    assert_eq!(db.consent(id(7), &consent_name(HR), NOW).await.unwrap(), None);
}

async fn sources(db: &Db) {
    let row = |revision, due_at| MetadataSourceRow {
        address: "https://wiki.example/saml".to_owned(),
        doc: "{}".to_owned(),
        due_at,
        revision,
    };
    assert!(done(db, MetadataSourceWrite::Put(row(0, Some(NOW + 5)))).await);
    assert_eq!(db.due_metadata_sources(NOW + 4, 9).await.unwrap(), []);
    assert_eq!(db.due_metadata_sources(NOW + 5, 9).await.unwrap(), [row(0, Some(NOW + 5))]);
    let take = || MetadataSourceWrite::Update(row(1, Some(NOW + 99)));
    assert!(done(db, take()).await);
    assert!(!done(db, take()).await, "another node was faster");
    assert!(done(db, MetadataSourceWrite::Put(row(0, None))).await);
    assert_eq!(db.metadata_sources().await.unwrap(), [row(2, None)], "named anew");
    assert!(!done(db, MetadataSourceWrite::Update(row(2, Some(NOW)))).await, "an administrator was faster");
    assert!(done(db, MetadataSourceWrite::Remove(row(0, None).address)).await);
    assert_eq!(db.metadata_sources().await.unwrap(), []);
}

const FEDERATION: &str = "https://federation.example/all.xml";

async fn stage(db: &Db, staging: u8, entity_ids: &[&str]) {
    let rows = entity_ids.iter().map(|entity_id| ServiceProviderRow {
        metadata: format!("<Staged by=\"{staging}\"/>"),
        ..provider(entity_id, 0)
    });
    let write = StagingWrite::Put { staging: [staging; 16], rows: rows.collect(), at: NOW };
    assert!(done(db, write).await);
}

async fn take_over(db: &Db, staging: u8) -> bool {
    let write = StagingWrite::Commit {
        staging: [staging; 16],
        source: FEDERATION.to_owned(),
        doc: r#"{"new":true}"#.to_owned(),
        at: NOW,
    };
    done(db, write).await
}

/// Whoever runs a provider must not be able to shake off what was decided about it by leaving for a day.
async fn those_that_come_back(db: &Db) {
    const BOTH: [&str; 2] = ["https://m.example", "https://n.example"];
    let m = || async { db.service_provider(BOTH[0]).await.unwrap().unwrap() };
    stage(db, 21, &BOTH).await;
    assert!(take_over(db, 21).await);
    let decided = ServiceProviderRow { doc: "{}".to_owned(), revision: 1, ..m().await };
    assert!(done(db, ServiceProviderWrite::Update(decided)).await);
    stage(db, 22, &BOTH[1..]).await;
    assert!(take_over(db, 22).await);
    assert_eq!((m().await.doc.as_str(), m().await.valid_until), ("{}", Some(NOW)), "nobody signs in to it");
    stage(db, 23, &BOTH[..1]).await;
    assert!(take_over(db, 23).await);
    assert_eq!((m().await.doc.as_str(), m().await.valid_until), ("{}", Some(NOW + 60)));
    assert_eq!(names(db).await, [BOTH[0], WIKI], "nothing was decided about the other one");
    assert!(done(db, ServiceProviderWrite::Remove(BOTH[0].to_owned())).await);
}

/// What is put aside is nowhere; then all of it is there at once.
async fn federations(db: &Db) {
    stage(db, 1, &["https://a.example", "https://b.example", WIKI]).await;
    assert_eq!(names(db).await, [WIKI], "nothing of it may be believed");
    assert!(take_over(db, 1).await);
    assert_eq!(names(db).await, ["https://a.example", "https://b.example", WIKI]);
    let wiki = db.service_provider(WIKI).await.unwrap().unwrap();
    assert_eq!(
        (wiki.source, wiki.metadata.as_str()),
        (None, "<EntityDescriptor/>"),
        "it is the administrator's"
    );
    let b = db.service_provider("https://b.example").await.unwrap().unwrap();
    assert_eq!(
        (b.source.as_deref(), b.doc.as_str(), b.is_launched),
        (Some(FEDERATION), r#"{"new":true}"#, false)
    );
    let decided = ServiceProviderRow { doc: "{}".to_owned(), revision: 1, ..b };
    assert!(done(db, ServiceProviderWrite::Update(decided)).await);

    commit(db, SessionWrite::Insert(Box::new(session(85, 80)))).await;
    assert!(done(db, join("https://a.example", 85, "alice")).await);
    assert!(done(db, put(consent(9, &consent_name("https://a.example")), None)).await);
    stage(db, 2, &["https://b.example", "https://c.example"]).await;
    stage(db, 3, &["https://d.example"]).await;
    assert!(take_over(db, 2).await);
    assert_eq!(
        names(db).await,
        ["https://b.example", "https://c.example", WIKI],
        "a is gone, d is another reading"
    );
    let b = db.service_provider("https://b.example").await.unwrap().unwrap();
    assert_eq!((b.doc.as_str(), b.metadata.as_str(), b.revision), ("{}", "<Staged by=\"2\"/>", 2));
    assert_eq!(db.saml_parties(id(85)).await.unwrap(), []);
    let consents = consent_name("https://a.example");
    assert_eq!(
        db.consent(id(9), &consents, NOW).await.unwrap(),
        None,
        "whoever takes its name inherits nothing"
    );

    assert!(!take_over(db, 4).await, "an empty file must not delete a federation");
    assert!(done(db, StagingWrite::Drop([3; 16])).await);
    assert!(!take_over(db, 3).await, "it was forgotten");
    stage(db, 5, &["https://e.example"]).await;
    while db.sweep(NOW + 86_400).await.unwrap() > 0 {}
    assert!(!take_over(db, 5).await, "nobody ended that reading within a day");
    assert_eq!(names(db).await.len(), 3);
    let remove = MetadataSourceWrite::Remove(FEDERATION.to_owned());
    assert_eq!(db.change(remove, Batch::new()).await.unwrap(), Changed::Yes);
    let b = db.service_provider("https://b.example").await.unwrap().unwrap();
    assert_eq!((b.source, b.revision), (None, 3), "it stays, and is read no more");
}

/// Of two nodes that make one the first counts.
async fn certificates(db: &Db) {
    let row = |number, der: &[u8]| SamlCertificateRow {
        purpose: "saml-RS256".to_owned(),
        number,
        der: der.to_vec(),
    };
    for write in [row(1, b"first"), row(1, b"second"), row(2, b"next")] {
        assert!(done(db, SamlCertificateWrite(write)).await);
    }
    assert_eq!(db.saml_certificates().await.unwrap(), [row(1, b"first"), row(2, b"next")]);
}
