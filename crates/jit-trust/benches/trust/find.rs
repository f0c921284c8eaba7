//! Finding one anchor by the hash of its name.

use std::hint::black_box;

use jit_trust_core::{Certificate, EncodedEntry, Entry, Name, NameHashPrefix, TrustBlob, v1, v2};
use sha2::{Digest, Sha256};
use webpki_root_certs::TLS_SERVER_ROOT_CERTS;

use crate::paired::{compare, measure};

const A_MILLION: u32 = 1_000_000;

/// How many keys are looked up in turn, so that the branch predictor does not know what comes.
const KEYS: u32 = 1 << 16;

/// How many are looked up in turn among a million anchors, so that what they need is in the processor's caches.
const WARM: usize = 1 << 12;

pub(crate) fn run() {
    let mozilla = &jit_trust::mozilla().blob();
    let present: Vec<_> = mozilla.entries().map(|entry| entry.name_hash()).collect();
    let present = in_random_order(|number| present[number as usize % present.len()]);
    let absent = in_random_order(|number| hash_of(b"absent", number));
    measure(
        "find a name hash in Mozilla's list, present",
        lookups(mozilla, &present),
        "50 ns",
    );
    measure(
        "find a name hash in Mozilla's list, absent",
        lookups(mozilla, &absent),
        "50 ns",
    );
    hash_a_name();
    scan_version_1();

    let million = million();
    let million = TrustBlob::open(&million).expect("a good blob");
    let among_a_million = in_random_order(|number| hash_of(b"present", number % A_MILLION));
    for (what, keys, small, budget) in [
        ("present, warm", &among_a_million[..WARM], &present, "4"),
        ("absent, warm", &absent[..WARM], &absent, "4"),
        ("present, 65,536 in turn", &among_a_million, &present, ""),
    ] {
        let what = format!("find a name hash among a million anchors, {what}");
        let theirs = ("in Mozilla's list", lookups(mozilla, small));
        compare(&what, lookups(&million, keys), theirs, budget);
    }
}

/// Looks one key up after the other, one for each call.
fn lookups<'b>(blob: &'b TrustBlob<'_>, keys: &'b [NameHashPrefix]) -> impl FnMut() -> usize + 'b {
    let mut keys = keys.iter().cycle();
    move || {
        let key = keys.next().expect("a cycle has no end");
        blob.by_name_hash(*key).count()
    }
}

/// What a connection has to do before it can look an issuer up.
fn hash_a_name() {
    let ders: Vec<_> = TLS_SERVER_ROOT_CERTS.iter().map(|der| der.to_vec()).collect();
    let names: Vec<Name<'_>> = ders.iter().map(|der| certificate(der).subject()).collect();
    let mut names = names.iter().cycle();
    measure(
        "hash a name",
        || names.next().map(|name| name.hash().prefix()),
        "",
    );
}

/// A version without an index: all entries are gone over.
fn scan_version_1() {
    let certificates: Vec<_> = TLS_SERVER_ROOT_CERTS.iter().map(|der| certificate(der)).collect();
    let blob = v1::to_vec(&certificates, 7).expect("a list that fits");
    let blob = TrustBlob::open(&blob).expect("a good blob");
    let mut names = certificates.iter().cycle();
    let mut scan = || {
        blob.by_subject(names.next().expect("a cycle has no end").subject())
            .map(black_box)
            .count()
    };
    measure(
        "find a name in Mozilla's list, version 1, scanning",
        || black_box(scan()),
        "",
    );
}

fn certificate(der: &[u8]) -> Certificate<'_> {
    Certificate::from_der(der).expect("a readable certificate")
}

/// The hash of a name that nobody has.
fn hash_of(kind: &[u8], number: u32) -> NameHashPrefix {
    let hash = Sha256::new()
        .chain_update(kind)
        .chain_update(number.to_be_bytes())
        .finalize();
    NameHashPrefix::from_bytes(*hash.first_chunk().expect("32 bytes"))
}

fn in_random_order(key: impl Fn(u32) -> NameHashPrefix) -> Vec<NameHashPrefix> {
    // A multiplier that is odd and large: every number comes, in an order that looks like none.
    (0..KEYS)
        .map(|number| key(number.wrapping_mul(2_654_435_769) >> 3))
        .collect()
}

/// A store of a million anchors: one key, the same for all, under a million hashes of names.
fn million() -> Vec<u8> {
    let root = certificate(TLS_SERVER_ROOT_CERTS[0].as_ref());
    let entry = [Entry::from_certificate(root)];
    let options = v2::Options::default();
    let one = v2::to_vec(&entry, options, 7).expect("one entry");
    let one = TrustBlob::open(&one).expect("a good blob");
    let record = one.entries().next().expect("one entry").encoded().as_bytes();
    let named = |number| EncodedEntry::Record {
        name_hash: hash_of(b"present", number),
        record,
    };
    let entries: Vec<_> = (0..A_MILLION)
        .map(|number| named(number).read().expect("the record of an anchor"))
        .collect();
    v2::to_vec(&entries, options, 7).expect("a list that fits")
}
