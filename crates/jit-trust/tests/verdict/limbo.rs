//! The cases of x509-limbo, <https://x509-limbo.com>.

use jit_trust_core::MAX_CERTIFICATES;
use std::collections::{BTreeMap, BTreeSet};

use jit_trust_lab::pki::{der, now};
use pki_types::CertificateDer;
use pki_types::pem::PemObject;
use rustls::crypto::aws_lc_rs;
use rustls::{CertificateError, Error};
use serde_json::Value;
use x509_parser::prelude::{ASN1Time, FromDer};

use crate::libraries::Compared;
use crate::question::{Reason, Request, Verdict};
use crate::root::TrustedRoot;
use crate::stores;
use crate::verifiers::Verifiers;

/// The cases in which the verdict is not the expected one, and why. It is webpki's in all of them.
const DEVIATIONS: &[(&str, &str)] = &[
    // webpki does not treat self-issued certificates apart, as RFC 5280 does.
    ("pathlen::self-issued-certs-pathlen", SELF_ISSUED),
    ("rfc5280::nc::permitted-self-issued", SELF_ISSUED),
    // It refuses these, and a client that does is stricter than RFC 5280.
    ("rfc5280::ca-as-leaf", "a certificate of a CA is no server's"),
    (
        "rfc5280::nc::permitted-dn-match",
        "constraints on directory names are not supported",
    ),
    // An anchor is a name, a key and name constraints: nothing else in a root's certificate is looked at.
    ("rfc5280::aki::critical-aki", OF_THE_ROOT),
    ("rfc5280::root-inconsistent-ca-extensions", OF_THE_ROOT),
    ("rfc5280::unknown-critical-extension-root", OF_THE_ROOT),
    ("webpki::aki::root-with-aki-authoritycertissuer", OF_THE_ROOT),
    (
        "webpki::aki::root-with-aki-authoritycertserialnumber",
        OF_THE_ROOT,
    ),
    ("webpki::aki::root-with-aki-ski-mismatch", OF_THE_ROOT),
    ("webpki::eku::root-has-eku", OF_THE_ROOT),
    ("webpki::forbidden-rsa-not-divisible-by-8-in-root", OF_THE_ROOT),
    // What a CA must not issue, and a client need not look for.
    ("rfc5280::aki::leaf-missing-aki", OF_THE_ISSUER),
    ("rfc5280::ca-empty-subject", OF_THE_ISSUER),
    ("rfc5280::nc::not-allowed-in-ee-critical", OF_THE_ISSUER),
    ("rfc5280::nc::not-allowed-in-ee-noncritical", OF_THE_ISSUER),
    ("rfc5280::nc::permitted-dns-match-noncritical", OF_THE_ISSUER),
    ("rfc5280::san::underscore-dns", OF_THE_ISSUER),
    ("rfc5280::serial::zero", OF_THE_ISSUER),
    ("webpki::cn::case-mismatch", OF_THE_ISSUER),
    ("webpki::cn::punycode-not-in-san", OF_THE_ISSUER),
    ("webpki::cn::utf8-vs-punycode-mismatch", OF_THE_ISSUER),
    ("webpki::eku::ee-anyeku", OF_THE_ISSUER),
    ("webpki::forbidden-dsa-leaf", OF_THE_ISSUER),
    ("webpki::malformed-aia", OF_THE_ISSUER),
    (
        "webpki::nc::intermediate-permitted-excluded-subtrees-both-null",
        OF_THE_ISSUER,
    ),
    ("webpki::san::san-critical-with-nonempty-subject", OF_THE_ISSUER),
    // Which suffixes are public is in no certificate.
    (
        "webpki::san::public-suffix-multi-label-wildcard-san",
        PUBLIC_SUFFIX,
    ),
    (
        "webpki::san::public-suffix-private-namespace-wildcard-san",
        PUBLIC_SUFFIX,
    ),
    // rustls has no setting for it.
    (
        "pathlen::max-chain-depth-0-exhausted",
        "the case limits the depth of the chain",
    ),
];

const SELF_ISSUED: &str = "a self-issued certificate is counted and constrained like any other";
const OF_THE_ROOT: &str = "of a root's certificate only the name, the key and the name constraints count";
const OF_THE_ISSUER: &str = "webpki leaves this rule to those who issue certificates";
const PUBLIC_SUFFIX: &str = "no list of public suffixes is asked";

/// The cases that OpenSSL and mbedTLS judge otherwise than webpki does, whether they accept them, and why:
/// `docs/tls-libraries.md` says it in words.
type Disagreement = (&'static str, &'static [&'static str], bool, &'static str);

const BOTH: &[&str] = &["OpenSSL", "mbedTLS"];
const OPENSSL: &[&str] = &["OpenSSL"];
const MBEDTLS: &[&str] = &["mbedTLS"];

const DISAGREEMENTS: &[Disagreement] = &[
    ("rfc5280::aki::critical-aki", BOTH, false, ROOT_JUDGED),
    (
        "rfc5280::root-inconsistent-ca-extensions",
        BOTH,
        false,
        ROOT_JUDGED,
    ),
    (
        "rfc5280::unknown-critical-extension-root",
        BOTH,
        false,
        ROOT_JUDGED,
    ),
    (
        "webpki::aki::root-with-aki-authoritycertissuer",
        OPENSSL,
        false,
        ROOT_JUDGED,
    ),
    (
        "webpki::aki::root-with-aki-authoritycertserialnumber",
        OPENSSL,
        false,
        ROOT_JUDGED,
    ),
    (
        "webpki::aki::root-with-aki-ski-mismatch",
        OPENSSL,
        false,
        ROOT_JUDGED,
    ),
    (
        "rfc5280::ca-empty-subject",
        BOTH,
        false,
        "a CA without a name issues nothing",
    ),
    (
        "rfc5280::nc::nc-forbids-alternate-chain-ica",
        BOTH,
        false,
        ONE_PATH,
    ),
    (
        "rfc5280::nc::permitted-dn-match",
        BOTH,
        true,
        "constraints on directory names are understood",
    ),
    (
        "rfc5280::nc::permitted-self-issued",
        BOTH,
        true,
        SELF_ISSUED_APART,
    ),
    (
        "pathlen::self-issued-certs-pathlen",
        OPENSSL,
        true,
        SELF_ISSUED_APART,
    ),
    ("webpki::ee-basicconstraints-ca", BOTH, true, CA_AS_SERVER),
    (
        "webpki::san::no-san",
        BOTH,
        true,
        "without alternative names, the common name counts",
    ),
    (
        "cve::cve-2025-61727",
        OPENSSL,
        true,
        "a wildcard is compared with an excluded name as it stands",
    ),
    (
        "rfc5280::nc::nc-permits-invalid-dns-san",
        OPENSSL,
        true,
        "an invalid DNS name is no host, and no matter",
    ),
    (
        "rfc5280::validity::notafter-fractional",
        OPENSSL,
        false,
        "fractions of seconds are refused",
    ),
    (
        "rfc5280::nc::invalid-email-address",
        MBEDTLS,
        true,
        "an invalid address is not constrained, and no matter",
    ),
    (
        "rfc5280::nc::not-allowed-in-ee-critical",
        MBEDTLS,
        false,
        UNREADABLE,
    ),
    (
        "webpki::nc::intermediate-permitted-excluded-subtrees-both-null",
        MBEDTLS,
        false,
        UNREADABLE,
    ),
    (
        "rfc5280::unknown-critical-extension-unrelated-intermediate",
        MBEDTLS,
        false,
        UNREADABLE,
    ),
    ("webpki::forbidden-dsa-leaf", MBEDTLS, false, UNREADABLE),
    (
        "webpki::forbidden-p192-root",
        MBEDTLS,
        true,
        "the curve of a root is not limited",
    ),
];

const ROOT_JUDGED: &str = "a root is judged by its certificate, extensions and all";
const ONE_PATH: &str = "the first issuer that fits is taken, and no other path is tried";
const SELF_ISSUED_APART: &str = "self-issued certificates are treated apart, as RFC 5280 has it";
const CA_AS_SERVER: &str = "a CA's certificate may be a server's";
const UNREADABLE: &str =
    "a certificate that cannot be read, or has a critical extension that is not known, ends the handshake";

#[test]
fn the_verdicts_on_x509_limbo_are_those_of_webpki_and_but_for_a_list_those_expected() {
    let Some(path) = stores::shared_data("limbo.json") else {
        return;
    };
    let limbo: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let cases: Vec<_> = limbo["testcases"].as_array().unwrap().iter().map(Case).collect();
    let mut deviating = BTreeMap::new();
    let mut disagreeing = BTreeSet::new();
    let mut not_applicable = 0;
    let mut too_many = 0;
    for case in &cases {
        let sent = case.sent();
        too_many += usize::from(sent.len() > MAX_CERTIFICATES);
        let verifiers = Verifiers::of_conditional(&case.roots(), &aws_lc_rs::default_provider());
        let question = Request::new(&sent, case.name().unwrap_or(NOBODY), case.time());
        let verdict = verifiers.agree_on(&question);
        for library in verifiers.libraries() {
            let judged = library.compare(&question).unwrap();
            let is_accepted = judged.is_some_and(|judged| match judged {
                Ok(()) => true,
                Err(reason) => case.name().is_none() && library.is_for_the_name(&reason),
            });
            if is_accepted != case.accepts(&verdict) {
                disagreeing.insert((case.id(), library.name(), is_accepted));
            }
        }
        if case.asks_about_a_client() {
            not_applicable += 1;
        } else if case.accepts(&verdict) != case.is_expected_to_succeed() {
            deviating.insert(case.id(), verdict);
        }
    }
    for (id, reason) in DEVIATIONS {
        assert!(deviating.remove(id).is_some(), "{id} is as expected: {reason}");
    }
    assert!(deviating.is_empty(), "not listed: {deviating:#?}");
    let listed = DISAGREEMENTS.iter().flat_map(|(case, libraries, accepts, _)| {
        let libraries = libraries.iter();
        libraries.map(|library| (*case, *library, *accepts))
    });
    let built_in: Vec<_> = Verifiers::new(&[]).libraries().map(Compared::name).collect();
    let listed: BTreeSet<_> = listed
        .filter(|(_, library, _)| built_in.contains(library))
        .collect();
    let differing: Vec<_> = disagreeing.symmetric_difference(&listed).collect();
    assert!(differing.is_empty(), "not as listed: {differing:?}");
    let counted = (cases.len(), not_applicable, too_many);
    assert_eq!(
        counted,
        (95, 5, 4),
        "cases, of a client, with too many certificates"
    );
}

/// A name that no certificate has.
const NOBODY: &str = "nobody.test";

/// A case of x509-limbo.
struct Case<'a>(&'a Value);

impl Case<'_> {
    fn id(&self) -> &str {
        self.0["id"].as_str().unwrap()
    }

    /// Roots that webpki cannot read are in no store.
    fn roots(&self) -> Vec<TrustedRoot> {
        let roots = certificates(&self.0["trusted_certs"]).into_iter();
        let readable = roots.filter(|root| webpki::anchor_from_trusted_cert(root).is_ok());
        readable.map(TrustedRoot::unconditional).collect()
    }

    fn sent(&self) -> Vec<CertificateDer<'static>> {
        let mut sent = vec![certificate(&self.0["peer_certificate"])];
        sent.extend(certificates(&self.0["untrusted_intermediates"]));
        sent
    }

    fn name(&self) -> Option<&str> {
        self.0["expected_peer_name"]["value"].as_str()
    }

    /// Today, unless the case says otherwise.
    fn time(&self) -> i64 {
        self.0["validation_time"].as_str().map_or_else(now, unix_seconds)
    }

    /// A verifier of servers cannot be asked that, but all must say the same.
    fn asks_about_a_client(&self) -> bool {
        self.0["validation_kind"] == "CLIENT"
    }

    fn is_expected_to_succeed(&self) -> bool {
        self.0["expected_result"] == "SUCCESS"
    }

    /// A case without a name is about the path alone. The name is looked at when there is a path: a verdict that
    /// finds fault with the name alone accepts the path.
    fn accepts(&self, verdict: &Verdict) -> bool {
        match verdict {
            Ok(()) => true,
            Err(Reason::Rustls(Error::InvalidCertificate(CertificateError::NotValidForNameContext {
                ..
            }))) => self.name().is_none(),
            Err(_) => false,
        }
    }
}

fn certificates(list: &Value) -> Vec<CertificateDer<'static>> {
    list.as_array().unwrap().iter().map(certificate).collect()
}

fn certificate(pem: &Value) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(pem.as_str().unwrap().as_bytes()).unwrap()
}

/// The Unix time, rounded down, of a time such as `2024-04-01T00:00:00.005+00:00`.
fn unix_seconds(rfc3339: &str) -> i64 {
    assert!(rfc3339.ends_with("+00:00"), "{rfc3339} is not in UTC");
    let digits: String = rfc3339[..19].chars().filter(char::is_ascii_digit).collect();
    let generalized = der::tlv(0x18, format!("{digits}Z").as_bytes());
    let (_, time) = ASN1Time::from_der(&generalized).unwrap();
    time.timestamp()
}
