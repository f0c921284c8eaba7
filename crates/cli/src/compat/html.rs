//! The report as one page that needs nothing else: sortable by its columns, a list of cards on a phone.

use std::fmt::{self, Display};

use super::Report;
use super::attempt::Verdict;
use super::facts::{self, millis, number};
use super::list::Site;
use super::reference::Mark;
use super::survey::Asked;
use crate::label;

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
        report
            .against
            .map_or_else(String::new, |roots| format!(", and {roots} asked too")),
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
        super::Version::Http1 => row.h1,
        super::Version::Http2 => row.h2,
    });
    let times = facts::STAGES.map(|(_, stage)| millis(facts::time(attempt, stage)));
    let [resolve, connect, tls, first_byte, total] = times.map(|time| Cell::number(&time));
    let cells = [
        Cell::text(&site.name),
        Cell::text(asked.version.short()),
        Cell {
            class,
            ..Cell::text(facts::words(attempt.verdict))
        },
        diagnosis(asked),
        Cell::number(&number(attempt.status)),
        Cell::text(&facts::redirects(attempt)),
        root(facts::root(attempt).unwrap_or_default()),
        Cell::number(&number(facts::certificates(attempt))),
        Cell::number(&attempt.connections().to_string()),
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

/// What it is called, and all of its name for who points there.
fn root(subject: &str) -> Cell {
    let html = match subject {
        "" => String::new(),
        _ => format!(
            "<span title=\"{}\">{}</span>",
            Text(subject),
            Text(&label::title(subject))
        ),
    };
    Cell { class: "", html }
}

fn diagnosis(asked: &Asked) -> Cell {
    let words = Text(&facts::comment(asked)).to_string();
    let detail = asked.attempt.detail.as_deref();
    let html = match detail {
        Some(detail) => format!("<span>{words}<br><small>{}</small></span>", Text(detail)),
        None => words,
    };
    Cell { class: "", html }
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

    fn under(&self, title: &str) -> String {
        let class = match self.class {
            "" => String::new(),
            class => format!(" class=\"{class}\""),
        };
        format!("<td{class} data-label=\"{}\">{}</td>", Text(title), self.html)
    }
}

/// Text in HTML, in an element or in an attribute with double quotes.
struct Text<'a>(&'a str);

impl Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write;

        for character in self.0.chars() {
            match character {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                _ => f.write_char(character)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text() {
        assert_eq!(Text("<script>\"'&").to_string(), "&lt;script&gt;&quot;&#39;&amp;");
    }
}
