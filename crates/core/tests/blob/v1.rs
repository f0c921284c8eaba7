//! Version 1.

use jit_trust_core::{BlobError, Certificate, KeyId, PeerChain, TrustAnchor, TrustBlob, WriteError, v1};
use jit_trust_lab::pki::{Ca, SubjectKeyId, garbage};
use proptest::prelude::*;

use super::{Roots, many_roots, roots};

fn encode(roots: &Roots, generation: u32) -> Result<Vec<u8>, WriteError> {
    let roots: Vec<_> = roots
        .iter()
        .map(|der| Certificate::from_der(der).unwrap())
        .collect();
    let mut blob = vec![0; v1::encoded_len(&roots)?];
    assert_eq!(v1::encode(&roots, generation, &mut blob)?, blob.len());
    #[cfg(feature = "alloc")]
    assert_eq!(v1::to_vec(&roots, generation)?, blob);
    Ok(blob)
}

#[test]
fn every_anchor_of_one_name_is_found_in_order() {
    let roots = roots();
    let blob = encode(&roots, 7).unwrap();
    let blob = TrustBlob::open(&blob).unwrap();
    let twin = Certificate::from_der(&roots[0]).unwrap().subject();
    let found = blob.by_subject(twin).filter_map(|anchor| anchor.certificate());
    assert!(found.eq([&roots[0][..], &roots[1][..]]));
    let skid = KeyId::new(&[7]).unwrap();
    assert!(
        blob.by_subject_key_id(skid)
            .filter_map(|entry| entry.certificate())
            .eq([Certificate::from_der(&roots[3]).unwrap()])
    );
    assert_eq!((blob.len(), blob.is_empty(), blob.generation()), (4, false, 7));
}

#[test]
fn only_anchors_that_could_have_issued_a_certificate_are_selected_and_nothing_is_allocated() {
    let (first, second, other) = (Ca::root("First"), Ca::root("Second"), Ca::root("Other"));
    let blob = encode(
        &[&first, &second, &other].map(|root| root.der().to_vec()).into(),
        7,
    )
    .unwrap();
    let blob = TrustBlob::open(&blob).unwrap();
    let ca = first.intermediate("CA");
    let sent = ca.leaf("a.test").chain(&[&ca, &second.cross_sign(&first)]);
    let counted = allocation_counter::measure(|| {
        let chain = PeerChain::read(sent.iter().map(AsRef::as_ref)).unwrap();
        let found = blob.issuers_of(&chain).filter_map(|anchor| anchor.certificate());
        assert!(found.eq([first.der().as_ref(), second.der().as_ref()]));
    });
    // The two clones of DER in the comparison are the test's own.
    assert_eq!(counted.count_total, 2);
}

#[test]
fn names_behind_the_first_256_entries_are_found() {
    let roots = many_roots(300);
    let blob = encode(&roots, 0).unwrap();
    let blob = TrustBlob::open(&blob).unwrap();
    for der in &roots {
        let root = Certificate::from_der(der).unwrap();
        assert!(
            blob.by_subject(root.subject())
                .eq([TrustAnchor::from_trusted_certificate(root)])
        );
    }
}

#[test]
fn an_empty_blob_holds_nothing() {
    let blob = encode(&vec![], 1).unwrap();
    assert_eq!(blob.len(), 0x1c);
    assert!(TrustBlob::open(&blob).unwrap().is_empty());
}

#[test]
fn a_blob_cut_at_any_length_or_with_a_byte_behind_it_is_refused() {
    let blob = encode(&roots(), 7).unwrap();
    for length in 0..blob.len() {
        assert!(TrustBlob::open(&blob[..length]).is_err(), "{length}");
    }
    let longer = [&blob[..], &[0]].concat();
    let wrong = BlobError::WrongLength {
        expected: blob.len(),
        found: longer.len(),
    };
    assert_eq!(TrustBlob::open(&longer).unwrap_err(), wrong);
}

#[test]
fn every_damage_that_can_be_seen_is_named() {
    let blob = encode(&roots(), 7).unwrap();
    let with = |at: usize, byte: u8| {
        let mut damaged = blob.clone();
        damaged[at] = byte;
        TrustBlob::open(&damaged).map(|_| ()).unwrap_err().to_string()
    };
    assert_eq!(
        with(0, b'X'),
        "not a trust blob: expected the magic TBLB at byte 0"
    );
    assert_eq!(
        with(5, 3),
        "trust blob of version 3: this reader knows versions 1 and 2"
    );
    assert!(
        with(7, 9).contains("expected the SKID lengths at byte"),
        "{}",
        with(7, 9)
    );
    assert!(with(0x0f, blob[0x0f] ^ 1).contains("expected the"));
    assert!(with(0x13, blob[0x13] ^ 1).contains("expected the SKID lengths"));
    assert!(with(0x17, blob[0x17] ^ 1).contains("expected the SKIDs"));
    assert!(with(0x1b, blob[0x1b] ^ 1).contains("bytes, found"));
    let first = with(0x1c, 0x31);
    assert!(
        first.starts_with("damaged trust blob: entry 0, at byte 28, is not a certificate"),
        "{first}"
    );
    let last_of_the_skids = blob.len() - 1;
    assert!(with(last_of_the_skids, 8).ends_with("the table of key identifiers and certificate 3 disagree"));
}

#[test]
fn what_does_not_fit_is_not_written() {
    let long = Ca::builder("Long").subject_key_id(SubjectKeyId::Bytes(garbage::noise(256)));
    let long = vec![long.self_signed().der().to_vec()];
    assert_eq!(
        encode(&long, 0).unwrap_err(),
        WriteError::KeyIdTooLong { index: 0, len: 256 }
    );

    let nine: Roots = (0..9).map(|_| Ca::root("One Name").der().to_vec()).collect();
    assert!(encode(&nine[..8].to_vec(), 0).is_ok());
    assert_eq!(
        encode(&nine, 0).unwrap_err(),
        WriteError::TooManyUnderOneName { index: 8 }
    );

    let root = roots().remove(0);
    let root = [Certificate::from_der(&root).unwrap()];
    let needed = v1::encoded_len(&root).unwrap();
    let mut buffer = vec![0; needed - 1];
    let too_small = WriteError::BufferTooSmall { needed };
    assert_eq!(v1::encode(&root, 0, &mut buffer).unwrap_err(), too_small);
    assert!(buffer.iter().all(|byte| *byte == 0));

    let root = root[0];
    let too_many = vec![root; 65_536];
    assert_eq!(
        v1::encoded_len(&too_many).unwrap_err(),
        WriteError::TooManyCertificates
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5_000))]

    /// Version 1 has no checksum: a change may go unseen, but no lookup panics or answers from elsewhere.
    #[test]
    fn any_change_is_refused_or_every_lookup_stays_within_the_blob(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        static BLOB: std::sync::LazyLock<Vec<u8>> = std::sync::LazyLock::new(|| encode(&roots(), 7).unwrap());
        let mut bytes = BLOB.clone();
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        let Ok(blob) = TrustBlob::open(&bytes) else { return Ok(()) };
        let range = bytes.as_ptr_range();
        prop_assert_eq!(blob.entries().count(), blob.len());
        for root in blob.entries().filter_map(|entry| entry.certificate()) {
            let by_name = blob.by_subject(root.subject()).map(|anchor| *anchor.entry());
            let by_serial = blob.by_issuer_serial(root.issuer(), root.serial());
            let by_key_id = root.subject_key_id().map(|key_id| blob.by_subject_key_id(key_id));
            for entry in by_name.chain(by_serial).chain(by_key_id.into_iter().flatten()) {
                prop_assert!(range.contains(&entry.encoded().as_bytes().as_ptr()));
            }
        }
    }

    #[test]
    fn any_bytes_are_refused_or_read(mut bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = TrustBlob::open(&bytes);
        if let Some(header) = bytes.first_chunk_mut::<6>() {
            *header = *b"TBLB\0\x01";
            let _ = TrustBlob::open(&bytes);
        }
    }
}
