//! The kinds of chains that servers send, right ones and those that are wrong but common.

/// The kind of chain that a site sends. The leaf is the first certificate in all of them.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum ChainKind {
    /// The leaf and its issuer: 2 certificates.
    Straight,
    /// The leaf and two CAs: 3.
    TwoIntermediates,
    /// The leaf, its issuer, and the root cross-signed by an older root: 3. Either root will do.
    CrossSigned,
    /// The leaf, its issuer, and the root cross-signed by two other roots: 4. Each of the three will do.
    CrossSignedTwice,
    /// The leaf, its issuer, and the root cross-signed by one that is not trusted any more: 3.
    CrossSignedByGone,
    /// The leaf, and its issuer certified by one root and by another: 3. Either will do.
    TwoIssuers,
    /// The leaf, its issuer and the root: 3.
    RootSent,
    /// The leaf, and two CAs the other way round: 3.
    WrongOrder,
    /// The leaf, its issuer and its issuer: 3.
    Duplicates,
    /// The leaf, a CA of another root, and its issuer: 3.
    Unrelated,
    /// The leaf, the root, and two CAs the other way round, one of them twice: 5.
    Jumbled,
}

impl ChainKind {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Straight,
        Self::TwoIntermediates,
        Self::CrossSigned,
        Self::CrossSignedTwice,
        Self::CrossSignedByGone,
        Self::TwoIssuers,
        Self::RootSent,
        Self::WrongOrder,
        Self::Duplicates,
        Self::Unrelated,
        Self::Jumbled,
    ];

    /// The number of certificates that are sent.
    pub fn certificates(self) -> usize {
        match self {
            Self::Straight => 2,
            Self::TwoIntermediates
            | Self::CrossSigned
            | Self::CrossSignedByGone
            | Self::TwoIssuers
            | Self::RootSent
            | Self::WrongOrder
            | Self::Duplicates
            | Self::Unrelated => 3,
            Self::CrossSignedTwice => 4,
            Self::Jumbled => 5,
        }
    }

    /// The number of roots in which a path from the leaf can end.
    pub fn roots(self) -> usize {
        match self {
            Self::CrossSigned | Self::TwoIssuers => 2,
            Self::CrossSignedTwice => 3,
            _ => 1,
        }
    }

    /// Whether there is more than one CA between the leaf and some root.
    pub(super) fn is_long(self) -> bool {
        !matches!(
            self,
            Self::Straight | Self::TwoIssuers | Self::RootSent | Self::Duplicates | Self::Unrelated
        )
    }
}

/// Which names a leaf has, all valid for the site.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum LeafNames {
    /// The hosts.
    Plain,
    /// A domain and `*.` before it.
    Wildcard,
    /// The hosts and IP addresses, 127.0.0.1 among them.
    IpAddresses,
    /// The hosts and 300 others.
    Many,
}

impl LeafNames {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Plain, Self::Wildcard, Self::IpAddresses, Self::Many];

    /// The names, for hosts of this domain.
    pub(super) fn of(self, hosts: &[String], domain: &str) -> Vec<String> {
        let mut names = hosts.to_vec();
        match self {
            Self::Plain => {}
            Self::Wildcard => names = vec![domain.to_owned(), format!("*.{domain}")],
            Self::IpAddresses => {
                names.extend(["127.0.0.1", "192.0.2.156", "2001:db8::9c"].map(str::to_owned));
            }
            Self::Many => names.extend((1..=300).map(|number| format!("shop-{number}.{domain}"))),
        }
        names
    }
}
