//! The callbacks from OpenSSL. No panic leaves this module, and no raw pointer is passed on.
#![allow(unsafe_code, reason = "OpenSSL's interface")]

use std::ffi::{c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::sync::{Arc, OnceLock};

use foreign_types::ForeignTypeRef;
use openssl::error::ErrorStack;
use openssl::ex_data::Index;
use openssl::ssl::{SslContext, SslContextBuilder, SslContextRef, SslRef, SslVerifyMode};
use openssl::x509::{X509StoreContext, X509StoreContextRef};
use openssl_sys::{SSL, X509_STORE_CTX};

use crate::ffi::{self, InfoCallback};
use crate::store_context::Marked;
use crate::verifier::{Answered, Verifier};
use crate::{queue, session};

/// The data that are attached to a context.
struct Attached {
    verifier: Arc<Verifier>,
    /// The previous info callback.
    info: Option<InfoCallback>,
}

impl Verifier {
    /// Attaches the verifier to a context. Its connections trust the anchors that the verifier selects, beside the CAs that are
    /// loaded into the context. Sets `SSL_VERIFY_PEER`, because a plain context accepts any certificate by default. A verify
    /// callback that was set stays.
    ///
    /// It is for clients, with one host for each connection. A connection of a server, and one for which OpenSSL is to accept
    /// several names, are rejected.
    ///
    /// It replaces the context's certificate verify callback, and calls the previous info callback after its own.
    ///
    /// # Errors
    /// When OpenSSL has no memory.
    pub fn attach(self, context: &mut SslContextBuilder) -> Result<(), ErrorStack> {
        let verifier = Arc::new(self);
        let index = index()?;
        let argument = Arc::as_ptr(&verifier).cast_mut().cast();
        // SAFETY: the context is borrowed mutably. OpenSSL passes the verifier back only while the context lives, which holds
        // it. The callbacks have the types that OpenSSL declares.
        unsafe {
            let raw = context.as_ptr();
            let info = match ffi::SSL_CTX_get_info_callback(raw) {
                // A verifier was attached before: the callback before that stays.
                Some(before) if ptr::fn_addr_eq(before, on_info as InfoCallback) => {
                    SslContextRef::from_ptr(raw)
                        .ex_data(index)
                        .and_then(|attached| attached.info)
                }
                before => before,
            };
            let callback = ffi::SSL_CTX_get_verify_callback(raw);
            let mode = openssl_sys::SSL_CTX_get_verify_mode(raw) | SslVerifyMode::PEER.bits();
            ffi::SSL_CTX_set_cert_verify_callback(raw, Some(on_verify), argument);
            ffi::SSL_CTX_set_info_callback(raw, Some(on_info));
            openssl_sys::SSL_CTX_set_verify(raw, mode, callback);
            context.set_ex_data(index, Attached { verifier, info });
        }
        Ok(())
    }
}

/// The verifier that is attached to a context.
pub(crate) fn attached(context: &SslContextRef) -> Option<&Verifier> {
    Some(&*context.ex_data(index().ok()?)?.verifier)
}

/// Disables renegotiation (TLS 1.2) for a connection. In it, the server could send other certificates, while the connection is
/// listed with the anchors of the first.
pub(crate) fn decline_renegotiation(ssl: &mut SslRef) {
    // SAFETY: the connection is borrowed.
    unsafe { ffi::SSL_set_options(ssl.as_ptr(), ffi::SSL_OP_NO_RENEGOTIATION) };
}

/// The callback with which OpenSSL asks for the verdict on a server's certificates.
unsafe extern "C" fn on_verify(context: *mut X509_STORE_CTX, verifier: *mut c_void) -> c_int {
    let answered = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: OpenSSL passes a context that nothing else uses during the call, and the pointer from `attach`, whose target
        // the SSL's context holds. The connection, if there is one, is driven by this call and is another object than the
        // context. Both live until the call returns.
        unsafe {
            if context.is_null() || verifier.is_null() {
                return 0;
            }
            let context = X509StoreContextRef::from_ptr_mut(context);
            let verifier = &*verifier.cast::<Verifier>();
            let ssl = X509StoreContext::ssl_idx().ok();
            let ssl = ssl
                .and_then(|index| context.ex_data(index))
                .map(ForeignTypeRef::as_ptr);
            let ssl = ssl.map(|ssl| SslRef::from_ptr(ssl));
            match (verifier.answer(context, ssl), ssl) {
                (Answered::Yes, _) => 1,
                (Answered::Later, Some(ssl)) => {
                    // Not trusted yet: with this set, OpenSSL suspends the handshake and calls again later.
                    let set = openssl_sys::SSL_ctrl(
                        ssl.as_ptr(),
                        ffi::SSL_CTRL_SET_RETRY_VERIFY,
                        0,
                        ptr::null_mut(),
                    );
                    c_int::from(set == 1)
                }
                (Answered::Later, None) | (Answered::No, _) => 0,
            }
        }
    }));
    answered.unwrap_or_else(|_| {
        queue::say("the verification panicked");
        0
    })
}

/// The callback with which OpenSSL reports the progress of a handshake.
unsafe extern "C" fn on_info(ssl: *const SSL, at: c_int, value: c_int) {
    // SAFETY: OpenSSL passes the connection that it drives, which nothing else uses during the call.
    let ssl = unsafe { SslRef::from_ptr(ssl.cast_mut()) };
    // OpenSSL would take errors that a store leaves in the queue for errors of the handshake.
    let policy = attached(ssl.ssl_context()).map(Verifier::policy);
    let check = || Marked::during(|| session::check_offered(ssl, policy));
    if at == ffi::SSL_CB_HANDSHAKE_START && catch_unwind(AssertUnwindSafe(check)).is_err() {
        session::withhold(ssl);
    }
    let before = index()
        .ok()
        .and_then(|index| ssl.ssl_context().ex_data(index)?.info);
    if let Some(before) = before {
        // SAFETY: OpenSSL called it with these arguments before it was replaced.
        unsafe { before(ssl.as_ptr(), at, value) };
    }
}

fn index() -> Result<Index<SslContext, Attached>, ErrorStack> {
    static INDEX: OnceLock<Index<SslContext, Attached>> = OnceLock::new();
    match INDEX.get() {
        Some(index) => Ok(*index),
        // Two threads may both get an index. The second one is lost, a few bytes, once.
        None => SslContext::new_ex_index().map(|index| *INDEX.get_or_init(|| index)),
    }
}
