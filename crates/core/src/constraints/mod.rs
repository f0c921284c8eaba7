//! Name constraints (RFC 5280 section 4.2.1.10), for TLS libraries that do not check them.

mod error;
mod form;
mod subtrees;

pub use error::NameConstraintsError;
pub use form::NameForm;

use crate::Certificate;
use crate::der::Reader;
use crate::name::{COMMON_NAME, EMAIL_ADDRESS, attributes};
use form::directory_name;
use subtrees::{NameConstraints, Steps};

/// Checks that a path conforms to the name constraints of its anchor and of every CA in it, for TLS libraries that do not check
/// this, such as mbedTLS.
///
/// `anchor` are the constraints that bind the anchor, [`TrustAnchor::name_constraints`](crate::TrustAnchor::name_constraints).
/// `path` are the certificates below it, the end entity's first.
///
/// The constraints of a CA bind the subject and the subject alternative names of every certificate below it, except self-issued
/// certificates of intermediates (RFC 5280 section 6.1.3). It does not matter whether the extension is critical.
///
/// | form | how |
/// |---|---|
/// | dNSName | as webpki: ASCII case folded; a constraint with a leading dot is met by what is below it only; a wildcard is permitted when all that it stands for is, and excluded when anything is |
/// | iPAddress | address and mask; the mask has its ones before its zeros |
/// | directoryName | permitted when it begins with the same bytes; excluded when it begins with bytes that could be another spelling of the same name |
/// | all others | not supported: a certificate that has a name of a constrained form is refused; so is one with an e-mail address in its subject where rfc822Name is constrained |
///
/// A TLS library may compare the host with the common name of an end entity that has no subject alternative names. The common
/// names of such a certificate are therefore checked as DNS names.
///
/// `minimum` and `maximum` must be absent, as RFC 5280 demands. Names and constraints that cannot be read are refused.
///
/// # Errors
/// When a name does not conform, or cannot be compared.
pub fn check_name_constraints(
    anchor: Option<&[u8]>,
    path: &[Certificate<'_>],
) -> Result<(), NameConstraintsError> {
    let mut steps = Steps::new();
    if let Some(constraints) = anchor {
        check_below(constraints, path, &mut steps)?;
    }
    for (number, ca) in path.iter().enumerate().skip(1) {
        let below = path.get(..number).unwrap_or_default();
        if let Some(constraints) = ca.name_constraints() {
            check_below(constraints, below, &mut steps)?;
        }
    }
    Ok(())
}

/// Checks that a path conforms to name constraints that are imposed on its anchor, and only to these: for constraints that the
/// TLS library does not know. `below` are the certificates below the anchor, the end entity's first. Names are compared as by
/// [`check_name_constraints`].
///
/// # Errors
/// When a name does not conform, or cannot be compared.
pub fn check_imposed_constraints(
    constraints: &[u8],
    below: &[Certificate<'_>],
) -> Result<(), NameConstraintsError> {
    check_below(constraints, below, &mut Steps::new())
}

/// Checks the certificates below a CA, the end entity first.
fn check_below(
    constraints: &[u8],
    below: &[Certificate<'_>],
    steps: &mut Steps,
) -> Result<(), NameConstraintsError> {
    let constraints = NameConstraints::read(constraints)?;
    for (number, certificate) in below.iter().enumerate() {
        let is_end_entity = number == 0;
        if is_end_entity || !certificate.is_self_issued() {
            check_one(&constraints, certificate, is_end_entity, steps)?;
        }
    }
    Ok(())
}

fn check_one(
    constraints: &NameConstraints<'_>,
    certificate: &Certificate<'_>,
    is_end_entity: bool,
    steps: &mut Steps,
) -> Result<(), NameConstraintsError> {
    let subject = certificate.subject();
    if !subject.value().is_empty() {
        constraints.check(NameForm::Directory, subject.as_der(), steps)?;
    }
    let alternative = certificate.subject_alt_names();
    for attribute in attributes(subject.value()) {
        let attribute = attribute.ok_or(NameConstraintsError::MalformedName)?;
        let value = attribute.value.value;
        match attribute.id {
            EMAIL_ADDRESS => constraints.check(NameForm::Email, value, steps)?,
            COMMON_NAME if is_end_entity && alternative.is_none() => {
                constraints.check(NameForm::Dns, value, steps)?;
            }
            _ => steps.take()?,
        }
    }
    let mut names = Reader::new(alternative.unwrap_or_default());
    while !names.is_at_end() {
        let name = names.read().ok_or(NameConstraintsError::MalformedName)?;
        let form = NameForm::of_tag(name.tag).ok_or(NameConstraintsError::MalformedName)?;
        let name = match form {
            NameForm::Directory => directory_name(name.value),
            _ => Some(name.value),
        };
        constraints.check(form, name.ok_or(NameConstraintsError::MalformedName)?, steps)?;
    }
    Ok(())
}
