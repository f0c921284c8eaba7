//! The report for terminals.

use comfy_table::presets::NOTHING;
use comfy_table::{Cell, CellAlignment, ContentArrangement, Table};

use super::attempt::Verdict;
use super::facts::{self, Cells, Report};
use super::survey::Asked;
use crate::terminal::{GREEN, RED, RESET, YELLOW};
use crate::words::joined;

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
    let mut text = format!("{lines}\n\n{}\n", report.summary.words());
    if report.summary.refused > 0 {
        text.push_str("`jit-trust explain HOST` says more about one that is not trusted.\n");
    }
    text
}

fn row(site: &str, asked: &Asked) -> [String; TITLES.len()] {
    let cells = Cells::of(asked);
    let [_, _, tls, _, all] = cells.times;
    [
        site.to_owned(),
        asked.version.short().to_owned(),
        cells.verdict.to_owned(),
        cells.root,
        cells.certificates,
        cells.connections,
        cells.status,
        cells.redirects,
        tls,
        all,
        cells.comment,
    ]
}

/// comfy-table would count the colours as text: they are put in when everything stands where it will. Before the verdict
/// stands what is ASCII alone.
fn coloured(lines: &str) -> String {
    let Some(at) = lines.find(TITLES[2]) else {
        return lines.to_owned();
    };
    let verdicts = [Verdict::Trusted, Verdict::Refused, Verdict::Unknown];
    let colour = |line: &str| {
        let (before, rest) = line.split_at_checked(at)?;
        let verdict = verdicts
            .iter()
            .find(|verdict| rest.starts_with(facts::words(**verdict)))?;
        let words = facts::words(*verdict);
        let colour = match verdict {
            Verdict::Trusted => GREEN,
            Verdict::Refused => RED,
            Verdict::Unknown => YELLOW,
        };
        let after = rest.strip_prefix(words)?;
        Some(format!("{before}{colour}{words}{RESET}{after}"))
    };
    let coloured = lines
        .lines()
        .map(|line| colour(line).unwrap_or_else(|| line.to_owned()));
    joined(coloured, "\n")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_verdict_is_coloured_and_nothing_else() {
        let lines = "site    HTTP  TLS          diagnosis\n\
                     a.test  h1    trusted\n\
                     b.test  h1    NOT TRUSTED  expired; trusted by native\n\
                                   \u{20}                   and more";
        let coloured = coloured(lines);
        assert_eq!(
            coloured,
            format!(
                "site    HTTP  TLS          diagnosis\n\
                 a.test  h1    {GREEN}trusted{RESET}\n\
                 b.test  h1    {RED}NOT TRUSTED{RESET}  expired; trusted by native\n\
                               \u{20}                   and more"
            )
        );
    }
}
