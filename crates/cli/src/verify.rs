//! `jit-trust verify`: the verdict on a chain in a file.

use std::path::PathBuf;

use clap::Args;
use jit_trust::Verifier;
use pki_types::{ServerName, UnixTime};
use rustls::crypto::aws_lc_rs;

use crate::args::{TrustBy, value};
use crate::exit::Failure;
use crate::shown::{part, shown};
use crate::terminal::print;
use crate::trust::Decision;
use crate::{cache, certificates, store, time};

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
    #[arg(long, value_name = "TIME", value_parser = value::moment)]
    pub(crate) at: Option<UnixTime>,
}

pub(crate) fn run(args: &VerifyArgs) -> Result<(), Failure> {
    let file = shown(args.chain.to_string_lossy());
    let chain = certificates::read_chain(&args.chain)?;
    let store = store::open_all(&args.trust)?;
    let Some((end_entity, others)) = chain.split_first() else {
        return Err(Failure::bad_input(format!("{file}: no certificate")));
    };
    let now = time::of_judgement(args.at)?;
    let verifier = Verifier::with_provider(store.policy.clone(), &aws_lc_rs::default_provider());
    let report = verifier.verify(end_entity, others, &args.host, now);
    cache::keep(&store.policy);
    let decision = Decision::of(&report, &store);
    match &decision.refusal {
        None => print(trusted(&decision, &args.host.to_str())),
        Some(reason) if decision.store_failed() => {
            Err(Failure::bad_input(format!("{file}: cannot be judged: {reason}")))
        }
        Some(reason) => Err(Failure::failed(format!("{file}: not trusted: {reason}"))),
    }
}

fn trusted(decision: &Decision, host: &str) -> String {
    let Some(root) = &decision.root else {
        return format!("{host}: trusted\n");
    };
    let skid = part(root.skid.as_ref(), |skid| format!(", SKID {skid}"));
    let out_of = part(decision.store_len, |len| format!(" out of {len}"));
    format!(
        "{host}: trusted under {}{skid}\n{} selected{out_of} in {}; certificates sent: {}\n",
        root.subject,
        decision.selected,
        decision.store,
        decision.sent.len(),
    )
}
