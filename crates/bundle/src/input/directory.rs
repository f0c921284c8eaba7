//! A directory of PEM and DER files, as systems have them: `/etc/ssl/certs` and its like.
//!
//! OpenSSL's `CApath` and Go pass over everything in such a directory that is not a certificate, and so does this. What must not
//! be passed over is a certificate that is damaged, or a file that says more of its roots than PEM can: such a file is
//! refused as if it had been named itself.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::io;
use std::path::Path;

use super::collector::Collector;
use super::form::{read_certificates, recognise};
use crate::passed_over::Kind;
use crate::{Fingerprint, Form, InputError, Problem, file};

/// The most names that a directory may have.
const MAX_NAMES: usize = 1 << 19;

/// Reads the files of a directory in the order of their names, so that the same files give the same list wherever
/// they lie. Links are followed; directories inside are not.
pub(super) fn read(path: &Path, collector: &mut Collector) -> Result<(), InputError> {
    collector.source(&file::place_of(path), Form::Directory);
    read_files(path, collector)
}

/// Reads the files of a directory that is an input, or a part of one.
pub(super) fn read_files(path: &Path, collector: &mut Collector) -> Result<(), InputError> {
    let place = file::place_of(path);
    let names = names(path)?;
    collector.enter_directory();
    let mut seen = Seen::default();
    for name in names {
        let path = path.join(name);
        let place_of_file = file::place_of(&path);
        match look_at(&path, &mut seen) {
            Ok(Found::Certificates(form, bytes)) => {
                read_certificates(&place_of_file, form, &bytes, collector)?;
            }
            Ok(Found::PassedOver(kind)) => collector.pass_over(kind, &place_of_file),
            Err(problem) => collector.reject(problem.at(place_of_file))?,
        }
        file::check_len(&place, seen.len)?;
    }
    collector.leave_directory(&place);
    Ok(())
}

/// The names in a directory, sorted.
pub(super) fn names(path: &Path) -> Result<Vec<OsString>, InputError> {
    let failed = |error| Problem::io("read")(error).at(file::place_of(path));
    let entries = fs::read_dir(path).map_err(failed)?;
    let mut names = Vec::new();
    for entry in entries {
        if names.len() == MAX_NAMES {
            let limit = MAX_NAMES;
            return Err(Problem::TooManyFiles { limit }.at(file::place_of(path)));
        }
        names.push(entry.map_err(failed)?.file_name());
    }
    names.sort();
    Ok(names)
}

/// The object of a name in a directory.
enum Found {
    Certificates(Form, Vec<u8>),
    PassedOver(Kind),
}

/// The files that were read so far: a system's directory has a certificate under its name and under its hash.
#[derive(Default)]
struct Seen {
    files: HashSet<(u64, u64)>,
    contents: HashSet<Fingerprint>,
    /// Their total length.
    len: usize,
}

impl Seen {
    /// Whether it is the same file as another: then it need not be read again.
    fn is_known(&mut self, metadata: &Metadata) -> bool {
        identity(metadata).is_some_and(|identity| !self.files.insert(identity))
    }
}

fn look_at(path: &Path, seen: &mut Seen) -> Result<Found, Problem> {
    let passed_over = |kind| Ok(Found::PassedOver(kind));
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) => return unreadable(path, error),
    };
    if metadata.is_dir() {
        return passed_over(Kind::Directory);
    } else if !metadata.is_file() {
        return passed_over(Kind::NotAFile);
    } else if metadata.len() > file::MAX_INPUT_LEN {
        return passed_over(Kind::TooLong);
    } else if seen.is_known(&metadata) {
        return passed_over(Kind::Copy);
    }
    let bytes = match file::read_regular(path) {
        Ok(bytes) => bytes,
        // What was put in the place of the file just now.
        Err(Problem::NotAFile) => return passed_over(Kind::NotAFile),
        Err(Problem::TooLong { .. }) => return passed_over(Kind::TooLong),
        Err(Problem::Io { error, .. }) => return unreadable(path, error),
        Err(problem) => return Err(problem),
    };
    seen.len = seen.len.saturating_add(bytes.len());
    match recognise(&bytes) {
        Some(Form::Der) if is_private_key(&bytes) => passed_over(Kind::NoCertificate),
        Some(form @ (Form::Pem | Form::Der)) => match seen.contents.insert(Fingerprint::of(&bytes)) {
            true => Ok(Found::Certificates(form, bytes)),
            false => passed_over(Kind::Copy),
        },
        Some(_) => Err(Problem::OtherFormInDirectory),
        None if may_be_a_certificate(&bytes) => Err(Problem::UnrecognisedInDirectory),
        None if has_name_of_certificate(path) => passed_over(Kind::MisnamedFile),
        None => passed_over(Kind::NoCertificate),
    }
}

/// Handles a file that cannot be opened or read. A fault of the disk is an error, because the roots of that file would be
/// missing.
fn unreadable(path: &Path, error: io::Error) -> Result<Found, Problem> {
    let is_link = || {
        path.symlink_metadata()
            .is_ok_and(|metadata| metadata.is_symlink())
    };
    match error.kind() {
        io::ErrorKind::PermissionDenied => Ok(Found::PassedOver(Kind::NoPermission)),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Ok(Found::PassedOver(Kind::Gone)),
        _ if is_link() && leads_in_a_circle(&error) => Ok(Found::PassedOver(Kind::Gone)),
        _ => Err(Problem::io("read")(error)),
    }
}

#[cfg(unix)]
fn leads_in_a_circle(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error())
}

#[cfg(not(unix))]
fn leads_in_a_circle(_: &io::Error) -> bool {
    false
}

/// The identity of a file, independent of its name.
#[cfg(unix)]
fn identity(metadata: &Metadata) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;

    Some((metadata.dev(), metadata.ino()))
}

#[cfg(not(unix))]
fn identity(_: &Metadata) -> Option<(u64, u64)> {
    None
}

/// Whether this is a private key in DER: a SEQUENCE that begins with the version 0 or 1 (RFC 5208 section 5, RFC 5915
/// section 3, RFC 8017 appendix A.1.2), where a certificate has another SEQUENCE.
fn is_private_key(der: &[u8]) -> bool {
    let ([_, 0x81, _, content @ ..] | [_, 0x82, _, _, content @ ..]) = der else {
        return false;
    };
    matches!(content, [0x02, 0x01, 0x00 | 0x01, ..])
}

/// Whether content of an unknown form may still be a certificate: in UTF-16, as Windows writes text, in Base64
/// without boundaries, or in BER without a length.
fn may_be_a_certificate(bytes: &[u8]) -> bool {
    const IN_UTF_16: &[u8] = b"C\0E\0R\0T\0I\0F\0I\0C\0A\0T\0E";
    const AN_INDEFINITE_LENGTH: &[u8] = b"\x30\x80\x30";
    let is_base64 = |byte: &u8| {
        byte.is_ascii_alphanumeric() || byte.is_ascii_whitespace() || matches!(byte, b'+' | b'/' | b'=')
    };
    bytes.starts_with(AN_INDEFINITE_LENGTH)
        // A SEQUENCE with a length of two bytes.
        || (bytes.trim_ascii_start().starts_with(b"MII") && bytes.iter().all(is_base64))
        || (is_utf_16(bytes) && bytes.windows(IN_UTF_16.len()).any(|window| window == IN_UTF_16))
}

/// Whether these bytes begin as UTF-16 does: with a byte order mark, or with an ASCII character.
fn is_utf_16(bytes: &[u8]) -> bool {
    matches!(
        bytes,
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, 1..=0x7f, ..] | [1..=0x7f, 0, ..]
    )
}

/// Whether the name is one that certificates have: by its extension, or as a hash that OpenSSL finds it by.
fn has_name_of_certificate(path: &Path) -> bool {
    let part =
        |part: Option<&std::ffi::OsStr>| part.and_then(|part| part.to_str()).unwrap_or_default().to_owned();
    let (stem, extension) = (part(path.file_stem()), part(path.extension()));
    let is_hash = || stem.len() == 8 && stem.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_number = || !extension.is_empty() && extension.bytes().all(|byte| byte.is_ascii_digit());
    ["pem", "crt", "cer", "der"]
        .iter()
        .any(|known| extension.eq_ignore_ascii_case(known))
        || (is_hash() && is_number())
}
