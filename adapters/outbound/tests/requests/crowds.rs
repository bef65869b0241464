//! Does one host that others chose hold up the rest?

use futures::future::join_all;
use symbolon_outbound::{Limits, Trouble};
use tokio::{
    io::AsyncWriteExt as _,
    sync::{Barrier, Notify},
};

use super::*;
use crate::servers::{Server, answer};

/// A server that answers when so many ask at once, and counts how many do.
struct Gathering {
    server: Server,
    most: Arc<AtomicUsize>,
}

impl Gathering {
    async fn of(
        barrier: &Arc<Barrier>,
        now: &Arc<AtomicUsize>,
        most: &Arc<AtomicUsize>,
        listen: &str,
    ) -> Self {
        let parts = (Arc::clone(barrier), Arc::clone(now), Arc::clone(most));
        let server = Server::start(listen, move |mut stream| {
            let (barrier, now, most) = parts.clone();
            async move {
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                barrier.wait().await;
                now.fetch_sub(1, Ordering::SeqCst);
                let _ = stream.write_all(answer("200 OK", "").as_bytes()).await;
            }
        });
        Self { server: server.await, most: Arc::clone(most) }
    }
}

async fn all_succeed(outbound: &Outbound, urls: impl IntoIterator<Item = String>) {
    let targets: Vec<Target> = urls.into_iter().map(|url| target(outbound, &url)).collect();
    let all = join_all(targets.iter().map(|target| outbound.get(target, Limits::default()))).await;
    for fetched in all {
        assert_eq!(fetched.unwrap().status, 200);
    }
}

#[tokio::test]
async fn an_origin_is_asked_four_times_at_once_and_no_more() {
    let (barrier, now, most) = (Arc::new(Barrier::new(4)), Arc::default(), Arc::default());
    let gathering = Gathering::of(&barrier, &now, &most, "127.0.0.1:0").await;
    let outbound = outbound(|_| {});
    all_succeed(&outbound, (0..12).map(|_| gathering.server.url("/"))).await;
    assert_eq!(gathering.most.load(Ordering::SeqCst), 4);
}

#[tokio::test]
async fn so_many_origins_are_asked_at_once_and_no_more() {
    let (barrier, now, most) = (Arc::new(Barrier::new(3)), Arc::default(), Arc::default());
    let mut urls = Vec::new();
    for host in 1..=9 {
        let gathering = Gathering::of(&barrier, &now, &most, &format!("127.0.0.{host}:0")).await;
        urls.push(gathering.server.url("/"));
    }
    let outbound = outbound(|settings| settings.at_once = 3);
    all_succeed(&outbound, urls).await;
    assert_eq!(most.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_host_that_never_answers_holds_up_itself_and_nobody_else() {
    let slow = Server::repeats("", b"", Duration::from_millis(10)).await;
    let other = Server::says("127.0.0.1:0", answer("200 OK", "")).await;
    let outbound = outbound(|settings| settings.timeout = Duration::from_secs(3));
    let slow = target(&outbound, &slow.url("/"));
    let asking = join_all((0..30).map(|_| outbound.get(&slow, Limits::default())));
    let (errors, ()) = tokio::join!(asking, all_succeed(&outbound, [other.url("/")]));
    let mut sent_away = 0;
    for error in errors.into_iter().map(Result::unwrap_err) {
        match error.trouble() {
            Trouble::Busy => sent_away += 1,
            // Asked, or let in when the time was nearly over.
            Trouble::TimedOut => {}
            _ => panic!("{error}"),
        }
    }
    assert!((10..=26).contains(&sent_away), "four are asked and sixteen wait: {sent_away}");
}

/// Answers when it is told to.
struct Slow(Arc<Notify>);

impl Resolver for Slow {
    fn resolve(&self, _: &str) -> Lookup {
        let told = Arc::clone(&self.0);
        Box::pin(async move {
            told.notified().await;
            Ok(vec![IpAddr::from([127, 0, 0, 1])])
        })
    }
}

/// A lookup of the system cannot be called off. Whoever has slow name servers must not get one thread after the other.
#[tokio::test]
async fn a_lookup_that_nobody_waits_for_any_more_keeps_its_place() {
    let told = Arc::new(Notify::new());
    let outbound = outbound_with(Arc::new(Slow(Arc::clone(&told))), |settings| {
        settings.timeout = Duration::from_secs(1);
        settings.at_once_per_origin = 1;
    });
    let target = target(&outbound, "https://app.example/");
    let mut troubles = Vec::new();
    for _ in 0..2 {
        troubles.push(outbound.get(&target, Limits::default()).await.unwrap_err());
    }
    assert!(matches!(troubles[0].trouble(), Trouble::TimedOut), "{troubles:?}");
    assert!(matches!(troubles[1].trouble(), Trouble::Busy), "{troubles:?}");
    // One for the first lookup, which nobody waits for, and one for the third request's.
    told.notify_one();
    while Arc::strong_count(&told) > 2 {
        tokio::task::yield_now().await;
    }
    told.notify_one();
    let third = outbound.get(&target, Limits::default()).await.unwrap_err();
    assert!(matches!(third.trouble(), Trouble::Forbidden), "{third}");
}
