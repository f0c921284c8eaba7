//! Text for people: made safe to show, counted, joined.

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

/// The texts of these, with `between` between them.
pub(crate) fn joined<T: ToString>(items: impl IntoIterator<Item = T>, between: &str) -> String {
    let items = items.into_iter().map(|item| item.to_string());
    items.collect::<Vec<_>>().join(between)
}

/// A part of a sentence that is there only if there is something to say.
pub(crate) fn part<T>(value: Option<T>, words: impl FnOnce(T) -> String) -> String {
    value.map_or_else(String::new, words)
}

/// A number with commas between its thousands.
pub(crate) fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!(
            [1, 999, 1000, 1_234_567].map(grouped),
            ["1", "999", "1,000", "1,234,567"]
        );
    }
}
