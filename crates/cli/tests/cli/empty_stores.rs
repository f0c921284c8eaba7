//! Trust blobs without anchors: valid as stores, and none to trust by.

use std::path::PathBuf;

use jit_trust_bundle::{BlobOptions, BlobVersion, encode_blob};
use jit_trust_lab::pki::Ca;

use crate::support::{Lab, jit_trust, run};

fn empty_blobs(lab: &Lab) -> [PathBuf; 2] {
    [BlobVersion::V1, BlobVersion::V2].map(|version| {
        let options = BlobOptions::default().with_version(version);
        let blob = encode_blob(&[], 1_777_593_600, options).unwrap();
        lab.write(&format!("empty-{version}.tblb"), blob.bytes)
    })
}

#[test]
fn a_store_without_a_root_is_shown_and_compared() {
    let lab = Lab::trusting(&[]);
    let root = lab.write("root.pem", Ca::root("Lab Root").pem());
    for empty in empty_blobs(&lab) {
        let shown = run(jit_trust(["show"]).arg(&empty)).ends_with(0);
        assert_eq!(shown.stdout, "");
        assert_eq!(
            shown.stderr,
            format!("note: there is no root in {}\n", empty.display())
        );
        let shown = run(jit_trust(["show", "--json"]).arg(&empty)).ends_with(0);
        assert_eq!(shown.stdout, "[]\n");
        let compared = run(jit_trust(["diff"]).arg(&empty).arg(&root)).ends_with(1);
        assert!(compared.stdout.contains("+ CN=Lab Root"), "{compared:#?}");
        run(jit_trust(["diff"]).arg(&empty).arg(&empty)).ends_with(0);
    }
}

#[test]
fn a_command_that_needs_a_root_says_that_there_is_none() {
    let lab = Lab::trusting(&[]);
    let root = Ca::root("Lab Root");
    let chain = lab.write("chain.pem", root.leaf("a.test").pem());
    let out = lab.path("out.tblb");
    for empty in empty_blobs(&lab) {
        let (empty, chain) = (empty.to_str().unwrap(), chain.to_str().unwrap());
        for args in [
            vec!["verify", "--host", "a.test", "--trust", empty, chain],
            vec!["explain", "--host", "a.test", "--trust", empty, chain],
            vec!["get", "--trust", empty, "https://a.test:1/"],
            vec!["compat", "--trust", empty],
            vec!["find", "--issuer-of", chain, empty],
            vec!["find", "--skid", "00", empty],
            vec![
                "verify", "--host", "a.test", "--trust", empty, "--trust", empty, chain,
            ],
        ] {
            run(&mut jit_trust(&args))
                .ends_with(2)
                .says_one_line()
                .says("there is no root in it: expected at least one");
        }
        // A list that is made of nothing is most likely a mistake, and would take the place of one that is not.
        let bundled = run(jit_trust(["bundle", empty, "--blob"]).arg(&out));
        bundled.ends_with(2).says_one_line().says("no root left");
        assert!(!out.exists());
    }
}

#[test]
fn one_of_several_stores_may_be_empty() {
    let lab = Lab::trusting(&[]);
    let root = Ca::root("Lab Root");
    let store = lab.write("root.pem", root.pem());
    let chain = lab.write("chain.pem", root.leaf("a.test").pem());
    for empty in empty_blobs(&lab) {
        let mut command = jit_trust(["verify", "--host", "a.test", "--trust"]);
        run(command.arg(&empty).arg("--trust").arg(&store).arg(&chain)).ends_with(0);
        // So may all that a pinned host does not use.
        let pin = format!("a.test={}", store.display());
        let mut command = jit_trust(["verify", "--host", "a.test", "--pin", &pin, "--trust"]);
        run(command.arg(&empty).arg(&chain)).ends_with(0);
    }
}
