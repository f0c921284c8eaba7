//! Sessions, each tied to the anchors that it depends on.
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

/// What a session depends on.
pub(crate) struct Tie {
    pub(crate) policy: TrustPolicy,
    pub(crate) host: String,
    /// None where a callback of the user's accepted a path that ends in no anchor.
    pub(crate) anchors: BoundAnchors,
}

impl Tie {
    /// What a connection depends on that resumes the session, if it may: it is to the host that was verified, by the same
    /// policy, and all that the session depends on is there unchanged.
    fn binding_for(&self, ssl: &SslRef, policy: &TrustPolicy) -> Option<TrustBinding> {
        if !policy.is(&self.policy) || store_context::host_of(ssl).unwrap_or_default() != self.host {
            return None;
        }
        self.policy.may_resume(&self.host, &self.anchors)
    }
}

/// Ties the session of a connection, and all that come of it. One that cannot be tied is not offered later.
pub(crate) fn tie(ssl: &SslRef, tie: Tie) {
    let Some(index) = index() else { return };
    // SAFETY: the session is null or the connection's, which is borrowed. What hangs on it at our index is null or from
    // `Arc::into_raw` and counted there: it is taken off before the new one is put in its place, and dropped once.
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

/// Takes the session off a connection that is about to offer it.
pub(crate) fn withhold(ssl: &SslRef) {
    // SAFETY: the connection is borrowed; before its first handshake a session may be taken off it, which OpenSSL frees when
    // nobody else holds it.
    unsafe {
        if ffi::SSL_in_before(ssl.as_ptr()) == 1 {
            openssl_sys::SSL_set_session(ssl.as_ptr(), ptr::null_mut());
        }
    }
}

/// Before the handshake begins: a session that the program set is taken back if an anchor that it depends on is not there any more, or if
/// it was verified by another policy than this one.
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
    // SAFETY: what hangs on a session at our index is null or from `Arc::into_raw`, and held by the session: with one
    // reference more it outlasts that.
    unsafe {
        let tie: *const Tie = ffi::SSL_SESSION_get_ex_data(session, index).cast();
        if tie.is_null() {
            return None;
        }
        Arc::increment_strong_count(tie);
        Some(Arc::from_raw(tie))
    }
}

/// # Safety
/// Null, or from `Arc::into_raw`, and given up.
unsafe fn release(tie: *mut c_void) {
    if !tie.is_null() {
        // SAFETY: as the caller says.
        drop(unsafe { Arc::from_raw(tie.cast::<Tie>()) });
    }
}

fn index() -> Option<c_int> {
    static INDEX: OnceLock<c_int> = OnceLock::new();
    let taken = INDEX.get_or_init(|| {
        openssl_sys::init();
        // SAFETY: functions of the type that is asked for, with nothing given along.
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

/// OpenSSL copies a session: the copy is tied as well.
unsafe extern "C" fn copied(
    _to: *mut CRYPTO_EX_DATA,
    _from: *const CRYPTO_EX_DATA,
    data: *mut *mut c_void,
    _index: c_int,
    _argl: c_long,
    _argp: *mut c_void,
) -> c_int {
    // SAFETY: OpenSSL passes the address of the pointer that it is about to copy, which is null or from `Arc::into_raw`.
    unsafe {
        if let Some(tie) = data.as_ref().filter(|tie| !tie.is_null()) {
            Arc::increment_strong_count(tie.cast::<Tie>().cast_const());
        }
    }
    1
}

/// OpenSSL frees a session.
unsafe extern "C" fn freed(
    _session: *mut c_void,
    data: *mut c_void,
    _ad: *mut CRYPTO_EX_DATA,
    _index: c_int,
    _argl: c_long,
    _argp: *mut c_void,
) {
    // What a tie holds may be a store of the user's own, and do anything when it is dropped. OpenSSL is in C.
    let _panicked = std::panic::catch_unwind(|| {
        // SAFETY: null or from `Arc::into_raw`, and given up by the session.
        unsafe { release(data) };
    });
}
