//! `NameConstraints ::= SEQUENCE { permittedSubtrees [0] GeneralSubtrees OPTIONAL, excludedSubtrees [1]
//! GeneralSubtrees OPTIONAL }`, where `GeneralSubtrees ::= SEQUENCE OF GeneralSubtree`.

use jit_trust_core::der::{Reader, Tlv, encode, tag};

const PERMITTED: u8 = tag::context_constructed(0);
const EXCLUDED: u8 = tag::context_constructed(1);

/// The tags of the names that a subtree may have as its base, `GeneralName` (RFC 5280 section 4.2.1.6).
pub(super) mod general_name {
    pub(in super::super) const RFC822: u8 = 0x81;
    pub(in super::super) const DNS: u8 = 0x82;
    pub(in super::super) const DIRECTORY: u8 = 0xa4;
    pub(in super::super) const URI: u8 = 0x86;
    pub(in super::super) const IP_ADDRESS: u8 = 0x87;
}

/// The subtrees of both kinds, each a `GeneralSubtree`.
#[derive(Default)]
pub(super) struct Subtrees<'a> {
    pub(super) permitted: Vec<Tlv<'a>>,
    pub(super) excluded: Vec<Tlv<'a>>,
}

impl<'a> Subtrees<'a> {
    pub(super) fn read(constraints: &'a [u8]) -> Option<Self> {
        let mut subtrees = Self::default();
        let mut fields = read_all(constraints)?.into_iter().peekable();
        if let Some(permitted) = fields.next_if(|field| field.tag == PERMITTED) {
            subtrees.permitted = read_all(permitted.value)?;
        }
        if let Some(excluded) = fields.next_if(|field| field.tag == EXCLUDED) {
            subtrees.excluded = read_all(excluded.value)?;
        }
        fields.next().is_none().then_some(subtrees)
    }
}

/// The tag-length-values of these bytes; `None` when they are something else, or incomplete.
fn read_all(bytes: &[u8]) -> Option<Vec<Tlv<'_>>> {
    let mut reader = Reader::new(bytes);
    let mut found = Vec::new();
    while !reader.is_at_end() {
        found.push(reader.read()?);
    }
    Some(found)
}

/// `GeneralSubtree ::= SEQUENCE { base GeneralName, minimum [0] DEFAULT 0, maximum [1] OPTIONAL }`: the base of one
/// without minimum and maximum, which RFC 5280 does not allow.
pub(super) fn base<'a>(subtree: &Tlv<'a>) -> Option<Tlv<'a>> {
    if subtree.tag != tag::SEQUENCE {
        return None;
    }
    match read_all(subtree.value)?.as_slice() {
        [base] => Some(*base),
        _ => None,
    }
}

/// The subtree of this domain, in the form of a dNSName.
pub(super) fn of_domain(domain: &[u8]) -> Vec<u8> {
    encode(tag::SEQUENCE, &encode(general_name::DNS, domain))
}

/// The constraints with these subtrees; a kind without subtrees is left out.
pub(super) fn encode_subtrees(permitted: &[Vec<u8>], excluded: &[Vec<u8>]) -> Vec<u8> {
    let kinds = [(PERMITTED, permitted), (EXCLUDED, excluded)];
    let kinds = kinds.into_iter().filter(|(_, subtrees)| !subtrees.is_empty());
    kinds
        .flat_map(|(kind, subtrees)| encode(kind, &subtrees.concat()))
        .collect()
}
