//! Trust blobs of version 2 as written, read with nothing but their layout, and as inputs.

use std::collections::HashSet;

use jit_trust_bundle::{
    BlobOptions, BlobVersion, Input, KeyEntries, NoteKind, Policy, Replace, Root, certificates_of,
    encode_blob, fitting_version_2, read, write_webroot,
};
use jit_trust_core::{Certificate, NameHashPrefix, TrustBlob};
use jit_trust_lab::pki::{BasicConstraints, Ca, CertificateBuilder, Extension, KeyUsage, SubjectKeyId};
use sha2::{Digest, Sha256};
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::blob::every_option;
use crate::certdata::trusted_values;
use crate::fixture::*;

/// What a blob says of an anchor.
#[derive(Clone, Debug, Default, PartialEq)]
struct Anchor {
    name_hash: Vec<u8>,
    spki: Vec<u8>,
    serial: Vec<u8>,
    key_id: Vec<u8>,
    not_before: Option<u64>,
    not_after: Option<u64>,
    distrust_after: Option<u64>,
    path_length: Option<u8>,
    key_usage: Option<u16>,
    extended_key_usage: Option<Vec<u8>>,
    name_constraints: Option<Vec<u8>>,
    /// What is rare, in the bits 6 to 10.
    rare: u16,
    name: Vec<u8>,
    certificate: Vec<u8>,
}

/// A blob, with every offset, index and the checksum checked.
struct Layout {
    generation: u32,
    /// In the order in which they were written.
    anchors: Vec<Anchor>,
}

/// Takes the bytes of a part apart, from its start.
struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn take(&mut self, len: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(len);
        self.0 = rest;
        taken
    }

    fn number(&mut self, len: usize) -> usize {
        self.take(len)
            .iter()
            .fold(0, |number, byte| number << 8 | usize::from(*byte))
    }

    fn time(&mut self) -> Option<u64> {
        let time = self.number(5);
        (time != 0xff_ffff_ffff).then_some(time.try_into().unwrap())
    }
}

impl Layout {
    fn of(blob: &[u8]) -> Self {
        let (content, checksum) = blob.split_last_chunk().unwrap();
        assert_eq!(u32::from_be_bytes(*checksum), crc32c(content));
        let mut header = Cursor(blob);
        assert_eq!((header.take(4), header.number(2)), (&b"TBLB"[..], 2));
        let section_count = header.number(2);
        let generation = header.number(4).try_into().unwrap();
        assert_eq!(header.number(4), blob.len());
        let count = header.number(4);
        let mut next = 0x14 + 12 * section_count;
        let sections: Vec<(&[u8], &[u8])> = (0..section_count)
            .map(|_| {
                let (tag, offset, len) = (header.take(4), header.number(4), header.number(4));
                assert_eq!(offset, next);
                next += len;
                (tag, &blob[offset..next])
            })
            .collect();
        assert_eq!(next, content.len());
        let section = |wanted: &[u8]| {
            let found = sections.iter().find(|(tag, _)| *tag == wanted);
            found.map(|(_, section)| *section)
        };

        // For each position in the index by name: the hash, and where the record is.
        let mut by_name = Cursor(section(b"NAMX").unwrap());
        let bits = by_name.number(4);
        let ends: Vec<usize> = (0..1 << bits).map(|_| by_name.number(4)).collect();
        let slots: Vec<_> = (0..count)
            .map(|_| (by_name.take(16), by_name.number(4)))
            .collect();
        assert!(by_name.0.is_empty());
        assert!(slots.is_sorted());
        for (bucket, end) in ends.iter().enumerate() {
            let first_bits = |hash: &[u8]| Cursor(hash).number(4) >> (32 - bits);
            let up_to = slots.iter().filter(|(hash, _)| first_bits(hash) <= bucket);
            assert_eq!(*end, up_to.count());
        }

        let names = section(b"NAME").map(|section| table(section, count));
        let certificates = section(b"CERT").map(|section| table(section, count));
        let records = section(b"ANCH").unwrap();
        let mut rest = Cursor(records);
        let mut anchors = Vec::new();
        let mut key_ids = Vec::new();
        for _ in 0..count {
            let offset = records.len() - rest.0.len();
            let (position, mut anchor) = record(&mut rest);
            assert_eq!(slots[position].1, offset);
            anchor.name_hash = slots[position].0.to_vec();
            anchor.name = names
                .as_ref()
                .map(|names| names[position].clone())
                .unwrap_or_default();
            let certificate = certificates
                .as_ref()
                .map(|certificates| certificates[position].clone());
            anchor.certificate = certificate.unwrap_or_default();
            if !anchor.key_id.is_empty() {
                key_ids.push((anchor.key_id.clone(), position));
            }
            anchors.push(anchor);
        }
        assert!(rest.0.is_empty());

        key_ids.sort();
        let mut by_key_id = Cursor(section(b"SKIX").unwrap());
        assert!(
            key_ids
                .iter()
                .all(|(_, position)| by_key_id.number(4) == *position)
        );
        assert!(by_key_id.0.is_empty());
        Self { generation, anchors }
    }
}

fn record(bytes: &mut Cursor<'_>) -> (usize, Anchor) {
    let flags = u16::try_from(bytes.number(2)).unwrap();
    assert_eq!(flags >> 11, 0);
    let has = |bit: u16| flags & 1 << bit != 0;
    let position = bytes.number(4);
    let (not_before, not_after) = (bytes.time(), bytes.time());
    let (spki, serial, key_id) = (bytes.number(2), bytes.number(1), bytes.number(1));
    let distrust_after = has(0).then(|| bytes.time().unwrap());
    let path_length = has(2).then(|| bytes.number(1).try_into().unwrap());
    let unusual = has(3).then(|| bytes.number(2).try_into().unwrap());
    let extended_key_usage = has(4).then(|| bytes.number(2));
    let name_constraints = has(1).then(|| bytes.number(2));
    let anchor = Anchor {
        not_before,
        not_after,
        distrust_after,
        path_length,
        key_usage: if has(5) {
            None
        } else {
            Some(unusual.unwrap_or(0x0600))
        },
        rare: flags >> 6 & 0x1f,
        spki: bytes.take(spki).to_vec(),
        serial: bytes.take(serial).to_vec(),
        key_id: bytes.take(key_id).to_vec(),
        extended_key_usage: extended_key_usage.map(|len| bytes.take(len).to_vec()),
        name_constraints: name_constraints.map(|len| bytes.take(len).to_vec()),
        ..Anchor::default()
    };
    (position, anchor)
}

/// The values of a table, by position in the index by name.
fn table(section: &[u8], count: usize) -> Vec<Vec<u8>> {
    let mut section = Cursor(section);
    let ends: Vec<usize> = (0..count).map(|_| section.number(4)).collect();
    let mut start = 0;
    let values = ends.into_iter().map(|end| {
        let value = section.take(end - start).to_vec();
        start = end;
        value
    });
    let values = values.collect();
    assert!(section.0.is_empty());
    values
}

/// CRC-32C, bit by bit.
pub(crate) fn crc32c(bytes: &[u8]) -> u32 {
    let step = |sum: u32| (sum >> 1) ^ if sum & 1 == 1 { 0x82f6_3b78 } else { 0 };
    let of_byte = |sum: u32, byte: &u8| (0..8).fold(sum ^ u32::from(*byte), |sum, _| step(sum));
    !bytes.iter().fold(!0, of_byte)
}

/// What a blob must say of a certificate, by a reader of X.509 that is not ours.
fn anchor_of(der: &[u8]) -> Anchor {
    let (rest, certificate) = X509Certificate::from_der(der).unwrap();
    assert!(rest.is_empty());
    let time = |time: i64| u64::try_from(time).ok();
    let spki = certificate.public_key().raw;
    let header_len = if spki[1] < 0x80 {
        2
    } else {
        2 + usize::from(spki[1] & 0x7f)
    };
    let extension = |last_arc: u64| {
        let wanted = x509_parser::der_parser::oid::Oid::from(&[2, 5, 29, last_arc]).unwrap();
        let found = certificate
            .extensions()
            .iter()
            .find(|extension| extension.oid == wanted);
        found.map(|extension| extension.value)
    };
    let basic_constraints = certificate.basic_constraints().unwrap().expect("a CA").value;
    assert!(basic_constraints.ca);
    let key_usage = certificate.key_usage().unwrap();
    Anchor {
        name_hash: Sha256::digest(certificate.subject().as_raw())[..16].to_vec(),
        spki: spki[header_len..].to_vec(),
        serial: certificate.raw_serial().to_vec(),
        key_id: extension(14).map(|value| value[2..].to_vec()).unwrap_or_default(),
        not_before: time(certificate.validity().not_before.timestamp()),
        not_after: time(certificate.validity().not_after.timestamp()),
        path_length: basic_constraints
            .path_len_constraint
            .map(|length| length.try_into().unwrap()),
        key_usage: key_usage.map(|usage| usage.value.flags.reverse_bits()),
        ..Anchor::default()
    }
}

#[test]
fn nss_s_121_roots_for_servers_are_in_a_blob_of_at_most_53_000_bytes_with_all_that_is_said_of_them() {
    let Some((path, text)) = nss_certdata() else {
        return;
    };
    let list = read_path(&path).unwrap();
    let blob = blob(list.roots());
    println!("{} bytes", blob.len());
    assert!(blob.len() <= 53_000, "{}", blob.len());
    let layout = Layout::of(&blob);
    assert_eq!((layout.generation, layout.anchors.len()), (GENERATION, 121));
    let mut conditions = HashSet::new();
    for (found, der) in layout.anchors.iter().zip(trusted_values(&text)) {
        conditions.extend(found.distrust_after.map(|date| date.to_string()));
        conditions.extend(
            found
                .name_constraints
                .clone()
                .map(|bytes| format!("{bytes:02x?}")),
        );
        let without_conditions = Anchor {
            distrust_after: None,
            name_constraints: None,
            ..found.clone()
        };
        assert_eq!(without_conditions, anchor_of(&der));
    }
    assert!(conditions.contains(&DISTRUST_AFTER.to_string()), "{conditions:?}");
    assert!(conditions.contains(&format!("{BELOW_TR:02x?}")), "{conditions:?}");
}

/// Roots with whatever can be other than in a plain one.
fn unusual_roots() -> Vec<Root> {
    let plain = Ca::root("Plain");
    let builders = [
        Ca::builder("With a path length").basic_constraints(BasicConstraints::Ca { path_length: Some(3) }),
        Ca::builder("With constraints").name_constraints(&["example"], &["x.example"]),
        Ca::builder("With purposes").extended_key_usage(&["1.3.6.1.5.5.7.3.1"]),
        Ca::builder("With a usage").key_usage(&[KeyUsage::KeyCertSign]),
        Ca::builder("Without a key identifier").subject_key_id(SubjectKeyId::Absent),
        Ca::builder("Of version 1").version_1(),
        Ca::builder("That lasts").validity(0, 253_402_300_799),
    ];
    let cas = builders.into_iter().map(CertificateBuilder::<Ca>::self_signed);
    let mut roots: Vec<_> = cas.map(|ca| root_of(&ca)).collect();
    roots.extend([root_of(&plain), root_of(&plain.reissue().self_signed())]);
    roots[0] = with(&roots[0], Some(DISTRUST_AFTER), Some(BELOW_TR));
    roots
}

fn encode(roots: &[Root], options: BlobOptions) -> Vec<u8> {
    encode_blob(roots, GENERATION, options).unwrap().bytes
}

#[test]
fn what_is_optional_is_there_when_asked_for() {
    let roots = unusual_roots();
    for options in every_option() {
        if options.version == BlobVersion::V1 {
            continue;
        }
        let anchors = Layout::of(&encode(&roots, options)).anchors;
        for (anchor, root) in anchors.iter().zip(&roots) {
            let name: &[u8] = if options.names {
                root.subject().unwrap().as_der()
            } else {
                &[]
            };
            let certificate: &[u8] = if options.certificates { der_of(root) } else { &[] };
            assert_eq!((&anchor.name[..], &anchor.certificate[..]), (name, certificate));
            assert_eq!(anchor.distrust_after, root.conditions().distrust_after);
        }
        let rare: Vec<u16> = anchors.iter().map(|anchor| anchor.rare).collect();
        assert_eq!(rare, [0, 0, 0, 0, 0, 0b1001, 0, 0, 0]); // version 1, which has no basic constraints
        assert_eq!(anchors[0].path_length, Some(3));
        assert_eq!(anchors[0].name_constraints.as_deref(), Some(BELOW_TR));
        assert!(
            anchors[1]
                .name_constraints
                .as_ref()
                .is_some_and(|own| own.len() > 20)
        );
        assert!(anchors[2].extended_key_usage.is_some());
        assert_eq!(anchors[3].key_usage, Some(0x0400));
        assert!(anchors[4].key_id.is_empty());
        assert_eq!(anchors[5].key_usage, None);
        assert_eq!(anchors[6].not_after, Some(253_402_300_799));
    }
}

#[test]
fn a_blob_is_a_full_input_whatever_it_holds() {
    let roots = unusual_roots();
    for options in every_option() {
        if options.version == BlobVersion::V1 {
            continue;
        }
        let bytes = encode(&roots, options);
        let list = read_strictly(bytes.clone()).unwrap();
        assert!(list.notes().is_empty() && list.sources()[0].carries_conditions());
        assert_eq!(list.generation(), Some(GENERATION));
        assert_eq!(encode(list.roots(), options), bytes);
        for (read, root) in list.roots().iter().zip(&roots) {
            let entry = root.entry();
            assert_eq!(read.der(), root.der().filter(|_| options.certificates));
            let knows_name = options.names || options.certificates;
            assert_eq!(read.subject(), root.subject().filter(|_| knows_name));
            assert_eq!(read.entry().distrust_after(), entry.distrust_after());
            assert_eq!(read.entry().name_constraints(), entry.name_constraints());
            assert_eq!(read.entry().profile(), entry.profile());
            assert_eq!(read.spki_fingerprint(), root.spki_fingerprint());
            let copy = Root::from_entry(&read.entry());
            assert_eq!((copy.entry(), &copy), (read.entry(), read));
        }
        if options.certificates {
            assert_eq!(list.roots(), roots);
        }
    }
}

#[test]
fn what_needs_certificates_says_where_to_get_them() {
    let directory = tempfile::tempdir().unwrap();
    let known = roots(1);
    let without = read_strictly(blob(&unusual_roots()[..2])).unwrap();
    let mixed = [&known, without.roots()].concat();
    let expected = format!(
        "the certificates of 2 roots are not known (first: {}): expected an input with certificates, such as a trust \
         blob made with --certificates, or a trust blob of version 2 to be written",
        without.roots()[0].label()
    );
    let v1 = BlobOptions::default().with_version(BlobVersion::V1);
    let refused = encode_blob(&mixed, GENERATION, v1).unwrap_err();
    assert_eq!(refused.to_string(), expected);
    assert_eq!(certificates_of(&mixed).unwrap_err().to_string(), expected);
    let webroot = write_webroot(
        &directory.path().join("webroot"),
        &mixed,
        GENERATION,
        BlobOptions::default(),
        KeyEntries::Links,
        Replace::UnlessNewer,
    );
    assert_eq!(webroot.unwrap_err().to_string(), expected);
    let one = encode_blob(&mixed[..2], GENERATION, v1).unwrap_err().to_string();
    assert!(
        one.starts_with("the certificate of a root is not known (SKID "),
        "{one}"
    );
    assert!(certificates_of(&known).is_ok());
}

#[test]
fn one_root_in_several_forms_is_one_and_the_most_that_is_known_of_it_is_kept() {
    let roots = unusual_roots();
    let plain: Vec<_> = roots.iter().map(|root| with(root, None, None)).collect();
    let bare = encode(&roots, BlobOptions::default());
    let named = encode(&plain, BlobOptions::default().with_names(true));
    let pem = pem_of(&plain).into_bytes();
    let read_all = |inputs: &[&Vec<u8>]| {
        let inputs: Vec<Input> = inputs.iter().map(|bytes| content(bytes.as_slice())).collect();
        let list = read(&inputs, Policy::Strict).unwrap();
        let merged = list
            .notes()
            .iter()
            .filter(|note| matches!(note.kind, NoteKind::Duplicate { .. }));
        assert_eq!(merged.count(), (inputs.len() - 1) * plain.len());
        list.roots().to_vec()
    };
    for inputs in [[&bare, &pem], [&pem, &bare]] {
        assert_eq!(read_all(&inputs), roots);
    }
    for inputs in [
        [&bare, &named, &pem],
        [&pem, &named, &bare],
        [&named, &pem, &bare],
    ] {
        assert_eq!(read_all(&inputs), roots);
    }
    for inputs in [[&bare, &named], [&named, &bare]] {
        for (merged, root) in read_all(&inputs).iter().zip(&roots) {
            assert_eq!((merged.der(), merged.subject()), (None, root.subject()));
            assert_eq!(merged.entry().distrust_after(), root.conditions().distrust_after);
            assert_eq!(merged.entry().name_constraints(), root.entry().name_constraints());
        }
    }
}

#[test]
fn roots_of_one_key_under_two_names_or_with_two_certificates_stay_apart() {
    let first = Ca::root("One name");
    let roots = [
        root_of(&first),
        root_of(&first.reissue().subject("Another name").self_signed()),
        root_of(&first.reissue().self_signed()),
    ];
    let list = read(&[content(blob(&roots)), content(pem_of(&roots))], Policy::Strict).unwrap();
    assert_eq!(list.roots(), roots);
}

/// They differ in what version 2 does not hold of a certificate.
#[test]
fn two_certificates_of_one_anchor_are_one_root() {
    // The clock may tick between the two.
    let validity = |ca: CertificateBuilder<Ca>| ca.validity(1_700_000_000, 2_000_000_000);
    let first = validity(Ca::builder("Root")).self_signed();
    let again = || validity(first.reissue().serial(first.serial()));
    let roots = [root_of(&first), root_of(&again().padding(8).self_signed())];
    assert_eq!(blob(&roots[..1]), blob(&roots[1..]));
    let list = read_strictly(pem_of(&roots)).unwrap();
    assert_eq!(list.roots(), &roots[..1]);
    assert!(matches!(
        list.notes().last().unwrap().kind,
        NoteKind::Duplicate { .. }
    ));
    assert_eq!(blob(list.roots()), blob(&roots[..1]));
}

#[test]
fn two_certificates_of_one_anchor_with_different_constraints_are_refused() {
    let validity = |ca: CertificateBuilder<Ca>| ca.validity(1_700_000_000, 2_000_000_000);
    let first = validity(Ca::builder("Root")).self_signed();
    let again = validity(first.reissue().serial(first.serial()));
    let constrained = again.name_constraints(&["example"], &[]).self_signed();
    let error = refusal(read_strictly(pem_of(&[root_of(&first), root_of(&constrained)])));
    assert!(error.contains("expected the same constraints as at"), "{error}");
}

#[test]
fn an_anchor_that_is_to_be_written_twice_is_named() {
    let root = root_of(&Ca::root("Root"));
    let twice = [root.clone(), with(&root, Some(DISTRUST_AFTER), None)];
    let error = encode_blob(&twice, GENERATION, BlobOptions::default()).unwrap_err();
    assert!(error.to_string().ends_with("(CN=Root)"), "{error}");
}

#[test]
fn constraints_that_are_not_those_of_the_certificate_and_more_are_refused() {
    let ca = Ca::builder("Root")
        .name_constraints(&["example"], &[])
        .self_signed();
    let root = root_of(&ca);
    let inputs = [
        content(blob(&[with(&root, None, Some(BELOW_TR))])),
        content(ca.pem()),
    ];
    let error = refusal(read(&inputs, Policy::Strict));
    assert!(
        error.contains("expected the same constraints as at list: certificate 1"),
        "{error}"
    );
    let narrower = b"\xa0\x0d\x30\x0b\x82\x09a.example";
    let inputs = [
        content(blob(&[with(&root, None, Some(narrower))])),
        content(ca.pem()),
    ];
    let list = read(&inputs, Policy::Strict).unwrap();
    assert_eq!(
        list.roots()[0].conditions().name_constraints.as_deref(),
        Some(&narrower[..])
    );
}

#[test]
fn an_anchor_that_says_it_is_no_ca_is_refused_without_its_certificate_too() {
    let no_ca = Ca::builder("No CA")
        .basic_constraints(BasicConstraints::NotCa)
        .self_signed();
    let no_signer = Ca::builder("No signer")
        .key_usage(&[KeyUsage::DigitalSignature])
        .self_signed();
    for ca in [no_ca, no_signer] {
        let bytes = blob(&[root_of(&ca)]);
        let error = refusal(read_strictly(bytes.clone()));
        let key_id = Certificate::from_der(&ca.der())
            .unwrap()
            .subject_key_id()
            .unwrap()
            .to_string();
        assert!(
            error.contains(&format!("SKID {key_id} says that it is not a CA")),
            "{error}"
        );
        let list = read(&[content(bytes)], Policy::Store).unwrap();
        assert!(matches!(list.notes()[0].kind, NoteKind::NotACa { .. }));
    }
    let version_1 = blob(&[root_of(&Ca::builder("Old").version_1().self_signed())]);
    assert!(read_strictly(version_1).is_ok());
}

/// A path length that is not in its shortest form, something behind what is known, and an extension that nobody knows.
#[test]
fn what_is_taken_with_its_certificate_is_taken_without_also_where_not_all_of_it_can_be_read() {
    let odd_path_length = Extension::new("2.5.29.19", true, b"\x30\x07\x01\x01\xff\x02\x02\x00\x01");
    let trailing = Extension::new("2.5.29.19", true, b"\x30\x05\x01\x01\xff\x05\x00");
    let unknown = Extension::new("1.3.6.1.4.1.99999.1", true, b"\x05\x00");
    let builder = || Ca::builder("Odd").basic_constraints(BasicConstraints::Absent);
    let cas = [
        builder().extension(odd_path_length).self_signed(),
        builder().extension(trailing).self_signed(),
        Ca::builder("Odd").extension(unknown.clone()).self_signed(),
    ];
    for ca in cas {
        let list = read_strictly(ca.pem()).unwrap();
        assert!(list.roots()[0].entry().profile().is_incomplete);
        for options in every_option() {
            let bytes = encode(list.roots(), options);
            assert_eq!(
                encode(read_strictly(bytes.clone()).unwrap().roots(), options),
                bytes
            );
        }
    }
    // What can be read still counts.
    let no_ca = Ca::builder("No CA").basic_constraints(BasicConstraints::NotCa);
    let bytes = blob(&[root_of(&no_ca.extension(unknown).self_signed())]);
    assert!(refusal(read_strictly(bytes)).contains("says that it is not a CA"));
}

#[test]
fn what_does_not_fit_is_told_apart_from_what_does() {
    let long = Ca::builder("Long").subject_key_id(SubjectKeyId::Bytes(vec![1; 256]));
    let plain = root_of(&Ca::root("Plain"));
    let mut all = vec![
        root_of(&long.self_signed()),
        with(&plain, Some(u64::MAX), None),
        with(&plain, None, Some(&[0; 0x1_0000])),
    ];
    all.extend((0..10).map(|_| root_of(&Ca::root("Twin"))));
    assert!(encode_blob(&all, GENERATION, BlobOptions::default()).is_err());
    let (fitting, left_out) = fitting_version_2(&all);
    assert_eq!(fitting, all[3..11]);
    assert!(encode_blob(&fitting, GENERATION, BlobOptions::default()).is_ok());
    let left_out: Vec<_> = left_out.iter().map(ToString::to_string).collect();
    let expected = [
        ("anchor 0 has a part that is too long", "(CN=Long)"),
        ("anchor 1 has a part that is too long", "(CN=Plain)"),
        ("anchor 2 has a part that is too long", "(CN=Plain)"),
        ("certificate 11 is one too many under its name", "(CN=Twin)"),
        ("certificate 12 is one too many under its name", "(CN=Twin)"),
    ];
    assert_eq!(left_out.len(), expected.len());
    for (left_out, (start, end)) in left_out.iter().zip(expected) {
        assert!(
            left_out.starts_with(start) && left_out.ends_with(end),
            "{left_out}"
        );
    }
}

#[test]
fn a_blob_with_any_byte_changed_is_refused() {
    let bytes = encode(&roots(2), BlobOptions::default().with_names(true));
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x10;
        assert!(read_strictly(damaged).is_err(), "{at}");
    }
}

#[test]
fn an_anchor_is_found_in_a_blob_by_the_hash_of_its_name() {
    let roots = roots(200);
    let bytes = blob(&roots);
    let opened = TrustBlob::open(&bytes).unwrap();
    for root in &roots {
        let hash = NameHashPrefix::from_bytes(*root.entry().name_hash().as_bytes());
        let mut found = opened.by_name_hash(hash);
        assert!(found.any(|found| found.spki_value() == root.entry().spki_value()));
    }
}
