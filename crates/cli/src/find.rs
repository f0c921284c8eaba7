//! `jit-trust find`: roots of a store by key identifier, or as issuers of a given certificate.

use std::path::Path;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jit_trust::{Certificate, PeerChain, TrustAnchor};
use jit_trust_bundle::{Root, RootList};
use pki_types::CertificateDer;

use crate::args::FindArgs;
use crate::certificates;
use crate::exit::Failure;
use crate::label::joined;
use crate::show::table;
use crate::shown::shown;
use crate::store;
use crate::terminal::{print, warning};
use crate::trust::trusted_up_to;

/// PEM has 64 characters of base64 in a line (RFC 7468 section 2).
const PEM_LINE: usize = 64;

pub(crate) fn run(args: &FindArgs) -> Result<(), Failure> {
    let list = store::read(&args.store)?;
    let store = shown(args.store.to_string_lossy()).to_string();
    if list.roots().is_empty() {
        return Err(store::no_root(&store));
    }
    let found = match (&args.skid, &args.issuer_of) {
        (Some(skid), _) => with_key_id(&list, &skid.0, &store)?,
        (None, Some(path)) => issuers_of(path, &list, &store)?,
        (None, None) => return Err(Failure::bad_input("find: expected --skid or --issuer-of")),
    };
    if args.pem {
        print(pem(&found, &store)?)
    } else {
        print(table(found.into_iter()))
    }
}

fn with_key_id<'l>(list: &'l RootList, key_id: &[u8], store: &str) -> Result<Vec<&'l Root>, Failure> {
    let has_it = |root: &&Root| {
        let own = root.entry();
        own.subject_key_id().is_some_and(|own| own.as_bytes() == key_id)
    };
    let found: Vec<&Root> = list.roots().iter().filter(has_it).collect();
    if found.is_empty() {
        return Err(Failure::failed(format!(
            "{store}: no root with this key identifier"
        )));
    }
    Ok(found)
}

/// The roots that could have issued a certificate of this file. What keeps one of them from vouching for it is said on
/// stderr.
fn issuers_of<'l>(path: &Path, list: &'l RootList, store: &str) -> Result<Vec<&'l Root>, Failure> {
    let given = certificates::read(path)?;
    let chain = read_chain(path, &given)?;
    let mut found = Vec::new();
    for root in list.roots() {
        let entry = root.entry();
        let Some(anchor) = chain.issuers().find_map(|issuer| entry.named(issuer)) else {
            continue;
        };
        if !chain.may_lean_on(&anchor) {
            warn_of_date(&anchor, &chain, store);
        }
        found.push(root);
    }
    if found.is_empty() {
        let issuers = chain.issuers().map(|issuer| format!("\"{issuer}\""));
        let issuers = joined(issuers, " or ");
        return Err(Failure::failed(format!("{store}: no root named {issuers}")));
    }
    Ok(found)
}

fn warn_of_date(anchor: &TrustAnchor<'_>, chain: &PeerChain<'_>, store: &str) {
    if let Some(distrust_after) = anchor.distrust_after() {
        let root = anchor.subject().to_string();
        warning(trusted_up_to(&root, store, distrust_after, chain.issued_at()));
    }
}

/// The certificates as a chain. The order does not matter here, so that one that cannot be read is an error wherever
/// it stands.
fn read_chain<'a>(path: &Path, given: &'a [CertificateDer<'static>]) -> Result<PeerChain<'a>, Failure> {
    for (index, der) in given.iter().enumerate() {
        Certificate::from_der(der)
            .map_err(|error| Failure::bad_file(path, format_args!("certificate {} is {error}", index + 1)))?;
    }
    let chain = PeerChain::read(given.iter().map(AsRef::as_ref));
    chain.map_err(|error| Failure::bad_file(path, error))
}

/// The roots in PEM: all of them or none.
fn pem(found: &[&Root], store: &str) -> Result<String, Failure> {
    let certificates = found.iter().map(|root| {
        root.der().map(|der| pem_of(der)).ok_or_else(|| {
            Failure::failed(format!(
                "{store}: holds no certificate of {}; `jit-trust bundle --certificates` makes a blob with them, from a \
                 list that has them",
                root.label()
            ))
        })
    });
    certificates.collect()
}

fn pem_of(certificate: &[u8]) -> String {
    let base64 = BASE64_STANDARD.encode(certificate);
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
