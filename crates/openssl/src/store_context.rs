//! Access to an `X509_STORE_CTX`, which is OpenSSL's object for one verification.
#![allow(unsafe_code, reason = "OpenSSL's interface")]

use std::ffi::{CStr, c_int};
use std::net::IpAddr;
use std::time::SystemTime;

use foreign_types::{ForeignType, ForeignTypeRef};
use openssl::error::ErrorStack;
use openssl::ssl::{NameType, SslRef};
use openssl::stack::{Stack, StackRef};
use openssl::x509::store::X509StoreRef;
use openssl::x509::verify::{X509CheckFlags, X509VerifyParam, X509VerifyParamRef};
use openssl::x509::{X509, X509NameRef, X509Ref, X509StoreContext, X509StoreContextRef};
use openssl_sys::X509_VERIFY_PARAM;

use crate::ffi;

/// The certificates that the peer sent, its own first, each in DER.
pub(crate) fn sent(context: &X509StoreContextRef) -> Result<Vec<Vec<u8>>, ErrorStack> {
    let mut sent = Vec::new();
    if let Some(all) = untrusted(context).filter(|all| !all.is_empty()) {
        for certificate in all {
            sent.push(certificate.to_der()?);
        }
    }
    // Outside of TLS, the certificate that is verified need not be among the others.
    if let Some(own) = certificate(context) {
        let own = own.to_der()?;
        if sent.first() != Some(&own) {
            sent.insert(0, own);
        }
    }
    Ok(sent)
}

/// The certificate that is verified.
pub(crate) fn certificate(context: &X509StoreContextRef) -> Option<&X509Ref> {
    // SAFETY: the pointer is null or to a certificate that the context keeps while it is borrowed.
    unsafe {
        let certificate = ffi::X509_STORE_CTX_get0_cert(context.as_ptr());
        (!certificate.is_null()).then(|| X509Ref::from_ptr(certificate))
    }
}

/// The untrusted certificates. In TLS, these are all that the server sent.
pub(crate) fn untrusted(context: &X509StoreContextRef) -> Option<&StackRef<X509>> {
    // SAFETY: the pointer is null or to a stack of certificates that the context keeps while it is borrowed.
    unsafe {
        let untrusted = ffi::X509_STORE_CTX_get0_untrusted(context.as_ptr());
        (!untrusted.is_null()).then(|| StackRef::from_ptr(untrusted))
    }
}

/// The host that is verified: the one that OpenSSL checks; or, where it checks none, the one of SNI.
pub(crate) fn host(context: &X509StoreContextRef, ssl: Option<&SslRef>) -> Option<String> {
    // SAFETY: the parameters are null or the context's own, which is borrowed.
    let checked = unsafe { checked_host(ffi::X509_STORE_CTX_get0_param(context.as_ptr())) };
    checked.or_else(|| ssl.and_then(named_host))
}

/// As [`host`], before the handshake.
pub(crate) fn host_of(ssl: &SslRef) -> Option<String> {
    // SAFETY: the parameters are null or the connection's own, which is borrowed.
    let checked = unsafe { checked_host(openssl_sys::SSL_get0_param(ssl.as_ptr())) };
    checked.or_else(|| named_host(ssl))
}

fn named_host(ssl: &SslRef) -> Option<String> {
    ssl.servername(NameType::HOST_NAME).map(str::to_owned)
}

/// The host that OpenSSL checks by these parameters.
///
/// # Safety
/// The pointer must be null or to valid parameters.
unsafe fn checked_host(param: *mut X509_VERIFY_PARAM) -> Option<String> {
    // SAFETY: both functions return null or a string that ends with a NUL. The parameters own the host, which is copied at
    // once; the address is ours and is freed.
    unsafe {
        if param.is_null() {
            return None;
        }
        let host = ffi::X509_VERIFY_PARAM_get0_host(param, 0);
        if !host.is_null() {
            return Some(CStr::from_ptr(host).to_string_lossy().into_owned());
        }
        let address = ffi::X509_VERIFY_PARAM_get1_ip_asc(param);
        if !address.is_null() {
            let text = CStr::from_ptr(address).to_string_lossy().into_owned();
            openssl_sys::CRYPTO_free(address.cast(), c"jit-trust".as_ptr(), 0);
            // OpenSSL has its own notation of IPv6 addresses.
            return Some(text.parse().map_or(text, |address: IpAddr| address.to_string()));
        }
    }
    None
}

/// Whether OpenSSL is to accept several names.
pub(crate) fn has_several_hosts(context: &X509StoreContextRef) -> bool {
    // SAFETY: the parameters are null or the context's own, which is borrowed; what they return is only compared.
    unsafe {
        let param = ffi::X509_STORE_CTX_get0_param(context.as_ptr());
        !param.is_null() && !ffi::X509_VERIFY_PARAM_get0_host(param, 1).is_null()
    }
}

/// The Unix time as of which the certificates are validated; `None` where OpenSSL does not check validity.
pub(crate) fn judged_at(context: &X509StoreContextRef) -> Option<u64> {
    // SAFETY: the parameters are the context's own, which is borrowed.
    let (flags, time) = unsafe {
        let param = ffi::X509_STORE_CTX_get0_param(context.as_ptr());
        if param.is_null() {
            return None;
        }
        (
            openssl_sys::X509_VERIFY_PARAM_get_flags(param),
            ffi::X509_VERIFY_PARAM_get_time(param),
        )
    };
    if flags & openssl_sys::X509_V_FLAG_NO_CHECK_TIME != 0 {
        return None;
    }
    if flags & openssl_sys::X509_V_FLAG_USE_CHECK_TIME != 0 {
        return time.try_into().ok();
    }
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    now.ok().map(|now| now.as_secs())
}

/// Adds flags for the check of the host name to those that are set.
pub(crate) fn add_host_flags(param: &mut X509VerifyParamRef, flags: X509CheckFlags) {
    // SAFETY: the parameters are borrowed.
    let set = unsafe { ffi::X509_VERIFY_PARAM_get_hostflags(param.as_ptr()) };
    param.set_hostflags(X509CheckFlags::from_bits_retain(set) | flags);
}

/// The certificates of this name in the context's store and its directories.
pub(crate) fn loaded(context: &mut X509StoreContextRef, name: &X509NameRef) -> Option<Stack<X509>> {
    // SAFETY: both are borrowed for the call. The returned stack, if any, is ours, with a reference to each certificate.
    unsafe {
        let found = ffi::X509_STORE_CTX_get1_certs(context.as_ptr(), name.as_ptr());
        (!found.is_null()).then(|| Stack::from_ptr(found))
    }
}

/// A path that OpenSSL has validated.
#[derive(Default)]
pub(crate) struct Path {
    /// The indexes of the anchors in it, the last one first: OpenSSL continues a path above an anchor that is not self-signed.
    pub(crate) used: Vec<usize>,
    /// The certificates below the last anchor, or all where there is none, in DER, the end entity first.
    pub(crate) below: Vec<Vec<u8>>,
}

/// Validates with exactly these anchors, and returns the path if it is valid. A context validates only once.
pub(crate) fn verify(
    context: &mut X509StoreContextRef,
    anchors: &StackRef<X509>,
    completing: &[X509],
) -> Result<Option<Path>, ErrorStack> {
    let completed = match completing {
        [] => None,
        completing => Some(completed(untrusted(context), completing)?),
    };
    let _lent = Lent::new(context, anchors, completed.as_deref());
    if !context.verify_cert()? {
        return Ok(None);
    }
    let mut path = Path::default();
    let mut below = Vec::new();
    for certificate in context.chain().into_iter().flatten() {
        let mut anchors = anchors.iter();
        let place = anchors.position(|anchor| anchor.as_ptr() == certificate.as_ptr());
        if let Some(place) = place {
            path.used.insert(0, place);
            path.below.clone_from(&below);
        }
        below.push(certificate.to_der()?);
    }
    if path.used.is_empty() {
        path.below = below;
    }
    Ok(Some(path))
}

/// As [`verify`], in a new context with the same parameters, so without consequences. The verify callback of the connection,
/// which may accept what OpenSSL rejects, is not called; one of the store itself is.
pub(crate) fn try_out(
    context: &X509StoreContextRef,
    anchors: &StackRef<X509>,
    completing: &[X509],
) -> Result<Option<Path>, ErrorStack> {
    let Some(certificate) = certificate(context) else {
        return Ok(None);
    };
    let untrusted = completed(untrusted(context), completing)?;
    // SAFETY: the store is the context's own, which is borrowed.
    let store = unsafe {
        let store = ffi::X509_STORE_CTX_get0_store(context.as_ptr());
        if store.is_null() {
            return Ok(None);
        }
        X509StoreRef::from_ptr(store)
    };
    let mut trial = X509StoreContext::new()?;
    trial.init(store, certificate, &untrusted, |trial| {
        set_parameters_of(trial, context)?;
        let path = Marked::during(|| verify(trial, anchors, &[]))?;
        Ok(path.filter(|path| !path.used.is_empty()))
    })
}

/// The untrusted certificates, followed by those that complete the path.
fn completed(untrusted: Option<&StackRef<X509>>, completing: &[X509]) -> Result<Stack<X509>, ErrorStack> {
    let mut all = Stack::new()?;
    let sent = untrusted.into_iter().flatten().map(ToOwned::to_owned);
    sent.chain(completing.iter().cloned())
        .try_for_each(|certificate| all.push(certificate))?;
    Ok(all)
}

/// Copies the parameters of another context: names, time, purpose, flags.
fn set_parameters_of(
    context: &mut X509StoreContextRef,
    other: &X509StoreContextRef,
) -> Result<(), ErrorStack> {
    let param = X509VerifyParam::new()?;
    // SAFETY: both contexts are borrowed, and the copied parameters are the other's own. The copy is given to the context,
    // which frees it; it is not used here afterwards.
    unsafe {
        if ffi::X509_VERIFY_PARAM_set1(param.as_ptr(), ffi::X509_STORE_CTX_get0_param(other.as_ptr())) != 1 {
            return Err(ErrorStack::get());
        }
        ffi::X509_STORE_CTX_set0_param(context.as_ptr(), param.as_ptr());
    }
    std::mem::forget(param);
    Ok(())
}

/// Anchors and untrusted certificates that a context uses until this is dropped. It neither copies nor frees them.
struct Lent {
    context: *mut openssl_sys::X509_STORE_CTX,
    /// The previous untrusted certificates, where they were replaced.
    untrusted: Option<*mut openssl_sys::stack_st_X509>,
}

impl Lent {
    fn new(
        context: &mut X509StoreContextRef,
        anchors: &StackRef<X509>,
        untrusted: Option<&StackRef<X509>>,
    ) -> Self {
        let context = context.as_ptr();
        // SAFETY: `verify` borrows all of them until this is dropped, and OpenSSL does not change the stacks.
        unsafe {
            ffi::X509_STORE_CTX_set0_trusted_stack(context, anchors.as_ptr());
            let untrusted = untrusted.map(|untrusted| {
                let before = ffi::X509_STORE_CTX_get0_untrusted(context);
                ffi::X509_STORE_CTX_set0_untrusted(context, untrusted.as_ptr());
                before
            });
            Self { context, untrusted }
        }
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        // SAFETY: as in `new`, the context is valid, and so are its previous certificates. It has no anchors from here on.
        unsafe {
            ffi::X509_STORE_CTX_set0_trusted_stack(self.context, std::ptr::null_mut());
            if let Some(untrusted) = self.untrusted {
                ffi::X509_STORE_CTX_set0_untrusted(self.context, untrusted);
            }
        }
    }
}

/// Sets OpenSSL's error code of the verification.
pub(crate) fn set_error(context: &mut X509StoreContextRef, error: c_int) {
    // SAFETY: the context is borrowed.
    unsafe { openssl_sys::X509_STORE_CTX_set_error(context.as_ptr(), error) };
}

/// A mark in OpenSSL's error queue, which removes later errors when it is dropped.
pub(crate) struct Marked(());

impl Marked {
    pub(crate) fn during<T>(step: impl FnOnce() -> T) -> T {
        // SAFETY: a call without conditions.
        unsafe { ffi::ERR_set_mark() };
        let _marked = Self(());
        step()
    }
}

impl Drop for Marked {
    fn drop(&mut self) {
        // SAFETY: a call without conditions.
        unsafe { ffi::ERR_pop_to_mark() };
    }
}
