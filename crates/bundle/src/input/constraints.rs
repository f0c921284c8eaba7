//! Domains that a list gives as text, as name constraints.

use jit_trust_core::Certificate;

use crate::Problem;
use crate::constraints::{Domain, impose};

/// The constraints of a certificate that is trusted only for the domains in this text; `None` for a blank text. A
/// certificate that cannot be read is left for others to refuse.
pub(super) fn imposed(text: &str, der: &[u8]) -> Result<Option<Vec<u8>>, Problem> {
    let unreadable = || Problem::Constraints {
        text: text.to_owned(),
    };
    let domains = Domain::list(text).ok_or_else(unreadable)?;
    if domains.is_empty() {
        return Ok(None);
    }
    let certificate = Certificate::from_der(der).ok();
    let own = certificate.and_then(|certificate| certificate.name_constraints());
    impose(own, &domains).map(Some).ok_or_else(unreadable)
}
