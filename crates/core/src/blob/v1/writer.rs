//! Writing version 1.

#[cfg(feature = "alloc")]
use alloc::{vec, vec::Vec};

use super::super::bytes::append;
use super::layout::Header;
use crate::{Certificate, MAX_ANCHORS_PER_NAME, WriteError};

/// The length of the blob of these certificates, in bytes.
///
/// # Errors
/// When the certificates do not fit into version 1.
pub fn encoded_len(certificates: &[Certificate<'_>]) -> Result<usize, WriteError> {
    Ok(header_of(certificates, 0)?.total_len)
}

/// Writes the blob of these certificates, in this order, to the start of `buffer`, and returns its length. The same
/// certificates and generation give the same bytes. With the feature `alloc`, `to_vec` makes a buffer of that length.
///
/// Each name is compared with each other name, because there is no memory here to sort them in. For today's root lists
/// that takes no noticeable time; it takes seconds for 20,000 certificates, and half a minute for the 65,535 that
/// version 1 can hold.
///
/// # Errors
/// When the certificates do not fit into version 1, or not into the buffer, and when more than
/// [`MAX_ANCHORS_PER_NAME`] of them have one subject. Nothing is written then.
///
/// ```
/// use jit_trust_core::{TrustBlob, WriteError, v1};
///
/// let mut flash = [0xff; 64];
/// let len = v1::encode(&[], 1_777_593_600, &mut flash)?; // no certificates
/// let blob = TrustBlob::open(&flash[..len]).unwrap();
/// assert_eq!(blob.generation(), 1_777_593_600);
/// # Ok::<(), WriteError>(())
/// ```
pub fn encode(
    certificates: &[Certificate<'_>],
    generation: u32,
    buffer: &mut [u8],
) -> Result<usize, WriteError> {
    let header = header_of(certificates, generation)?;
    check_names(certificates)?;
    let needed = header.total_len;
    let written = buffer
        .get_mut(..needed)
        .and_then(|blob| write(certificates, &header, blob));
    written
        .map(|()| needed)
        .ok_or(WriteError::BufferTooSmall { needed })
}

/// The blob of these certificates, in this order: what [`encode`] writes, in a vector of its length.
///
/// # Errors
/// As [`encode`], whose buffer is large enough here.
///
/// ```
/// use jit_trust_core::{Certificate, TrustBlob, v1};
///
/// # let der = jit_trust_lab::pki::Ca::root("Root").der();
/// # let der = der.as_ref();
/// let root = Certificate::from_der(der)?;
/// let blob = v1::to_vec(&[root], 1_777_593_600)?;
///
/// let blob = TrustBlob::open(&blob)?;
/// assert_eq!(blob.by_subject(root.subject()).count(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[cfg(feature = "alloc")]
pub fn to_vec(certificates: &[Certificate<'_>], generation: u32) -> Result<Vec<u8>, WriteError> {
    let mut blob = vec![0; encoded_len(certificates)?];
    encode(certificates, generation, &mut blob)?;
    Ok(blob)
}

fn header_of(certificates: &[Certificate<'_>], generation: u32) -> Result<Header, WriteError> {
    let mut certificates_len: usize = 0;
    let mut key_ids_len: usize = 0;
    for (index, certificate) in certificates.iter().enumerate() {
        let len = key_id(certificate).len();
        if u8::try_from(len).is_err() {
            return Err(WriteError::KeyIdTooLong { index, len });
        }
        certificates_len = certificates_len.saturating_add(certificate.as_der().len());
        key_ids_len = key_ids_len.saturating_add(len);
    }
    Header::of(generation, certificates.len(), certificates_len, key_ids_len)
}

fn check_names(certificates: &[Certificate<'_>]) -> Result<(), WriteError> {
    for (index, certificate) in certificates.iter().enumerate() {
        let earlier = certificates.iter().take(index);
        let of_same_name = earlier.filter(|other| other.subject() == certificate.subject());
        if of_same_name.count() >= MAX_ANCHORS_PER_NAME {
            return Err(WriteError::TooManyUnderOneName { index });
        }
    }
    Ok(())
}

/// Writes the blob. `None` when something does not fit, which the sums in the header make impossible.
fn write(certificates: &[Certificate<'_>], header: &Header, blob: &mut [u8]) -> Option<()> {
    header.write(blob)?;
    let mut rest = blob.get_mut(super::layout::HEADER_LEN..)?;
    for certificate in certificates {
        rest = append(rest, certificate.as_der())?;
    }
    for certificate in certificates {
        let len = u16::try_from(certificate.as_der().len()).ok()?;
        rest = append(rest, &len.to_be_bytes())?;
    }
    for certificate in certificates {
        let len = u8::try_from(key_id(certificate).len()).ok()?;
        rest = append(rest, &[len])?;
    }
    for certificate in certificates {
        rest = append(rest, key_id(certificate))?;
    }
    rest.is_empty().then_some(())
}

fn key_id<'a>(certificate: &Certificate<'a>) -> &'a [u8] {
    let key_id = certificate.subject_key_id();
    key_id.map(|key_id| key_id.as_bytes()).unwrap_or_default()
}
