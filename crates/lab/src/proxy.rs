//! An HTTP CONNECT proxy on loopback that leads every name to loopback.
//!
//! ```
//! use jit_trust_lab::proxy::Proxy;
//!
//! let proxy = Proxy::start();
//! assert_eq!(proxy.url(), format!("http://127.0.0.1:{}", proxy.port()));
//! let guarded = Proxy::start_with_password("user", "secret");
//! assert_eq!(guarded.refused(), 0);
//! ```

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::listener::Listener;

/// The longest head of a request that the proxy reads.
const MAX_HEAD: usize = 16 * 1024;

/// A running proxy: `CONNECT any.test:PORT` opens a tunnel to 127.0.0.1:PORT, or to one address always. It stops when dropped.
#[derive(Debug)]
pub struct Proxy {
    listener: Listener,
    log: Arc<Mutex<Log>>,
}

#[derive(Debug, Default)]
struct Log {
    tunnels: Vec<String>,
    refused: usize,
}

/// The clients that a proxy serves, and the servers that it connects them to.
#[derive(Debug)]
struct Terms {
    credentials: Option<String>,
    /// None for loopback and the port that the client asks for.
    leads_to: Option<SocketAddr>,
}

impl Proxy {
    /// Starts one that is open to everyone.
    pub fn start() -> Self {
        Self::start_with(None)
    }

    /// Starts one that asks for this user and password in HTTP's Basic scheme, and answers 407 to anything
    /// else.
    pub fn start_with_password(user: &str, password: &str) -> Self {
        Self::start_with(Some(format!(
            "Basic {}",
            BASE64_STANDARD.encode(format!("{user}:{password}"))
        )))
    }

    /// Starts one that is open to everyone and leads every name and port to this address.
    pub fn leading_to(addr: SocketAddr) -> Self {
        Self::start_as(Terms {
            credentials: None,
            leads_to: Some(addr),
        })
    }

    fn start_with(credentials: Option<String>) -> Self {
        Self::start_as(Terms {
            credentials,
            leads_to: None,
        })
    }

    fn start_as(terms: Terms) -> Self {
        let log = Arc::new(Mutex::new(Log::default()));
        let terms = Arc::new(terms);
        let listener = Listener::start("lab proxy", {
            let log = log.clone();
            move |stream| serve(stream, terms.clone(), log.clone())
        });
        Self { listener, log }
    }

    /// The address on which it listens.
    pub fn addr(&self) -> SocketAddr {
        self.listener.addr()
    }

    /// The port of [`addr`](Self::addr).
    pub fn port(&self) -> u16 {
        self.addr().port()
    }

    /// Its URL, as proxy variables want it.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr())
    }

    /// CONNECT requests answered 200.
    pub fn connects(&self) -> usize {
        lock(&self.log).tunnels.len()
    }

    /// The targets of those, `host:port` as the clients named them, in order.
    pub fn targets(&self) -> Vec<String> {
        lock(&self.log).tunnels.clone()
    }

    /// CONNECT requests answered 407 for want of the right password.
    pub fn refused(&self) -> usize {
        lock(&self.log).refused
    }
}

fn lock(log: &Mutex<Log>) -> MutexGuard<'_, Log> {
    log.lock().expect("nothing panics while it holds the log")
}

/// Serves one CONNECT to its end. On any error, the client's connection is closed.
async fn serve(mut client: TcpStream, terms: Arc<Terms>, log: Arc<Mutex<Log>>) {
    let Some(head) = read_head(&mut client).await else {
        return;
    };
    let mut lines = head.lines();
    let request_line: Vec<&str> = lines.next().unwrap_or_default().split(' ').collect();
    let &["CONNECT", target, _] = request_line.as_slice() else {
        return refuse(client, "405 Method Not Allowed", "Allow: CONNECT\r\n").await;
    };
    let given = lines
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("proxy-authorization"))
        .map(|(_, value)| value.trim());
    if terms.credentials.is_some() && given != terms.credentials.as_deref() {
        lock(&log).refused += 1;
        let challenge = "Proxy-Authenticate: Basic realm=\"lab\"\r\n";
        return refuse(client, "407 Proxy Authentication Required", challenge).await;
    }
    let port = target
        .rsplit_once(':')
        .and_then(|(_, port)| port.parse::<u16>().ok());
    let Some(port) = port else {
        return refuse(client, "400 Bad Request", "").await;
    };
    let server = terms.leads_to.unwrap_or((Ipv4Addr::LOCALHOST, port).into());
    let Ok(mut server) = TcpStream::connect(server).await else {
        return refuse(client, "502 Bad Gateway", "").await;
    };
    lock(&log).tunnels.push(target.to_owned());
    if client
        .write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")
        .await
        .is_ok()
    {
        // A tunnel ends when either side ends it.
        let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
    }
}

/// The request line and header fields. Byte by byte, so that nothing of the tunnel is read with them.
async fn read_head(client: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() == MAX_HEAD {
            return None;
        }
        head.push(client.read_u8().await.ok()?);
    }
    String::from_utf8(head).ok()
}

async fn refuse(mut client: TcpStream, status: &str, fields: &str) {
    let answer = format!("HTTP/1.1 {status}\r\n{fields}Content-Length: 0\r\nConnection: close\r\n\r\n");
    // The client may be gone; then it does not need the answer.
    let _ = client.write_all(answer.as_bytes()).await;
}
