//! Changes that leave the form of an input as it is, where changes byte by byte would break it nearly always.

pub mod blob;
pub mod der;
pub mod text;

/// What changes bytes without any idea of them: the buffer, how much of it is filled, and how much may be.
pub type ChangeBytes = fn(&mut [u8], usize, usize) -> usize;

/// Puts what was made of the beginning of `data` in its place, as far as it fits, and says how long it is.
pub fn put(mutated: &[u8], data: &mut [u8], max_len: usize) -> usize {
    let len = mutated.len().min(max_len);
    data[..len].copy_from_slice(&mutated[..len]);
    len
}

fn changed(bytes: &[u8], change_bytes: ChangeBytes) -> Vec<u8> {
    let mut buffer = bytes.to_vec();
    buffer.resize(bytes.len() * 2 + 32, 0);
    let max_len = buffer.len();
    let len = change_bytes(&mut buffer, bytes.len(), max_len);
    buffer.truncate(len);
    buffer
}

/// Numbers that follow from a seed (an LCG of Knuth's).
struct Choices(u64);

impl Choices {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end.max(1)
    }
}
