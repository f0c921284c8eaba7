//! Sessions, which are tied to the anchors that they depend on.
#![allow(unsafe_code, reason = "OpenSSL's interface")]

use std::ffi::{c_int, c_long, c_void};
use std::ptr;
use std::sync::{Arc, OnceLock};

use foreign_types::ForeignTypeRef;
use jit_trust_engine::{BoundAnchors, TrustBinding, TrustPolicy};
use openssl::ssl::SslRef;
use openssl_sys::{CRYPTO_EX_DATA, SSL_SESSION};

use crate::state::State;
use crate::{ffi, store_context};

/// The host, the policy and the anchors that a session depends on.
pub(crate) struct Tie {
    pub(crate) policy: TrustPolicy,
    pub(crate) host: String,
    /// Empty where a verify callback of the program accepted a path that ends in no anchor.
    pub(crate) anchors: BoundAnchors,
}

impl Tie {
    /// The binding of a connection that resumes the session, if it may: it is to the host that was verified, by the same
    /// policy, and all anchors are still trusted unchanged.
    fn binding_for(&self, ssl: &SslRef, policy: &TrustPolicy) -> Option<TrustBinding> {
        if !policy.is(&self.policy) || store_context::host_of(ssl).unwrap_or_default() != self.host {
            return None;
        }
        self.policy.may_resume(&self.host, &self.anchors)
    }
}

/// Ties the session of a connection, and all sessions that are derived from it. One that cannot be tied is not offered later.
pub(crate) fn tie(ssl: &SslRef, tie: Tie) {
    let Some(index) = index() else { return };
    // SAFETY: the session is null or the connection's, which is borrowed. Its data at our index are null or from
    // `Arc::into_raw`, with one reference counted: it is replaced before it is released, once.
    unsafe {
        let session = openssl_sys::SSL_get_session(ssl.as_ptr());
        if session.is_null() {
            return;
        }
        let before = ffi::SSL_SESSION_get_ex_data(session, index);
        let tie = Arc::into_raw(Arc::new(tie)).cast_mut().cast();
        if ffi::SSL_SESSION_set_ex_data(session, index, tie) == 1 {
            release(before);
        } else {
            release(tie);
        }
    }
}

/// Removes the session from a connection that is about to offer it.
pub(crate) fn withhold(ssl: &SslRef) {
    // SAFETY: the connection is borrowed. Before its first handshake its session may be removed; OpenSSL counts its references.
    unsafe {
        if ffi::SSL_in_before(ssl.as_ptr()) == 1 {
            openssl_sys::SSL_set_session(ssl.as_ptr(), ptr::null_mut());
        }
    }
}

/// Checks a session that the program set, before the handshake begins. It is removed if an anchor that it depends on is not
/// trusted any more, or if it was verified by another policy than this one.
pub(crate) fn check_offered(ssl: &SslRef, policy: Option<&TrustPolicy>) {
    // SAFETY: the connection is borrowed, and with it its session.
    let tie = unsafe {
        let session = openssl_sys::SSL_get_session(ssl.as_ptr());
        if session.is_null() || ffi::SSL_in_before(ssl.as_ptr()) != 1 {
            return;
        }
        tie_of(session)
    };
    let binding = tie.and_then(|tie| tie.binding_for(ssl, policy?));
    match (binding, State::of_or_new(ssl)) {
        (Some(binding), Some(state)) => state.lock().offered = Some(binding),
        _ => withhold(ssl),
    }
}

/// The tie of a session.
///
/// # Safety
/// The session must live.
unsafe fn tie_of(session: *mut SSL_SESSION) -> Option<Arc<Tie>> {
    let index = index()?;
    // SAFETY: the data of a session at our index are null or from `Arc::into_raw`, and the session holds one reference. The
    // added reference is ours.
    unsafe {
        let tie: *const Tie = ffi::SSL_SESSION_get_ex_data(session, index).cast();
        if tie.is_null() {
            return None;
        }
        Arc::increment_strong_count(tie);
        Some(Arc::from_raw(tie))
    }
}

/// Releases one reference to a tie.
///
/// # Safety
/// The pointer must be null, or from `Arc::into_raw` and not used afterwards.
unsafe fn release(tie: *mut c_void) {
    if !tie.is_null() {
        // SAFETY: the caller's promise.
        drop(unsafe { Arc::from_raw(tie.cast::<Tie>()) });
    }
}

fn index() -> Option<c_int> {
    static INDEX: OnceLock<c_int> = OnceLock::new();
    let taken = INDEX.get_or_init(|| {
        openssl_sys::init();
        // SAFETY: the functions have the types that OpenSSL declares, and need no argument.
        unsafe {
            openssl_sys::CRYPTO_get_ex_new_index(
                ffi::CRYPTO_EX_INDEX_SSL_SESSION,
                0,
                ptr::null_mut(),
                None,
                Some(copied),
                Some(freed),
            )
        }
    });
    (*taken >= 0).then_some(*taken)
}

/// The callback for a session that OpenSSL copies: the copy is tied as well.
unsafe extern "C" fn copied(
    _to: *mut CRYPTO_EX_DATA,
    _from: *const CRYPTO_EX_DATA,
    data: *mut *mut c_void,
    _index: c_int,
    _argl: c_long,
    _argp: *mut c_void,
) -> c_int {
    // SAFETY: OpenSSL passes the address of the pointer that it copies, which is null or from `Arc::into_raw`.
    unsafe {
        if let Some(tie) = data.as_ref().filter(|tie| !tie.is_null()) {
            Arc::increment_strong_count(tie.cast::<Tie>().cast_const());
        }
    }
    1
}

/// The callback for a session that OpenSSL frees.
unsafe extern "C" fn freed(
    _session: *mut c_void,
    data: *mut c_void,
    _ad: *mut CRYPTO_EX_DATA,
    _index: c_int,
    _argl: c_long,
    _argp: *mut c_void,
) {
    // A tie may hold a program's own store, which may panic when it is dropped. No panic may reach C.
    let _panicked = std::panic::catch_unwind(|| {
        // SAFETY: null or from `Arc::into_raw`, and the session does not use it any more.
        unsafe { release(data) };
    });
}
