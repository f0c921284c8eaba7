//! The webroots that stay as they are while their indexes change.

use std::path::Path;

use jit_trust_bundle::{BlobOptions, BlobVersion, Conditions, KeyEntries, Replace, Root, write_webroot};

use crate::list::GENERATION;
use crate::pool;

/// The roots of the webroots: two of one name, and another.
const ROOTS: std::ops::Range<usize> = 2..5;

/// The form of its blobs, and whether the roots have conditions: one of each version.
pub const FORMS: [(BlobVersion, bool); 3] = [
    (BlobVersion::V1, false),
    (BlobVersion::V2, false),
    (BlobVersion::V2, true),
];

/// The roots of a webroot, out of a pool that may be another than this program has in it: `seed` makes it anew.
pub fn roots(pool: &[impl AsRef<[u8]>], with_conditions: bool) -> Vec<Root> {
    let roots = pool[ROOTS].iter().zip(0..).map(|(der, number)| {
        let mut conditions = Conditions::default();
        if with_conditions && number < 2 {
            conditions.distrust_after = Some(pool::TIME);
            conditions.name_constraints = (number == 1).then(|| b"\xa0\x0a\x30\x08\x82\x06b.test".to_vec());
        }
        Root::new(der.as_ref().to_vec(), conditions).expect("a root")
    });
    roots.collect()
}

/// Writes the webroot of these roots, always the same.
pub fn write(path: &Path, version: BlobVersion, roots: &[Root]) {
    let options = BlobOptions::default().with_version(version).with_names(true);
    let written = write_webroot(
        path,
        roots,
        GENERATION,
        options,
        KeyEntries::Copies,
        Replace::Always,
    );
    written.expect("a webroot in a temporary directory");
}
