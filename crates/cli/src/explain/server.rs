//! What a server sends in its handshake, taken whether it is trusted or not.

use pki_types::ServerName;
use url::Url;

use super::args::ExplainArgs;
use super::explanation::Connection;
use super::found_out::Given;
use super::judge::Terms;
use crate::exit::Failure;
use crate::http::{
    Connector, Error as HttpError, Hop, Library, Look, Options, Protocols, Stage, server_name,
};
use crate::runtime::within;
use crate::shown::{brief, shown};
use crate::store::Store;

/// Connects to the server of this URL, takes its certificates and closes. Nothing is sent after the handshake.
pub(super) async fn meet(
    url: &Url,
    args: &ExplainArgs,
    store: &Store,
    terms: impl FnOnce(Option<ServerName<'static>>) -> Terms,
) -> Result<Given, Failure> {
    if args.host.is_some() {
        return Err(Failure::bad_input(
            "--host: expected with a file only: a server's certificate is to be for the host that it is asked as",
        ));
    }
    let at = shown(url.as_str()).to_string();
    let name = url.host_str().and_then(server_name).ok_or_else(|| {
        Failure::bad_input(format!(
            "{at}: expected a host that a certificate can be for: a DNS name or an IP address"
        ))
    })?;
    let connector = Connector::new(
        store,
        &Options {
            library: Library::Rustls,
            protocols: Protocols::Any,
            resolve: &args.resolve,
            connect_timeout: args.connect_timeout(),
        },
    )?;
    let mut hop = Hop::to(url.clone(), false);
    let meeting = meet_in_any_time(&connector, terms(Some(name.clone())), name, &mut hop);
    let limits = [
        (args.connect_timeout(), "--connect-timeout"),
        (args.max_time(), "--max-time"),
    ];
    let limit = limits.into_iter().filter(|(limit, _)| !limit.is_zero()).min();
    let (limit, option) = limit.unwrap_or_default();
    let met = within(limit, meeting).await;
    met.unwrap_or_else(|| {
        let error = HttpError::timed_out(hop.stage, &at, &store.open_lookups);
        Err(Failure::Trouble(format!("{error}; {option} gives it more time")))
    })
}

async fn meet_in_any_time(
    connector: &Connector,
    terms: Terms,
    name: ServerName<'static>,
    hop: &mut Hop,
) -> Result<Given, Failure> {
    let Look {
        certificates,
        tls_version,
    } = connector.look_at(name, hop).await?;
    let (tls_version, broken_off) = match tls_version {
        Ok(version) => (Some(version), None),
        Err(words) => (None, Some(words)),
    };
    if certificates.is_empty() {
        let words = broken_off.unwrap_or_else(|| "the server sent no certificate".to_owned());
        let at = brief(hop.url.as_str());
        return Err(Failure::Trouble(format!("{at}: {}: {words}", Stage::Tls)));
    }
    Ok(Given {
        subject: shown(hop.url.as_str()).to_string(),
        certificates,
        terms,
        connection: Some(Connection {
            address: hop.address.map(|address| address.to_string()),
            proxy: hop.proxy.clone(),
            tls_version,
        }),
        broken_off,
    })
}
