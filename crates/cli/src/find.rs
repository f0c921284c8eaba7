//! `jit-trust find`: certificates of a store by key identifier, or as issuers of a given certificate.

use std::path::Path;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jit_trust::{Certificate, ChainError, PeerChain};
use jit_trust_bundle::Root;
use pki_types::CertificateDer;

use crate::args::FindArgs;
use crate::certificates;
use crate::exit::Failure;
use crate::show::table;
use crate::shown::shown;
use crate::store;
use crate::terminal::print;

/// PEM has 64 characters of base64 in a line (RFC 7468 section 2).
const PEM_LINE: usize = 64;

pub(crate) fn run(args: &FindArgs) -> Result<(), Failure> {
    let list = store::read(&args.store)?;
    let roots = || list.roots().iter().map(Root::certificate);
    let (found, wanted): (Vec<Certificate<'_>>, String) = match (&args.skid, &args.issuer_of) {
        (Some(skid), _) => {
            let has_it = |root: &Certificate<'_>| {
                root.subject_key_id()
                    .is_some_and(|key_id| key_id.as_bytes() == skid.0)
            };
            (
                roots().filter(has_it).collect(),
                "certificate with this key identifier".to_owned(),
            )
        }
        (None, Some(path)) => {
            let given = certificates::read(path)?;
            let chain = read_chain(path, &given)?;
            let issuers: Vec<String> = chain.issuers().map(|issuer| format!("\"{issuer}\"")).collect();
            let found = roots()
                .filter(|root| chain.is_issued_by(root.subject()))
                .collect();
            (found, format!("certificate named {}", issuers.join(" or ")))
        }
        (None, None) => return Err(Failure::bad_input("find: expected --skid or --issuer-of")),
    };
    if found.is_empty() {
        let store = shown(args.store.to_string_lossy());
        return Err(Failure::failed(format!("{store}: no {wanted}")));
    }
    if args.pem {
        print(found.iter().map(pem).collect::<String>())
    } else {
        print(table(found.into_iter()))
    }
}

/// The certificates as a chain. The order does not matter here, so that one that cannot be read is an error wherever
/// it stands.
fn read_chain<'a>(path: &Path, given: &'a [CertificateDer<'static>]) -> Result<PeerChain<'a>, Failure> {
    let name = shown(path.to_string_lossy());
    for (index, der) in given.iter().enumerate() {
        let read = Certificate::from_der(der);
        read.map_err(|error| Failure::bad_input(format!("{name}: certificate {} is {error}", index + 1)))?;
    }
    let chain = PeerChain::read(given.iter().map(AsRef::as_ref));
    chain.map_err(|error: ChainError| Failure::bad_input(format!("{name}: {error}")))
}

fn pem(certificate: &Certificate<'_>) -> String {
    let base64 = BASE64_STANDARD.encode(certificate.as_der());
    let mut pem = "-----BEGIN CERTIFICATE-----\n".to_owned();
    let mut rest = base64.as_str();
    while !rest.is_empty() {
        let (line, behind) = rest.split_at(rest.len().min(PEM_LINE));
        pem.push_str(line);
        pem.push('\n');
        rest = behind;
    }
    pem.push_str("-----END CERTIFICATE-----\n");
    pem
}
