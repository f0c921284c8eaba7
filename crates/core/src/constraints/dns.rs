//! dNSName.

use super::subtrees::{NotUnderstood, Subtrees};

/// Whether a name, or something that a wildcard stands for, is within the domain.
pub(super) fn contains(subtrees: Subtrees, base: &[u8], name: &[u8]) -> Result<bool, NotUnderstood> {
    let (is_below_only, domain) = match base {
        [b'.', domain @ ..] => (true, domain),
        domain => (false, domain),
    };
    let behind_wildcard = match name {
        [b'*', b'.', behind @ ..] => Some(behind),
        _ => None,
    };
    let is_everything = base.is_empty();
    if !(is_everything || is_domain(domain)) || !is_domain(behind_wildcard.unwrap_or(name)) {
        return Err(NotUnderstood);
    }
    if is_everything {
        return Ok(true);
    }
    Ok(match (behind_wildcard, subtrees) {
        (None, _) => is_below(name, domain) || (!is_below_only && is_same(name, domain)),
        // One label stands before all of it.
        (Some(behind), Subtrees::Permitted) => is_below(behind, domain) || is_same(behind, domain),
        (Some(behind), Subtrees::Excluded) => {
            let is_one_that_it_stands_for =
                without_first_label(domain).is_some_and(|rest| is_same(rest, behind));
            is_below(behind, domain) || is_same(behind, domain) || is_one_that_it_stands_for
        }
    })
}

fn is_same(name: &[u8], other: &[u8]) -> bool {
    name.eq_ignore_ascii_case(other)
}

/// Whether a name has more labels in front of those of a domain.
fn is_below(name: &[u8], domain: &[u8]) -> bool {
    let front = name.len().checked_sub(domain.len());
    let split = front.and_then(|front| name.split_at_checked(front));
    split.is_some_and(|(front, end)| front.last() == Some(&b'.') && is_same(end, domain))
}

fn without_first_label(domain: &[u8]) -> Option<&[u8]> {
    let dot = domain.iter().position(|byte| *byte == b'.')?;
    domain.get(dot.checked_add(1)?..)
}

/// Labels of letters, digits, hyphens and underscores, without a dot behind the last.
fn is_domain(name: &[u8]) -> bool {
    let is_allowed = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let is_label = |label: &[u8]| (1..=63).contains(&label.len()) && label.iter().all(is_allowed);
    name.len() <= 253 && name.split(|byte| *byte == b'.').all(is_label)
}
