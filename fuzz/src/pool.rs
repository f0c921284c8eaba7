//! A small web of trust, made once by the program `seed` and the same ever since, so that a finding stays one.

use std::sync::LazyLock;

use crate::pieces;

/// When everything in the pool is valid that is ever valid: 2026-01-01T00:00:00Z.
pub const TIME: u64 = 1_767_225_600;

/// How many of the pool's certificates, from its first, are roots that a store may hold.
pub const ROOTS: usize = 6;

/// The certificates: the roots, CAs, leaves, and some garbage.
pub static CERTIFICATES: LazyLock<Vec<&'static [u8]>> =
    LazyLock::new(|| pieces::split(include_bytes!("../pool.bin")));

/// The roots that a store may hold.
pub fn roots() -> &'static [&'static [u8]] {
    CERTIFICATES.get(..ROOTS).expect("the pool begins with its roots")
}

/// The notBefore of all leaves but the last two: the lab's year before [`TIME`].
pub const LEAVES_NOT_BEFORE: u64 = TIME - (365 * 24 + 6) * 60 * 60;
