//! What the sites do.

use std::sync::Arc;

use jit_trust_lab::internet::{Behaviour, Internet};
use tokio::time::error::Elapsed;

use crate::client::Client;

/// What following redirects from a host comes to, and how many requests it may take.
fn expected(internet: &Internet, host: &str) -> (Option<u16>, usize) {
    match internet.site(host).behaviour() {
        Behaviour::Answers => (Some(200), 1),
        Behaviour::RefusesUserAgents | Behaviour::SilentOverHttp1 => (Some(403), 1),
        Behaviour::RedirectsToItself => (Some(200), 2),
        Behaviour::RedirectsToWww => {
            let (status, requests) = expected(internet, &format!("www.{host}"));
            (status, requests + 1)
        }
        Behaviour::RedirectsTo(other) => {
            let (status, requests) = expected(internet, other);
            (status, requests + 1)
        }
        Behaviour::NeverAnswers | Behaviour::NeverShakesHands | Behaviour::Expired => (None, 0),
    }
}

#[tokio::test]
async fn every_site_answers_as_it_is_said_to_with_dozens_of_clients_at_once() {
    let internet = Arc::new(Internet::builder().start());
    let limit = Arc::new(tokio::sync::Semaphore::new(48));
    let tasks: Vec<_> = internet
        .sites()
        .iter()
        .map(|site| {
            let (internet, limit, host) = (internet.clone(), limit.clone(), site.host().to_owned());
            tokio::spawn(async move {
                let _permit = limit.acquire().await.unwrap();
                let (status, requests) = expected(&internet, &host);
                let client = Client::new(&internet, &["h2", "http/1.1"]);
                let Some(status) = status else { return 0 };
                let answer = client.follow(&host).await;
                let answer = answer.unwrap_or_else(|error| panic!("{host}: {error}"));
                assert_eq!((answer.status, answer.hosts.len()), (status, requests), "{host}");
                if status == 200 {
                    let last = answer.hosts.last().unwrap();
                    assert!(
                        String::from_utf8_lossy(&answer.body).contains(last.as_str()),
                        "{host}"
                    );
                }
                requests
            })
        })
        .collect();
    let mut requests = 0;
    for task in tasks {
        requests += task.await.unwrap();
    }
    assert_eq!(internet.server().requests(), requests);
    assert_eq!(internet.connections(), requests);
}

#[tokio::test]
async fn three_hosts_under_three_roots_lie_on_the_way_to_another_owner() {
    let internet = Internet::builder().start();
    let client = Client::new(&internet, &["h2"]);
    let answer = client.follow("gamepedia.com").await.unwrap();
    let way = ["gamepedia.com", "fandom.com", "www.fandom.com"];
    assert_eq!(
        (answer.status, answer.hosts),
        (200, way.map(str::to_owned).to_vec())
    );
    assert_eq!(
        way.map(|host| (internet.connections_to(host), internet.requests_to(host))),
        [(1, 1); 3]
    );
}

#[tokio::test]
async fn a_site_that_wants_its_cookie_back_redirects_without_end_to_who_keeps_it() {
    let internet = Internet::builder().start();
    for host in ["caixa.gov.br", "macys.com", "www.macys.com"] {
        let client = Client::new(&internet, &["http/1.1"]);
        for _ in 0..3 {
            let answer = client.get(host, None).await.unwrap();
            assert_eq!(answer.status, 302);
            assert_eq!(answer.headers["location"], internet.url(host, "/"));
        }
        assert_eq!(client.get(host, Some("visited=1")).await.unwrap().status, 200);
    }
}

#[tokio::test]
async fn a_site_that_is_silent_over_http1_says_403_over_http2() {
    let internet = Internet::builder().start();
    for host in ["costco.com", "www.costco.com", "usnews.com", "www.bestbuy.com"] {
        let client = Client::new(&internet, &["http/1.1"]).impatient();
        assert!(client.get(host, None).await.unwrap_err().is::<Elapsed>());
        let client = Client::new(&internet, &["h2"]);
        assert_eq!(client.get(host, None).await.unwrap().status, 403);
    }
}

#[tokio::test]
async fn a_site_that_never_answers_shakes_hands_all_the_same() {
    let internet = Internet::builder().start();
    for alpn in ["http/1.1", "h2"] {
        let client = Client::new(&internet, &[alpn]).impatient();
        client.connect("programme-tv.net").await.unwrap();
        assert!(
            client
                .get("programme-tv.net", None)
                .await
                .unwrap_err()
                .is::<Elapsed>()
        );
    }
    assert_eq!(internet.connections_to("programme-tv.net"), 4);
    assert_eq!(internet.requests_to("programme-tv.net"), 0);
    let client = Client::new(&internet, &["h2"]);
    assert_eq!(
        client.get("www.programme-tv.net", None).await.unwrap().status,
        200
    );
}

#[tokio::test]
async fn some_sites_answer_to_browsers_only() {
    let internet = Internet::builder().start();
    let refusing = internet.sites().iter();
    let refusing = refusing.filter(|site| site.behaviour() == Behaviour::RefusesUserAgents);
    let mut count = 0;
    for site in refusing {
        let client = Client::new(&internet, &["http/1.1"]);
        assert_eq!(client.get(site.host(), None).await.unwrap().status, 403);
        let client = client.user_agent("Mozilla/5.0 (X11; Linux x86_64)");
        assert_eq!(client.get(site.host(), None).await.unwrap().status, 200);
        count += 1;
    }
    assert_eq!(count, 6);
}

#[tokio::test]
async fn a_site_without_http2_refuses_who_offers_nothing_else() {
    let internet = Internet::builder().start();
    assert!(!internet.site("onet.pl").speaks_http2());
    let error = Client::new(&internet, &["h2"])
        .connect("onet.pl")
        .await
        .unwrap_err();
    assert!(error.to_string().contains("NoApplicationProtocol"), "{error}");
    let stream = Client::new(&internet, &["h2", "http/1.1"])
        .connect("onet.pl")
        .await
        .unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
}

#[tokio::test]
async fn a_client_behind_the_proxy_is_redirected_without_a_port() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let internet = Internet::builder().start();
    let proxy = internet.proxy();
    let mut stream = tokio::net::TcpStream::connect(proxy.addr()).await.unwrap();
    stream
        .write_all(b"CONNECT caixa.gov.br:443 HTTP/1.1\r\n\r\n")
        .await
        .unwrap();
    let mut head = [0; 128];
    let len = stream.read(&mut head).await.unwrap();
    assert!(head[..len].starts_with(b"HTTP/1.1 200 "));
    let mut stream = Client::new(&internet, &["http/1.1"])
        .over(stream, "caixa.gov.br")
        .await
        .unwrap();
    let request = b"GET /x HTTP/1.1\r\nhost: caixa.gov.br\r\nconnection: close\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.ok();
    let answer = String::from_utf8(answer).unwrap();
    assert!(
        answer.contains("location: https://caixa.gov.br/x\r\n"),
        "{answer}"
    );
}
