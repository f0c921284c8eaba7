//! Writes DER from its last byte to its first, so that a length is known when its header is written.

use super::{tag, with_header};

/// A buffer that is filled from its end. Bytes that do not fit are only counted.
pub(crate) struct Writer<'b> {
    buffer: &'b mut [u8],
    len: usize,
}

impl<'b> Writer<'b> {
    pub(crate) fn new(buffer: &'b mut [u8]) -> Self {
        Self { buffer, len: 0 }
    }

    /// The number of bytes that were written, or would have been written if there were room. It saturates.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The bytes that were written; `None` when they did not fit.
    pub(crate) fn finish(self) -> Option<&'b [u8]> {
        let start = self.buffer.len().checked_sub(self.len)?;
        self.buffer.get(start..)
    }

    /// Writes these bytes before those that were written.
    pub(crate) fn prepend(&mut self, bytes: &[u8]) {
        self.len = self.len.saturating_add(bytes.len());
        let start = self.buffer.len().checked_sub(self.len);
        let place = start.and_then(|start| self.buffer.get_mut(start..)?.get_mut(..bytes.len()));
        if let Some(place) = place {
            place.copy_from_slice(bytes);
        }
    }

    /// Writes a value before the bytes that were written, and its header before that. The header is correct for lengths below
    /// 2^32 bytes.
    pub(crate) fn prepend_tagged(&mut self, tag: u8, value: impl FnOnce(&mut Self)) {
        let behind = self.len;
        value(self);
        let len = self.len.saturating_sub(behind);
        with_header(tag, len, |header| self.prepend(header));
    }

    /// Writes a SEQUENCE before the bytes that were written.
    pub(crate) fn prepend_sequence(&mut self, value: impl FnOnce(&mut Self)) {
        self.prepend_tagged(tag::SEQUENCE, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_last_is_written_first() {
        let mut buffer = [0; 9];
        let mut writer = Writer::new(&mut buffer);
        writer.prepend_sequence(|sequence| {
            sequence.prepend(&[5, 0]);
            sequence.prepend_tagged(tag::INTEGER, |integer| integer.prepend(&[7]));
        });
        assert_eq!(writer.len(), 7);
        assert_eq!(writer.finish(), Some(&[0x30, 5, 2, 1, 7, 5, 0][..]));
        assert_eq!(buffer[..2], [0, 0]);
    }

    #[test]
    fn what_does_not_fit_is_counted() {
        let mut buffer = [0; 2];
        let mut writer = Writer::new(&mut buffer);
        writer.prepend(&[1]);
        writer.prepend(&[1, 2]);
        assert_eq!(writer.len(), 3);
        assert_eq!(writer.finish(), None);
        assert_eq!(buffer, [0, 1]);
    }
}
