//! Reads lists of roots in their published forms.

mod blob;
mod ccadb;
mod certdata;
mod collector;
mod der;
mod directory;
mod form;
mod lines;
mod openssl_trust;
mod other_form;
mod p11_kit;
mod pem;
mod purposes;
mod signed_data;
mod webroot;

pub use other_form::OtherForm;
pub use pem::pem_certificates;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use jit_trust_core::mozilla::with_conditions;
use jit_trust_core::{Certificate, Entry};

use crate::{Conditions, Form, InputError, Place, Policy, Problem, Root, RootList, file};
use collector::Collector;
use form::{read_certificates, recognise};
use webroot::Directory;

/// A source of roots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// Mozilla's list, compiled in from `webpki-root-certs`: CCADB's report at the time of that crate, with the
    /// conditions of [`jit_trust_core::mozilla`].
    Mozilla,
    /// A file or directory. Its form is detected by its content, not by its name. A pipe is read only as `/dev/stdin` or
    /// `/dev/fd/…`.
    Path(PathBuf),
    /// The content of a file.
    Bytes {
        /// Its name in messages: its path or address.
        name: String,
        /// The content.
        bytes: Vec<u8>,
    },
}

impl Input {
    /// An input as a user names it: `mozilla`, or a path (`./mozilla` for a file of that name).
    pub fn named(argument: impl AsRef<OsStr>) -> Self {
        let argument = argument.as_ref();
        if argument == "mozilla" {
            Self::Mozilla
        } else {
            Self::Path(argument.into())
        }
    }
}

/// The certificates of a file, in DER and in its order, such as a chain that a server has sent. The file may have any form that
/// contains only certificates: PEM (see [`pem_certificates`]), DER, or PKCS #7. The certificates in DER and PKCS #7 are not
/// parsed.
///
/// # Errors
/// When the content is of another form, and as for [`pem_certificates`].
pub fn certificates(name: impl Into<String>, content: &[u8]) -> Result<Vec<Vec<u8>>, InputError> {
    let name = name.into();
    let place = Place::whole(name.as_str());
    let is_certificate = || content.first() == Some(&0x30) && OtherForm::of_content(content).is_none();
    match recognise(content) {
        Some(Form::Pem | Form::P11Kit) => pem_certificates(name, content),
        Some(Form::SignedData) => {
            let certificates = signed_data::certificates(content).map_err(|problem| problem.at(place))?;
            Ok(certificates.into_iter().map(<[u8]>::to_vec).collect())
        }
        _ if is_certificate() => Ok(vec![content.to_vec()]),
        _ => {
            let other = OtherForm::of_content(content).map(Problem::from);
            Err(other.unwrap_or(Problem::NoCertificates).at(place))
        }
    }
}

/// Reads these inputs as one list: one after the other, each root once. Two roots are the same if their certificates are the
/// same; if one of them has none, if everything else except the conditions is the same.
///
/// A root that one of the inputs explicitly distrusts for servers is not in the list, whatever the order of the inputs, and
/// neither is another certificate with its key. That applies to `x-distrusted` and rejected purposes in p11-kit's list, rejected
/// purposes of a `TRUSTED CERTIFICATE`, and `CKT_NSS_NOT_TRUSTED` in `certdata.txt`. It does not apply to lists that are read
/// separately.
///
/// # Errors
/// When an input cannot be read whole, holds a certificate that the policy refuses, or no root is left, other than of
/// trust blobs without anchors under [`Policy::Store`].
pub fn read(inputs: &[Input], policy: Policy) -> Result<RootList, InputError> {
    let mut collector = Collector::new(policy);
    for input in inputs {
        match input {
            Input::Mozilla => read_mozilla(&mut collector)?,
            Input::Path(path) => read_path(path, &mut collector)?,
            Input::Bytes { name, bytes } => read_bytes(&Place::whole(name), bytes, &mut collector)?,
        }
    }
    collector.finish()
}

/// Reads Mozilla's list as it was compiled in.
fn read_mozilla(collector: &mut Collector) -> Result<(), InputError> {
    let place = Place::whole("mozilla");
    collector.source(&place, Form::Mozilla);
    for (ordinal, der) in (1..).zip(webpki_root_certs::TLS_SERVER_ROOT_CERTS) {
        let place = place.certificate(ordinal);
        match Certificate::from_der(der) {
            Ok(certificate) => {
                let entry = with_conditions(Entry::from_certificate(certificate));
                collector.offer_root(place, Root::from_entry(&entry))?;
            }
            Err(error) => collector.reject(Problem::Certificate(error).at(place))?,
        }
    }
    Ok(())
}

fn read_path(path: &Path, collector: &mut Collector) -> Result<(), InputError> {
    let place = file::place_of(path);
    if !file::is_directory(path, &place)? {
        return read_bytes(&place, &file::read(path)?, collector);
    }
    match webroot::recognise(path)? {
        Directory::Webroot(index) => webroot::read(path, &index, collector),
        Directory::BareWebroot => webroot::read_bare(path, collector),
        Directory::Certificates => directory::read(path, collector),
    }
}

fn read_bytes(place: &Place, bytes: &[u8], collector: &mut Collector) -> Result<(), InputError> {
    file::check_len(place, bytes.len())?;
    if bytes.is_empty() {
        return Err(Problem::Empty.at(place.clone()));
    }
    let Some(form) = recognise(bytes) else {
        let other = OtherForm::of_content(bytes).map(Problem::from);
        return Err(other.unwrap_or(Problem::Unrecognised).at(place.clone()));
    };
    // These find out themselves what they carry.
    match form {
        Form::Blob => return blob::read(place, bytes, collector),
        Form::Ccadb => return ccadb::read(place, bytes, collector),
        _ => collector.source(place, form),
    }
    match form {
        Form::Certdata => certdata::read(place, bytes, collector),
        Form::P11Kit => p11_kit::read(place, bytes, collector),
        Form::SignedData => read_signed_data(place, bytes, collector),
        _ => read_certificates(place, form, bytes, collector),
    }
}

fn read_signed_data(place: &Place, bytes: &[u8], collector: &mut Collector) -> Result<(), InputError> {
    let certificates = signed_data::certificates(bytes).map_err(|problem| problem.at(place.clone()))?;
    for (ordinal, der) in (1..).zip(certificates) {
        collector.offer(place.certificate(ordinal), der.to_vec(), Conditions::default())?;
    }
    Ok(())
}
