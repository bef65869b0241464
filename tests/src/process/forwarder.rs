//! Which way does a connection take? A load balancer without stickiness, or a cable to the database that can be cut.

use std::{
    collections::BTreeSet,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional},
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// What becomes of connections.
#[derive(Clone, Copy, Debug)]
pub enum Way {
    /// They all go to this place.
    To(usize),
    /// The head of the first request says to which place a new one goes.
    By(fn(&str) -> usize),
    /// A new one goes elsewhere than the one before, and elsewhere than the last one to the same path.
    InTurn,
    /// They are closed, those that stand and new ones.
    Closed,
    /// Nothing is ever answered: the network lost its packets.
    Silent,
}

impl Way {
    fn is_cut(&self) -> bool {
        matches!(self, Self::Closed | Self::Silent)
    }
}

/// Takes connections and carries them to one of several places.
pub struct Forwarder {
    /// Where it takes them.
    pub port: u16,
    way: watch::Sender<Way>,
    roads: Arc<Roads>,
}

struct Roads {
    places: Vec<SocketAddr>,
    /// The place and the head of the first request of each connection.
    taken: Mutex<Vec<(usize, String)>>,
}

impl Forwarder {
    /// A forwarder to these places.
    pub async fn start(places: Vec<SocketAddr>, way: Way) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (way, state) = watch::channel(way);
        let roads = Arc::new(Roads { places, taken: Mutex::default() });
        let taken = Arc::clone(&roads);
        tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.expect("a connection");
                tokio::spawn(carry(client, Arc::clone(&taken), state.clone()));
            }
        });
        Self { port, way, roads }
    }

    /// From now on connections take this way; those that stand stay where they are, unless it is cut.
    pub fn set(&self, way: Way) {
        self.way.send_replace(way);
    }

    /// The places that answered a connection whose first request contains `mark`.
    pub fn places_of(&self, mark: &str) -> BTreeSet<usize> {
        let taken = self.roads.taken.lock().expect("the list");
        taken.iter().filter(|(_, head)| head.contains(mark)).map(|(place, _)| *place).collect()
    }
}

async fn carry(mut client: TcpStream, roads: Arc<Roads>, mut way: watch::Receiver<Way>) {
    let taken = *way.borrow();
    let cut = async { way.wait_for(Way::is_cut).await.map(|way| *way) };
    let end = tokio::select! {
        biased;
        end = cut => end,
        _ = roads.carry(&mut client, taken) => return,
    };
    if matches!(end, Ok(Way::Silent)) {
        let _ = way.wait_for(|way| !matches!(way, Way::Silent)).await;
    }
}

impl Roads {
    async fn carry(&self, client: &mut TcpStream, way: Way) -> io::Result<()> {
        let (place, head) = match way {
            Way::By(choose) => {
                let head = head_of(client).await?;
                (choose(&String::from_utf8_lossy(&head)), head)
            }
            Way::InTurn => {
                let head = head_of(client).await?;
                (self.turn(&String::from_utf8_lossy(&head)), head)
            }
            Way::To(place) => (place, Vec::new()),
            Way::Closed | Way::Silent => return Ok(()),
        };
        let (place, mut server) = self.connect(place).await?;
        let taken = (place, String::from_utf8_lossy(&head).into_owned());
        self.taken.lock().expect("the list").push(taken);
        // Small packets would wait for each other, and slow a database down to a crawl.
        client.set_nodelay(true)?;
        server.set_nodelay(true)?;
        server.write_all(&head).await?;
        copy_bidirectional(client, &mut server).await?;
        Ok(())
    }

    fn turn(&self, head: &str) -> usize {
        let taken = self.taken.lock().expect("the list");
        let same = taken.iter().rev().find(|(_, earlier)| path_of(earlier) == path_of(head));
        same.or(taken.last()).map_or(0, |(place, _)| place + 1)
    }

    /// A place that does not answer is left out, as load balancers do.
    async fn connect(&self, wanted: usize) -> io::Result<(usize, TcpStream)> {
        let mut refused = io::ErrorKind::AddrNotAvailable.into();
        for place in (0..self.places.len()).map(|next| (wanted + next) % self.places.len()) {
            match TcpStream::connect(self.places[place]).await {
                Ok(server) => return Ok((place, server)),
                Err(error) => refused = error,
            }
        }
        Err(refused)
    }
}

/// The method and the path in a head.
fn path_of(head: &str) -> &str {
    head.split(['?', '\r']).next().unwrap_or_default().trim_end_matches(" HTTP/1.1")
}

/// The request line and the headers that a connection begins with, and what came with them.
async fn head_of(client: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        if client.read_buf(&mut head).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(head)
}
