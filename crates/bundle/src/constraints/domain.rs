//! Domains that a root is trusted for.

/// The longest name in DNS, in characters.
const MAX_NAME_LEN: usize = 253;

/// The longest part of one.
const MAX_LABEL_LEN: usize = 63;

/// The names under a domain, as a dNSName constraint means them: with or without the domain itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Domain {
    /// In lower case; empty for all names there are.
    name: String,
    /// Whether the domain itself is not among them.
    subdomains_only: bool,
}

impl Domain {
    /// The domains that a text lists, as CCADB's "Mozilla Applied Constraints" does: `*.gov.tr` or `.gov.tr` for all
    /// below
    /// `gov.tr`, `gov.tr` for that too; separated by commas, semicolons or line breaks. Sorted, each once; none for a
    /// text that is blank, and `None` for one that is anything else.
    pub(crate) fn list(text: &str) -> Option<Vec<Self>> {
        let parts = text.split([',', ';', '\n', '\r']).map(str::trim);
        let domains = parts.filter(|part| !part.is_empty()).map(Self::from_text);
        let mut domains = domains.collect::<Option<Vec<_>>>()?;
        if domains.is_empty() && !text.trim().is_empty() {
            return None;
        }
        domains.sort();
        domains.dedup();
        Some(domains)
    }

    fn from_text(text: &str) -> Option<Self> {
        let below = text.strip_prefix("*.").or_else(|| text.strip_prefix('.'));
        Self::checked(below.unwrap_or(text), below.is_some())
    }

    /// Reads a dNSName constraint: `.gov.tr` means all names below `gov.tr`, as in NSS, webpki and others; `gov.tr` includes the
    /// domain itself (RFC 5280 section 4.2.1.10); the empty one means all names.
    pub(super) fn from_constraint(constraint: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(constraint).ok()?;
        if text.is_empty() {
            return Some(Self {
                name: String::new(),
                subdomains_only: false,
            });
        }
        let below = text.strip_prefix('.');
        Self::checked(below.unwrap_or(text), below.is_some())
    }

    fn checked(name: &str, subdomains_only: bool) -> Option<Self> {
        let is_label = |label: &str| {
            let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
            (1..=MAX_LABEL_LEN).contains(&label.len()) && label.bytes().all(is_allowed)
        };
        // The last part of an IPv4 address is a number, that of a domain never.
        let last = name.rsplit('.').next().unwrap_or_default();
        let is_address = last.bytes().all(|byte| byte.is_ascii_digit());
        let is_domain = name.len() <= MAX_NAME_LEN && name.split('.').all(is_label) && !is_address;
        is_domain.then(|| Self {
            name: name.to_ascii_lowercase(),
            subdomains_only,
        })
    }

    /// The domain in the form of a dNSName constraint.
    pub(super) fn to_constraint(&self) -> Vec<u8> {
        let dot = if self.subdomains_only { "." } else { "" };
        format!("{dot}{}", self.name).into_bytes()
    }

    /// The names that are under both domains, which are again those under a domain, if there are any: of two domains
    /// one is below the other, or they have nothing in common.
    pub(super) fn and<'d>(&'d self, other: &'d Self) -> Option<&'d Self> {
        if self.is_within(other) {
            Some(self)
        } else if other.is_within(self) {
            Some(other)
        } else {
            None
        }
    }

    /// Whether every name under this domain is under the other.
    fn is_within(&self, other: &Self) -> bool {
        if self.name == other.name {
            return self.subdomains_only || !other.subdomains_only;
        }
        let above = self.name.strip_suffix(other.name.as_str());
        other.name.is_empty() || above.is_some_and(|above| above.ends_with('.'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn constraints(text: &str) -> Option<Vec<String>> {
        let domains = Domain::list(text)?;
        let texts = domains
            .iter()
            .map(|domain| String::from_utf8(domain.to_constraint()).unwrap());
        Some(texts.collect())
    }

    #[test]
    fn domains_are_read_as_ccadb_writes_them() {
        for (text, expected) in [
            ("", &[][..]),
            (" \n", &[]),
            ("*.tr", &[".tr"]),
            (".TR", &[".tr"]),
            ("gov.tr", &["gov.tr"]),
            (
                "*.gov.tr, *.edu.tr;b.example\n.a.example",
                &[".a.example", "b.example", ".edu.tr", ".gov.tr"],
            ),
            ("*.tr; *.tr;", &[".tr"]),
            ("xn--p1ai,_x.example", &["_x.example", "xn--p1ai"]),
        ] {
            assert_eq!(constraints(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_domain_is_not_read() {
        for text in [
            ",",
            "*",
            ".",
            "*.",
            "*tr",
            "a.*.tr",
            "..tr",
            "tr.",
            "a b.tr",
            "*.gov.tr and *.edu.tr",
            "é.tr",
            "192.0.2.0",
            "192.0.2.0/24",
            "dns:tr",
            "user@example.com",
            "*.*.tr",
            "CN=a",
        ] {
            assert_eq!(constraints(text), None, "{text}");
        }
        assert_eq!(constraints(&format!("{}.tr", "a".repeat(64))), None);
        assert_eq!(constraints(&["a"; 128].join(".")), None);
    }

    #[test]
    fn two_domains_have_in_common_the_lower_one_or_nothing() {
        let domain = |constraint: &str| Domain::from_constraint(constraint.as_bytes()).unwrap();
        for (one, other, both) in [
            ("tr", "tr", Some("tr")),
            ("tr", ".tr", Some(".tr")),
            ("gov.tr", ".tr", Some("gov.tr")),
            (".gov.tr", "tr", Some(".gov.tr")),
            ("", ".tr", Some(".tr")),
            ("", "", Some("")),
            ("gov.tr", "edu.tr", None),
            ("tr", "xtr", None),
            (".gov.tr", "vgov.tr", None),
        ] {
            let (one, other) = (domain(one), domain(other));
            let both = both.map(domain);
            assert_eq!(one.and(&other), both.as_ref());
            assert_eq!(other.and(&one), both.as_ref());
        }
    }
}
