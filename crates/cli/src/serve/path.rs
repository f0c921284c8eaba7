//! Which files a webroot has, by the paths of requests.

use std::path::PathBuf;

/// The longest file name that file systems take.
const MAX_NAME_LEN: usize = 255;

/// A file of a webroot, there or not. It can only be made from a path that has the form of one, so that no request
/// reads anything else, whatever is in its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct WebrootFile<'a> {
    /// Relative to the webroot, with `/` between its parts.
    path: &'a str,
    pub(super) content_type: &'static str,
}

impl<'a> WebrootFile<'a> {
    /// The file at the path of a URL. Nothing is decoded: no name in a webroot needs escapes.
    pub(super) fn at(path: &'a str) -> Option<Self> {
        let path = path.strip_prefix('/')?;
        let content_type = match path.split_once('/') {
            None if path == "index.json" => "application/json",
            None if path == "bundle.tblb" => BLOB,
            Some(("by-subject", name)) if name.strip_suffix(".tblb").is_some_and(is_hash) => BLOB,
            Some(("by-skid", name)) if is_name_of(name, UPPER_HEX) => CERTIFICATE,
            Some(("by-iss", name)) if name.split_once('-').is_some_and(is_hash_and_serial) => CERTIFICATE,
            Some(("der", name)) if name.strip_suffix(".der").is_some_and(is_hash) => CERTIFICATE,
            _ => return None,
        };
        Some(Self { path, content_type })
    }

    pub(super) fn path(&self) -> PathBuf {
        self.path.split('/').collect()
    }
}

const BLOB: &str = "application/octet-stream";
/// RFC 2585 section 4.1.
const CERTIFICATE: &str = "application/pkix-cert";

const UPPER_HEX: &str = "0123456789ABCDEF";
const LOWER_HEX: &str = "0123456789abcdef";

fn is_hash(text: &str) -> bool {
    text.len() == 64 && is_name_of(text, LOWER_HEX)
}

fn is_hash_and_serial((hash, serial): (&str, &str)) -> bool {
    is_hash(hash) && is_name_of(serial, LOWER_HEX)
}

fn is_name_of(text: &str, digits: &str) -> bool {
    (1..=MAX_NAME_LEN).contains(&text.len()) && text.chars().all(|digit| digits.contains(digit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_that_a_webroot_has_can_be_asked_for() {
        let directory = tempfile::tempdir().unwrap();
        let target = directory.path().join("webroot");
        let list = jit_trust_bundle::read(
            &[jit_trust_bundle::Input::Mozilla],
            jit_trust_bundle::Policy::Strict,
        )
        .unwrap();
        jit_trust_bundle::write_webroot(
            &target,
            list.roots(),
            1,
            jit_trust_bundle::BlobOptions::default(),
            jit_trust_bundle::KeyEntries::Copies,
            jit_trust_bundle::Replace::UnlessNewer,
        )
        .unwrap();
        let mut seen = 0;
        for entry in std::fs::read_dir(&target).unwrap().map(Result::unwrap) {
            let name = entry.file_name().into_string().unwrap();
            if entry.path().is_file() {
                assert!(WebrootFile::at(&format!("/{name}")).is_some(), "{name}");
                continue;
            }
            for inner in std::fs::read_dir(entry.path()).unwrap().map(Result::unwrap) {
                let inner = inner.file_name().into_string().unwrap();
                let asked = format!("/{name}/{inner}");
                let file = WebrootFile::at(&asked).expect(&asked);
                assert_eq!(target.join(file.path()), entry.path().join(&inner));
                seen += 1;
            }
        }
        assert!(seen > 400, "{seen}");
    }

    #[test]
    fn nothing_else_can() {
        let hash = "a".repeat(64);
        for path in [
            "",
            "/",
            "index.json",
            "//index.json",
            "/./index.json",
            "/INDEX.JSON",
            "/index.json/",
            "/by-subject",
            "/by-subject/",
            "/by-subject/.tblb",
            "/by-subject/../index.json",
            "/by-subject/%2e%2e/index.json",
            "/by-subject/..\\index.json",
            "/by-skid/..",
            "/by-skid/ab",
            "/by-skid/AB/CD",
            "/by-iss/-",
            "/der/../../etc/passwd",
            "*",
        ] {
            assert_eq!(WebrootFile::at(path), None, "{path}");
        }
        assert!(WebrootFile::at(&format!("/by-subject/{hash}.tblb")).is_some());
        for path in [
            format!("/by-subject/{hash}"),
            format!("/by-subject/{hash}a.tblb"),
            format!("/by-subject/{}.tblb", hash.to_uppercase()),
            format!("/by-subject/{hash}.tblb.tblb"),
            format!("/by-iss/{hash}-"),
            format!("/by-iss/{hash}-0-0"),
            format!("/by-skid/{}", "A".repeat(256)),
        ] {
            assert_eq!(WebrootFile::at(&path), None, "{path}");
        }
    }
}
