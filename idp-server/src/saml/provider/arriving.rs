//! How is metadata read while it arrives?
//!
//! It is read on a thread that may wait, and comes from one that must not. A few pieces wait between them, so that neither
//! memory nor a disk holds all of it. Whoever reads stops whoever fetches, and the other way around.

use std::io::{self, BufRead, Read};

use symbolon_outbound::{Bytes, Streaming};
use tokio::sync::mpsc;

/// How many pieces of some 32 KiB wait to be read.
const WAITING: usize = 8;

/// The end of what is read.
pub(super) struct Arriving {
    pieces: mpsc::Receiver<io::Result<Bytes>>,
    piece: Bytes,
    has_ended: bool,
}

/// The end of what is fetched.
pub(super) struct Departing(mpsc::Sender<io::Result<Bytes>>);

pub(super) fn pipe() -> (Departing, Arriving) {
    let (sender, pieces) = mpsc::channel(WAITING);
    (Departing(sender), Arriving { pieces, piece: Bytes::new(), has_ended: false })
}

impl Departing {
    /// Hands over what comes, until its end or until nobody reads any more.
    pub(super) async fn pass_on(self, mut from: Streaming) {
        loop {
            let piece = match from.piece().await {
                // Nothing in it would say that this is the end.
                Ok(Some(piece)) if piece.is_empty() => continue,
                Ok(Some(piece)) => Ok(piece),
                Ok(None) => Ok(Bytes::new()),
                Err(error) => Err(io::Error::other(error)),
            };
            let is_last = !piece.as_ref().is_ok_and(|piece| !piece.is_empty());
            if self.0.send(piece).await.is_err() || is_last {
                return;
            }
        }
    }
}

impl BufRead for Arriving {
    /// Waits for the next piece: never call it where the runtime must go on.
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.piece.is_empty() && !self.has_ended {
            // A fetch that was stopped said no end: what came before it is half of something.
            let next = self.pieces.blocking_recv();
            self.piece = next.unwrap_or_else(|| Err(io::ErrorKind::UnexpectedEof.into()))?;
            self.has_ended = self.piece.is_empty();
        }
        Ok(&self.piece)
    }

    fn consume(&mut self, amount: usize) {
        let _ = self.piece.split_to(amount.min(self.piece.len()));
    }
}

impl Read for Arriving {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(into)?;
        self.consume(read);
        Ok(read)
    }
}
