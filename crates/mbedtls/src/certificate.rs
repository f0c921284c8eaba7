//! Anchors as certificates, for mbedTLS: without name constraints, which it cannot read.

use jit_trust_core::TrustAnchor;
use mbedtls::alloc::List;
use mbedtls::x509::Certificate;

/// The certificate of an anchor of a validation.
#[derive(Debug)]
pub(crate) struct AnchorCertificate {
    /// The index of the anchor.
    pub(crate) place: usize,
    subject: Box<[u8]>,
    der: Box<[u8]>,
}

impl AnchorCertificate {
    /// The certificates of anchors. An anchor whose certificate mbedTLS cannot read is left out.
    pub(crate) fn of<'a>(anchors: impl Iterator<Item = TrustAnchor<'a>>) -> Vec<Self> {
        let certificates = anchors.enumerate().filter_map(|(place, anchor)| {
            Some(Self {
                place,
                subject: anchor.subject().as_der().into(),
                der: certificate(&anchor)?,
            })
        });
        certificates.collect()
    }

    /// Whether the anchor has this name, in DER.
    pub(crate) fn is_named(&self, name: &[u8]) -> bool {
        *self.subject == *name
    }

    /// Whether this is its certificate, in DER.
    pub(crate) fn is(&self, der: &[u8]) -> bool {
        *self.der == *der
    }
}

/// The certificates of anchors as a list for mbedTLS, which frees it.
pub(crate) fn trusted<'a>(certificates: impl Iterator<Item = &'a AnchorCertificate>) -> List<Certificate> {
    list(certificates.map(|certificate| &*certificate.der))
}

/// Certificates in DER as a list for mbedTLS, which frees it. Those that it cannot read are left out.
pub(crate) fn list<'a>(ders: impl Iterator<Item = &'a [u8]>) -> List<Certificate> {
    ders.filter_map(|der| Certificate::from_der(der).ok()).collect()
}

fn certificate(anchor: &TrustAnchor<'_>) -> Option<Box<[u8]>> {
    let bare = anchor
        .entry()
        .with_name_constraints(None)
        .named(anchor.subject())?;
    let mut buffer = vec![0; bare.certificate_buffer_len().ok()?];
    let der = bare.to_certificate(&mut buffer).ok()?;
    Certificate::from_der(der).ok()?;
    Some(der.into())
}
