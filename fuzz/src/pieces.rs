//! Several byte strings in one: each after its length, 16 bits, most significant byte first.

/// The pieces; the last may be shorter than it says.
pub fn split(bytes: &[u8]) -> Vec<&[u8]> {
    let mut pieces = Vec::new();
    let mut rest = bytes;
    while let Some((len, behind)) = rest.split_first_chunk() {
        let len = usize::from(u16::from_be_bytes(*len)).min(behind.len());
        let (piece, behind) = behind.split_at(len);
        pieces.push(piece);
        rest = behind;
    }
    pieces
}

/// What [`split`] gives back, as long as no piece is longer than 65,535 bytes.
pub fn join(pieces: &[impl AsRef<[u8]>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for piece in pieces.iter().map(AsRef::as_ref) {
        bytes.extend(u16::try_from(piece.len()).unwrap_or(u16::MAX).to_be_bytes());
        bytes.extend(piece);
    }
    bytes
}
