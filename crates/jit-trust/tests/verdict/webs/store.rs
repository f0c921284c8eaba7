//! The roots of a store, made.

use jit_trust_lab::pki::{Ca, dns_name_constraints};

use super::identity::{ISSUED, key, stranger};
use super::spec::{self, Identity};
use crate::root::TrustedRoot;

/// A root, as somebody who issues and as an anchor.
pub(super) struct Root {
    pub(super) ca: Ca,
    pub(super) trusted: TrustedRoot,
}

/// More under one name are refused when a store is written.
const MAX_PER_NAME: usize = 8;

/// The roots of the store, without those for whose name there are enough.
pub(super) fn roots(store: &spec::Store) -> Vec<Root> {
    let mut per_name = [0; spec::ROOT_NAMES as usize];
    let mut roots = Vec::new();
    let mut identities: Vec<Identity> = Vec::new();
    for (place, root) in store.iter().enumerate() {
        let same_as = root.same_as.filter(|_| place > 0);
        let identity = same_as.map_or(root.identity, |other| identities[usize::from(other) % place]);
        identities.push(identity);
        let of_its_name = &mut per_name[usize::from(identity.name)];
        *of_its_name += 1;
        if *of_its_name <= MAX_PER_NAME {
            roots.push(Root::make(root, identity, place));
        }
    }
    roots
}

impl Root {
    fn make(root: &spec::Root, identity: Identity, place: usize) -> Self {
        let (permitted, excluded) = root.constraints.permitted_and_excluded();
        let (not_before, not_after) = root.validity.of_ca();
        let builder = Ca::builder(stranger(identity).name())
            .key(key(identity.key))
            .serial(&[2, u8::try_from(place).unwrap()])
            .subject_key_id(root.subject_key_id.of_certificate())
            .validity(not_before, not_after)
            .name_constraints(permitted, excluded);
        let ca = if root.version_1 {
            builder.version_1()
        } else {
            builder
        };
        let ca = ca.self_signed();
        let imposed = root.imposed.map(|imposed| {
            let (permitted, excluded) = imposed.permitted_and_excluded();
            dns_name_constraints(permitted, excluded)
        });
        let trusted = TrustedRoot {
            distrust_after: root
                .distrust_after
                .map(|date| u64::try_from(ISSUED + date).unwrap()),
            // None at all is no constraint to impose.
            name_constraints: imposed.filter(|imposed| !imposed.is_empty()),
            ..TrustedRoot::from(&ca)
        };
        Self { ca, trusted }
    }
}
