//! Sites as they should not be: what a client has to refuse, and why.

use std::sync::Arc;

use pki_types::CertificateDer;

use super::authorities::{Authorities, Rank};
use super::chain::{Chain, LazyChain};
use super::plan::{Group, conditioned};
use crate::pki::{AuthorityKeyId, Ca, CertificateBuilder, DAY, Key, KeyKind, Leaf};

/// The fault of a twin.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Fault {
    /// The leaf comes without its issuer.
    MissingIntermediate,
    /// The leaf has expired.
    ExpiredLeaf,
    /// The leaf is for the site, not for its twin.
    AnothersLeaf,
    /// The chain leads to a root that is in no list. The root isn't sent.
    UnknownRoot,
    /// Such a chain, but the authority key identifier of the leaf's issuer names the key of the site's root.
    LyingKeyId,
    /// The leaf's issuer says that the site's root issued it, by name and by key; someone else did.
    StolenName,
    /// The same, and that someone's root is sent along: a copy of the site's root in everything but the key.
    CopiedRoot,
    /// The leaf was issued by another leaf for the site, which is not a CA's and is sent like an intermediate.
    LeafAsCa,
    /// The leaf was issued after the day up to which its root is trusted.
    IssuedAfterDistrust,
    /// The leaf is for a name outside of the constraints that are imposed on its root.
    OutsideConstraints,
}

/// The reason why a client refuses a twin.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Diagnosis {
    /// No path leads to a root that is trusted.
    UnknownIssuer,
    /// The leaf has expired.
    Expired,
    /// The leaf isn't for this host.
    WrongHost,
    /// A root of the name is trusted, but it did not sign.
    BadSignature,
    /// The issuer of the leaf is not a CA.
    NotACa,
    /// The root is trusted for older leaves only. To a client that drops the root for that: an unknown issuer.
    IssuedAfterDistrust,
    /// The root is trusted for other names only.
    OutsideConstraints,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::MissingIntermediate,
        Self::ExpiredLeaf,
        Self::AnothersLeaf,
        Self::UnknownRoot,
        Self::LyingKeyId,
        Self::StolenName,
        Self::CopiedRoot,
        Self::LeafAsCa,
        Self::IssuedAfterDistrust,
        Self::OutsideConstraints,
    ];

    /// The reason that a client with all roots and all conditions should find.
    pub fn diagnosis(self) -> Diagnosis {
        match self {
            Self::MissingIntermediate | Self::UnknownRoot | Self::LyingKeyId => Diagnosis::UnknownIssuer,
            Self::ExpiredLeaf => Diagnosis::Expired,
            Self::AnothersLeaf => Diagnosis::WrongHost,
            Self::StolenName | Self::CopiedRoot => Diagnosis::BadSignature,
            Self::LeafAsCa => Diagnosis::NotACa,
            Self::IssuedAfterDistrust => Diagnosis::IssuedAfterDistrust,
            Self::OutsideConstraints => Diagnosis::OutsideConstraints,
        }
    }

    /// The first label of the twins' host names.
    fn label(self) -> &'static str {
        match self {
            Self::MissingIntermediate => "missing-intermediate",
            Self::ExpiredLeaf => "expired-leaf",
            Self::AnothersLeaf => "anothers-leaf",
            Self::UnknownRoot => "unknown-root",
            Self::LyingKeyId => "lying-key-id",
            Self::StolenName => "stolen-name",
            Self::CopiedRoot => "copied-root",
            Self::LeafAsCa => "leaf-as-ca",
            Self::IssuedAfterDistrust => "issued-after-distrust",
            Self::OutsideConstraints => "outside-constraints",
        }
    }
}

/// A faulty or hostile host beside a site, such as `expired-leaf.adobe.com.twin.test`.
#[derive(Clone, Debug)]
pub struct Twin {
    pub(super) host: String,
    pub(super) of: String,
    pub(super) fault: Fault,
    pub(super) chain: Arc<LazyChain>,
}

impl Twin {
    /// The host name.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The host of the site whose twin it is.
    pub fn of(&self) -> &str {
        &self.of
    }

    /// Its fault.
    pub fn fault(&self) -> Fault {
        self.fault
    }

    /// The certificates that it sends. They are made now, unless a client has connected before.
    pub fn certificates(&self) -> Vec<CertificateDer<'static>> {
        self.chain.get().1
    }

    /// The twins of the site that a group begins with, one for each fault that there can be at this time:
    /// without any root that is trusted up to a day, for instance, none can have issued later.
    pub(super) fn all_of(group: &Group, authorities: &Arc<Authorities>) -> Vec<Self> {
        let of = &group.hosts[0];
        let (dated, constrained) = conditioned(authorities.time());
        let make = |fault: Fault| {
            let root = match fault {
                Fault::IssuedAfterDistrust => dated.first()?.0,
                Fault::OutsideConstraints => *constrained.first()?,
                _ => group.roots[0],
            };
            let host = format!("{}.{of}.twin.test", fault.label());
            let forger = Forger {
                authorities: Arc::clone(authorities),
                root,
                host: host.clone(),
                site: group.hosts.clone(),
            };
            Some(Self {
                host,
                of: of.clone(),
                fault,
                chain: Arc::new(LazyChain::new(move || forger.chain(fault))),
            })
        };
        Fault::ALL.into_iter().filter_map(make).collect()
    }
}

/// Makes the chain of one twin.
struct Forger {
    authorities: Arc<Authorities>,
    root: usize,
    host: String,
    site: Vec<String>,
}

impl Forger {
    fn chain(&self, fault: Fault) -> Chain {
        let authorities = &self.authorities;
        let honest = || authorities.issuing(self.root, Rank::First);
        match fault {
            Fault::MissingIntermediate => self.leaf_by(&honest(), &[]),
            Fault::ExpiredLeaf => {
                let time = authorities.time();
                let builder = self.leaf().validity(time - 100 * DAY, time - 10 * DAY);
                let leaf = builder.issued_by(&honest());
                (leaf.key().clone(), leaf.chain(&[&honest()]))
            }
            Fault::AnothersLeaf => {
                let leaf = authorities.leaf(&self.site, None).issued_by(&honest());
                (leaf.key().clone(), leaf.chain(&[&honest()]))
            }
            Fault::UnknownRoot => {
                let issuer = authorities.unknown_ca(&self.host).issued_by(&self.unknown_root());
                self.leaf_by(&issuer, &[&issuer])
            }
            Fault::LyingKeyId => {
                let key_id = Authorities::root(self.root).ca().subject_key_id();
                let lie = AuthorityKeyId::KeyId(key_id.unwrap_or_default().to_vec());
                let builder = authorities.unknown_ca(&self.host).authority_key_id(lie);
                let issuer = builder.issued_by(&self.unknown_root());
                self.leaf_by(&issuer, &[&issuer])
            }
            Fault::StolenName => {
                let issuer = authorities.unknown_ca(&self.host).issued_by(&self.copied_root());
                self.leaf_by(&issuer, &[&issuer])
            }
            Fault::CopiedRoot => {
                let root = self.copied_root();
                let issuer = authorities.unknown_ca(&self.host).issued_by(&root);
                self.leaf_by(&issuer, &[&issuer, &root])
            }
            Fault::LeafAsCa => {
                let site = authorities.leaf(&self.site, None).issued_by(&honest());
                let leaf = self.leaf().issued_by(&site.posing_as_ca());
                (leaf.key().clone(), leaf.chain(&[&site.posing_as_ca(), &honest()]))
            }
            // The root makes the difference.
            Fault::IssuedAfterDistrust | Fault::OutsideConstraints => self.leaf_by(&honest(), &[&honest()]),
        }
    }

    fn leaf(&self) -> CertificateBuilder<Leaf> {
        self.authorities.leaf(std::slice::from_ref(&self.host), None)
    }

    fn leaf_by(&self, issuer: &Ca, sent: &[&Ca]) -> Chain {
        let leaf = self.leaf().issued_by(issuer);
        (leaf.key().clone(), leaf.chain(sent))
    }

    fn unknown_root(&self) -> Ca {
        self.authorities.unknown_root(&format!("Root of {}", self.host))
    }

    /// A copy of the site's root with another key.
    fn copied_root(&self) -> Ca {
        let root = Authorities::root(self.root);
        let key = match root.ca().key().kind() {
            // The number of none of the roots: they have the first ones.
            kind @ (KeyKind::Rsa2048 | KeyKind::Rsa4096) => Key::weak_rsa(kind, 275),
            kind => self.authorities.ecdsa_key(kind, &self.host),
        };
        Ca::copy_of_root(&root.der(), &key)
    }
}
