//! `jit-trust find`.

use std::path::PathBuf;

use clap::{ArgGroup, Args};

use super::value::HexKeyId;

/// Find roots in a store, by key identifier or as issuers of a given certificate
///
/// A root that is trusted only for certificates issued up to a date is listed also when the first certificate given was
/// issued later, with a warning.
#[derive(Args, Debug)]
#[command(
    group = ArgGroup::new("by").required(true),
    after_help = "\
Examples:
  jit-trust find mozilla --skid 79:B4:59:E6:7B:B6:E5:E4:01:73:80:08:88:C8:1A:58:F6:E9:9B:6E
  jit-trust find trust.tblb --issuer-of chain.pem --pem

Exit status: 0 when something was found; 1 when nothing was, or with --pem the store holds no
certificate of it; 2 for bad usage or input that cannot be read."
)]
pub(crate) struct FindArgs {
    /// A trust blob, a PEM file, a webroot directory, or `mozilla`
    pub(crate) store: PathBuf,

    /// Those with this subject key identifier, in hex, with or without colons
    #[arg(long, value_name = "HEX", group = "by")]
    pub(crate) skid: Option<HexKeyId>,

    /// Those that could have issued a certificate of this file, PEM or DER; `-` is stdin
    #[arg(long, value_name = "CERT", group = "by")]
    pub(crate) issuer_of: Option<PathBuf>,

    /// Print the certificates in PEM; a trust blob of version 2 holds them if made with --certificates
    #[arg(long)]
    pub(crate) pem: bool,
}
