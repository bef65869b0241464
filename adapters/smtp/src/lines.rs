//! How is nothing read ahead before TLS?
//!
//! STARTTLS turns a connection in the clear into one with TLS, at the line that agrees to it. A client that reads more than this line
//! keeps what follows, and takes it for answers that came inside TLS. Whoever stands between can write it there: the answers to
//! all commands to come. He relays the handshake, so that the certificate is right, and drops the mail, which is then taken for
//! sent. lettre reads ahead; here it cannot, because no read gives more than one line. What follows the line that agrees stays in the
//! socket, where TLS finds it and says that it is no handshake.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll, ready},
};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

/// How far one read looks for the end of a line.
const GLANCE: usize = 1024;

/// A connection of which no read goes past the end of a line. TLS, which has no lines, gets its records in more pieces by that.
#[derive(Debug)]
pub(crate) struct Lines(pub(crate) TcpStream);

impl AsyncRead for Lines {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut glance = [0; GLANCE];
        let mut seen = ReadBuf::new(&mut glance);
        ready!(self.0.poll_peek(cx, &mut seen))?;
        let seen = seen.filled();
        let line =
            seen.iter().position(|&byte| byte == b'\n').map_or(seen.len(), |end| end.saturating_add(1));
        let room = line.min(into.remaining());
        let mut piece = ReadBuf::new(into.initialize_unfilled_to(room));
        ready!(Pin::new(&mut self.0).poll_read(cx, &mut piece))?;
        let read = piece.filled().len();
        into.advance(read);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Lines {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

impl AsyncTokioStream for Lines {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.0.peer_addr()
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpListener,
    };

    use super::*;

    /// All that was said, cut where the reads ended.
    async fn pieces(said: &[u8], room: usize) -> Vec<Vec<u8>> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let to = listener.local_addr().unwrap();
        let (asked, answered) = tokio::join!(TcpStream::connect(to), listener.accept());
        let (mut server, _) = answered.unwrap();
        server.write_all(said).await.unwrap();
        drop(server);
        let mut lines = Lines(asked.unwrap());
        let (mut pieces, mut into) = (Vec::new(), vec![0; room]);
        loop {
            let read = lines.read(&mut into).await.unwrap();
            if read == 0 {
                return pieces;
            }
            pieces.push(into[..read].to_vec());
        }
    }

    #[tokio::test]
    async fn no_read_goes_past_the_end_of_a_line() {
        let said = b"220 go ahead\r\n250 slipped in\r\n\n354 too\r\n";
        let ends = |piece: &Vec<u8>| piece.iter().rposition(|&byte| byte == b'\n');
        let read = pieces(said, 8192).await;
        assert_eq!(read.concat(), said);
        assert!(read.iter().all(|piece| !piece[..piece.len() - 1].contains(&b'\n')), "{read:?}");
        assert_eq!(read.iter().filter(|piece| ends(piece).is_some()).count(), 4);
    }

    /// TLS asks for as much as it has room for, and has its line breaks anywhere.
    #[tokio::test]
    async fn nothing_is_lost_whatever_is_said_and_however_little_room_there_is() {
        let said: Vec<u8> = (0..=255_u8).cycle().take(GLANCE * 3).chain([b'x'; GLANCE * 2]).collect();
        for room in [1, 5, GLANCE, GLANCE * 9] {
            assert_eq!(pieces(&said, room).await.concat(), said, "{room}");
        }
    }
}
