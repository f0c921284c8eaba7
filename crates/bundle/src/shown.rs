//! Text from inputs, made safe to show.

use std::borrow::Cow;
use std::path::Path;

use jit_trust_core::Escaped;

/// The largest number of characters of a text that are shown; a label may have millions.
const MAX_SHOWN: usize = 256;

/// The text, escaped; its beginning, if it is very long.
pub(crate) fn shown(text: &str) -> Escaped<&str> {
    Escaped::new(text).at_most(MAX_SHOWN)
}

/// The whole path, escaped; bytes that are not text are replaced.
pub(crate) fn shown_path(path: &Path) -> Escaped<Cow<'_, str>> {
    Escaped::new(path.to_string_lossy())
}
