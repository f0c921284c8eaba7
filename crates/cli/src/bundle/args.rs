//! The arguments of `jit-trust bundle`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::{PathBufValueParser, PossibleValuesParser, TypedValueParser};
use clap::{ArgGroup, Args};
use jit_trust_bundle::{BlobOptions, BlobVersion, Policy};

use crate::args::{TrustArgs, value};
use crate::exit::Failure;
use crate::http::Override;

/// CCADB's report on the roots in Mozilla's program, as CSV with PEM.
const REPORT_URL: &str = "https://ccadb.my.salesforce-sites.com/mozilla/IncludedCACertificateReportPEMCSV";

/// Turn lists of roots, in any form, into a trust blob, a webroot or a C array
///
/// Inputs are told apart by their content: PEM, DER, a directory of either, NSS's certdata.txt, CCADB's CSV report
/// with PEM, a trust blob, a webroot. `mozilla` is Mozilla's list as it is compiled in; `mozilla:latest` fetches
/// today's report of CCADB over HTTPS, which is trusted by the list in force (--trust). The last report is kept in
/// $XDG_CACHE_HOME/jit-trust and fetched again only when it has changed.
///
/// The same input and time give the same bytes. Each output appears whole or not at all, and a blob or webroot does
/// not replace one of a newer generation. What was read, left out or merged is reported on stderr.
#[derive(Args, Debug)]
#[command(
    group = ArgGroup::new("outputs").required(true).multiple(true),
    after_help = "\
Examples:
  jit-trust bundle mozilla --blob trust.tblb
  jit-trust bundle mozilla:latest company.pem --blob trust.tblb --webroot /srv/trust
  jit-trust bundle certdata.txt --c-array roots.inc       for: uint8_t blob[] = {
                                                               #include \"roots.inc\"
                                                               };

Exit status: 0 when all outputs were written; 1 when an output could not be written or would
replace a newer one, or mozilla:latest not be had or not be taken; 2 for bad usage or an input
that was refused (without --skip-invalid one invalid certificate refuses its input); 129, 130 or
143 when SIGHUP, Ctrl-C or SIGTERM ended a fetch."
)]
pub(crate) struct BundleArgs {
    /// Files, directories, `mozilla` or `mozilla:latest`
    #[arg(required = true, value_name = "INPUT")]
    pub(crate) inputs: Vec<OsString>,

    /// Write a trust blob; `-` is stdout
    #[arg(long, value_name = "FILE", group = "outputs", value_parser = output_file())]
    pub(crate) blob: Option<PathBuf>,

    /// Write a webroot: static files to look roots up in over the network. DIR becomes a link to a directory beside it
    #[arg(long, value_name = "DIR", group = "outputs", value_parser = output_directory())]
    pub(crate) webroot: Option<PathBuf>,

    /// Write files instead of links into the webroot, for object stores
    #[arg(long, requires = "webroot")]
    pub(crate) copy: bool,

    /// Write the bytes of the blob as a C initialiser list; `-` is stdout
    #[arg(long, value_name = "FILE", group = "outputs", value_parser = output_file())]
    pub(crate) c_array: Option<PathBuf>,

    /// The version of the blob, also of those in the webroot and the C array
    ///
    /// Version 2 holds what trust needs, with the conditions under which Mozilla trusts some roots (certificates issued
    /// up to a date, some names only), in less than half the bytes. Version 1 holds whole certificates without
    /// conditions, for readers that know no other.
    #[arg(long, value_name = "VERSION", default_value = "2", value_parser = blob_version())]
    pub(crate) blob_version: BlobVersion,

    /// Put the names of the roots into the blob, for people: 12 KB more for Mozilla's list
    #[arg(long)]
    pub(crate) names: bool,

    /// Put the roots' own certificates into the blob, for programs that need them: 130 KB more for Mozilla's list
    #[arg(long)]
    pub(crate) certificates: bool,

    /// The store's time of making in Unix seconds, else SOURCE_DATE_EPOCH, else now
    #[arg(long, value_name = "UNIX")]
    pub(crate) generated_at: Option<String>,

    /// Leave certificates out that cannot be read or say that they are no CA, and list them
    #[arg(long)]
    pub(crate) skip_invalid: bool,

    /// Replace a blob or webroot of a newer generation, and take a list from mozilla:latest that lacks more than a fifth
    /// of the roots in force, lifts conditions of one, or does not say conditions
    #[arg(long)]
    pub(crate) force: bool,

    /// Print only warnings and errors, as for cron
    #[arg(short, long)]
    pub(crate) quiet: bool,

    #[command(flatten)]
    pub(crate) trust: TrustArgs,

    /// Where mozilla:latest is fetched from, such as a mirror
    ///
    /// By default that is CCADB:
    /// https://ccadb.my.salesforce-sites.com/mozilla/IncludedCACertificateReportPEMCSV
    #[arg(long, value_name = "URL", default_value = REPORT_URL, hide_default_value = true,
        value_parser = value::https_url)]
    pub(crate) mozilla_url: url::Url,

    /// For mozilla:latest: connect to ADDR for HOST and PORT, instead of asking DNS; as for `get`
    #[arg(long, value_name = "HOST:PORT:ADDR")]
    pub(crate) resolve: Vec<Override>,
}

impl BundleArgs {
    /// Which blobs to write.
    pub(crate) fn blob_options(&self) -> Result<BlobOptions, Failure> {
        if self.blob_version == BlobVersion::V1 && (self.names || self.certificates) {
            let option = if self.names { "--names" } else { "--certificates" };
            return Err(Failure::bad_input(format!(
                "{option} and --blob-version 1: expected one of them, version 1 always holds the whole certificates, names \
                 included"
            )));
        }
        let options = BlobOptions::default().with_version(self.blob_version);
        Ok(options
            .with_names(self.names)
            .with_certificates(self.certificates))
    }

    /// What happens to a certificate that is no root.
    pub(crate) fn policy(&self) -> Policy {
        if self.skip_invalid {
            Policy::SkipInvalid
        } else {
            Policy::Strict
        }
    }
}

/// A file to write. Stdout is one too, by the name that it has among files.
fn output_file() -> impl TypedValueParser<Value = PathBuf> {
    PathBufValueParser::new().try_map(|path| match (path.as_os_str() == "-", cfg!(unix)) {
        (false, _) => Ok(path),
        (true, true) => Ok(PathBuf::from("/dev/stdout")),
        (true, false) => Err("expected the path of a file, such as ./- for one of that name"),
    })
}

/// A directory to write.
fn output_directory() -> impl TypedValueParser<Value = PathBuf> {
    PathBufValueParser::new().try_map(|path| {
        if path.as_os_str() == "-" {
            Err("stdout is no directory; ./- is one of that name")
        } else {
            Ok(path)
        }
    })
}

/// The version of a trust blob.
fn blob_version() -> impl TypedValueParser<Value = BlobVersion> {
    PossibleValuesParser::new(["1", "2"]).map(|version| match version.as_str() {
        "1" => BlobVersion::V1,
        _ => BlobVersion::V2,
    })
}
