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
/// `jit-trust bundle --webroot` does: the next request sees the new one, and none sees half of each. Links are followed
/// inside the webroot; one that leads out of it is answered with 403, and stderr says so.
///
/// Clients are served from bounded memory, however long the files: 8 KB of a file for each of at most 32 requests of a
/// connection.
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

    /// How many connections are open at a time; one more takes the place of the one that has done nothing for longest
    #[arg(long, value_name = "N", default_value_t = 512, value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub(crate) max_connections: u32,

    /// How long a connection is kept on which nothing is asked for; over HTTP/1.1 it is 10 seconds at most
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) idle_timeout: u32,

    /// How long a connection is kept on which an answer is not taken; in the long run 8 KB a second must be
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) stall_timeout: u32,

    /// Say on stderr what was asked for and how it was answered, a line a request
    #[arg(short, long)]
    pub(crate) verbose: bool,
}
