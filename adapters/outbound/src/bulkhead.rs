//! How many requests may be under way, so that one slow host does not take all others down with it?
//!
//! Whoever finds no place waits in line, as long as his own time lasts. The lines are short: whoever would stand
//! further back is told at once that there are too many.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many may wait for each place.
const LINE: u32 = 4;

/// The places for requests.
#[derive(Clone)]
pub(crate) struct Bulkhead(Arc<Inner>);

struct Inner {
    places: Arc<Semaphore>,
    at_once: u16,
    per_origin: u16,
    crowd: Mutex<Crowd>,
}

/// Whoever has a place or waits for one.
#[derive(Default)]
struct Crowd {
    all: u32,
    /// Only origins that somebody asks at this moment: those who choose addresses have no end of names.
    origins: HashMap<String, Origin>,
}

struct Origin {
    crowd: u32,
    places: Arc<Semaphore>,
}

/// A place; it is free again when this is dropped.
pub(crate) struct Place {
    _everywhere: OwnedSemaphorePermit,
    _at_origin: OwnedSemaphorePermit,
    _visitor: Visitor,
}

impl Bulkhead {
    pub(crate) fn new(at_once: u16, per_origin: u16) -> Self {
        let places = Arc::new(Semaphore::new(at_once.into()));
        Self(Arc::new(Inner { places, at_once, per_origin, crowd: Mutex::default() }))
    }

    /// A place for a request to this origin, or none if the line is too long.
    pub(crate) async fn enter(&self, origin: &str) -> Option<Place> {
        let (visitor, places) = self.line_up(origin)?;
        // First there, then everywhere: who waits for a slow host takes no place from others.
        let at_origin = places.acquire_owned().await.ok()?;
        let everywhere = Arc::clone(&self.0.places).acquire_owned().await.ok()?;
        Some(Place { _everywhere: everywhere, _at_origin: at_origin, _visitor: visitor })
    }

    fn line_up(&self, origin: &str) -> Option<(Visitor, Arc<Semaphore>)> {
        let most = |places: u16| u32::from(places) * (1 + LINE);
        let mut crowd = self.0.crowd();
        let at_origin = crowd.origins.get(origin).map_or(0, |origin| origin.crowd);
        if crowd.all >= most(self.0.at_once) || at_origin >= most(self.0.per_origin) {
            return None;
        }
        crowd.all += 1;
        let entry = crowd.origins.entry(origin.to_owned()).or_insert_with(|| Origin {
            crowd: 0,
            places: Arc::new(Semaphore::new(self.0.per_origin.into())),
        });
        entry.crowd += 1;
        Some((Visitor { bulkhead: self.clone(), origin: origin.to_owned() }, Arc::clone(&entry.places)))
    }
}

impl Inner {
    fn crowd(&self) -> MutexGuard<'_, Crowd> {
        self.crowd.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One of the crowd, until it is dropped.
struct Visitor {
    bulkhead: Bulkhead,
    origin: String,
}

impl Drop for Visitor {
    fn drop(&mut self) {
        let mut crowd = self.bulkhead.0.crowd();
        crowd.all = crowd.all.saturating_sub(1);
        let Some(origin) = crowd.origins.get_mut(&self.origin) else { return };
        origin.crowd = origin.crowd.saturating_sub(1);
        if origin.crowd == 0 {
            crowd.origins.remove(&self.origin);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    const A: &str = "https://a.example";

    fn origins(bulkhead: &Bulkhead) -> (u32, usize) {
        let crowd = bulkhead.0.crowd();
        (crowd.all, crowd.origins.len())
    }

    #[test]
    fn an_origin_has_its_places_and_its_line_and_others_are_not_held_up() {
        let bulkhead = Bulkhead::new(64, 1);
        let place = bulkhead.enter(A).now_or_never().unwrap().unwrap();
        let mut line: Vec<_> = (0..4).map(|_| Box::pin(bulkhead.enter(A))).collect();
        assert!(line.iter_mut().all(|waiting| waiting.as_mut().now_or_never().is_none()));
        assert!(bulkhead.enter(A).now_or_never().unwrap().is_none(), "the line is full");
        assert!(bulkhead.enter("https://b.example").now_or_never().unwrap().is_some());
        drop(place);
        let next = line[0].as_mut().now_or_never().unwrap();
        assert!(next.is_some(), "the first in line is next");
    }

    #[test]
    fn all_origins_together_have_their_places_and_their_line() {
        let bulkhead = Bulkhead::new(2, 2);
        let origin = |number: u32| format!("https://{number}.example");
        let enter = |number| {
            let (bulkhead, origin) = (bulkhead.clone(), origin(number));
            Box::pin(async move { bulkhead.enter(&origin).await })
        };
        let places: Vec<_> = (0..2).map(|number| enter(number).now_or_never().unwrap().unwrap()).collect();
        let mut line: Vec<_> = (2..10).map(enter).collect();
        assert!(line.iter_mut().all(|waiting| waiting.as_mut().now_or_never().is_none()));
        assert!(enter(10).now_or_never().unwrap().is_none());
        drop(places);
        assert_eq!(
            line.iter_mut().filter_map(|waiting| waiting.as_mut().now_or_never()).count(),
            8,
            "in turn"
        );
    }

    /// Whoever chooses addresses has no end of names, and may hang up at any moment.
    #[test]
    fn nothing_is_kept_of_an_origin_that_nobody_asks() {
        let bulkhead = Bulkhead::new(64, 1);
        for number in 0..1000 {
            let origin = format!("https://{number}.example");
            let place = bulkhead.enter(&origin).now_or_never().unwrap();
            let mut waiting = Box::pin(bulkhead.enter(&origin));
            assert!(waiting.as_mut().now_or_never().is_none());
            assert_eq!(origins(&bulkhead), (2, 1));
            drop(waiting);
            drop(place);
        }
        assert_eq!(origins(&bulkhead), (0, 0));
    }
}
