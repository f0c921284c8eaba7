//! What a server sends in its handshake, taken whether it is trusted or not.

use pki_types::{CertificateDer, ServerName};
use tokio::time::timeout;
use url::{Host, Url};

use crate::args::ExplainArgs;
use crate::exit::Failure;
use crate::http::{
    Connector, Error as HttpError, Hop, Library, Look, Options, Overrides, Protocols, Proxies, Stage,
};
use crate::shown::{brief, shown};
use crate::store::Store;

/// A server that was met.
#[derive(Debug)]
pub(super) struct Met {
    pub(super) name: ServerName<'static>,
    /// Never none.
    pub(super) certificates: Vec<CertificateDer<'static>>,
    /// Who was connected to: the server or the proxy.
    pub(super) address: Option<String>,
    pub(super) proxy: Option<String>,
    pub(super) tls_version: Option<&'static str>,
    /// Why the handshake was not completed after the certificates came, in words safe to show.
    pub(super) broken_off: Option<String>,
}

/// Connects to the server of this URL, takes its certificates and closes. Nothing is sent after the handshake.
pub(super) async fn meet(url: &Url, args: &ExplainArgs, store: &Store) -> Result<Met, Failure> {
    let at = shown(url.as_str()).to_string();
    let name = name_of(url).ok_or_else(|| {
        Failure::bad_input(format!(
            "{at}: expected a host that a certificate can be for: a DNS name or an IP address"
        ))
    })?;
    let connector = Connector::new(
        store,
        Options {
            library: Library::Rustls,
            protocols: Protocols::Any,
            proxies: Proxies::from_env()?,
            overrides: Overrides::new(&args.resolve),
            connect_timeout: args.connect_timeout(),
        },
    )?;
    let mut hop = Hop::to(url.clone(), false);
    let meeting = meet_in_any_time(&connector, name, &mut hop);
    let limits = [
        (args.connect_timeout(), "--connect-timeout"),
        (args.max_time(), "--max-time"),
    ];
    let limit = limits.into_iter().filter(|(limit, _)| !limit.is_zero()).min();
    let Some((limit, option)) = limit else {
        return meeting.await;
    };
    let met = timeout(limit, meeting).await;
    met.unwrap_or_else(|_| {
        let error = HttpError::timed_out(hop.stage, &at, &store.open_questions);
        Err(Failure::Trouble(format!("{error}; {option} gives it more time")))
    })
}

async fn meet_in_any_time(
    connector: &Connector,
    name: ServerName<'static>,
    hop: &mut Hop,
) -> Result<Met, Failure> {
    let Look {
        certificates,
        tls_version,
    } = connector.look_at(name.clone(), hop).await?;
    let (tls_version, broken_off) = match tls_version {
        Ok(version) => (Some(version), None),
        Err(words) => (None, Some(words)),
    };
    if certificates.is_empty() {
        let words = broken_off.unwrap_or_else(|| "the server sent no certificate".to_owned());
        let at = brief(hop.url.as_str());
        return Err(Failure::Trouble(format!("{at}: {}: {words}", Stage::Tls)));
    }
    Ok(Met {
        name,
        certificates,
        address: hop.address.map(|address| address.to_string()),
        proxy: hop.proxy.clone(),
        tls_version,
        broken_off,
    })
}

fn name_of(url: &Url) -> Option<ServerName<'static>> {
    match url.host()? {
        Host::Domain(name) => ServerName::try_from(name.to_owned()).ok(),
        Host::Ipv4(address) => Some(std::net::IpAddr::from(address).into()),
        Host::Ipv6(address) => Some(std::net::IpAddr::from(address).into()),
    }
}
