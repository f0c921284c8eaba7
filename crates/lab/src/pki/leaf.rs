//! End-entity certificates.

use pki_types::CertificateDer;

use super::builder::Issued;
use super::{Ca, CertificateBuilder, Key, Name, pem};

/// An end-entity certificate and its key.
#[derive(Clone, Debug)]
pub struct Leaf(pub(super) Issued);

impl Leaf {
    /// A leaf to be, for these DNS names and IP addresses, the first of which is its common name.
    pub fn builder(names: &[&str]) -> CertificateBuilder<Self> {
        CertificateBuilder::leaf(names)
    }

    /// The certificate.
    pub fn der(&self) -> CertificateDer<'static> {
        self.0.certificate.clone()
    }

    /// The certificate in PEM.
    pub fn pem(&self) -> String {
        pem(&[&self.0.certificate])
    }

    /// The key that it certifies.
    pub fn key(&self) -> &Key {
        &self.0.key
    }

    /// The issuer.
    pub fn issuer(&self) -> &Name {
        &self.0.issuer
    }

    /// The content bytes of the serial number.
    pub fn serial(&self) -> &[u8] {
        &self.0.serial
    }

    /// This certificate and then those of `cas`, in the order given, as a server sends them.
    pub fn chain(&self, cas: &[&Ca]) -> Vec<CertificateDer<'static>> {
        std::iter::once(self.der())
            .chain(cas.iter().map(|ca| ca.der()))
            .collect()
    }

    /// This leaf passing itself off as a CA: its key signs, though its certificate doesn't permit it.
    pub fn posing_as_ca(&self) -> Ca {
        Ca(self.0.clone())
    }
}
