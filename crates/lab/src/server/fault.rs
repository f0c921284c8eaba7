//! Misbehaviour below HTTP. What a server does wrong above it is said by [`Response`](super::Response).

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A fault of a server, which affects every connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fault {
    /// Accepts, and never reads or writes.
    Silence,
    /// Closes right after accepting.
    CloseAfterAccept,
    /// Reads the ClientHello and closes.
    CloseAfterClientHello,
    /// Reads the ClientHello and answers with something that isn't TLS.
    GarbageServerHello,
    /// Reads the ClientHello, sends half a ServerHello and no more.
    StallInServerHello,
    /// Completes the handshake and closes, without a close_notify.
    CloseAfterHandshake,
}

/// The beginning of a handshake record of 122 bytes with a ServerHello in it.
const HALF_A_SERVER_HELLO: [u8; 11] = [0x16, 3, 3, 0, 122, 2, 0, 0, 118, 3, 3];

impl Fault {
    /// Does it, as far as it concerns a connection that just has been accepted. The stream that is given back
    /// goes on to a handshake.
    pub(super) async fn strike(self, mut stream: TcpStream) -> Option<TcpStream> {
        match self {
            Self::CloseAfterHandshake => return Some(stream),
            Self::CloseAfterAccept => {}
            Self::Silence => std::future::pending().await,
            Self::CloseAfterClientHello => read_record(&mut stream).await,
            Self::GarbageServerHello => {
                read_record(&mut stream).await;
                // The client may be gone; it is the one that tells.
                let _ = stream.write_all(b"220 lab.test ESMTP not TLS at all\r\n").await;
                drain(&mut stream).await;
            }
            Self::StallInServerHello => {
                read_record(&mut stream).await;
                let _ = stream.write_all(&HALF_A_SERVER_HELLO).await;
                drain(&mut stream).await;
            }
        }
        None
    }
}

/// Reads one TLS record, or what there is of it.
async fn read_record(stream: &mut TcpStream) {
    let mut header = [0; 5];
    if stream.read_exact(&mut header).await.is_ok() {
        let mut record = vec![0; usize::from(u16::from_be_bytes([header[3], header[4]]))];
        let _ = stream.read_exact(&mut record).await;
    }
}

/// Reads until the client closes. Closing first, with something unread, would reset the connection and could
/// take back what was sent.
pub(super) async fn drain(stream: &mut TcpStream) {
    let _ = tokio::io::copy(stream, &mut tokio::io::sink()).await;
}
