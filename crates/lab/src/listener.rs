//! A TCP listener on loopback with a thread and a tokio runtime of its own, so that tests need neither.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::thread::JoinHandle;

use tokio::net::TcpStream;
use tokio::runtime;
use tokio::sync::oneshot;

/// Accepts connections until dropped; then every connection is closed and the thread has ended.
#[derive(Debug)]
pub(crate) struct Listener {
    addr: SocketAddr,
    // Dropping it is what stops the thread.
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Listener {
    /// Listens on a free port of 127.0.0.1 and gives every connection to a task of its own, made by `serve`.
    pub(crate) fn start<F>(name: &str, serve: impl Fn(TcpStream) -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a free port");
        listener
            .set_nonblocking(true)
            .expect("a listener can be made non-blocking");
        let addr = listener.local_addr().expect("a bound listener has an address");
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime can be started");
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || {
                runtime.spawn(accept_all(listener, serve));
                // An error, since nothing is ever sent: the other end was dropped.
                let _ = runtime.block_on(stopped);
                // Connections that a test left open must not delay its end.
                runtime.shutdown_background();
            })
            .expect("a thread can be started");
        Self {
            addr,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }
}

async fn accept_all<F>(listener: TcpListener, serve: impl Fn(TcpStream) -> F + Send)
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = tokio::net::TcpListener::from_std(listener).expect("the listener is non-blocking");
    loop {
        // A connection that its client gave up before it was accepted is no reason to stop.
        if let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream));
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // The panic's message is on stderr; a second panic here would abort the test run.
            let _ = thread.join();
        }
    }
}
