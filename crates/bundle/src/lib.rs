//! Reads Mozilla's list of roots in each of its published forms, and writes it in the forms that devices need.
//!
//! [`read`] reads one or several inputs, detects their forms by their content, and returns one [`RootList`]:
//!
//! | input | what is read |
//! |---|---|
//! | PEM (RFC 7468), with any text between the sections | every `CERTIFICATE`, the certificates of `PKCS7`, and every `TRUSTED CERTIFICATE` of OpenSSL's that is trusted for servers; other sections are reported |
//! | DER | the one certificate |
//! | PKCS #7 (`.p7b`) | the certificates; a file with a signature or other content is refused |
//! | p11-kit's list (`[p11-kit-object-v1]`) | the certificates that are `trusted` and that the added extensions permit for servers; `x-distrusted`; `nss-server-distrust-after` and added name constraints |
//! | a directory | its PEM and DER files, in the order of their names; other files that systems have in such a directory are skipped, and counted in one note |
//! | NSS's `certdata.txt` | the roots with `CKA_TRUST_SERVER_AUTH` `CKT_NSS_TRUSTED_DELEGATOR`, and `CKA_NSS_SERVER_DISTRUST_AFTER`; the name constraints of NSS's code, which are not in the file, from [`jit_trust_core::mozilla`] |
//! | CCADB's CSV reports with PEM, on the roots of Mozilla or Microsoft | the rows for servers (trust bit `Websites`, EKU `Server Authentication`) whose status is `Included`, where there are such columns; with "Distrust for TLS After Date" and "Mozilla Applied Constraints" |
//! | a trust blob of either version | all of it; a blob of version 2 without certificates gives roots without certificates |
//! | a webroot | all of it: every certificate, blob and key entry must be as in a webroot of the roots in its index; the texts for people in `index.json` are not checked |
//! | a webroot of another tool, without `index.json` | the certificates in `der`, else those under `by-skid`; and the anchors in the blobs under `by-subject` |
//! | `mozilla` | the list compiled in, with the conditions of [`jit_trust_core::mozilla`] |
//!
//! The list can be written as a trust blob ([`encode_blob`], [`write_blob`]), as a webroot ([`write_webroot`]) and as a C array
//! ([`c_array`]); files and webroots are replaced in one step. The same inputs, options and [`generation()`] give the same
//! bytes. A store of an older generation replaces a newer one only if the caller allows it ([`Replace`]). [`Record`] and
//! [`Summary`] describe a list, and [`Diff`] the differences between two.
//!
//! A [`Root`] is a trust anchor; its certificate may not be known. Only version 1 of the trust blob, webroots and PEM need the
//! certificate.
//!
//! **Nothing is left out silently**: everything that is not in the list is an error, a [`Note`], or listed in
//! [`RootList::left_out`]. And **conditions are not lost silently**: a list may trust a root only for certificates issued up to
//! a date, or only for some domains ([`Conditions`]), and version 2 of the trust blob holds these conditions. Bare certificates
//! and version 1 of the trust blob cannot hold them: writing these forms returns the roots concerned ([`LostConditions`]), and
//! reading them gives a note. Of two statements about one root the stricter applies. An input with a date or a domain that
//! cannot be read is refused.
//!
//! No signatures and no dates of certificates are checked: a root is trusted because it is in the list, and the maker of the
//! list is responsible for it.
//!
//! ```
//! use jit_trust_bundle::{BlobOptions, Input, Policy, Replace, encode_blob, read, write_blob};
//!
//! # let directory = tempfile::tempdir()?;
//! # let path = directory.path().join("roots.tblb");
//! let list = read(&[Input::named("mozilla")], Policy::Strict)?;
//! let options = BlobOptions::default().with_certificates(true);
//! let blob = encode_blob(list.roots(), jit_trust_bundle::generation(None)?, options)?;
//! write_blob(&path, &blob, Replace::UnlessNewer)?;
//! # let again = read(&[Input::Path(path)], Policy::Strict)?;
//! # assert_eq!(again.roots(), list.roots());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]
#![deny(
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]
#![cfg_attr(
    test,
    allow(
        clippy::as_conversions,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic
    )
)]

mod conditions;
mod constraints;
mod diff;
mod distrust;
mod error;
mod file;
mod fingerprint;
mod generation;
mod hex;
mod input;
mod list;
mod note;
mod output;
mod passed_over;
mod place;
mod record;
mod root;
mod shown;
mod summary;
mod time;
mod update;

pub use conditions::Conditions;
pub use constraints::NameConstraints;
pub use diff::{Changed, Diff, Field};
pub use error::{InputError, Problem};
pub use file::MAX_INPUT_LEN;
pub use fingerprint::Fingerprint;
pub use generation::{GenerationError, generation};
pub use input::{Input, OtherForm, certificates, pem_certificates, read};
pub use list::{Form, Policy, RootList, Source};
pub use note::{Note, NoteKind};
pub use output::{
    BlobOptions, BlobVersion, EncodedBlob, KeyEntries, LostConditions, OutputError, Replace, WrittenWebroot,
    c_array, certificates_of, encode_blob, fitting_version_2, write_blob, write_webroot,
};
pub use passed_over::PassedOver;
pub use place::Place;
pub use record::Record;
pub use root::Root;
pub use summary::{Expiry, Summary};
pub use time::rfc3339;
pub use update::{LostRoots, UpdateError, check_update};
