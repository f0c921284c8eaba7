//! Why a server is not trusted, by name: what `reason` says in words.

use jit_trust::{Certificate, Distrusted, PeerChain, StoreError, Verification};

use super::reason::{BAD_SIGNATURE, ISSUER_IS_NO_CA, NAME_NOT_PERMITTED, Reason};
use super::{Refusal, of_library, of_ours};

/// Why a server is not trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    Expired,
    NotValidYet,
    WrongHost,
    /// The server sent its own certificate alone, and no root has issued it.
    MissingIntermediate,
    RootNotTrusted,
    /// The root is trusted for certificates of an earlier date only.
    DistrustedByDate,
    NameConstraints,
    BadSignature,
    IssuerIsNoCa,
    /// The store could not answer: that says nothing about the server.
    StoreFailed,
    Other,
}

impl Cause {
    pub(super) fn of(error: &Refusal, verification: &Verification<'_>) -> Self {
        if of_ours::<StoreError>(error).is_some() {
            return Self::StoreFailed;
        }
        if of_ours::<Distrusted>(error).is_some() {
            return Self::DistrustedByDate;
        }
        match of_library(error) {
            Reason::UnknownIssuer if sent_alone(verification) => Self::MissingIntermediate,
            Reason::UnknownIssuer => Self::RootNotTrusted,
            Reason::Expired(_) => Self::Expired,
            Reason::NotValidYet(_) => Self::NotValidYet,
            Reason::OtherHost(_) => Self::WrongHost,
            Reason::Plain(BAD_SIGNATURE) => Self::BadSignature,
            Reason::Plain(ISSUER_IS_NO_CA) => Self::IssuerIsNoCa,
            Reason::Plain(NAME_NOT_PERMITTED) => Self::NameConstraints,
            Reason::Plain(_) | Reason::Other(_) => Self::Other,
        }
    }
}

/// Whether the path ends at the server's own certificate, which is not signed by itself, and no root has the name of
/// its issuer.
fn sent_alone(verification: &Verification<'_>) -> bool {
    let mut path = verification.chain.into_iter().flat_map(PeerChain::path);
    let leaf = path.next();
    verification.selected == 0
        && leaf.is_some_and(|leaf: &Certificate<'_>| !leaf.is_self_issued())
        && path.next().is_none()
}
