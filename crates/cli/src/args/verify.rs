//! `jit-trust verify`.

use std::path::PathBuf;

use clap::Args;
use pki_types::ServerName;

use super::TrustBy;
use super::value::{self, Moment};

/// Say whether a chain of certificates would be trusted, and under which root
///
/// The verdict is that of `get`: the roots that the chain asks for are looked up, and the whole path is validated
/// against just these.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  jit-trust verify --host www.rust-lang.org chain.pem
  jit-trust verify --host 192.0.2.1 --trust trust.tblb --at 2026-01-01T00:00:00Z chain.pem
  openssl s_client -showcerts -connect a.test:443 </dev/null | jit-trust verify --host a.test -

Exit status: 0 when trusted; 1 when not, the reason is on stderr; 2 for bad usage, input that
cannot be read, or a STORE that cannot answer.")]
pub(crate) struct VerifyArgs {
    /// The certificates in PEM, the server's own first, as the server sends them; `-` is stdin
    #[arg(value_name = "CHAIN.pem")]
    pub(crate) chain: PathBuf,

    /// The host that the certificate is to be for: a DNS name or an IP address
    #[arg(long, value_name = "NAME", value_parser = value::server_name)]
    pub(crate) host: ServerName<'static>,

    #[command(flatten)]
    pub(crate) trust: TrustBy,

    /// Judge as of this time instead of now: RFC 3339, such as 2026-01-01T00:00:00Z, or Unix seconds
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<Moment>,
}
