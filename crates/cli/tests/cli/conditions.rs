//! The conditions under which a root is trusted hold in every store that can say them, in every command.

use std::path::{Path, PathBuf};

use jit_trust_lab::pki::{Ca, Leaf};
use jit_trust_lab::server::Server;

use crate::lists::{DAY, LAST_SECOND, ccadb, certdata};
use crate::support::{Lab, Run, jit_trust, run, site};

const SECONDS_PER_DAY: i64 = 24 * 60 * 60;
/// 2099-12-31T23:59:59Z.
const LONG_AFTER: i64 = 4_102_444_799;

fn issued_at(root: &Ca, seconds: i64) -> Leaf {
    Leaf::builder(&["a.test"])
        .validity(seconds, LONG_AFTER)
        .issued_by(root)
}

fn issued_the_day_before(root: &Ca) -> Leaf {
    issued_at(root, LAST_SECOND - SECONDS_PER_DAY)
}

fn issued_the_day_after(root: &Ca) -> Leaf {
    issued_at(root, LAST_SECOND + SECONDS_PER_DAY)
}

/// The list, and every store that `bundle` makes of it and that can hold its conditions.
fn with_stores_of(lab: &Lab, list: &Path) -> Vec<PathBuf> {
    let mut stores = vec![list.to_owned()];
    for (name, options) in [
        ("plain", ""),
        ("names", "--names"),
        ("all", "--names --certificates"),
        ("copies", "--copy"),
    ] {
        let (blob, webroot) = (lab.path(&format!("{name}.tblb")), lab.path(name));
        let mut bundle = jit_trust(["bundle"]);
        bundle
            .arg(list)
            .arg("--blob")
            .arg(&blob)
            .arg("--webroot")
            .arg(&webroot);
        let made = run(bundle.args(options.split_whitespace())).ends_with(0);
        assert!(!made.stderr.contains("cannot hold"), "{made:?}");
        stores.extend([blob, webroot]);
    }
    stores
}

fn verify(lab: &Lab, leaf: &Leaf, host: &str, store: &Path) -> Run {
    let chain = lab.write("chain.pem", leaf.pem());
    let mut command = jit_trust(["verify", "--host", host, "--trust"]);
    run(command.arg(store).arg(chain))
}

fn get(leaf: &Leaf, store: &Path) -> Run {
    let server = site(Server::builder(), "a.test", leaf, &[]).start();
    let mut command = jit_trust(["get", &server.url("a.test", "/"), "--trust"]);
    command.arg(store);
    run(command.args(["--resolve", &format!("*:{}:127.0.0.1", server.port())]))
}

fn reason(store: &Path, issued_at: &str) -> String {
    format!(
        "not trusted: the root \"CN=Lab Root A\" in {} is trusted only for certificates issued up to \
         2024-11-30T23:59:59Z; this one was issued {issued_at}",
        store.display()
    )
}

#[test]
fn a_leaf_issued_the_day_after_its_roots_date_is_refused_and_one_of_the_day_before_is_accepted() {
    let root = Ca::root("Lab Root A");
    let (before, after) = (issued_the_day_before(&root), issued_the_day_after(&root));
    for list in [certdata(&root), ccadb(&[(&root, DAY, "")])] {
        let lab = Lab::trusting(&[]);
        let list = lab.write("list", list);
        for store in with_stores_of(&lab, &list) {
            let reason = reason(&store, "2024-12-01T23:59:59Z");
            verify(&lab, &before, "a.test", &store).ends_with(0);
            verify(&lab, &after, "a.test", &store)
                .ends_with(1)
                .says_one_line()
                .says(&reason);
            assert_eq!(get(&before, &store).ends_with(0).stdout, "hello");
            get(&after, &store).ends_with(1).says_one_line().says(&reason);
        }
    }
}

#[test]
fn the_date_is_the_last_second_of_its_day() {
    let root = Ca::root("Lab Root A");
    let lab = Lab::trusting(&[]);
    let list = lab.write("list.csv", ccadb(&[(&root, DAY, "")]));
    for store in with_stores_of(&lab, &list) {
        verify(&lab, &issued_at(&root, LAST_SECOND), "a.test", &store).ends_with(0);
        verify(&lab, &issued_at(&root, LAST_SECOND + 1), "a.test", &store)
            .ends_with(1)
            .says(&reason(&store, "2024-12-01T00:00:00Z"));
    }
}

#[test]
fn another_root_of_the_name_that_has_no_date_still_counts() {
    let (dated, other) = (Ca::root("Lab Root A"), Ca::root("Lab Root A"));
    let lab = Lab::trusting(&[]);
    let list = lab.write("list.csv", ccadb(&[(&dated, DAY, ""), (&other, "", "")]));
    for store in with_stores_of(&lab, &list) {
        verify(&lab, &issued_the_day_after(&other), "a.test", &store).ends_with(0);
        verify(&lab, &issued_the_day_after(&dated), "a.test", &store).ends_with(1);
        verify(&lab, &issued_the_day_before(&dated), "a.test", &store).ends_with(0);
    }
}

#[test]
fn constraints_that_a_list_imposes_bind_like_those_of_a_certificate() {
    let root = Ca::root("Lab Root A");
    let lab = Lab::trusting(&[]);
    let list = lab.write("list.csv", ccadb(&[(&root, "", "*.good.test")]));
    let (good, bad) = (root.leaf("a.good.test"), root.leaf("a.test"));
    for store in with_stores_of(&lab, &list) {
        verify(&lab, &good, "a.good.test", &store).ends_with(0);
        let refused = "not trusted: a CA in the chain is not allowed to issue for a name in the certificate";
        verify(&lab, &bad, "a.test", &store)
            .ends_with(1)
            .says_one_line()
            .says(refused);
        get(&bad, &store).ends_with(1).says_one_line().says(refused);
    }
}

#[test]
fn version_1_loses_conditions_with_a_warning_and_then_trusts_without_them() {
    let (dated, constrained) = (Ca::root("Lab Root A"), Ca::root("Lab Root B"));
    let lab = Lab::trusting(&[]);
    let rows = [(&dated, DAY, ""), (&constrained, "", "*.good.test")];
    let list = lab.write("list.csv", ccadb(&rows));
    let (blob, webroot, array) = (lab.path("out.tblb"), lab.path("webroot"), lab.path("out.inc"));
    for (option, output) in [("--blob", &blob), ("--webroot", &webroot), ("--c-array", &array)] {
        let mut bundle = jit_trust(["bundle", "--blob-version", "1", option]);
        let made = run(bundle.arg(output).arg(&list))
            .ends_with(0)
            .says("1 root carries a distrust-after date, which version 1 cannot hold: CN=Lab Root A")
            .says("1 root carries imposed name constraints, which version 1 cannot hold: CN=Lab Root B (permitted dns:");
        assert_eq!(made.stderr.matches("cannot hold").count(), 2, "{made:?}");
    }
    for store in [blob, webroot] {
        verify(&lab, &issued_the_day_after(&dated), "a.test", &store).ends_with(0);
        verify(&lab, &constrained.leaf("a.test"), "a.test", &store).ends_with(0);
    }
}

#[test]
fn a_webroot_of_version_1_shows_what_it_enforces_and_gives_the_rest_to_lists() {
    let (dated, constrained) = (Ca::root("Lab Root A"), Ca::root("Lab Root B"));
    let lab = Lab::trusting(&[]);
    let rows = [(&dated, DAY, ""), (&constrained, "", "*.good.test")];
    let list = lab.write("list.csv", ccadb(&rows));
    let (webroot, again, blob) = (lab.path("webroot"), lab.path("again.tblb"), lab.path("out.tblb"));
    let mut bundle = jit_trust(["bundle", "--blob-version", "1", "--webroot"]);
    run(bundle.arg(&webroot).arg(&list)).ends_with(0);
    for (input, output) in [(&webroot, &again), (&list, &blob)] {
        let mut bundle = jit_trust(["bundle", "--generated-at", "1", "--blob"]);
        run(bundle.arg(output).arg(input)).ends_with(0);
    }
    assert_eq!(std::fs::read(again).unwrap(), std::fs::read(&blob).unwrap());

    let table = run(jit_trust(["show"]).arg(&webroot)).ends_with(0).stdout;
    assert!(
        !table.contains("distrust after") && !table.contains("name constraints"),
        "{table}"
    );
    let late = lab.write("late.pem", issued_the_day_after(&dated).pem());
    let found = run(jit_trust(["find", "--issuer-of"]).arg(&late).arg(&webroot)).ends_with(0);
    assert_eq!(found.stderr, "");
    verify(&lab, &issued_the_day_after(&dated), "a.test", &webroot).ends_with(0);
    let differ = run(jit_trust(["diff"]).arg(&webroot).arg(&list))
        .ends_with(1)
        .says("webroot: this form carries no distrust-after dates and no imposed name constraints");
    assert_eq!(
        differ.stdout,
        "~ CN=Lab Root A: distrust after none -> 2024-11-30T23:59:59Z\n\
         ~ CN=Lab Root B: name constraints none -> permitted dns:.good.test\n"
    );
}

#[test]
fn a_key_with_and_without_a_date_is_warned_about() {
    let dated = Ca::root("Lab Root A");
    let undated = dated.reissue().self_signed();
    let lab = Lab::trusting(&[]);
    let list = lab.write("list.csv", ccadb(&[(&dated, DAY, ""), (&undated, "", "")]));
    let warning = "warning: ";
    let what = "CN=Lab Root A has no distrust-after date, but CN=Lab Root A, with the same key, has one at ";
    let mut bundle = jit_trust(["bundle", "--blob"]);
    run(bundle.arg(lab.path("out.tblb")).arg(&list))
        .ends_with(0)
        .says(warning)
        .says(what);
    run(jit_trust(["show"]).arg(&list))
        .ends_with(0)
        .says(warning)
        .says(what);
}

#[test]
fn a_bare_copy_in_another_store_lifts_no_condition_in_either_order() {
    let (dated, constrained) = (Ca::root("Lab Root A"), Ca::root("Lab Root B"));
    let lab = Lab::trusting(&[]);
    let rows = [(&dated, DAY, ""), (&constrained, "", "*.good.test")];
    let list = lab.write("list.csv", ccadb(&rows));
    let (blob, bare) = (
        lab.path("conditions.tblb"),
        lab.write("bare.pem", dated.pem() + &constrained.pem()),
    );
    run(jit_trust(["bundle", "--blob"]).arg(&blob).arg(&list)).ends_with(0);
    for stores in [[&blob, &bare], [&bare, &blob]] {
        let command = |what: &str, leaf: &Leaf, host: &str| {
            let chain = lab.write("chain.pem", leaf.pem());
            let mut command = jit_trust([what, "--host", host, "--trust"]);
            run(command.arg(stores[0]).arg("--trust").arg(stores[1]).arg(chain))
        };
        let verify = |leaf: &Leaf, host: &str| command("verify", leaf, host);
        verify(&issued_the_day_before(&dated), "a.test").ends_with(0);
        let late = issued_the_day_after(&dated);
        verify(&late, "a.test")
            .ends_with(1)
            .says("is trusted only for certificates issued up to 2024-11-30T23:59:59Z");
        let explained = command("explain", &late, "a.test").ends_with(1).stdout;
        assert!(
            explained.contains("not for a certificate of this age"),
            "{explained}"
        );
        assert!(!explained.contains("the path would end here"), "{explained}");
        verify(&constrained.leaf("a.good.test"), "a.good.test").ends_with(0);
        verify(&constrained.leaf("a.test"), "a.test")
            .ends_with(1)
            .says("a CA in the chain is not allowed to issue for a name in the certificate");
    }
}

/// It is there, and it is not the server that has left something out.
#[test]
fn a_root_that_is_out_for_its_date_and_has_constraints_is_not_said_to_be_missing() {
    let root = Ca::root("Lab Root A");
    let lab = Lab::trusting(&[]);
    let list = lab.write("list.csv", ccadb(&[(&root, DAY, "*.good.test")]));
    let late = issued_the_day_after(&root);
    for store in with_stores_of(&lab, &list) {
        let words = reason(&store, "2024-12-01T23:59:59Z");
        let refused = verify(&lab, &late, "a.test", &store).ends_with(1).says_one_line();
        let refused = refused.says(&words);
        assert!(!refused.stderr.contains("intermediate"), "{refused:?}");
    }
    let chain = lab.write("chain.pem", late.pem());
    let mut explain = jit_trust(["explain", "--host", "a.test", "--trust"]);
    let explained = run(explain.arg(&list).arg(chain)).ends_with(1).stdout;
    assert!(
        explained.contains("get a certificate from another CA"),
        "{explained}"
    );
    assert!(!explained.contains("left out"), "{explained}");
}

/// As it is in the middle of an upload in the wrong order.
#[test]
fn a_webroot_without_its_blobs_is_not_trusted_by_as_bare_certificates() {
    let root = Ca::root("Lab Root A");
    let lab = Lab::trusting(&[]);
    let list = lab.write("list.csv", ccadb(&[(&root, DAY, "")]));
    let webroot = lab.path("webroot");
    run(jit_trust(["bundle", "--copy", "--webroot"])
        .arg(&webroot)
        .arg(&list))
    .ends_with(0);
    std::fs::remove_dir_all(webroot.join("by-subject")).unwrap();
    let late = issued_the_day_after(&root);
    let chain = lab.write("chain.pem", late.pem());
    let by_key_id = || {
        let mut command = jit_trust(["verify", "--host", "a.test", "--ask-by-key-id", "--trust"]);
        run(command.arg(&webroot).arg(&chain))
    };
    verify(&lab, &late, "a.test", &webroot)
        .ends_with(2)
        .says("the webroot has no by-subject");
    by_key_id()
        .ends_with(2)
        .says("it is a webroot with conditions on its roots");
    // Without the index nobody can tell. It was asked for, and is said.
    std::fs::remove_file(webroot.join("index.json")).unwrap();
    verify(&lab, &late, "a.test", &webroot)
        .ends_with(2)
        .says("--ask-by-key-id");
    by_key_id()
        .ends_with(0)
        .says("carry none of Mozilla's conditions");
}

#[test]
fn find_lists_a_root_that_its_date_rules_out_and_says_so() {
    let root = Ca::root("Lab Root A");
    let lab = Lab::trusting(&[]);
    let list = lab.write("list.csv", ccadb(&[(&root, DAY, "")]));
    let before = lab.write("before.pem", issued_the_day_before(&root).pem());
    let after = lab.write("after.pem", issued_the_day_after(&root).pem());
    for store in with_stores_of(&lab, &list) {
        let find = |certificate: &Path| {
            let mut command = jit_trust(["find", "--issuer-of"]);
            run(command.arg(certificate).arg(&store)).ends_with(0)
        };
        let (before, after) = (find(&before), find(&after));
        assert_eq!(before.stderr, "");
        assert_eq!(after.stdout, before.stdout);
        after.says_one_line().says(&format!(
            "warning: the root \"CN=Lab Root A\" in {} is trusted only for certificates issued up to \
             2024-11-30T23:59:59Z; this one was issued 2024-12-01T23:59:59Z",
            store.display()
        ));
    }
}

#[test]
fn show_has_a_column_for_conditions_only_where_a_root_has_some() {
    let (plain, dated, constrained) = (Ca::root("Plain"), Ca::root("Dated"), Ca::root("Constrained"));
    let lab = Lab::trusting(&[]);
    let pem = lab.write("plain.pem", plain.pem());
    let table = run(jit_trust(["show"]).arg(pem)).ends_with(0).stdout;
    assert!(
        !table.contains("distrust after") && !table.contains("name constraints"),
        "{table}"
    );
    let rows = [
        (&plain, "", ""),
        (&dated, DAY, ""),
        (&constrained, "", "*.good.test"),
    ];
    let list = lab.write("list.csv", ccadb(&rows));
    for store in with_stores_of(&lab, &list) {
        let table = run(jit_trust(["show"]).arg(&store)).ends_with(0).stdout;
        let lines: Vec<&str> = table.lines().collect();
        assert!(
            lines[0].contains("distrust after") && lines[0].ends_with("name constraints"),
            "{table}"
        );
        assert!(lines[2].contains("  2024-11-30  "), "{table}");
        assert!(lines[3].ends_with("permitted dns:.good.test"), "{table}");

        let json = run(jit_trust(["show", "--json"]).arg(&store)).ends_with(0).stdout;
        let roots: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(roots[0]["distrust_after"], serde_json::Value::Null);
        assert_eq!(roots[0]["name_constraints"], serde_json::Value::Null);
        assert_eq!(roots[1]["distrust_after"], "2024-11-30T23:59:59Z");
        let expected = serde_json::json!({ "permitted": ["dns:.good.test"], "excluded": [] });
        assert_eq!(roots[2]["name_constraints"], expected);
    }
}
