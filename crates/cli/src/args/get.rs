//! `jit-trust get`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::TrustBy;
use super::value::{self, Cookies, Credentials, Field};
use crate::http::{Library, Override};

/// Get a URL, trusting just the root that the server's certificates ask for
///
/// Prints the body to stdout. Redirects are followed, each hop trusted on its own by the same store; a reply such as
/// 404 is no failure unless --fail is given. Option names are curl's where curl has one.
///
/// The variables http_proxy (lower case only), HTTPS_PROXY, ALL_PROXY and NO_PROXY name proxies, as for curl.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  jit-trust get https://www.rust-lang.org/
  jit-trust get --trust trust.tblb -o page.html https://www.rust-lang.org/
  jit-trust get -v --trust https://trust.test/ --trust-ca ca.pem --cache hosts https://a.test/
  jit-trust get -v --resolve a.test:443:127.0.0.1 --trust roots.pem https://a.test/

Exit status: 0 when the last hop was answered, whatever its status; 1 when it was not, when a
server was not trusted, when a redirect was refused, when the output could not be written, and
with --fail for a status of 400 or more; 2 for bad usage or a STORE that cannot be read; 129, 130
or 143 when ended by SIGHUP, Ctrl-C or SIGTERM.")]
pub(crate) struct GetArgs {
    /// What to get: an https or http URL
    #[arg(value_parser = value::web_url)]
    pub(crate) url: url::Url,

    #[command(flatten)]
    pub(crate) trust: TrustBy,

    /// Make TLS connections with this library, of those that the command was built with
    ///
    /// Which root is chosen does not depend on it; the rules by which a path is valid are the library's own.
    #[arg(long, value_name = "LIBRARY", default_value = Library::NAMES[0], value_parser = value::tls_library())]
    pub(crate) tls: Library,

    /// Speak HTTP/1.1 only
    #[arg(long = "http1.1", conflicts_with = "http2")]
    pub(crate) http1: bool,

    /// Speak HTTP/2 only, where the URL is https
    #[arg(long)]
    pub(crate) http2: bool,

    /// Connect to ADDR for HOST and PORT, instead of asking DNS; may be repeated
    ///
    /// ADDR may be several addresses with commas between them, an IPv6 address may stand in brackets, and HOST
    /// may be `*` for every host.
    #[arg(long, value_name = "HOST:PORT:ADDR")]
    pub(crate) resolve: Vec<Override>,

    /// Say on stderr what happened: connections, protocol, the root chosen, time of each stage
    #[arg(short, long)]
    pub(crate) verbose: bool,

    /// Write the body to FILE, which appears whole or not at all; `-` is stdout
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// Print a report of all hops in JSON to stdout, instead of the body; --output still gets that
    #[arg(long)]
    pub(crate) json: bool,

    /// Fail, and write no body, when the status is 400 or more
    #[arg(short, long)]
    pub(crate) fail: bool,

    /// Send this header field; `Name:` leaves one out, `Name;` sends it empty; may be repeated
    ///
    /// Authorization, Cookie, Proxy-Authorization and Host go to the first scheme, host and port only.
    #[arg(short = 'H', long, value_name = "NAME: VALUE", value_parser = value::not_shown::<Field>())]
    pub(crate) header: Vec<Field>,

    /// Send these cookies to the first scheme, host and port; may be repeated
    ///
    /// Cookies that servers set are kept from hop to hop, by RFC 6265 and the public suffix list, and no longer;
    /// `-H Cookie:` sends none at all.
    #[arg(short = 'b', long, value_name = "NAME=VALUE", value_parser = value::not_shown::<Cookies>())]
    pub(crate) cookie: Vec<Cookies>,

    /// Authenticate to the first scheme, host and port, by HTTP's Basic scheme
    #[arg(short, long, value_name = "USER:PASSWORD", value_parser = value::not_shown::<Credentials>())]
    pub(crate) user: Option<Credentials>,

    /// Accept any certificate of the first host; where a redirect leads is verified again
    #[arg(short = 'k', long)]
    pub(crate) insecure: bool,

    /// Follow redirects from https to http too, which are refused otherwise; curl's --proto-redir
    #[arg(long)]
    pub(crate) allow_downgrade: bool,

    /// Seconds that making a connection may take, TLS included; 0 is without end
    #[arg(long, value_name = "S", default_value = "300", value_parser = value::seconds)]
    pub(crate) connect_timeout: Duration,

    /// Seconds that everything together may take; 0 is without end
    #[arg(short, long, value_name = "S", default_value = "0", value_parser = value::seconds)]
    pub(crate) max_time: Duration,

    /// How many redirects to follow
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub(crate) max_redirs: usize,
}
