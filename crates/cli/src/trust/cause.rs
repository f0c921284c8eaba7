//! Why a server is not trusted, by name: what `reason` says in words.

use jit_trust::{Certificate, Distrusted, PeerChain, StoreError, Verification};

use super::reason::{BAD_SIGNATURE, ISSUER_IS_NO_CA, NAME_NOT_PERMITTED, Reason, refused_key};
use super::{Refusal, of_library, of_ours};

/// Why a server is not trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    Expired,
    NotValidYet,
    WrongHost,
    /// The server sent no certificate of the CA that has issued its own, and it is no root.
    MissingIntermediate,
    RootNotTrusted,
    /// The root is trusted for certificates of an earlier date only.
    DistrustedByDate,
    NameConstraints,
    BadSignature,
    IssuerIsNoCa,
    /// A certificate is signed by a key that is not taken, such as one that is too short.
    RefusedKey,
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
            Reason::BadSignatureOrKey if refused_key(verification).is_some() => Self::RefusedKey,
            Reason::BadSignatureOrKey | Reason::Plain(BAD_SIGNATURE) => Self::BadSignature,
            Reason::Plain(ISSUER_IS_NO_CA) => Self::IssuerIsNoCa,
            Reason::Plain(NAME_NOT_PERMITTED) => Self::NameConstraints,
            Reason::CaAsServer | Reason::Unreadable | Reason::Plain(_) | Reason::Other(_) => Self::Other,
        }
    }
}

/// Whether the path ends at the server's own certificate, which is not signed by itself, and no root has the name of
/// its issuer. Roots for other certificates, such as one that was sent along, do not matter.
fn sent_alone(verification: &Verification<'_>) -> bool {
    let mut path = verification.chain.into_iter().flat_map(PeerChain::path);
    let leaf = path.next();
    path.next().is_none()
        && leaf.is_some_and(|leaf: &Certificate<'_>| {
            let mut candidates = verification.candidates.iter();
            !leaf.is_self_issued() && candidates.all(|anchor| anchor.subject() != leaf.issuer())
        })
}
