//! A root that is trusted only for certificates issued up to a date.

use alloc::format;
use alloc::string::String;
use core::fmt;

use jit_trust_core::{PeerChain, Time, TrustAnchor};

/// A root that is trusted only for certificates issued up to a date, and a certificate that was issued later: Mozilla's
/// "Distrust for TLS After Date". Except for the date, the path to the root is valid, with its signatures. No other path
/// leads to a root that is trusted for the certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DatedRoot {
    /// The root's subject, safe for a terminal.
    pub root: String,
    /// The date up to which the root is trusted: the last second, in Unix time.
    pub distrust_after: u64,
    /// The notBefore of the end-entity certificate, in Unix time, if that can be read.
    pub issued_at: Option<u64>,
}

impl DatedRoot {
    /// The dated root that an anchor is, if its date does not permit the chain.
    pub fn of(anchor: &TrustAnchor<'_>, chain: &PeerChain<'_>) -> Option<Self> {
        if anchor.permits_issuance_date(chain.issued_at()) {
            return None;
        }
        Some(Self {
            root: format!("{}", anchor.subject()),
            distrust_after: anchor.distrust_after()?,
            issued_at: chain.issued_at(),
        })
    }

    /// The message, with this name for the store.
    pub fn in_store<'d>(&'d self, store: &'d str) -> impl fmt::Display + 'd {
        InStore { dated: self, store }
    }
}

/// A dated root, with a name for the store.
struct InStore<'d> {
    dated: &'d DatedRoot,
    store: &'d str,
}

impl fmt::Display for InStore<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { dated, store } = self;
        write!(
            f,
            "the root \"{}\" in {store} is trusted only for certificates issued up to {}; this one was issued ",
            dated.root,
            Time(dated.distrust_after)
        )?;
        match dated.issued_at {
            Some(issued_at) => write!(f, "{}", Time(issued_at)),
            None => f.write_str("at a time that cannot be read"),
        }
    }
}
