//! The certificates that a peer sent, sorted into a path.

mod query;

pub use query::Query;

use core::fmt;

use crate::anchor::is_no_later;
use crate::{Certificate, CertificateError, Name};

/// The largest number of certificates that a peer may send. Servers send 2 to 5.
pub const MAX_CERTIFICATES: usize = 64;

/// The certificates that a peer sent, sorted into a path. They may be in any order, with duplicates, the root itself,
/// unrelated certificates and loops.
///
/// The first is the end-entity certificate (RFC 8446 section 4.4.2). One after it that cannot be read is
/// skipped, as webpki does; [`skipped`](Self::skipped) counts them.
///
/// The path is a guess by names and key identifiers. It decides only the order of lookups: the issuers of certificates that are
/// not in it are looked up, too.
#[derive(Clone)]
pub struct PeerChain<'a> {
    certificates: [Option<Certificate<'a>>; MAX_CERTIFICATES],
    /// Indexes of `certificates`: the path from its end to the end-entity certificate, then the others.
    topmost_first: [u8; MAX_CERTIFICATES],
    len: u8,
    path_len: u8,
    skipped: u8,
}

impl<'a> PeerChain<'a> {
    /// Reads the certificates in the order in which they were sent.
    ///
    /// Allocates nothing. The chain has 4 KB on a 64-bit machine, and this function needs 9 KB of stack, measured in an
    /// optimised build for x86-64. The time is linear in the length of the certificates, with at most
    /// [`MAX_CERTIFICATES`] squared comparisons of names.
    ///
    /// # Errors
    /// When there is no certificate, when there are more than [`MAX_CERTIFICATES`], and when the first cannot
    /// be read.
    pub fn read<I>(sent: I) -> Result<Self, ChainError>
    where
        I: IntoIterator<Item = &'a [u8]>,
    {
        let mut chain = Self {
            certificates: [const { None }; MAX_CERTIFICATES],
            topmost_first: [0; MAX_CERTIFICATES],
            len: 0,
            path_len: 0,
            skipped: 0,
        };
        for (index, der) in sent.into_iter().enumerate() {
            if index >= MAX_CERTIFICATES {
                return Err(ChainError::TooManyCertificates);
            }
            match Certificate::from_der(der) {
                Ok(certificate) => chain.push(certificate),
                Err(error) if index == 0 => return Err(ChainError::EndEntity(error)),
                Err(_) => chain.skipped = chain.skipped.saturating_add(1),
            }
        }
        if chain.len == 0 {
            return Err(ChainError::Empty);
        }
        chain.sort();
        Ok(chain)
    }

    fn push(&mut self, certificate: Certificate<'a>) {
        if let Some(slot) = self.certificates.get_mut(usize::from(self.len)) {
            *slot = Some(certificate);
            self.len = self.len.saturating_add(1);
        }
    }

    fn get(&self, index: u8) -> Option<&Certificate<'a>> {
        self.certificates.get(usize::from(index))?.as_ref()
    }

    /// The certificates that could be read, in the order in which they were sent, the end entity's first.
    pub fn certificates(&self) -> impl Iterator<Item = &Certificate<'a>> {
        self.certificates.iter().map_while(Option::as_ref)
    }

    /// The path from the end-entity certificate upwards: each certificate has the name of the issuer of the one before it. The
    /// last may be the root itself, if the peer sent it.
    pub fn path(&self) -> impl Iterator<Item = &Certificate<'a>> {
        let on_path = self.topmost_first.iter().take(usize::from(self.path_len));
        on_path.rev().filter_map(|index| self.get(*index))
    }

    /// The number of certificates after the first that could not be read and were left out.
    pub fn skipped(&self) -> usize {
        usize::from(self.skipped)
    }

    /// The path from its end downwards, then the certificates that are not on it.
    fn topmost_first(&self) -> impl Iterator<Item = &Certificate<'a>> + Clone {
        let sorted = self.topmost_first.iter().take(usize::from(self.len));
        sorted.filter_map(|index| self.get(*index))
    }

    /// The names of all issuers, each once: first the issuer of the path's last certificate, then the others down the path,
    /// then the issuers of certificates that are not in it.
    ///
    /// Every anchor in which a valid path can end has one of these names, because paths are built by names. Looking up all of
    /// them therefore finds every anchor that can be used.
    pub fn issuers(&self) -> impl Iterator<Item = Name<'a>> {
        self.topmost_first()
            .enumerate()
            .filter_map(|(index, certificate)| {
                let issuer = certificate.issuer();
                let mut earlier = self.topmost_first().take(index);
                (!earlier.any(|other| other.issuer() == issuer)).then_some(issuer)
            })
    }

    /// Whether any certificate names `subject` as its issuer.
    pub fn is_issued_by(&self, subject: Name<'_>) -> bool {
        self.certificates()
            .any(|certificate| certificate.issuer() == subject)
    }

    /// Whether the notBefore of the end-entity certificate is no later than this second of Unix time, if there is such a limit.
    /// With a limit, a notBefore that cannot be read gives `false`.
    pub fn was_issued_by(&self, limit: Option<u64>) -> bool {
        is_no_later(self.issued_at(), limit)
    }

    /// The notBefore of the end-entity certificate, in Unix time, and 0 for one before 1970; `None` when it cannot be read.
    pub fn issued_at(&self) -> Option<u64> {
        self.certificates().next()?.not_before()
    }

    /// The queries for a store, the most promising first: by issuer name, then by authority key identifier, then by the subject
    /// key identifier of a root that the peer sent.
    ///
    /// The queries by name find every anchor. Those by key identifier are for stores that do not know names.
    pub fn queries(&self) -> impl Iterator<Item = Query<'a>> {
        let by_name = self.issuers().map(Query::Subject);
        let by_authority = self.topmost_first().flat_map(Query::by_authority_key_id);
        let by_sent_root = self.topmost_first().filter_map(Query::by_sent_root);
        by_name.chain(by_authority).chain(by_sent_root)
    }
}

impl<'a> PeerChain<'a> {
    /// Finds the path, and the order in which issuers are looked up.
    ///
    /// After each certificate, beginning with the end entity's, comes the best matching issuer that is not in the path yet; of
    /// two that match equally, the one that was sent first. Each step uses one certificate, so a loop ends.
    fn sort(&mut self) {
        let mut is_on_path = 0_u64;
        let mut next = Some(0);
        let mut path_len = 0;
        while let Some(index) = next {
            is_on_path |= bit(index);
            if let Some(place) = self.topmost_first.get_mut(usize::from(path_len)) {
                *place = index;
                path_len += 1;
            }
            next = self.best_issuer(index, is_on_path);
        }
        self.path_len = path_len;

        let (path, others) = self.topmost_first.split_at_mut(usize::from(path_len));
        path.reverse();
        let not_on_path = (0..self.len).filter(|index| is_on_path & bit(*index) == 0);
        for (place, index) in others.iter_mut().zip(not_on_path) {
            *place = index;
        }
    }

    fn best_issuer(&self, issued: u8, is_on_path: u64) -> Option<u8> {
        let issued = self.get(issued)?;
        if issued.is_self_issued() {
            return None; // a root, or as good as one: nothing above it would make the path better
        }
        let free = (0..self.len).filter(|index| is_on_path & bit(*index) == 0);
        let fitting = free.filter_map(|index| Some((index, Fit::of(self.get(index)?, issued)?)));
        // `max_by_key` takes the last of equals; reversed, that is the first that was sent.
        fitting.rev().max_by_key(|(_, fit)| *fit).map(|(index, _)| index)
    }
}

fn bit(index: u8) -> u64 {
    1_u64.checked_shl(u32::from(index)).unwrap_or(0)
}

/// How well a certificate fits as the issuer of another, whose issuer name is its subject.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    /// The key identifiers contradict each other. webpki does not look at them, so it may be the issuer still.
    KeyIdsDiffer,
    NameOnly,
    NameAndKeyId,
}

impl Fit {
    fn of(candidate: &Certificate<'_>, issued: &Certificate<'_>) -> Option<Self> {
        if candidate.subject() != issued.issuer() {
            return None;
        }
        Some(match (candidate.subject_key_id(), issued.authority_key_id()) {
            (Some(subject), Some(authority)) if subject == authority => Self::NameAndKeyId,
            (Some(_), Some(_)) => Self::KeyIdsDiffer,
            _ => Self::NameOnly,
        })
    }
}

impl fmt::Debug for PeerChain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.certificates()).finish()
    }
}

/// Why the certificates of a peer cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChainError {
    /// The peer sent no certificate.
    Empty,
    /// The peer sent more than [`MAX_CERTIFICATES`].
    TooManyCertificates,
    /// The first certificate, the end entity's, cannot be read.
    EndEntity(CertificateError),
}

impl fmt::Display for ChainError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the peer sent no certificate"),
            Self::TooManyCertificates => {
                write!(f, "the peer sent more than {MAX_CERTIFICATES} certificates")
            }
            Self::EndEntity(error) => write!(f, "the peer's own certificate is {error}"),
        }
    }
}

impl core::error::Error for ChainError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::EndEntity(error) => Some(error),
            Self::Empty | Self::TooManyCertificates => None,
        }
    }
}
