//! Who waits here for an answer, and how many may?
//!
//! One seat for whoever it is, so that nobody takes all of them: whoever comes again gets the seat, and the one who had it
//! is sent away. The newer one is the one that is alive: a line that broke is often noticed at its other end only.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::oneshot;

/// The seats of this node.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seats(Arc<Mutex<HashMap<[u8; 32], Place>>>);

#[derive(Debug)]
struct Place {
    number: u64,
    /// Dropped when a newer one takes the place; the older then ends.
    _held: oneshot::Sender<()>,
}

/// A seat that is taken; free again once this is dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    seats: Seats,
    whose: [u8; 32],
    number: u64,
    replaced: oneshot::Receiver<()>,
}

impl Seats {
    /// A seat; none if there are as many as there may be, and this one has none yet.
    pub(crate) fn take(&self, whose: [u8; 32], most: usize) -> Option<Seat> {
        let (held, replaced) = oneshot::channel();
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let number = match open.get(&whose) {
            Some(place) => place.number.wrapping_add(1),
            None if open.len() >= most => return None,
            None => 0,
        };
        open.insert(whose, Place { number, _held: held });
        Some(Seat { seats: self.clone(), whose, number, replaced })
    }
}

impl Seat {
    /// Until a newer one has the seat.
    pub(crate) async fn replaced(&mut self) {
        // Nothing is ever sent: the other end is dropped.
        let _ = (&mut self.replaced).await;
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut open = self.seats.0.lock().unwrap_or_else(PoisonError::into_inner);
        if open.get(&self.whose).is_some_and(|place| place.number == self.number) {
            open.remove(&self.whose);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    fn sent_away(seat: &mut Seat) -> bool {
        seat.replaced().now_or_never().is_some()
    }

    #[test]
    fn a_newer_one_takes_the_seat_of_the_older() {
        let seats = Seats::default();
        let mut older = seats.take([1; 32], 2).unwrap();
        let mut other = seats.take([2; 32], 2).unwrap();
        assert!(!sent_away(&mut older));
        let mut newer = seats.take([1; 32], 2).unwrap();
        assert!(sent_away(&mut older));
        drop(older);
        assert!(!sent_away(&mut newer) && !sent_away(&mut other));
        drop((newer, other));
        assert!(seats.0.lock().unwrap().is_empty());
    }

    #[test]
    fn there_are_no_more_seats_than_there_may_be() {
        let seats = Seats::default();
        assert!(seats.take([1; 32], 0).is_none());
        let first = seats.take([1; 32], 1).unwrap();
        assert!(seats.take([2; 32], 1).is_none());
        let newer = seats.take([1; 32], 1).unwrap();
        drop(first);
        assert!(seats.take([2; 32], 1).is_none(), "the newer one sits there");
        drop(newer);
        assert!(seats.take([2; 32], 1).is_some());
    }
}
