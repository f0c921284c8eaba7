//! Whether a path conforms to the name constraints of its CAs, whatever else may be wrong with it.
//!
//! webpki says it where it comes as far. Where it finds another fault first, one that the library
//! in question does not mind, OpenSSL says it, with a callback that puts up with every fault and takes down those of this
//! kind.
#![allow(unsafe_code, reason = "a function of OpenSSL that the crate does not wrap")]

use std::cell::Cell;
use std::ffi::c_int;
use std::ops::RangeInclusive;
use std::sync::Arc;

use foreign_types::ForeignTypeRef;
use openssl::error::ErrorStack;
use openssl::stack::Stack;
use openssl::x509::store::X509StoreBuilder;
use openssl::x509::{X509, X509StoreContext};
use openssl_sys::{X509_STORE_CTX, X509_STORE_CTX_get_error};
use pki_types::{CertificateDer, UnixTime};
use rustls::crypto::CryptoProvider;
use webpki::EndEntityCert;

/// From `X509_V_ERR_PERMITTED_VIOLATION` to `X509_V_ERR_UNSUPPORTED_NAME_SYNTAX`; what lies between, other than
/// [`APPLICATION`], is of name constraints as well.
const OF_NAME_CONSTRAINTS: RangeInclusive<c_int> = 47..=53;

/// `X509_V_ERR_APPLICATION_VERIFICATION`.
const APPLICATION: c_int = 50;

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

thread_local! {
    static VIOLATED: Cell<bool> = const { Cell::new(false) };
}

/// The same, by OpenSSL.
pub(crate) fn permit_by_openssl(path: &[CertificateDer<'_>], root: &CertificateDer<'_>) -> bool {
    if path.is_empty() {
        return true;
    }
    let read = |der: &CertificateDer<'_>| X509::from_der(der).unwrap();
    let mut store = X509StoreBuilder::new().unwrap();
    store.add_cert(read(root)).unwrap();
    let mut sent = Stack::new().unwrap();
    for certificate in path {
        sent.push(read(certificate)).unwrap();
    }
    let (store, own) = (store.build(), sent.get(0).unwrap().to_owned());
    VIOLATED.set(false);
    let mut context = X509StoreContext::new().unwrap();
    let chain_len = context.init(&store, &own, &sent, |context| {
        // SAFETY: the context is borrowed, and the function is there as long as the program.
        unsafe { X509_STORE_CTX_set_verify_cb(context.as_ptr(), put_up_with) };
        context.verify_cert()?;
        Ok(context.chain().unwrap().len())
    });
    let _ = ErrorStack::get();
    assert_eq!(
        chain_len.unwrap(),
        path.len() + 1,
        "OpenSSL looks at another path"
    );
    !VIOLATED.get()
}

unsafe extern "C" {
    fn X509_STORE_CTX_set_verify_cb(
        context: *mut X509_STORE_CTX,
        callback: extern "C" fn(c_int, *mut X509_STORE_CTX) -> c_int,
    );
}

extern "C" fn put_up_with(_: c_int, context: *mut X509_STORE_CTX) -> c_int {
    // SAFETY: OpenSSL hands a context in that is alive for the call.
    let error = unsafe { X509_STORE_CTX_get_error(context) };
    if OF_NAME_CONSTRAINTS.contains(&error) && error != APPLICATION {
        VIOLATED.set(true);
    }
    1
}
