//! Whatever the `index.json` of a webroot says: it is refused, or the roots are those that are there.
#![no_main]

use std::fs;
use std::sync::LazyLock;

use jit_trust_bundle::{BlobVersion, Input, Policy, Root};
use jit_trust_fuzz::webroot::{self, FORMS};
use jit_trust_fuzz::{list, mutation, pool};
use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use tempfile::TempDir;

/// A webroot, of which everything but the index stays as it is.
struct Webroot {
    directory: TempDir,
    version: BlobVersion,
    roots: Vec<Root>,
}

/// In its directory.
const NAME: &str = "webroot";

static WEBROOTS: LazyLock<[Webroot; FORMS.len()]> = LazyLock::new(|| {
    FORMS.map(|(version, with_conditions)| {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let roots = webroot::roots(pool::roots(), with_conditions);
        webroot::write(&directory.path().join(NAME), version, &roots);
        Webroot {
            directory,
            version,
            roots,
        }
    })
});

fuzz_target!(|index: &[u8]| {
    for webroot in WEBROOTS.iter() {
        let path = webroot.directory.path().join(NAME);
        fs::write(path.join("index.json"), index).expect("a file in a temporary directory");
        for policy in [Policy::Strict, Policy::Store] {
            let list = list::checked(&Input::Path(path.clone()), policy);
            list.inspect(|list| check(list.roots(), webroot));
        }
    }
});

/// The conditions are those of the blobs, where these have any: of version 1 they stand only in the index.
fn check(found: &[Root], webroot: &Webroot) {
    let expected = webroot.roots.iter();
    assert!(found.iter().map(Root::der).eq(expected.map(Root::der)));
    if webroot.version.carries_conditions() {
        assert_eq!(found, webroot.roots);
    }
}

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    if seed & 1 == 0 {
        return fuzzer_mutate(data, size, max_size);
    }
    let mutated = mutation::text::mutate(&data[..size], seed >> 1, fuzzer_mutate);
    mutation::put(&mutated, data, max_size)
});
