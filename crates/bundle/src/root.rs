//! A root, with its conditions.

use jit_trust_core::{
    BasicConstraints, Certificate, CertificateError, Entry, Name, TrustBlob, WriteError, v2,
};
use pki_types::CertificateDer;

use crate::constraints::is_imposed_on;
use crate::{Conditions, Fingerprint};

/// A root: a trust anchor, and the conditions under which it is trusted. Its certificate is known, unless it was read from a
/// trust blob of version 2 without certificates; its name is known, unless the blob has no names either.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root {
    known: Known,
    conditions: Conditions,
}

/// The known fields of a root, without its conditions.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Known {
    Certificate(CertificateDer<'static>),
    /// A trust blob of version 2 with this anchor alone, and with its name if that is known.
    Anchor(Vec<u8>),
}

impl Root {
    /// A root with this certificate. It is not checked whether the certificate states that it is not a CA's, nor whether the
    /// constraints among the conditions include its own.
    ///
    /// # Errors
    /// When the certificate cannot be read.
    pub fn new(
        der: impl Into<CertificateDer<'static>>,
        conditions: Conditions,
    ) -> Result<Self, CertificateError> {
        let der = der.into();
        let conditions = conditions.beside(Certificate::from_der(&der)?.name_constraints());
        Ok(Self {
            known: Known::Certificate(der),
            conditions,
        })
    }

    /// A copy of a store's entry. If the entry has no certificate, its own name constraints are not known, and all of its
    /// constraints count as conditions.
    #[expect(
        clippy::expect_used,
        reason = "an entry without a certificate was read from version 2"
    )]
    pub fn from_entry(entry: &Entry<'_>) -> Self {
        let conditions = Conditions {
            distrust_after: entry.distrust_after(),
            name_constraints: entry.name_constraints().map(<[u8]>::to_vec),
        };
        match entry.certificate() {
            Some(certificate) => Self {
                known: Known::Certificate(CertificateDer::from(certificate.as_der().to_vec())),
                conditions: conditions.beside(certificate.name_constraints()),
            },
            None => Self {
                known: Known::Anchor(
                    anchor_alone(entry, v2::Options::default().with_names(true)).expect("it fits version 2"),
                ),
                conditions,
            },
        }
    }

    /// The entry of the root for a store, its conditions included.
    pub fn entry(&self) -> Entry<'_> {
        let entry = self.unconditional_entry();
        let constraints = self.conditions.name_constraints.as_deref();
        entry
            .with_distrust_after(self.conditions.distrust_after)
            .with_name_constraints(constraints.or(entry.name_constraints()))
    }

    #[expect(
        clippy::expect_used,
        reason = "no other way to say what was proved when the root was made"
    )]
    fn unconditional_entry(&self) -> Entry<'_> {
        match &self.known {
            Known::Certificate(der) => {
                Entry::from_certificate(Certificate::from_der(der).expect("`new` has read it"))
            }
            Known::Anchor(blob) => {
                let blob = TrustBlob::open(blob).expect("`from_entry` has written it");
                blob.entries().next().expect("`from_entry` has written one")
            }
        }
    }

    /// The certificate, if it is known.
    pub fn certificate(&self) -> Option<Certificate<'_>> {
        self.der().and_then(|der| Certificate::from_der(der).ok())
    }

    /// The certificate's DER encoding, if it is known.
    pub fn der(&self) -> Option<&CertificateDer<'static>> {
        match &self.known {
            Known::Certificate(der) => Some(der),
            Known::Anchor(_) => None,
        }
    }

    /// The root's name, if it is known.
    pub fn subject(&self) -> Option<Name<'_>> {
        self.unconditional_entry().subject()
    }

    /// The label of the root in messages, safe for a terminal: its name; where that is not known, its subject key identifier
    /// (`SKID 79B4…`) or, without one, the hash of its key (`key 0b9f…`).
    pub fn label(&self) -> String {
        label(&self.unconditional_entry())
    }

    /// The conditions under which the root is trusted. Name constraints that are only in the certificate are not conditions; those
    /// of a root without a certificate are.
    pub fn conditions(&self) -> &Conditions {
        &self.conditions
    }

    /// The same root, trusted only for end-entity certificates with a notBefore up to this second of Unix time.
    pub fn with_distrust_after(mut self, distrust_after: Option<u64>) -> Self {
        self.conditions.distrust_after = distrust_after;
        self
    }

    /// The same root, trusted without conditions.
    pub(crate) fn without_conditions(self) -> Self {
        let conditions = Conditions::default();
        Self { conditions, ..self }
    }

    /// SHA-256 over the certificate, if it is known.
    pub fn fingerprint(&self) -> Option<Fingerprint> {
        self.der().map(|der| Fingerprint::of(der))
    }

    /// SHA-256 over the subject public key info, the header of its SEQUENCE included. It identifies the root's key, even if the
    /// certificate is not known.
    pub fn spki_fingerprint(&self) -> Fingerprint {
        Fingerprint::from(self.unconditional_entry().spki_sha256())
    }

    /// The identity of the anchor, even if its certificate and its name are not known: a hash of its fields in version 2, without its
    /// conditions. `None` when it does not fit there; then no other input can have it without its certificate.
    pub(crate) fn anchor_fingerprint(&self) -> Option<Fingerprint> {
        let alone = anchor_alone(&self.unconditional_entry(), v2::Options::default());
        alone.ok().map(|alone| Fingerprint::of(&alone))
    }

    /// Whether the root itself says that its key must not be used to verify certificates: see
    /// [`Certificate::says_it_is_no_ca`].
    pub(crate) fn says_it_is_no_ca(&self) -> bool {
        const KEY_CERT_SIGN: u16 = 0x0400;
        if let Some(certificate) = self.certificate() {
            return certificate.says_it_is_no_ca();
        }
        let profile = self.unconditional_entry().profile();
        let is_ca = match profile.basic_constraints {
            BasicConstraints::Ca { .. } => true,
            // If these could not be read, they do not state it.
            BasicConstraints::Absent => profile.is_version_1 || profile.is_incomplete,
            BasicConstraints::NotCa => false,
        };
        let may_sign = profile.key_usage.is_none_or(|usage| usage & KEY_CERT_SIGN != 0);
        !(is_ca && may_sign)
    }

    /// The anchor with the known fields of both copies, under the conditions of both. `None` when the copies have different imposed
    /// constraints, or their certificates have different constraints of their own.
    pub(crate) fn and(self, other: Self) -> Option<Self> {
        if let (Some(one), Some(other)) = (self.certificate(), other.certificate()) {
            if one.name_constraints() != other.name_constraints() {
                return None;
            }
        }
        let completeness = |root: &Self| (root.der().is_some(), root.subject().is_some());
        let root = Self {
            known: match completeness(&self) < completeness(&other) {
                true => other.known,
                false => self.known,
            },
            conditions: Conditions::default(),
        };
        let certificate = root.certificate();
        let own = certificate.and_then(|certificate| certificate.name_constraints());
        let conditions = self.conditions.beside(own).and(other.conditions.beside(own))?;
        if let (Some(own), Some(constraints)) = (own, &conditions.name_constraints) {
            if !is_imposed_on(own, constraints) {
                return None;
            }
        }
        Some(Self { conditions, ..root })
    }
}

/// A trust blob of version 2 with this anchor alone, without its conditions.
fn anchor_alone(entry: &Entry<'_>, options: v2::Options) -> Result<Vec<u8>, WriteError> {
    let entries = [entry.with_distrust_after(None).with_name_constraints(None)];
    v2::to_vec(&entries, options, 0)
}

/// The label of an anchor: its name; where that is not known, its subject key identifier or, without one, the hash of its key.
pub(crate) fn label(entry: &Entry<'_>) -> String {
    match (entry.subject(), entry.subject_key_id()) {
        (Some(subject), _) => subject.to_string(),
        (None, Some(key_id)) => format!("SKID {key_id}"),
        (None, None) => format!("key {}", Fingerprint::from(entry.spki_sha256())),
    }
}
