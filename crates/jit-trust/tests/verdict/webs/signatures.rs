//! Signature algorithms that remember: of the many verifiers that are asked about a web, the first pays for each
//! signature, which is most of what a web costs.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, aws_lc_rs};

/// aws-lc's algorithms, which remember.
pub(super) static PROVIDER: LazyLock<CryptoProvider> = LazyLock::new(|| {
    let provider = aws_lc_rs::default_provider();
    let supported = provider.signature_verification_algorithms;
    let remembering = |algorithm: &&'static dyn SignatureVerificationAlgorithm| {
        let remembering: &'static Remembering = Box::leak(Box::new(Remembering(*algorithm)));
        remembering as &'static dyn SignatureVerificationAlgorithm
    };
    CryptoProvider {
        signature_verification_algorithms: WebPkiSupportedAlgorithms {
            all: supported.all.iter().map(remembering).collect::<Vec<_>>().leak(),
            ..supported
        },
        ..provider
    }
});

#[derive(Debug)]
struct Remembering(&'static dyn SignatureVerificationAlgorithm);

/// What was verified: the signature first, by which two differ soonest.
type Verified = [Vec<u8>; 4];

thread_local! {
    static KNOWN: RefCell<BTreeMap<Verified, Result<(), InvalidSignature>>> = const { RefCell::new(BTreeMap::new()) };
}

/// How many are remembered before all are forgotten: those of a few webs.
const MAX_KNOWN: usize = 1_000;

impl SignatureVerificationAlgorithm for Remembering {
    fn verify_signature(
        &self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        let algorithm = self.signature_alg_id();
        let of = [signature, public_key, message, algorithm.as_ref()].map(<[u8]>::to_vec);
        KNOWN.with_borrow_mut(|known| {
            if known.len() >= MAX_KNOWN {
                known.clear();
            }
            let verify = || self.0.verify_signature(public_key, message, signature);
            *known.entry(of).or_insert_with(verify)
        })
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.0.public_key_alg_id()
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.0.signature_alg_id()
    }
}
