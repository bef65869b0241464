//! What could the store do at most? Counters are moved under a guard, as a code that is used up moves one, each durably before
//! its answer, and nothing else is done.

use idp_core::{
    Id,
    clock::Clock as _,
    credential::{CredentialRow, CredentialWrite},
    evidence::Assurance,
    seal::Sealed,
    store::Batch,
};

use super::{Spent, Town};

/// As many as people with tokens.
const COUNTERS: usize = 1_024;

/// Counters of nobody.
pub struct Counters {
    ids: Vec<Id<CredentialRow>>,
    value: i64,
}

impl Counters {
    /// # Errors
    /// The store fails.
    pub async fn new(town: &Town) -> anyhow::Result<Self> {
        let (mut ids, mut batch) = (Vec::new(), Batch::new());
        let crypto = town.engine.crypto();
        for _ in 0..COUNTERS {
            let id = Id::random(crypto);
            ids.push(id);
            batch.push(CredentialWrite::Insert(CredentialRow {
                id,
                user: Id::random(crypto),
                kind: "counter".to_owned(),
                handle: None,
                counter: 0,
                drift: 0,
                consumed_at: None,
                created_at: town.clock.now(),
                assurance: Assurance::Usual,
                secret: Sealed(vec![0; 64]),
            }));
        }
        town.commit(batch).await?;
        Ok(Self { ids, value: 0 })
    }

    /// Moves each once.
    ///
    /// # Errors
    /// The store fails.
    pub async fn round(&mut self, town: &Town, spent: &mut Spent) -> anyhow::Result<()> {
        self.value += 1;
        let (to, town) = (self.value, town.clone());
        let move_one = move |id| {
            let town = town.clone();
            async move { town.commit(Batch::new().with(CredentialWrite::Advance { id, to })).await }
        };
        spent.on_each(self.ids.clone(), move_one).await
    }
}
