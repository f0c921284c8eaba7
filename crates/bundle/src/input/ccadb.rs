//! CCADB's report on the roots in Mozilla's program, as CSV with PEM: `IncludedCACertificateReportPEMCSV`, and every
//! other report that has these columns, each once and in any order. Of one with a `Mozilla Status`, only the roots `Included`.

use csv::{ByteRecord, ReaderBuilder, Trim};

use super::constraints::imposed;
use super::lines::without_byte_order_mark;
use super::pem;
use crate::list::Collector;
use crate::time::end_of_day;
use crate::{Conditions, Fingerprint, InputError, NoteKind, Place, Problem};

/// The names of the columns.
mod column {
    pub(super) const PEM: &str = "PEM Info";
    pub(super) const TRUST_BITS: &str = "Trust Bits";
    pub(super) const DISTRUST_AFTER: &str = "Distrust for TLS After Date";
    pub(super) const CONSTRAINTS: &str = "Mozilla Applied Constraints";
    pub(super) const STATUS: &str = "Mozilla Status";
    pub(super) const FINGERPRINT: &str = "SHA-256 Fingerprint";
}

/// The trust bit of roots for servers; a row has several, separated by semicolons.
const WEBSITES: &[u8] = b"Websites";

/// The status of a root in Mozilla's program. Reports on roots that were removed, or are not in it yet, have the same
/// columns.
const INCLUDED: &[u8] = b"Included";

/// Whether the first line names columns of CCADB's; which of them are missing is for [`read`] to say.
pub(super) fn is_one(bytes: &[u8]) -> bool {
    let header = without_byte_order_mark(bytes);
    let header = header
        .split(|byte| *byte == b'\n' || *byte == b'\r')
        .next()
        .unwrap_or_default();
    let mut fields = header.split(|byte| *byte == b',').map(|field| {
        let field = field.trim_ascii();
        let unquoted = field
            .strip_prefix(b"\"")
            .and_then(|field| field.strip_suffix(b"\""));
        unquoted.unwrap_or(field)
    });
    fields.any(|field| {
        [column::PEM, column::TRUST_BITS, column::FINGERPRINT]
            .iter()
            .any(|name| field == name.as_bytes())
    })
}

pub(super) fn read(place: &Place, bytes: &[u8], collector: &mut Collector) -> Result<(), InputError> {
    let unreadable = |error: &csv::Error| {
        let line = error.position().map(csv::Position::line);
        let place = line.map_or_else(|| place.clone(), |line| place.line(line));
        Problem::Csv {
            reason: error.to_string(),
        }
        .at(place)
    };
    let mut reader = ReaderBuilder::new()
        .trim(Trim::All)
        .from_reader(without_byte_order_mark(bytes));
    let header = reader.byte_headers().map_err(|error| unreadable(&error))?;
    let columns = Columns::of(header).map_err(|problem| problem.at(place.line(1)))?;
    for column in columns.missing() {
        collector.note(place.clone(), NoteKind::MissingColumn { column });
    }

    let (mut not_included, mut not_for_servers) = (0, 0);
    for (ordinal, record) in (1..).zip(reader.byte_records()) {
        let record = record.map_err(|error| unreadable(&error))?;
        let place = place.certificate(ordinal);
        let place = record
            .position()
            .map_or_else(|| place.clone(), |at| place.line(at.line()));
        let row = Row {
            record: &record,
            columns,
        };
        if !row.is_included() {
            not_included += 1;
            continue;
        }
        // Of every row, because a date that cannot be read refuses the report.
        let distrust_after = row
            .distrust_after()
            .map_err(|problem| problem.at(place.clone()))?;
        if !row.is_for_servers() {
            not_for_servers += 1;
            continue;
        }
        match row.certificate() {
            Ok(der) => {
                let name_constraints = row.name_constraints(&der);
                let conditions = Conditions {
                    distrust_after,
                    name_constraints: name_constraints.map_err(|problem| problem.at(place.clone()))?,
                };
                collector.offer(place, der, conditions)?;
            }
            Err(problem) => collector.reject(problem.at(place))?,
        }
    }
    if not_included > 0 {
        let count = not_included;
        collector.note(place.clone(), NoteKind::NotIncluded { count });
    }
    if not_for_servers > 0 {
        let count = not_for_servers;
        collector.note(place.clone(), NoteKind::NotForServers { count });
    }
    Ok(())
}

/// Where the columns are.
#[derive(Clone, Copy)]
struct Columns {
    pem: usize,
    trust_bits: usize,
    distrust_after: Option<usize>,
    constraints: Option<usize>,
    fingerprint: Option<usize>,
    status: Option<usize>,
}

impl Columns {
    fn of(header: &ByteRecord) -> Result<Self, Problem> {
        let find = |column: &'static str| {
            let mut found = (0..).zip(header).filter(|(_, name)| *name == column.as_bytes());
            let first = found.next().map(|(at, _)| at);
            match found.next() {
                Some(_) => Err(Problem::SecondColumn { column }),
                None => Ok(first),
            }
        };
        let require = |column| find(column)?.ok_or(Problem::MissingColumn { column });
        Ok(Self {
            pem: require(column::PEM)?,
            trust_bits: require(column::TRUST_BITS)?,
            distrust_after: find(column::DISTRUST_AFTER)?,
            constraints: find(column::CONSTRAINTS)?,
            fingerprint: find(column::FINGERPRINT)?,
            status: find(column::STATUS)?,
        })
    }

    /// The columns without which the conditions are not known.
    fn missing(&self) -> impl Iterator<Item = &'static str> {
        let conditions = [
            (self.distrust_after, column::DISTRUST_AFTER),
            (self.constraints, column::CONSTRAINTS),
        ];
        conditions
            .into_iter()
            .filter(|(found, _)| found.is_none())
            .map(|(_, name)| name)
    }
}

struct Row<'a> {
    record: &'a ByteRecord,
    columns: Columns,
}

impl<'a> Row<'a> {
    fn field(&self, column: Option<usize>) -> &'a [u8] {
        column
            .and_then(|column| self.record.get(column))
            .unwrap_or_default()
    }

    fn text(&self, column: Option<usize>) -> String {
        String::from_utf8_lossy(self.field(column)).into_owned()
    }

    /// Whether the root is in Mozilla's program; a report without that column is of such roots only.
    fn is_included(&self) -> bool {
        self.columns.status.is_none() || self.field(self.columns.status) == INCLUDED
    }

    fn is_for_servers(&self) -> bool {
        let bits = self.field(Some(self.columns.trust_bits));
        bits.split(|byte| *byte == b';')
            .any(|bit| bit.trim_ascii() == WEBSITES)
    }

    /// A row gives the day, whose last second is meant: NSS's `certdata.txt` has 23:59:59 for it.
    fn distrust_after(&self) -> Result<Option<u64>, Problem> {
        let text = self.text(self.columns.distrust_after);
        match end_of_day(&text) {
            Some(end) => Ok(Some(end)),
            None if text.is_empty() => Ok(None),
            None => Err(Problem::Date {
                text,
                expected: "YYYY.MM.DD",
            }),
        }
    }

    /// The constraints that Mozilla imposes on this certificate. Domains that cannot be read refuse the report:
    /// without them the root would be trusted for more.
    fn name_constraints(&self, der: &[u8]) -> Result<Option<Vec<u8>>, Problem> {
        imposed(&self.text(self.columns.constraints), der)
    }

    /// The certificate, which the report puts between single quotes, and which must have the fingerprint that the
    /// report gives, if it gives one.
    fn certificate(&self) -> Result<Vec<u8>, Problem> {
        let quoted = self.field(Some(self.columns.pem));
        let unquoted = quoted.strip_prefix(b"'").unwrap_or(quoted);
        let unquoted = unquoted.strip_suffix(b"'").unwrap_or(unquoted);
        let der = pem::read_one(unquoted)?;
        let given = self.text(self.columns.fingerprint);
        let digits: String = given.chars().filter(|character| *character != ':').collect();
        let own = Fingerprint::of(&der);
        if given.is_empty() || digits.eq_ignore_ascii_case(&own.to_string()) {
            return Ok(der);
        }
        Err(Problem::WrongFingerprint { given, own })
    }
}
