//! Arguments that several commands have: the stores that they trust by. Values of options are in `value`.

pub(crate) mod value;

use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;

/// The store that a command trusts by.
#[derive(Debug, clap::Args)]
pub(crate) struct TrustArgs {
    /// Trust what STORE holds: a trust blob, a PEM file, a webroot directory, or `mozilla`
    ///
    /// Dates up to which a root is trusted, and name constraints imposed on it, bind where STORE carries them: PEM, and
    /// trust blobs of version 1, alone or in a webroot, cannot.
    #[arg(long, value_name = "STORE", default_value = "mozilla")]
    pub(crate) trust: PathBuf,
}

/// The stores that a connection is trusted by, and what is remembered.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct TrustBy {
    /// Trust what STORE holds: a trust blob, a PEM file, a webroot, its https URL, or `mozilla`; may be repeated
    ///
    /// A webroot on a server is asked for one root at a time, and only where the other stores do not suffice: for the
    /// issuer at the top of what the server sent first, in at most six questions and ten seconds. It is connected to
    /// directly: neither proxies nor --resolve count there.
    ///
    /// Dates up to which a root is trusted, and name constraints imposed on it, bind where STORE carries them: PEM, and
    /// trust blobs of version 1, alone or in a webroot, cannot. What STORE itself distrusts, another STORE may hold: each
    /// is a store of its own.
    #[arg(long, value_name = "STORE", default_value = "mozilla")]
    pub(crate) trust: Vec<PathBuf>,

    /// Trust just these CAs for the connection to a STORE that is a URL; expected with one
    #[arg(long, value_name = "CA.pem")]
    pub(crate) trust_ca: Option<PathBuf>,

    /// Ask a STORE that is a URL, or another tool's webroot, by key identifier, for bare certificates, as those want it
    ///
    /// Bare certificates carry none of Mozilla's conditions: a root is trusted without its date, and for any name. A root
    /// without a key identifier is not found. A directory whose index.json says that it carries conditions is refused.
    #[arg(long)]
    pub(crate) ask_by_key_id: bool,

    /// Remember in FILE which roots served which host, for an hour, and ask a STORE that is a URL for them ahead
    ///
    /// It is a hint and decides nothing; that it cannot be read or written is a warning. FILE says which hosts were
    /// visited. `jit-trust cache` shows the hosts, and empties it.
    ///
    /// FILE.generations, beside it, remembers the newest generation of each STORE that is a URL, of which none that is older
    /// is taken then. That it cannot be read is an error: restore it, or have `jit-trust cache clear --generations FILE`
    /// remove it.
    #[arg(long, value_name = "FILE")]
    pub(crate) cache: Option<PathBuf>,

    /// Trust just these CAs for HOST, or for every host below a domain with `*.DOMAIN`; may be repeated
    ///
    /// No STORE is asked about such a host.
    #[arg(long, value_name = "HOST=CA.pem")]
    pub(crate) pin: Vec<Pin>,
}

/// A host, or `*.` and a domain, and the file of the CAs that it is pinned to.
#[derive(Clone, Debug)]
pub(crate) struct Pin {
    pub(crate) host: String,
    pub(crate) authorities: PathBuf,
}

impl Pin {
    /// Whether it is about this host: for messages only; the library enforces it.
    pub(crate) fn is_of(&self, host: &str) -> bool {
        let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
        let pinned = self
            .host
            .strip_suffix('.')
            .unwrap_or(&self.host)
            .to_ascii_lowercase();
        match (pinned.strip_prefix("*."), pinned.parse::<IpAddr>()) {
            (Some(domain), _) => host
                .strip_suffix(domain)
                .is_some_and(|below| below.len() > 1 && below.ends_with('.')),
            (None, Ok(address)) => host.parse() == Ok(address),
            (None, Err(_)) => host == pinned,
        }
    }
}

impl FromStr for Pin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('=') {
            Some((host, authorities)) if !host.is_empty() && !authorities.is_empty() => Ok(Self {
                host: host.to_owned(),
                authorities: authorities.into(),
            }),
            _ => Err("expected HOST=CA.pem".to_owned()),
        }
    }
}
