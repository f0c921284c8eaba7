//! Makes the pool of certificates and the beginnings of the corpus anew, all of it our own. The keys are new each time,
//! so that everything that was found since by fuzzing with the old pool loses its worth.
#![forbid(unsafe_code)]

use std::fs;
use std::path::Path;

use jit_trust_bundle::{BlobOptions, BlobVersion, Conditions, Root, encode_blob};
use jit_trust_core::Certificate;
use jit_trust_fuzz::list::GENERATION;
use jit_trust_fuzz::{pieces, pool, webroot};
use jit_trust_lab::pki::der::{context, integer, object_identifier, octet_string, sequence, set};
use jit_trust_lab::pki::{
    AuthorityKeyId, BasicConstraints, Ca, CertificateBuilder, DAY, Extension, KeyUsage, Leaf, Name,
    SubjectKeyId, YEAR, dns_name_constraints, garbage, pem,
};

const TIME: i64 = pool::TIME as i64;

fn main() {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let pool = Pool::new();
    let certificates = pool.certificates();
    fs::write(package.join("pool.bin"), pieces::join(&certificates)).expect("a file of the package");

    let corpus = Corpus(package.join("corpus"));
    for (index, der) in certificates.iter().enumerate() {
        corpus.add("certificate", &format!("pool-{index:02}"), der);
    }
    chains(&corpus, &certificates);
    blobs(&corpus, &certificates);
    lists(&corpus, &certificates[..4]);
    directories(&corpus, &certificates);
    webroots(&corpus, &certificates);
    verdicts(&corpus);
}

struct Corpus(std::path::PathBuf);

impl Corpus {
    fn add(&self, target: &str, name: &str, bytes: &[u8]) {
        let directory = self.0.join(target);
        fs::create_dir_all(&directory).expect("a directory of the package");
        fs::write(directory.join(name), bytes).expect("a file of the package");
    }
}

fn ca(name: impl Into<Name>) -> CertificateBuilder<Ca> {
    valid(Ca::builder(name))
}

fn leaf(names: &[&str]) -> CertificateBuilder<Leaf> {
    valid(Leaf::builder(names))
}

fn valid<T>(builder: CertificateBuilder<T>) -> CertificateBuilder<T> {
    builder.validity(TIME - YEAR, TIME + YEAR)
}

/// Everything that a chain may be made of.
struct Pool {
    roots: [Ca; pool::ROOTS],
    others: Vec<Vec<u8>>,
}

impl Pool {
    fn new() -> Self {
        let old = ca("Old Root").self_signed();
        let new = ca("New Root").subject_key_id(SubjectKeyId::Absent).self_signed();
        let twins = [ca("Twin").self_signed(), ca("Twin").self_signed()];
        let constrained = ca("Constrained Root")
            .name_constraints(&["a.test"], &[])
            .self_signed();
        let no_ca = ca("No CA")
            .basic_constraints(BasicConstraints::NotCa)
            .self_signed();

        let issuing = ca("CA").issued_by(&new);
        let expired = valid(new.reissue())
            .validity(TIME - YEAR, TIME - DAY)
            .issued_by(&old);
        let renamed = valid(old.reissue()).subject("Other Name").self_signed();
        let copy = SubjectKeyId::Bytes(old.subject_key_id().expect("it has one").to_vec());
        let copy = ca("Old Root").subject_key_id(copy).self_signed();
        let short = ca("Short")
            .basic_constraints(BasicConstraints::Ca { path_length: Some(0) })
            .issued_by(&old);
        let below = ca("Below").issued_by(&short);
        let elsewhere = ca("Elsewhere")
            .name_constraints(&["b.test"], &["a.test"])
            .issued_by(&twins[1]);
        let cas = [
            issuing.clone(),
            valid(new.reissue()).issued_by(&old),
            valid(old.reissue()).issued_by(&new),
            expired,
            renamed.clone(),
            copy.clone(),
            short,
            below.clone(),
            elsewhere.clone(),
            ca("No Signing").key_usage(&[KeyUsage::CrlSign]).issued_by(&old),
            ca("Version 1").version_1().issued_by(&old),
        ];
        let both = AuthorityKeyId::Parts(Some(vec![9; 20]), Some((old.name().clone(), vec![1, 2, 3])));
        let critical = Extension::new("1.2.3.4", true, &[]);
        let leaves = [
            leaf(&["a.test", "192.0.2.1"]).issued_by(&issuing),
            leaf(&["a.test"]).issued_by(&old),
            leaf(&["a.test", "b.test"]).issued_by(&twins[0]),
            leaf(&["a.test"]).authority_key_id(both).issued_by(&twins[1]),
            leaf(&["*.b.test", "b.test"]).issued_by(&constrained),
            leaf(&["a.test"])
                .authority_key_id(AuthorityKeyId::IssuerAndSerial)
                .issued_by(&no_ca),
            leaf(&["a.test"]).issued_by(&renamed),
            leaf(&["a.test"]).issued_by(&copy),
            leaf(&["a.test"]).issued_by(&below),
            leaf(&["b.test", "a.test"]).issued_by(&elsewhere),
            leaf(&["a.test"]).forged().issued_by(&old),
            leaf(&["a.test"]).extension(critical).issued_by(&old),
            leaf(&["a.test"])
                .extended_key_usage(&["1.3.6.1.5.5.7.3.2"])
                .issued_by(&old),
            leaf(&["a.test"]).serial(&[0]).version_1().issued_by(&old),
            leaf(&["a.test"])
                .validity(TIME - YEAR + 1, TIME + YEAR)
                .issued_by(&old),
            leaf(&["a.test"]).validity(-1, TIME + YEAR).issued_by(&old),
        ];
        let ders = cas.iter().map(|ca| ca.der().to_vec());
        let ders = ders.chain(leaves.iter().map(|leaf| leaf.der().to_vec()));
        let junk = [garbage::sequence_of_noise(40).to_vec(), Vec::new()];
        let [first, second] = twins;
        Self {
            roots: [old, new, first, second, constrained, no_ca],
            others: ders.chain(junk).collect(),
        }
    }

    fn certificates(&self) -> Vec<Vec<u8>> {
        let roots = self.roots.iter().map(|root| root.der().to_vec());
        roots.chain(self.others.iter().cloned()).collect()
    }
}

/// Where the leaves begin in the pool, and how many there are.
const LEAVES: std::ops::Range<usize> = 17..33;

fn chains(corpus: &Corpus, certificates: &[Vec<u8>]) {
    for leaf in LEAVES.step_by(2) {
        let sent = [leaf, 6, 7, 8, 0, 33].map(|index| certificates[index].as_slice());
        corpus.add("chain", &format!("leaf-{leaf}"), &pieces::join(&sent));
    }
    let loops = [17, 6, 7, 8, 7, 8, 1].map(|index| certificates[index].as_slice());
    corpus.add("chain", "loop", &pieces::join(&loops));
    corpus.add("chain", "everything", &pieces::join(certificates));
    let too_many = vec![certificates[30].as_slice(); 65];
    corpus.add("chain", "too-many", &pieces::join(&too_many));
}

/// The forms of a blob, and of which roots there is one of each.
fn blobs(corpus: &Corpus, certificates: &[Vec<u8>]) {
    let options = BlobOptions::default();
    let forms = [
        ("version-1", options.with_version(BlobVersion::V1)),
        ("bare", options),
        ("names", options.with_names(true)),
        ("certificates", options.with_certificates(true)),
        ("all", options.with_names(true).with_certificates(true)),
    ];
    let sets: [&[usize]; 4] = [&[1], &[0, 1, 12], &[2, 3, 4], &[5, 16, 4, 8, 0, 2, 1]];
    for (number, set) in sets.into_iter().enumerate() {
        let roots = set.iter().zip(0..).map(|(index, place)| {
            let mut conditions = Conditions::default();
            conditions.distrust_after = (place % 3 == 1).then_some(pool::LEAVES_NOT_BEFORE);
            conditions.name_constraints = (place % 4 == 2).then(|| b"\xa0\x07\x30\x05\x82\x03.tr".to_vec());
            root(&certificates[*index], conditions)
        });
        let roots: Vec<_> = roots.collect();
        for (form, options) in forms {
            let mut blob = encode_blob(&roots, GENERATION, options).expect("few roots").bytes;
            // What is asked for: the pool's certificate of that number, twice, the checksum being put right.
            blob.push((set[0] * 2) as u8);
            corpus.add("blob", &format!("set-{number}-{form}"), &blob);
            if number != 1 {
                corpus.add("blob_input", &format!("set-{number}-{form}"), &blob);
            }
        }
    }
}

fn root(der: &[u8], conditions: Conditions) -> Root {
    Root::new(der.to_vec(), conditions).expect("a certificate")
}

/// Files in each of the folders; see the target for what the bytes mean.
fn directories(corpus: &Corpus, certificates: &[Vec<u8>]) {
    let blob = |root: &Root| {
        let blob = encode_blob(std::slice::from_ref(root), GENERATION, BlobOptions::default());
        blob.expect("one root").bytes
    };
    let in_pem = pem(&[&certificates[0], &certificates[1]]).into_bytes();
    let in_blob = blob(&root(&certificates[2], Conditions::default()));
    let files = [
        vec![in_pem, certificates[2].clone()],
        certificates[..2].to_vec(),
        certificates[1..3].to_vec(),
        vec![in_blob],
    ];
    for (folder, files) in (0_u8..).zip(files) {
        let seed = [&[folder][..], &pieces::join(&files)].concat();
        corpus.add("directory", &format!("folder-{folder}"), &seed);
    }
    let clutter = [
        pem(&[&certificates[0]]).into_bytes(),
        b"see the manual".to_vec(),
        b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n".to_vec(),
        Vec::new(),
        pem(&[&certificates[1], &certificates[0]]).into_bytes(),
        certificates[1].clone(),
    ];
    corpus.add(
        "directory",
        "clutter",
        &[&[0][..], &pieces::join(&clutter)].concat(),
    );
}

fn lists(corpus: &Corpus, roots: &[Vec<u8>]) {
    let all = pem(roots);
    corpus.add("pem", "one", pem(&roots[..1]).as_bytes());
    corpus.add("pem", "all", all.as_bytes());
    corpus.add(
        "pem",
        "twice",
        (pem(&roots[..1]) + "text\n" + &pem(&roots[..1])).as_bytes(),
    );
    corpus.add("pem", "crlf", pem(&roots[..1]).replace('\n', "\r\n").as_bytes());
    corpus.add(
        "pem",
        "other-labels",
        pem(&roots[..1]).replace("BEGIN C", "BEGIN TRUSTED C").as_bytes(),
    );
    corpus.add("pem", "cut", &all.as_bytes()[..200]);
    let other = pem(&roots[..1]).replace(" CERTIFICATE-", " X509 CRL-");
    corpus.add("pem", "other-section", (other + &pem(&roots[1..2])).as_bytes());
    corpus.add("pem", "der", &roots[0]);
    let prose =
        "# BEGIN company root certificate\n\u{feff}".to_owned() + &pem(&roots[..1]) + "# END CERTIFICATE\n";
    corpus.add("pem", "prose", prose.as_bytes());
    let commented = all.replace('\n', "\n# ") + "\n" + &pem(&roots[..1]);
    corpus.add("pem", "commented-out", commented.as_bytes());
    for (name, settings) in [
        (
            "trusted",
            &[0x30, 0x0c, 0x30, 0x0a, 6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 1][..],
        ),
        (
            "rejected",
            &[0x30, 0x0c, 0xa0, 0x0a, 6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 1],
        ),
    ] {
        let trusted = pem(&[[&roots[0], settings].concat()]).replace(" CERTIFICATE", " TRUSTED CERTIFICATE");
        corpus.add("pem", name, (trusted + &pem(&roots[1..2])).as_bytes());
    }
    let signed_data = signed_data(&roots[..3]);
    corpus.add("pem", "signed-data", &signed_data);
    corpus.add(
        "pem",
        "signed-data-in-pem",
        pem(&[signed_data]).replace(" CERTIFICATE", " PKCS7").as_bytes(),
    );
    corpus.add("pem", "p11-kit", p11_kit(roots).as_bytes());

    corpus.add(
        "certdata",
        "one",
        certdata(&roots[..1], "CK_BBOOL CK_FALSE\n").as_bytes(),
    );
    let date = octal_lines(b"251130235959Z");
    corpus.add("certdata", "with-date", certdata(&roots[..2], &date).as_bytes());
    let not_for_servers = certdata(&roots[..2], &date).replacen("TRUSTED_DELEGATOR", "MUST_VERIFY_TRUST", 1);
    corpus.add("certdata", "one-not-for-servers", not_for_servers.as_bytes());

    corpus.add("ccadb", "one", ccadb(&roots[..1], "", "").as_bytes());
    corpus.add(
        "ccadb",
        "two",
        ccadb(&roots[..2], "2025.11.30", "*.a.test, b.test").as_bytes(),
    );
    let same = ccadb(&roots[..1], "2025.11.30", "")
        + ccadb(&roots[..1], "", "b.test")
            .split_once('\n')
            .expect("a header")
            .1;
    corpus.add("ccadb", "same-root-twice", same.as_bytes());
    let rows = |columns: &str| -> String {
        let rows = roots[..2]
            .iter()
            .map(|der| format!("{columns}\"'{}'\"\n", pem(&[der]).trim_end()));
        rows.collect()
    };
    let header = "Mozilla Applied Constraints,Distrust for TLS After Date,PEM\n";
    corpus.add(
        "ccadb",
        "conditions-alone",
        (header.to_owned() + &rows("*.a.test,2025.11.30,")).as_bytes(),
    );
    corpus.add(
        "ccadb",
        "pem-alone",
        ("\"PEM\"\n".to_owned() + &rows("")).as_bytes(),
    );
    let header = "Microsoft Status,Microsoft EKUs,PEM Info\n";
    let microsoft = header.to_owned() + &rows("Included,Secure Email;Server Authentication,");
    corpus.add("ccadb", "microsoft", microsoft.as_bytes());
}

/// PKCS #7 of these certificates alone.
fn signed_data(roots: &[Vec<u8>]) -> Vec<u8> {
    let empty = [sequence(&[&object_identifier("1.2.840.113549.1.7.1")]), set(&[])];
    let certificates = context(0, &roots.concat());
    let content = sequence(&[&integer(&[1]), &empty[1], &empty[0], &certificates, &empty[1]]);
    sequence(&[&object_identifier("1.2.840.113549.1.7.2"), &context(0, &content)])
}

/// The form of p11-kit's list: one root with a date, one with constraints, one for other purposes, one distrusted.
fn p11_kit(roots: &[Vec<u8>]) -> String {
    let attributes = [
        "trusted: true\nnss-server-distrust-after: \"251130235959Z\"\n",
        "trusted: true\n",
        "trusted: true\nnss-server-distrust-after: false\n",
        "x-distrusted: true\n",
    ];
    let certificates = roots.iter().zip(attributes).map(|(der, attributes)| {
        format!(
            "[p11-kit-object-v1]\nlabel: \"a root\"\n{attributes}{}\n",
            pem(&[der])
        )
    });
    let constraints = sequence(&[&dns_name_constraints(&["tr"], &[] as &[&str])]);
    let purposes = sequence(&[&object_identifier("1.3.6.1.5.5.7.3.3")]);
    let extensions = [("2.5.29.30", constraints), ("2.5.29.37", purposes)];
    let extensions = roots[1..].iter().zip(extensions).map(|(der, (id, value))| {
        let certificate = Certificate::from_der(der).expect("a root");
        let extension = sequence(&[&object_identifier(id), &octet_string(&value)]);
        let bytes: String = extension.iter().map(|byte| format!("%{byte:02x}")).collect();
        format!(
            "[p11-kit-object-v1]\nclass: x-certificate-extension\nobject-id: {id}\nvalue: \"{bytes}\"\n{}\n",
            pem(&[certificate.spki()]).replace(" CERTIFICATE", " PUBLIC KEY")
        )
    });
    certificates.chain(extensions).collect()
}

/// The form of NSS's file.
fn certdata(roots: &[Vec<u8>], date: &str) -> String {
    let mut text = "# Ours.\nBEGINDATA\nCKA_CLASS CK_OBJECT_CLASS CKO_NSS_BUILTIN_ROOT_LIST\n".to_owned();
    for der in roots {
        let certificate = Certificate::from_der(der).expect("a root");
        let serial = [&[2, certificate.serial().len() as u8], certificate.serial()].concat();
        let key = format!(
            "CKA_LABEL UTF8 \"{}\"\nCKA_ISSUER {}CKA_SERIAL_NUMBER {}",
            certificate.subject(),
            octal_lines(certificate.issuer().as_der()),
            octal_lines(&serial),
        );
        text += &format!(
            "\nCKA_CLASS CK_OBJECT_CLASS CKO_CERTIFICATE\n{key}CKA_VALUE {}CKA_NSS_SERVER_DISTRUST_AFTER {date}\n\
             CKA_CLASS CK_OBJECT_CLASS CKO_NSS_TRUST\n{key}CKA_TRUST_SERVER_AUTH CK_TRUST CKT_NSS_TRUSTED_DELEGATOR\n",
            octal_lines(der),
        );
    }
    text
}

fn octal_lines(bytes: &[u8]) -> String {
    let line = |line: &[u8]| {
        line.iter()
            .map(|byte| format!("\\{byte:03o}"))
            .collect::<String>()
            + "\n"
    };
    let lines: String = bytes.chunks(16).map(line).collect();
    format!("MULTILINE_OCTAL\n{lines}END\n")
}

/// The form of CCADB's report.
fn ccadb(roots: &[Vec<u8>], distrust_after: &str, constraints: &str) -> String {
    let columns = "SHA-256 Fingerprint,Trust Bits,Distrust for TLS After Date,Mozilla Applied Constraints,Mozilla Status,\
                   PEM Info\n";
    let rows = roots.iter().map(|der| {
        let fingerprint = root(der, Conditions::default()).fingerprint();
        let fingerprint = fingerprint.expect("it has a certificate");
        let pem = pem(&[der]);
        format!(
            "{fingerprint},Email;Websites,{distrust_after},\"{constraints}\",Included,\"'{}'\"\n",
            pem.trim_end()
        )
    });
    columns.to_owned() + &rows.collect::<String>()
}

fn webroots(corpus: &Corpus, certificates: &[Vec<u8>]) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("webroot");
    let write = |version: BlobVersion, roots: &[Root], name: &str| {
        webroot::write(&path, version, roots);
        let index = fs::read(path.join("index.json")).expect("its index");
        corpus.add("webroot", name, &index);
    };
    for (version, with_conditions) in webroot::FORMS {
        let conditions = if with_conditions { "-with-conditions" } else { "" };
        let name = format!("version-{version}{conditions}");
        write(version, &webroot::roots(certificates, with_conditions), &name);
    }
    write(
        BlobVersion::V2,
        &webroot::roots(certificates, false)[..1],
        "of-another-webroot",
    );
    // The blobs of version 1 lack conditions, and the index may have some.
    write(
        BlobVersion::V1,
        &webroot::roots(certificates, true),
        "version-1-with-conditions",
    );
    corpus.add(
        "webroot",
        "no-roots",
        br#"{"format": "jit-trust webroot", "version": 1}"#,
    );
}

/// Each leaf with some CAs, whatever is trusted; see the target for what the bytes mean.
fn verdicts(corpus: &Corpus) {
    for (number, leaf) in (0_u8..).zip(LEAVES) {
        let leaf = leaf as u8;
        for conditions in [0, 1, 2 + number, 31 - number] {
            let good = [63, conditions, 0, leaf, 0, 6, 0, 7, 0, 12, 0, 13, 0, 14, 0];
            corpus.add("verdict", &format!("leaf-{leaf}-under-{conditions}"), &good);
        }
        let changed = [
            63,
            number,
            16 + number % 8,
            leaf,
            129,
            0,
            60,
            3,
            number,
            6,
            0,
            8,
            0,
        ];
        corpus.add("verdict", &format!("leaf-{leaf}-changed"), &changed);
    }
    let most: Vec<u8> = (0..64).flat_map(|number| [17 + number % 14, 0]).collect();
    corpus.add("verdict", "most", &[&[63, 0, 0], most.as_slice()].concat());
}
