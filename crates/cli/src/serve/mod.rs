//! `jit-trust serve`: a webroot over HTTPS, for trying things out.
//!
//! `path` knows which files a webroot has, `webroot` opens them, `content` reads them as they are sent, `answer` answers a
//! request, `connection` is one client and `activity` the time that it is given, `room` says how many there are, `identity`
//! has the server's certificates and key.
//!
//! What is in memory is bounded by construction: each of so many connections has so many requests, and each of those one
//! chunk of a file. Nothing is shared that one client could use up for the others.

mod activity;
mod answer;
mod connection;
mod content;
mod identity;
mod path;
mod room;
mod webroot;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use jit_trust::{StoreError, StoreFileError, WebrootStore};
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;

use crate::exit::Failure;
use crate::runtime;
use crate::shown::shown;
use crate::terminal::say;
use activity::Limits;
use answer::Webroot;
use connection::Clients;
use room::Room;

/// Serve a webroot over HTTPS, for trying things out
///
/// This is for a desk, a laboratory, a test: it reads every file anew for each request, and says nothing to a log but
/// stderr. For a fleet put the webroot behind a web server; deploy/nginx.conf and docs/serving.md say how.
///
/// HTTP/1.1 and HTTP/2, GET and HEAD, and no file but those of a webroot. It may be replaced while it is served, as
/// `jit-trust bundle --webroot` does: the next request sees the new one, and none sees half of each. Links are followed
/// inside the webroot; one that leads out of it is answered with 403, and stderr says so.
///
/// Clients are served from bounded memory, however long the files: 8 KB of a file for each of at most 32 requests of a
/// connection.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  jit-trust bundle mozilla --webroot trust
  jit-trust serve trust --cert chain.pem --key key.pem
  jit-trust serve trust --cert chain.pem --key key.pem --listen 127.0.0.1:0 -v

Exit status: 0 when ended by Ctrl-C or SIGTERM; 1 when it cannot listen at ADDR; 2 for bad usage or
a webroot, certificate or key that cannot be used; 129 when ended by SIGHUP.")]
pub(crate) struct ServeArgs {
    /// The directory to serve, as `jit-trust bundle --webroot` makes it
    pub(crate) webroot: PathBuf,

    /// Where to listen, an IP address and a port; port 0 is any that is free
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8443", value_parser = socket_address)]
    pub(crate) listen: SocketAddr,

    /// The server's certificate and those between it and a root, in PEM
    #[arg(long, value_name = "CHAIN.pem")]
    pub(crate) cert: PathBuf,

    /// The private key of the first certificate, in PEM, not encrypted
    #[arg(long, value_name = "KEY.pem")]
    pub(crate) key: PathBuf,

    /// How long clients may cache an answer; that there is no such file, a minute at most
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    pub(crate) max_age: u32,

    /// How many connections are open at a time; one more takes the place of the one that has done nothing for longest
    #[arg(long, value_name = "N", default_value_t = 512, value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub(crate) max_connections: u32,

    /// How long a connection is kept on which nothing is asked for; over HTTP/1.1 it is 10 seconds at most
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) idle_timeout: u32,

    /// How long a connection is kept on which an answer is not taken; in the long run 8 KB a second must be
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) stall_timeout: u32,

    /// Say on stderr what was asked for and how it was answered, a line a request
    #[arg(short, long)]
    pub(crate) verbose: bool,
}

/// Where to listen.
fn socket_address(text: &str) -> Result<SocketAddr, String> {
    let address = text.parse();
    address.map_err(|_| "expected an IP address and a port, such as 127.0.0.1:8443 or [::1]:8443".to_owned())
}

/// How many clients may have connected before they are accepted.
const BACKLOG: u32 = 1024;
/// How much the system keeps of what a client does not take, and of what it sends, for each connection, in bytes.
/// Left to itself it keeps megabytes.
const SYSTEM_BUFFER: u32 = 128 << 10;

/// How long to wait when the system has no more to give (file descriptors, say), before asking for more.
const AFTER_A_REFUSAL: Duration = Duration::from_millis(100);

pub(crate) fn run(args: &ServeArgs) -> Result<(), Failure> {
    check_that_it_is_a_webroot(args)?;
    let clients = Clients {
        tls: identity::acceptor(&args.cert, &args.key)?,
        webroot: Webroot::new(args.webroot.clone(), args.max_age),
        limits: Limits {
            idle: Duration::from_secs(args.idle_timeout.into()),
            stalled: Duration::from_secs(args.stall_timeout.into()),
        },
        is_verbose: args.verbose,
    };
    let room = Room::new(room::allowed(args.max_connections));
    runtime::run_to_its_end(serve(args.listen, clients, room))
}

fn check_that_it_is_a_webroot(args: &ServeArgs) -> Result<(), Failure> {
    match WebrootStore::open(&args.webroot) {
        Ok(_) => Ok(()),
        Err(StoreError::File(StoreFileError::Io { error, .. })) => {
            Err(Failure::reading(&args.webroot, &error))
        }
        Err(error) => Err(Failure::bad_input(format!(
            "{}; `jit-trust bundle mozilla --webroot DIR` makes one",
            shown(error.to_string())
        ))),
    }
}

/// Serves until a signal comes, then lets those finish that are being served.
async fn serve(addr: SocketAddr, clients: Clients, room: Room) -> Result<(), Failure> {
    let cannot_listen = |error| Failure::failed(format!("{addr}: cannot listen: {error}"));
    let listener = listen(addr).map_err(cannot_listen)?;
    let addr = listener.local_addr().map_err(cannot_listen)?;
    let (stop, stopping) = watch::channel(false);

    let mut signal = pin!(runtime::signal());
    let number = tokio::select! {
        // First of all, so that a program that reads the line may send one.
        biased;
        number = &mut signal => number,
        never = async {
            say(format_args!("listening on https://{addr}/"));
            accept_all(listener, Arc::new(clients), &room, &stopping).await
        } => match never {},
    };

    stop.send_replace(true);
    tokio::select! {
        () = room.is_empty() => {}
        // A second signal does not wait for them.
        _ = runtime::signal() => {}
    }
    match number {
        runtime::SIGHUP => Err(Failure::Signal(number)),
        _ => Ok(()),
    }
}

/// What is set here is that of each connection, too.
fn listen(addr: SocketAddr) -> io::Result<TcpListener> {
    let socket = if addr.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    // As `TcpListener::bind` does it: on Windows it would let another program take the port.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.set_send_buffer_size(SYSTEM_BUFFER)?;
    socket.set_recv_buffer_size(SYSTEM_BUFFER)?;
    socket.bind(addr)?;
    socket.listen(BACKLOG)
}

async fn accept_all(
    listener: TcpListener,
    clients: Arc<Clients>,
    room: &Room,
    stopping: &watch::Receiver<bool>,
) -> std::convert::Infallible {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                let Some(place) = room.place(clients.limits).await else {
                    return std::future::pending().await;
                };
                let (clients, stopping) = (Arc::clone(&clients), stopping.clone());
                tokio::spawn(clients.serve(stream, peer, place, stopping));
            }
            Err(_) => {
                // It may be that descriptors are missing, and connections hold most of them.
                room.displace_one();
                tokio::time::sleep(AFTER_A_REFUSAL).await;
            }
        }
    }
}
