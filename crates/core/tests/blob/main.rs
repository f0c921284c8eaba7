//! The trust blob: what was written is found, and what is damaged is refused.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod v1;
mod v2;

use jit_trust_lab::pki::{Ca, SubjectKeyId};

type Roots = Vec<Vec<u8>>;

/// Two roots of one name, one without a SKID, one with a short SKID.
fn roots() -> Roots {
    let without = Ca::builder("Without SKID").subject_key_id(SubjectKeyId::Absent);
    let short = Ca::builder("Short").subject_key_id(SubjectKeyId::Bytes(vec![7]));
    let roots = [
        Ca::root("Twin"),
        Ca::root("Twin"),
        without.self_signed(),
        short.self_signed(),
    ];
    roots.iter().map(|root| root.der().to_vec()).collect()
}

/// So many roots of different names, all with one key.
fn many_roots(count: usize) -> Roots {
    let root = Ca::root("Filler").der();
    let numbered = |number: usize| {
        let mut der = root.to_vec();
        let places = der.windows(6).enumerate().filter(|(_, name)| *name == b"Filler");
        let places: Vec<_> = places.map(|(at, _)| at).collect();
        for at in places {
            der[at..at + 6].copy_from_slice(format!("F{number:05}").as_bytes());
        }
        der
    };
    (0..count).map(numbered).collect()
}
