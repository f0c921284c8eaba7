//! `serve`, and what a client may take of it: memory, places, files, time.

use std::fs::{self, File};
use std::io::{BufRead, ErrorKind, Read};
use std::net::TcpStream;
use std::pin::Pin;
use std::process::Command;
use std::task::{Context, Poll};
use std::time::Duration;

use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http2;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustix::process::Signal;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::client::{Client, PROTOCOLS, block_on};
use crate::serve::{Serving, command};
use crate::served::Served;

/// How much memory the server has had at most, in MB.
fn peak_memory(server: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{server}/status")).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes: u64 = peak.unwrap().trim().strip_suffix(" kB").unwrap().parse().unwrap();
    println!("peak memory: {} MB", kilobytes >> 10);
    kilobytes >> 10
}

/// Reads what the server says until it has said `count` lines with `part` in them.
fn wait_for_lines(stderr: &mut impl BufRead, part: &str, count: usize) {
    let mut found = 0;
    while found < count {
        let mut line = String::new();
        assert_ne!(stderr.read_line(&mut line).unwrap(), 0, "it ended");
        found += usize::from(line.contains(part));
    }
}

/// Does `work` while clients go on in another thread. Since it reads what the server says, that is not held up either.
fn beside<C>(clients: impl Future<Output = C> + Send, work: impl FnOnce()) {
    let done = Notify::new();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            block_on(async {
                let clients = clients.await;
                done.notified().await;
                drop(clients);
            });
        });
        let worked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
        done.notify_one();
        worked.unwrap();
    });
}

fn long_file(served: &Served, megabytes: u64) {
    let file = File::create(served.webroot().join("bundle.tblb")).unwrap();
    file.set_len(megabytes << 20).unwrap();
}

/// A connection of which no more is read than its first bytes.
struct Unread<T> {
    inner: T,
    left: usize,
}

impl<T: AsyncRead + Unpin> AsyncRead for Unread<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        if self.left == 0 {
            return Poll::Pending;
        }
        let mut some = [0; 1024];
        let len = self.left.min(into.remaining()).min(some.len());
        let mut some = ReadBuf::new(&mut some[..len]);
        std::task::ready!(Pin::new(&mut self.inner).poll_read(context, &mut some))?;
        into.put_slice(some.filled());
        self.left -= some.filled().len();
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Unread<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

fn request(path: &str) -> Request<Empty<Bytes>> {
    let url = format!("https://localhost{path}");
    Request::get(url).body(Empty::new()).unwrap()
}

/// A client that asks `count` times for `path` on one connection, grants as much as HTTP/2 can, and reads no more than
/// `read` bytes of what comes.
async fn ask_and_do_not_read(client: &Client, path: &str, count: usize, read: usize) -> Asked {
    let inner = client.connect(&["h2"]).await;
    let stream = TokioIo::new(Unread { inner, left: read });
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .initial_stream_window_size(u32::MAX >> 1)
        .initial_connection_window_size(u32::MAX >> 1);
    let (sender, connection) = builder.handshake(stream).await.unwrap();
    let connection = tokio::spawn(connection);
    let asked = (0..count).map(|_| tokio::spawn(sender.clone().send_request(request(path))));
    Asked {
        _answers: asked.collect(),
        _sender: sender,
        connection,
    }
}

struct Asked {
    // A stream is reset when its answer is dropped.
    _answers: Vec<JoinHandle<hyper::Result<Response<Incoming>>>>,
    _sender: http2::SendRequest<Empty<Bytes>>,
    connection: JoinHandle<hyper::Result<()>>,
}

/// Many such clients.
async fn many(client: &Client, connections: usize, path: &str) -> Vec<Asked> {
    let mut asked = Vec::new();
    for _ in 0..connections {
        asked.push(ask_and_do_not_read(client, path, 32, 32 << 10).await);
    }
    asked
}

#[test]
fn memory_is_bounded_however_long_the_files_are_that_clients_do_not_take() {
    let served = Served::new();
    let mut serving = Serving::start(&served, "-v");
    long_file(&served, 64);
    let (path, _) = served.file_in("by-subject");
    let (server, client, stderr) = (serving.child.id(), &serving.client, &mut serving.stderr);
    let mut peak = 0;
    beside(many(client, 7, "/bundle.tblb"), || {
        // Two of each connection are open; the others wait for those.
        wait_for_lines(stderr, "GET /bundle.tblb 200", 14);
        assert_eq!(client.get("h2", &path).status, 200);
        peak = peak_memory(server);
    });
    assert!(peak < 64, "{peak} MB");
}

#[test]
fn memory_is_bounded_however_many_answers_clients_do_not_take() {
    let served = Served::new();
    // Mozilla's list, with names.
    let bundle = served.webroot().join("bundle.tblb");
    fs::write(bundle, vec![7; 72 << 10]).unwrap();
    let serving = Serving::start(&served, "");
    let (server, client) = (serving.child.id(), &serving.client);
    let (all_asked, asked) = std::sync::mpsc::channel();
    let clients = async {
        let clients = many(client, 100, "/bundle.tblb").await;
        all_asked.send(()).unwrap();
        clients
    };
    let mut peak = 0;
    beside(clients, || {
        asked.recv().unwrap();
        // Time for all of them: each of these has its turn after those that came before.
        for _ in 0..50 {
            assert_eq!(client.get("h2", "/index.json").status, 200);
        }
        peak = peak_memory(server);
    });
    assert!(peak < 64, "{peak} MB");
}

#[test]
fn a_client_that_does_not_take_its_answers_is_closed_and_another_keeps_its_time() {
    let served = Served::new();
    let mut serving = Serving::start(&served, "-v --stall-timeout 1 --idle-timeout 3600");
    long_file(&served, 16);
    let (client, stderr) = (&serving.client, &mut serving.stderr);
    beside(
        async {
            let asked = ask_and_do_not_read(client, "/bundle.tblb", 1, 1 << 10).await;
            let idle = client.connect(&["h2"]).await;
            (asked, idle)
        },
        || {
            wait_for_lines(stderr, " closed: did not take an answer for 1 seconds", 1);
            let slow = block_on(async { slowly(client, "/bundle.tblb", Duration::from_millis(600)).await });
            assert_eq!(slow, 16 << 20);
        },
    );
}

/// Takes an answer in parts of 4 MB, with a pause after each; gives its length.
async fn slowly(client: &Client, path: &str, pause: Duration) -> usize {
    let stream = client.connect(&["h2"]).await;
    let connecting = http2::handshake(TokioExecutor::new(), TokioIo::new(stream));
    let (mut sender, connection) = connecting.await.unwrap();
    tokio::spawn(connection);
    let mut body = sender.send_request(request(path)).await.unwrap().into_body();
    let mut len = 0;
    for part in 1_usize.. {
        while len < part * (4 << 20) {
            match body.frame().await {
                Some(frame) => len += frame.unwrap().into_data().unwrap().len(),
                None => return len,
            }
        }
        tokio::time::sleep(pause).await;
    }
    unreachable!()
}

#[test]
fn a_client_is_not_idle_while_it_takes_an_answer() {
    let served = Served::new();
    let serving = Serving::start(&served, "--idle-timeout 1");
    long_file(&served, 24);
    // Longer than the time for nothing and the time for a last answer together.
    let pause = Duration::from_millis(1400);
    assert_eq!(block_on(slowly(&serving.client, "/bundle.tblb", pause)), 24 << 20);
}

#[test]
fn a_client_that_asks_for_nothing_is_closed() {
    let served = Served::new();
    let mut serving = Serving::start(&served, "-v --idle-timeout 1");
    for protocol in PROTOCOLS {
        block_on(async {
            let mut idle = serving.client.connect(&[protocol]).await;
            if protocol == "h2" {
                // With HTTP/2 begun, so that it hears that it is over.
                let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(idle))
                    .await
                    .unwrap();
                let mut sender: http2::SendRequest<Empty<Bytes>> = sender;
                let connection = tokio::spawn(connection);
                assert_eq!(sender.send_request(request("/")).await.unwrap().status(), 404);
                connection.await.unwrap().unwrap();
            } else {
                let _ = idle.read_to_end(&mut Vec::new()).await;
            }
        });
        wait_for_lines(&mut serving.stderr, " closed: asked for nothing for 1 seconds", 1);
    }
    // In the middle of the handshake as well.
    let mut silent = TcpStream::connect(serving.client.addr).unwrap();
    assert_eq!(silent.read(&mut [0]).unwrap_or(0), 0);
    wait_for_lines(&mut serving.stderr, " closed: asked for nothing for 1 seconds", 1);
}

/// Whether the server has not closed this connection.
fn is_open(stream: &TcpStream) -> bool {
    stream.set_nonblocking(true).unwrap();
    matches!(stream.peek(&mut [0]), Err(error) if error.kind() == ErrorKind::WouldBlock)
}

#[test]
fn a_client_is_served_beside_three_hundred_that_do_nothing() {
    let served = Served::new();
    let serving = Serving::start(&served, "");
    let silent = |_| TcpStream::connect(serving.client.addr).unwrap();
    let silent: Vec<TcpStream> = (0..300).map(silent).collect();
    for protocol in PROTOCOLS {
        assert_eq!(serving.client.get(protocol, "/index.json").status, 200);
    }
    assert!(silent.iter().all(is_open), "it had to wait until one was closed");
}

#[test]
fn one_client_more_takes_the_place_of_the_one_that_has_done_nothing_for_longest() {
    let served = Served::new();
    let mut serving = Serving::start(&served, "-v --max-connections 8");
    long_file(&served, 16);
    let (client, stderr) = (&serving.client, &mut serving.stderr);
    beside(ask_and_do_not_read(client, "/bundle.tblb", 1, 1 << 10), || {
        wait_for_lines(stderr, "GET /bundle.tblb 200", 1);
        let silent: Vec<TcpStream> = (0..7).map(|_| TcpStream::connect(client.addr).unwrap()).collect();
        for gone in 1..=3 {
            assert_eq!(client.get("h2", "/index.json").status, 200);
            wait_for_lines(stderr, "GET /index.json 200", 1);
            let open: Vec<bool> = silent.iter().map(is_open).collect();
            // The place of the one before may not be free yet when the next one comes.
            let closed = open.iter().take_while(|open| !**open).count();
            assert!((1..=gone).contains(&closed), "{open:?}");
            assert!(
                open[closed..].iter().all(|open| *open),
                "the first of all first: {open:?}"
            );
        }
        let many: Vec<TcpStream> = (0..20)
            .map(|_| TcpStream::connect(client.addr).unwrap())
            .collect();
        assert_eq!(client.get("h2", "/index.json").status, 200);
        assert!(!silent.iter().any(is_open));
        assert!(many.iter().filter(|stream| is_open(stream)).count() <= 8);
    });
}

#[test]
fn a_client_that_asks_for_something_keeps_its_place_while_idle_ones_come_and_go() {
    let served = Served::new();
    let serving = Serving::start(&served, "--max-connections 8");
    let (path, _) = served.file_in("by-subject");
    long_file(&served, 16);
    block_on(async {
        let asked = ask_and_do_not_read(&serving.client, "/bundle.tblb", 1, 1 << 10).await;
        for _ in 0..50 {
            drop(serving.client.connect(&["h2"]).await);
            let _silent = TcpStream::connect(serving.client.addr).unwrap();
        }
        assert!(!asked.connection.is_finished());
    });
    assert_eq!(serving.client.get("h2", &path).status, 200);
}

/// Sets how many files the process may have open.
fn limit_files(process: u32, limit: u32) {
    // The limit that the process may not raise stays.
    let [process, limit] = [format!("--pid={process}"), format!("--nofile={limit}:")];
    let set = Command::new("prlimit").args([process, limit]).status();
    assert!(set.unwrap().success());
}

#[test]
fn where_the_system_allows_few_files_there_are_fewer_connections_and_clients_are_served() {
    let served = Served::new();
    let few = command(&served, "");
    let mut limited = Command::new("prlimit");
    limited
        .arg("--nofile=158:158")
        .arg(few.get_program())
        .args(few.get_args());
    let serving = Serving::by(&served, &mut limited);
    let said = "10 connections at a time instead of 512: the system allows 158 open files";
    assert!(serving.warnings[0].contains(said), "{:?}", serving.warnings);
    let silent = |_| TcpStream::connect(serving.client.addr).unwrap();
    let silent: Vec<TcpStream> = (0..300).map(silent).collect();
    assert_eq!(serving.client.get("h2", "/index.json").status, 200);
    drop(silent);

    // As many as are wanted are asked for.
    let mut limited = Command::new("prlimit");
    limited
        .arg("--nofile=158:4000")
        .arg(few.get_program())
        .args(few.get_args());
    assert_eq!(Serving::by(&served, &mut limited).warnings, [""; 0]);
}

#[test]
fn a_server_that_has_no_files_left_goes_on_when_it_has() {
    let served = Served::new();
    let serving = Serving::start(&served, "");
    let server = serving.child.id();
    let mut silent: Vec<TcpStream> = (0..20)
        .map(|_| TcpStream::connect(serving.client.addr).unwrap())
        .collect();
    assert_eq!(serving.client.get("h2", "/index.json").status, 200);
    let open = fs::read_dir(format!("/proc/{server}/fd")).unwrap().count();
    limit_files(server, u32::try_from(open).unwrap() - 10);
    // It makes room by those that do nothing.
    let served_without = serving.client.get("h2", "/der/none");
    assert_eq!(served_without.status, 404);
    let closed = silent.iter().filter(|stream| !is_open(stream)).count();
    assert!(
        (1..silent.len()).contains(&closed),
        "no more than needed, and before their time: {closed}"
    );
    limit_files(server, 4000);
    silent.truncate(0);
    assert_eq!(serving.client.get("h2", "/index.json").status, 200);
    assert_eq!(serving.end_by(Signal::TERM).0, Some(0));
}
