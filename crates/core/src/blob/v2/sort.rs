//! Sorts places of one width in the buffer itself, because there is no other memory: heapsort, which needs none and whose
//! worst case is as fast as its usual one.

use core::cmp::Ordering;

/// Sorts the places of `width` bytes, of which `slots` consists.
pub(super) fn sort(slots: &mut [u8], width: usize, compare: impl Fn(&[u8], &[u8]) -> Ordering) {
    let count = slots.len().checked_div(width).unwrap_or(0);
    for root in (0..count / 2).rev() {
        sift_down(slots, width, root, count, &compare);
    }
    for end in (1..count).rev() {
        swap(slots, width, 0, end);
        sift_down(slots, width, 0, end, &compare);
    }
}

/// Lets the place `root` sink until neither of its children in the heap of `len` places is greater.
fn sift_down(
    slots: &mut [u8],
    width: usize,
    mut root: usize,
    len: usize,
    compare: &impl Fn(&[u8], &[u8]) -> Ordering,
) {
    let is_less = |slots: &[u8], one: usize, other: usize| {
        compare(get(slots, width, one), get(slots, width, other)).is_lt()
    };
    loop {
        let left = root.saturating_mul(2).saturating_add(1);
        let right = left.saturating_add(1);
        if left >= len {
            return;
        }
        let greater = match right < len && is_less(slots, left, right) {
            true => right,
            false => left,
        };
        if !is_less(slots, root, greater) {
            return;
        }
        swap(slots, width, root, greater);
        root = greater;
    }
}

fn get(slots: &[u8], width: usize, index: usize) -> &[u8] {
    let start = index.saturating_mul(width);
    slots.get(start..start.saturating_add(width)).unwrap_or_default()
}

fn swap(slots: &mut [u8], width: usize, one: usize, other: usize) {
    let (one, other) = (one.min(other), one.max(other));
    let Some((before, behind)) = slots.split_at_mut_checked(other.saturating_mul(width)) else {
        return;
    };
    let start = one.saturating_mul(width);
    let places = before
        .get_mut(start..start.saturating_add(width))
        .zip(behind.get_mut(..width));
    if let Some((one, other)) = places {
        one.swap_with_slice(other);
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn places_of_any_width_are_sorted(bytes in proptest::collection::vec(any::<u8>(), 0..600), width in 1_usize..24) {
            let mut slots = bytes[..bytes.len() / width * width].to_vec();
            let mut expected: Vec<Vec<u8>> = slots.chunks(width).map(<[u8]>::to_vec).collect();
            expected.sort();
            sort(&mut slots, width, Ord::cmp);
            prop_assert_eq!(slots, expected.concat());
        }
    }
}
