//! `compat` against the lab's internet: 156 sites, their twins, and a page of what came of it.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use jit_trust_core::Certificate;
use jit_trust_lab::internet::{Behaviour, Fault, Internet, Mark, REFERENCE, Site, StandIn};
use jit_trust_lab::proxy::Proxy;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{jit_trust, run};

/// The internet, a way there, and a store of its roots under their conditions.
pub(crate) struct World {
    pub(crate) internet: Internet,
    proxy: Proxy,
    directory: TempDir,
}

impl World {
    pub(crate) fn new() -> Self {
        let internet = Internet::builder().start();
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("lab.tblb"), internet.trust_blob()).unwrap();
        Self {
            proxy: internet.proxy(),
            internet,
            directory,
        }
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.directory.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// The lab's roots as a system has them: without conditions.
    fn roots_pem(&self) -> PathBuf {
        let roots = self.internet.roots().iter();
        let pem: String = roots.map(|root| root.ca().pem()).collect();
        self.write("roots.pem", &pem)
    }

    /// The command, which trusts the lab's roots and goes through its proxy.
    pub(crate) fn compat(&self, options: &str) -> Command {
        let mut command = jit_trust(["compat", "--trust"]);
        command
            .arg(self.directory.path().join("lab.tblb"))
            .args(options.split_whitespace())
            .env("https_proxy", self.proxy.url());
        command
    }
}

pub(crate) fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// The name of a root, as people read it.
fn name(root: &StandIn) -> String {
    let der = root.der();
    Certificate::from_der(&der).unwrap().subject().to_string()
}

fn array(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

/// What the command is built with here.
const LIBRARIES: &[&str] = &[
    "rustls",
    #[cfg(feature = "openssl")]
    "openssl",
];

#[test]
fn all_sites_of_the_reference_are_trusted_over_both_versions_and_only_silent_ones_fail() {
    for library in LIBRARIES {
        all_sites_are_trusted_by(library);
    }
}

fn all_sites_are_trusted_by(library: &str) {
    let world = World::new();
    let got = run(&mut world.compat(&format!("--format json --timeout 8 --tls {library}"))).ends_with(0);
    assert_eq!(got.stderr, "");
    let report = json(&got.stdout);
    let summary = &report["summary"];
    assert_eq!(summary["sites"], 156, "{summary}");
    assert_eq!(summary["asked"], 312);
    assert_eq!(summary["trusted"], 312, "{summary}");
    assert_eq!(summary["answered"], 310, "{summary}");

    let sites = array(&report["sites"]);
    let rows = sites
        .iter()
        .map(|site| (site["host"].as_str().unwrap(), &site["reference"]));
    let mark = |mark| match mark {
        Mark::Works => "works",
        Mark::Fails => "fails",
        Mark::Blank => "blank",
    };
    for ((host, row), expected) in rows.zip(REFERENCE) {
        let expected = (
            expected.host,
            mark(expected.h1),
            mark(expected.h2),
            expected.comment,
        );
        let [h1, h2, comment] = ["h1", "h2", "comment"].map(|key| row[key].as_str().unwrap());
        assert_eq!((host, h1, h2, comment), expected);
    }

    let mut failed = Vec::new();
    for site in sites {
        let host = site["host"].as_str().unwrap();
        for asked in array(&site["asked"]) {
            assert_eq!(asked["verdict"], "trusted", "{asked:#}");
            if let Some(diagnosis) = asked["diagnosis"].as_str() {
                failed.push((host, asked["version"].as_str().unwrap(), diagnosis));
            }
            for hop in array(&asked["hops"]) {
                assert!(hop["connections"].as_u64().unwrap() <= 1, "{hop:#}");
            }
            if asked["other"] == Value::Null {
                let roots = world.internet.site(host).roots();
                let root = asked["root"].as_str().unwrap();
                assert!(
                    roots.iter().any(|stand_in| name(stand_in) == root),
                    "{host}: {root}"
                );
            }
            if host != "ikea.com" {
                let sent = world.internet.site(host).kind().certificates();
                assert!(
                    asked["certificates"] == sent || asked["other"] != Value::Null,
                    "{host}: {asked:#}"
                );
            }
        }
    }
    assert_eq!(
        failed,
        [
            ("bestbuy.com", "http/1.1", "never-answered"),
            ("costco.com", "http/1.1", "never-answered"),
            ("onet.pl", "h2", "no-http2"),
        ]
    );
    assert_eq!(
        site(&report, "ikea.com")["asked"][0]["url"],
        "https://www.ikea.com/"
    );
    assert_eq!(
        site(&report, "ikea.com")["asked"][0]["other"]["diagnosis"],
        "never-answered"
    );
    let looping = site(&report, "caixa.gov.br");
    for asked in array(&looping["asked"]) {
        assert_eq!(
            (&asked["status"], &asked["connections"]),
            (&200.into(), &1.into())
        );
        assert_eq!(array(&asked["hops"]).len(), 2);
    }
}

fn site<'a>(report: &'a Value, host: &str) -> &'a Value {
    array(&report["sites"])
        .iter()
        .find(|site| site["host"] == host)
        .unwrap()
}

#[test]
fn every_connection_is_one_that_the_report_counts() {
    let world = World::new();
    let hosts: Vec<&str> = world
        .internet
        .sites()
        .iter()
        .filter(|site| site.behaviour() == Behaviour::Answers)
        .map(Site::host)
        .take(20)
        .collect();
    let list = world.write("list", &hosts.join("\n"));
    let got = run(world.compat("--format json").arg(list)).ends_with(0);
    let report = json(&got.stdout);
    for host in hosts {
        let counted = array(&site(&report, host)["asked"]).iter();
        let counted = counted
            .map(|asked| asked["connections"].as_u64().unwrap())
            .sum::<u64>();
        assert_eq!(world.internet.connections_to(host) as u64, counted, "{host}");
        assert_eq!(counted, 2);
    }
}

#[test]
fn every_twin_is_refused_and_its_fault_named() {
    for library in LIBRARIES {
        every_twin_is_refused_by(library);
    }
}

fn every_twin_is_refused_by(library: &str) {
    let world = World::new();
    let twins = world.internet.twins();
    let list: String = twins
        .iter()
        .map(|twin| format!("{}  # {:?}\n", twin.host(), twin.fault()))
        .collect();
    let list = world.write("twins", &format!("# The twins.\r\n\r\n{list}"));
    let got = run(world.compat(&format!("--format json --tls {library}")).arg(list)).ends_with(1);
    let report = json(&got.stdout);
    assert_eq!(report["summary"]["refused"], 2 * twins.len());
    for (twin, site) in twins.iter().zip(array(&report["sites"])) {
        assert_eq!(site["host"], twin.host());
        let expected = match twin.fault() {
            Fault::MissingIntermediate => "missing-intermediate",
            Fault::ExpiredLeaf => "expired",
            Fault::AnothersLeaf => "wrong-host",
            Fault::UnknownRoot | Fault::LyingKeyId => "root-not-trusted",
            Fault::StolenName | Fault::CopiedRoot => "bad-signature",
            Fault::LeafAsCa => "issuer-is-no-ca",
            Fault::IssuedAfterDistrust => "distrusted-by-date",
            Fault::OutsideConstraints => "name-constraints",
        };
        for asked in array(&site["asked"]) {
            let found = (&asked["verdict"], &asked["diagnosis"], &asked["fault"]);
            let expected = (&"refused".into(), &expected.into(), &"trust".into());
            assert_eq!(found, expected, "{asked:#}");
            assert!(
                asked["detail"].as_str().unwrap().contains("not trusted: "),
                "{asked:#}"
            );
            assert_eq!(asked["connections"], 1);
            assert_eq!(asked["other"], Value::Null);
        }
        assert_eq!(world.internet.requests_to(twin.host()), 0);
    }
}

#[test]
fn another_list_of_roots_judges_the_same_certificates() {
    let world = World::new();
    let list = world.write("list", "adobe.com\nwww.gov.uk\n");
    let got = run(world.compat("--format json --against webpki-roots").arg(&list)).ends_with(0);
    let report = json(&got.stdout);
    assert_eq!(report["summary"]["differ"], 4);
    for site in array(&report["sites"]) {
        for asked in array(&site["asked"]) {
            let against = &asked["against"];
            assert_eq!(
                (&against["trusted"], &against["differs"]),
                (&false.into(), &true.into())
            );
            assert_eq!(against["roots"], "webpki-roots");
        }
    }
    let counted = array(&report["sites"])
        .iter()
        .flat_map(|site| array(&site["asked"]));
    let counted: u64 = counted.map(|asked| asked["connections"].as_u64().unwrap()).sum();
    assert_eq!(world.internet.connections() as u64, counted);

    // The same roots under both.
    let pem = world.roots_pem();
    for roots in THE_SYSTEMS {
        let mut same = world.compat(&format!("--format json --against {roots}"));
        let got = run(same.arg(&list).env("SSL_CERT_FILE", &pem)).ends_with(0);
        let report = json(&got.stdout);
        assert_eq!(report["summary"]["differ"], 0, "{}", got.stdout);
        let against = &report["sites"][0]["asked"][0]["against"];
        assert_eq!(
            (&against["trusted"], &against["roots"]),
            (&true.into(), &(*roots).into())
        );
    }
}

/// The lists that are not compiled in, and who judges by them.
const THE_SYSTEMS: &[&str] = &[
    "native",
    #[cfg(feature = "openssl")]
    "openssl",
];

#[test]
fn another_list_refuses_for_what_is_wrong_with_the_server_as_well() {
    let world = World::new();
    let twins = world.internet.twins();
    let twins: Vec<_> = twins
        .iter()
        .filter(|twin| {
            matches!(
                twin.fault(),
                Fault::ExpiredLeaf | Fault::AnothersLeaf | Fault::IssuedAfterDistrust
            )
        })
        .collect();
    let list: String = twins.iter().map(|twin| format!("{}\n", twin.host())).collect();
    let list = world.write("list", &list);
    let pem = world.roots_pem();
    for roots in THE_SYSTEMS {
        let mut command = world.compat(&format!("--format json --http2 --against {roots}"));
        let got = run(command.arg(&list).env("SSL_CERT_FILE", &pem)).ends_with(1);
        let report = json(&got.stdout);
        for (site, twin) in array(&report["sites"]).iter().zip(&twins) {
            let against = &site["asked"][0]["against"];
            // Nobody but a store with Mozilla's conditions knows of their dates.
            let is_trusted = twin.fault() == Fault::IssuedAfterDistrust;
            assert_eq!(
                (&against["trusted"], &against["differs"]),
                (&is_trusted.into(), &is_trusted.into()),
                "{}: {against:#}",
                twin.host()
            );
        }
    }
}

/// What a process has allocated, in KiB, its stack included.
#[cfg(target_os = "linux")]
fn allocated(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let anonymous = status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
    anonymous.trim().strip_suffix(" kB")?.parse().ok()
}

#[cfg(target_os = "linux")]
#[test]
fn a_run_over_all_sites_takes_no_more_than_20_mb() {
    let world = World::new();
    let report = world.write("report.html", "");
    let mut command = world.compat("--format html --timeout 8 --output");
    let mut running = command.arg(&report).spawn().unwrap();
    let mut most = 0;
    while running.try_wait().unwrap().is_none() {
        most = most.max(allocated(running.id()).unwrap_or(0));
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(running.wait().unwrap().success());
    assert!(most > 0 && most < 20 << 10, "{most} KiB");
}

/// `docs/compatibility.md` holds what a run against the lab gives. With `REWRITE_COMPATIBILITY=1` it is written.
#[test]
fn the_documented_table_is_what_comes_of_a_run() {
    const BEGIN: &str = "<!-- made by the test the_documented_table_is_what_comes_of_a_run -->\n";
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/compatibility.md");
    let world = World::new();
    let got = run(&mut world.compat("--format markdown --timeout 8")).ends_with(0);
    let page = std::fs::read_to_string(path).unwrap();
    let (text, table) = page.split_once(BEGIN).unwrap();
    if std::env::var_os("REWRITE_COMPATIBILITY").is_some() {
        std::fs::write(path, format!("{text}{BEGIN}{}", got.stdout)).unwrap();
        return;
    }
    // Which root a site has depends on which of them are still valid on the day of the run.
    let without_root = |table: &str| -> Vec<String> {
        let lines = table.lines().map(|line| {
            let mut cells: Vec<&str> = line.split(" | ").collect();
            if cells.len() > 6 {
                cells.remove(6);
            }
            cells.join(" | ")
        });
        lines.collect()
    };
    assert_eq!(
        without_root(table),
        without_root(&got.stdout),
        "REWRITE_COMPATIBILITY=1 cargo test -p jit-trust-cli --test cli documented_table writes it anew"
    );
}
