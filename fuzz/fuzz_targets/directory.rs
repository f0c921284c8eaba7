//! A directory of files, on its own or as the webroot of another tool: it is refused, or its roots come back from a
//! blob. What is passed over in it is no list of roots by itself.
//!
//! The first byte of an input says which folder the files are in; the rest is the files.
#![no_main]

use std::fs;

use jit_trust_bundle::{Form, Input, Policy, RootList, read};
use jit_trust_fuzz::{list, mutation, pieces};
use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};

/// The directory itself, and the folders of a webroot.
const FOLDERS: [&str; 4] = [".", "der", "by-skid", "by-subject"];

/// In an order that is not that of the input.
const NAMES: [&str; 6] = ["b.pem", "0A0B", "c.tblb", "a.der", "README", "0a0b0c0d.0"];

fuzz_target!(|bytes: &[u8]| {
    let Some((folder, files)) = bytes.split_first() else {
        return;
    };
    let directory = tempfile::tempdir().expect("a temporary directory");
    let folder = directory
        .path()
        .join(FOLDERS[usize::from(*folder) % FOLDERS.len()]);
    fs::create_dir_all(&folder).expect("a directory in a temporary directory");
    let files = pieces::split(files);
    for (name, content) in NAMES.iter().zip(&files) {
        fs::write(folder.join(name), content).expect("a file in a temporary directory");
    }
    let is_plain = folder == directory.path().join(FOLDERS[0]);
    for policy in [Policy::Strict, Policy::SkipInvalid, Policy::Store] {
        let list = list::checked(&Input::Path(directory.path().to_owned()), policy);
        // The other policy lists what is wrong, and goes on.
        if let Some(list) = list.filter(|_| is_plain && policy != Policy::SkipInvalid) {
            let read = files.iter().take(NAMES.len());
            read.for_each(|content| assert_is_not_lost(content, &list, policy));
        }
    }
});

/// What a file has as an input of its own, it has in a directory: roots without conditions. One that has more refuses the
/// directory.
fn assert_is_not_lost(content: &[u8], list: &RootList, policy: Policy) {
    let Ok(alone) = read(&[list::content(content)], policy) else {
        return;
    };
    let form = alone.sources()[0].form;
    assert!(matches!(form, Form::Pem | Form::Der), "{form:?} was passed over");
    for root in alone.roots() {
        let mut roots = list.roots().iter();
        assert!(roots.any(|taken| taken.spki_fingerprint() == root.spki_fingerprint()));
    }
}

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let Some((folder, files)) = data[..size].split_first() else {
        return fuzzer_mutate(data, size, max_size);
    };
    let mut files: Vec<Vec<u8>> = pieces::split(files).into_iter().map(<[u8]>::to_vec).collect();
    if files.is_empty() || seed & 3 == 0 {
        return fuzzer_mutate(data, size, max_size);
    }
    let at = (seed >> 8) as usize % files.len();
    files[at] = match files[at].first() {
        Some(0x30) => mutation::der::mutate(&files[at], seed >> 2, fuzzer_mutate),
        _ => mutation::text::mutate(&files[at], seed >> 2, fuzzer_mutate),
    };
    let mutated = [&[*folder][..], &pieces::join(&files)].concat();
    mutation::put(&mutated, data, max_size)
});
