//! Connections that a pool keeps open.

use std::time::Duration;

use jit_trust_lab::pki::Ca;
use jit_trust_lab::server::ServerBuilder;

use crate::support::*;

const LATE: Duration = Duration::from_millis(30);

#[test]
fn an_http_2_connection_that_its_pool_keeps_open_keeps_its_anchor() {
    let root = Ca::root("Root");
    let (server, later) = (
        server_of(&root, ServerBuilder::http2_only),
        Later::of(&[&root], LATE),
    );
    let trust = later.trust();
    block_on(async {
        let client = hyper_client(&trust);
        assert_eq!(
            get_with_hyper(&client, &server.url(HOST, "/")).await.as_deref(),
            Ok("hello")
        );
        assert_eq!(trust.connections().len(), 1);
        tokio::time::sleep(3 * GRACE).await;

        // Another host under the same root.
        let tcp = tokio::net::TcpStream::connect(server.addr()).await.unwrap();
        let other = tokio_connector(&trust)
            .connect("other.test".try_into().unwrap(), tcp)
            .await;
        assert_eq!(trust.connections().last().unwrap().host(), "other.test");
        drop(other.unwrap());
        assert_eq!(later.queries(), 1);

        drop(client);
        while !trust.connections().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        tokio::time::sleep(3 * GRACE).await;
        drop(connect_async(&tokio_connector(&trust), &server).await.unwrap());
        assert_eq!(later.queries(), 2);
    });
}

#[test]
fn a_pooled_connection_that_is_closed_serves_no_further_request() {
    let root = Ca::root("Root");
    for http_1 in [false, true] {
        let server = server_of(&root, |server| if http_1 { server.http1_only() } else { server });
        let later = Later::of(&[&root], LATE);
        let trust = later.trust();
        block_on(async {
            let client = hyper_client(&trust);
            let url = server.url(HOST, "/");
            for requests in 1..=2 {
                assert_eq!(get_with_hyper(&client, &url).await.as_deref(), Ok("hello"));
                assert_eq!((server.connections(), server.requests()), (1, requests));
            }
            trust.connections()[0].close();
            // The idle connection notices by itself.
            while !trust.connections().is_empty() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            assert_eq!(get_with_hyper(&client, &url).await.as_deref(), Ok("hello"));
        });
        assert_eq!((server.connections(), server.requests()), (2, 3));
    }
}
