//! Reading lists of roots, in any form they are published in.

mod blob;
mod ccadb;
mod certdata;
mod constraints;
mod directory;
pub(crate) mod file;
mod lines;
mod mozilla;
mod pem;
mod recognise;
mod webroot;

pub use file::MAX_INPUT_LEN;
pub use pem::pem_certificates;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::list::Collector;
use crate::{Conditions, Form, InputError, Place, Policy, Problem, RootList};
use recognise::recognise;
use webroot::Directory;

/// Where roots are read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// Mozilla's list, compiled in from `webpki-root-certs`: CCADB's report at the time of that crate, with the
    /// conditions of [`jit_trust_core::mozilla`].
    Mozilla,
    /// A file or directory. What it is is told by its content, not by its name. A pipe is read only as `/dev/stdin`
    /// or `/dev/fd/…`.
    Path(PathBuf),
    /// The content of a file.
    Bytes {
        /// What messages call it: its path or address.
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

/// Reads these inputs as one list: one after the other, each root once. Roots are the same when their certificates
/// are; where one of them has none, when the rest is, conditions apart.
///
/// # Errors
/// When an input cannot be read whole, holds a certificate that the policy refuses, or no root is left, other than of
/// trust blobs without anchors under [`Policy::Store`].
pub fn read(inputs: &[Input], policy: Policy) -> Result<RootList, InputError> {
    let mut collector = Collector::new(policy);
    for input in inputs {
        match input {
            Input::Mozilla => mozilla::read(&mut collector)?,
            Input::Path(path) => read_path(path, &mut collector)?,
            Input::Bytes { name, bytes } => read_bytes(&Place::whole(name), bytes, &mut collector)?,
        }
    }
    collector.finish()
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
        return Err(Problem::Unrecognised.at(place.clone()));
    };
    // These find out themselves what they carry.
    match form {
        Form::Blob => return blob::read(place, bytes, collector),
        Form::Ccadb => return ccadb::read(place, bytes, collector),
        _ => collector.source(place, form),
    }
    match form {
        Form::Certdata => certdata::read(place, bytes, collector),
        _ => read_certificates(place, form, bytes, collector),
    }
}

/// Reads what a directory may hold too: PEM or DER.
fn read_certificates(
    place: &Place,
    form: Form,
    bytes: &[u8],
    collector: &mut Collector,
) -> Result<(), InputError> {
    if form == Form::Pem {
        pem::read(place, bytes, collector)
    } else {
        collector.offer(place.certificate(1), bytes.to_vec(), Conditions::default())
    }
}
