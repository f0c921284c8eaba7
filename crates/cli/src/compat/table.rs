//! The report for terminals.

use std::time::Duration;

use comfy_table::presets::NOTHING;
use comfy_table::{Cell, CellAlignment, ContentArrangement, Table};

use super::Report;
use super::attempt::Verdict;
use super::facts::{self, millis, number};
use super::survey::Asked;
use crate::terminal::{GREEN, RED, RESET, YELLOW};

const TITLES: [&str; 11] = [
    "site",
    "HTTP",
    "TLS",
    "root",
    "certs",
    "conns",
    "status",
    "redirects",
    "TLS ms",
    "all ms",
    "diagnosis",
];
/// Those that a terminal shows which is narrower than `WIDE`.
const IN_A_NARROW_ONE: [usize; 7] = [0, 1, 2, 5, 6, 9, 10];
const WIDE: u16 = 130;
/// Those that are numbers.
const TO_THE_RIGHT: [usize; 5] = [4, 5, 6, 8, 9];

/// As wide as it has to be, or made to fit so many columns, by leaving some out and folding the others, and coloured.
pub(super) fn text(report: &Report<'_>, width: Option<u16>) -> String {
    let mut table = Table::new();
    let is_narrow = width.is_some_and(|width| width < WIDE);
    let shown = |cells: [String; TITLES.len()]| {
        let cells = cells.into_iter().enumerate();
        cells
            .filter(|(column, _)| !is_narrow || IN_A_NARROW_ONE.contains(column))
            .map(|(column, text)| {
                let cell = Cell::new(text);
                match TO_THE_RIGHT.contains(&column) {
                    true => cell.set_alignment(CellAlignment::Right),
                    false => cell,
                }
            })
            .collect::<Vec<_>>()
    };
    table
        .load_preset(NOTHING)
        .set_header(shown(TITLES.map(str::to_owned)));
    if let Some(width) = width {
        table.set_content_arrangement(ContentArrangement::Dynamic);
        table.set_width(width);
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    for (site, asked) in report.sites.iter().zip(&report.survey.asked) {
        for asked in asked {
            table.add_row(shown(row(&site.name, asked)));
        }
    }
    let lines = table.trim_fmt();
    let lines = match width {
        Some(_) => coloured(&lines),
        None => lines,
    };
    format!("{lines}\n\n{}\n", report.summary.words())
}

fn row(site: &str, asked: &Asked) -> [String; TITLES.len()] {
    let attempt = &asked.attempt;
    let time = |stage: &str| -> Option<Duration> {
        let (_, stage) = facts::STAGES.iter().find(|(name, _)| *name == stage)?;
        facts::time(attempt, *stage)
    };
    [
        site.to_owned(),
        asked.version.short().to_owned(),
        facts::verdict(attempt).to_owned(),
        facts::root(attempt)
            .map(facts::common_name)
            .unwrap_or_default()
            .to_owned(),
        number(facts::certificates(attempt)),
        attempt.connections().to_string(),
        number(attempt.status),
        facts::redirects(attempt).join(" → "),
        millis(time("TLS")),
        millis(time("total")),
        facts::comment(asked),
    ]
}

/// comfy-table would count the colours as text: they are put in when everything stands where it will.
fn coloured(lines: &str) -> String {
    let verdicts = [
        (Verdict::Trusted, " trusted ", GREEN),
        (Verdict::Refused, " NOT TRUSTED ", RED),
        (Verdict::Unknown, " never seen ", YELLOW),
    ];
    let coloured: Vec<String> = lines
        .lines()
        .map(|line| {
            let found = verdicts.iter().find(|(_, words, _)| line.contains(words));
            found.map_or_else(
                || line.to_owned(),
                |(_, words, colour)| line.replacen(words, &format!(" {colour}{}{RESET} ", words.trim()), 1),
            )
        })
        .collect();
    coloured.join("\n")
}

/// How wide the terminal is that stdout is; none if it is no terminal.
pub(super) fn terminal_width() -> Option<u16> {
    const USUAL: u16 = 80;
    if !crate::terminal::stdout_is_terminal() {
        return None;
    }
    #[cfg(unix)]
    {
        let size = rustix::termios::tcgetwinsize(std::io::stdout()).ok();
        let columns = size.map(|size| size.ws_col).filter(|columns| *columns > 0);
        Some(columns.unwrap_or(USUAL))
    }
    #[cfg(not(unix))]
    Some(USUAL)
}
