//! The forms of `compat`'s report.

use crate::compat::{World, json};
use crate::support::run;

const LIST: &str = "adobe.com\nbbc.co.uk\nonet.pl\nfoodnetwork.com\nexpired-leaf.x.test # nobody\n";

#[test]
fn markdown_has_the_references_columns_and_ours() {
    let world = World::new();
    let list = world.write("list", "adobe.com\nbbc.co.uk\nonet.pl\nfoodnetwork.com\n");
    let got = run(world.compat("--format markdown").arg(list)).ends_with(1);
    // Which root it is depends on the day.
    let lines = got.stdout.lines().map(|line| {
        let mut cells: Vec<&str> = line.split(" | ").collect();
        if cells.len() > 6 && cells[0] != "| site" {
            cells[6] = "ROOT";
        }
        cells.join(" | ")
    });
    insta::assert_snapshot!(lines.collect::<Vec<_>>().join("\n"));
}

#[test]
fn a_table_in_a_pipe_has_a_line_for_each_site_and_no_colours() {
    let world = World::new();
    let list = world.write("list", "adobe.com\nfoodnetwork.com\n");
    let got = run(world.compat("").arg(list)).ends_with(1);
    let lines: Vec<&str> = got.stdout.lines().collect();
    assert!(lines[0].starts_with("site"), "{}", got.stdout);
    assert!(
        lines[1].contains(" h1 ") && lines[1].contains(" trusted "),
        "{}",
        got.stdout
    );
    assert!(
        lines[3].contains("NOT TRUSTED") && lines[3].ends_with("expired"),
        "{}",
        got.stdout
    );
    assert_eq!(
        lines[6],
        "2 sites, 4 times asked: 2 trusted, 2 not trusted, 0 unknown; 2 answered; expired: 2"
    );
    assert!(!got.stdout.contains('\u{1b}'));
}

#[test]
fn html_is_one_well_formed_page_and_escapes_what_it_shows() {
    let world = World::new();
    let list = world.write("list", LIST);
    let page = world.write("report.html", "");
    let store = world.write("a <b> & \"c\".tblb", "");
    std::fs::copy(store.with_file_name("lab.tblb"), &store).unwrap();
    let mut command = world.compat("--format html --timeout 5 -o");
    run(command.arg(&page).arg(list).arg("--trust").arg(&store)).ends_with(1);
    let html = std::fs::read_to_string(&page).unwrap();
    assert!(html.starts_with("<!doctype html>\n<html lang=\"en\">"));
    assert!(html.contains("a &lt;b&gt; &amp; &quot;c&quot;.tblb"), "{html}");
    assert!(!html.contains("<b>"));
    for outside in ["http://", "src=", "@import", "url("] {
        assert!(!html.contains(outside), "{outside}");
    }
    assert_eq!(html.matches("<tr><td").count(), 10);
    assert_closed(&html);
}

/// Every element that has to be closed is, in order.
fn assert_closed(html: &str) {
    const VOID: [&str; 3] = ["meta", "br", "!doctype"];
    let mut open: Vec<&str> = Vec::new();
    let mut rest = html;
    while let Some((_, after)) = rest.split_once('<') {
        let (tag, after) = after.split_once('>').unwrap();
        rest = after;
        let name = tag.split(' ').next().unwrap();
        match name.strip_prefix('/') {
            Some(closed) => assert_eq!(open.pop(), Some(closed), "{tag}"),
            None if VOID.contains(&name) => {}
            None => open.push(name),
        }
        // What is in these is not HTML.
        if matches!(name, "style" | "script") {
            let end = rest.find(&format!("</{name}>")).unwrap();
            rest = &rest[end..];
        }
    }
    assert_eq!(open, [""; 0]);
}

#[test]
fn json_has_the_documented_keys() {
    let world = World::new();
    let list = world.write("list", "adobe.com\n");
    let got = run(world.compat("--http2 --format json").arg(list)).ends_with(0);
    let report = json(&got.stdout);
    let keys =
        |value: &serde_json::Value| -> Vec<String> { value.as_object().unwrap().keys().cloned().collect() };
    let asked = &report["sites"][0]["asked"][0];
    let docs = include_str!("../../../../docs/json.md");
    let (_, section) = docs.split_once("## `jit-trust compat --format json`").unwrap();
    let section = section.split("\n## ").next().unwrap();
    for object in [&report, &report["summary"], &report["sites"][0], asked] {
        for key in keys(object) {
            assert!(section.contains(&format!("`{key}`")), "{key}");
        }
    }
}
