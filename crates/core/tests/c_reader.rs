//! A reader in C that was written from `docs/trust-blob.md` alone reads of a trust blob what this crate reads.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::thread;

use jit_trust_core::{BasicConstraints, Certificate, Entry, Profile, TrustBlob, mozilla, v1, v2};
use jit_trust_lab::pki::{Ca, Extension, KeyUsage, SubjectKeyId, oid};
use webpki_root_certs::TLS_SERVER_ROOT_CERTS;

const GENERATION: u32 = 1_777_593_600;
const SOURCES: &str = env!("CARGO_MANIFEST_DIR");

/// The compiled reader, with the sanitizers where the compiler has them; `None` without a compiler.
static READER: LazyLock<Option<PathBuf>> = LazyLock::new(|| {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let (reader, compiled) = (
        directory.join(format!("trust-blob-reader-{}", std::process::id())),
        directory.join("trust-blob-reader"),
    );
    let compile = |options: &[&str]| {
        let mut cc = Command::new("cc");
        cc.args(["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-O1"]);
        cc.args(options).arg("-o").arg(&reader);
        cc.arg(Path::new(SOURCES).join("tests/c-reader/reader.c"));
        cc.output()
    };
    let sanitizers = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"];
    let runs = || Command::new(&reader).stdin(Stdio::null()).status();
    match compile(&sanitizers) {
        Ok(compiled) if compiled.status.success() && runs().is_ok_and(|status| status.success()) => {}
        Ok(_) => {
            let compiled = compile(&[]).unwrap();
            assert!(
                compiled.status.success(),
                "{}",
                String::from_utf8_lossy(&compiled.stderr)
            );
        }
        Err(error) if std::env::var_os("CI").is_some() => panic!("cc: {error}"),
        Err(error) => {
            eprintln!("skipped: cc: {error}");
            return None;
        }
    }
    fs::rename(reader, &compiled).unwrap();
    Some(compiled)
});

/// What the reader in C answers to these commands, line by line; `None` without a compiler.
fn answers(commands: &str) -> Option<Vec<String>> {
    let mut reader = Command::new(READER.as_ref()?);
    let reader = reader.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = reader.stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let output = thread::scope(|scope| {
        scope.spawn(move || stdin.write_all(commands.as_bytes()));
        child.wait_with_output().unwrap()
    });
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Some(
        String::from_utf8(output.stdout)
            .unwrap()
            .lines()
            .map(str::to_owned)
            .collect(),
    )
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        text.extend([byte >> 4, byte & 0xf].map(|digit| char::from(b"0123456789abcdef"[usize::from(digit)])));
    }
    text
}

fn open(blob: &[u8]) -> String {
    format!("open {}\n", hex(blob))
}

fn certificates(ders: &[Vec<u8>]) -> Vec<Certificate<'_>> {
    ders.iter()
        .map(|der| Certificate::from_der(der).unwrap())
        .collect()
}

fn blob_v1(certificates: &[Certificate<'_>]) -> Vec<u8> {
    let mut blob = vec![0; v1::encoded_len(certificates).unwrap()];
    assert_eq!(
        v1::encode(certificates, GENERATION, &mut blob).unwrap(),
        blob.len()
    );
    blob
}

fn blob_v2(entries: &[Entry<'_>], options: v2::Options) -> Vec<u8> {
    let mut blob = vec![0; v2::encoded_len(entries, options).unwrap()];
    assert_eq!(
        v2::encode(entries, options, GENERATION, &mut blob).unwrap(),
        blob.len()
    );
    blob
}

fn all_options() -> [v2::Options; 4] {
    [(false, false), (false, true), (true, false), (true, true)].map(|(names, certificates)| {
        v2::Options::default()
            .with_names(names)
            .with_certificates(certificates)
    })
}

/// An anchor as the reader in C prints it.
fn line(entry: &Entry<'_>, version: u16, is_named: bool, is_certified: bool) -> String {
    let time = |time: Option<u64>| time.map_or("-".to_owned(), |time| time.to_string());
    let part = |is_there: bool, bytes: Option<&[u8]>| match bytes {
        Some(bytes) if is_there => hex(bytes),
        _ => "-".to_owned(),
    };
    let mut line = format!(
        "anchor hash={} not_before={} not_after={} serial={} skid={} spki={} name={} certificate={}",
        hex(entry.name_hash().as_bytes()),
        time(entry.not_before()),
        time(entry.not_after()),
        hex(entry.serial()),
        part(true, entry.subject_key_id().map(|key_id| key_id.as_bytes())),
        hex(entry.spki_value()),
        part(is_named, entry.subject().map(|name| name.as_der())),
        part(
            is_certified,
            entry.certificate().map(|certificate| certificate.as_der())
        ),
    );
    if version == 2 {
        line += &conditions(entry);
    }
    line
}

/// The flags of an anchor, as the document has them, and what comes with them.
fn conditions(entry: &Entry<'_>) -> String {
    let profile = entry.profile();
    let (mut flags, mut rest) = (0_u16, String::new());
    let mut set = |is_set: bool, flag: u16| flags |= u16::from(is_set) << flag;
    if let Some(date) = entry.distrust_after() {
        set(true, 0);
        rest += &format!(" distrust_after={date}");
    }
    if let BasicConstraints::Ca {
        path_length: Some(length),
    } = profile.basic_constraints
    {
        set(true, 2);
        rest += &format!(" path_length={length}");
    }
    if let Some(usage) = profile
        .key_usage
        .filter(|usage| *usage != Profile::PLAIN_KEY_USAGE)
    {
        set(true, 3);
        rest += &format!(" key_usage={usage:04x}");
    }
    if let Some(purposes) = profile.extended_key_usage {
        set(true, 4);
        rest += &format!(" extended_key_usage={}", hex(purposes));
    }
    if let Some(constraints) = entry.name_constraints() {
        set(true, 1);
        rest += &format!(" name_constraints={}", hex(constraints));
    }
    set(profile.key_usage.is_none(), 5);
    set(profile.basic_constraints == BasicConstraints::Absent, 6);
    set(profile.basic_constraints == BasicConstraints::NotCa, 7);
    set(!profile.is_self_issued, 8);
    set(profile.is_version_1, 9);
    set(profile.is_incomplete, 10);
    format!(" flags={flags:04x}{rest}")
}

/// Asks the reader in C for everything in this blob, and compares it to what was written.
fn assert_is_read_alike(blob: &[u8], written: &[Entry<'_>], is_named: bool, is_certified: bool) {
    let rust = TrustBlob::open(blob).unwrap();
    let version = rust.version();
    let line = |entry: &Entry<'_>| line(entry, version, is_named, is_certified);
    let mut commands = open(blob) + "all\n";
    for entry in written {
        commands += &format!("name {}\n", hex(entry.name_hash().as_bytes()));
    }
    for key_id in written.iter().filter_map(Entry::subject_key_id) {
        commands += &format!("skid {}\n", hex(key_id.as_bytes()));
    }
    for entry in written {
        // The same but for the last bit; of SKIDs also what is before and behind all that are there.
        let mut hash = *entry.name_hash().as_bytes();
        hash[15] ^= 1;
        commands += &format!("name {}\n", hex(&hash));
    }
    commands += &format!("skid \nskid 00\nskid {}\n", hex(&[0xff; 21]));

    let Some(answers) = answers(&commands) else { return };
    let count = written.len();
    let opened = format!("opened version={version} generation={GENERATION} count={count} found={count}");
    assert_eq!(answers[0], opened);
    let mut answers = answers[1..].split(|line| line == "end").map(<[String]>::to_vec);
    let mut next = || answers.next().unwrap();

    let mut all = next();
    let mut expected: Vec<_> = written.iter().map(line).collect();
    if version == 2 {
        assert!(all.iter().map(|line| &line[..44]).is_sorted());
        all.sort();
        expected.sort();
    }
    assert_eq!(all, expected);
    for entry in written {
        let expected: Vec<_> = rust
            .by_name_hash(entry.name_hash())
            .map(|entry| line(&entry))
            .collect();
        assert!(expected.contains(&line(entry)));
        assert_eq!(next(), expected);
    }
    for entry in written {
        let Some(key_id) = entry.subject_key_id() else {
            continue;
        };
        let expected: Vec<_> = rust.by_subject_key_id(key_id).map(|entry| line(&entry)).collect();
        assert!(expected.contains(&line(entry)));
        assert_eq!(next(), expected);
    }
    for absent in 0..count + 3 {
        assert!(next().is_empty(), "{absent}");
    }
}

/// One of each kind that version 2 tells apart.
fn kinds() -> Vec<Vec<u8>> {
    use jit_trust_lab::pki::BasicConstraints as Lab;
    let build = || Ca::builder("Root");
    let constrained = |length| {
        build().basic_constraints(Lab::Ca {
            path_length: Some(length),
        })
    };
    let usages = [
        KeyUsage::DigitalSignature,
        KeyUsage::KeyCertSign,
        KeyUsage::CrlSign,
    ];
    let mut roots = vec![
        Ca::builder("Short")
            .subject_key_id(SubjectKeyId::Bytes(vec![7]))
            .self_signed(),
        Ca::builder("Without")
            .subject_key_id(SubjectKeyId::Absent)
            .self_signed(),
        constrained(0).self_signed(),
        constrained(255).self_signed(),
        Ca::builder("No").basic_constraints(Lab::Absent).self_signed(),
        build().basic_constraints(Lab::NotCa).self_signed(),
        build().key_usage(&[]).self_signed(),
        build().key_usage(&usages).self_signed(),
        build().extended_key_usage(&[oid::SERVER_AUTH]).self_signed(),
        Ca::builder("Old").version_1().self_signed(),
        Ca::builder("Cross").issued_by(&Ca::root("Other")),
        Ca::builder("Early").validity(-3600, 4_000_000_000).self_signed(),
        Ca::builder("Long ago").validity(-3_000_000_000, -1).self_signed(),
        build()
            .extension(Extension::new("1.2.3.4", true, &[]))
            .self_signed(),
    ];
    roots.push(roots[0].reissue().subject("Short again").self_signed());
    let mut ders: Vec<_> = roots.iter().map(|root| root.der().to_vec()).collect();
    // Of these, one of the two dates has a month 13.
    for (name, unreadable) in [("No start", b"700101000000Z"), ("No end", b"700101000001Z")] {
        let mut der = Ca::builder(name).validity(0, 1).self_signed().der().to_vec();
        let mut windows = der.windows(unreadable.len());
        let at = windows.position(|window| window == unreadable).unwrap();
        der[at + 2..at + 4].copy_from_slice(b"13");
        ders.insert(ders.len() - 1, der);
    }
    ders
}

/// Two of one SKID, and one without.
fn small() -> Vec<Vec<u8>> {
    let kinds = kinds();
    let last = kinds.len() - 1;
    [0, 1, last].map(|kind| kinds[kind].clone()).into()
}

fn conditioned<'a>(certificates: &[Certificate<'a>]) -> Vec<Entry<'a>> {
    let mut entries: Vec<_> = certificates
        .iter()
        .copied()
        .map(Entry::from_certificate)
        .collect();
    entries[0] = entries[0].with_distrust_after(Some(0xff_ffff_fffe));
    entries[1] = entries[1]
        .with_distrust_after(Some(0))
        .with_name_constraints(Some(b"\xa0\x07\x30\x05\x82\x03.tr"));
    entries
}

/// The length in the header, and the checksum that version 2 has at the end, set right again.
fn mended(mut blob: Vec<u8>) -> Vec<u8> {
    let len = u32::try_from(blob.len()).unwrap().to_be_bytes();
    if blob[5] == 1 {
        blob[0x18..0x1c].copy_from_slice(&len);
        return blob;
    }
    blob[0x0c..0x10].copy_from_slice(&len);
    let end = blob.len() - 4;
    let checksum = crc::Crc::<u32>::new(&crc::CRC_32_ISCSI).checksum(&blob[..end]);
    blob[end..].copy_from_slice(&checksum.to_be_bytes());
    blob
}

#[test]
fn mozillas_list_is_read_alike_with_its_conditions_in_every_form_of_version_2() {
    let ders: Vec<_> = TLS_SERVER_ROOT_CERTS.iter().map(|der| der.to_vec()).collect();
    let entries = certificates(&ders).into_iter().map(Entry::from_certificate);
    let entries: Vec<_> = entries.map(mozilla::with_conditions).collect();
    assert!(entries.iter().any(|entry| entry.distrust_after().is_some()));
    assert!(entries.iter().any(|entry| entry.name_constraints().is_some()));
    let forms = [(false, false), (false, true), (true, false), (true, true)];
    for (options, (is_named, is_certified)) in all_options().into_iter().zip(forms) {
        assert_is_read_alike(&blob_v2(&entries, options), &entries, is_named, is_certified);
    }
}

#[test]
fn mozillas_list_is_read_alike_in_version_1() {
    let ders: Vec<_> = TLS_SERVER_ROOT_CERTS.iter().map(|der| der.to_vec()).collect();
    let certificates = certificates(&ders);
    let entries: Vec<_> = certificates
        .iter()
        .copied()
        .map(Entry::from_certificate)
        .collect();
    assert_is_read_alike(&blob_v1(&certificates), &entries, true, true);
}

#[test]
fn every_kind_of_anchor_is_read_alike() {
    let ders = kinds();
    let certificates = certificates(&ders);
    let entries = conditioned(&certificates);
    let of_one_name = |entry: &&Entry<'_>| entry.name_hash() == entries[2].name_hash();
    assert_eq!(entries.iter().filter(of_one_name).count(), 7);
    let everything = v2::Options::default().with_names(true).with_certificates(true);
    assert_is_read_alike(&blob_v2(&entries, everything), &entries, true, true);
    let plain: Vec<_> = certificates
        .iter()
        .copied()
        .map(Entry::from_certificate)
        .collect();
    assert_is_read_alike(&blob_v1(&certificates), &plain, true, true);
}

#[test]
fn a_blob_without_anchors_is_read_alike() {
    let all = v2::Options::default().with_names(true).with_certificates(true);
    for blob in [
        blob_v1(&[]),
        blob_v2(&[], v2::Options::default()),
        blob_v2(&[], all),
    ] {
        assert_is_read_alike(&blob, &[], true, true);
    }
}

/// Each byte changed in each bit and in all, a byte more at each place, and each cut, with the checksum and the length as
/// they must be; and where that is.
fn mended_damage(blob: &[u8]) -> Vec<(usize, Vec<u8>)> {
    let places = || 0x1c..blob.len();
    let changes = (0..8).map(|bit| 1 << bit).chain([0xff]);
    let changed = (6..blob.len()).flat_map(|at| {
        changes.clone().map(move |change: u8| {
            let mut changed = blob.to_vec();
            changed[at] ^= change;
            (at, changed)
        })
    });
    let longer = places().map(|at| (at, [&blob[..at], &[0], &blob[at..]].concat()));
    let cut = places().map(|at| (at, blob[..at].to_vec()));
    let damaged = changed.chain(longer).chain(cut);
    damaged.map(|(at, blob)| (at, mended(blob))).collect()
}

/// For each of these whether the readers in Rust and in C take it. What C takes it has looked all anchors up in.
fn accepted(blobs: &[Vec<u8>]) -> Vec<(bool, bool)> {
    let commands: String = blobs.iter().map(|blob| open(blob)).collect();
    let Some(answers) = answers(&commands) else {
        return Vec::new();
    };
    assert_eq!(answers.len(), blobs.len());
    let judged = blobs.iter().zip(&answers).map(|(blob, answer)| {
        let rust = TrustBlob::open(blob).ok().map(|blob| blob.len());
        let is_accepted = answer.starts_with("opened");
        if let Some(count) = rust.filter(|_| is_accepted) {
            assert!(
                answer.ends_with(&format!(" count={count} found={count}")),
                "{answer}"
            );
        }
        (rust.is_some(), is_accepted)
    });
    judged.collect()
}

#[test]
fn any_single_byte_changed_and_any_cut_is_an_error_in_version_2() {
    let ders = small();
    let certificates = certificates(&ders);
    let entries = conditioned(&certificates);
    let [bare, .., full] = all_options();
    for blob in [blob_v2(&entries, bare), blob_v2(&entries[..1], full)] {
        let Some(answers) = answers(&(open(&blob) + "damage\n")) else {
            return;
        };
        assert_eq!(answers[1], "accepted changes=0 cuts=0");
    }
}

/// Version 1 has no checksum: what is changed may be accepted, but must be read within its bounds.
#[test]
fn a_change_in_version_1_makes_nobody_read_beyond_its_end() {
    let ders = small();
    let blob = blob_v1(&certificates(&ders[..1]));
    let Some(answers) = answers(&(open(&blob) + "damage\n")) else {
        return;
    };
    assert!(answers[1].ends_with(" cuts=0"), "{}", answers[1]);
}

#[test]
fn a_change_with_the_right_checksum_is_judged_alike() {
    let ders = small();
    let certificates = certificates(&ders);
    let entries = conditioned(&certificates);
    let [bare, with_certificates, with_names, _] = all_options().map(|options| blob_v2(&entries, options));
    let empty = blob_v2(&[], all_options()[2]);
    let v1 = blob_v1(&certificates[..2]);
    let certificates_of_v1 = 0x1c..0x1c + ders[0].len() + ders[1].len();
    // Of certificates the reader in C reads less, and so takes more.
    let everywhere = 0..with_certificates.len();
    for (blob, lenient) in [
        (bare, 0..0),
        (with_names, 0..0),
        (empty, 0..0),
        (v1, certificates_of_v1),
        (with_certificates, everywhere),
    ] {
        let (places, damaged): (Vec<_>, Vec<_>) = mended_damage(&blob).into_iter().unzip();
        for ((at, damaged), (rust, c)) in places.iter().zip(&damaged).zip(accepted(&damaged)) {
            let may_differ = lenient.contains(at);
            assert!(
                rust == c || (c && may_differ),
                "{at}: {rust}, {c}: {}",
                hex(damaged)
            );
        }
    }
}

fn be32(number: usize) -> [u8; 4] {
    u32::try_from(number).unwrap().to_be_bytes()
}

/// A blob of version 2 with these sections.
fn assembled(count: usize, sections: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
    let number_of_sections = u16::try_from(sections.len()).unwrap().to_be_bytes();
    let mut blob = [b"TBLB\0\x02", &number_of_sections[..], &[0; 8], &be32(count)].concat();
    let mut at = blob.len() + 12 * sections.len();
    for (tag, content) in sections {
        blob.extend([**tag, be32(at), be32(content.len())].concat());
        at += content.len();
    }
    sections.iter().for_each(|(_, content)| blob.extend(content));
    mended([blob, vec![0; 4]].concat())
}

#[test]
fn sections_come_in_any_order_and_each_once_and_others_are_passed_over() {
    let index = || (b"NAMX", vec![0; 8]);
    let none = |tag| (tag, Vec::new());
    let (anchors, key_ids) = (|| none(b"ANCH"), || none(b"SKIX"));
    let good = [
        vec![anchors(), index(), key_ids()],
        vec![key_ids(), none(b"NAME"), anchors(), none(b"CERT"), index()],
        vec![
            none(b"SIGN"),
            anchors(),
            (b"SIGN", vec![1, 2, 3]),
            index(),
            key_ids(),
        ],
    ];
    let bad = [
        vec![],
        vec![anchors(), index()],
        vec![anchors(), key_ids()],
        vec![index(), key_ids()],
        vec![anchors(), index(), key_ids(), key_ids()],
        vec![anchors(), index(), key_ids(), none(b"NAME"), none(b"NAME")],
        vec![anchors(), index(), key_ids(), (b"CERT", vec![0])],
    ];
    let blobs: Vec<_> = good
        .iter()
        .chain(&bad)
        .map(|sections| assembled(0, sections))
        .collect();
    for (number, judged) in accepted(&blobs).into_iter().enumerate() {
        let is_good = number < good.len();
        assert_eq!(judged, (is_good, is_good), "{number}");
    }
}

#[test]
fn more_than_8_of_one_name_are_refused_by_both() {
    let under_one_name = |count: usize| {
        // Each with a serial number of one byte, its own.
        let record = |position: usize| {
            let lengths = [0, 0, 1, 0, u8::try_from(position).unwrap()];
            [&[0, 0][..], &be32(position), &[0; 10], &lengths].concat()
        };
        let slot = |position| [&[7; 16][..], &be32(21 * position)].concat();
        let records = (0..count).flat_map(record).collect();
        let index = [&be32(0)[..], &be32(count)].concat();
        let index = index.into_iter().chain((0..count).flat_map(slot)).collect();
        assembled(
            count,
            &[(b"ANCH", records), (b"NAMX", index), (b"SKIX", Vec::new())],
        )
    };
    let judged = accepted(&[1, 8, 9].map(under_one_name));
    if !judged.is_empty() {
        assert_eq!(judged, [(true, true), (true, true), (false, false)]);
    }
}

#[test]
fn what_the_document_has_in_c_is_in_the_reader() {
    let read = |path: &str| fs::read_to_string(Path::new(SOURCES).join(path)).unwrap();
    let (document, reader) = (read("../../docs/trust-blob.md"), read("tests/c-reader/reader.c"));
    let (_, snippet) = document.split_once("```c\n").unwrap();
    let (snippet, _) = snippet.split_once("```").unwrap();
    assert!(reader.contains(snippet));
}
