//! The report as a table in Markdown: the reference's columns, and ours beside each. It says nothing of times, so that
//! two runs can be compared.

use super::attempt::Version;
use super::facts::{self, Cells, Report};
use super::list::Site;
use super::reference::Mark;
use super::survey::Asked;
use crate::shown::joined;

const TITLES: [&str; 13] = [
    "site",
    "h1, reference",
    "h1, here",
    "h2, reference",
    "h2, here",
    "TLS",
    "root",
    "certificates",
    "connections",
    "status",
    "redirects",
    "what the reference found",
    "diagnosis here",
];
/// Those that are there only if one of the sites is in the reference.
const OF_THE_REFERENCE: [usize; 3] = [1, 3, 11];

pub(super) fn text(report: &Report<'_>) -> String {
    let has_reference = report.sites.iter().any(|site| site.reference.is_some());
    let line = |cells: [String; TITLES.len()]| {
        let cells = cells.into_iter().enumerate();
        let cells = cells.filter(|(column, _)| has_reference || !OF_THE_REFERENCE.contains(column));
        format!("| {} |\n", joined(cells.map(|(_, cell)| cell), " | "))
    };
    let mut text = line(TITLES.map(str::to_owned));
    text.push_str(&line(TITLES.map(|_| "---".to_owned())).replace(' ', ""));
    for (site, asked) in report.sites.iter().zip(&report.survey.asked) {
        if !asked.is_empty() {
            text.push_str(&line(row(site, asked).map(|cell| escaped(&cell))));
        }
    }
    text.push_str(&format!("\n{}.\n", escaped(&report.summary.words())));
    text
}

fn row(site: &Site, asked: &[Asked]) -> [String; TITLES.len()] {
    let over = |version| asked.iter().find(|asked| asked.version == version);
    let sign = |version| over(version).map_or("not asked", |asked| facts::sign(&asked.attempt));
    let reference = site.reference;
    let said: Vec<(&str, Cells)> = asked
        .iter()
        .map(|asked| (asked.version.short(), Cells::of(asked)))
        .collect();
    let both = |cell: fn(&Cells) -> &str| once(&said, cell);
    [
        site.name.clone(),
        reference.map_or("", |row| row.h1.sign()).to_owned(),
        sign(Version::Http1).to_owned(),
        reference.map_or("", |row| Mark::sign(row.h2)).to_owned(),
        sign(Version::Http2).to_owned(),
        both(|cells| cells.verdict),
        both(|cells| &cells.root),
        both(|cells| &cells.certificates),
        both(|cells| &cells.connections),
        both(|cells| &cells.status),
        both(|cells| &cells.redirects),
        reference.map_or("", |row| row.comment).to_owned(),
        both(|cells| &cells.comment),
    ]
}

/// What is the same over both versions once, and what is not with the version before it.
fn once(said: &[(&str, Cells)], cell: fn(&Cells) -> &str) -> String {
    match said {
        [] => String::new(),
        [(_, first), others @ ..] if others.iter().all(|(_, other)| cell(other) == cell(first)) => {
            cell(first).to_owned()
        }
        several => {
            let several = several.iter().filter(|(_, cells)| !cell(cells).is_empty());
            joined(
                several.map(|(version, cells)| format!("{version}: {}", cell(cells))),
                "; ",
            )
        }
    }
}

/// Text that cannot end its cell or be taken for anything but text.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '~' | '!' | '#' => escaped.extend(['\\', character]),
            '\n' | '\r' => escaped.push(' '),
            _ => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_holds_whatever_it_is_given() {
        assert_eq!(
            escaped("a|b<script>[x](y)\n\\"),
            "a\\|b&lt;script&gt;\\[x\\](y) \\\\"
        );
    }
}
