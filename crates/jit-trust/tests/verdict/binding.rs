//! What binds a root beside its own entry: what the store says in other entries of the same name and key.
//!
//! Nothing here is jit-trust's. Names and keys are read by x509-parser, a certificate's own constraints by webpki.

use std::collections::HashMap;

use pki_types::CertificateDer;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::root::TrustedRoot;

/// What binds a root.
#[derive(Clone, Debug)]
pub(crate) struct Binding {
    /// The earliest date of its name and key.
    pub(crate) distrust_after: Option<u64>,
    /// For each set of name constraints of its name and key that is not its own: its certificate with that set instead.
    pub(crate) imposed: Vec<CertificateDer<'static>>,
    /// Its name and its key, in DER: all of them are taken out together.
    pub(crate) identity: (Vec<u8>, Vec<u8>),
}

/// What binds each of these roots, in their order.
pub(crate) fn of(roots: &[TrustedRoot]) -> Vec<Binding> {
    bind(roots, |root| (root.distrust_after, root.effective_constraints()))
}

/// What binds each of them in a store that cannot carry conditions: the constraints in certificates.
pub(crate) fn without_conditions(roots: &[TrustedRoot]) -> Vec<Binding> {
    bind(roots, |root| (None, root.own_constraints()))
}

fn bind(
    roots: &[TrustedRoot],
    stated: impl Fn(&TrustedRoot) -> (Option<u64>, Option<Vec<u8>>),
) -> Vec<Binding> {
    let stated: Vec<_> = roots.iter().map(stated).collect();
    let identities: Vec<_> = roots.iter().map(|root| identity(&root.der)).collect();
    let mut groups: HashMap<_, Vec<usize>> = HashMap::new();
    for (place, identity) in identities.iter().enumerate() {
        groups.entry(identity).or_default().push(place);
    }
    let bindings = roots.iter().enumerate().map(|(place, root)| {
        let group = || groups[&identities[place]].iter().map(|member| &stated[*member]);
        let mut sets: Vec<&Vec<u8>> = group().filter_map(|(_, set)| set.as_ref()).collect();
        sets.retain(|set| Some(*set) != stated[place].1.as_ref());
        sets.sort();
        sets.dedup();
        Binding {
            distrust_after: group().filter_map(|(date, _)| *date).min(),
            imposed: sets.iter().map(|set| root.with_constraints(Some(set))).collect(),
            identity: identities[place].clone(),
        }
    });
    bindings.collect()
}

/// The name and the key, in DER.
fn identity(der: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let (_, certificate) = X509Certificate::from_der(der).unwrap();
    (
        certificate.subject().as_raw().to_vec(),
        certificate.public_key().raw.to_vec(),
    )
}
