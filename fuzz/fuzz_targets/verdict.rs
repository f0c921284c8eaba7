//! The verdict, and the reason for it, are those of rustls' own verifier with every root of the store loaded that is
//! trusted for a certificate of this age; and where it finds a path only with the others, the reason says so. Where the store
//! has a root twice, under other conditions, the earliest date counts, and a path has to conform to the name constraints of
//! both entries: if it does not, the entry that it ends in is taken out, and webpki is asked again.
//!
//! An input is a byte for the roots that are trusted, one for their conditions, one for what is asked, and then what
//! the server sends: see [`Sent`].
#![no_main]

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use jit_trust::{BlobStore, Rejection, Verifier};
use jit_trust_core::{Certificate, Entry, MAX_CERTIFICATES, NameConstraintsError, v1, v2};
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
use rustls::{CertificateError, Error, OtherError, RootCertStore};
use webpki::{EndEntityCert, KeyUsage};

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
    let judge = usize::from(asked >> 4 & 1);
    let verifiers = &VERIFIERS[judge][under];

    let ask = |verifier: &dyn ServerCertVerifier| {
        let verdict = verifier.verify_server_cert(end_entity, intermediates, &name, &[], time);
        verdict.map(|_| ())
    };
    let issued_at = Issuance::of(end_entity).and_then(|issuance| issuance.not_before);
    let dropped = dropped(set, under, issued_at);
    let allowed = dropped.iter().fold(set, |set, root| set & !(1 << root));
    let found = ask(&verifiers[set].just_in_time);

    let provider = &PROVIDERS[judge];
    let taken_out = taken_out(allowed, under, |anchors, others| {
        find_path(
            provider,
            anchors,
            end_entity,
            others.unwrap_or(intermediates),
            time,
        )
    });
    let ask_all = |set: usize| {
        if taken_out.is_empty() {
            return ask(verifiers[set].all_loaded.as_ref());
        }
        let left = entries(set, under).filter(|entry| !taken_out.contains(entry));
        ask(all_loaded(left, under, provider).as_ref())
    };
    let expected = ask_all(allowed);
    if !dropped.is_empty() && !has_path(&expected) && has_path(&ask_all(set)) {
        let Some(Rejection::DatedRoot(dated)) = rejection(&found) else {
            panic!("the reason is the date, not {found:?}");
        };
        let mut reasons = dropped.into_iter().map(|root| reason(root, under));
        assert_eq!(dated.issued_at, issued_at);
        assert!(reasons.any(|reason| reason == (dated.root.clone(), dated.distrust_after)));
        return;
    }
    if !taken_out.is_empty() && !has_path(&expected) {
        constraints(&found).expect("the reason is what another entry states");
        return;
    }
    // The project's own check goes further than webpki: it refuses names that it cannot judge, and without alternative names,
    // which rustls does not take either, it looks at the common name.
    if let (Some(error), true) = (constraints(&found), under >= TWICE) {
        use NameConstraintsError::{Excluded, NotPermitted};
        assert!(
            expected.is_err() || !matches!(error, Excluded(_) | NotPermitted(_)),
            "{error}"
        );
        return;
    }
    // As text, because an error that rustls only carries is equal to no other.
    let found = found.map_err(as_rustls_has_it);
    let is_same = expected == found || format!("{expected:?}") == format!("{found:?}");
    assert!(is_same, "all roots loaded: {expected:?}, just in time: {found:?}");
});

/// A path: the place of its anchor, and the certificates below it that are not the server's own.
type Path = (usize, Vec<CertificateDer<'static>>);

/// The entries to which a path leads that does not conform to the name constraints of the root's other entry. `find_path`
/// is given anchors, and other certificates than those that were sent.
fn taken_out(
    set: usize,
    under: usize,
    find_path: impl Fn(&[TrustAnchor<'_>], Option<&[CertificateDer<'_>]>) -> Option<Path>,
) -> Vec<InStore> {
    let mut taken_out = Vec::new();
    if under < TWICE {
        return taken_out;
    }
    let mut left: Vec<InStore> = entries(set, under).collect();
    loop {
        let anchors: Vec<_> = left.iter().map(|entry| entry.anchor(under)).collect();
        let Some((place, below)) = find_path(&anchors, None) else {
            return taken_out;
        };
        let mut others = entries(1 << left[place].root, under);
        let conforms = others.all(|other| {
            // The same root, with the other's constraints.
            let name_constraints = other.anchor(under).name_constraints;
            let name_constraints = name_constraints.or_else(|| anchors[place].name_constraints.clone());
            let bound = TrustAnchor {
                name_constraints,
                ..anchors[place].clone()
            };
            find_path(&[bound], Some(&below)).is_some()
        });
        if conforms {
            return taken_out;
        }
        let root = left[place].root;
        taken_out.extend(left.iter().filter(|entry| entry.root == root));
        left.retain(|entry| entry.root != root);
    }
}

/// The path that webpki finds.
fn find_path(
    provider: &CryptoProvider,
    anchors: &[TrustAnchor<'_>],
    end_entity: &CertificateDer<'_>,
    intermediates: &[CertificateDer<'_>],
    time: UnixTime,
) -> Option<Path> {
    let algorithms = provider.signature_verification_algorithms.all;
    let usage = KeyUsage::server_auth();
    let end_entity = EndEntityCert::try_from(end_entity).ok()?;
    let path = end_entity.verify_for_usage(algorithms, anchors, intermediates, time, usage, None, None);
    let path = path.ok()?;
    let place = anchors
        .iter()
        .position(|anchor| std::ptr::eq(anchor, path.anchor()));
    let below = path.intermediate_certificates().map(|ca| ca.der().into_owned());
    Some((place.expect("an anchor that it was given"), below.collect()))
}

/// The roots of a set that are trusted only for older certificates than this one.
fn dropped(set: usize, under: usize, issued_at: Option<u64>) -> Vec<usize> {
    let is_too_young = |date: u64| issued_at.is_none_or(|issued_at| issued_at > date);
    let roots = members(set).filter(|root| earliest_date(*root, under).is_some_and(is_too_young));
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
    let date = earliest_date(root, under).expect("it is dated");
    (certificate(pool::roots()[root]).subject().to_string(), date)
}

/// The rejection that an error holds.
fn rejection(verdict: &Result<(), Error>) -> Option<&Rejection> {
    match verdict {
        Err(Error::InvalidCertificate(CertificateError::Other(other))) => other.0.downcast_ref(),
        _ => None,
    }
}

/// The error of the check of name constraints that another entry states, if that is the reason.
fn constraints(verdict: &Result<(), Error>) -> Option<&NameConstraintsError> {
    rejection(verdict)?.original()?.downcast_ref()
}

/// The error as rustls' own verifier has it, which knows no rejections.
fn as_rustls_has_it(error: Error) -> Error {
    let verdict = Err(error);
    let original = rejection(&verdict).and_then(Rejection::original);
    let webpki =
        original.and_then(|original| std::error::Error::source(original)?.downcast_ref::<webpki::Error>());
    match (webpki.cloned(), verdict) {
        (Some(webpki::Error::UnknownIssuer), _) => CertificateError::UnknownIssuer.into(),
        (Some(error), _) => CertificateError::Other(OtherError(Arc::new(error))).into(),
        (None, Err(error)) => error,
        (None, Ok(())) => unreachable!("it is an error"),
    }
}

/// A set of roots under their conditions, and both ways to verify against it.
struct Verifiers {
    all_loaded: Arc<WebPkiServerVerifier>,
    just_in_time: Verifier,
}

/// Every set of the roots: bit 0 stands for the first.
const SETS: usize = 1 << pool::ROOTS;

fn members(set: usize) -> impl Iterator<Item = usize> {
    (0..pool::ROOTS).filter(move |root| set >> root & 1 == 1)
}

/// In how many ways the roots may be under conditions.
const CONDITIONS: usize = 48;

/// From this way on, the store has each root twice, if the conditions of the second entry are others.
const TWICE: usize = 32;

/// The stores of the first way are of version 1, which has no conditions; the others of version 2.
const VERSION_1: usize = 0;

/// The last second for which a root is trusted, and the name constraints that are imposed on it.
type Conditions = (Option<u64>, Option<&'static [u8]>);

/// The conditions of a root's first entry. The first two ways
/// have no conditions; in the others each root has any date with any constraints.
fn conditions(root: usize, under: usize) -> Conditions {
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

/// An entry of the store.
#[derive(Clone, Copy, PartialEq)]
struct InStore {
    root: usize,
    is_second: bool,
}

impl InStore {
    fn conditions(self, under: usize) -> Conditions {
        match self.is_second {
            // 11 has no factor in common with the number of combinations either.
            true => conditions(self.root + 11, under),
            false => conditions(self.root, under),
        }
    }

    /// The root's certificate, and of the second entry one with another serial number. No signature of a root is looked at.
    fn certificate(self) -> Vec<u8> {
        let mut der = pool::roots()[self.root].to_vec();
        if self.is_second {
            let tag = der.windows(5).position(|bytes| bytes == b"\xa0\x03\x02\x01\x02");
            let tag = 5 + tag.expect("a version");
            let last = tag + 1 + usize::from(der[tag + 1]);
            der[last] ^= 1;
        }
        der
    }

    fn anchor(self, under: usize) -> TrustAnchor<'static> {
        let mut anchor = anchor(&self.certificate());
        if let (_, Some(constraints)) = self.conditions(under) {
            anchor.name_constraints = Some(constraints.into());
        }
        anchor
    }
}

/// The entries of the store, in its order.
fn entries(set: usize, under: usize) -> impl Iterator<Item = InStore> {
    members(set).flat_map(move |root| {
        let [first, second] = [false, true].map(|is_second| InStore { root, is_second });
        let is_twice = under >= TWICE && first.conditions(under) != second.conditions(under);
        std::iter::once(first).chain(is_twice.then_some(second))
    })
}

/// The last second for which a root is trusted, whichever of its entries says so.
fn earliest_date(root: usize, under: usize) -> Option<u64> {
    entries(1 << root, under)
        .filter_map(|entry| entry.conditions(under).0)
        .min()
}

/// By whether every signature counts as good.
static PROVIDERS: LazyLock<[CryptoProvider; 2]> = LazyLock::new(|| {
    let lenient = CryptoProvider {
        signature_verification_algorithms: LENIENT,
        ..ring::default_provider()
    };
    [ring::default_provider(), lenient]
});

/// By whether every signature counts as good, then by the conditions, then by the set of roots. A blob store needs
/// bytes that live as long as the program: these are all that are ever made.
static VERIFIERS: LazyLock<[Vec<Vec<Verifiers>>; 2]> = LazyLock::new(|| {
    [0, 1].map(|judge| {
        let under = |under| {
            (0..SETS)
                .map(|set| Verifiers::new(set, under, &PROVIDERS[judge]))
                .collect()
        };
        (0..CONDITIONS).map(under).collect()
    })
});

impl Verifiers {
    fn new(set: usize, under: usize, provider: &CryptoProvider) -> Self {
        let blob = blob_of(set, under);
        Self {
            all_loaded: all_loaded(entries(set, under), under, provider),
            just_in_time: Verifier::with_provider(BlobStore::new(blob).expect("a blob"), provider),
        }
    }
}

fn all_loaded(
    entries: impl Iterator<Item = InStore>,
    under: usize,
    provider: &CryptoProvider,
) -> Arc<WebPkiServerVerifier> {
    let mut store = RootCertStore::empty();
    store.roots.extend(entries.map(|entry| entry.anchor(under)));
    if store.is_empty() {
        store.roots.push(nobody());
    }
    let all_loaded = WebPkiServerVerifier::builder_with_provider(Arc::new(store), Arc::new(provider.clone()));
    all_loaded.build().expect("there are roots")
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
    let ders: Vec<_> = entries(set, under)
        .map(|entry| (entry, entry.certificate()))
        .collect();
    let certificates = ders.iter().map(|(_, der)| certificate(der));
    if under == VERSION_1 {
        let certificates: Vec<_> = certificates.collect();
        return v1::to_vec(&certificates, 7).expect("few roots");
    }
    let entries = ders.iter().zip(certificates).map(|((in_store, _), certificate)| {
        let (date, constraints) = in_store.conditions(under);
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
    v2::to_vec(&entries, options, 7).expect("few roots")
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
