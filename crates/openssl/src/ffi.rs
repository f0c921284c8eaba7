//! Declarations from the headers of OpenSSL 3.0 that neither the `openssl` crate nor `openssl-sys` has.
#![allow(unsafe_code, reason = "OpenSSL's interface")]

use std::ffi::{c_char, c_int, c_uint, c_void};

use openssl_sys::{
    SSL, SSL_CTX, SSL_SESSION, X509, X509_NAME, X509_STORE, X509_STORE_CTX, X509_VERIFY_PARAM, stack_st_X509,
};

/// `SSL_CB_HANDSHAKE_START` of `ssl.h`.
pub(crate) const SSL_CB_HANDSHAKE_START: c_int = 0x10;
/// `SSL_CTRL_SET_RETRY_VERIFY` of `ssl.h`.
pub(crate) const SSL_CTRL_SET_RETRY_VERIFY: c_int = 136;
/// `SSL_OP_NO_RENEGOTIATION` of `ssl.h`.
pub(crate) const SSL_OP_NO_RENEGOTIATION: u64 = 1 << 30;
/// `SSL_ERROR_WANT_RETRY_VERIFY` of `ssl.h`.
pub(crate) const SSL_ERROR_WANT_RETRY_VERIFY: c_int = 12;
/// `CRYPTO_EX_INDEX_SSL_SESSION` of `crypto.h`.
pub(crate) const CRYPTO_EX_INDEX_SSL_SESSION: c_int = 2;
/// `ERR_LIB_SSL` of `err.h`.
pub(crate) const ERR_LIB_SSL: c_int = 20;
/// `SSL_R_BAD_SIGNATURE` of `sslerr.h`.
pub(crate) const SSL_R_BAD_SIGNATURE: c_int = 123;
/// `X509_V_ERR_APPLICATION_VERIFICATION` of `x509_vfy.h`.
pub(crate) const X509_V_ERR_APPLICATION_VERIFICATION: c_int = 50;
/// `X509_V_ERR_STORE_LOOKUP` of `x509_vfy.h`.
pub(crate) const X509_V_ERR_STORE_LOOKUP: c_int = 70;

pub(crate) type CertVerifyCallback = unsafe extern "C" fn(*mut X509_STORE_CTX, *mut c_void) -> c_int;
pub(crate) type VerifyCallback = extern "C" fn(c_int, *mut X509_STORE_CTX) -> c_int;
pub(crate) type InfoCallback = unsafe extern "C" fn(*const SSL, c_int, c_int);

unsafe extern "C" {
    pub(crate) fn SSL_CTX_set_cert_verify_callback(
        context: *mut SSL_CTX,
        callback: Option<CertVerifyCallback>,
        argument: *mut c_void,
    );
    pub(crate) fn SSL_CTX_get_verify_callback(context: *const SSL_CTX) -> Option<VerifyCallback>;
    pub(crate) fn SSL_CTX_set_info_callback(context: *mut SSL_CTX, callback: Option<InfoCallback>);
    pub(crate) fn SSL_CTX_get_info_callback(context: *mut SSL_CTX) -> Option<InfoCallback>;
    pub(crate) fn SSL_set_options(ssl: *mut SSL, options: u64) -> u64;
    pub(crate) fn SSL_in_before(ssl: *const SSL) -> c_int;
    pub(crate) fn SSL_SESSION_set_ex_data(
        session: *mut SSL_SESSION,
        index: c_int,
        data: *mut c_void,
    ) -> c_int;
    pub(crate) fn SSL_SESSION_get_ex_data(session: *const SSL_SESSION, index: c_int) -> *mut c_void;

    pub(crate) fn X509_STORE_CTX_get0_store(context: *const X509_STORE_CTX) -> *mut X509_STORE;
    pub(crate) fn X509_STORE_CTX_get0_cert(context: *const X509_STORE_CTX) -> *mut X509;
    pub(crate) fn X509_STORE_CTX_set0_untrusted(context: *mut X509_STORE_CTX, untrusted: *mut stack_st_X509);
    pub(crate) fn X509_STORE_CTX_get0_untrusted(context: *const X509_STORE_CTX) -> *mut stack_st_X509;
    pub(crate) fn X509_STORE_CTX_set0_trusted_stack(
        context: *mut X509_STORE_CTX,
        trusted: *mut stack_st_X509,
    );
    pub(crate) fn X509_STORE_CTX_get0_param(context: *const X509_STORE_CTX) -> *mut X509_VERIFY_PARAM;
    pub(crate) fn X509_STORE_CTX_set0_param(context: *mut X509_STORE_CTX, param: *mut X509_VERIFY_PARAM);
    pub(crate) fn X509_STORE_CTX_get1_certs(
        context: *mut X509_STORE_CTX,
        name: *const X509_NAME,
    ) -> *mut stack_st_X509;
    pub(crate) fn X509_VERIFY_PARAM_set1(to: *mut X509_VERIFY_PARAM, from: *const X509_VERIFY_PARAM)
    -> c_int;
    pub(crate) fn X509_VERIFY_PARAM_get_hostflags(param: *const X509_VERIFY_PARAM) -> c_uint;
    pub(crate) fn X509_VERIFY_PARAM_get0_host(param: *mut X509_VERIFY_PARAM, index: c_int) -> *mut c_char;
    pub(crate) fn X509_VERIFY_PARAM_get_time(param: *const X509_VERIFY_PARAM) -> libc::time_t;
    pub(crate) fn X509_VERIFY_PARAM_get1_ip_asc(param: *mut X509_VERIFY_PARAM) -> *mut c_char;

    pub(crate) fn ERR_set_mark() -> c_int;
    pub(crate) fn ERR_pop_to_mark() -> c_int;
}
