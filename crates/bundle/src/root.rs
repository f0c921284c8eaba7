//! One root, and what goes with it.

use jit_trust_core::{Certificate, CertificateError};
use pki_types::CertificateDer;

use crate::Fingerprint;

/// What Mozilla says about a root beside its certificate, and a bare certificate cannot: under which conditions
/// the root is trusted. There are none by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Conditions {
    /// Only end-entity certificates with a notBefore up to this second of Unix time are trusted: NSS's
    /// `CKA_NSS_SERVER_DISTRUST_AFTER`, CCADB's "Distrust for TLS After Date".
    pub distrust_after: Option<u64>,
    /// The domains that alone the root is trusted for, as CCADB's "Mozilla Applied Constraints" writes them; empty
    /// where it is trusted for all.
    pub applied_constraints: Vec<String>,
}

impl Conditions {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.distrust_after.is_none() && self.applied_constraints.is_empty()
    }

    /// Both of these conditions at once: the earlier date, and the constraints of whichever has some. `None` when
    /// both have constraints, but not the same.
    pub(crate) fn and(self, other: Self) -> Option<Self> {
        let earlier = [self.distrust_after, other.distrust_after]
            .into_iter()
            .flatten()
            .min();
        let applied_constraints = match (self.applied_constraints, other.applied_constraints) {
            (one, other) if one == other || other.is_empty() => one,
            (one, other) if one.is_empty() => other,
            _ => return None,
        };
        Some(Self {
            distrust_after: earlier,
            applied_constraints,
        })
    }
}

/// A root: a certificate that can be read, and the conditions of its trust.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root {
    der: CertificateDer<'static>,
    conditions: Conditions,
}

impl Root {
    /// A root of this certificate. Whether it says that it is no CA is not looked at.
    ///
    /// # Errors
    /// When the certificate cannot be read.
    pub fn new(
        der: impl Into<CertificateDer<'static>>,
        conditions: Conditions,
    ) -> Result<Self, CertificateError> {
        let der = der.into();
        Certificate::from_der(&der)?;
        Ok(Self { der, conditions })
    }

    /// The certificate.
    #[expect(clippy::expect_used, reason = "no other way to say what `new` has proved")]
    pub fn certificate(&self) -> Certificate<'_> {
        Certificate::from_der(&self.der).expect("`new` has read it")
    }

    /// The certificate's DER encoding.
    pub fn der(&self) -> &CertificateDer<'static> {
        &self.der
    }

    /// Under which conditions the root is trusted.
    pub fn conditions(&self) -> &Conditions {
        &self.conditions
    }

    /// SHA-256 over the certificate.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.der)
    }

    /// SHA-256 over the subject public key info, the header of its SEQUENCE included.
    pub fn spki_fingerprint(&self) -> Fingerprint {
        Fingerprint::of(self.certificate().spki())
    }

    pub(crate) fn set_conditions(&mut self, conditions: Conditions) {
        self.conditions = conditions;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conditions(distrust_after: Option<u64>, constraints: &[&str]) -> Conditions {
        Conditions {
            distrust_after,
            applied_constraints: constraints.iter().map(|domain| (*domain).to_owned()).collect(),
        }
    }

    #[test]
    fn of_two_conditions_the_stricter_holds() {
        let none = Conditions::default;
        let early = || conditions(Some(1), &[]);
        let late = || conditions(Some(2), &["*.tr"]);
        assert_eq!(none().and(late()), Some(late()));
        assert_eq!(late().and(none()), Some(late()));
        assert_eq!(late().and(early()), Some(conditions(Some(1), &["*.tr"])));
        assert_eq!(late().and(conditions(None, &["*.fr"])), None);
    }
}
