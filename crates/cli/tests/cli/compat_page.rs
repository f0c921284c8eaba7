//! The page that `compat --format html` makes, in a real browser.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json as value};

use crate::compat::World;
use crate::compat::json;
use crate::support::run;

/// What a phone has, in CSS pixels.
const PHONE: u16 = 390;

/// Chromium, under one of its names; `None` where there is none. With `CI` in the environment that fails.
fn browser() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = ["chromium", "chromium-browser", "google-chrome"]
        .iter()
        .flat_map(|name| std::env::split_paths(&path).map(move |directory| directory.join(name)))
        .find(|program| program.is_file());
    if found.is_none() {
        assert!(std::env::var_os("CI").is_none(), "no Chromium");
        eprintln!("skipped: no Chromium");
    }
    found
}

/// Shows the page in a frame of this width, and gives what this script, a function of the page's document and window,
/// returns.
fn in_browser(world: &World, page: &str, width: u16, script: &str) -> Option<Value> {
    let browser = browser()?;
    let page = page.replace('&', "&amp;").replace('"', "&quot;");
    let outer = format!(
        "<!doctype html><title>nothing</title>\n\
         <iframe id=\"frame\" style=\"width:{width}px;height:900px;border:0\" srcdoc=\"{page}\"></iframe>\n\
         <script>onload = () => {{\n\
         const look = {script};\n\
         const frame = document.getElementById('frame');\n\
         document.title = 'seen ' + JSON.stringify(look(frame.contentDocument, frame.contentWindow)) + ' seen';\n\
         }};</script>\n"
    );
    let path = world.write("outer.html", &outer);
    let profile = path.with_file_name("profile");
    fs::create_dir_all(&profile).unwrap();
    // It runs as root in containers, where its sandbox cannot be.
    let seen = Command::new(browser)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
        ])
        .arg(format!("--user-data-dir={}", profile.display()))
        .args(["--virtual-time-budget=5000", "--dump-dom"])
        .arg(format!("file://{}", path.display()))
        .output()
        .unwrap();
    let dom = String::from_utf8_lossy(&seen.stdout);
    let title = dom
        .split_once("<title>seen ")
        .and_then(|(_, rest)| rest.split_once(" seen</title>"));
    let (title, _) = title.unwrap_or_else(|| {
        panic!("no page: {dom}\n{}", String::from_utf8_lossy(&seen.stderr));
    });
    Some(json(title))
}

#[test]
fn a_browser_sorts_the_page_and_a_phone_shows_all_of_it_and_nothing_comes_from_elsewhere() {
    let world = World::new();
    let list = world.write("list", "zillow.com\nfoodnetwork.com\nadobe.com\nikea.com\n");
    let page = world.write("page.html", "");
    let mut command = world.compat("--http2 --format html --timeout 5 --output");
    run(command.arg(&page).arg(list)).ends_with(1);
    let page = fs::read_to_string(page).unwrap();
    let look = "(page, view) => {
        const first = () => [...page.querySelectorAll('tbody tr')].map((row) => row.children[0].textContent);
        const heads = [...page.querySelectorAll('th button')];
        const before = first();
        heads[0].click();
        const up = first();
        heads[0].click();
        const down = first();
        heads.find((head) => head.textContent === 'TLS').click();
        return {
            before, up, down,
            untrusted: first()[0],
            overflow: page.documentElement.scrollWidth - page.documentElement.clientWidth,
            loaded: view.performance.getEntriesByType('resource').length,
        };
    }";
    for width in [PHONE, 1600] {
        let Some(seen) = in_browser(&world, &page, width, look) else {
            return;
        };
        assert_eq!(
            seen,
            value!({
                "before": ["zillow.com", "foodnetwork.com", "adobe.com", "ikea.com"],
                "up": ["adobe.com", "foodnetwork.com", "ikea.com", "zillow.com"],
                "down": ["zillow.com", "ikea.com", "foodnetwork.com", "adobe.com"],
                "untrusted": "foodnetwork.com",
                "overflow": 0,
                "loaded": 0,
            }),
            "{width}"
        );
    }
}
