//! Anchors as mbedTLS takes them: certificates without name constraints, which it could not read.

use jit_trust_core::{Name, OwnedTrustAnchor, TrustAnchor};
use mbedtls::alloc::List;
use mbedtls::x509::Certificate;

use crate::trust::Import;

/// An anchor that was selected for one connection: it outlives what it was selected from.
#[derive(Debug)]
pub(super) struct Anchor {
    anchor: OwnedTrustAnchor,
    certificate: Box<[u8]>,
    /// The name constraints that bind it beside its own.
    imposed: Box<[Box<[u8]>]>,
    import: Option<Import>,
}

impl Anchor {
    /// An anchor, the name constraints that bind it beside its own, and where it was imported from, if it was; `None` for one
    /// of which mbedTLS takes no certificate: it vouches for nothing.
    pub(super) fn new(anchor: &TrustAnchor<'_>, imposed: &[&[u8]], import: Option<&Import>) -> Option<Self> {
        Some(Self {
            anchor: anchor.to_owned_anchor(),
            certificate: certificate(anchor)?,
            imposed: imposed.iter().map(|set| Box::from(*set)).collect(),
            import: import.cloned(),
        })
    }

    pub(super) fn get(&self) -> TrustAnchor<'_> {
        self.anchor.as_anchor()
    }

    /// The name constraints that bind it beside its own.
    pub(super) fn imposed(&self) -> Vec<&[u8]> {
        self.imposed.iter().map(|set| &**set).collect()
    }

    pub(super) fn import(&self) -> Option<&Import> {
        self.import.as_ref()
    }

    pub(super) fn is_named(&self, name: Name<'_>) -> bool {
        self.get().subject() == name
    }

    /// Whether this is the certificate that mbedTLS has of it.
    pub(super) fn has_certificate(&self, der: &[u8]) -> bool {
        *self.certificate == *der
    }
}

/// The certificates of some anchors, for mbedTLS, which frees them.
pub(super) fn certificates<'a>(anchors: impl Iterator<Item = &'a Anchor>) -> List<Certificate> {
    let certificates = anchors.filter_map(|anchor| Certificate::from_der(&anchor.certificate).ok());
    certificates.collect()
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
