//! The certificates that sites send.

use std::fmt::{self, Debug, Formatter};
use std::sync::LazyLock;

use pki_types::CertificateDer;

use super::authorities::{Authorities, Rank};
use super::chain_kind::ChainKind;
use super::plan::Group;
use crate::pki::Key;

/// A leaf's key and the chain that is sent with it.
pub(super) type Chain = (Key, Vec<CertificateDer<'static>>);

/// A chain that is made when it is first asked for.
pub(super) struct LazyChain(LazyLock<Chain, Box<dyn FnOnce() -> Chain + Send>>);

impl LazyChain {
    pub(super) fn new(make: impl FnOnce() -> Chain + Send + 'static) -> Self {
        Self(LazyLock::new(Box::new(make)))
    }

    pub(super) fn get(&self) -> Chain {
        self.0.clone()
    }
}

impl Debug for LazyChain {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str("LazyChain")
    }
}

/// The chain of a group, the `number`th of all.
pub(super) fn of_group(group: &Group, number: usize, authorities: &Authorities) -> Chain {
    let root = group.roots[0];
    let (not_before, not_after) = group.validity.as_of(authorities.time());
    let rank = match group.kind {
        ChainKind::TwoIntermediates | ChainKind::WrongOrder | ChainKind::Jumbled => Rank::Lower,
        _ if group.second_issuer => Rank::Second,
        _ => Rank::First,
    };
    let issuer = authorities.issuing(root, rank);
    let above = || authorities.issuing(root, Rank::First);
    let crossed = |by: usize| {
        let by_root = Authorities::root(group.roots[by]).ca();
        authorities.cross_signed(root, by_root, &format!("by {}", group.roots[by]))
    };
    let sent = match group.kind {
        ChainKind::Straight => vec![issuer.clone()],
        ChainKind::TwoIntermediates => vec![issuer.clone(), above()],
        ChainKind::CrossSigned => vec![issuer.clone(), crossed(1)],
        ChainKind::CrossSignedTwice => vec![issuer.clone(), crossed(1), crossed(2)],
        ChainKind::CrossSignedByGone => {
            let gone = authorities.unknown_root("Root That Is Gone");
            vec![issuer.clone(), authorities.cross_signed(root, &gone, "by none")]
        }
        ChainKind::TwoIssuers => {
            let again = authorities.certified_again(&issuer, group.roots[1]);
            vec![issuer.clone(), again]
        }
        ChainKind::RootSent => vec![issuer.clone(), Authorities::root(root).ca().clone()],
        ChainKind::WrongOrder => vec![above(), issuer.clone()],
        ChainKind::Duplicates => vec![issuer.clone(), issuer.clone()],
        ChainKind::Unrelated => {
            vec![authorities.issuing(group.other_root, Rank::First), issuer.clone()]
        }
        ChainKind::Jumbled => vec![
            Authorities::root(root).ca().clone(),
            above(),
            issuer.clone(),
            above(),
        ],
    };
    let names = group.names.of(&group.hosts, &group.domain);
    let leaf = authorities
        .leaf(&names, group.is_rsa.then_some(number))
        .validity(not_before, not_after)
        .issued_by(&issuer);
    (leaf.key().clone(), leaf.chain(&sent.iter().collect::<Vec<_>>()))
}
