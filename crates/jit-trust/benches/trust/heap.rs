//! What stays on the heap when trust is ready. Exact, and held to the budgets by tests.

use jit_trust::FileStore;

use crate::open::{native_certs, webpki_roots};

pub(crate) fn run() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("trust.tblb");
    std::fs::write(&path, jit_trust::mozilla().as_bytes()).expect("a file in the temporary directory");

    row("a blob in the program", jit_trust::mozilla);
    row("a blob file", || FileStore::open(&path).expect("a good blob"));
    row("webpki-roots", webpki_roots);
    row("rustls-native-certs", native_certs);
}

fn row<T>(what: &str, make: impl Fn() -> T) {
    drop(make()); // what is set up once and for all does not count
    let mut kept = None;
    let counted = allocation_counter::measure(|| kept = Some(make()));
    println!("| {what} | {} |", counted.bytes_current);
}
