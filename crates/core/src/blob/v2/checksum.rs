//! CRC-32C (RFC 3720 section 12.1), against damage. It does not detect changes on purpose.

/// With the instructions that most processors have for it.
#[cfg(feature = "std")]
pub(super) fn crc32c(bytes: &[u8]) -> u32 {
    crc32c::crc32c(bytes)
}

/// With a table of 1 KB.
#[cfg(not(feature = "std"))]
pub(super) fn crc32c(bytes: &[u8]) -> u32 {
    static CRC_32C: crc::Crc<u32> = crc::Crc::<u32>::new(&crc::CRC_32_ISCSI);
    CRC_32C.checksum(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of RFC 3720 appendix B.4, whose bytes are in the order of a little-endian machine.
    #[test]
    fn the_examples_of_rfc_3720_come_out() {
        let ascending: [u8; 32] = core::array::from_fn(|index| index as u8);
        for (bytes, checksum) in [
            ([0; 32], 0x8a91_36aa),
            ([0xff; 32], 0x62a8_ab43),
            (ascending, 0x46dd_794e),
        ] {
            assert_eq!(crc32c(&bytes), checksum);
        }
    }
}
