//! Version 2.

use jit_trust_core::{
    BasicConstraints, BlobError, Certificate, EncodedEntry, Entry, KeyId, Name, PeerChain, Profile,
    TrustBlob, WriteError, mozilla, v2,
};
use jit_trust_lab::pki::{Ca, Extension, KeyUsage, Leaf, SubjectKeyId, garbage, now, oid};
use proptest::prelude::*;
use webpki_root_certs::TLS_SERVER_ROOT_CERTS;

use super::{Roots, many_roots, roots};

fn entries(roots: &Roots) -> Vec<Entry<'_>> {
    let certificates = roots.iter().map(|der| Certificate::from_der(der).unwrap());
    certificates.map(Entry::from_certificate).collect()
}

fn encode(entries: &[Entry<'_>], options: v2::Options) -> Result<Vec<u8>, WriteError> {
    let mut blob = vec![0xee; v2::encoded_len(entries, options)?];
    assert_eq!(v2::encode(entries, options, 7, &mut blob)?, blob.len());
    #[cfg(feature = "alloc")]
    assert_eq!(v2::to_vec(entries, options, 7)?, blob);
    Ok(blob)
}

fn plain(roots: &Roots) -> Vec<u8> {
    encode(&entries(roots), v2::Options::default()).unwrap()
}

fn everything() -> v2::Options {
    v2::Options::default().with_names(true).with_certificates(true)
}

/// The checksum at the end set right again.
fn mended(mut blob: Vec<u8>) -> Vec<u8> {
    let end = blob.len() - 4;
    let checksum = crc::Crc::<u32>::new(&crc::CRC_32_ISCSI).checksum(&blob[..end]);
    blob[end..].copy_from_slice(&checksum.to_be_bytes());
    blob
}

#[test]
fn what_was_written_is_read_with_all_its_conditions() {
    let roots = roots();
    let entries = entries(&roots);
    let dated = [
        entries[0].with_distrust_after(Some(1_733_011_199)),
        entries[1].with_name_constraints(Some(b"\xa0\x07\x30\x05\x82\x03.tr")),
        entries[2]
            .with_distrust_after(Some(0))
            .with_name_constraints(Some(&[])),
        entries[3],
    ];
    let bare = encode(&dated, v2::Options::default()).unwrap();
    let full = encode(&dated, everything()).unwrap();
    for (blob, is_full) in [(&bare, false), (&full, true)] {
        let blob = TrustBlob::open(blob).unwrap();
        assert_eq!((blob.len(), blob.generation(), blob.version()), (4, 7, 2));
        assert!(blob.carries_conditions());
        assert_eq!(blob.entries().count(), 4);
        for (read, written) in blob.entries().zip(&dated) {
            assert_eq!(read.name_hash(), written.name_hash());
            assert_eq!(read.spki_value(), written.spki_value());
            assert_eq!(read.spki_sha256(), written.spki_sha256());
            assert_eq!(read.serial(), written.serial());
            assert_eq!(read.subject_key_id(), written.subject_key_id());
            assert_eq!(read.not_before(), written.not_before());
            assert_eq!(read.not_after(), written.not_after());
            assert_eq!(read.distrust_after(), written.distrust_after());
            assert_eq!(read.name_constraints(), written.name_constraints());
            assert_eq!(read.profile(), written.profile());
            assert_eq!(read.subject(), written.subject().filter(|_| is_full));
            assert_eq!(read.certificate(), written.certificate().filter(|_| is_full));
        }
        let again: Vec<_> = blob.entries().collect();
        let options = if is_full {
            everything()
        } else {
            v2::Options::default()
        };
        let original = if is_full { &full } else { &bare };
        assert_eq!(&encode(&again, options).unwrap(), original);
    }
}

#[test]
fn whatever_a_certificate_lets_its_key_do_is_kept() {
    let profile_of = |root: &Ca| {
        let der = vec![root.der().to_vec()];
        let blob = plain(&der);
        let blob = TrustBlob::open(&blob).unwrap();
        let entry = blob.entries().next().unwrap();
        assert_eq!(entry.profile(), Certificate::from_der(&der[0]).unwrap().profile());
        let profile = entry.profile();
        let purposes = profile.extended_key_usage.map(<[u8]>::to_vec);
        let kept = (
            profile.basic_constraints,
            profile.key_usage,
            profile.is_self_issued,
            profile.is_version_1,
            profile.is_incomplete,
        );
        (kept, purposes)
    };
    let ca = |path_length| BasicConstraints::Ca { path_length };
    let build = || Ca::builder("Root");
    use jit_trust_lab::pki::BasicConstraints as Lab;

    assert_eq!(
        profile_of(&build().self_signed()).0,
        (ca(None), Some(Profile::PLAIN_KEY_USAGE), true, false, false)
    );
    for length in [0, 4, 255] {
        let root = build().basic_constraints(Lab::Ca {
            path_length: Some(length),
        });
        assert_eq!(profile_of(&root.self_signed()).0.0, ca(Some(length)));
    }
    let root = build().basic_constraints(Lab::Absent).self_signed();
    assert_eq!(profile_of(&root).0.0, BasicConstraints::Absent);
    let root = build().basic_constraints(Lab::NotCa).self_signed();
    assert_eq!(profile_of(&root).0.0, BasicConstraints::NotCa);
    assert_eq!(profile_of(&build().key_usage(&[]).self_signed()).0.1, None);
    let root = build().key_usage(&[
        KeyUsage::DigitalSignature,
        KeyUsage::KeyCertSign,
        KeyUsage::CrlSign,
    ]);
    assert_eq!(profile_of(&root.self_signed()).0.1, Some(0x8600));
    let odd = |id: &str, value: &[u8]| build().key_usage(&[]).extension(Extension::new(id, true, value));
    // Seven bits of the last byte do not count.
    let root = odd("2.5.29.15", &[3, 2, 7, 0xff]).self_signed();
    assert_eq!(profile_of(&root).0.1, Some(0x8000));
    for unreadable in [&[3, 2, 8, 0xff][..], &[3, 1, 1], &[4, 1, 0]] {
        let (kept, _) = profile_of(&odd("2.5.29.15", unreadable).self_signed());
        assert_eq!((kept.1, kept.4), (None, true));
    }
    // A path length of 5 in more bytes than it needs, and one that is negative.
    for unreadable in [
        &[0x30, 7, 1, 1, 0xff, 2, 2, 0, 5][..],
        &[0x30, 6, 1, 1, 0xff, 2, 1, 0xff],
    ] {
        let root = odd("2.5.29.19", unreadable).basic_constraints(Lab::Absent);
        let (kept, _) = profile_of(&root.self_signed());
        assert_eq!((kept.0, kept.4), (BasicConstraints::Absent, true));
    }
    let root = build().extended_key_usage(&[oid::SERVER_AUTH]).self_signed();
    assert_eq!(
        profile_of(&root).1,
        Some(b"\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x01".to_vec())
    );
    let root = build().version_1().self_signed();
    assert_eq!(
        profile_of(&root).0,
        (BasicConstraints::Absent, None, true, true, false)
    );
    assert!(!profile_of(&build().issued_by(&Ca::root("Other"))).0.2);
    let unknown = |is_critical| build().extension(Extension::new("1.2.3.4", is_critical, &[]));
    assert!(profile_of(&unknown(true).self_signed()).0.4);
    assert!(!profile_of(&unknown(false).self_signed()).0.4);
}

#[test]
fn mozillas_list_is_found_by_every_key_and_nothing_else_is() {
    let roots: Roots = TLS_SERVER_ROOT_CERTS.iter().map(|der| der.to_vec()).collect();
    let entries: Vec<_> = entries(&roots)
        .into_iter()
        .map(mozilla::with_conditions)
        .collect();
    for options in [v2::Options::default(), everything()] {
        let blob = encode(&entries, options).unwrap();
        let blob = TrustBlob::open(&blob).unwrap();
        for entry in &entries {
            let name = entry.subject().unwrap();
            let is_it = |found: &Entry<'_>| {
                found.spki_value() == entry.spki_value() && found.serial() == entry.serial()
            };
            assert!(
                blob.by_subject(name)
                    .any(|anchor| is_it(anchor.entry()) && anchor.subject() == name)
            );
            assert!(blob.by_name_hash(entry.name_hash()).any(|found| is_it(&found)));
            assert!(
                blob.by_issuer_serial(name, entry.serial())
                    .any(|found| is_it(&found))
            );
            assert!(
                entry
                    .subject_key_id()
                    .is_none_or(|key_id| blob.by_subject_key_id(key_id).any(|found| is_it(&found)))
            );
        }
        assert_eq!(blob.by_subject(Name::from_der(&[0x30, 0]).unwrap()).count(), 0);
        assert_eq!(blob.by_subject_key_id(KeyId::new(&[0]).unwrap()).count(), 0);
        assert_eq!(
            blob.by_subject_key_id(KeyId::new(&[0xff; 21]).unwrap()).count(),
            0
        );
    }
}

#[test]
fn each_of_many_anchors_is_found_alone() {
    for count in [0, 1, 2, 7, 8, 15, 16, 17, 31, 32, 33, 1_000, 5_000] {
        let roots = many_roots(count);
        let blob = plain(&roots);
        let blob = TrustBlob::open(&blob).unwrap();
        for entry in entries(&roots) {
            let found: Vec<_> = blob.by_subject(entry.subject().unwrap()).collect();
            assert_eq!(found.len(), 1, "of {count}");
            assert_eq!(found[0].entry().name_hash(), entry.name_hash());
        }
        let stranger = Ca::root("Stranger").der();
        let stranger = Certificate::from_der(&stranger).unwrap();
        assert_eq!(blob.by_subject(stranger.subject()).count(), 0);
        if let Some(first) = entries(&roots).first() {
            let key_id = first.subject_key_id().unwrap();
            assert_eq!(blob.by_subject_key_id(key_id).count(), count);
        }
    }
}

#[test]
fn anchors_of_one_name_come_in_the_order_in_which_they_were_written() {
    let twins: Roots = (0..8).map(|_| Ca::root("Twin").der().to_vec()).collect();
    let blob = plain(&twins);
    let blob = TrustBlob::open(&blob).unwrap();
    let entries = entries(&twins);
    let found = blob.by_subject(entries[0].subject().unwrap());
    assert!(
        found
            .map(|anchor| anchor.spki_value())
            .eq(entries.iter().map(Entry::spki_value))
    );
}

#[test]
fn a_key_under_two_names_is_used_under_its_own_names_only() {
    let root = Ca::root("Root");
    let renamed = root.reissue().subject("Renamed").self_signed();
    let ders: Roots = [&root, &renamed].map(|root| root.der().to_vec()).into();
    let blob = plain(&ders);
    let blob = TrustBlob::open(&blob).unwrap();
    let key_id = KeyId::new(root.subject_key_id().unwrap()).unwrap();
    let [first, second] = [0, 1].map(|index| Certificate::from_der(&ders[index]).unwrap().subject());
    let found: Vec<_> = blob.by_subject_key_id(key_id).collect();
    assert_eq!(found.len(), 2);
    for entry in found {
        assert_eq!(entry.named(first).is_some(), entry.named(second).is_none());
    }

    let only_first = plain(&ders[..1].to_vec());
    let only_first = TrustBlob::open(&only_first).unwrap();
    let sent = renamed.leaf("a.test").chain(&[]);
    let chain = PeerChain::read(sent.iter().map(AsRef::as_ref)).unwrap();
    assert_eq!(only_first.issuers_of(&chain).count(), 0);
    assert!(
        only_first
            .by_subject_key_id(key_id)
            .all(|entry| entry.named(second).is_none())
    );
}

#[test]
fn an_anchor_is_dropped_for_leaves_issued_after_its_date_and_only_for_those() {
    let root = Ca::root("Root");
    let date = now() - 1_000;
    let der = vec![root.der().to_vec()];
    let dated = [entries(&der)[0].with_distrust_after(Some(date.try_into().unwrap()))];
    let blob = encode(&dated, v2::Options::default()).unwrap();
    let blob = TrustBlob::open(&blob).unwrap();
    for (not_before, is_usable) in [(date - 1, true), (date, true), (date + 1, false)] {
        let leaf = Leaf::builder(&["a.test"]).validity(not_before, now() + 1_000);
        let sent = leaf.issued_by(&root).chain(&[]);
        let chain = PeerChain::read(sent.iter().map(AsRef::as_ref)).unwrap();
        assert_eq!(blob.issuers_of(&chain).count(), usize::from(is_usable));
        assert_eq!(blob.named_by(&chain).count(), 1);
    }
}

#[test]
fn a_leaf_whose_date_cannot_be_read_has_no_dated_anchor() {
    let root = Ca::root("Root");
    let der = vec![root.der().to_vec()];
    let dated = [entries(&der)[0].with_distrust_after(Some(u64::from(u32::MAX)))];
    let blob = encode(&dated, v2::Options::default()).unwrap();
    let blob = TrustBlob::open(&blob).unwrap();
    let mut leaf = root.leaf("a.test").der().to_vec();
    let at = leaf.windows(2).position(|bytes| bytes == [0x17, 0x0d]).unwrap(); // UTCTime, 13 bytes
    leaf[at + 2] = b'x';
    let chain = PeerChain::read([&leaf[..]]).unwrap();
    assert_eq!(blob.issuers_of(&chain).count(), 0);
}

#[test]
fn looking_up_allocates_nothing() {
    let roots = many_roots(200);
    let blob = plain(&roots);
    let root = Ca::root("F00007");
    let sent = root.leaf("a.test").chain(&[]);
    let counted = allocation_counter::measure(|| {
        let blob = TrustBlob::open(&blob).unwrap();
        let chain = PeerChain::read(sent.iter().map(AsRef::as_ref)).unwrap();
        assert_eq!(blob.issuers_of(&chain).count(), 1);
        assert_eq!(blob.entries().count(), 200);
    });
    assert_eq!(counted.count_total, 0);
}

#[test]
fn any_single_byte_changed_is_an_error() {
    for options in [v2::Options::default(), everything()] {
        let blob = encode(&entries(&roots()), options).unwrap();
        for place in 0..blob.len() {
            for change in 1..=0xff {
                let mut damaged = blob.clone();
                damaged[place] ^= change;
                assert!(TrustBlob::open(&damaged).is_err(), "byte {place} ^ {change}");
            }
        }
    }
}

#[test]
fn a_blob_cut_at_any_length_or_with_a_byte_behind_it_is_refused() {
    let blob = encode(&entries(&roots()), everything()).unwrap();
    for length in 0..blob.len() {
        assert!(TrustBlob::open(&blob[..length]).is_err(), "{length}");
        if length > 24 {
            let mut shorter = blob[..length].to_vec();
            shorter[12..16].copy_from_slice(&u32::try_from(length).unwrap().to_be_bytes());
            assert!(TrustBlob::open(&mended(shorter)).is_err(), "{length}");
        }
    }
    assert!(TrustBlob::open(&[&blob[..], &[0]].concat()).is_err());
}

#[test]
fn every_damage_is_named() {
    let blob = plain(&roots());
    let opened = |bytes: &[u8]| TrustBlob::open(bytes).map(|_| ()).unwrap_err();
    let with = |at: usize, byte: u8| {
        let mut damaged = blob.clone();
        damaged[at] = byte;
        damaged
    };
    assert_eq!(opened(&with(0, b'X')), BlobError::NotABlob);
    assert_eq!(
        opened(&with(5, 3)).to_string(),
        "trust blob of version 3: this reader knows versions 1 and 2"
    );
    assert!(
        opened(&with(100, !blob[100]))
            .to_string()
            .starts_with("damaged trust blob: its checksum is")
    );
    let short = opened(&blob[..blob.len() - 1]).to_string();
    assert!(short.starts_with("truncated trust blob: expected"), "{short}");
    let flags_of_the_first_record = 0x14 + 3 * 12;
    let unknown = opened(&mended(with(flags_of_the_first_record, 0x80)));
    let expected = "the record of an anchor";
    assert_eq!(
        unknown,
        BlobError::Malformed {
            offset: flags_of_the_first_record,
            expected
        }
    );
    for (at, what) in [(0x14, "sections"), (0x14 + 12 + 7, "section"), (7, "section")] {
        let error = opened(&mended(with(at, blob[at] ^ 1))).to_string();
        assert!(error.contains(what), "{error}");
    }
}

#[test]
fn a_section_that_is_not_known_is_passed_over_and_a_second_one_of_a_kind_refused() {
    let blob = plain(&roots());
    let with_section = |tag: &[u8; 4], content: &[u8]| {
        let (list, sections) = (0x14, 0x14 + 3 * 12);
        let mut longer = blob[..sections].to_vec();
        let checksum = blob.len() - 4;
        longer[7] += 1;
        for section in 0..3 {
            let at = list + section * 12 + 4;
            let offset = u32::from_be_bytes(blob[at..at + 4].try_into().unwrap()) + 12;
            longer[at..at + 4].copy_from_slice(&offset.to_be_bytes());
        }
        longer.extend_from_slice(tag);
        longer.extend_from_slice(&u32::try_from(checksum + 12).unwrap().to_be_bytes());
        longer.extend_from_slice(&u32::try_from(content.len()).unwrap().to_be_bytes());
        longer.extend_from_slice(&blob[sections..checksum]);
        longer.extend_from_slice(content);
        longer.extend_from_slice(&[0; 4]);
        let len = u32::try_from(longer.len()).unwrap();
        longer[12..16].copy_from_slice(&len.to_be_bytes());
        mended(longer)
    };
    let longer = with_section(b"SIGN", b"some signature");
    let longer = TrustBlob::open(&longer).unwrap();
    assert!(longer.entries().eq(TrustBlob::open(&blob).unwrap().entries()));
    assert!(TrustBlob::open(&with_section(b"SIGN", &[])).is_ok());
    assert!(TrustBlob::open(&with_section(b"ANCH", &[])).is_err());
    assert!(TrustBlob::open(&with_section(b"NAME", &[0])).is_err());
}

#[test]
fn a_name_or_a_certificate_that_is_not_the_anchors_is_refused() {
    let blob = encode(&entries(&roots()), everything()).unwrap();
    let places = blob.windows(4).enumerate().filter(|(_, bytes)| *bytes == b"Twin");
    let places: Vec<_> = places.map(|(at, _)| at).collect();
    assert_eq!(places.len(), 2 + 4); // in the names, and as subject and issuer in the certificates
    for place in places {
        let mut lying = blob.clone();
        lying[place] = b't';
        let error = TrustBlob::open(&mended(lying)).unwrap_err();
        assert!(matches!(error, BlobError::Malformed { .. }), "{error}");
    }
}

#[test]
fn constraints_of_a_certificate_are_not_lifted_beside_it() {
    let root = Ca::builder("Root")
        .name_constraints(&["a.test"], &[])
        .self_signed();
    let der = vec![root.der().to_vec()];
    let lifted = [entries(&der)[0].with_name_constraints(None)];
    let lifts = WriteError::ConstraintsLifted { index: 0 };
    assert_eq!(encode(&lifted, everything()).unwrap_err(), lifts);

    // No constraints at all where there were empty ones: their flag and length taken out of the record by hand.
    let empty = [entries(&der)[0].with_name_constraints(Some(&[]))];
    let mut blob = encode(&empty, everything()).unwrap();
    assert!(TrustBlob::open(&blob).is_ok());
    let record = 0x14 + 5 * 12;
    assert_eq!(blob[record + 1], 2);
    blob[record + 1] = 0;
    blob.drain(record + 0x14..record + 0x16);
    let lower = |blob: &mut [u8], at: usize| {
        let number = u32::from_be_bytes(blob[at..at + 4].try_into().unwrap());
        blob[at..at + 4].copy_from_slice(&(number - 2).to_be_bytes());
    };
    lower(&mut blob, 0x0c);
    lower(&mut blob, 0x14 + 8);
    (1..5).for_each(|section| lower(&mut blob, 0x14 + section * 12 + 4));
    let error = TrustBlob::open(&mended(blob)).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("expected the certificate that the anchor was made of"),
        "{error}"
    );
}

#[test]
fn an_anchor_that_is_there_twice_is_neither_written_nor_read() {
    let (root, other) = (Ca::root("Root"), Ca::root("Other"));
    let ders: Roots = [&root, &other, &root].map(|root| root.der().to_vec()).into();
    let mut twice = entries(&ders);
    let refused = WriteError::Twice { index: 2, other: 0 };
    assert_eq!(encode(&twice, v2::Options::default()).unwrap_err(), refused);
    twice[2] = twice[2].with_distrust_after(Some(7));
    assert_eq!(encode(&twice, v2::Options::default()).unwrap_err(), refused);

    // The serial number of a renewed root made that of the first by hand. The clock may tick between the two.
    let validity = (now() - 10, now() + 1_000);
    let root = root.reissue().validity(validity.0, validity.1).self_signed();
    let renewed = root.reissue().validity(validity.0, validity.1).self_signed();
    let ders: Roots = [&root, &renewed].map(|root| root.der().to_vec()).into();
    let dated = [entries(&ders)[0], entries(&ders)[1].with_distrust_after(Some(7))];
    let blob = encode(&dated, v2::Options::default()).unwrap();
    assert!(TrustBlob::open(&blob).is_ok());
    let at = blob
        .windows(renewed.serial().len())
        .position(|bytes| bytes == renewed.serial());
    let mut lying = blob.clone();
    lying[at.unwrap()..][..root.serial().len()].copy_from_slice(root.serial());
    let error = TrustBlob::open(&mended(lying)).unwrap_err().to_string();
    assert!(
        error.contains("each anchor once, whatever its conditions"),
        "{error}"
    );
}

#[test]
fn what_does_not_fit_is_not_written() {
    let long = Ca::builder("Long").subject_key_id(SubjectKeyId::Bytes(garbage::noise(256)));
    let long = vec![long.self_signed().der().to_vec()];
    let refused = |roots: &Roots| encode(&entries(roots), v2::Options::default()).unwrap_err();
    assert_eq!(refused(&long), WriteError::EntryTooLong { index: 0 });

    let nine: Roots = (0..9).map(|_| Ca::root("One Name").der().to_vec()).collect();
    let among_others = [roots(), nine.clone()].concat();
    assert_eq!(
        refused(&among_others),
        WriteError::TooManyUnderOneName { index: 12 }
    );
    let nine = entries(&nine);
    assert!(encode(&nine[..8], everything()).is_ok());

    let needed = v2::encoded_len(&nine[..1], everything()).unwrap();
    let mut buffer = vec![0; needed - 1];
    let too_small = WriteError::BufferTooSmall { needed };
    assert_eq!(
        v2::encode(&nine[..1], everything(), 0, &mut buffer).unwrap_err(),
        too_small
    );
    let late = [nine[0].with_distrust_after(Some(u64::MAX))];
    assert_eq!(
        encode(&late, everything()).unwrap_err(),
        WriteError::EntryTooLong { index: 0 }
    );
}

#[test]
fn more_than_8_under_one_name_are_refused_by_the_reader_too() {
    let u32_at = |blob: &[u8], at: usize| u32::from_be_bytes(blob[at..at + 4].try_into().unwrap());
    let usize_at = |blob: &[u8], at: usize| usize::try_from(u32_at(blob, at)).unwrap();
    let under_one_name = |count: usize| {
        let root = |number| Ca::builder(format!("{number}").as_str()).subject_key_id(SubjectKeyId::Absent);
        let roots: Roots = (0..count)
            .map(|number| root(number).self_signed().der().to_vec())
            .collect();
        let mut blob = plain(&roots);
        let (anchors, index) = (usize_at(&blob, 0x18), usize_at(&blob, 0x14 + 12 + 4));
        let buckets = 1 << u32_at(&blob, index);
        let slots = index + 4 + 4 * buckets;
        for bucket in 0..buckets {
            let all = u32::try_from(count).unwrap().to_be_bytes();
            blob[index + 4 + 4 * bucket..][..4].copy_from_slice(&all);
        }
        let mut offsets: Vec<_> = (0..count)
            .map(|slot| usize_at(&blob, slots + slot * 20 + 16))
            .collect();
        offsets.sort_unstable();
        for (slot, offset) in (0_u32..).zip(offsets) {
            let at = slots + usize::try_from(slot).unwrap() * 20;
            blob[at..at + 16].fill(0);
            blob[at + 16..at + 20].copy_from_slice(&u32::try_from(offset).unwrap().to_be_bytes());
            blob[anchors + offset + 2..][..4].copy_from_slice(&slot.to_be_bytes());
        }
        mended(blob)
    };
    assert_eq!(TrustBlob::open(&under_one_name(8)).unwrap().len(), 8);
    let error = TrustBlob::open(&under_one_name(9)).unwrap_err().to_string();
    assert!(error.contains("at most 8 anchors a name"), "{error}");
}

#[test]
fn an_entry_is_its_bytes() {
    let roots = roots();
    let blob = plain(&roots);
    for entry in TrustBlob::open(&blob).unwrap().entries() {
        let EncodedEntry::Record { name_hash, record } = entry.encoded() else {
            panic!("a record");
        };
        let copy = record.to_vec();
        let again = EncodedEntry::Record {
            name_hash,
            record: &copy,
        };
        assert_eq!(again.read().unwrap(), entry);
        let longer = [&copy[..], &[0]].concat();
        for wrong in [&copy[..copy.len() - 1], &longer, &[]] {
            assert!(
                EncodedEntry::Record {
                    name_hash,
                    record: wrong
                }
                .read()
                .is_err()
            );
        }
    }
    assert!(EncodedEntry::Certificate(&[]).read().is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5_000))]

    /// The checksum stops nobody who sets it right again: what is behind it must hold too.
    #[test]
    fn any_change_with_the_right_checksum_is_refused_or_every_lookup_stays_within_the_blob(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        is_full in any::<bool>(),
    ) {
        use std::sync::LazyLock;
        static BARE: LazyLock<Vec<u8>> = LazyLock::new(|| plain(&roots()));
        static FULL: LazyLock<Vec<u8>> = LazyLock::new(|| encode(&entries(&roots()), everything()).unwrap());
        let mut bytes = if is_full { FULL.clone() } else { BARE.clone() };
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        let bytes = mended(bytes);
        let Ok(blob) = TrustBlob::open(&bytes) else { return Ok(()) };
        let range = bytes.as_ptr_range();
        prop_assert_eq!(blob.entries().count(), blob.len());
        for entry in blob.entries() {
            prop_assert!(range.contains(&entry.encoded().as_bytes().as_ptr()));
            prop_assert!(blob.by_name_hash(entry.name_hash()).any(|found| found == entry));
            if let Some(key_id) = entry.subject_key_id() {
                prop_assert!(blob.by_subject_key_id(key_id).any(|found| found == entry));
            }
            if let Some(subject) = entry.subject() {
                prop_assert!(entry.named(subject).is_some());
            }
        }
    }

    #[test]
    fn any_bytes_are_refused(mut bytes in prop::collection::vec(any::<u8>(), 24..300)) {
        bytes[..6].copy_from_slice(b"TBLB\0\x02");
        let len = u32::try_from(bytes.len()).unwrap();
        bytes[12..16].copy_from_slice(&len.to_be_bytes());
        let _ = TrustBlob::open(&mended(bytes));
    }
}
