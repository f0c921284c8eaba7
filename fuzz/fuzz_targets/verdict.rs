//! The verdict, and the reason for it, are those of rustls' own verifier with every root of the store loaded that may
//! vouch for a certificate of this age; and where it finds a path only with the others, the reason says so.
//!
//! An input is a byte for the roots that are trusted, one for their conditions, one for what is asked, and then what
//! the server sends: see [`Sent`].
#![no_main]

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use jit_trust::{BlobStore, Distrusted, MAX_CERTIFICATES, ServerVerifier};
use jit_trust_core::{Certificate, Entry, v1, v2};
use jit_trust_fuzz::issuance::Issuance;
use jit_trust_fuzz::{mutation, pool};
use libfuzzer_sys::fuzz_target;
use pki_types::{
    AlgorithmIdentifier, CertificateDer, InvalidSignature, ServerName, SignatureVerificationAlgorithm,
    TrustAnchor, UnixTime, alg_id,
};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, ring};
use rustls::{CertificateError, Error, RootCertStore};

fuzz_target!(|bytes: &[u8]| {
    let &[roots, conditions, asked, ref sent @ ..] = bytes else {
        return;
    };
    let sent: Vec<_> = Sent(sent)
        .take(MAX_CERTIFICATES)
        .map(CertificateDer::from)
        .collect();
    let Some((end_entity, intermediates)) = sent.split_first() else {
        return;
    };
    let name = ["a.test", "b.test", "192.0.2.1", "a.b.test"][usize::from(asked & 3)];
    let name = ServerName::try_from(name).expect("a name");
    let day = 24 * 60 * 60;
    let time = [pool::TIME, pool::TIME, pool::TIME + 400 * day, 0][usize::from(asked >> 2 & 3)];
    let time = UnixTime::since_unix_epoch(Duration::from_secs(time));
    let set = usize::from(roots) % SETS;
    let under = usize::from(conditions) % CONDITIONS;
    let verifiers = &VERIFIERS[usize::from(asked >> 4 & 1)][under];

    let ask = |verifier: &dyn ServerCertVerifier| {
        let verdict = verifier.verify_server_cert(end_entity, intermediates, &name, &[], time);
        verdict.map(|_| ())
    };
    let issued_at = Issuance::of(end_entity).and_then(|issuance| issuance.not_before);
    let dropped = dropped(set, under, issued_at);
    let allowed = dropped.iter().fold(set, |set, root| set & !(1 << root));
    let expected = ask(verifiers[allowed].all_loaded.as_ref());
    let found = ask(&verifiers[set].just_in_time);

    let is_dated = !dropped.is_empty();
    if is_dated && !has_path(&expected) && has_path(&ask(verifiers[set].all_loaded.as_ref())) {
        let distrusted = distrusted(&found).expect("the reason is the date");
        let mut reasons = dropped.into_iter().map(|root| reason(root, under));
        assert_eq!(distrusted.issued_at, issued_at);
        assert!(reasons.any(|reason| reason == (distrusted.root.clone(), distrusted.distrust_after)));
        return;
    }
    // As text, because an error that rustls only carries is equal to no other.
    let is_same = expected == found || format!("{expected:?}") == format!("{found:?}");
    assert!(is_same, "all roots loaded: {expected:?}, just in time: {found:?}");
});

/// The roots of a set that are trusted only for older certificates than this one.
fn dropped(set: usize, under: usize, issued_at: Option<u64>) -> Vec<usize> {
    let is_too_young = |date: u64| issued_at.is_none_or(|issued_at| issued_at > date);
    let roots = members(set).filter(|root| conditions(*root, under).0.is_some_and(is_too_young));
    roots.collect()
}

/// Whether there is a valid path: rustls asks for the name last of all.
fn has_path(verdict: &Result<(), Error>) -> bool {
    use CertificateError::{NotValidForName, NotValidForNameContext};
    match verdict {
        Ok(()) => true,
        Err(Error::InvalidCertificate(error)) => {
            matches!(error, NotValidForName | NotValidForNameContext { .. })
        }
        Err(_) => false,
    }
}

/// What is said of a root that was left out.
fn reason(root: usize, under: usize) -> (String, u64) {
    let date = conditions(root, under).0.expect("it is dated");
    (certificate(pool::roots()[root]).subject().to_string(), date)
}

fn distrusted(verdict: &Result<(), Error>) -> Option<&Distrusted> {
    match verdict {
        Err(Error::InvalidCertificate(CertificateError::Other(other))) => other.0.downcast_ref(),
        _ => None,
    }
}

/// A set of roots under their conditions, and both ways to verify against it.
struct Verifiers {
    all_loaded: Arc<WebPkiServerVerifier>,
    just_in_time: ServerVerifier,
}

/// Every set of the roots: bit 0 stands for the first.
const SETS: usize = 1 << pool::ROOTS;

fn members(set: usize) -> impl Iterator<Item = usize> {
    (0..pool::ROOTS).filter(move |root| set >> root & 1 == 1)
}

/// In how many ways the roots may be under conditions.
const CONDITIONS: usize = 32;

/// The stores of the first way are of version 1, which has no conditions; the others of version 2.
const VERSION_1: usize = 0;

/// The last second for which a root is trusted, and the name constraints that are imposed on it. The first two ways
/// have no conditions; in the others each root has any date with any constraints.
fn conditions(root: usize, under: usize) -> (Option<u64>, Option<&'static [u8]>) {
    const ISSUED_AT: u64 = pool::LEAVES_NOT_BEFORE;
    const DATES: [Option<u64>; 6] = [
        None,
        Some(ISSUED_AT - 1),
        Some(ISSUED_AT),
        Some(ISSUED_AT + 1),
        Some(0),
        None,
    ];
    const CONSTRAINTS: [Option<&[u8]>; 5] = [
        None,
        Some(b"\xa0\x0a\x30\x08\x82\x06a.test"),
        Some(b"\xa1\x0a\x30\x08\x82\x06a.test"),
        None,
        Some(b"\xa0\x0a\x30\x08\x82\x06"),
    ];
    if under < 2 {
        return (None, None);
    }
    // 7 has no factor in common with the number of combinations: each root gets all of them.
    let choice = under * 7 + root;
    (
        DATES[choice % DATES.len()],
        CONSTRAINTS[choice / DATES.len() % CONSTRAINTS.len()],
    )
}

/// By whether every signature counts as good, then by the conditions, then by the set of roots. A blob store needs
/// bytes that live as long as the program: these are all that are ever made.
static VERIFIERS: LazyLock<[Vec<Vec<Verifiers>>; 2]> = LazyLock::new(|| {
    let strict = ring::default_provider();
    let lenient = CryptoProvider {
        signature_verification_algorithms: LENIENT,
        ..ring::default_provider()
    };
    [strict, lenient].map(|provider| {
        let under = |under| {
            (0..SETS)
                .map(|set| Verifiers::new(set, under, &provider))
                .collect()
        };
        (0..CONDITIONS).map(under).collect()
    })
});

impl Verifiers {
    fn new(set: usize, under: usize, provider: &CryptoProvider) -> Self {
        let mut store = RootCertStore::empty();
        for root in members(set) {
            let mut anchor = anchor(pool::roots()[root]);
            if let (_, Some(constraints)) = conditions(root, under) {
                anchor.name_constraints = Some(constraints.into());
            }
            store.roots.push(anchor);
        }
        if set == 0 {
            store.roots.push(nobody());
        }
        let all_loaded =
            WebPkiServerVerifier::builder_with_provider(Arc::new(store), Arc::new(provider.clone()));
        let blob = blob_of(set, under).leak();
        Self {
            all_loaded: all_loaded.build().expect("there are roots"),
            just_in_time: ServerVerifier::with_provider(BlobStore::new(blob).expect("a blob"), provider),
        }
    }
}

/// rustls refuses to load no root at all. No certificate has this one's name for its issuer.
fn nobody() -> TrustAnchor<'static> {
    TrustAnchor {
        subject: b"\x31\x00nobody has such a name".as_slice().into(),
        ..anchor(pool::roots()[0])
    }
}

fn anchor(root: &[u8]) -> TrustAnchor<'static> {
    let der = CertificateDer::from(root);
    let anchor = webpki::anchor_from_trusted_cert(&der);
    anchor.expect("a root").to_owned()
}

fn certificate(root: &[u8]) -> Certificate<'_> {
    Certificate::from_der(root).expect("a root")
}

fn blob_of(set: usize, under: usize) -> Vec<u8> {
    let certificates: Vec<_> = members(set)
        .map(|root| certificate(pool::roots()[root]))
        .collect();
    if under == VERSION_1 {
        let mut blob = vec![0; v1::encoded_len(&certificates).expect("few roots")];
        v1::encode(&certificates, 7, &mut blob).expect("the buffer is large enough");
        return blob;
    }
    let entries = members(set).zip(certificates).map(|(root, certificate)| {
        let (date, constraints) = conditions(root, under);
        let entry = Entry::from_certificate(certificate).with_distrust_after(date);
        match constraints {
            Some(_) => entry.with_name_constraints(constraints),
            None => entry,
        }
    });
    let entries: Vec<_> = entries.collect();
    let options = v2::Options::default()
        .with_names(under & 1 == 0)
        .with_certificates(under & 2 == 0);
    let mut blob = vec![0; v2::encoded_len(&entries, options).expect("few roots")];
    v2::encode(&entries, options, 7, &mut blob).expect("the buffer is large enough");
    blob
}

/// With real signatures a changed certificate is refused before anything else in it is looked at. So half of the inputs
/// are judged as if every signature were good.
#[derive(Debug)]
struct Lenient;

static LENIENT: WebPkiSupportedAlgorithms = WebPkiSupportedAlgorithms {
    all: &[&Lenient],
    mapping: &[],
};

impl SignatureVerificationAlgorithm for Lenient {
    fn verify_signature(&self, _: &[u8], _: &[u8], _: &[u8]) -> Result<(), InvalidSignature> {
        Ok(())
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::ECDSA_P256
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::ECDSA_SHA256
    }
}

/// What the server sends, one certificate after the other: a byte says which of the pool, and one how many changes are
/// made to it: below 128 none, else its last two bits. A change is four bytes: where (two), what, and a byte for it.
struct Sent<'a>(&'a [u8]);

impl<'a> Sent<'a> {
    fn take_some<const N: usize>(&mut self) -> Option<&'a [u8; N]> {
        let (some, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(some)
    }
}

impl Iterator for Sent<'_> {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        let [which, how] = *self.take_some()?;
        let mut der = pool::CERTIFICATES[usize::from(which) % pool::CERTIFICATES.len()].to_vec();
        let changes = if how < 128 { 0 } else { how & 3 };
        for _ in 0..changes {
            der = changed(der, *self.take_some()?);
        }
        Some(der)
    }
}

fn changed(mut der: Vec<u8>, [high, low, what, byte]: [u8; 4]) -> Vec<u8> {
    let at = usize::from(u16::from_be_bytes([high, low])) % der.len().max(1);
    match what & 3 {
        0 if at < der.len() => der[at] = byte,
        1 => der.insert(at, byte),
        2 if at < der.len() => drop(der.remove(at)),
        _ => {
            let seed = u32::from_be_bytes([high, low, what, byte]);
            der = mutation::der::mutate(&der, seed, next_number);
        }
    }
    der
}

/// The bytes, taken for a number, and one more.
fn next_number(bytes: &mut [u8], len: usize, _: usize) -> usize {
    for byte in bytes[..len].iter_mut().rev() {
        *byte = byte.wrapping_add(1);
        if *byte != 0 {
            break;
        }
    }
    len
}
