//! Lists of roots in their published forms, made on the spot.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use jit_trust_bundle::{
    BlobOptions, BlobVersion, Conditions, Input, InputError, Policy, Root, RootList, encode_blob, read,
};
use jit_trust_core::Certificate;
use jit_trust_lab::pki::{Ca, pem};
use pki_types::CertificateDer;
use webpki_root_certs::TLS_SERVER_ROOT_CERTS;

/// 2026-05-01T00:00:00Z.
pub(crate) const GENERATION: u32 = 1_777_593_600;

/// 2024-11-30T23:59:59Z, as certdata.txt and CCADB write it, and in Unix time.
pub(crate) const DISTRUST_UTC_TIME: &str = "241130235959Z";
pub(crate) const DISTRUST_DAY: &str = "2024.11.30";
pub(crate) const DISTRUST_AFTER: u64 = 1_733_011_199;

/// The constraints of a root that is trusted for names below `tr` alone.
pub(crate) const BELOW_TR: &[u8] = b"\xa0\x07\x30\x05\x82\x03.tr";

/// The first few of Mozilla's roots.
pub(crate) fn roots(count: usize) -> Vec<Root> {
    let roots = TLS_SERVER_ROOT_CERTS.iter().take(count);
    roots
        .map(|der| Root::new(der.clone(), Conditions::default()).unwrap())
        .collect()
}

pub(crate) fn root_of(ca: &Ca) -> Root {
    Root::new(ca.der(), Conditions::default()).unwrap()
}

pub(crate) fn content(bytes: impl Into<Vec<u8>>) -> Input {
    Input::Bytes {
        name: "list".to_owned(),
        bytes: bytes.into(),
    }
}

pub(crate) fn read_strictly(bytes: impl Into<Vec<u8>>) -> Result<RootList, InputError> {
    read(&[content(bytes)], Policy::Strict)
}

pub(crate) fn read_path(path: &Path) -> Result<RootList, InputError> {
    read(&[Input::Path(path.to_owned())], Policy::Strict)
}

/// The one line that a user gets to see.
pub(crate) fn refusal(result: Result<RootList, InputError>) -> String {
    let line = result.expect_err("the input is refused").to_string();
    assert!(!line.contains('\n'), "{line:?}");
    line
}

pub(crate) fn der_of(root: &Root) -> &CertificateDer<'static> {
    root.der().expect("the certificate is known")
}

pub(crate) fn certificate_of(root: &Root) -> Certificate<'_> {
    root.certificate().expect("the certificate is known")
}

pub(crate) fn sha256_of(root: &Root) -> String {
    root.fingerprint().expect("the certificate is known").to_string()
}

/// These roots with what Mozilla might say about each.
pub(crate) fn with(root: &Root, distrust_after: Option<u64>, name_constraints: Option<&[u8]>) -> Root {
    let mut conditions = Conditions::default();
    conditions.distrust_after = distrust_after;
    conditions.name_constraints = name_constraints.map(<[u8]>::to_vec);
    Root::new(der_of(root).clone(), conditions).unwrap()
}

/// A trust blob of version 1.
pub(crate) fn blob_v1(roots: &[Root]) -> Vec<u8> {
    let options = BlobOptions::default().with_version(BlobVersion::V1);
    encode_blob(roots, GENERATION, options).unwrap().bytes
}

/// A trust blob of version 2 without optional sections.
pub(crate) fn blob(roots: &[Root]) -> Vec<u8> {
    encode_blob(roots, GENERATION, BlobOptions::default())
        .unwrap()
        .bytes
}

pub(crate) fn pem_of(roots: &[Root]) -> String {
    let ders: Vec<_> = roots.iter().map(|root| der_of(root).clone()).collect();
    pem(&ders)
}

/// A root of a list that says more than its certificate.
pub(crate) struct Listed<'a> {
    pub(crate) root: &'a Root,
    pub(crate) for_servers: bool,
    pub(crate) has_date: bool,
}

pub(crate) fn all_trusted(roots: &[Root]) -> Vec<Listed<'_>> {
    let trusted = |root| Listed {
        root,
        for_servers: true,
        has_date: false,
    };
    roots.iter().map(trusted).collect()
}

/// NSS's form.
pub(crate) fn certdata(list: &[Listed<'_>]) -> String {
    let mut text =
        "# The licence.\n\nBEGINDATA\nCKA_CLASS CK_OBJECT_CLASS CKO_NSS_BUILTIN_ROOT_LIST\n".to_owned();
    for Listed {
        root,
        for_servers,
        has_date,
    } in list
    {
        let certificate = certificate_of(root);
        let serial = certificate.serial();
        let key = format!(
            "CKA_LABEL UTF8 \"{}\"\n{}{}",
            certificate.subject(),
            octal("CKA_ISSUER", certificate.issuer().as_der()),
            octal(
                "CKA_SERIAL_NUMBER",
                &[&[0x02, u8::try_from(serial.len()).unwrap()], serial].concat()
            ),
        );
        let value = octal("CKA_VALUE", der_of(root));
        let date = match has_date {
            true => octal("CKA_NSS_SERVER_DISTRUST_AFTER", DISTRUST_UTC_TIME.as_bytes()),
            false => "CKA_NSS_SERVER_DISTRUST_AFTER CK_BBOOL CK_FALSE\n".to_owned(),
        };
        let trust = match for_servers {
            true => "CKT_NSS_TRUSTED_DELEGATOR",
            false => "CKT_NSS_MUST_VERIFY_TRUST",
        };
        write!(
            text,
            "\n# A root.\nCKA_CLASS CK_OBJECT_CLASS CKO_CERTIFICATE\n{key}{value}{date}\n\
             # Its trust.\nCKA_CLASS CK_OBJECT_CLASS CKO_NSS_TRUST\n{key}\
             CKA_TRUST_SERVER_AUTH CK_TRUST {trust}\n"
        )
        .unwrap();
    }
    text
}

pub(crate) fn octal(name: &str, bytes: &[u8]) -> String {
    let mut text = format!("{name} MULTILINE_OCTAL\n");
    for line in bytes.chunks(16) {
        let line: String = line.iter().map(|byte| format!("\\{byte:03o}")).collect();
        text.push_str(&line);
        text.push('\n');
    }
    text + "END\n"
}

/// CCADB's form, with some of its other columns.
pub(crate) fn ccadb(list: &[Listed<'_>]) -> String {
    let columns = [
        "Owner",
        "Common Name or Certificate Name",
        "SHA-256 Fingerprint",
        "Trust Bits",
        "Distrust for TLS After Date",
        "Mozilla Applied Constraints",
        "PEM Info",
    ];
    let mut csv = csv_row(&columns);
    for listed in list {
        let name = listed.root.label();
        csv += &csv_row(&[
            "An \"owner\", quoted",
            &name,
            &sha256_of(listed.root).to_uppercase(),
            if listed.for_servers {
                "Email;Websites"
            } else {
                "Email"
            },
            if listed.has_date { DISTRUST_DAY } else { "" },
            "",
            &format!("'{}'", pem_of(std::slice::from_ref(listed.root)).trim_end()),
        ]);
    }
    csv
}

pub(crate) fn csv_row(fields: &[&str]) -> String {
    let quoted: Vec<_> = fields
        .iter()
        .map(|field| format!("\"{}\"", field.replace('"', "\"\"")))
        .collect();
    quoted.join(",") + "\n"
}

/// NSS's own file, where it is; without it a test is skipped, which `CI` does not allow.
pub(crate) fn nss_certdata() -> Option<(PathBuf, Vec<u8>)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/certdata.txt");
    match std::fs::read(&path) {
        Ok(bytes) => Some((path, bytes)),
        Err(error) if std::env::var_os("CI").is_some() => panic!("{}: {error}", path.display()),
        Err(error) => {
            eprintln!("skipped: {}: {error}", path.display());
            None
        }
    }
}
