//! A host that was never reached before.

use std::io::{Read, Write};
use std::time::Duration;

use jit_trust_lab::pki::Ca;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::*;

/// Long enough for a task to tick many times meanwhile.
const LATE: Duration = Duration::from_millis(300);
const TICK: Duration = Duration::from_millis(5);

/// Runs `task` beside one that ticks, on one thread, and says how often that came to it.
fn beside_a_ticking_task<T>(task: impl Future<Output = T>) -> (T, usize) {
    block_on(async {
        let mut ticks = 0;
        let mut task = std::pin::pin!(task);
        loop {
            tokio::select! {
                biased;
                done = &mut task => return (done, ticks),
                () = tokio::time::sleep(TICK) => ticks += 1,
            }
        }
    })
}

#[test]
fn a_blocking_program_reaches_a_cold_host_in_one_connection() {
    let root = Ca::root("Root");
    let (server, later) = (server_of(&root, |server| server), Later::of(&[&root], LATE));
    let mut tls = connect(&connector(&later.trust()), &server).unwrap();
    tls.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    tls.read_to_string(&mut answer).unwrap();
    assert!(answer.ends_with("hello"), "{answer}");
    assert_eq!(
        (server.connections(), server.requests(), later.queries()),
        (1, 1, 1)
    );
}

#[test]
fn a_plain_configuration_waits_inside_the_handshake_too() {
    let root = Ca::root("Root");
    let (server, later) = (server_of(&root, |server| server), Later::of(&[&root], LATE));
    let mut tls =
        rustls::ClientConnection::new(config(&later.trust()).into(), HOST.try_into().unwrap()).unwrap();
    let mut tcp = std::net::TcpStream::connect(server.addr()).unwrap();
    while tls.is_handshaking() {
        tls.complete_io(&mut tcp).unwrap();
    }
    assert_eq!((server.connections(), later.queries()), (1, 1));
}

#[test]
fn while_a_tokio_connection_waits_for_a_store_other_tasks_of_its_thread_go_on() {
    let root = Ca::root("Root");
    let (server, later) = (server_of(&root, |server| server), Later::of(&[&root], LATE));
    let (answer, ticks) = beside_a_ticking_task(async {
        let mut tls = connect_async(&tokio_connector(&later.trust()), &server)
            .await
            .unwrap();
        let request = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        tls.write_all(request).await.unwrap();
        let mut answer = String::new();
        tls.read_to_string(&mut answer).await.unwrap();
        answer
    });
    assert!(answer.ends_with("hello"), "{answer}");
    assert!(ticks >= 10, "{ticks}");
    assert_eq!(
        (server.connections(), server.requests(), later.queries()),
        (1, 1, 1)
    );
}

#[test]
fn while_hyper_waits_for_a_store_other_tasks_of_its_thread_go_on() {
    let root = Ca::root("Root");
    let (server, later) = (server_of(&root, |server| server), Later::of(&[&root], LATE));
    let client = hyper_client(&later.trust());
    let url = server.url(HOST, "/");
    let (answer, ticks) = beside_a_ticking_task(get_with_hyper(&client, &url));
    assert_eq!(answer.as_deref(), Ok("hello"));
    assert!(ticks >= 10, "{ticks}");
    assert_eq!(
        (server.connections(), server.requests(), later.queries()),
        (1, 1, 1)
    );
}

#[test]
fn while_reqwest_waits_for_a_store_other_tasks_of_its_thread_go_on() {
    let root = Ca::root("Root");
    let (server, later) = (server_of(&root, |server| server), Later::of(&[&root], LATE));
    let client = reqwest_client(&later.trust());
    let url = server.url(HOST, "/");
    let (answer, ticks) = beside_a_ticking_task(get_with_reqwest(&client, &url));
    assert_eq!(answer.as_deref(), Ok("hello"));
    assert!(ticks >= 10, "{ticks}");
    assert_eq!(
        (server.connections(), server.requests(), later.queries()),
        (1, 1, 1)
    );
}

#[test]
fn many_connections_at_once_ask_once() {
    let root = Ca::root("Root");
    let (server, later) = (server_of(&root, |server| server), Later::of(&[&root], LATE));
    let connector = tokio_connector(&later.trust());
    let connecting = |_| {
        let tcp = std::net::TcpStream::connect(server.addr()).unwrap();
        tcp.set_nonblocking(true).unwrap();
        let connector = connector.clone();
        async move {
            let tcp = tokio::net::TcpStream::from_std(tcp).unwrap();
            connector.connect(HOST.try_into().unwrap(), tcp).await.map(drop)
        }
    };
    block_on(async {
        let tasks: Vec<_> = (0..8).map(|number| tokio::spawn(connecting(number))).collect();
        for task in tasks {
            task.await.unwrap().unwrap();
        }
    });
    assert_eq!((server.connections(), later.queries()), (8, 1));
}
