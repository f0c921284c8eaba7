//! The reports of the CCADB (Common CA Database) on the roots in a root program, as CSV with PEM. They are recognised by their
//! columns, which may be in any order:
//!
//! - `IncludedCACertificateReportPEMCSV`: "PEM Info" and "Trust Bits", and the conditions of Mozilla;
//! - `IncludedRootsDistrustTLSSSLPEMCSV`: "PEM" and the conditions, and nothing else;
//! - `IncludedRootsPEMCSV` and Microsoft's `IncludedRootsPEMCSVForMSFT`: "PEM" alone;
//! - Microsoft's `IncludedCACertificateReportForMSFTCSVPEM`: "PEM Info", "Microsoft EKUs" and "Microsoft Status".
//!
//! From a report with a status, only the roots `Included` are read. Every other report is refused, and named if its columns
//! identify it: those on intermediates have PEM too.

use csv::{ByteRecord, ReaderBuilder, Trim};
use jit_trust_core::Certificate;

use super::collector::Collector;
use super::lines::{lines, without_byte_order_mark};
use super::pem;
use crate::constraints::{Domain, impose};
use crate::time::end_of_day;
use crate::{Conditions, Fingerprint, InputError, NoteKind, Place, Problem};

/// The names of the columns.
mod column {
    /// The column with PEM in reports that have other columns than the conditions.
    pub(super) const PEM_INFO: &str = "PEM Info";
    /// The column with PEM in the others, and in those on intermediates.
    pub(super) const PEM: &str = "PEM";
    pub(super) const TRUST_BITS: &str = "Trust Bits";
    pub(super) const DISTRUST_AFTER: &str = "Distrust for TLS After Date";
    pub(super) const CONSTRAINTS: &str = "Mozilla Applied Constraints";
    pub(super) const MOZILLA_STATUS: &str = "Mozilla Status";
    pub(super) const MICROSOFT_STATUS: &str = "Microsoft Status";
    pub(super) const MICROSOFT_EKUS: &str = "Microsoft EKUs";
    pub(super) const FINGERPRINT: &str = "SHA-256 Fingerprint";
    /// Of reports that are refused.
    pub(super) const DISTRUST_SMIME_AFTER: &str = "Distrust for S/MIME After Date";
    pub(super) const CERTIFICATE: &str = "X.509 Certificate (PEM)";
    pub(super) const RECORD_TYPE: &str = "Certificate Record Type";
    pub(super) const PARENT: &str = "Parent Name";
    pub(super) const REVOCATION_STATUS: &str = "Revocation Status";
    pub(super) const CHROME_STATUS: &str = "Google Chrome Status";

    /// The columns that only a report begins with.
    pub(super) const TELLING: [&str; 12] = [
        PEM_INFO,
        TRUST_BITS,
        DISTRUST_AFTER,
        CONSTRAINTS,
        MOZILLA_STATUS,
        MICROSOFT_STATUS,
        FINGERPRINT,
        DISTRUST_SMIME_AFTER,
        CERTIFICATE,
        RECORD_TYPE,
        REVOCATION_STATUS,
        CHROME_STATUS,
    ];
}

/// The trust bit of roots for servers; a row has several, separated by semicolons.
const WEBSITES: &[u8] = b"Websites";

/// The same in Microsoft's program.
const SERVER_AUTHENTICATION: &[u8] = b"Server Authentication";

/// The status of a root in the program. Reports on roots that were removed, or are not in it yet, have the same columns;
/// Microsoft has one for roots that are trusted up to a date, which its report does not give.
const INCLUDED: &[u8] = b"Included";

/// A report that does not list roots of a program: a column that identifies it, and its name.
const UNFIT: [(&str, &str); 8] = [
    (
        column::PARENT,
        "PublicAllIntermediateCertsWithPEMCSV, which has no roots",
    ),
    (
        column::RECORD_TYPE,
        "AllCertificateRecordsCSVFormat, which has no certificates",
    ),
    (
        column::REVOCATION_STATUS,
        "report on certificates that were revoked",
    ),
    (
        column::CERTIFICATE,
        "AllCertificatePEMsCSVFormat, which has intermediates too",
    ),
    (
        column::CHROME_STATUS,
        "AllIncludedRootCertsCSV, which has no certificates",
    ),
    (
        column::TRUST_BITS,
        "IncludedCACertificateReportCSVFormat, which has no certificates",
    ),
    (
        column::DISTRUST_SMIME_AFTER,
        "IncludedRootsDistrustSMIMEPEMCSV, whose roots are for e-mail",
    ),
    (
        column::MICROSOFT_STATUS,
        "IncludedCACertificateReportForMSFTCSV, which has no certificates",
    ),
];

/// Whether the first line names columns of CCADB's; which of them are missing is for [`read`] to say.
pub(super) fn is_one(bytes: &[u8]) -> bool {
    let mut lines = lines(bytes)
        .map(|(_, line)| line)
        .skip_while(|line| line.is_empty());
    let header = lines.next().unwrap_or_default();
    // A line `PEM` may begin any text; then the first row tells.
    let begins_a_row = |line: &[u8]| line.starts_with(b"\"'-----BEGIN") || line.starts_with(b"\"-----BEGIN");
    if header == column::PEM.as_bytes() {
        return lines.next().is_some_and(begins_a_row);
    }
    unquoted(header).is_some_and(|only| only == column::PEM.as_bytes())
        || header.split(|byte| *byte == b',').any(|field| {
            let bare = unquoted(field).unwrap_or(field.trim_ascii());
            column::TELLING.iter().any(|name| bare == name.as_bytes())
        })
}

/// A field without its quotes; `None` if it has none.
fn unquoted(field: &[u8]) -> Option<&[u8]> {
    field.trim_ascii().strip_prefix(b"\"")?.strip_suffix(b"\"")
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
    collector.report(place, columns.carry_conditions());
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
        let (count, program) = (not_included, columns.program());
        collector.note(place.clone(), NoteKind::NotIncluded { count, program });
    }
    collector.note_not_for_servers(place, not_for_servers);
    Ok(())
}

/// The positions of the columns.
#[derive(Clone, Copy)]
struct Columns {
    pem: usize,
    purposes: Purposes,
    distrust_after: Option<usize>,
    constraints: Option<usize>,
    fingerprint: Option<usize>,
    status: Option<usize>,
}

/// The form in which a report states the purposes of a root.
#[derive(Clone, Copy)]
enum Purposes {
    /// Mozilla's trust bits.
    TrustBits(usize),
    /// Those for which Microsoft trusts it.
    MicrosoftEkus(usize),
    /// Not stated: the address of the report determines which roots are in it.
    Unsaid,
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
        let missing = |column| Problem::MissingColumn {
            column,
            looks_like: unfit(header, column),
        };
        let pem = match (find(column::PEM_INFO)?, find(column::PEM)?) {
            (Some(_), Some(_)) => return Err(Problem::SecondColumn { column: column::PEM }),
            (one, other) => one.or(other).ok_or_else(|| missing(column::PEM_INFO))?,
        };
        let purposes = match (find(column::TRUST_BITS)?, find(column::MICROSOFT_EKUS)?) {
            (Some(at), _) => Purposes::TrustBits(at),
            (None, Some(at)) => Purposes::MicrosoftEkus(at),
            (None, None) if has_only_conditions(header) => Purposes::Unsaid,
            (None, None) => return Err(missing(column::TRUST_BITS)),
        };
        let status = match purposes {
            Purposes::MicrosoftEkus(_) => {
                let status = find(column::MICROSOFT_STATUS)?;
                Some(status.ok_or_else(|| missing(column::MICROSOFT_STATUS))?)
            }
            _ => find(column::MOZILLA_STATUS)?,
        };
        Ok(Self {
            pem,
            purposes,
            distrust_after: find(column::DISTRUST_AFTER)?,
            constraints: find(column::CONSTRAINTS)?,
            fingerprint: find(column::FINGERPRINT)?,
            status,
        })
    }

    /// Whether the report has columns with conditions.
    fn carry_conditions(&self) -> bool {
        self.distrust_after.is_some() || self.constraints.is_some()
    }

    /// The columns without which it is not known what a root is for, or under which conditions. Microsoft has conditions
    /// of its own, which are in none of its reports.
    fn missing(&self) -> impl Iterator<Item = &'static str> {
        let is_mozillas = !matches!(self.purposes, Purposes::MicrosoftEkus(_));
        let columns = [
            (!matches!(self.purposes, Purposes::Unsaid), column::TRUST_BITS),
            (
                self.distrust_after.is_some() || !is_mozillas,
                column::DISTRUST_AFTER,
            ),
            (self.constraints.is_some() || !is_mozillas, column::CONSTRAINTS),
        ];
        columns
            .into_iter()
            .filter(|(is_there, _)| !is_there)
            .map(|(_, name)| name)
    }

    fn program(&self) -> &'static str {
        match self.purposes {
            Purposes::MicrosoftEkus(_) => "Microsoft",
            _ => "Mozilla",
        }
    }
}

/// Whether there are no columns but PEM and Mozilla's conditions for TLS: the report has nothing but the roots that it
/// was asked for. Reports on intermediates have others.
fn has_only_conditions(header: &ByteRecord) -> bool {
    let expected = [column::PEM, column::DISTRUST_AFTER, column::CONSTRAINTS];
    header
        .iter()
        .all(|name| expected.iter().any(|expected| name == expected.as_bytes()))
}

/// What this report looks like, which lacks this column, if it is one that roots cannot be taken from.
fn unfit(header: &ByteRecord, missing: &str) -> Option<&'static str> {
    let has = |column: &str| header.iter().any(|name| name == column.as_bytes());
    let mut unfit = UNFIT
        .iter()
        .filter(|(column, _)| has(column) && *column != missing);
    unfit.next().map(|(_, what)| *what)
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
        let (column, wanted) = match self.columns.purposes {
            Purposes::TrustBits(column) => (column, WEBSITES),
            Purposes::MicrosoftEkus(column) => (column, SERVER_AUTHENTICATION),
            Purposes::Unsaid => return true,
        };
        let purposes = self.field(Some(column));
        purposes
            .split(|byte| *byte == b';')
            .any(|purpose| purpose.trim_ascii() == wanted)
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
