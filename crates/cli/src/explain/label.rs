//! Names and other text of any length, made to fit where they are shown.

/// How many columns a terminal takes for a character, at most: two for all that might be wide (UAX #11).
fn columns_of(character: char) -> usize {
    match u32::from(character) {
        0..0x1100 | 0x2010..=0x2027 | 0x2190..=0x2193 | 0x2500..=0x257f => 1,
        _ => 2,
    }
}

/// How many columns a text takes, at most.
pub(super) fn columns(text: &str) -> usize {
    text.chars().map(columns_of).sum()
}

/// The text in at most so many columns: of a longer one its start and its end, where names differ most.
pub(super) fn shortened(text: &str, width: usize) -> String {
    if columns(text) <= width {
        return text.to_owned();
    }
    let room = width.saturating_sub(1);
    let start: String = fitting(text.chars(), room - room / 3);
    let end: String = fitting(text.chars().rev(), room / 3);
    let end: String = end.chars().rev().collect();
    format!("{start}…{end}")
}

fn fitting(characters: impl Iterator<Item = char>, width: usize) -> String {
    let mut left = width;
    characters
        .take_while(|character| {
            let taken = columns_of(*character);
            let fits = taken <= left;
            left = left.saturating_sub(taken);
            fits
        })
        .collect()
}

/// The text in lines of at most so many columns, broken between words where there are any, and at most so many lines:
/// then the last ends in an ellipsis.
pub(super) fn wrapped(text: &str, width: usize, max_lines: usize) -> Vec<String> {
    let mut lines: Vec<String> = vec![String::new()];
    for word in text.split(' ') {
        let mut word = word;
        loop {
            let line = lines.last().map_or("", String::as_str);
            let separator = usize::from(!line.is_empty());
            let left = width.saturating_sub(columns(line) + separator);
            if columns(word) <= left {
                append(&mut lines, word);
                break;
            }
            if columns(word) <= width || left < width / 2 {
                lines.push(String::new());
                if columns(word) <= width {
                    append(&mut lines, word);
                    break;
                }
            }
            // A word longer than a line.
            let line = lines.last().map_or("", String::as_str);
            let left = width
                .saturating_sub(columns(line) + usize::from(!line.is_empty()))
                .max(2);
            let part = fitting(word.chars(), left);
            append(&mut lines, &part);
            word = word.get(part.len()..).unwrap_or_default();
            if word.is_empty() || lines.len() > max_lines {
                break;
            }
            lines.push(String::new());
        }
        if lines.len() > max_lines {
            break;
        }
    }
    if lines.len() > max_lines {
        lines.truncate(max_lines);
        if let Some(last) = lines.last_mut() {
            let kept = fitting(last.chars(), width.saturating_sub(2));
            *last = format!("{kept} …");
        }
    }
    lines
}

fn append(lines: &mut [String], word: &str) {
    if let Some(line) = lines.last_mut() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
}

/// What to call someone by, of a name such as `C=US, O=Example, CN=Example Root`: the common name, else the whole. A
/// value cannot pretend to be another attribute, since commas and equals signs in it are escaped.
pub(super) fn title(name: &str) -> &str {
    let parts = name.split(", ").flat_map(|part| part.split(" + "));
    let common_name = parts.filter_map(|part| part.strip_prefix("CN=")).last();
    common_name.filter(|title| !title.is_empty()).unwrap_or(name)
}

/// The organisation of a name, if it has one that is not its title.
pub(super) fn organisation(name: &str) -> Option<&str> {
    let parts = name.split(", ").flat_map(|part| part.split(" + "));
    let organisation = parts.filter_map(|part| part.strip_prefix("O=")).next();
    organisation.filter(|organisation| *organisation != title(name))
}

/// A number with commas between its thousands.
pub(super) fn grouped(number: usize) -> String {
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
    fn what_is_too_long_loses_its_middle() {
        assert_eq!(shortened("CN=Lab Root A", 13), "CN=Lab Root A");
        assert_eq!(shortened("CN=Lab Root A", 10), "CN=Lab…t A");
        for width in 0..20 {
            for text in ["根証明書根証明書根証明書", "abcdefghijklmnopqrst", "a根b根c根d根"] {
                assert!(columns(&shortened(text, width)) <= width.max(1), "{text} {width}");
            }
        }
    }

    #[test]
    fn lines_are_broken_between_words_and_words_where_they_must_be() {
        assert_eq!(wrapped("one two three", 8, 9), ["one two", "three"]);
        assert_eq!(wrapped("one two three four", 8, 2), ["one two", "three …"]);
        assert_eq!(wrapped("", 8, 9), [""]);
        assert_eq!(wrapped("abcdefghijkl", 5, 9), ["abcde", "fghij", "kl"]);
        for width in 4..30 {
            let long = format!(
                "a {} 根証明書根証明書根証明書 {} b",
                "x".repeat(100),
                "y z".repeat(20)
            );
            let lines = wrapped(&long, width, 20);
            assert!(lines.len() <= 20);
            assert!(
                lines.iter().all(|line| columns(line) <= width),
                "{width}: {lines:?}"
            );
        }
    }

    #[test]
    fn names_are_called_by_their_common_name() {
        assert_eq!(title("C=US, O=Example, CN=Example Root"), "Example Root");
        assert_eq!(title("O=Example"), "O=Example");
        assert_eq!(title(r"O=x\, CN\=forged"), r"O=x\, CN\=forged");
        assert_eq!(organisation("C=US, O=Example, CN=Example Root"), Some("Example"));
        assert_eq!(organisation("CN=Example Root"), None);
    }

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!(
            [1, 999, 1000, 1_234_567].map(grouped),
            ["1", "999", "1,000", "1,234,567"]
        );
    }
}
