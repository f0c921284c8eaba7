//! `jit-trust show`: what a store holds.

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};
use jit_trust::Certificate;
use jit_trust_bundle::{Record, Root};

use crate::args::ShowArgs;
use crate::exit::Failure;
use crate::terminal::{print, print_json};
use crate::{store, time};

pub(crate) fn run(args: &ShowArgs) -> Result<(), Failure> {
    let list = store::read(&args.store)?;
    let certificates = list.roots().iter().map(Root::certificate);
    if args.json {
        let records: Vec<Record> = certificates.map(|certificate| Record::of(&certificate)).collect();
        return print_json(&records);
    }
    print(table(certificates))
}

/// The certificates as a table, a line each.
pub(crate) fn table<'a>(certificates: impl Iterator<Item = Certificate<'a>>) -> String {
    let mut table = Table::new();
    table.load_preset(NOTHING);
    table.set_header(["bytes", "not before", "not after", "SKID", "subject"]);
    for certificate in certificates {
        table.add_row([
            certificate.as_der().len().to_string(),
            day(certificate.not_before()),
            day(certificate.not_after()),
            certificate
                .subject_key_id()
                .map_or_else(|| "-".to_owned(), |key_id| key_id.to_string()),
            certificate.subject().to_string(),
        ]);
    }
    if let Some(bytes) = table.column_mut(0) {
        bytes.set_cell_alignment(CellAlignment::Right);
    }
    table
        .lines()
        .map(|line| format!("{}\n", line.trim_end()))
        .collect()
}

fn day(unix: Option<u64>) -> String {
    unix.and_then(time::day).unwrap_or_else(|| "-".to_owned())
}
