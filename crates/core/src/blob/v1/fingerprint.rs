//! One byte of memory for each entry, so that a lookup by name need not read all certificates.
//!
//! Version 1 has no index by name, and finding the subject inside each of 120 certificates takes microseconds.
//! A byte that is computed from the subject excludes all but a few of them.

/// The number of entries that have a fingerprint: more than any published list of roots has. Further entries are read one by
/// one.
pub(super) const FINGERPRINTED: usize = 256;

/// A byte computed from a name. Equal names have equal fingerprints. The reverse does not hold, and a peer can choose a
/// name with any fingerprint; then a few more certificates are read.
#[inline]
pub(super) fn of(name_der: &[u8]) -> u8 {
    // Names of CAs differ most in their length and at their end, where the common name is.
    const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15; // 2^64 divided by the golden ratio, as Fibonacci hashing has it
    let end = name_der
        .last_chunk::<8>()
        .map_or(0, |end| u64::from_be_bytes(*end));
    let len = u64::try_from(name_der.len()).unwrap_or(u64::MAX);
    let [fingerprint, ..] = (end ^ len.rotate_left(32)).wrapping_mul(MULTIPLIER).to_be_bytes();
    fingerprint
}

/// The fingerprints of the names to find.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Wanted([u64; 4]);

impl Wanted {
    #[inline]
    pub(crate) fn insert(&mut self, name_der: &[u8]) {
        let (word, bit) = place(of(name_der));
        if let Some(word) = self.0.get_mut(word) {
            *word |= bit;
        }
    }

    #[inline]
    pub(super) fn contains(&self, fingerprint: u8) -> bool {
        let (word, bit) = place(fingerprint);
        self.0.get(word).is_some_and(|word| word & bit != 0)
    }
}

fn place(fingerprint: u8) -> (usize, u64) {
    (usize::from(fingerprint >> 6), 1 << (fingerprint & 0x3f))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_inserted_is_wanted_and_little_else() {
        let mut wanted = Wanted::default();
        wanted.insert(b"one name of a CA");
        wanted.insert(b"");
        assert!(wanted.contains(of(b"one name of a CA")) && wanted.contains(of(b"")));
        assert_eq!(
            (0..=255)
                .filter(|fingerprint| wanted.contains(*fingerprint))
                .count(),
            2
        );
    }
}
