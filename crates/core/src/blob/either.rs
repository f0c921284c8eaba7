//! An iterator over the answers of one version or of the other.

/// One of two iterators over the same things.
pub(super) enum Either<A, B> {
    V1(A),
    V2(B),
}

impl<T, A: Iterator<Item = T>, B: Iterator<Item = T>> Iterator for Either<A, B> {
    type Item = T;

    #[inline]
    fn next(&mut self) -> Option<T> {
        match self {
            Self::V1(answers) => answers.next(),
            Self::V2(answers) => answers.next(),
        }
    }
}
