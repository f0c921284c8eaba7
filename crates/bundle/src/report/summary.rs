//! A list at a glance.

use crate::Root;
use crate::time::years_after;

const SECONDS_PER_DAY: i64 = 24 * 60 * 60;

/// How many certificates there are, how long they are together, and when they expire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// How many certificates there are.
    pub certificates: usize,
    /// Their length together, in bytes.
    pub der_len: usize,
    /// The certificates whose last day is known, the first to expire first.
    pub expiries: Vec<Expiry>,
    /// The subjects of the certificates whose notAfter cannot be read.
    pub unreadable_dates: Vec<String>,
    now: u64,
}

/// When a certificate expires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expiry {
    /// Its subject, safe for a terminal.
    pub subject: String,
    /// The last second of its validity period, in Unix time.
    pub not_after: u64,
    /// The whole days that are left; negative when it has expired.
    pub days_left: i64,
}

impl Summary {
    /// Looks at these roots at this Unix time.
    pub fn of(roots: &[Root], now: u64) -> Self {
        let mut summary = Self {
            certificates: roots.len(),
            der_len: roots.iter().map(|root| root.der().len()).sum(),
            expiries: Vec::new(),
            unreadable_dates: Vec::new(),
            now,
        };
        for root in roots {
            let certificate = root.certificate();
            let subject = certificate.subject().to_string();
            match certificate.not_after() {
                Some(not_after) => summary.expiries.push(Expiry {
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

    /// The certificates that expire within so many calendar years, those that have expired included.
    pub fn expiring_within(&self, years: u16) -> &[Expiry] {
        let end = years_after(self.now, years.into()).unwrap_or(u64::MAX);
        let count = self.expiries.partition_point(|expiry| expiry.not_after <= end);
        self.expiries.get(..count).unwrap_or_default()
    }
}

fn days(from: u64, to: u64) -> i64 {
    let seconds = i128::from(to) - i128::from(from);
    i64::try_from(seconds.div_euclid(SECONDS_PER_DAY.into())).unwrap_or(i64::MAX)
}
