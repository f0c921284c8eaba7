//! The conditions under which Mozilla trusts some roots, which their certificates do not state.
//!
//! The dates are those of NSS's `certdata.txt` (`CKA_NSS_SERVER_DISTRUST_AFTER`), as of the version of 2026-05-01; the
//! constraint is that of NSS's `lib/certdb/genname.c`, which webpki-roots imposes too. They are for lists of bare
//! certificates, such as the crate `webpki-root-certs`; a list that states conditions itself does not need them.

use crate::Entry;

/// The generation of Mozilla's list in this version of the crates: 2026-11-20, the day on which the version of
/// `webpki-root-certs` was chosen. Raise both together.
pub const LIST_GENERATION: u32 = 1_795_132_800;

/// The conditions of one root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Conditions {
    /// The name of the root, for people.
    pub name: &'static str,
    /// SHA-256 over its subject public key info, the header of the SEQUENCE included.
    pub spki_sha256: [u8; 32],
    /// The last second, in Unix time, of which end-entity certificates are trusted under it.
    pub distrust_after: Option<u64>,
    /// The name constraints imposed on it: the value of a `NameConstraints` SEQUENCE (RFC 5280 section 4.2.1.10).
    pub name_constraints: Option<&'static [u8]>,
}

/// All roots with conditions.
pub const CONDITIONS: [Conditions; 4] = [
    Conditions {
        name: "Entrust Root Certification Authority",
        spki_sha256: [
            0x6d, 0xbf, 0xae, 0x00, 0xd3, 0x7b, 0x9c, 0xd7, 0x3f, 0x8f, 0xb4, 0x7d, 0xe6, 0x59, 0x17, 0xaf,
            0x00, 0xe0, 0xdd, 0xdf, 0x42, 0xdb, 0xce, 0xac, 0x20, 0xc1, 0x7c, 0x02, 0x75, 0xee, 0x20, 0x95,
        ],
        distrust_after: Some(1_733_011_199), // 2024-11-30T23:59:59Z
        name_constraints: None,
    },
    Conditions {
        name: "ePKI Root Certification Authority",
        spki_sha256: [
            0x62, 0x55, 0x4c, 0x17, 0x00, 0x55, 0x43, 0xb2, 0x37, 0x21, 0x5f, 0x04, 0x26, 0x8d, 0xcd, 0x2f,
            0xd1, 0xc4, 0x70, 0x24, 0x0a, 0xd3, 0xc8, 0x66, 0x0e, 0x25, 0xae, 0x2c, 0x59, 0x63, 0x0f, 0x55,
        ],
        distrust_after: Some(1_744_761_599), // 2025-04-15T23:59:59Z
        name_constraints: None,
    },
    Conditions {
        name: "Izenpe.com",
        spki_sha256: [
            0x95, 0x2c, 0x20, 0x39, 0xc0, 0x24, 0x3e, 0xb5, 0x15, 0xdd, 0x73, 0xd8, 0x3f, 0xc3, 0x64, 0x31,
            0x84, 0x87, 0x4f, 0xeb, 0x08, 0x62, 0xa9, 0x83, 0x77, 0x31, 0xed, 0x9b, 0x47, 0x42, 0xe1, 0x7a,
        ],
        distrust_after: Some(1_776_297_599), // 2026-04-15T23:59:59Z
        name_constraints: None,
    },
    Conditions {
        name: "TUBITAK Kamu SM SSL Kok Sertifikasi - Surum 1",
        spki_sha256: [
            0x55, 0xe0, 0x0b, 0xe2, 0x77, 0xce, 0xb0, 0x54, 0x52, 0x99, 0xf2, 0x4f, 0xd9, 0xf8, 0x77, 0xe2,
            0xac, 0xf3, 0x28, 0x52, 0xdb, 0x43, 0xff, 0xcd, 0x29, 0xbc, 0xa7, 0x4b, 0x39, 0xb4, 0xc9, 0xfa,
        ],
        distrust_after: None,
        name_constraints: Some(b"\xa0\x07\x30\x05\x82\x03.tr"), // permitted: subdomains of tr
    },
];

/// The entry under Mozilla's conditions, if there are any: the earlier of two dates counts, and constraints are imposed
/// only where the entry has none. (No root has both its own and imposed ones.)
pub fn with_conditions(entry: Entry<'_>) -> Entry<'_> {
    let spki_sha256 = entry.spki_sha256();
    let mut conditions = CONDITIONS.iter();
    let Some(conditions) = conditions.find(|conditions| conditions.spki_sha256 == spki_sha256) else {
        return entry;
    };
    let dates = [entry.distrust_after(), conditions.distrust_after];
    let constraints = entry.name_constraints().or(conditions.name_constraints);
    entry
        .with_distrust_after(dates.into_iter().flatten().min())
        .with_name_constraints(constraints)
}
