//! Changing text by what it is made of: lines, blocks of lines, words. What stands in several places changes in all.

use std::ops::Range;

use super::{ChangeBytes, Choices, changed};

/// A part of `text`, chosen by `seed`, is changed.
pub fn mutate(text: &[u8], seed: u32, change_bytes: ChangeBytes) -> Vec<u8> {
    let mut choices = Choices(seed.into());
    let mut lines: Vec<Vec<u8>> = text
        .split_inclusive(|byte| *byte == b'\n')
        .map(<[u8]>::to_vec)
        .collect();
    if lines.is_empty() {
        return changed(text, change_bytes);
    }
    let from = choices.below(lines.len());
    let some = some_lines(&lines, from, &mut choices);
    match choices.below(8) {
        0 | 1 => drop(lines.drain(some)),
        2 => {
            let some = lines[some].to_vec();
            let to = choices.below(lines.len() + 1);
            lines.splice(to..to, some);
        }
        3 => {
            let some: Vec<_> = lines.drain(some).collect();
            let to = choices.below(lines.len() + 1);
            lines.splice(to..to, some);
        }
        4 | 5 => {
            let word = word_of(&lines[from], &mut choices).to_vec();
            return replaced(text, &word, &changed(&word, change_bytes));
        }
        _ => {
            let before = lines[from].clone();
            let after = match octal_bytes(&before) {
                Some(bytes) => octal_line(&changed(&bytes, change_bytes)),
                None => changed(&before, change_bytes),
            };
            let same = lines.iter_mut().filter(|line| **line == before);
            same.for_each(|line| line.clone_from(&after));
        }
    }
    lines.concat()
}

/// The block that a line with an opening bracket begins, up to the next line that is no deeper; or a few lines. Half of
/// the blocks are taken from the line before, less the last, so that what remains of JSON has its commas right.
fn some_lines(lines: &[Vec<u8>], from: usize, choices: &mut Choices) -> Range<usize> {
    let depth = |line: &[u8]| line.iter().take_while(|byte| **byte == b' ').count();
    let line = lines[from].trim_ascii_end();
    if line.ends_with(b"{") || line.ends_with(b"[") {
        let mut behind = lines.iter().skip(from + 1);
        let inside = behind.position(|other| depth(other) <= depth(line));
        let block = from..inside.map_or(lines.len(), |inside| from + inside + 2);
        let shift = choices.below(2).min(from);
        return block.start - shift..block.end - shift;
    }
    let most = [1, 8, lines.len()][choices.below(3)];
    from..(from + 1 + choices.below(most)).min(lines.len())
}

fn word_of<'a>(line: &'a [u8], choices: &mut Choices) -> &'a [u8] {
    let words = line.split(|byte| !byte.is_ascii_alphanumeric());
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    words.get(choices.below(words.len())).copied().unwrap_or(line)
}

fn replaced(text: &[u8], before: &[u8], after: &[u8]) -> Vec<u8> {
    let mut replaced = Vec::new();
    let mut rest = text;
    while let Some((first, behind)) = rest.split_first() {
        match rest.strip_prefix(before) {
            Some(behind) if !before.is_empty() => {
                replaced.extend(after);
                rest = behind;
            }
            _ => {
                replaced.push(*first);
                rest = behind;
            }
        }
    }
    replaced
}

/// The bytes of a line such as `\060\202`.
fn octal_bytes(line: &[u8]) -> Option<Vec<u8>> {
    let escapes = line.trim_ascii_end().chunks(4);
    escapes
        .map(|escape| {
            let digits = str::from_utf8(escape.strip_prefix(b"\\")?).ok()?;
            u8::from_str_radix(digits, 8).ok()
        })
        .collect()
}

fn octal_line(bytes: &[u8]) -> Vec<u8> {
    let escapes: String = bytes.iter().map(|byte| format!("\\{byte:03o}")).collect();
    (escapes + "\n").into_bytes()
}
