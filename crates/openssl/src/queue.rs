//! An entry in OpenSSL's error queue.
#![allow(unsafe_code, reason = "OpenSSL's interface")]

use std::ffi::{CString, c_char, c_int, c_ulong};
use std::ptr;
use std::sync::OnceLock;

use openssl_sys::ERR_STRING_DATA;

/// The reason code of an entry. The entry's data are the message.
const REJECTED: c_int = 100;

/// Adds an entry that says why a certificate is rejected.
pub(crate) fn say(text: &str) {
    let text: String = text.chars().filter(|character| *character != '\0').collect();
    let Ok(text) = CString::new(text) else { return };
    // SAFETY: all strings end with a NUL; OpenSSL copies the text, and `%s` takes just one.
    unsafe {
        openssl_sys::ERR_new();
        openssl_sys::ERR_set_debug(c"jit-trust".as_ptr(), 0, c"verify".as_ptr());
        openssl_sys::ERR_set_error(library(), REJECTED, c"%s".as_ptr(), text.as_ptr());
    }
}

/// The library number that OpenSSL assigns to this crate, with its strings.
fn library() -> c_int {
    static LIBRARY: OnceLock<c_int> = OnceLock::new();
    *LIBRARY.get_or_init(|| {
        let entry = |error: c_ulong, string: *const c_char| ERR_STRING_DATA { error, string };
        // SAFETY: a table that ends with a zero, and is never freed: OpenSSL keeps it.
        unsafe {
            let library = openssl_sys::ERR_get_next_error_library();
            let table = Box::leak(Box::new([
                entry(openssl_sys::ERR_PACK(library, 0, 0), c"jit-trust".as_ptr()),
                entry(
                    openssl_sys::ERR_PACK(library, 0, REJECTED),
                    c"certificate rejected".as_ptr(),
                ),
                entry(0, ptr::null()),
            ]));
            openssl_sys::ERR_load_strings(0, table.as_mut_ptr());
            library
        }
    })
}
