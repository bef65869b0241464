//! Does what is told leave once, in time, and is a message one node's until it is settled?

use super::{
    is_woken, no, ok,
    rows::{NOW, id, message, notice},
    yes,
};
use crate::{
    Id, Time,
    notify::{Notice, NoticeRow},
    outbox::{Channel, HOLD, MessageRow, MessageWrite, POSTED},
    store::{Batch, Committed, Guard, Store, Write},
};

/// Notices leave once and not all at once; messages are tried by one node, in their order.
pub async fn outbox<S: Store>(store: &S) {
    notices_leave_once(store).await;
    notices_of_strangers_are_held(store).await;
    messages_wait_their_turn(store).await;
    channels_have_places_of_their_own(store).await;
    news_wakes(store).await;
}

async fn waiting<S: Store>(store: &S, now: Time) -> Vec<Id<NoticeRow>> {
    ok(store.waiting_notices(now, 9).await).into_iter().map(|row| row.id).collect()
}

fn gather(user: u8, notices: &[u8], at: Time) -> MessageWrite {
    MessageWrite::Gather { user: id(user), notices: notices.iter().map(|number| id(*number)).collect(), at }
}

async fn notices_leave_once<S: Store>(store: &S) {
    for number in 1..=3 {
        yes(store, Write::Notice(notice(number, 1))).await;
    }
    yes(store, Write::Notice(notice(4, 2))).await;
    assert_eq!(waiting(store, NOW).await, [], "none of them is written yet");
    assert_eq!(ok(store.next_due().await), Some(NOW + 1));
    assert_eq!(waiting(store, NOW + 1).await, [id(1), id(2), id(3)], "those of one person go together");
    assert_eq!(ok(store.waiting_notices(NOW + 4, 2).await).len(), 2);
    yes(store, gather(1, &[1, 2], NOW + 1)).await;
    no(store, gather(1, &[3, 2], NOW + 1), Guard::Message).await;
    no(store, gather(1, &[4], NOW + 1), Guard::Message).await;
    assert_eq!(waiting(store, NOW + 4).await, [id(3), id(4)], "all of them leave, or none");
    let left = ok(store.notices(id(1), 9).await);
    let left: Vec<_> = left.into_iter().map(|row| row.delivered_at).collect();
    assert_eq!(left, [None, Some(NOW + 1), Some(NOW + 1)]);
    yes(store, gather(1, &[3], NOW + 4)).await;
    yes(store, gather(2, &[4], NOW + 4)).await;
    assert_eq!(ok(store.next_due().await), None);
}

async fn notices_of_strangers_are_held<S: Store>(store: &S) {
    let later = NOW + 10;
    let row = |number, user| NoticeRow { created_at: later, ..notice(number, user) };
    yes(store, Write::Notice(row(5, 1))).await;
    let until = NOW + 4 + HOLD;
    assert_eq!(waiting(store, until + -1).await, []);
    assert_eq!(ok(store.next_due().await), Some(until));
    yes(store, Write::Notice(NoticeRow { notice: Notice::PasswordChanged, ..row(6, 1) })).await;
    assert_eq!(
        waiting(store, later).await,
        [id(5), id(6)],
        "a change goes at once, and takes along what waits"
    );
    yes(store, gather(1, &[5, 6], later)).await;
    yes(store, Write::Notice(NoticeRow { created_at: later + HOLD, ..row(7, 1) })).await;
    assert_eq!(waiting(store, later + HOLD).await, [id(7)], "it is long since anything left");
    yes(store, Write::Notice(row(8, 3))).await;
    assert_eq!(waiting(store, later).await, [id(8)], "what somebody else is told holds nobody up");
    yes(store, gather(1, &[7], later + HOLD)).await;
    yes(store, gather(3, &[8], later)).await;
}

async fn due<S: Store>(store: &S, now: Time, each: u32) -> Vec<Id<MessageRow>> {
    ok(store.due_messages(now, 9, each).await).into_iter().map(|row| row.id).collect()
}

async fn messages_wait_their_turn<S: Store>(store: &S) {
    yes(store, MessageWrite::Insert(message(1))).await;
    no(store, MessageWrite::Insert(message(1)), Guard::Message).await;
    yes(store, MessageWrite::Insert(message(2))).await;
    assert_eq!(ok(store.due_messages(NOW + 1, 9, 9).await), [message(1)]);
    assert_eq!(ok(store.next_due().await), Some(NOW + 1));
    let again = |tries, again_at| MessageWrite::Try { id: id(1), tries, again_at };
    yes(store, again(0, NOW + 60)).await;
    no(store, again(0, NOW + 60), Guard::Message).await;
    assert_eq!(due(store, NOW + 59, 9).await, [id(2)]);
    assert_eq!(due(store, NOW + 60, 9).await, [id(2), id(1)], "what nobody tried yet comes first");
    yes(store, again(1, NOW + 90)).await;
    yes(store, MessageWrite::Settle(id(2))).await;
    yes(store, MessageWrite::Settle(id(2))).await;
    let tried = MessageRow { tries: 2, due_at: NOW + 90, ..message(1) };
    assert_eq!(ok(store.due_messages(NOW + 90, 9, 9).await), [tried]);
    assert_eq!(ok(store.count_sealed_before(1,).await), 0);
    assert_eq!(ok(store.count_sealed_before(2,).await), 1, "its key is needed until it has arrived");
    yes(store, MessageWrite::Settle(id(1))).await;
    no(store, again(2, NOW + 99), Guard::Message).await;
    assert_eq!(ok(store.next_due().await), None);
}

async fn channels_have_places_of_their_own<S: Store>(store: &S) {
    let hook = |number| MessageRow { channel: Channel::Webhook, ..message(number) };
    for number in 3..=5 {
        yes(store, MessageWrite::Insert(message(number))).await;
    }
    yes(store, MessageWrite::Insert(hook(6))).await;
    assert_eq!(due(store, NOW + 9, 2).await, [id(3), id(4), id(6)]);
    let last: Vec<_> = ok(store.due_messages(NOW + 9, 1, 9).await).into_iter().map(|row| row.id).collect();
    assert_eq!(last, [id(3)]);
}

async fn news_wakes<S: Store>(store: &S) {
    let mut watch = store.bus().watch(POSTED);
    yes(store, MessageWrite::Insert(message(7))).await;
    assert!(is_woken(&mut watch), "by a message");
    yes(store, Write::Notice(notice(9, 4))).await;
    assert!(is_woken(&mut watch), "by a notice");
    let none = Batch::new().with(Write::Notice(notice(10, 4))).with(MessageWrite::Insert(message(7)));
    assert_eq!(ok(store.commit(none).await), Committed::Conflict(Guard::Message));
    assert!(!is_woken(&mut watch), "by what was not committed nobody is");
}
