//! What a store trusts.

use jit_trust::Entry;
use jit_trust_lab::pki::Ca;
use pki_types::CertificateDer;
use webpki_root_certs::TLS_SERVER_ROOT_CERTS;

use crate::stores;

/// A root and the conditions under which it is trusted.
#[derive(Clone, Debug)]
pub(crate) struct TrustedRoot {
    pub(crate) der: CertificateDer<'static>,
    /// The last second, in Unix time, in which a certificate could be issued that is trusted by this root.
    pub(crate) distrust_after: Option<u64>,
    /// Name constraints in place of those of the certificate: the inside of the SEQUENCE, without its header.
    pub(crate) name_constraints: Option<Vec<u8>>,
}

impl TrustedRoot {
    /// A root that is trusted for whatever its certificate permits.
    pub(crate) fn unconditional(der: CertificateDer<'static>) -> Self {
        Self {
            der,
            distrust_after: None,
            name_constraints: None,
        }
    }
}

impl TrustedRoot {
    /// What a store holds of it.
    pub(crate) fn entry(&self) -> Entry<'_> {
        let entry = stores::entry(&self.der).with_distrust_after(self.distrust_after);
        match &self.name_constraints {
            Some(imposed) => entry.with_name_constraints(Some(imposed)),
            None => entry,
        }
    }
}

impl From<&Ca> for TrustedRoot {
    fn from(ca: &Ca) -> Self {
        Self::unconditional(ca.der())
    }
}

/// These roots in the middle of Mozilla's list, without those of it that they are themselves.
pub(crate) fn among_mozillas(roots: &[TrustedRoot]) -> Vec<TrustedRoot> {
    let mozillas = TLS_SERVER_ROOT_CERTS.iter().cloned();
    let others = mozillas.filter(|der| roots.iter().all(|root| root.der != *der));
    let mut all: Vec<_> = others.map(TrustedRoot::unconditional).collect();
    let middle = all.len() / 2;
    all.splice(middle..middle, roots.iter().cloned());
    all
}
