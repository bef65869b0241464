//! What does a ceremony look like that another version of its method wrote?

#![expect(clippy::expect_used, reason = "a suite tells what does not hold by panicking")]

use serde_json::{Value, json};

use crate::{
    Engine, Id,
    ceremony::{CeremonyRow, CeremonyWrite, Tries},
    seal::Aad,
    store::{Batch, Committed},
};

/// The version that wrote the state becomes a newer one.
pub(super) async fn newer(engine: &Engine, id: Id<CeremonyRow>) {
    rewrite(engine, id, |version| version.saturating_add(1)).await;
}

/// The version that wrote the state becomes an older one.
pub(super) async fn older(engine: &Engine, id: Id<CeremonyRow>) {
    rewrite(engine, id, |version| version.saturating_sub(1)).await;
}

async fn rewrite(engine: &Engine, id: Id<CeremonyRow>, other: impl Fn(u64) -> u64) {
    change(engine, id, |body| {
        let version = body.pointer_mut("/state/version").expect("a version");
        *version = json!(other(version.as_u64().expect("a number")));
    })
    .await;
}

/// What is sealed of a ceremony.
pub(super) async fn body(engine: &Engine, id: Id<CeremonyRow>) -> Value {
    let row = row(engine, id).await;
    engine.sealer().open_json(&aad(id, row.revision), &row.body).expect("a body")
}

/// Makes something else of what is sealed of a ceremony.
pub(super) async fn change(engine: &Engine, id: Id<CeremonyRow>, other: impl FnOnce(&mut Value)) {
    let (mut row, mut body) = (row(engine, id).await, body(engine, id).await);
    other(&mut body);
    row.revision = row.revision.saturating_add(1);
    row.body = engine.sealer().seal_json(&aad(id, row.revision), &body).expect("sealed");
    let batch = Batch::new().with(CeremonyWrite::Update { row, tries: Tries::Keep });
    assert_eq!(engine.store().commit(batch).await.expect("a store"), Committed::Yes, "rewritten");
}

fn aad(id: Id<CeremonyRow>, revision: i64) -> Aad {
    Aad::revision("ceremony", id.bytes(), revision)
}

/// A ceremony as it is stored.
pub(super) async fn row(engine: &Engine, id: Id<CeremonyRow>) -> CeremonyRow {
    engine.store().ceremony(id).await.expect("a store").expect("a ceremony")
}
