//! The CAs below the roots, each made when it is first needed.

use std::collections::HashMap;
use std::sync::Mutex;

use super::draw::Draw;
use super::stand_in::{StandIn, stand_ins};
use crate::pki::{Attribute, AuthorityKeyId, Ca, CertificateBuilder, DAY, Key, KeyKind, Leaf, Name, YEAR};

/// Where the numbers of RSA keys begin, of CAs and leaves; those of the roots come before.
const CA_KEYS: usize = 400;
const LEAF_KEYS: usize = 1000;

/// All CAs of an internet.
#[derive(Debug)]
pub(super) struct Authorities {
    seed: u64,
    time: i64,
    made: Mutex<HashMap<(usize, Rank), Ca>>,
}

/// Which of the CAs below a root.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) enum Rank {
    /// Issues to sites, its key of the root's kind.
    First,
    /// Issues to sites, its key ECDSA always.
    Second,
    /// Issues to sites, and is itself issued by the first.
    Lower,
}

impl Authorities {
    /// CAs as of this time, in Unix seconds.
    pub(super) fn new(seed: u64, time: i64) -> Self {
        Self {
            seed,
            time,
            made: Mutex::default(),
        }
    }

    pub(super) fn time(&self) -> i64 {
        self.time
    }

    pub(super) fn root(number: usize) -> &'static StandIn {
        &stand_ins()[number]
    }

    /// A CA below a root.
    pub(super) fn issuing(&self, root: usize, rank: Rank) -> Ca {
        let issuer = match rank {
            Rank::Lower => self.issuing(root, Rank::First),
            Rank::First | Rank::Second => Self::root(root).ca().clone(),
        };
        // Held while one is made, so that nobody makes it a second time with other signatures.
        let mut made = self.made.lock().expect("every CA can be made");
        let make = || {
            let label = format!("Issuing CA {rank:?} {root}");
            let authority_key_id = match issuer.subject_key_id() {
                Some(_) => AuthorityKeyId::Derived,
                None => AuthorityKeyId::IssuerAndSerial,
            };
            let builder = Ca::builder(lab_name(&label))
                .key(&self.ca_key(root, rank))
                .authority_key_id(authority_key_id);
            self.dated(builder, &label).issued_by(&issuer)
        };
        made.entry((root, rank)).or_insert_with(make).clone()
    }

    /// A root's cross-certificate by another CA.
    pub(super) fn cross_signed(&self, root: usize, by: &Ca, label: &str) -> Ca {
        self.dated(Self::root(root).ca().reissue(), &format!("{label} {root}"))
            .issued_by(by)
    }

    /// A CA certified by another root too.
    pub(super) fn certified_again(&self, ca: &Ca, root: usize) -> Ca {
        self.dated(ca.reissue(), &format!("again {root}"))
            .issued_by(Self::root(root).ca())
    }

    /// A root that is in no list; `label` tells it from others.
    pub(super) fn unknown_root(&self, label: &str) -> Ca {
        let builder = Ca::builder(lab_name(label)).key(&self.ecdsa_key(KeyKind::EcdsaP384, label));
        self.dated(builder, label).self_signed()
    }

    /// A CA by an issuer that is in no list either, or says so only.
    pub(super) fn unknown_ca(&self, label: &str) -> CertificateBuilder<Ca> {
        let label = format!("{label} Issuing CA");
        let builder = Ca::builder(lab_name(&label)).key(&self.ecdsa_key(KeyKind::EcdsaP256, &label));
        self.dated(builder, &label)
    }

    /// A leaf for these names, valid for the next two months. The numbers of those with RSA keys are to be
    /// different.
    pub(super) fn leaf(&self, names: &[String], rsa: Option<usize>) -> CertificateBuilder<Leaf> {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let label = format!("leaf {}", names.concat());
        let key = match rsa {
            Some(number) => Key::weak_rsa(KeyKind::Rsa2048, LEAF_KEYS + number),
            None => self.ecdsa_key(KeyKind::EcdsaP256, &label),
        };
        Leaf::builder(&names)
            .key(&key)
            .serial(&self.serial(&label))
            .validity(self.time - 30 * DAY, self.time + 60 * DAY)
            // About as long as what leaves have besides: timestamps, policies, addresses.
            .padding(400)
    }

    /// A key of ECDSA that belongs to the label.
    pub(super) fn ecdsa_key(&self, kind: KeyKind, label: &str) -> Key {
        Key::ecdsa(kind, &Draw::new(self.seed, &format!("key of {label}")).bytes())
    }

    fn ca_key(&self, root: usize, rank: Rank) -> Key {
        let label = format!("{rank:?} {root}");
        let root_key = Self::root(root).ca().key().kind();
        match (root_key, rank) {
            (KeyKind::Rsa2048 | KeyKind::Rsa4096, Rank::First) => {
                Key::weak_rsa(KeyKind::Rsa2048, CA_KEYS + 2 * root)
            }
            (KeyKind::Rsa2048 | KeyKind::Rsa4096, Rank::Lower) => {
                Key::weak_rsa(KeyKind::Rsa2048, CA_KEYS + 2 * root + 1)
            }
            (KeyKind::EcdsaP384 | KeyKind::EcdsaP521, Rank::First) => {
                self.ecdsa_key(KeyKind::EcdsaP384, &label)
            }
            _ => self.ecdsa_key(KeyKind::EcdsaP256, &label),
        }
    }

    fn dated(&self, builder: CertificateBuilder<Ca>, label: &str) -> CertificateBuilder<Ca> {
        builder
            .serial(&self.serial(label))
            .validity(self.time - 2 * YEAR, self.time + 3 * YEAR)
    }

    fn serial(&self, label: &str) -> Vec<u8> {
        let mut serial = Draw::new(self.seed, &format!("serial of {label}")).bytes()[..16].to_vec();
        // Positive, and without a leading zero.
        serial[0] = 0x40 | serial[0] & 0x3f;
        serial
    }
}

fn lab_name(common_name: &str) -> Name {
    Name::of(&[
        Attribute::country("XX"),
        Attribute::organization("jit-trust lab"),
        Attribute::common_name(common_name),
    ])
}
