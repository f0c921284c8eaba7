//! What every test of a served webroot needs: the webroot, a server's certificate, and what is in the webroot.

use std::path::PathBuf;

use jit_trust_bundle::{BlobOptions, Input, KeyEntries, Policy, Replace, read, write_webroot};
use jit_trust_lab::pki::{Ca, pem};
use tempfile::TempDir;

/// A directory with a webroot, and with a certificate for `localhost` and its key.
pub(crate) struct Served {
    directory: TempDir,
    pub(crate) root: Ca,
}

impl Served {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let root = Ca::root("Lab Root A");
        let issuing = root.intermediate("Lab CA A1");
        let leaf = issuing.leaf_for(&["localhost", "127.0.0.1"]);
        let served = Self { directory, root };
        std::fs::write(served.path("chain.pem"), pem(&leaf.chain(&[&issuing]))).unwrap();
        std::fs::write(served.path("key.pem"), leaf.key().private_pem()).unwrap();
        served.write_generation(1);
        served
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn webroot(&self) -> PathBuf {
        self.path("webroot")
    }

    /// Writes the webroot, or replaces it.
    pub(crate) fn write_generation(&self, generation: u32) {
        let list = read(&[Input::Mozilla], Policy::Strict).unwrap();
        let (options, entries) = (BlobOptions::default(), KeyEntries::Links);
        let replace = Replace::UnlessNewer;
        write_webroot(
            &self.webroot(),
            &list.roots()[..10],
            generation,
            options,
            entries,
            replace,
        )
        .unwrap();
    }

    /// The path, beginning with a slash, and the content of a file in this folder of the webroot.
    pub(crate) fn file_in(&self, folder: &str) -> (String, Vec<u8>) {
        let mut files = std::fs::read_dir(self.webroot().join(folder)).unwrap();
        let file = files.next().unwrap().unwrap();
        let name = file.file_name().into_string().unwrap();
        (format!("/{folder}/{name}"), std::fs::read(file.path()).unwrap())
    }
}

/// A path of an anchor that no webroot has.
pub(crate) fn path_of_none() -> String {
    format!("/by-subject/{}.tblb", "0".repeat(64))
}
