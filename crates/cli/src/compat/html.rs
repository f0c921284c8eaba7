//! The report as one page that needs nothing else: sortable by its columns, a list of cards on a phone.

use super::attempt::{Verdict, Version};
use super::facts::{self, Cells, Report};
use super::list::Site;
use super::reference::Mark;
use super::survey::Asked;
use crate::markup::{Class, Text};
use crate::shown::part;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

const TITLES: [&str; 16] = [
    "site",
    "HTTP",
    "TLS",
    "diagnosis",
    "status",
    "redirects",
    "root",
    "certificates",
    "connections",
    "resolve ms",
    "connect ms",
    "TLS ms",
    "first byte ms",
    "total ms",
    "reference",
    "what it found",
];
/// Those that are there only if one of the sites is in the reference.
const OF_THE_REFERENCE: [&str; 2] = ["reference", "what it found"];

pub(super) fn text(report: &Report<'_>) -> String {
    let has_reference = report.sites.iter().any(|site| site.reference.is_some());
    let is_shown = |title: &str| has_reference || !OF_THE_REFERENCE.contains(&title);
    let heads = TITLES.iter().filter(|title| is_shown(title)).map(|title| {
        format!(
            "<th scope=\"col\"><button type=\"button\">{}</button></th>",
            Text(title)
        )
    });
    let rows: String = report
        .sites
        .iter()
        .zip(&report.survey.asked)
        .flat_map(|(site, asked)| asked.iter().map(move |asked| row(site, asked, is_shown)))
        .collect();
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; \
         script-src 'unsafe-inline'\">\n\
         <title>jit-trust compat</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <h1>jit-trust compat</h1>\n<p>{}: trusted by {}{}. {}.</p>\n\
         <div>\n<table>\n<thead>\n<tr>{}</tr>\n</thead>\n<tbody>\n{rows}</tbody>\n</table>\n</div>\n\
         <script>\n{SCRIPT}</script>\n</body>\n</html>\n",
        report.at,
        Text(report.store),
        part(report.against, |roots| format!(", and {roots} asked too")),
        Text(&report.summary.words()),
        heads.collect::<String>(),
    )
}

fn row(site: &Site, asked: &Asked, is_shown: impl Fn(&str) -> bool) -> String {
    let attempt = &asked.attempt;
    let class = match attempt.verdict {
        Verdict::Trusted => "trusted",
        Verdict::Refused => "refused",
        Verdict::Unknown => "unknown",
    };
    let reference = site.reference.map(|row| match asked.version {
        Version::Http1 => row.h1,
        Version::Http2 => row.h2,
    });
    let facts = Cells::of(asked);
    let [resolve, connect, tls, first_byte, total] = facts.times.each_ref().map(|time| Cell::number(time));
    let cells = [
        Cell::text(&site.name),
        Cell::text(asked.version.short()),
        Cell {
            class,
            ..Cell::text(facts.verdict)
        },
        Cell::diagnosis(&facts.comment, attempt.detail.as_deref()),
        Cell::number(&facts.status),
        Cell::text(&facts.redirects),
        Cell::root(facts::root(attempt).unwrap_or_default(), &facts.root),
        Cell::number(&facts.certificates),
        Cell::number(&facts.connections),
        resolve,
        connect,
        tls,
        first_byte,
        total,
        Cell::text(reference.map_or("", Mark::sign)),
        Cell::text(site.reference.map_or("", |row| row.comment)),
    ];
    let cells: Vec<String> = TITLES
        .iter()
        .zip(cells)
        .filter(|(title, _)| is_shown(title))
        .map(|(title, cell)| cell.under(title))
        .collect();
    format!("<tr>{}</tr>\n", cells.concat())
}

struct Cell {
    class: &'static str,
    html: String,
}

impl Cell {
    fn text(text: &str) -> Self {
        Self {
            class: "",
            html: Text(text).to_string(),
        }
    }

    fn number(text: &str) -> Self {
        Self {
            class: "n",
            ..Self::text(text)
        }
    }

    /// What a root is called, and all of its name for those who point there.
    fn root(subject: &str, title: &str) -> Self {
        let html = match subject {
            "" => String::new(),
            _ => format!("<span title=\"{}\">{}</span>", Text(subject), Text(title)),
        };
        Self { class: "", html }
    }

    fn diagnosis(comment: &str, detail: Option<&str>) -> Self {
        let comment = Text(comment);
        let html = match detail.map(Text) {
            Some(detail) => format!("<span>{comment}<br><small>{detail}</small></span>"),
            None => comment.to_string(),
        };
        Self { class: "", html }
    }

    fn under(&self, title: &str) -> String {
        let (class, title) = (Class(self.class), Text(title));
        format!("<td{class} data-label=\"{title}\">{}</td>", self.html)
    }
}
