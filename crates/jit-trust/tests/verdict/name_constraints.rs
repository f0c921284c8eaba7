//! Whether a path conforms to the name constraints of its CAs, whatever else may be wrong with it.
//!
//! webpki says it where it comes as far. Where it finds another fault first, one that the library in question does not mind,
//! OpenSSL says it, of each certificate and each CA above it: it would find a path of its own, by names alone.
#![allow(unsafe_code, reason = "functions of OpenSSL that the crate does not wrap")]

use std::ffi::{c_int, c_void};
use std::sync::Arc;

use foreign_types::ForeignTypeRef;
use openssl::error::ErrorStack;
use openssl::nid::Nid;
use openssl::x509::{X509, X509Ref};
use pki_types::{CertificateDer, UnixTime};
use rustls::crypto::CryptoProvider;
use webpki::EndEntityCert;

/// Says whether paths conform.
pub(crate) struct NameConstraints(Arc<CryptoProvider>);

impl NameConstraints {
    pub(crate) fn new(provider: Arc<CryptoProvider>) -> Self {
        Self(provider)
    }

    /// Whether a path, from the leaf up, conforms to the constraints of all its CAs and of the root above it.
    pub(crate) fn permit(
        &self,
        path: &[CertificateDer<'_>],
        root: &CertificateDer<'_>,
        time: UnixTime,
    ) -> bool {
        if path.is_empty() {
            // What is trusted is the server's own certificate: no CA is above it.
            return true;
        }
        match self.by_webpki(path, root, time) {
            Ok(()) => true,
            Err(webpki::Error::NameConstraintViolation) => false,
            Err(_) => permit_by_openssl(path, root),
        }
    }

    /// Whether a path that webpki has found to a root conforms to the constraints in this certificate of the same name and
    /// key: whatever webpki has against it then is for those.
    pub(crate) fn permit_valid(
        &self,
        path: &[CertificateDer<'_>],
        root: &CertificateDer<'_>,
        time: UnixTime,
    ) -> bool {
        self.by_webpki(path, root, time).is_ok()
    }

    fn by_webpki(
        &self,
        path: &[CertificateDer<'_>],
        root: &CertificateDer<'_>,
        time: UnixTime,
    ) -> Result<(), webpki::Error> {
        let (leaf, others) = path.split_first().unwrap();
        let leaf = EndEntityCert::try_from(leaf)?;
        let anchors = [webpki::anchor_from_trusted_cert(root)?];
        let verified = leaf.verify_for_usage(
            self.0.signature_verification_algorithms.all,
            &anchors,
            others,
            time,
            webpki::KeyUsage::server_auth(),
            None,
            None,
        );
        verified.map(drop)
    }
}

/// The same, by OpenSSL.
pub(crate) fn permit_by_openssl(path: &[CertificateDer<'_>], root: &CertificateDer<'_>) -> bool {
    let path: Vec<X509> = path
        .iter()
        .chain([root])
        .map(|der| X509::from_der(der).unwrap())
        .collect();
    let all_conform = path.iter().enumerate().all(|(number, certificate)| {
        let is_own = number == 0;
        if !is_own && is_self_issued(certificate) {
            return true;
        }
        let mut above = path[number + 1..].iter();
        above.all(|ca| permits(ca, certificate, is_own))
    });
    let _ = ErrorStack::get();
    all_conform
}

fn is_self_issued(certificate: &X509Ref) -> bool {
    let issuer = certificate.issuer_name();
    certificate.subject_name().try_cmp(issuer).unwrap().is_eq()
}

/// Whether a CA's own constraints permit a certificate.
fn permits(ca: &X509Ref, certificate: &X509Ref, is_own: bool) -> bool {
    let names = certificate.subject_alt_names();
    let has_dns_name = names.is_some_and(|names| names.iter().any(|name| name.dnsname().is_some()));
    // SAFETY: the certificates are borrowed; the constraints are null or ours, and freed once.
    unsafe {
        let (nid, none) = (Nid::NAME_CONSTRAINTS.as_raw(), std::ptr::null_mut());
        let constraints = X509_get_ext_d2i(ca.as_ptr(), nid, none, none.cast());
        if constraints.is_null() {
            return true;
        }
        // Has OpenSSL read the alternative names.
        X509_check_purpose(certificate.as_ptr(), -1, 0);
        let mut verdict = NAME_CONSTRAINTS_check(certificate.as_ptr(), constraints);
        if verdict == openssl_sys::X509_V_OK && is_own && !has_dns_name {
            verdict = NAME_CONSTRAINTS_check_CN(certificate.as_ptr(), constraints);
        }
        NAME_CONSTRAINTS_free(constraints);
        verdict == openssl_sys::X509_V_OK
    }
}

unsafe extern "C" {
    fn X509_get_ext_d2i(
        certificate: *const openssl_sys::X509,
        nid: c_int,
        critical: *mut c_int,
        place: *mut c_int,
    ) -> *mut c_void;
    fn X509_check_purpose(certificate: *mut openssl_sys::X509, purpose: c_int, is_ca: c_int) -> c_int;
    fn NAME_CONSTRAINTS_check(certificate: *mut openssl_sys::X509, constraints: *mut c_void) -> c_int;
    fn NAME_CONSTRAINTS_check_CN(certificate: *mut openssl_sys::X509, constraints: *mut c_void) -> c_int;
    fn NAME_CONSTRAINTS_free(constraints: *mut c_void);
}
