//! Where OpenSSL calls us: no panic goes beyond this, and no pointer comes further.
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

/// What hangs on a context.
struct Attached {
    verifier: Arc<Verifier>,
    /// The info callback that there was before.
    info: Option<InfoCallback>,
}

impl Verifier {
    /// Has connections of this context trust just in time, beside the CAs that are loaded into it. Sets
    /// `SSL_VERIFY_PEER`: the default of a plain context is to accept anything. A verify callback that was set stays.
    ///
    /// It is for clients, each connection to one host: a server's, and one for which OpenSSL is to take one name of several, are
    /// refused.
    ///
    /// It takes the place of the context's certificate verify callback, and stands before its info callback.
    ///
    /// # Errors
    /// Where OpenSSL has no memory.
    pub fn attach(self, context: &mut SslContextBuilder) -> Result<(), ErrorStack> {
        let verifier = Arc::new(self);
        let index = index()?;
        let argument = Arc::as_ptr(&verifier).cast_mut().cast();
        // SAFETY: the context is ours to set up. The verifier that OpenSSL passes back is held by the context for as long as
        // that calls us: its data are freed with it. The callbacks are of the types that are asked for.
        unsafe {
            let raw = context.as_ptr();
            let info = match ffi::SSL_CTX_get_info_callback(raw) {
                // A verifier was attached before: what stood before that stays.
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

/// The verifier that was attached to a context.
pub(crate) fn attached(context: &SslContextRef) -> Option<&Verifier> {
    Some(&*context.ex_data(index().ok()?)?.verifier)
}

/// Has a connection decline to renegotiate, which is a thing of TLS 1.2: the server could show other certificates in it,
/// while the connection is listed as one that leans on what vouched for the first.
pub(crate) fn decline_renegotiation(ssl: &mut SslRef) {
    // SAFETY: the connection is borrowed.
    unsafe { ffi::SSL_set_options(ssl.as_ptr(), ffi::SSL_OP_NO_RENEGOTIATION) };
}

/// OpenSSL asks whether to trust what a server sent.
unsafe extern "C" fn on_verify(context: *mut X509_STORE_CTX, verifier: *mut c_void) -> c_int {
    let answered = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: OpenSSL passes a context that nobody else uses during the call, and what `attach` gave it, which the SSL's
        // context holds. The connection, if there is one, is driven by this call and is another object than the
        // context; both live until it returns.
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
                    // Not trusted yet: with this set, OpenSSL goes no further and asks again.
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

/// OpenSSL says what it does.
unsafe extern "C" fn on_info(ssl: *const SSL, at: c_int, value: c_int) {
    // SAFETY: OpenSSL passes the connection that it drives, which nobody else uses during the call.
    let ssl = unsafe { SslRef::from_ptr(ssl.cast_mut()) };
    // What a store leaves in the error queue OpenSSL would take for a fault of the handshake's.
    let policy = attached(ssl.ssl_context()).map(Verifier::policy);
    let check = || Marked::during(|| session::check_offered(ssl, policy));
    if at == ffi::SSL_CB_HANDSHAKE_START && catch_unwind(AssertUnwindSafe(check)).is_err() {
        session::withhold(ssl);
    }
    let before = index()
        .ok()
        .and_then(|index| ssl.ssl_context().ex_data(index)?.info);
    if let Some(before) = before {
        // SAFETY: it was called by OpenSSL like this before it was replaced.
        unsafe { before(ssl.as_ptr(), at, value) };
    }
}

fn index() -> Result<Index<SslContext, Attached>, ErrorStack> {
    static INDEX: OnceLock<Index<SslContext, Attached>> = OnceLock::new();
    match INDEX.get() {
        Some(index) => Ok(*index),
        // Two threads may both take one: the second is lost, a few bytes, once.
        None => SslContext::new_ex_index().map(|index| *INDEX.get_or_init(|| index)),
    }
}
