//! Reading version 1 in place.

use core::fmt;

use super::super::bytes::Part;
use super::fingerprint::{self, FINGERPRINTED, Wanted};
use super::layout::{CERTIFICATE_LENGTH_WIDTH, HEADER_LEN, Header};
use crate::{BlobError, Certificate};

/// A blob of version 1, all of which was checked.
#[derive(Clone)]
pub(crate) struct Reader<'a> {
    generation: u32,
    fingerprints: [u8; FINGERPRINTED],
    certificates: &'a [u8],
    certificate_lengths: &'a [u8],
    key_id_lengths: &'a [u8],
    key_ids: &'a [u8],
}

/// A [`Reader`] without its bytes.
#[derive(Clone)]
pub(crate) struct Layout {
    generation: u32,
    fingerprints: [u8; FINGERPRINTED],
    /// The certificates, their lengths, the lengths of the SKIDs, and these.
    parts: [Part; 4],
}

impl Layout {
    #[inline]
    pub(crate) fn attach<'a>(&self, blob: &'a [u8]) -> Reader<'a> {
        let [certificates, certificate_lengths, key_id_lengths, key_ids] =
            self.parts.map(|part| part.of_blob(blob));
        Reader {
            generation: self.generation,
            fingerprints: self.fingerprints,
            certificates,
            certificate_lengths,
            key_id_lengths,
            key_ids,
        }
    }
}

impl fmt::Debug for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Layout")
            .field("parts", &self.parts)
            .finish_non_exhaustive()
    }
}

impl<'a> Reader<'a> {
    /// Where its parts are in the blob that it was read from.
    pub(crate) fn layout(&self, blob: &[u8]) -> Layout {
        let parts = [
            self.certificates,
            self.certificate_lengths,
            self.key_id_lengths,
            self.key_ids,
        ];
        Layout {
            generation: self.generation,
            fingerprints: self.fingerprints,
            parts: parts.map(|part| Part::of(part, blob)),
        }
    }

    pub(crate) fn open(blob: &'a [u8]) -> Result<Self, BlobError> {
        let header = Header::read(blob)?;
        let table = |start: usize, end: usize| blob.get(start..end).unwrap_or_default();
        let mut reader = Self {
            generation: header.generation,
            fingerprints: [0; FINGERPRINTED],
            certificates: table(HEADER_LEN, header.certificate_lengths),
            certificate_lengths: table(header.certificate_lengths, header.key_id_lengths),
            key_id_lengths: table(header.key_id_lengths, header.key_ids),
            key_ids: table(header.key_ids, header.total_len),
        };
        reader.check_lengths(&header)?;
        reader.check_entries()?;
        Ok(reader)
    }

    /// The lengths of the certificates, and those of the SKIDs, must fill their parts of the blob.
    fn check_lengths(&self, header: &Header) -> Result<(), BlobError> {
        // At most 65,535 lengths of 16 bits each: the sums fit into 32 bits.
        let certificates_end = HEADER_LEN.saturating_add(self.certificate_lengths().sum());
        if certificates_end != header.certificate_lengths {
            return Err(BlobError::MisplacedTable {
                table: "certificate lengths",
                offset: header.certificate_lengths,
                expected: certificates_end,
            });
        }
        let key_ids_end = header.key_ids.saturating_add(self.key_id_lengths().sum());
        if key_ids_end != header.total_len {
            return Err(BlobError::MisplacedTable {
                table: "end of the SKIDs",
                offset: header.total_len,
                expected: key_ids_end,
            });
        }
        Ok(())
    }

    /// Every entry must be a certificate with the SKID that the table gives it.
    fn check_entries(&mut self) -> Result<(), BlobError> {
        let mut offset = HEADER_LEN;
        for (index, (der, key_id)) in self.entries().zip(self.subject_key_ids()).enumerate() {
            let certificate = Certificate::from_der(der);
            let certificate = certificate.map_err(|error| BlobError::Certificate { index, offset, error })?;
            let own_key_id = certificate.subject_key_id().map(|key_id| key_id.as_bytes());
            if own_key_id.unwrap_or_default() != key_id {
                return Err(BlobError::WrongKeyId { index });
            }
            if let Some(place) = self.fingerprints.get_mut(index) {
                *place = fingerprint::of(certificate.subject().as_der());
            }
            offset = offset.saturating_add(der.len());
        }
        Ok(())
    }

    pub(crate) fn generation(&self) -> u32 {
        self.generation
    }

    pub(crate) fn count(&self) -> usize {
        self.key_id_lengths.len()
    }

    /// The certificates, each as its DER encoding.
    pub(crate) fn entries(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        split(self.certificates, self.certificate_lengths())
    }

    /// The certificates that may have one of the wanted subjects.
    pub(crate) fn candidates(&self, wanted: Wanted) -> impl Iterator<Item = &'a [u8]> + use<'_, 'a> {
        let is_candidate = move |index: usize| {
            let fingerprint = self.fingerprints.get(index);
            fingerprint.is_none_or(|fingerprint| wanted.contains(*fingerprint))
        };
        let candidates = self
            .entries()
            .enumerate()
            .filter(move |(index, _)| is_candidate(*index));
        candidates.map(|(_, der)| der)
    }

    /// The subject key identifiers, in the order of the certificates; empty for a certificate without one.
    pub(crate) fn subject_key_ids(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        split(self.key_ids, self.key_id_lengths())
    }

    fn certificate_lengths(&self) -> impl Iterator<Item = usize> + use<'a> {
        let lengths = self.certificate_lengths.chunks_exact(CERTIFICATE_LENGTH_WIDTH);
        lengths.map(|length| match *length {
            [high, low] => usize::from(u16::from_be_bytes([high, low])),
            _ => 0,
        })
    }

    fn key_id_lengths(&self) -> impl Iterator<Item = usize> + use<'a> {
        self.key_id_lengths.iter().map(|length| usize::from(*length))
    }
}

/// Cuts `bytes` into pieces of these lengths.
fn split(bytes: &[u8], lengths: impl Iterator<Item = usize>) -> impl Iterator<Item = &[u8]> {
    lengths.scan(bytes, |rest, length| {
        let (piece, behind) = rest.split_at_checked(length)?;
        *rest = behind;
        Some(piece)
    })
}
