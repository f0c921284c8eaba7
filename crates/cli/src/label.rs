//! Names and other text of any length, made to fit where they are shown.

/// How many columns a terminal takes for a character, at most: two for all that might be wide (UAX #11).
fn columns_of(character: char) -> usize {
    match u32::from(character) {
        0..0x1100 | 0x2010..=0x2027 | 0x2190..=0x2193 | 0x2500..=0x257f => 1,
        _ => 2,
    }
}

/// How many columns a text takes, at most.
pub(crate) fn columns(text: &str) -> usize {
    text.chars().map(columns_of).sum()
}

/// The text in at most so many columns: of a longer one its start and its end, where names differ most.
pub(crate) fn shortened(text: &str, width: usize) -> String {
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
pub(crate) fn wrapped(text: &str, width: usize, max_lines: usize) -> Vec<String> {
    let mut lines: Vec<String> = vec![String::new()];
    for word in text.split(' ') {
        let mut word = word;
        while lines.len() <= max_lines {
            let line = lines.last().map_or("", String::as_str);
            let left = width.saturating_sub(columns(line) + usize::from(!line.is_empty()));
            let fits_a_line = columns(word) <= width;
            if columns(word) <= left {
                append(&mut lines, word);
                break;
            }
            if !line.is_empty() && (fits_a_line || left < width / 2) {
                lines.push(String::new());
                continue;
            }
            // A word longer than a line.
            let part = fitting(word.chars(), left.max(2));
            append(&mut lines, &part);
            word = word.get(part.len()..).unwrap_or_default();
            if word.is_empty() {
                break;
            }
            lines.push(String::new());
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

/// What to call someone by, of a name as it is displayed, such as `C=US, O=Example, CN=Example Root`: the last common
/// name, else the whole.
pub(crate) fn title(name: &str) -> String {
    let common_name = attributes(name).filter_map(|attribute| attribute.strip_prefix("CN="));
    let common_name = common_name.last().filter(|title| !title.is_empty());
    common_name.map_or_else(|| name.to_owned(), unescaped)
}

/// The organisation of a name, if it has one that is not its title.
pub(crate) fn organisation(name: &str) -> Option<String> {
    let organisation = attributes(name).find_map(|attribute| attribute.strip_prefix("O="));
    organisation
        .map(unescaped)
        .filter(|organisation| *organisation != title(name))
}

/// The attributes of a name, each with its type. What separates them is escaped inside of a value.
fn attributes(name: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(name);
    std::iter::from_fn(move || {
        let text = rest?;
        let (attribute, others) = match separator(text) {
            Some((start, end)) => (text.get(..start)?, text.get(end..)),
            None => (text, None),
        };
        rest = others;
        Some(attribute)
    })
}

/// Where the first separator of attributes starts and ends.
fn separator(text: &str) -> Option<(usize, usize)> {
    let mut is_escaped = false;
    for (at, character) in text.char_indices() {
        let rest = text.get(at..).unwrap_or_default();
        let separator = [", ", " + "]
            .into_iter()
            .find(|separator| rest.starts_with(separator));
        if let Some(separator) = separator.filter(|_| !is_escaped) {
            return Some((at, at + separator.len()));
        }
        is_escaped = character == '\\' && !is_escaped;
    }
    None
}

/// A value without the backslashes before characters that are shown as themselves. Those that are written as numbers, as
/// control characters are, stay so.
fn unescaped(value: &str) -> String {
    let mut text = String::new();
    let mut characters = value.chars().peekable();
    while let Some(character) = characters.next() {
        let next = characters.next_if(|next| character == '\\' && ",+=\"\\<>;# ".contains(*next));
        text.push(next.unwrap_or(character));
    }
    text
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
        for (name, called) in [
            ("C=US, O=Example, CN=Example Root", "Example Root"),
            ("CN=a + CN=b, O=Example", "b"),
            ("O=Example", "O=Example"),
            ("CN=, O=Example", "CN=, O=Example"),
            ("", ""),
        ] {
            assert_eq!(title(name), called);
        }
        let organisation = |name: &str| organisation(name).unwrap_or_default();
        assert_eq!(organisation("C=US, O=Example, CN=Example Root"), "Example");
        assert_eq!(organisation("CN=Example Root"), "");
        assert_eq!(organisation("O=Example, CN=Example"), "");
    }

    #[test]
    fn separators_in_a_value_do_not_end_it() {
        assert_eq!(title(r"CN=Rev Root\, Ltd"), "Rev Root, Ltd");
        assert_eq!(title(r"CN=Rev Root\, Ltd, O=Rev"), "Rev Root, Ltd");
        assert_eq!(title(r"CN=a \+ CN\=b"), "a + CN=b");
        assert_eq!(title(r#"CN=\"a\" \<b\>\; \#\\"#), r#""a" <b>; #\"#);
        assert_eq!(title(r"CN=ends in \\, O=Example"), r"ends in \");
        let name = r"C=US, O=GoDaddy.com\, Inc., CN=Go Daddy";
        assert_eq!(organisation(name).as_deref(), Some("GoDaddy.com, Inc."));
    }

    #[test]
    fn a_value_cannot_pretend_to_be_another_attribute_or_to_be_shown_as_itself() {
        assert_eq!(title(r"O=x\, CN\=forged"), r"O=x\, CN\=forged");
        assert_eq!(title(r"CN=a\1B[2J\E2\80\AE"), r"a\1B[2J\E2\80\AE");
    }
}
