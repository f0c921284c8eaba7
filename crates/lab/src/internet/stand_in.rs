//! The roots: one of the lab's for each of Mozilla's.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use jit_trust_core::mozilla::CONDITIONS;
use jit_trust_core::{Certificate, Entry, v2};
use pki_types::CertificateDer;
use sha2::{Digest, Sha256};
use webpki_root_certs::TLS_SERVER_ROOT_CERTS;

use crate::pki::{Ca, Key, KeyKind, Name, RootFacts};

/// A root that stands in for one of Mozilla's: its certificate differs in the key, the signature and their
/// algorithms only, and Mozilla's conditions hold for it too. Its key is of the same kind and length.
#[derive(Clone, Debug)]
pub struct StandIn {
    ca: Ca,
    real: &'static [u8],
    facts: RootFacts,
    distrust_after: Option<u64>,
    name_constraints: Option<Vec<u8>>,
}

impl StandIn {
    /// The root, to issue with.
    pub fn ca(&self) -> &Ca {
        &self.ca
    }

    /// Its certificate.
    pub fn der(&self) -> CertificateDer<'static> {
        self.ca.der()
    }

    /// Its subject, which is that of the root it stands in for.
    pub fn subject(&self) -> &Name {
        self.ca.name()
    }

    /// The certificate of the root that it stands in for.
    pub fn real(&self) -> &'static [u8] {
        self.real
    }

    /// The last second, in Unix time, of which end-entity certificates are trusted under it.
    pub fn distrust_after(&self) -> Option<u64> {
        self.distrust_after
    }

    /// The name constraints imposed on it: the inside of a `NameConstraints` SEQUENCE (RFC 5280 section
    /// 4.2.1.10).
    pub fn name_constraints(&self) -> Option<&[u8]> {
        self.name_constraints.as_deref()
    }

    /// notBefore and notAfter of its certificate, in Unix seconds.
    pub fn validity(&self) -> (i64, i64) {
        (self.facts.not_before, self.facts.not_after)
    }

    pub(super) fn has_conditions(&self) -> bool {
        self.distrust_after.is_some() || self.name_constraints.is_some()
    }

    pub(super) fn limits_path_length(&self) -> bool {
        self.facts.path_length.is_some()
    }

    fn of(number: usize, real: &'static [u8]) -> Self {
        let facts = RootFacts::of(real);
        let kind = facts
            .key_kind
            .expect("the lab has every kind of key that Mozilla's roots have");
        let key = match kind {
            KeyKind::Rsa2048 | KeyKind::Rsa4096 => Key::weak_rsa(kind, number),
            _ => Key::ecdsa(kind, &Sha256::digest(real).into()),
        };
        let spki_sha256: [u8; 32] = Sha256::digest(&facts.spki).into();
        let conditions = CONDITIONS
            .iter()
            .find(|conditions| conditions.spki_sha256 == spki_sha256);
        Self {
            ca: Ca::copy_of_root(real, &key),
            real,
            facts,
            distrust_after: conditions.and_then(|conditions| conditions.distrust_after),
            name_constraints: conditions
                .and_then(|conditions| conditions.name_constraints)
                .map(<[u8]>::to_vec),
        }
    }
}

/// All of them, in the order of Mozilla's list as the crate `webpki-root-certs` has it. They are the same in
/// every process, except for signatures, and in every internet of a process. Making them takes some time,
/// once.
pub fn stand_ins() -> &'static [StandIn] {
    static ALL: LazyLock<Vec<StandIn>> = LazyLock::new(make_all);
    &ALL
}

/// Makes them on all processors: signing with RSA of 4096 bits takes milliseconds.
fn make_all() -> Vec<StandIn> {
    let next = AtomicUsize::new(0);
    let make_some = || {
        let mut made = Vec::new();
        while let Some((number, real)) = {
            let number = next.fetch_add(1, Ordering::Relaxed);
            TLS_SERVER_ROOT_CERTS.get(number).map(|real| (number, real))
        } {
            made.push((number, StandIn::of(number, real)));
        }
        made
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut all = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(make_some)).collect();
        let made = threads
            .into_iter()
            .map(|thread| thread.join().expect("every root can be copied"));
        made.flatten().collect::<Vec<_>>()
    });
    all.sort_by_key(|(number, _)| *number);
    all.into_iter().map(|(_, root)| root).collect()
}

/// A trust blob of version 2 with these roots, under their conditions.
pub(super) fn trust_blob(roots: &[StandIn]) -> Vec<u8> {
    let ders: Vec<_> = roots.iter().map(StandIn::der).collect();
    let entries: Vec<Entry<'_>> = roots
        .iter()
        .zip(&ders)
        .map(|(root, der)| {
            let certificate = Certificate::from_der(der).expect("the stand-ins are readable");
            Entry::from_certificate(certificate)
                .with_distrust_after(root.distrust_after())
                .with_name_constraints(root.name_constraints())
        })
        .collect();
    let blob = v2::to_vec(&entries, v2::Options::default(), 1);
    blob.expect("the stand-ins are no more than Mozilla's roots")
}
