//! OpenSSL's error queue: a line of ours in it.
#![allow(unsafe_code, reason = "OpenSSL's interface")]

use std::ffi::{CString, c_char, c_int, c_ulong};
use std::ptr;
use std::sync::OnceLock;

use openssl_sys::ERR_STRING_DATA;

/// The reason that stands in the queue: the words are in the line's data.
const REFUSED: c_int = 100;

/// Says why a certificate is refused.
pub(crate) fn say(text: &str) {
    let text: String = text.chars().filter(|character| *character != '\0').collect();
    let Ok(text) = CString::new(text) else { return };
    // SAFETY: all strings end with a NUL; OpenSSL copies the text, and `%s` takes just one.
    unsafe {
        openssl_sys::ERR_new();
        openssl_sys::ERR_set_debug(c"jit-trust".as_ptr(), 0, c"verify".as_ptr());
        openssl_sys::ERR_set_error(library(), REFUSED, c"%s".as_ptr(), text.as_ptr());
    }
}

/// The number that OpenSSL knows us by, with the words that belong to it.
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
                    openssl_sys::ERR_PACK(library, 0, REFUSED),
                    c"certificate refused".as_ptr(),
                ),
                entry(0, ptr::null()),
            ]));
            openssl_sys::ERR_load_strings(0, table.as_mut_ptr());
            library
        }
    })
}
