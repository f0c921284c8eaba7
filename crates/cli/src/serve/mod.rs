//! `jit-trust serve`: a webroot over HTTPS, for trying things out.
//!
//! `path` knows which files a webroot has, `answer` answers a request, `connection` is one client and the time that it
//! is given, `identity` is who the server is.

mod answer;
mod connection;
mod identity;
mod path;

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use jit_trust::{StoreError, WebrootStore};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};

use crate::args::ServeArgs;
use crate::exit::Failure;
use crate::runtime;
use crate::shown::shown;
use crate::terminal::say;
use answer::Webroot;
use connection::Clients;

/// How many clients are served at a time. More of them wait to be accepted.
const MAX_CONNECTIONS: u32 = 256;

/// How long to wait when the system has no more to give (file descriptors, say), before asking for more.
const AFTER_A_REFUSAL: Duration = Duration::from_millis(100);

pub(crate) fn run(args: &ServeArgs) -> Result<(), Failure> {
    check_that_it_is_a_webroot(args)?;
    let clients = Clients {
        tls: identity::acceptor(&args.cert, &args.key)?,
        webroot: Arc::new(Webroot {
            directory: args.webroot.clone(),
            max_age: args.max_age,
        }),
        is_verbose: args.verbose,
    };
    runtime::run_to_its_end(serve(args.listen, clients))
}

fn check_that_it_is_a_webroot(args: &ServeArgs) -> Result<(), Failure> {
    match WebrootStore::open(&args.webroot) {
        Ok(_) => Ok(()),
        Err(StoreError::Io { error, .. }) => Err(Failure::reading(&args.webroot, &error)),
        Err(error) => Err(Failure::bad_input(format!(
            "{}; `jit-trust bundle mozilla --webroot DIR` makes one",
            shown(error.to_string())
        ))),
    }
}

/// Serves until a signal comes, then lets those finish that are being served.
async fn serve(addr: SocketAddr, clients: Clients) -> Result<(), Failure> {
    let cannot_listen = |error| Failure::failed(format!("{addr}: cannot listen: {error}"));
    let listener = TcpListener::bind(addr).await.map_err(cannot_listen)?;
    let addr = listener.local_addr().map_err(cannot_listen)?;
    let free = Arc::new(Semaphore::new(MAX_CONNECTIONS as usize));
    let (stop, stopping) = watch::channel(false);

    let mut signal = pin!(runtime::signal());
    let number = tokio::select! {
        // First of all, so that whoever reads the line may send one.
        biased;
        number = &mut signal => number,
        never = async {
            say(format_args!("listening on https://{addr}/"));
            accept_all(listener, Arc::new(clients), &free, &stopping).await
        } => match never {},
    };

    stop.send_replace(true);
    tokio::select! {
        _ = free.acquire_many(MAX_CONNECTIONS) => {}
        // Somebody is in a hurry.
        _ = runtime::signal() => {}
    }
    match number {
        runtime::SIGHUP => Err(Failure::Signal(number)),
        _ => Ok(()),
    }
}

async fn accept_all(
    listener: TcpListener,
    clients: Arc<Clients>,
    free: &Arc<Semaphore>,
    stopping: &watch::Receiver<bool>,
) -> std::convert::Infallible {
    loop {
        // It is closed nowhere, so that there always is one in the end.
        let Ok(place) = Arc::clone(free).acquire_owned().await else {
            return std::future::pending().await;
        };
        match listener.accept().await {
            Ok((stream, peer)) => {
                let (clients, stopping) = (Arc::clone(&clients), stopping.clone());
                tokio::spawn(async move {
                    clients.serve(stream, peer, stopping).await;
                    drop(place);
                });
            }
            Err(_) => tokio::time::sleep(AFTER_A_REFUSAL).await,
        }
    }
}
