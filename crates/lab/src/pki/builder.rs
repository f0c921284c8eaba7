//! One certificate, option by option.

use std::marker::PhantomData;
use std::sync::atomic::{AtomicU64, Ordering};

use pki_types::CertificateDer;
use sha2::{Digest, Sha256};

use super::time::{self, DAY, HOUR, YEAR, now};
use super::{
    AuthorityKeyId, BasicConstraints, Ca, Extension, Key, KeyKind, KeyUsage, Leaf, Name, SubjectKeyId, der,
    extension, oid,
};

/// A certificate to be, as its options; [`self_signed`](CertificateBuilder::<Ca>::self_signed) or
/// [`issued_by`](CertificateBuilder::<Ca>::issued_by) makes it.
///
/// `T` is what it becomes, a [`Ca`] or a [`Leaf`]: they differ in defaults only, and any option is open to
/// both.
#[derive(Clone, Debug)]
#[must_use = "a builder makes no certificate until self_signed or issued_by is called"]
pub struct CertificateBuilder<T> {
    subject: Name,
    key: KeyChoice,
    claimed_key: Option<Vec<u8>>,
    not_before: i64,
    not_after: i64,
    serial: Option<Vec<u8>>,
    version_1: bool,
    subject_key_id: SubjectKeyId,
    authority_key_id: AuthorityKeyId,
    basic_constraints: BasicConstraints,
    key_usage: Vec<KeyUsage>,
    extended_key_usage: Vec<String>,
    names: Vec<String>,
    permitted: Vec<String>,
    excluded: Vec<String>,
    extensions: Vec<Extension>,
    forged: bool,
    becomes: PhantomData<fn() -> T>,
}

#[derive(Clone, Debug)]
enum KeyChoice {
    New(KeyKind),
    Given(Key),
}

/// A certificate, its key, and what those issued under it say of it.
#[derive(Clone, Debug)]
pub(super) struct Issued {
    pub(super) certificate: CertificateDer<'static>,
    pub(super) key: Key,
    pub(super) subject: Name,
    pub(super) issuer: Name,
    pub(super) serial: Vec<u8>,
    pub(super) key_id: Option<Vec<u8>>,
}

impl CertificateBuilder<Ca> {
    pub(super) fn ca(subject: Name) -> Self {
        Self {
            not_before: now() - YEAR,
            not_after: now() + 10 * YEAR,
            basic_constraints: BasicConstraints::Ca { path_length: None },
            key_usage: vec![KeyUsage::KeyCertSign, KeyUsage::CrlSign],
            ..Self::bare(subject)
        }
    }

    /// The CA with a certificate signed by its own key.
    pub fn self_signed(self) -> Ca {
        Ca(self.issue(None))
    }

    /// The CA with a certificate signed by `issuer`.
    pub fn issued_by(self, issuer: &Ca) -> Ca {
        Ca(self.issue(Some(&issuer.0)))
    }
}

impl CertificateBuilder<Leaf> {
    pub(super) fn leaf(names: &[&str]) -> Self {
        Self {
            not_before: now() - HOUR,
            not_after: now() + 90 * DAY,
            basic_constraints: BasicConstraints::NotCa,
            key_usage: vec![KeyUsage::DigitalSignature],
            extended_key_usage: vec![oid::SERVER_AUTH.to_owned()],
            names: owned(names),
            ..Self::bare(names.first().map_or_else(Name::empty, |first| Name::from(*first)))
        }
    }

    /// The end-entity certificate signed by its own key.
    pub fn self_signed(self) -> Leaf {
        Leaf(self.issue(None))
    }

    /// The end-entity certificate signed by `issuer`.
    pub fn issued_by(self, issuer: &Ca) -> Leaf {
        Leaf(self.issue(Some(&issuer.0)))
    }
}

impl<T> CertificateBuilder<T> {
    fn bare(subject: Name) -> Self {
        Self {
            subject,
            key: KeyChoice::New(KeyKind::default()),
            not_before: 0,
            not_after: 0,
            serial: None,
            version_1: false,
            subject_key_id: SubjectKeyId::default(),
            authority_key_id: AuthorityKeyId::default(),
            basic_constraints: BasicConstraints::Absent,
            key_usage: Vec::new(),
            extended_key_usage: Vec::new(),
            names: Vec::new(),
            permitted: Vec::new(),
            excluded: Vec::new(),
            extensions: Vec::new(),
            claimed_key: None,
            forged: false,
            becomes: PhantomData,
        }
    }

    /// The subject; a `&str` is a common name. A leaf's is the first of its names by default.
    pub fn subject(self, subject: impl Into<Name>) -> Self {
        Self {
            subject: subject.into(),
            ..self
        }
    }

    /// A new key of this kind; ECDSA on P-256 by default.
    pub fn key_kind(self, kind: KeyKind) -> Self {
        Self {
            key: KeyChoice::New(kind),
            ..self
        }
    }

    /// This key, for instance one that another certificate has too.
    pub fn key(self, key: &Key) -> Self {
        Self {
            key: KeyChoice::Given(key.clone()),
            ..self
        }
    }

    /// This SubjectPublicKeyInfo in the certificate, independent of its key.
    pub fn claiming_key(self, spki: Vec<u8>) -> Self {
        Self {
            claimed_key: Some(spki),
            ..self
        }
    }

    /// notBefore and notAfter in Unix seconds, both included. By default a CA is valid from a year ago for
    /// eleven years, a leaf from an hour ago to 90 days from now.
    pub fn validity(self, not_before: i64, not_after: i64) -> Self {
        Self {
            not_before,
            not_after,
            ..self
        }
    }

    /// The content bytes of the serial number's INTEGER, taken as they are: they may make it zero, negative,
    /// longer than 20 bytes or not DER. By default 16 bytes that no other certificate has.
    pub fn serial(self, contents: &[u8]) -> Self {
        Self {
            serial: Some(contents.to_vec()),
            ..self
        }
    }

    /// X.509 version 1: no version field and no extensions, even if some are set.
    pub fn version_1(self) -> Self {
        Self {
            version_1: true,
            ..self
        }
    }

    /// The subject key identifier; derived by default.
    pub fn subject_key_id(self, subject_key_id: SubjectKeyId) -> Self {
        Self {
            subject_key_id,
            ..self
        }
    }

    /// The authority key identifier; derived by default.
    pub fn authority_key_id(self, authority_key_id: AuthorityKeyId) -> Self {
        Self {
            authority_key_id,
            ..self
        }
    }

    /// The basic constraints: a CA without a path length, and not a CA for a leaf, by default.
    pub fn basic_constraints(self, basic_constraints: BasicConstraints) -> Self {
        Self {
            basic_constraints,
            ..self
        }
    }

    /// The key usage; none leaves the extension out.
    pub fn key_usage(self, usages: &[KeyUsage]) -> Self {
        Self {
            key_usage: usages.to_vec(),
            ..self
        }
    }

    /// The extended key usage as dotted object identifiers; none leaves the extension out. A leaf's is
    /// `serverAuth` by default.
    pub fn extended_key_usage(self, purposes: &[&str]) -> Self {
        Self {
            extended_key_usage: owned(purposes),
            ..self
        }
    }

    /// The subject alternative names, DNS names and IP addresses; none leaves the extension out.
    pub fn names(self, names: &[&str]) -> Self {
        Self {
            names: owned(names),
            ..self
        }
    }

    /// Name constraints on DNS names; none of both leaves the extension out.
    pub fn name_constraints(self, permitted: &[&str], excluded: &[&str]) -> Self {
        Self {
            permitted: owned(permitted),
            excluded: owned(excluded),
            ..self
        }
    }

    /// One more extension after all others, also one that is there already.
    pub fn extension(mut self, extension: Extension) -> Self {
        self.extensions.push(extension);
        self
    }

    /// A meaningless extension of `length` bytes, to make the certificate that much longer.
    pub fn padding(self, length: usize) -> Self {
        self.extension(Extension::new(oid::MEANINGLESS, false, &vec![0; length]))
    }

    /// A signature by a key that is not the issuer's.
    pub fn forged(self) -> Self {
        Self { forged: true, ..self }
    }

    fn issue(self, issuer: Option<&Issued>) -> Issued {
        let key = match &self.key {
            KeyChoice::New(kind) => Key::generate(*kind),
            KeyChoice::Given(key) => key.clone(),
        };
        let issuer_name = issuer.map_or(&self.subject, |issuer| &issuer.subject).clone();
        let issuer_key = issuer.map_or(&key, |issuer| &issuer.key);
        let key_id = match &self.subject_key_id {
            SubjectKeyId::Derived => Some(Sha256::digest(key.spki())[..20].to_vec()),
            SubjectKeyId::Absent => None,
            SubjectKeyId::Bytes(bytes) => Some(bytes.clone()),
        };
        let serial = self.serial.clone().unwrap_or_else(unique_serial);

        let (version, extensions) = if self.version_1 {
            (Vec::new(), Vec::new())
        } else {
            let extensions = self.extensions(key_id.as_deref(), &issuer_name, &serial, issuer);
            (
                der::context(0, &der::integer(&[2])),
                der::context(3, &der::sequence(&[&extensions])),
            )
        };
        let algorithm = issuer_key.signature_algorithm();
        let to_be_signed = der::sequence(&[
            &version,
            &der::integer(&serial),
            &algorithm,
            issuer_name.der(),
            &der::sequence(&[&time::encode(self.not_before), &time::encode(self.not_after)]),
            self.subject.der(),
            &self.claimed_key.clone().unwrap_or_else(|| key.spki()),
            &extensions,
        ]);
        let signature = if self.forged {
            Key::generate(issuer_key.kind()).sign(&to_be_signed)
        } else {
            issuer_key.sign(&to_be_signed)
        };
        let certificate = der::sequence(&[&to_be_signed, &algorithm, &der::bit_string(&signature)]);
        let key_id = key_id.filter(|_| !self.version_1);
        Issued {
            certificate: certificate.into(),
            key,
            subject: self.subject,
            issuer: issuer_name,
            serial,
            key_id,
        }
    }

    /// The extensions, encoded. `issuer` is none of a self-signed certificate, which is its own.
    fn extensions(
        &self,
        key_id: Option<&[u8]>,
        name: &Name,
        serial: &[u8],
        issuer: Option<&Issued>,
    ) -> Vec<u8> {
        let authority_id = issuer.map_or(key_id, |issuer| issuer.key_id.as_deref());
        let authority_serial = issuer.map_or((name, serial), |issuer| (&issuer.issuer, &issuer.serial));
        let authority_key_id = match &self.authority_key_id {
            AuthorityKeyId::Absent => None,
            AuthorityKeyId::Derived if issuer.is_none() || authority_id.is_none() => None,
            AuthorityKeyId::Derived => Some(extension::authority_key_id(authority_id, None)),
            AuthorityKeyId::KeyId(bytes) => Some(extension::authority_key_id(Some(bytes), None)),
            AuthorityKeyId::IssuerAndSerial => {
                Some(extension::authority_key_id(None, Some(authority_serial)))
            }
            AuthorityKeyId::Both => Some(extension::authority_key_id(authority_id, Some(authority_serial))),
            AuthorityKeyId::Parts(key_id, issuer_and_serial) => Some(extension::authority_key_id(
                key_id.as_deref(),
                issuer_and_serial
                    .as_ref()
                    .map(|(issuer, serial)| (issuer, serial.as_slice())),
            )),
        };
        let constrained = !self.permitted.is_empty() || !self.excluded.is_empty();
        let described = [
            key_id.map(extension::subject_key_id),
            authority_key_id,
            extension::basic_constraints(self.basic_constraints),
            (!self.key_usage.is_empty()).then(|| extension::key_usage(&self.key_usage)),
            (!self.extended_key_usage.is_empty())
                .then(|| extension::extended_key_usage(&self.extended_key_usage)),
            // RFC 5280 section 4.2.1.6: critical where the subject is empty.
            (!self.names.is_empty())
                .then(|| extension::subject_alt_name(&self.names, self.subject.is_empty())),
            constrained.then(|| extension::name_constraints(&self.permitted, &self.excluded)),
        ];
        described
            .iter()
            .flatten()
            .chain(&self.extensions)
            .flat_map(Extension::encode)
            .collect()
    }
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// Sixteen bytes, positive and without a leading zero, that no other certificate of this process has.
fn unique_serial() -> Vec<u8> {
    static ISSUED: AtomicU64 = AtomicU64::new(0);
    let count = ISSUED.fetch_add(1, Ordering::Relaxed);
    let mut serial = Sha256::digest(count.to_be_bytes())[..16].to_vec();
    serial[0] = 0x40 | serial[0] & 0x3f;
    serial
}
