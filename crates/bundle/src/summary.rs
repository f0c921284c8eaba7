//! A summary of a list.

use crate::Root;
use crate::time::years_after;

const SECONDS_PER_DAY: i64 = 24 * 60 * 60;

/// The number of roots, the total length of their certificates, and the dates on which they expire.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Summary {
    /// The number of roots.
    pub roots: usize,
    /// The number of roots whose certificate is known.
    pub certificates: usize,
    /// The length of those certificates together, in bytes.
    pub der_len: usize,
    /// The roots whose last day is known, the first to expire first.
    pub expiries: Vec<Expiry>,
    /// The roots whose notAfter cannot be read, as [`Root::label`] has them.
    pub unreadable_dates: Vec<String>,
    now: u64,
}

/// When a root expires.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Expiry {
    /// Its subject, safe for a terminal; where that is not known, what [`Root::label`] has in its place.
    pub subject: String,
    /// Its common name, otherwise its organisation, otherwise its subject, safe for a terminal. Where the common name is missing,
    /// or is that of the organisation, the organisational unit is added.
    pub name: String,
    /// The last second of its validity period, in Unix time.
    pub not_after: u64,
    /// The whole days that are left; negative when it has expired.
    pub days_left: i64,
}

impl Summary {
    /// Looks at these roots at this Unix time.
    pub fn of(roots: &[Root], now: u64) -> Self {
        let certificates = || roots.iter().filter_map(Root::der);
        let mut summary = Self {
            roots: roots.len(),
            certificates: certificates().count(),
            der_len: certificates().map(|der| der.len()).sum(),
            expiries: Vec::new(),
            unreadable_dates: Vec::new(),
            now,
        };
        for root in roots {
            let subject = root.label();
            match root.entry().not_after() {
                Some(not_after) => summary.expiries.push(Expiry {
                    name: name_of(&subject),
                    subject,
                    not_after,
                    days_left: days(now, not_after),
                }),
                None => summary.unreadable_dates.push(subject),
            }
        }
        summary.expiries.sort_by_key(|expiry| expiry.not_after);
        summary
    }

    /// The roots that expire within so many calendar years, those that have expired included.
    pub fn expiring_within(&self, years: u16) -> &[Expiry] {
        let end = years_after(self.now, years.into()).unwrap_or(u64::MAX);
        let count = self.expiries.partition_point(|expiry| expiry.not_after <= end);
        self.expiries.get(..count).unwrap_or_default()
    }
}

/// The common name or the organisation in a displayed name, whose separators are escaped within values.
fn name_of(subject: &str) -> String {
    let value_of = |wanted: &str| {
        let mut start = 0;
        let ends = subject
            .match_indices([',', '+'])
            .map(|(end, _)| end)
            .chain([subject.len()]);
        let mut parts = ends.filter_map(|end| {
            let part = subject.get(start..end)?;
            if part.ends_with('\\') {
                return None;
            }
            start = end + 1;
            part.trim_ascii().strip_prefix(wanted)
        });
        parts.find(|value| !value.is_empty())
    };
    let (common_name, organisation) = (value_of("CN="), value_of("O="));
    let unit = value_of("OU=").filter(|_| common_name.is_none() || common_name == organisation);
    let name = match (common_name.or(organisation), unit) {
        (Some(name), Some(unit)) => format!("{name}, {unit}"),
        (name, _) => name.unwrap_or(subject).to_owned(),
    };
    name.replace("\\,", ",").replace("\\+", "+")
}

fn days(from: u64, to: u64) -> i64 {
    let seconds = i128::from(to) - i128::from(from);
    i64::try_from(seconds.div_euclid(SECONDS_PER_DAY.into())).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_call_a_certificate_by_its_common_name_or_its_organisation() {
        for (subject, name) in [
            ("C=US, O=Example, CN=Example Root", "Example Root"),
            (r"C=TW, O=Chunghwa\, Ltd., OU=ePKI, CN=", "Chunghwa, Ltd., ePKI"),
            ("OU=R3, O=GlobalSign, CN=GlobalSign", "GlobalSign, R3"),
            ("OU=unit, O=Example", "Example, unit"),
            ("OU=a + CN=b, O=c", "b"),
            ("OU=only", "OU=only"),
            ("(empty name)", "(empty name)"),
        ] {
            assert_eq!(name_of(subject), name, "{subject}");
        }
    }
}
