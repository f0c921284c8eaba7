//! Proxies, as the environment names them.

use jit_trust_lab::pki::Ca;
use jit_trust_lab::proxy::Proxy;
use jit_trust_lab::server::{Response, Server};

use crate::support::{Lab, hello_server, jit_trust, run};

/// `get` that knows no address: only a proxy can lead there.
fn get(lab: &Lab, url: &str) -> std::process::Command {
    let mut command = jit_trust(["get", url, "--trust"]);
    command.arg(lab.store());
    command
}

#[test]
fn a_tunnel_leads_to_the_server_which_is_trusted_as_ever() {
    let root = Ca::root("Lab Root A");
    let lab = Lab::trusting(&[&root]);
    let server = hello_server("a.test", &root);
    let proxy = Proxy::start();
    let url = server.url("a.test", "/");
    for variable in ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
        let got = run(get(&lab, &url).arg("-v").env(variable, proxy.url())).ends_with(0);
        assert_eq!(got.stdout, "hello", "{variable}");
        assert!(
            got.stderr.contains(&format!(" through {}", proxy.url())),
            "{got:?}"
        );
    }
    assert_eq!(proxy.targets(), vec![format!("a.test:{}", server.port()); 4]);
    assert_eq!(server.connections(), 4);
    run(get(&Lab::trusting(&[]), &url).env("https_proxy", proxy.url()))
        .ends_with(1)
        .says("not trusted: no root in");
}

#[test]
fn user_and_password_of_the_proxy_are_sent_to_it_alone() {
    let root = Ca::root("Lab Root A");
    let lab = Lab::trusting(&[&root]);
    let server = hello_server("a.test", &root);
    let proxy = Proxy::start_with_password("me", "se:cret");
    let url = server.url("a.test", "/");
    let with_password = proxy.url().replace("//", "//me:se%3Acret@");
    let got = run(get(&lab, &url).arg("-v").env("https_proxy", with_password)).ends_with(0);
    assert_eq!(got.stdout, "hello");
    assert!(!got.stderr.contains("cret"), "{got:?}");
    assert_eq!(server.requests_seen()[0].header("proxy-authorization"), None);
    run(get(&lab, &url).env("https_proxy", proxy.url()))
        .ends_with(1)
        .says_one_line()
        .says(&format!("{}: going through the proxy: ", proxy.url()));
    assert_eq!((proxy.connects(), proxy.refused()), (1, 1));
}

#[test]
fn hosts_of_no_proxy_are_reached_without() {
    let root = Ca::root("Lab Root A");
    let lab = Lab::trusting(&[&root]);
    let server = hello_server("a.test", &root);
    let proxy = Proxy::start();
    for no_proxy in ["a.test", "b.test, .test", "*"] {
        let mut get = lab.get(&server.url("a.test", "/"), "");
        get.env("https_proxy", proxy.url()).env("NO_PROXY", no_proxy);
        assert_eq!(run(&mut get).ends_with(0).stdout, "hello", "{no_proxy}");
    }
    assert_eq!(proxy.connects(), 0);
}

#[test]
fn plain_http_goes_through_a_proxy_by_whole_urls() {
    let lab = Lab::trusting(&[]);
    // A server that notes what it is asked for does for a proxy.
    let proxy = Server::builder()
        .plain(|request| Response::ok(request.authority.clone()))
        .start();
    let proxy_url = format!("http://me:secret@{}", proxy.addr());
    let got = run(get(&lab, "http://a.test/x?y").env("http_proxy", proxy_url)).ends_with(0);
    assert_eq!(got.stdout, "a.test");
    let seen = &proxy.requests_seen()[0];
    assert_eq!(seen.header("proxy-authorization"), Some("Basic bWU6c2VjcmV0"));
    assert_eq!(seen.header("host"), Some("a.test"));
    assert_eq!(seen.path, "/x?y");
}

#[test]
fn http_proxy_in_upper_case_is_not_listened_to() {
    let lab = Lab::trusting(&[]);
    let server = Server::builder().plain(|_| Response::ok("hello")).start();
    let mut get = lab.get(&server.url("a.test", "/"), "");
    assert_eq!(
        run(get.env("HTTP_PROXY", "http://127.0.0.1:1"))
            .ends_with(0)
            .stdout,
        "hello"
    );
}

#[test]
fn a_proxy_that_is_not_there() {
    let lab = Lab::trusting(&[]);
    run(get(&lab, "https://a.test/").env("https_proxy", "http://127.0.0.1:1"))
        .ends_with(1)
        .says_one_line()
        .says("http://127.0.0.1:1: connecting: ");
}

/// A SOCKS proxy (RFC 1928, with the passwords of RFC 1929) for one connection, which leads every name and address to
/// loopback and gives back the user, the password and the name or the address.
fn socks_proxy() -> (u16, std::thread::JoinHandle<[String; 3]>) {
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};

    fn bytes(client: &mut TcpStream, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        client.read_exact(&mut bytes).unwrap();
        bytes
    }
    fn text(client: &mut TcpStream) -> String {
        let len = bytes(client, 1)[0];
        String::from_utf8(bytes(client, len.into())).unwrap()
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let serving = std::thread::spawn(move || {
        let mut client = listener.accept().unwrap().0;
        let methods = bytes(&mut client, 2)[1];
        bytes(&mut client, methods.into());
        client.write_all(&[5, 2]).unwrap();
        bytes(&mut client, 1);
        let (user, password) = (text(&mut client), text(&mut client));
        client.write_all(&[1, 0]).unwrap();
        let name = match bytes(&mut client, 4).as_slice() {
            [5, 1, 0, 1] => bytes(&mut client, 4)
                .iter()
                .map(u8::to_string)
                .collect::<Vec<_>>()
                .join("."),
            [5, 1, 0, 3] => text(&mut client),
            other => panic!("{other:?}"),
        };
        let port = u16::from_be_bytes(bytes(&mut client, 2).try_into().unwrap());
        let mut server = TcpStream::connect(("127.0.0.1", port)).unwrap();
        client.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).unwrap();
        let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
        std::thread::spawn(move || std::io::copy(&mut from, &mut to));
        // It ends when the client has hung up.
        let _ = std::io::copy(&mut server, &mut client);
        [user, password, name]
    });
    (port, serving)
}

#[test]
fn a_socks_proxy_is_given_the_name_and_the_server_trusted_as_ever() {
    let root = Ca::root("Lab Root A");
    let lab = Lab::trusting(&[&root]);
    let server = hello_server("a.test", &root);
    let (port, serving) = socks_proxy();
    let mut get = get(&lab, &server.url("a.test", "/"));
    let got = run(get
        .arg("--http1.1")
        .env("ALL_PROXY", format!("socks5h://me:secret@127.0.0.1:{port}")))
    .ends_with(0);
    assert_eq!(got.stdout, "hello");
    drop(server);
    assert_eq!(serving.join().unwrap(), ["me", "secret", "a.test"]);
}

#[test]
fn a_socks_proxy_that_is_not_to_resolve_is_given_the_address_that_the_user_says() {
    let root = Ca::root("Lab Root A");
    let lab = Lab::trusting(&[&root]);
    let server = hello_server("a.test", &root);
    let (port, serving) = socks_proxy();
    let mut get = get(&lab, &server.url("a.test", "/"));
    get.args(["--resolve", &format!("a.test:{}:192.0.2.7", server.port())]);
    get.env("ALL_PROXY", format!("socks5://me:secret@127.0.0.1:{port}"));
    assert_eq!(run(&mut get).ends_with(0).stdout, "hello");
    drop(server);
    assert_eq!(serving.join().unwrap(), ["me", "secret", "192.0.2.7"]);
}

#[test]
fn a_proxy_with_a_bad_port_is_refused_and_its_password_not_shown() {
    let lab = Lab::trusting(&[]);
    for port in ["bad", "99999", "-1"] {
        let proxy = format!("http://u:secret@127.0.0.1:{port}");
        let got = run(get(&lab, "https://a.test/").env("https_proxy", proxy))
            .ends_with(2)
            .says("https_proxy: expected a proxy");
        assert!(!got.stderr.contains("secret"), "{got:?}");
    }
}
