//! A thousand connections at once through a remote store: one query a CA, and the memory given back.
//!
//! Servers and clients are two processes, so that what the clients allocate can be counted: the test starts itself
//! again as the client.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod stores;

use std::io::Write;
use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use jit_trust::{Certificate, RemoteStore, TokioConnector, TokioTlsStream, TrustPolicy};
use jit_trust_lab::pki::Ca;
use jit_trust_lab::server::{Response, Server};
use peak_alloc::PeakAlloc;
use rustls::client::Resumption;
use rustls::crypto::aws_lc_rs;
use tokio::net::TcpStream;
use tokio::runtime::Builder;

const CONNECTIONS: usize = 1_000;
const HOSTS: usize = 50;
const AUTHORITIES: usize = 20;
/// At most so many times the crowd comes.
const MAX_ROUNDS: usize = 10;
const IDLE_GRACE: Duration = Duration::from_secs(1);

/// What tells the test that it is the client: the addresses of the sites and of the store, and the CA of that.
const CLIENT: &str = "JIT_TRUST_CROWD";

#[test]
fn a_thousand_connections_to_50_hosts_under_20_cas_take_20_queries_and_give_their_memory_back() {
    if let Ok(addresses) = std::env::var(CLIENT) {
        return client(&addresses);
    }
    let authorities: Vec<Ca> = (0..AUTHORITIES)
        .map(|number| Ca::root(format!("Root {number}").as_str()))
        .collect();
    let mut sites = Server::builder();
    for host in 0..HOSTS {
        let ca = authorities[host % AUTHORITIES].intermediate(format!("CA {host}").as_str());
        let leaf = ca.leaf(&name(host));
        sites = sites.site(&name(host), leaf.key(), leaf.chain(&[&ca]), |_| Response::ok(""));
    }
    let sites = sites.start();
    let files: Vec<(String, Vec<u8>)> = authorities.iter().map(file_of).collect();
    let store_ca = Ca::root("Store CA");
    let leaf = store_ca.leaf("127.0.0.1");
    let store = Server::builder()
        .default_site(leaf.key(), leaf.chain(&[]), move |request| {
            let file = files.iter().find(|(path, _)| request.path.ends_with(path));
            file.map_or(Response::status(404), |(_, blob)| Response::ok(blob.clone()))
        })
        .start();

    let this_test = std::env::current_exe().unwrap();
    let ca = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(ca.path(), store_ca.der()).unwrap();
    let told = Command::new(this_test)
        .args(["--exact", "--nocapture", "--test-threads=1"])
        .arg("a_thousand_connections_to_50_hosts_under_20_cas_take_20_queries_and_give_their_memory_back")
        .env(
            CLIENT,
            format!("{} {} {}", sites.addr(), store.port(), ca.path().display()),
        )
        .output()
        .unwrap();
    let text = format!(
        "{}{}",
        String::from_utf8_lossy(&told.stdout),
        String::from_utf8_lossy(&told.stderr)
    );
    assert!(told.status.success(), "{text}");

    // Everything is forgotten between the rounds.
    let reports: Vec<&str> = text.lines().filter(|line| line.contains("bytes")).collect();
    let rounds = reports.len();
    assert_eq!(store.requests(), rounds * AUTHORITIES, "{text}");
    assert_eq!(store.connections(), 1);
    assert_eq!(sites.connections(), rounds * CONNECTIONS);
    let report = reports.join("\n");
    std::io::stderr()
        .write_all(format!("{report}\n").as_bytes())
        .unwrap();
}

fn name(host: usize) -> String {
    format!("host{host}.test")
}

/// A root's file in a webroot.
fn file_of(root: &Ca) -> (String, Vec<u8>) {
    let der = root.der();
    let hash = Certificate::from_der(&der).unwrap().subject().hash();
    let blob = stores::blob(&[root], stores::Version::V2);
    (format!("by-subject/{hash}.tblb"), blob)
}

fn client(addresses: &str) {
    let mut addresses = addresses.split(' ');
    let sites: SocketAddr = addresses.next().unwrap().parse().unwrap();
    let store_port = addresses.next().unwrap();
    let ca = std::fs::read(addresses.next().unwrap()).unwrap();
    let store = RemoteStore::builder(&format!("https://127.0.0.1:{store_port}/trust"))
        .provider(aws_lc_rs::default_provider().into())
        .trust_certificates([ca])
        .build()
        .unwrap();
    let trust = TrustPolicy::builder()
        .deferred_store(store)
        .idle_grace(IDLE_GRACE)
        .build();
    let provider = aws_lc_rs::default_provider().into();
    let mut config = jit_trust::client_config_with_provider(trust.clone(), provider).unwrap();
    config.resumption = Resumption::disabled();
    let connector = TokioConnector::with_config(trust.clone(), config);

    // Threads that have nothing to do end, and with them what they have on the heap.
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .thread_keep_alive(Duration::from_millis(100))
        .enable_all()
        .build()
        .unwrap();
    let round = || {
        let open = runtime.block_on(crowd(&connector, sites));
        assert_eq!(trust.connections().len(), CONNECTIONS);
        let during = HEAP.current_usage();
        drop(open);
        std::thread::sleep(IDLE_GRACE + Duration::from_secs(1));
        (during, HEAP.current_usage())
    };
    // The first rounds also pay for what a program allocates once: tokio's tables, and how far they grow is chance. One
    // anchor that stays would be more than a kilobyte, and twenty come in each round: then none would be as the last.
    let mut before = 0;
    for number in 1..=MAX_ROUNDS {
        let (during, after) = round();
        println!(
            "\nheap: {during} bytes with {CONNECTIONS} connections open, {after} bytes after, in round {number}"
        );
        if number > 1 && after < before + 4_000 {
            return;
        }
        before = after;
    }
    panic!("each round leaves more behind");
}

async fn crowd(connector: &TokioConnector, sites: SocketAddr) -> Vec<TokioTlsStream<TcpStream>> {
    let connecting = (0..CONNECTIONS).map(|number| {
        let connector = connector.clone();
        tokio::spawn(async move {
            let tcp = TcpStream::connect(sites).await.unwrap();
            let name = name(number % HOSTS).try_into().unwrap();
            connector.connect(name, tcp).await.unwrap()
        })
    });
    let connecting: Vec<_> = connecting.collect();
    let mut open = Vec::with_capacity(CONNECTIONS);
    for connection in connecting {
        open.push(connection.await.unwrap());
    }
    open
}

/// The system's allocator, counting what lives.
#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;
