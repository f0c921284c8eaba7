//! Making connections: resolve, TCP, proxy, TLS, HTTP.

use std::io;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use hyper::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::{SocksV4, SocksV5, Tunnel};
use hyper_util::rt::TokioIo;
use pki_types::ServerName;
use tokio::net::TcpStream;
use tower_service::Service;

use super::connection::Connection;
use super::error::{Error, Limit};
use super::hop::{Hop, Stage};
use super::origin::Origin;
use super::proxy::{Proxies, Proxy};
use super::resolve::{Addresses, Override, is_address};
use super::tls::{self, BoxedStream, Library, Look, Protocols, Tls};
use crate::exit::{Failure, causes};
use crate::lookups::OpenLookups;
use crate::runtime::within;
use crate::shown::shown;
use crate::store::Store;

/// How connections are to be made.
#[derive(Debug)]
pub(crate) struct Options<'a> {
    pub(crate) library: Library,
    pub(crate) protocols: Protocols,
    /// What the user says instead of DNS.
    pub(crate) resolve: &'a [Override],
    /// How long one connection may take, TLS included; zero is without end.
    pub(crate) connect_timeout: Duration,
}

/// Makes connections.
pub(crate) struct Connector {
    tls: Tls,
    proxies: Proxies,
    resolve: Vec<Override>,
    connect_timeout: Duration,
    open_lookups: OpenLookups,
}

impl Connector {
    /// A connector that trusts by this store, and goes through the proxies of the environment.
    pub(crate) fn new(store: &Store, options: &Options<'_>) -> Result<Self, Failure> {
        Ok(Self {
            tls: Tls::new(options.library, store, options.protocols)?,
            proxies: Proxies::from_env()?,
            resolve: options.resolve.to_vec(),
            connect_timeout: options.connect_timeout,
            open_lookups: store.open_lookups.clone(),
        })
    }

    /// A connection to `origin`, ready for a request.
    pub(super) async fn connect(&self, origin: &Origin, hop: &mut Hop) -> Result<Connection, Error> {
        let connected = within(self.connect_timeout, self.connect_in_any_time(origin, hop)).await;
        connected.unwrap_or_else(|| {
            let error = Error::timed_out(hop.stage, origin, &self.open_lookups);
            Err(error.because_of(Limit::ConnectTimeout))
        })
    }

    async fn connect_in_any_time(&self, origin: &Origin, hop: &mut Hop) -> Result<Connection, Error> {
        let at = origin.to_string();
        if origin.is_https {
            hop.asked_ahead = self.tls.prefetch(&origin.host);
        }
        let (stream, proxy) = self.stream(origin, hop).await?;
        if !origin.is_https {
            let proxy = proxy.filter(|proxy| !proxy.is_socks());
            return Connection::over(&at, TokioIo::new(stream), false, proxy, hop).await;
        }
        let started = Instant::now();
        let (stream, is_http2) = self.tls.connect(&at, &origin.host, stream, hop).await?;
        hop.times.tls = Some(started.elapsed());
        Connection::over(&at, TokioIo::new(stream), is_http2, None, hop).await
    }

    /// Takes what the server of this hop sends in its handshake, trusted or not, and closes.
    pub(crate) async fn look_at(&self, name: ServerName<'static>, hop: &mut Hop) -> Result<Look, Failure> {
        let url = hop.url.clone();
        let trouble = |error: Error| Failure::Trouble(error.to_string());
        let origin = Origin::of(&url)
            .ok_or_else(|| trouble(Error::refused(shown(url.as_str()), "expected a host")))?;
        let (stream, _) = self.stream(&origin, hop).await.map_err(trouble)?;
        hop.stage = Stage::Tls;
        tls::look_at(name, stream).await
    }

    /// A stream to the server, and the proxy that it leads through; for plain HTTP it may end there.
    async fn stream(&self, origin: &Origin, hop: &mut Hop) -> Result<(BoxedStream, Option<Proxy>), Error> {
        let at = origin.to_string();
        let uri: Uri = format!("{at}/")
            .parse()
            .map_err(|error: hyper::http::uri::InvalidUri| Error::at(Stage::Resolve, &at, &error))?;
        let proxy = self.proxies.for_url(&uri);
        let stream = match &proxy {
            None => Box::new(self.tcp(&origin.host, origin.port, &at, hop).await?),
            Some(proxy) => self.through(proxy, origin, &uri, hop).await?,
        };
        Ok((stream, proxy))
    }

    async fn tcp(&self, host: &str, port: u16, at: &str, hop: &mut Hop) -> Result<TcpStream, Error> {
        let addresses = self.resolve(host, port, at, hop).await?;
        hop.stage = Stage::Connect;
        let started = Instant::now();
        let mut connector = HttpConnector::new_with_resolver(addresses);
        connector.enforce_http(false); // it hands TCP streams out for any scheme
        connector.set_nodelay(true);
        // It asks the resolver about names only: this one stands for the addresses, whatever the host is.
        let uri: Result<Uri, _> = format!("http://host.invalid:{port}/").parse();
        let uri = uri.map_err(|error| Error::at(hop.stage, at, &error))?;
        let connected = connector.call(uri).await;
        let stream = connected
            .map_err(|error| Error::at(hop.stage, at, &error))?
            .into_inner();
        hop.connections += 1;
        hop.address = stream.peer_addr().ok();
        hop.times.connect = Some(started.elapsed());
        Ok(stream)
    }

    async fn resolve(&self, host: &str, port: u16, at: &str, hop: &mut Hop) -> Result<Addresses, Error> {
        hop.stage = Stage::Resolve;
        let started = Instant::now();
        let addresses = Addresses::of(host, port, &self.resolve).await;
        let addresses = addresses.map_err(|error| Error::at(hop.stage, at, &error))?;
        if !is_address(host) {
            let before = hop.times.resolve.unwrap_or_default();
            hop.times.resolve = Some(before + started.elapsed());
        }
        Ok(addresses)
    }

    /// What a SOCKS proxy is to be asked for: the host as it is, or where the proxy is not to ask DNS, its address.
    async fn socks_target(
        &self,
        proxy: &Proxy,
        origin: &Origin,
        uri: &Uri,
        hop: &mut Hop,
    ) -> Result<Uri, Error> {
        let only_v4 = proxy.scheme() == "socks4";
        if !only_v4 && proxy.scheme() != "socks5" {
            return Ok(uri.clone());
        }
        let at = origin.to_string();
        let addresses = self.resolve(&origin.host, origin.port, &at, hop).await?;
        let address = addresses.first(|address| address.is_ipv4() || !only_v4);
        let address = address.ok_or_else(|| {
            Error::said(
                hop.stage,
                &at,
                "no address that the proxy could be asked for: SOCKS 4 has only IPv4",
            )
        })?;
        let target: Result<Uri, _> = format!("http://{address}/").parse();
        target.map_err(|error| Error::at(hop.stage, &at, &error))
    }

    /// A stream to the server, or for plain HTTP through an HTTP proxy, to the proxy.
    async fn through(
        &self,
        proxy: &Proxy,
        origin: &Origin,
        uri: &Uri,
        hop: &mut Hop,
    ) -> Result<BoxedStream, Error> {
        let at = proxy.to_string();
        hop.proxy = Some(at.clone());
        let stream = self.tcp(proxy.host(), proxy.port, &at, hop).await?;
        let destination = self.socks_target(proxy, origin, uri, hop).await?;
        let started = Instant::now();
        hop.stage = Stage::Proxy;
        let stream: BoxedStream = if proxy.scheme() == "https" {
            let stream = Box::new(stream);
            self.tls.connect_to_proxy(&at, proxy.host(), stream).await?
        } else {
            Box::new(stream)
        };
        if !origin.is_https && !proxy.is_socks() {
            return Ok(stream);
        }
        let there = Given(Some(TokioIo::new(stream)));
        let failed = |error: &dyn std::error::Error| {
            let what = format!("{}, on the way to {}", causes(error), origin.host_and_port());
            Error::said(Stage::Proxy, &at, shown(what))
        };
        let target = proxy.uri.clone();
        let stream = match proxy.scheme() {
            "socks4" | "socks4a" => {
                let mut socks = SocksV4::new(target, there);
                socks.call(destination).await.map_err(|error| failed(&error))?
            }
            "socks5" | "socks5h" => {
                let mut socks = SocksV5::new(target, there);
                if let Some((user, password)) = proxy.socks_auth() {
                    socks = socks.with_auth(user, password);
                }
                socks.call(destination).await.map_err(|error| failed(&error))?
            }
            _ => {
                let mut tunnel = Tunnel::new(target, there);
                if let Some(auth) = proxy.basic_auth() {
                    tunnel = tunnel.with_auth(auth);
                }
                tunnel.call(uri.clone()).await.map_err(|error| failed(&error))?
            }
        };
        hop.times.connect = hop.times.connect.map(|tcp| tcp + started.elapsed());
        Ok(stream.into_inner())
    }
}

/// The connection to a proxy that is there already, for services that would make one.
struct Given(Option<TokioIo<BoxedStream>>);

impl Service<Uri> for Given {
    type Response = TokioIo<BoxedStream>;
    type Error = io::Error;
    type Future = std::future::Ready<io::Result<Self::Response>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        std::future::ready(self.0.take().ok_or_else(|| io::ErrorKind::NotConnected.into()))
    }
}
