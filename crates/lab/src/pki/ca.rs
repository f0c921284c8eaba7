//! Certification authorities.

use pki_types::CertificateDer;

use super::builder::Issued;
use super::{CertificateBuilder, Key, Leaf, Name, SubjectKeyId, pem};

/// A CA: a certificate and the key to issue others with.
#[derive(Clone, Debug)]
pub struct Ca(pub(super) Issued);

impl Ca {
    /// A self-signed root with a new key; a `&str` is its common name. Two calls with one name make two
    /// different roots.
    pub fn root(name: impl Into<Name>) -> Self {
        Self::builder(name).self_signed()
    }

    /// A CA to be, for anything out of the ordinary.
    pub fn builder(name: impl Into<Name>) -> CertificateBuilder<Self> {
        CertificateBuilder::ca(name.into())
    }

    /// A CA below this one, with a new key.
    pub fn intermediate(&self, name: impl Into<Name>) -> Self {
        Self::builder(name).issued_by(self)
    }

    /// `other`, with its name, key and key identifier, certified by this CA.
    pub fn cross_sign(&self, other: &Self) -> Self {
        other.reissue().issued_by(self)
    }

    /// A builder for another certificate of the same name, key and key identifier, with a new serial number:
    /// a renewed root, a cross-certificate, or one key under a second name.
    pub fn reissue(&self) -> CertificateBuilder<Self> {
        let key_id = self
            .0
            .key_id
            .clone()
            .map_or(SubjectKeyId::Absent, SubjectKeyId::Bytes);
        Self::builder(self.name()).key(self.key()).subject_key_id(key_id)
    }

    /// An end-entity certificate for a DNS name or IP address, with a new key.
    pub fn leaf(&self, name: &str) -> Leaf {
        self.leaf_for(&[name])
    }

    /// An end-entity certificate for several DNS names and IP addresses, with a new key.
    pub fn leaf_for(&self, names: &[&str]) -> Leaf {
        Leaf::builder(names).issued_by(self)
    }

    /// The certificate.
    pub fn der(&self) -> CertificateDer<'static> {
        self.0.certificate.clone()
    }

    /// The certificate in PEM.
    pub fn pem(&self) -> String {
        pem(&[&self.0.certificate])
    }

    /// The key that it certifies, and issues with.
    pub fn key(&self) -> &Key {
        &self.0.key
    }

    /// The subject.
    pub fn name(&self) -> &Name {
        &self.0.subject
    }

    /// The issuer; the subject itself of a root.
    pub fn issuer(&self) -> &Name {
        &self.0.issuer
    }

    /// The content bytes of the serial number.
    pub fn serial(&self) -> &[u8] {
        &self.0.serial
    }

    /// The subject key identifier, if the certificate has one.
    pub fn subject_key_id(&self) -> Option<&[u8]> {
        self.0.key_id.as_deref()
    }
}
