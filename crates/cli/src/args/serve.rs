//! `jit-trust serve`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use super::value;

/// Serve a webroot over HTTPS, for trying things out
///
/// This is for a desk, a laboratory, a test: it reads every file anew for each request, and says nothing to a log but
/// stderr. For a fleet put the webroot behind a web server; deploy/nginx.conf and docs/serving.md say how.
///
/// HTTP/1.1 and HTTP/2, GET and HEAD, and no file but those of a webroot. It may be replaced while it is served, as
/// `jit-trust bundle --webroot` does: the next request sees the new one.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  jit-trust bundle mozilla --webroot trust
  jit-trust serve trust --cert chain.pem --key key.pem
  jit-trust serve trust --cert chain.pem --key key.pem --listen 127.0.0.1:0 -v

Exit status: 0 when ended by Ctrl-C or SIGTERM; 1 when it cannot listen at ADDR; 2 for bad usage or
a webroot, certificate or key that cannot be used; 129 when ended by SIGHUP.")]
pub(crate) struct ServeArgs {
    /// The directory to serve, as `jit-trust bundle --webroot` makes it
    pub(crate) webroot: PathBuf,

    /// Where to listen, an IP address and a port; port 0 is any that is free
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8443", value_parser = value::socket_address)]
    pub(crate) listen: SocketAddr,

    /// The server's certificate and those between it and a root, in PEM
    #[arg(long, value_name = "CHAIN.pem")]
    pub(crate) cert: PathBuf,

    /// The private key of the first certificate, in PEM, not encrypted
    #[arg(long, value_name = "KEY.pem")]
    pub(crate) key: PathBuf,

    /// How long an answer may be kept by whoever got it; that there is no such file, a minute at most
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    pub(crate) max_age: u32,

    /// Say on stderr what was asked for and how it was answered, a line a request
    #[arg(short, long)]
    pub(crate) verbose: bool,
}
