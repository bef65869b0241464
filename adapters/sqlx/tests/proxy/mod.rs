//! A way to the database that can be cut: how does a server behave when it is away?

use std::net::SocketAddr;

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// What becomes of connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// They reach the database.
    Open,
    /// They are closed, those that stand and new ones.
    Refused,
    /// Nothing is ever answered: the network lost its packets.
    Silent,
}

/// The way.
pub struct Proxy {
    /// The database's URL on this way.
    pub url: String,
    way: watch::Sender<Way>,
    /// How many connections reach the database.
    carried: watch::Sender<usize>,
}

impl Proxy {
    pub async fn start(url: &str) -> Self {
        let (before, rest) = url.split_once('@').unwrap();
        let (address, after) = rest.split_once('/').unwrap();
        let database: SocketAddr = address.parse().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("{before}@{}/{after}", listener.local_addr().unwrap());
        let (way, state) = watch::channel(Way::Open);
        let carried = watch::Sender::new(0);
        let count = carried.clone();
        tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                tokio::spawn(carry(client, database, state.clone(), count.clone()));
            }
        });
        Self { url, way, carried }
    }

    /// From the answer on it is so for all connections.
    pub async fn set(&self, way: Way) {
        self.way.send_replace(way);
        if way != Way::Open {
            self.carried.subscribe().wait_for(|carried| *carried == 0).await.unwrap();
        }
    }
}

async fn carry(
    mut client: TcpStream,
    database: SocketAddr,
    mut state: watch::Receiver<Way>,
    carried: watch::Sender<usize>,
) {
    carried.send_modify(|carried| *carried += 1);
    let mut is_over = false;
    if *state.borrow_and_update() == Way::Open {
        let mut server = TcpStream::connect(database).await.unwrap();
        tokio::select! {
            _ = copy_bidirectional(&mut client, &mut server) => is_over = true,
            _ = state.changed() => {}
        }
    }
    carried.send_modify(|carried| *carried -= 1);
    if is_over {
        return;
    }
    if *state.borrow_and_update() == Way::Silent {
        drop(state.changed().await);
    }
}
