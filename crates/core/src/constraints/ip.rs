//! iPAddress.

use super::subtrees::NotUnderstood;

/// Whether an address is in a network, which is an address and a mask.
pub(super) fn contains(network: &[u8], address: &[u8]) -> Result<bool, NotUnderstood> {
    let (of, mask) = match (address.len(), network.len()) {
        (4, 8) | (16, 32) => network.split_at(address.len()),
        // One of version 4, and one of version 6.
        (4, 32) | (16, 8) => return Ok(false),
        _ => return Err(NotUnderstood),
    };
    if !is_mask(mask) {
        return Err(NotUnderstood);
    }
    let mut bytes = address.iter().zip(of).zip(mask);
    Ok(bytes.all(|((byte, of), mask)| byte & mask == of & mask))
}

/// Ones, and then zeros.
fn is_mask(mask: &[u8]) -> bool {
    let mut behind_ones = mask.iter().skip_while(|byte| **byte == 0xff);
    let first = behind_ones.next().copied().unwrap_or(0);
    first.leading_ones().saturating_add(first.trailing_zeros()) == 8 && behind_ones.all(|byte| *byte == 0)
}
