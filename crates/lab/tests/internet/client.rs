//! A client as small as it can be: one connection a request, cookies and redirects where asked.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Empty};
use hyper::HeaderMap;
use hyper::body::Bytes;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use jit_trust_lab::internet::Internet;
use rustls::ClientConfig;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::verifier::{Full, Observes};

pub(crate) type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// How long a host may take, on a busy machine too.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Client<'a> {
    internet: &'a Internet,
    tls: TlsConnector,
    patience: Duration,
    user_agent: &'static str,
}

/// What came back: at last, and how many requests it took.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) hosts: Vec<String>,
}

impl<'a> Client<'a> {
    /// One that offers these protocols, and all of Mozilla's conditions hold for.
    pub(crate) fn new(internet: &'a Internet, alpn: &[&str]) -> Self {
        Self::observing(internet, alpn, Observes::All)
    }

    pub(crate) fn observing(internet: &'a Internet, alpn: &[&str], observes: Observes) -> Self {
        let mut config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Full { observes }))
            .with_no_client_auth();
        config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        Self {
            internet,
            tls: TlsConnector::from(Arc::new(config)),
            patience: PATIENCE,
            user_agent: "lab",
        }
    }

    /// One that waits half a second only for an answer; for a handshake as long as others.
    pub(crate) fn impatient(self) -> Self {
        let patience = Duration::from_millis(500);
        Self { patience, ..self }
    }

    pub(crate) fn user_agent(self, user_agent: &'static str) -> Self {
        Self { user_agent, ..self }
    }

    /// A TLS connection.
    pub(crate) async fn connect(&self, host: &str) -> Result<TlsStream<TcpStream>> {
        self.over(TcpStream::connect(self.internet.addr()).await?, host)
            .await
    }

    /// TLS over a connection that is there.
    pub(crate) async fn over(&self, tcp: TcpStream, host: &str) -> Result<TlsStream<TcpStream>> {
        let name = ServerName::try_from(host.to_owned())?;
        Ok(tokio::time::timeout(PATIENCE, self.tls.connect(name, tcp)).await??)
    }

    /// Asks for `/` once.
    pub(crate) async fn get(&self, host: &str, cookie: Option<&str>) -> Result<Answer> {
        let stream = self.connect(host).await?;
        tokio::time::timeout(self.patience, self.request(stream, host, cookie)).await?
    }

    /// Asks for `/` and follows redirects, with the cookies of the last answer, ten requests at most.
    pub(crate) async fn follow(&self, host: &str) -> Result<Answer> {
        let (mut host, mut cookie, mut hosts) = (host.to_owned(), None, Vec::new());
        while hosts.len() < 10 {
            let answer = self.get(&host, cookie.as_deref()).await?;
            hosts.push(host.clone());
            let Some(location) = answer.headers.get("location") else {
                return Ok(Answer { hosts, ..answer });
            };
            cookie = answer.headers.get("set-cookie").map(|cookie| {
                let cookie = cookie.to_str().unwrap();
                cookie.split_once(';').map_or(cookie, |(pair, _)| pair).to_owned()
            });
            let location: hyper::Uri = location.to_str()?.parse()?;
            assert_eq!(location.port_u16(), Some(self.internet.port()));
            host = location.host().ok_or("a redirect names a host")?.to_owned();
        }
        Err(format!("no end of redirects: {hosts:?}").into())
    }

    async fn request(
        &self,
        stream: TlsStream<TcpStream>,
        host: &str,
        cookie: Option<&str>,
    ) -> Result<Answer> {
        let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        let url = self.internet.url(host, "/");
        let request = hyper::Request::get(if is_http2 { &url } else { "/" })
            .header("user-agent", self.user_agent)
            .header("cookie", cookie.unwrap_or("none=0"));
        let io = TokioIo::new(stream);
        let response = if is_http2 {
            let (mut sender, connection) = http2::handshake(TokioExecutor::new(), io).await?;
            tokio::spawn(connection);
            sender.send_request(request.body(Empty::<Bytes>::new())?).await?
        } else {
            let (mut sender, connection) = http1::handshake(io).await?;
            tokio::spawn(connection);
            let authority = format!("{host}:{}", self.internet.port());
            let request = request.header("host", authority).body(Empty::<Bytes>::new())?;
            sender.send_request(request).await?
        };
        let (parts, body) = response.into_parts();
        Ok(Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: body.collect().await?.to_bytes(),
            hosts: vec![host.to_owned()],
        })
    }
}

/// The certificate error that a handshake ended in.
pub(crate) fn certificate_error<'a>(
    error: &'a (dyn Error + Send + Sync + 'static),
) -> Option<&'a rustls::CertificateError> {
    let io: &std::io::Error = error.downcast_ref()?;
    match io.get_ref()?.downcast_ref()? {
        rustls::Error::InvalidCertificate(error) => Some(error),
        _ => None,
    }
}
