//! The forms of names, and whether a name of a form is within a subtree.

use core::fmt;

use crate::Name;
use crate::der::{Reader, tag};

/// A form of names (RFC 5280 section 4.2.1.6, `GeneralName`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the names are those of RFC 5280")]
pub enum NameForm {
    OtherName,
    Email,
    Dns,
    X400Address,
    Directory,
    EdiPartyName,
    Uri,
    IpAddress,
    RegisteredId,
}

impl NameForm {
    /// The form of a GeneralName (RFC 5280 section 4.2.1.6).
    pub(super) fn of_tag(tag: u8) -> Option<Self> {
        const OTHER: u8 = tag::context_constructed(0);
        const EMAIL: u8 = tag::context(1);
        const DNS: u8 = tag::context(2);
        const X400: u8 = tag::context_constructed(3);
        const DIRECTORY: u8 = tag::context_constructed(4);
        const EDI_PARTY: u8 = tag::context_constructed(5);
        const URI: u8 = tag::context(6);
        const IP_ADDRESS: u8 = tag::context(7);
        const REGISTERED_ID: u8 = tag::context(8);
        Some(match tag {
            OTHER => Self::OtherName,
            EMAIL => Self::Email,
            DNS => Self::Dns,
            X400 => Self::X400Address,
            DIRECTORY => Self::Directory,
            EDI_PARTY => Self::EdiPartyName,
            URI => Self::Uri,
            IP_ADDRESS => Self::IpAddress,
            REGISTERED_ID => Self::RegisteredId,
            _ => return None,
        })
    }
}

impl fmt::Display for NameForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OtherName => "otherName",
            Self::Email => "rfc822Name",
            Self::Dns => "dNSName",
            Self::X400Address => "x400Address",
            Self::Directory => "directoryName",
            Self::EdiPartyName => "ediPartyName",
            Self::Uri => "uniformResourceIdentifier",
            Self::IpAddress => "iPAddress",
            Self::RegisteredId => "registeredID",
        })
    }
}

/// The two lists of subtrees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Subtrees {
    Permitted,
    Excluded,
}

/// The error that a constraint or a name is malformed.
pub(super) struct NotUnderstood;

/// Whether a name is within a subtree: certainly, for a permitted subtree; possibly, for an excluded one.
pub(super) fn contains(
    subtrees: Subtrees,
    form: NameForm,
    base: &[u8],
    name: &[u8],
) -> Result<bool, NotUnderstood> {
    match form {
        NameForm::Dns => domain_contains(subtrees, base, name),
        NameForm::IpAddress => network_contains(base, name),
        NameForm::Directory => directory_contains(subtrees, base, name),
        _ => Err(NotUnderstood),
    }
}

/// Whether a directory name begins with that of the subtree.
fn directory_contains(subtrees: Subtrees, base: &[u8], name: &[u8]) -> Result<bool, NotUnderstood> {
    let base = directory_name(base).and_then(Name::from_der);
    let (base, name) = base.zip(Name::from_der(name)).ok_or(NotUnderstood)?;
    let contains = match subtrees {
        Subtrees::Permitted => name.begins_with(base),
        Subtrees::Excluded => name.may_begin_with(base),
    };
    contains.ok_or(NotUnderstood)
}

/// The Name in a directoryName, whose tag is explicit.
pub(super) fn directory_name(inside: &[u8]) -> Option<&[u8]> {
    let mut reader = Reader::new(inside);
    let name = reader.expect(tag::SEQUENCE)?;
    reader.is_at_end().then_some(name.whole)
}

/// Whether a name, or something that a wildcard stands for, is within the domain.
fn domain_contains(subtrees: Subtrees, base: &[u8], name: &[u8]) -> Result<bool, NotUnderstood> {
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
        // The wildcard has one label in front of the whole constraint.
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

/// Whether these are labels of letters, digits, hyphens and underscores, without a dot after the last.
fn is_domain(name: &[u8]) -> bool {
    let is_allowed = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let is_label = |label: &[u8]| (1..=63).contains(&label.len()) && label.iter().all(is_allowed);
    name.len() <= 253 && name.split(|byte| *byte == b'.').all(is_label)
}

/// Whether an address is in a network, which is an address and a mask.
fn network_contains(network: &[u8], address: &[u8]) -> Result<bool, NotUnderstood> {
    let (of, mask) = match (address.len(), network.len()) {
        (4, 8) | (16, 32) => network.split_at(address.len()),
        // One of version 4, and one of version 6.
        (4, 32) | (16, 8) => return Ok(false),
        _ => return Err(NotUnderstood),
    };
    if !is_mask(mask) {
        return Err(NotUnderstood);
    }
    let mut bytes = address.iter().zip(of).zip(mask);
    Ok(bytes.all(|((byte, of), mask)| byte & mask == of & mask))
}

/// Whether the bits are ones, and then zeros.
fn is_mask(mask: &[u8]) -> bool {
    let mut behind_ones = mask.iter().skip_while(|byte| **byte == 0xff);
    let first = behind_ones.next().copied().unwrap_or(0);
    first.leading_ones().saturating_add(first.trailing_zeros()) == 8 && behind_ones.all(|byte| *byte == 0)
}
