//! Mozilla's list of roots, in any form it is published in, to every form a device wants.
//!
//! [`read`] takes one or several inputs, tells by their content what they are, and gives one [`RootList`]:
//!
//! | input | what is taken |
//! |---|---|
//! | PEM (RFC 7468), with any text between the sections | every `CERTIFICATE`, the certificates of `PKCS7`, and every `TRUSTED CERTIFICATE` of OpenSSL's that is trusted for servers; other sections are reported |
//! | DER | the one certificate |
//! | PKCS #7 (`.p7b`) | the certificates; what is signed, or holds anything else, is refused |
//! | p11-kit's list (`[p11-kit-object-v1]`) | what is `trusted` and, its added extensions heeded, for servers; `x-distrusted` beside it; `nss-server-distrust-after` and added name constraints |
//! | a directory | its PEM and DER files, in the order of their names; what else a system has in such a directory is passed over, and counted in one note |
//! | NSS's `certdata.txt` | the roots with `CKA_TRUST_SERVER_AUTH` `CKT_NSS_TRUSTED_DELEGATOR`, and `CKA_NSS_SERVER_DISTRUST_AFTER`; the name constraints of NSS's code, which are not in the file, from [`jit_trust_core::mozilla`] |
//! | CCADB's CSV reports with PEM, on the roots of Mozilla or Microsoft | the rows for servers (trust bit `Websites`, EKU `Server Authentication`) whose status is `Included`, as far as there are such columns; with "Distrust for TLS After Date" and "Mozilla Applied Constraints" |
//! | a trust blob of either version | all of it; of a blob of version 2 without certificates, roots without |
//! | a webroot | all of it: every certificate, blob and key entry must be what a webroot of the roots in its index has; what `index.json` says for people is not looked at |
//! | a webroot of another tool, without `index.json` | the certificates in `der`, else those under `by-skid`; and the anchors in the blobs under `by-subject` |
//! | `mozilla` | the list compiled in, with the conditions of [`jit_trust_core::mozilla`] |
//!
//! What it gives can be written as a trust blob ([`encode_blob`], [`write_blob`]), as a webroot ([`write_webroot`])
//! and for a C compiler ([`c_array`]); files and webroots take their places in one step. The same inputs, options and
//! [`generation()`] give the same bytes; a store of an older generation does not replace a newer one unless it is told
//! to ([`Replace`]). What is in a list is told by [`Record`] and [`Summary`], how two differ by [`Diff`].
//!
//! A [`Root`] is a trust anchor; its certificate may not be known. Everything but version 1 of the trust blob,
//! webroots and PEM can do without.
//!
//! **Nothing is left out silently**: what is not taken is an error, a [`Note`], or listed in [`RootList::left_out`].
//! And **conditions are not lost silently**: a list may say that a root is trusted only for certificates issued up to
//! a date, or only for some domains ([`Conditions`]), and version 2 of the trust blob keeps that. Bare certificates
//! and version 1 of the trust blob cannot; writing them says which roots that concerns ([`LostConditions`]), and
//! reading them gives a note. Of two statements on one root the stricter holds; a date or a domain that cannot be
//! read refuses the input.
//!
//! No signature is checked here, and no date: a root is trusted because it is in the list, and its maker
//! answers for it.
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
