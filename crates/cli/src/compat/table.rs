//! The report for terminals.

use comfy_table::CellAlignment::{self, Left, Right};
use comfy_table::presets::NOTHING;
use comfy_table::{Cell, ContentArrangement, Table};

use super::attempt::Verdict;
use super::facts::{self, Cells, Report};
use crate::shown::joined;
use crate::terminal::{GREEN, RED, RESET, YELLOW};

/// One column: its title, how wide a terminal has to be to show it, how it is aligned, and what is in it.
struct Column(
    &'static str,
    u16,
    CellAlignment,
    for<'r> fn(&'r Row<'r>) -> &'r str,
);

/// A site over one version.
struct Row<'a> {
    site: &'a str,
    version: &'static str,
    cells: Cells,
}

const COLUMNS: [Column; 11] = [
    Column("site", 0, Left, |row| row.site),
    Column("HTTP", 0, Left, |row| row.version),
    Column(VERDICT, 0, Left, |row| row.cells.verdict),
    Column("root", WIDE, Left, |row| &row.cells.root),
    Column("certs", WIDE, Right, |row| &row.cells.certificates),
    Column("conns", 0, Right, |row| &row.cells.connections),
    Column("status", 0, Right, |row| &row.cells.status),
    Column("redirects", WIDE, Left, |row| &row.cells.redirects),
    Column("TLS ms", WIDE, Right, |row| &row.cells.times[2]),
    Column("all ms", 0, Right, |row| &row.cells.times[4]),
    Column("diagnosis", 0, Left, |row| &row.cells.comment),
];
const VERDICT: &str = "TLS";
const WIDE: u16 = 130;

/// As wide as it has to be, or made to fit so many columns, by leaving some out and folding the others, and coloured.
pub(super) fn text(report: &Report<'_>, width: Option<u16>) -> String {
    let mut table = Table::new();
    let columns = COLUMNS
        .iter()
        .filter(|Column(_, from, ..)| width.is_none_or(|width| width >= *from));
    let cell = |text: &str, alignment| Cell::new(text).set_alignment(alignment);
    let titles = columns
        .clone()
        .map(|Column(title, _, alignment, _)| cell(title, *alignment));
    table.load_preset(NOTHING).set_header(titles);
    if let Some(width) = width {
        table.set_content_arrangement(ContentArrangement::Dynamic);
        table.set_width(width);
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    for (site, asked) in report.sites.iter().zip(&report.survey.asked) {
        for asked in asked {
            let row = Row {
                site: &site.name,
                version: asked.version.short(),
                cells: Cells::of(asked),
            };
            let cells = columns
                .clone()
                .map(|Column(_, _, alignment, text)| cell(text(&row), *alignment));
            table.add_row(cells);
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

/// comfy-table would count the colours as text: they are put in when everything stands where it will. Before the verdict
/// stands what is ASCII alone.
fn coloured(lines: &str) -> String {
    let Some(at) = lines.find(VERDICT) else {
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
