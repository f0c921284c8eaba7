//! Constraints that a list imposes on a root, in addition to those of its certificate.

use super::domain::Domain;
use super::subtrees::{Subtrees, base, encode_subtrees, general_name, of_domain};

/// The constraints of a root that is trusted only for these domains, of which there is at least one, and has these constraints
/// of its own: both apply. `None` when its own cannot be read.
///
/// The permitted dNSName subtrees of the certificate are reduced to their intersections with the domains. Where these are
/// empty, the dNSName subtree "" is excluded, which contains all names; without a permitted subtree, all names would be
/// permitted. All other constraints of the certificate stay as they are.
pub(crate) fn impose(own: Option<&[u8]>, domains: &[Domain]) -> Option<Vec<u8>> {
    let subtrees = Subtrees::read(own.unwrap_or_default())?;
    let (mut permitted, mut own_domains) = (Vec::new(), Vec::new());
    for subtree in &subtrees.permitted {
        let base = base(subtree)?;
        match base.tag {
            general_name::DNS => own_domains.push(Domain::from_constraint(base.value)?),
            _ => permitted.push(subtree.whole.to_vec()),
        }
    }
    let mut excluded: Vec<Vec<u8>> = subtrees
        .excluded
        .iter()
        .map(|subtree| subtree.whole.to_vec())
        .collect();
    let mut both: Vec<&Domain> = match own_domains.is_empty() {
        true => domains.iter().collect(),
        false => own_domains
            .iter()
            .flat_map(|own| domains.iter().filter_map(|domain| own.and(domain)))
            .collect(),
    };
    both.sort();
    both.dedup();
    if both.is_empty() {
        let all_names = of_domain(b"");
        if !excluded.contains(&all_names) {
            excluded.push(all_names);
        }
    }
    permitted.extend(both.into_iter().map(|domain| of_domain(&domain.to_constraint())));
    Some(encode_subtrees(&permitted, &excluded))
}

/// Whether these are the constraints of the certificate with, at most, domains imposed on it by [`impose`].
pub(crate) fn is_imposed_on(own: &[u8], constraints: &[u8]) -> bool {
    own == constraints || imposed_again(own, constraints).is_some_and(|again| again == constraints)
}

fn imposed_again(own: &[u8], constraints: &[u8]) -> Option<Vec<u8>> {
    let mut domains = Vec::new();
    for subtree in &Subtrees::read(constraints)?.permitted {
        let base = base(subtree)?;
        if base.tag == general_name::DNS {
            domains.push(Domain::from_constraint(base.value)?);
        }
    }
    impose(Some(own), &domains)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jit_trust_core::der::encode;

    fn dns(domains: &[&str]) -> Vec<Vec<u8>> {
        domains
            .iter()
            .map(|domain| of_domain(domain.as_bytes()))
            .collect()
    }

    /// A directoryName, whose contents are not read here.
    fn other() -> Vec<u8> {
        encode(0x30, &encode(0xa4, &encode(0x30, b"")))
    }

    #[test]
    fn on_a_root_without_constraints_they_are_nss_s_own_bytes() {
        let domains = Domain::list("*.tr").unwrap();
        assert_eq!(impose(None, &domains).unwrap(), b"\xa0\x07\x30\x05\x82\x03.tr");
    }

    #[test]
    fn permitted_domains_are_cut_down_and_everything_else_stays() {
        let own = encode_subtrees(
            &[dns(&[".gr", "tr", "a.example"]), vec![other()]].concat(),
            &dns(&["x.tr"]),
        );
        let domains = Domain::list("*.gov.tr, *.edu.tr, .example").unwrap();
        let both = encode_subtrees(
            &[vec![other()], dns(&["a.example", ".edu.tr", ".gov.tr"])].concat(),
            &dns(&["x.tr"]),
        );
        assert_eq!(impose(Some(&own), &domains).unwrap(), both);
        assert_eq!(impose(Some(&both), &domains).unwrap(), both);
        assert!(is_imposed_on(&own, &both) && is_imposed_on(&own, &own));
        let wider = encode_subtrees(&dns(&[".com", ".gr"]), &dns(&["x.tr"]));
        assert!(!is_imposed_on(&own, &wider));
        assert!(!is_imposed_on(&own, b""));
    }

    #[test]
    fn where_nothing_is_left_every_name_is_excluded() {
        let own = encode_subtrees(&dns(&[".gr"]), &dns(&["x.tr"]));
        let nothing = encode_subtrees(&[], &dns(&["x.tr", ""]));
        assert_eq!(
            impose(Some(&own), &Domain::list("*.tr").unwrap()).unwrap(),
            nothing
        );
        assert_eq!(impose(Some(&nothing), &Domain::list("*.tr").unwrap()).unwrap(), {
            encode_subtrees(&dns(&[".tr"]), &dns(&["x.tr", ""]))
        });
        assert!(is_imposed_on(&own, &nothing));
    }

    #[test]
    fn constraints_that_cannot_be_read_are_not_added_to() {
        let domains = Domain::list("*.tr").unwrap();
        let with_minimum = encode(0x30, &[encode(0x82, b"tr"), encode(0x80, &[1])].concat());
        for own in [&b"\xa0"[..], b"\xa1\x00\xa0\x00", b"\x02\x01\x00"] {
            assert_eq!(impose(Some(own), &domains), None, "{own:?}");
        }
        for permitted in [with_minimum, of_domain(b"\xff"), of_domain(b".")] {
            assert_eq!(impose(Some(&encode_subtrees(&[permitted], &[])), &domains), None);
        }
    }
}
