//! CAs that the user loaded into the context count beside ours.

use std::fs;
use std::path::Path;

use jit_trust::openssl::{Connector, Verifier};
use jit_trust::{Connection, TrustPolicy};
use jit_trust_lab::pki::Ca;
use openssl::ssl::{SslContextBuilder, SslFiletype};
use openssl::x509::store::X509Lookup;
use openssl::x509::verify::X509VerifyFlags;

use crate::support::{HOST, client, connect, connector, get, load, refused, server, server_of, store, x509};

/// Files of CAs as `openssl rehash` names them.
fn write_to(directory: &Path, ca: &Ca) {
    let name = format!("{:08x}.0", x509(ca.der()).subject_name_hash());
    fs::write(directory.join(name), ca.pem()).unwrap();
}

#[test]
fn they_count_from_the_store_a_file_and_a_directory_before_and_after_attaching() {
    let (ours, theirs) = (Ca::root("Ours"), Ca::root("Theirs"));
    let (server, other) = (server_of(&ours), server_of(&theirs));
    let directory = tempfile::tempdir().unwrap();
    write_to(directory.path(), &theirs);
    let file = directory.path().join("file.pem");
    fs::write(&file, theirs.pem()).unwrap();
    let ways: [&dyn Fn(&mut SslContextBuilder); 3] = [
        &|context| load(context, &theirs),
        &|context| context.set_ca_file(&file).unwrap(),
        &|context| {
            let lookup = context.cert_store_mut().add_lookup(X509Lookup::hash_dir());
            let path = directory.path().to_str().unwrap();
            lookup.unwrap().add_dir(path, SslFiletype::PEM).unwrap();
        },
    ];
    for load in ways {
        for is_first in [true, false] {
            let mut context = client();
            if is_first {
                load(&mut context);
            }
            Verifier::new(store(&[&ours])).attach(&mut context).unwrap();
            if !is_first {
                load(&mut context);
            }
            let connector = Connector::with_context(context.build()).unwrap();
            get(&connector, &server).unwrap();
            get(&connector, &other).unwrap();
        }
    }
    let without = Connector::new(store(&[&ours])).unwrap();
    assert_eq!(refused(connect(&without, &other)), 20);
}

#[test]
fn a_connection_that_loaded_cas_verify_depends_on_no_store() {
    let (ours, theirs) = (Ca::root("Ours"), Ca::root("Theirs"));
    let (server, other) = (server_of(&ours), server_of(&theirs));
    let trust = TrustPolicy::new(store(&[&ours]));
    let connector = connector(trust.clone(), |context| load(context, &theirs));
    let _connections = [
        connect(&connector, &server).unwrap(),
        connect(&connector, &other).unwrap(),
    ];
    trust.replace_store(store(&[&Ca::root("New")])).unwrap();
    let removed: Vec<_> = trust
        .connections()
        .iter()
        .map(Connection::anchor_withdrawn)
        .collect();
    assert_eq!(removed, [true, false]);
}

#[test]
fn one_that_is_loaded_and_in_the_store_is_taken_for_loaded() {
    let root = Ca::root("Root");
    let server = server_of(&root);
    let trust = TrustPolicy::new(store(&[&root]));
    let connector = connector(trust.clone(), |context| load(context, &root));
    let _connection = connect(&connector, &server).unwrap();
    trust.replace_store(store(&[&Ca::root("New")])).unwrap();
    assert!(!trust.connections()[0].anchor_withdrawn());
}

#[test]
fn an_intermediate_alone_counts_where_partial_chains_are_allowed() {
    let ca = Ca::root("Root").intermediate("CA");
    let leaf = ca.leaf(HOST);
    let server = server(&leaf, leaf.chain(&[&ca]));
    let connector = |is_allowed| {
        connector(store(&[&Ca::root("Other")]), |context| {
            load(context, &ca);
            if is_allowed {
                let param = context.verify_param_mut();
                param.set_flags(X509VerifyFlags::PARTIAL_CHAIN).unwrap();
            }
        })
    };
    get(&connector(true), &server).unwrap();
    assert_eq!(refused(connect(&connector(false), &server)), 2); // unable to get issuer certificate
}

#[test]
fn an_intermediate_that_the_server_should_have_sent_is_found_with_the_root() {
    let root = Ca::root("Root");
    let upper = root.intermediate("Upper CA");
    let lower = upper.intermediate("Lower CA");
    let leaf = lower.leaf(HOST);
    let server = server(&leaf, leaf.chain(&[]));
    let connector = connector(store(&[&Ca::root("Other")]), |context| {
        [&lower, &upper, &root]
            .into_iter()
            .for_each(|ca| load(context, ca));
    });
    get(&connector, &server).unwrap();
}
