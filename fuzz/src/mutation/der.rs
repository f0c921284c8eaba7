//! Changing DER so that it stays DER: elements go, come twice, change places or grow, and the lengths around them
//! are put right. Byte by byte, a fuzzer gets past few of those lengths.

use super::{ChangeBytes, Choices, changed};

const DEEPEST: usize = 12;

/// One of the elements of `der`, chosen by `seed`, is changed. What is not DER is changed as bytes.
pub fn mutate(der: &[u8], seed: u32, change_bytes: ChangeBytes) -> Vec<u8> {
    let mut choices = Choices(seed.into());
    let Some(mut elements) = read_all(der, 0).filter(|elements| !elements.is_empty()) else {
        return changed(der, change_bytes);
    };
    let chosen = choices.below(count(&elements));
    change(&mut elements, &mut { chosen }, &mut choices, change_bytes);
    encode(&elements)
}

#[derive(Clone)]
struct Element {
    tag: u8,
    content: Content,
}

#[derive(Clone)]
enum Content {
    Bytes(Vec<u8>),
    Elements(Vec<Element>),
}

fn read_all(mut der: &[u8], depth: usize) -> Option<Vec<Element>> {
    let mut elements = Vec::new();
    while !der.is_empty() {
        let (tag, value, behind) = read(der)?;
        let may_hold_elements = tag & 0x20 != 0 || tag == 0x04;
        let inside = (may_hold_elements && depth < DEEPEST).then(|| read_all(value, depth + 1));
        let content = match inside.flatten() {
            Some(inside) => Content::Elements(inside),
            None => Content::Bytes(value.to_vec()),
        };
        elements.push(Element { tag, content });
        der = behind;
    }
    Some(elements)
}

/// The tag of the first element, its value and what stands behind it.
pub fn read(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = der.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (len, rest) = match first {
        0..=0x7f => (usize::from(*first), rest),
        0x81..=0x83 => {
            let (len, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (
                len.iter().fold(0, |len, byte| len << 8 | usize::from(*byte)),
                rest,
            )
        }
        _ => return None,
    };
    let (value, behind) = rest.split_at_checked(len)?;
    Some((*tag, value, behind))
}

fn encode(elements: &[Element]) -> Vec<u8> {
    let mut der = Vec::new();
    for element in elements {
        let value = match &element.content {
            Content::Bytes(bytes) => bytes.clone(),
            Content::Elements(inside) => encode(inside),
        };
        der.push(element.tag);
        match value.len() {
            len @ 0..=0x7f => der.push(len as u8),
            len => {
                let len = len.to_be_bytes();
                let zeros = len.iter().take_while(|byte| **byte == 0).count();
                der.push(0x80 | (len.len() - zeros) as u8);
                der.extend(&len[zeros..]);
            }
        }
        der.extend(value);
    }
    der
}

fn count(elements: &[Element]) -> usize {
    let inside = elements.iter().map(|element| match &element.content {
        Content::Bytes(_) => 0,
        Content::Elements(inside) => count(inside),
    });
    elements.len() + inside.sum::<usize>()
}

/// Changes the element that `steps` more steps lead to, if it is among these.
fn change(elements: &mut Vec<Element>, steps: &mut usize, choices: &mut Choices, change_bytes: ChangeBytes) {
    for at in 0..elements.len() {
        if *steps == 0 {
            *steps = usize::MAX;
            return change_at(elements, at, choices, change_bytes);
        }
        *steps -= 1;
        if let Content::Elements(inside) = &mut elements[at].content {
            change(inside, steps, choices, change_bytes);
            if *steps == usize::MAX {
                return;
            }
        }
    }
}

fn change_at(elements: &mut Vec<Element>, at: usize, choices: &mut Choices, change_bytes: ChangeBytes) {
    match choices.below(8) {
        0 => {
            elements.remove(at);
        }
        1 => elements.insert(at, elements[at].clone()),
        2 => {
            let other = choices.below(elements.len());
            elements.swap(at, other);
        }
        3 => {
            let other = choices.below(elements.len());
            elements[at] = elements[other].clone();
        }
        4 => elements[at].tag = choices.below(256) as u8,
        _ => {
            let value = match &elements[at].content {
                Content::Bytes(bytes) => bytes.clone(),
                Content::Elements(inside) => encode(inside),
            };
            elements[at].content = Content::Bytes(changed(&value, change_bytes));
        }
    }
}
