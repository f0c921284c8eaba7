//! `jit-trust find`: roots of a store by key identifier, or as issuers of a given certificate.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use clap::{ArgGroup, Args};
use jit_trust::{Certificate, DatedRoot, PeerChain};
use jit_trust_bundle::{Root, RootList};
use pki_types::CertificateDer;

use crate::exit::Failure;
use crate::show::table;
use crate::shown::{joined, shown};
use crate::terminal::{print, warning};
use crate::{certificates, store};

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

/// A key identifier in hex, in either case, with or without colons.
#[derive(Clone, Debug)]
pub(crate) struct HexKeyId(pub(crate) Vec<u8>);

impl FromStr for HexKeyId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits: Option<Vec<u8>> = text
            .chars()
            .filter(|character| *character != ':')
            .map(|digit| u8::try_from(digit.to_digit(16)?).ok())
            .collect();
        let digits = digits.filter(|digits| !digits.is_empty() && digits.len() % 2 == 0);
        let digits = digits.ok_or("expected pairs of hex digits, such as 79B459E6… or 79:B4:59:E6:…")?;
        Ok(Self(
            digits
                .chunks_exact(2)
                .filter_map(|pair| Some(pair.first()? << 4 | pair.last()?))
                .collect(),
        ))
    }
}

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

/// The roots that could have issued a certificate of this file. Where its date keeps one of them from being used, a
/// warning says so.
fn issuers_of<'l>(path: &Path, list: &'l RootList, store: &str) -> Result<Vec<&'l Root>, Failure> {
    let given = certificates::read(path)?;
    let chain = read_chain(path, &given)?;
    let mut found = Vec::new();
    for root in list.roots() {
        let entry = root.entry();
        let Some(anchor) = chain.issuers().find_map(|issuer| entry.named(issuer)) else {
            continue;
        };
        if let Some(dated) = DatedRoot::of(&anchor, &chain) {
            warning(dated.in_store(store));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_identifiers_are_hex_with_or_without_colons() {
        let key_id = |text: &str| text.parse::<HexKeyId>().map(|key_id| key_id.0).ok();
        assert_eq!(key_id("79:b4:0A"), Some(vec![0x79, 0xb4, 0x0a]));
        assert_eq!(key_id("79B40a"), Some(vec![0x79, 0xb4, 0x0a]));
        for text in ["", ":", "7", "79:B", "zz", "79 B4"] {
            assert_eq!(key_id(text), None, "{text}");
        }
    }
}
