//! Each store hands out what it holds, keeps little, and fails closed.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod stores;

use std::fs;
use std::path::Path;

use jit_trust::{BlobStore, Candidates, FileStore, StoreError, StoreFileError, TrustStore, WebrootStore};
use jit_trust_core::{Certificate, MAX_WEBROOT_FILE_LEN, PeerChain};
use jit_trust_lab::pki::{AuthorityKeyId, Ca, DAY, Leaf, SubjectKeyId, garbage, now};
use pki_types::CertificateDer;
use stores::{VERSIONS, Version};

/// The keys of the anchors that the store hands out for this chain.
fn selected(store: &dyn TrustStore, sent: &[CertificateDer<'_>]) -> Result<Vec<Vec<u8>>, StoreError> {
    let chain = PeerChain::read(sent.iter().map(AsRef::as_ref)).unwrap();
    let mut selection = Candidates::new(&chain);
    store.select(&mut selection)?;
    let anchors = selection.anchors();
    Ok(anchors.map(|anchor| anchor.spki_value().to_vec()).collect())
}

fn keys(roots: &[&Ca]) -> Vec<Vec<u8>> {
    let ders: Vec<_> = roots.iter().map(|root| root.der()).collect();
    ders.iter()
        .map(|der| stores::entry(der).spki_value().to_vec())
        .collect()
}

/// A web root as other tools make it: bare certificates by SKID.
fn webroot_by_key_id(directory: &Path, roots: &[&Ca]) {
    let by_skid = directory.join("by-skid");
    fs::create_dir_all(&by_skid).unwrap();
    for root in roots {
        let skid = root.subject_key_id().unwrap();
        let skid: String = skid.iter().map(|byte| format!("{byte:02X}")).collect();
        fs::write(by_skid.join(skid), root.der()).unwrap();
    }
}

fn every_store(directory: &Path, roots: &[&Ca], version: Version) -> [Box<dyn TrustStore>; 3] {
    stores::webroot(directory, roots, version);
    let file = directory.join("trust.tblb");
    let blob = stores::blob(roots, version);
    fs::write(&file, &blob).unwrap();
    [
        Box::new(BlobStore::new(blob).unwrap()),
        Box::new(FileStore::open(&file).unwrap()),
        Box::new(WebrootStore::open(directory).unwrap()),
    ]
}

#[test]
fn every_store_hands_out_all_anchors_of_the_names_that_are_asked_for_and_no_others() {
    let (first, second, other) = (Ca::root("Twin"), Ca::root("Twin"), Ca::root("Other"));
    let roots = [&first, &other, &second];
    let directory = tempfile::tempdir().unwrap();
    let stores =
        VERSIONS.map(|version| every_store(&directory.path().join(format!("{version:?}")), &roots, version));
    for store in stores.into_iter().flatten() {
        let ca = second.intermediate("CA");
        let sent = ca.leaf("a.test").chain(&[&ca]);
        assert_eq!(
            selected(&store, &sent).unwrap(),
            keys(&[&first, &second]),
            "{store:?}"
        );
        let stranger = Ca::root("Stranger").leaf("a.test").chain(&[]);
        assert!(selected(&store, &stranger).unwrap().is_empty(), "{store:?}");
    }
}

/// A part of a store may be empty; it holds nothing, and is no fault.
#[test]
fn a_store_without_anchors_is_opened_and_hands_out_none() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("trust.tblb");
    let sent = Ca::root("Root").leaf("a.test").chain(&[]);
    for version in VERSIONS {
        let blob = stores::blob(&[], version);
        fs::write(&file, &blob).unwrap();
        let stores: [Box<dyn TrustStore>; 2] = [
            Box::new(BlobStore::new(blob).unwrap()),
            Box::new(FileStore::open(&file).unwrap()),
        ];
        for store in stores {
            assert_eq!(store.anchor_count(), Some(0));
            assert!(selected(&store, &sent).unwrap().is_empty());
        }
    }
}

#[test]
fn a_store_of_mozillas_list_keeps_at_most_6000_bytes_and_none_from_the_program() {
    let roots: Vec<_> = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().collect();
    let roots_of_150: Vec<_> = roots.iter().cycle().take(150).enumerate().collect();
    let renamed: Vec<_> = roots_of_150
        .iter()
        .map(|(index, der)| with_own_serial(der, *index))
        .collect();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("trust.tblb");
    for version in VERSIONS {
        fs::write(&path, stores::blob_of(&renamed, version)).unwrap();
        let mut store = None;
        let kept = allocation_counter::measure(|| store = Some(FileStore::open(&path).unwrap()));
        assert_eq!(store.unwrap().len(), 150);
        assert!(kept.bytes_current <= 6_000, "{kept:?}");
    }

    jit_trust::mozilla();
    let kept = allocation_counter::measure(|| assert!(!jit_trust::mozilla().blob().is_empty()));
    assert_eq!((kept.count_total, kept.bytes_current), (0, 0));
}

/// The same certificate with another serial number, so that no two are the same.
fn with_own_serial(der: &[u8], index: usize) -> Vec<u8> {
    let serial = Certificate::from_der(der).unwrap().serial();
    let at = serial.as_ptr().addr() - der.as_ptr().addr() + serial.len() - 1;
    let mut own = der.to_vec();
    own[at] = own[at].wrapping_add(u8::try_from(index).unwrap());
    own
}

#[test]
fn selecting_from_a_blob_in_memory_allocates_nothing() {
    let (root, old) = (Ca::root("Root"), Ca::root("Old Root"));
    let ca = root.intermediate("CA");
    let sent = ca.leaf("a.test").chain(&[&ca, &old.cross_sign(&root)]);
    for version in VERSIONS {
        let store = BlobStore::new(stores::blob(&[&root, &old], version)).unwrap();
        let counted = allocation_counter::measure(|| {
            let chain = PeerChain::read(sent.iter().map(AsRef::as_ref)).unwrap();
            let mut selection = Candidates::new(&chain);
            store.select(&mut selection).unwrap();
            assert_eq!(selection.anchors().count(), 2);
        });
        assert_eq!(counted.count_total, 0);
    }
}

#[test]
fn a_file_that_is_written_to_while_it_is_open_fails_closed() {
    let (root, other) = (Ca::root("Root"), Ca::root("Other"));
    let sent = root.leaf("a.test").chain(&[]);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("trust.tblb");
    for version in VERSIONS {
        let original = stores::blob(&[&root, &other], version);
        fs::write(&path, &original).unwrap();
        let store = FileStore::open(&path).unwrap();
        let changed = |bytes: &[u8]| {
            fs::write(&path, bytes).unwrap(); // in place: the same file, other bytes
            match selected(&store, &sent) {
                Err(StoreError::File(StoreFileError::Changed { .. })) => true,
                Ok(_) => false,
                Err(error) => panic!("{error}"),
            }
        };
        // Nothing of the entry may change, not even a byte that the anchor does not consist of.
        let blob = BlobStore::new(original.clone()).unwrap();
        let entry = blob.blob().entries().next().unwrap().encoded().as_bytes();
        let start = entry.as_ptr().addr() - blob.as_bytes().as_ptr().addr();
        for at in start..start + entry.len() {
            let mut damaged = original.clone();
            damaged[at] ^= 1;
            assert!(changed(&damaged), "byte {at}");
        }
        assert!(changed(&original[..40]));
        assert!(changed(&[]));
        let impostor = root.reissue().self_signed();
        assert!(changed(&stores::blob(&[&impostor, &other], version)));
        assert!(!changed(&original));
    }
}

#[test]
fn a_file_that_is_replaced_by_renaming_leaves_the_open_store_as_it_was() {
    let (root, other) = (Ca::root("Root"), Ca::root("Other"));
    let sent = root.leaf("a.test").chain(&[]);
    let directory = tempfile::tempdir().unwrap();
    let (path, new) = (
        directory.path().join("trust.tblb"),
        directory.path().join("new.tblb"),
    );
    fs::write(&path, stores::blob(&[&root], Version::V2)).unwrap();
    let store = FileStore::open(&path).unwrap();
    fs::write(&new, stores::blob(&[&other], Version::V2)).unwrap();
    fs::rename(&new, &path).unwrap();
    assert_eq!(selected(&store, &sent).unwrap(), keys(&[&root]));
    assert!(
        selected(&FileStore::open(&path).unwrap(), &sent)
            .unwrap()
            .is_empty()
    );
}

#[test]
fn a_webroot_is_asked_by_key_identifier_only_where_that_is_said_and_never_one_that_carries_conditions() {
    let root = Ca::root("Root");
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    webroot_by_key_id(path, &[&root]);
    let chain = root.leaf("a.test").chain(&[]);
    let error = WebrootStore::open(path).unwrap_err();
    assert!(
        matches!(error, StoreError::File(StoreFileError::ByKeyIdOnly { .. })),
        "{error}"
    );
    let store = WebrootStore::open_by_key_id(path).unwrap();
    assert_eq!(selected(&store, &chain).unwrap(), keys(&[&root]));

    // Another tool's index says nothing of conditions.
    let index = path.join("index.json");
    fs::write(&index, "{\"format\": \"another webroot\"}").unwrap();
    assert_eq!(selected(&store, &chain).unwrap(), keys(&[&root]));
    // One of this project's that comes while the store is open.
    fs::write(
        &index,
        "{\n  \"format\": \"jit-trust webroot\",\n  \"version\": 2",
    )
    .unwrap();
    for error in [
        selected(&store, &chain).unwrap_err(),
        WebrootStore::open_by_key_id(path).unwrap_err(),
    ] {
        assert!(
            matches!(error, StoreError::File(StoreFileError::CarriesConditions { .. })),
            "{error}"
        );
    }
    // Nor one that has the blobs, whatever became of its index.
    fs::remove_file(&index).unwrap();
    fs::create_dir(path.join("by-subject")).unwrap();
    let error = WebrootStore::open_by_key_id(path).unwrap_err();
    assert!(
        matches!(error, StoreError::File(StoreFileError::CarriesConditions { .. })),
        "{error}"
    );
    fs::remove_dir(path.join("by-subject")).unwrap();
    fs::write(&index, "{}").unwrap();
    // What is in the place of an index and cannot be read is no other tool's.
    fs::remove_file(&index).unwrap();
    fs::create_dir(&index).unwrap();
    assert!(WebrootStore::open_by_key_id(path).is_err());
}

#[test]
fn what_is_no_store_is_not_opened_and_the_error_names_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let blob = stores::blob(&[&Ca::root("Root")], Version::V2);
    fs::write(path("cut"), &blob[..blob.len() - 1]).unwrap();
    fs::write(path("text"), "hello").unwrap();
    fs::create_dir(path("empty")).unwrap();
    let open = |name: &str| FileStore::open(path(name)).unwrap_err().to_string();
    assert!(open("cut").ends_with(&format!(
        "expected {} bytes, found {}",
        blob.len(),
        blob.len() - 1
    )));
    assert!(open("text").ends_with("text: not a trust blob: expected the magic TBLB at byte 0"));
    assert!(open("empty").contains("empty: "));
    assert!(open("missing").contains("missing: No such file"));
    let open = |name: &str| WebrootStore::open(path(name)).unwrap_err().to_string();
    assert!(open("empty").ends_with("not a webroot: expected a directory by-subject or by-skid in it"));
    assert!(open("text").contains("text: Not a directory"));
    assert!(open("missing").contains("missing: No such file"));
}

#[test]
fn a_damaged_file_in_a_webroot_is_an_error_and_not_an_absent_anchor() {
    let root = Ca::root("Root");
    let sent = root.leaf("a.test").chain(&[]);
    let directory = tempfile::tempdir().unwrap();
    stores::webroot(directory.path(), &[&root], Version::V2);
    let store = WebrootStore::open(directory.path()).unwrap();
    let der = root.der();
    let file = format!(
        "by-subject/{}.tblb",
        Certificate::from_der(&der).unwrap().subject().hash()
    );
    let file = directory.path().join(file);
    fs::write(&file, "TBL").unwrap();
    assert!(matches!(
        selected(&store, &sent).unwrap_err(),
        StoreError::File(StoreFileError::Blob { .. })
    ));
    fs::write(&file, garbage::noise(MAX_WEBROOT_FILE_LEN + 1)).unwrap();
    assert!(matches!(
        selected(&store, &sent).unwrap_err(),
        StoreError::File(StoreFileError::TooLarge { .. })
    ));
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    assert!(matches!(
        selected(&store, &sent).unwrap_err(),
        StoreError::File(StoreFileError::Io { .. })
    ));
}

#[test]
fn a_webroot_that_is_gone_is_an_error_and_not_an_absent_anchor() {
    let root = Ca::root("Root");
    let sent = root.leaf("a.test").chain(&[]);
    let directory = tempfile::tempdir().unwrap();
    let (webroot, elsewhere) = (
        directory.path().join("webroot"),
        directory.path().join("elsewhere"),
    );
    stores::webroot(&webroot, &[&root], Version::V2);
    let store = WebrootStore::open(&webroot).unwrap();
    fs::rename(&webroot, &elsewhere).unwrap();
    let error = selected(&store, &sent).unwrap_err().to_string();
    assert!(
        error.ends_with("by-subject: No such file or directory (os error 2)"),
        "{error}"
    );
    fs::rename(&elsewhere, &webroot).unwrap();
    assert_eq!(selected(&store, &sent).unwrap(), keys(&[&root]));
}

#[test]
fn as_many_certificates_of_the_largest_size_as_one_name_may_have_can_be_read() {
    let root = || Ca::builder("Large Root").padding(65_000).self_signed();
    let roots: Vec<_> = (0..8).map(|_| root()).collect();
    let directory = tempfile::tempdir().unwrap();
    let sent = roots[7].leaf("a.test").chain(&[]);
    for version in VERSIONS {
        stores::webroot(directory.path(), &roots.iter().collect::<Vec<_>>(), version);
        let store = WebrootStore::open(directory.path()).unwrap();
        assert_eq!(selected(&store, &sent).unwrap().len(), 8);
    }
}

#[cfg(unix)]
#[test]
fn a_named_pipe_in_the_place_of_a_file_is_an_error_and_nothing_waits_for_it() {
    let root = Ca::root("Root");
    let directory = tempfile::tempdir().unwrap();
    stores::webroot(directory.path(), &[&root], Version::V2);
    let store = WebrootStore::open(directory.path()).unwrap();
    let file = fs::read_dir(directory.path().join("by-subject"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    fs::remove_file(&file).unwrap();
    assert!(
        std::process::Command::new("mkfifo")
            .arg(&file)
            .status()
            .unwrap()
            .success()
    );
    let error = selected(&store, &root.leaf("a.test").chain(&[]))
        .unwrap_err()
        .to_string();
    assert!(error.ends_with("expected a regular file"), "{error}");
    let error = FileStore::open(&file).unwrap_err().to_string();
    assert!(error.ends_with("expected a regular file"), "{error}");
}

#[test]
fn a_file_of_a_webroot_under_another_names_hash_is_not_used() {
    let (root, other) = (Ca::root("Root"), Ca::root("Other"));
    let directory = tempfile::tempdir().unwrap();
    stores::webroot(directory.path(), &[&root], Version::V2);
    let der = root.der();
    let hash = Certificate::from_der(&der).unwrap().subject().hash();
    let file = directory.path().join(format!("by-subject/{hash}.tblb"));
    fs::write(file, stores::blob(&[&other], Version::V2)).unwrap();
    let store = WebrootStore::open(directory.path()).unwrap();
    assert!(
        selected(&store, &root.leaf("a.test").chain(&[]))
            .unwrap()
            .is_empty()
    );
}

#[test]
fn a_webroot_of_other_tools_is_asked_by_key_identifier_and_the_name_must_match() {
    let (root, sent_along) = (Ca::root("Root"), Ca::root("Sent Along"));
    let renamed = root.reissue().subject("Other Name").self_signed();
    let directory = tempfile::tempdir().unwrap();
    webroot_by_key_id(directory.path(), &[&root, &sent_along]);
    let store = WebrootStore::open_by_key_id(directory.path()).unwrap();
    assert_eq!(
        selected(&store, &root.leaf("a.test").chain(&[])).unwrap(),
        keys(&[&root])
    );
    assert!(
        selected(&store, &renamed.leaf("a.test").chain(&[]))
            .unwrap()
            .is_empty()
    );

    let silent = Leaf::builder(&["a.test"]).authority_key_id(AuthorityKeyId::Absent);
    let with_root = silent.issued_by(&sent_along).chain(&[&sent_along]);
    assert_eq!(selected(&store, &with_root).unwrap(), keys(&[&sent_along]));
}

#[test]
fn a_key_identifier_from_a_peer_cannot_name_a_file_elsewhere() {
    let directory = tempfile::tempdir().unwrap();
    webroot_by_key_id(directory.path(), &[&Ca::root("Root")]);
    let store = WebrootStore::open_by_key_id(directory.path()).unwrap();
    for key_id in [
        b"../../etc/passwd".to_vec(),
        garbage::noise(127),
        garbage::noise(128),
        garbage::noise(300),
    ] {
        let leaf = Leaf::builder(&["a.test"]).authority_key_id(AuthorityKeyId::KeyId(key_id));
        let sent = leaf.issued_by(&Ca::root("Elsewhere")).chain(&[]);
        assert!(selected(&store, &sent).unwrap().is_empty());
    }
}

/// The day before and the day after the date, through every store.
#[test]
fn an_anchor_whose_date_has_passed_is_not_handed_out_and_is_said_to_have_been_dropped() {
    let (root, date) = (Ca::root("Root"), now() - DAY);
    let issued = |not_before| {
        let leaf = Leaf::builder(&["a.test"]).validity(not_before, now() + DAY);
        leaf.issued_by(&root).chain(&[])
    };
    let der = root.der();
    let dated = stores::entry(&der).with_distrust_after(Some(date.try_into().unwrap()));
    let blob = stores::encode(&[dated], Version::V2);
    let directory = tempfile::tempdir().unwrap();
    stores::webroot_of(directory.path(), &[dated], Version::V2);
    let file = directory.path().join("trust.tblb");
    fs::write(&file, &blob).unwrap();
    let stores: [Box<dyn TrustStore>; 3] = [
        Box::new(BlobStore::new(blob).unwrap()),
        Box::new(FileStore::open(&file).unwrap()),
        Box::new(WebrootStore::open(directory.path()).unwrap()),
    ];
    for store in stores {
        for (not_before, counts) in [
            (date - DAY, (1, 0)),
            (date, (1, 0)),
            (date + 1, (0, 1)),
            (date + DAY, (0, 1)),
        ] {
            let sent = issued(not_before);
            let chain = PeerChain::read(sent.iter().map(AsRef::as_ref)).unwrap();
            let mut selection = Candidates::new(&chain);
            store.select(&mut selection).unwrap();
            assert_eq!(
                (selection.len(), selection.dropped().count()),
                counts,
                "{store:?}"
            );
            assert!(
                selection
                    .dropped()
                    .all(|anchor| anchor.distrust_after().is_some())
            );
        }
    }
}

#[test]
fn conditions_that_an_entry_was_given_are_kept_in_a_copy_of_it() {
    let root = Ca::root("Root");
    let der = root.der();
    let sent = root.leaf("a.test").chain(&[]);
    let chain = PeerChain::read(sent.iter().map(AsRef::as_ref)).unwrap();
    let issuer = chain.issuers().next().unwrap().hashed();
    let entry = stores::entry(&der);
    let mut selection = Candidates::new(&chain);
    selection.add_entry(issuer, &entry.with_distrust_after(Some(0)));
    assert_eq!((selection.len(), selection.dropped().count()), (0, 1));
    let mut selection = Candidates::new(&chain);
    let constraints = Some(&b"\xa0\x07\x30\x05\x82\x03.tr"[..]);
    selection.add_entry(issuer, &entry.with_name_constraints(constraints));
    let constrained: Vec<_> = selection
        .anchors()
        .map(|anchor| anchor.name_constraints().map(<[u8]>::to_vec))
        .collect();
    assert_eq!(constrained, [constraints.map(<[u8]>::to_vec)]);
}

#[test]
fn a_root_without_key_identifier_is_found_by_name() {
    let root = Ca::builder("Root")
        .subject_key_id(SubjectKeyId::Absent)
        .self_signed();
    let directory = tempfile::tempdir().unwrap();
    stores::webroot(directory.path(), &[&root], Version::V2);
    let store = WebrootStore::open(directory.path()).unwrap();
    assert_eq!(
        selected(&store, &root.leaf("a.test").chain(&[])).unwrap(),
        keys(&[&root])
    );
}
