//! Is all deleted that is over?

use idp_core::{
    Store as _, Time,
    mark::{MarkRow, MarkWrite},
    memory::MemoryStore,
    store::{Batch, Ceremonies as _, Committed, SWEEP_ROWS},
};

use crate::serve::sweep_all;

#[tokio::test]
async fn a_sweep_goes_on_while_it_is_full() {
    let store = MemoryStore::new();
    let key = |number: u32| {
        let mut key = [0; 32];
        key[..4].copy_from_slice(&number.to_be_bytes());
        key
    };
    let mut batch = Batch::new();
    for number in 0..3 * SWEEP_ROWS {
        let row = MarkRow { key: key(number), answer: None, expires_at: Time(60) };
        batch.push(MarkWrite::Insert { row, now: Time(0) });
    }
    assert_eq!(store.commit(batch).await.unwrap(), Committed::Yes);
    sweep_all(&store, Time(60)).await.unwrap();
    for number in 0..3 * SWEEP_ROWS {
        assert_eq!(store.mark(key(number), Time(0)).await.unwrap(), None, "{number}");
    }
}
