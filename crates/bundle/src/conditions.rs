//! The conditions under which a root is trusted.

/// The conditions under which a root is trusted, as Mozilla's list states them. A bare certificate does not contain them. By
/// default, there are none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Conditions {
    /// Only end-entity certificates with a notBefore up to this second of Unix time are trusted: NSS's
    /// `CKA_NSS_SERVER_DISTRUST_AFTER`, CCADB's "Distrust for TLS After Date".
    pub distrust_after: Option<u64>,
    /// The name constraints that replace those of the certificate, which they include: the value of a
    /// `NameConstraints` SEQUENCE (RFC 5280 section 4.2.1.10), as [`NameConstraints`](crate::NameConstraints) shows
    /// it.
    /// `None` where those of the certificate apply, if it has any.
    pub name_constraints: Option<Vec<u8>>,
}

impl Conditions {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.distrust_after.is_none() && self.name_constraints.is_none()
    }

    /// The combination of both conditions: the earlier date, and the constraints of the one that has some. `None` when both have
    /// different constraints.
    pub(crate) fn and(self, other: Self) -> Option<Self> {
        let dates = [self.distrust_after, other.distrust_after];
        let name_constraints = match (self.name_constraints, other.name_constraints) {
            (one, None) => one,
            (None, other) => other,
            (one, other) if one == other => one,
            _ => return None,
        };
        Some(Self {
            distrust_after: dates.into_iter().flatten().min(),
            name_constraints,
        })
    }

    /// The same conditions for a certificate with these constraints of its own, which are not a condition.
    pub(crate) fn beside(mut self, own: Option<&[u8]>) -> Self {
        self.name_constraints = self
            .name_constraints
            .filter(|constraints| Some(constraints.as_slice()) != own);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conditions(distrust_after: Option<u64>, constraints: Option<&str>) -> Conditions {
        Conditions {
            distrust_after,
            name_constraints: constraints.map(|constraints| constraints.as_bytes().to_vec()),
        }
    }

    #[test]
    fn of_two_conditions_the_stricter_holds() {
        let none = Conditions::default;
        let early = || conditions(Some(1), None);
        let late = || conditions(Some(2), Some("tr"));
        assert_eq!(none().and(late()), Some(late()));
        assert_eq!(late().and(none()), Some(late()));
        assert_eq!(late().and(late()), Some(late()));
        assert_eq!(late().and(early()), Some(conditions(Some(1), Some("tr"))));
        assert_eq!(late().and(conditions(None, Some("fr"))), None);
    }
}
