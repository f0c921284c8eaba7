//! The verdict, and the reason for it, are those of rustls' own verifier with every root of the store loaded.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod stores;

use std::sync::Arc;

use jit_trust::{BlobStore, FileStore, ServerVerifier, TrustStore, WebrootStore};
use jit_trust_lab::pki::{
    AuthorityKeyId, BasicConstraints, Ca, DAY, Extension, KeyKind, KeyUsage, Leaf, SubjectKeyId, garbage, now,
};
use pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::{CryptoProvider, aws_lc_rs, ring};
use rustls::{CertificateError, Error, RootCertStore};
use webpki_root_certs::TLS_SERVER_ROOT_CERTS;

/// A store of given roots among all of Mozilla's, and both ways to verify against it.
struct Verifiers {
    all_loaded: Arc<WebPkiServerVerifier>,
    just_in_time: Vec<ServerVerifier>,
    _directory: tempfile::TempDir,
}

impl Verifiers {
    fn new(roots: &[&Ca]) -> Self {
        Self::with_provider(roots, &aws_lc_rs::default_provider())
    }

    fn with_provider(roots: &[&Ca], provider: &CryptoProvider) -> Self {
        let mut ders: Vec<CertificateDer<'static>> = TLS_SERVER_ROOT_CERTS.to_vec();
        for root in roots {
            ders.insert(ders.len() / 2, root.der());
        }
        let mut store = RootCertStore::empty();
        ders.iter().for_each(|der| store.add(der.clone()).unwrap());
        let all_loaded =
            WebPkiServerVerifier::builder_with_provider(Arc::new(store), Arc::new(provider.clone()));

        let blob = stores::blob_of(&ders);
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("trust.tblb");
        std::fs::write(&path, &blob).unwrap();
        stores::webroot_of(directory.path(), &ders);
        let just_in_time: [Box<dyn TrustStore>; 3] = [
            Box::new(BlobStore::new(blob.leak()).unwrap()),
            Box::new(FileStore::open(path).unwrap()),
            Box::new(WebrootStore::open(directory.path()).unwrap()),
        ];
        Self {
            all_loaded: all_loaded.build().unwrap(),
            just_in_time: just_in_time
                .map(|store| ServerVerifier::with_provider(store, provider))
                .into(),
            _directory: directory,
        }
    }

    /// What rustls says with all roots loaded, after the others have said the same.
    fn agree(&self, sent: &[CertificateDer<'_>], name: &str, time: i64) -> Result<(), Error> {
        let (end_entity, intermediates) = sent.split_first().unwrap();
        let name = ServerName::try_from(name).unwrap();
        let time = UnixTime::since_unix_epoch(std::time::Duration::from_secs(time.try_into().unwrap()));
        let ask = |verifier: &dyn ServerCertVerifier| {
            let verdict = verifier.verify_server_cert(end_entity, intermediates, &name, &[], time);
            verdict.map(|_| ())
        };
        let expected = ask(self.all_loaded.as_ref());
        for verifier in &self.just_in_time {
            // As text, because an error that rustls only carries is equal to no other.
            assert_eq!(
                format!("{:?}", ask(verifier)),
                format!("{expected:?}"),
                "{verifier:?}"
            );
        }
        expected
    }

    fn agree_today(&self, sent: &[CertificateDer<'_>]) -> Result<(), Error> {
        self.agree(sent, "a.test", now())
    }
}

#[test]
fn chains_of_every_kind_that_servers_send_are_accepted() {
    let (old, new) = (Ca::root("Old Root"), Ca::root("New Root"));
    let (ca, cross) = (new.intermediate("CA"), old.cross_sign(&new));
    let leaf = ca.leaf("a.test");
    let stranger = Ca::root("Stranger");
    let both = Verifiers::new(&[&old, &new]);
    let only_old = Verifiers::new(&[&old]);
    let junk = garbage::sequence_of_noise(300);
    let leaf_der = leaf.der();
    for verifiers in [&both, &only_old] {
        verifiers.agree_today(&leaf.chain(&[&ca, &cross])).unwrap();
        verifiers.agree_today(&leaf.chain(&[&cross, &ca])).unwrap();
        verifiers.agree_today(&leaf.chain(&[&ca, &cross, &old])).unwrap();
        verifiers
            .agree_today(&leaf.chain(&[&ca, &new, &cross, &ca, &stranger]))
            .unwrap();
        let with_junk = [leaf_der.clone(), junk.clone(), ca.der(), cross.der()];
        verifiers.agree_today(&with_junk).unwrap();
    }
    both.agree_today(&leaf.chain(&[&ca])).unwrap();
    only_old.agree_today(&leaf.chain(&[&ca])).unwrap_err();
    both.agree_today(&leaf.chain(&[])).unwrap_err();
}

#[test]
fn key_identifiers_that_are_missing_or_lie_change_nothing() {
    let root = Ca::builder("Root")
        .subject_key_id(SubjectKeyId::Absent)
        .self_signed();
    let other = Ca::root("Other Root");
    let verifiers = Verifiers::new(&[&root, &other]);
    let lies = other.subject_key_id().unwrap().to_vec();
    for authority_key_id in [
        AuthorityKeyId::Absent,
        AuthorityKeyId::KeyId(vec![9; 64]),
        AuthorityKeyId::KeyId(lies),
        AuthorityKeyId::IssuerAndSerial,
    ] {
        let leaf = Leaf::builder(&["a.test"]).authority_key_id(authority_key_id);
        verifiers.agree_today(&leaf.issued_by(&root).chain(&[])).unwrap();
    }
}

#[test]
fn of_two_roots_of_one_name_the_right_one_is_found() {
    let (first, second) = (Ca::root("Twin"), Ca::root("Twin"));
    let verifiers = Verifiers::new(&[&first, &second]);
    verifiers.agree_today(&first.leaf("a.test").chain(&[])).unwrap();
    verifiers.agree_today(&second.leaf("a.test").chain(&[])).unwrap();
    let third = Ca::root("Twin");
    let error = verifiers
        .agree_today(&third.leaf("a.test").chain(&[]))
        .unwrap_err();
    assert_eq!(error, CertificateError::BadSignature.into());
}

#[test]
fn a_trusted_key_under_another_name_is_refused() {
    let root = Ca::root("Root");
    let renamed = root.reissue().subject("Other Name").self_signed();
    let error = Verifiers::new(&[&root]).agree_today(&renamed.leaf("a.test").chain(&[]));
    assert_eq!(error.unwrap_err(), CertificateError::UnknownIssuer.into());
}

#[test]
fn a_copy_of_a_roots_name_and_key_identifier_is_refused() {
    let root = Ca::root("Root");
    let skid = SubjectKeyId::Bytes(root.subject_key_id().unwrap().to_vec());
    let copy = Ca::builder("Root").subject_key_id(skid).self_signed();
    Verifiers::new(&[&root])
        .agree_today(&copy.leaf("a.test").chain(&[&copy]))
        .unwrap_err();
}

#[test]
fn every_reason_is_in_the_words_of_rustls() {
    let root = Ca::root("Root");
    let verifiers = Verifiers::new(&[&root]);
    let refused = |sent: &[CertificateDer<'_>]| verifiers.agree_today(sent).unwrap_err();

    let expired = Leaf::builder(&["a.test"])
        .validity(now() - 2 * DAY, now() - DAY)
        .issued_by(&root);
    let expired = refused(&expired.chain(&[]));
    assert!(matches!(
        expired,
        Error::InvalidCertificate(CertificateError::ExpiredContext { .. })
    ));
    let early = Leaf::builder(&["a.test"])
        .validity(now() + DAY, now() + 2 * DAY)
        .issued_by(&root);
    refused(&early.chain(&[]));
    let backwards = Leaf::builder(&["a.test"])
        .validity(now() + DAY, now() - DAY)
        .issued_by(&root);
    refused(&backwards.chain(&[]));
    refused(&root.leaf("b.test").chain(&[]));
    refused(&Leaf::builder(&[]).issued_by(&root).chain(&[]));
    refused(&Leaf::builder(&["a.test"]).forged().issued_by(&root).chain(&[]));
    for purpose in ["1.3.6.1.5.5.7.3.2", "1.2.3.4"] {
        let purpose = Leaf::builder(&["a.test"])
            .extended_key_usage(&[purpose])
            .issued_by(&root);
        refused(&purpose.chain(&[]));
    }
    refused(&[root.der()]);
    refused(&Ca::root("Elsewhere").leaf("a.test").chain(&[]));
    refused(&[garbage::sequence_of_noise(80)]);
    let critical = Extension::new("1.2.3.4", true, &[]);
    refused(
        &Leaf::builder(&["a.test"])
            .extension(critical)
            .issued_by(&root)
            .chain(&[]),
    );
    let no_ca = Ca::builder("No CA")
        .basic_constraints(BasicConstraints::NotCa)
        .issued_by(&root);
    refused(&no_ca.leaf("a.test").chain(&[&no_ca]));
    let short = Ca::builder("Short").basic_constraints(BasicConstraints::Ca { path_length: Some(0) });
    let short = short.issued_by(&root);
    let below = short.intermediate("Below");
    refused(&below.leaf("a.test").chain(&[&below, &short]));
    let elsewhere = Ca::builder("Constrained")
        .name_constraints(&["b.test"], &[])
        .issued_by(&root);
    refused(&elsewhere.leaf("a.test").chain(&[&elsewhere]));
}

#[test]
fn what_a_root_says_of_itself_binds_as_much_as_with_all_roots_loaded() {
    let constrained = Ca::builder("Constrained Root")
        .name_constraints(&["a.test"], &[])
        .self_signed();
    let old = Ca::builder("Version 1 Root").version_1().self_signed();
    let no_ca = Ca::builder("No CA")
        .basic_constraints(BasicConstraints::NotCa)
        .self_signed();
    let no_signing = Ca::builder("No Signing")
        .key_usage(&[KeyUsage::CrlSign])
        .self_signed();
    let expired = Ca::builder("Expired Root")
        .validity(now() - 2 * DAY, now() - DAY)
        .self_signed();
    let critical = Extension::new("1.2.3.4", true, &[]);
    let critical = Ca::builder("Critical Root").extension(critical).self_signed();
    let roots = [&constrained, &old, &no_ca, &no_signing, &expired, &critical];
    let verifiers = Verifiers::new(&roots);
    for root in roots {
        verifiers.agree_today(&root.leaf("a.test").chain(&[])).unwrap();
    }
    let outside = constrained.leaf("b.test").chain(&[]);
    verifiers.agree(&outside, "b.test", now()).unwrap_err();
}

#[test]
fn any_provider_of_cryptography_serves() {
    let root = Ca::builder("RSA Root").key_kind(KeyKind::Rsa2048).self_signed();
    let leaf = Leaf::builder(&["a.test", "192.0.2.1"])
        .key_kind(KeyKind::Ed25519)
        .issued_by(&root);
    for provider in [aws_lc_rs::default_provider(), ring::default_provider()] {
        let verifiers = Verifiers::with_provider(&[&root], &provider);
        verifiers.agree_today(&leaf.chain(&[])).unwrap();
        verifiers.agree(&leaf.chain(&[]), "192.0.2.1", now()).unwrap();
        verifiers.agree(&leaf.chain(&[]), "192.0.2.2", now()).unwrap_err();
    }
}

#[test]
fn more_than_64_certificates_are_refused_and_that_is_the_one_difference() {
    let root = Ca::root("Root");
    let leaf = root.leaf("a.test").der();
    let verifiers = Verifiers::new(&[&root]);
    let most = vec![leaf.clone(); 64];
    verifiers.agree_today(&most).unwrap();

    let too_many = vec![leaf; 65];
    let name = ServerName::try_from("a.test").unwrap();
    for verifier in &verifiers.just_in_time {
        let verdict = verifier.verify_server_cert(&too_many[0], &too_many[1..], &name, &[], UnixTime::now());
        let error = verdict.unwrap_err().to_string();
        assert!(error.contains("TooManyCertificates"), "{error}");
    }
}

#[test]
fn real_chains_are_accepted_while_they_are_valid_and_refused_whole_or_in_parts_after() {
    let Some(chains) = stores::shared_data("chains") else {
        return;
    };
    let verifiers = Verifiers::new(&[]);
    for (host, valid, expired) in [
        ("aws.amazon.com", 1_767_225_600, 1_792_281_599 + 3_600),
        ("letsencrypt.org", 1_775_001_600, 1_780_765_469 + 3_600),
    ] {
        use pki_types::pem::PemObject;
        let pem = CertificateDer::pem_file_iter(chains.join(format!("{host}.pem"))).unwrap();
        let sent: Vec<_> = pem.map(|certificate| certificate.unwrap()).collect();
        verifiers.agree(&sent, host, valid).unwrap();
        verifiers.agree(&sent, host, expired).unwrap_err();
        verifiers.agree(&sent, "other.example", valid).unwrap_err();
        for left_out in 1..sent.len() {
            let mut sent = sent.clone();
            sent.remove(left_out);
            let _ = verifiers.agree(&sent, host, valid);
            sent.reverse();
            let _ = verifiers.agree(&sent, host, valid);
        }
    }
}
