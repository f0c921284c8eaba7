//! Text made safe to show, and counts.

use jit_trust_core::Escaped;

/// The most characters of a text of a peer's that stand in a line among others.
const MAX_BRIEF: usize = 1024;

/// Text from a peer, a file or the user, escaped.
pub(crate) fn shown<T: AsRef<str>>(text: T) -> Escaped<T> {
    Escaped::new(text)
}

/// Text that a peer has made as long as it liked, such as where it redirects to: its beginning, escaped.
pub(crate) fn brief<T: AsRef<str>>(text: T) -> Escaped<T> {
    Escaped::new(text).at_most(MAX_BRIEF)
}

/// How many there are, and of what.
pub(crate) fn counted(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}
