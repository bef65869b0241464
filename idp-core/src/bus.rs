//! Wake-ups inside one process: whoever waits for a topic costs a waker, no thread and no polling.
//!
//! A store publishes on the bus after a commit; the PostgreSQL adapter also publishes what other nodes
//! committed. Wake-ups are hints: whoever is woken reads again.

use std::{
    collections::HashMap,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

/// What somebody waits for: the 16 bytes of an id.
pub type Topic = [u8; 16];

/// The wake-up bus.
#[derive(Clone, Debug, Default)]
pub struct Bus(Arc<Mutex<Channels>>);

#[derive(Debug, Default)]
struct Channels {
    by_topic: HashMap<Topic, Channel>,
    published: u64,
    /// The number of the next watch.
    next: u64,
}

#[derive(Debug, Default)]
struct Channel {
    generation: u64,
    watches: usize,
    /// Whoever sleeps, by the number of his watch: one place each, which goes with the watch. A topic that is published once
    /// a week must not keep the wakers of all who waited for it in turn.
    wakers: Vec<(u64, Waker)>,
}

impl Channel {
    fn wake(&mut self) {
        self.generation = self.generation.wrapping_add(1);
        self.wakers.drain(..).for_each(|(_, waker)| waker.wake());
    }

    fn sleeps(&mut self, number: u64, waker: &Waker) {
        match self.wakers.iter_mut().find(|(of, _)| *of == number) {
            Some((_, known)) => known.clone_from(waker),
            None => self.wakers.push((number, waker.clone())),
        }
    }
}

impl Bus {
    /// Wakes everybody who watches `topic`.
    pub fn publish(&self, topic: &Topic) {
        let mut channels = self.lock();
        channels.published = channels.published.wrapping_add(1);
        if let Some(channel) = channels.by_topic.get_mut(topic) {
            channel.wake();
        }
    }

    /// Wakes everybody: wake-ups may have been lost.
    pub fn publish_all(&self) {
        let mut channels = self.lock();
        channels.published = channels.published.wrapping_add(1);
        channels.by_topic.values_mut().for_each(Channel::wake);
    }

    /// How often anything was published: whoever finds the same number after a read knows that nothing of what he read was
    /// published meanwhile, whatever its topic is.
    #[must_use]
    pub fn published(&self) -> u64 {
        self.lock().published
    }

    /// Begins to watch `topic`. What is published from now on is not missed.
    #[must_use]
    pub fn watch(&self, topic: Topic) -> Watch {
        let mut channels = self.lock();
        channels.next = channels.next.wrapping_add(1);
        let number = channels.next;
        let channel = channels.by_topic.entry(topic).or_default();
        channel.watches = channel.watches.saturating_add(1);
        let seen = channel.generation;
        Watch { bus: self.clone(), topic, number, seen }
    }

    /// How many watch `topic` here.
    #[must_use]
    pub fn watches(&self, topic: &Topic) -> usize {
        self.lock().by_topic.get(topic).map_or(0, |channel| channel.watches)
    }

    fn lock(&self) -> MutexGuard<'_, Channels> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Someone who watches a topic.
#[derive(Debug)]
pub struct Watch {
    bus: Bus,
    topic: Topic,
    number: u64,
    seen: u64,
}

impl Watch {
    /// Whether something was published since the last call (or since the watch began).
    pub fn has_changed(&mut self) -> bool {
        let mut channels = self.bus.lock();
        let Some(channel) = channels.by_topic.get_mut(&self.topic) else { return true };
        std::mem::replace(&mut self.seen, channel.generation) != channel.generation
    }

    /// Whether something was published since then. Takes no note of it: the next question has the same answer.
    #[must_use]
    pub fn is_behind(&self) -> bool {
        let channels = self.bus.lock();
        channels.by_topic.get(&self.topic).is_none_or(|channel| channel.generation != self.seen)
    }

    /// Waits until something was published since the last call (or since the watch began).
    pub fn changed(&mut self) -> Changed<'_> {
        Changed(self)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut channels = self.bus.lock();
        if let Some(channel) = channels.by_topic.get_mut(&self.topic) {
            channel.watches = channel.watches.saturating_sub(1);
            channel.wakers.retain(|(of, _)| *of != self.number);
            if channel.watches == 0 {
                channels.by_topic.remove(&self.topic);
            }
        }
    }
}

/// The future of [`Watch::changed`].
#[derive(Debug)]
pub struct Changed<'a>(&'a mut Watch);

impl Future for Changed<'_> {
    type Output = ();
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let watch = &mut *self.0;
        let mut channels = watch.bus.lock();
        let Some(channel) = channels.by_topic.get_mut(&watch.topic) else { return Poll::Ready(()) };
        if channel.generation != watch.seen {
            watch.seen = channel.generation;
            return Poll::Ready(());
        }
        channel.sleeps(watch.number, cx.waker());
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use std::{
        future::Future as _,
        pin::pin,
        sync::Arc,
        task::{Context, Wake, Waker},
    };

    use super::{Bus, Watch};

    /// A task of its own each time.
    struct Task;

    impl Wake for Task {
        fn wake(self: Arc<Self>) {}
    }

    fn sleeps(watch: &mut Watch) {
        let waker = Waker::from(Arc::new(Task));
        assert!(pin!(watch.changed()).poll(&mut Context::from_waker(&waker)).is_pending());
    }

    #[test]
    fn devices_that_wait_in_turn_leave_nothing_behind() {
        let (bus, topic) = (Bus::default(), [7; 16]);
        // One is always there, as the devices of one person are whose waits overlap.
        let mut here = bus.watch(topic);
        for _ in 0..1_000 {
            let mut next = bus.watch(topic);
            sleeps(&mut next);
            sleeps(&mut next);
            here = next;
        }
        assert_eq!((bus.watches(&topic), bus.lock().by_topic[&topic].wakers.len()), (1, 1));
        drop(here);
        assert!(bus.lock().by_topic.is_empty());
    }
}
