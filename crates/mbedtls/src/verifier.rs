//! The verification of one connection: the callbacks from mbedTLS, and the machine behind them.

use std::ffi::c_char;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use jit_trust_core::{Certificate as Read, ChainError, MAX_CERTIFICATES, PeerChain};
use jit_trust_engine::verification::{Library, Step, SuspendedVerification, Verification};
use jit_trust_engine::{
    Cancellation, Host, LookupWait, Rejection, TrustBinding, TrustPolicy, VerificationReport,
};
use mbedtls::alloc::List;
use mbedtls::error::codes;
use mbedtls::x509::{Certificate, KeyUsage, VerifyError};

use crate::certificate::{AnchorCertificate, list, trusted};
use crate::error::{copied, key_not_proven, of_mbedtls};
use crate::validation::{MbedTls, valid_path};

pub(crate) type Observer = dyn Fn(&VerificationReport) + Send + Sync;

/// The properties of mbedTLS: it makes one final validation, inside the handshake, and checks no name constraints.
const LIBRARY: Library = Library::ONCE.without_name_constraints();

/// The verification of one connection. mbedTLS calls it for [candidates](Self::candidates), and then with
/// [each certificate](Self::see) of the path that it has found. When the handshake has ended, the connector
/// [concludes](Self::conclude) it.
pub(crate) struct Verifier {
    policy: TrustPolicy,
    host: Host,
    cancellation: Cancellation,
    known: Mutex<Known>,
}

/// The state of a verification.
struct Known {
    /// The certificates that the server sent; empty before the first call of mbedTLS.
    sent: Vec<Box<[u8]>>,
    /// The verification, which is resumed when mbedTLS calls again.
    verification: Option<SuspendedVerification>,
    /// The anchors that mbedTLS may use.
    anchors: Vec<AnchorCertificate>,
    /// The path that mbedTLS found, the anchor first, and its errors.
    path: Vec<Box<[u8]>>,
    flags: VerifyError,
    /// When mbedTLS got the anchors.
    began: Option<Instant>,
    /// Whether the path is complete. There is no second one.
    is_judged: bool,
    /// An error that neither mbedTLS nor the machine knows.
    broken: Option<Rejection>,
}

impl Default for Known {
    fn default() -> Self {
        Self {
            sent: Vec::new(),
            verification: None,
            anchors: Vec::new(),
            path: Vec::new(),
            flags: VerifyError::empty(),
            began: None,
            is_judged: false,
            broken: None,
        }
    }
}

/// The result of a connection's verification.
pub(crate) struct Concluded {
    /// The binding of the connection; or the rejection, which is `None` where the handshake failed for another reason.
    pub(crate) result: Result<TrustBinding, Option<Rejection>>,
    pub(crate) report: Option<Box<VerificationReport>>,
}

impl Concluded {
    fn rejected(rejection: Option<Rejection>) -> Self {
        Self {
            result: Err(rejection),
            report: None,
        }
    }
}

impl Verifier {
    pub(crate) fn new(policy: TrustPolicy, host: Host) -> Self {
        Self {
            policy,
            host,
            cancellation: Cancellation::default(),
            known: Mutex::default(),
        }
    }

    /// The cancellation of the handshake.
    #[cfg(feature = "tokio")]
    pub(crate) fn cancellation(&self) -> &Cancellation {
        &self.cancellation
    }

    pub(crate) fn host(&self) -> &str {
        self.host.as_str()
    }

    /// The name that mbedTLS checks; `None` for an address, which it cannot check.
    pub(crate) fn name(&self) -> Option<&str> {
        self.host.address().is_none().then_some(self.host())
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the possible issuers of a certificate to mbedTLS. It asks first for the server's own, which has all others
    /// behind it in the list.
    ///
    /// # Errors
    /// When the selection failed: then mbedTLS ends the handshake. The reason is kept.
    pub(crate) fn candidates(&self, child: &List<Certificate>) -> mbedtls::Result<List<Certificate>> {
        let candidates = catch_unwind(AssertUnwindSafe(|| self.find_candidates(child)));
        let broken = match candidates {
            Ok(Ok(Some(candidates))) => return Ok(candidates),
            // The machine has the rejection.
            Ok(Ok(None)) => None,
            Ok(Err(rejection)) => Some(rejection),
            Err(_) => Some(Rejection::Panicked),
        };
        let mut known = self.lock();
        known.broken = broken.or(known.broken.take());
        Err(codes::X509FatalError.into())
    }

    /// `None` where the machine has a verdict already.
    fn find_candidates(&self, child: &List<Certificate>) -> Result<Option<List<Certificate>>, Rejection> {
        let is_first = {
            let known = self.lock();
            if known.is_judged {
                return Err(Rejection::NotVerified);
            }
            known.sent.is_empty()
        };
        if is_first && !self.select(child) {
            return Ok(None);
        }
        let known = self.lock();
        let der = child.iter().next().map(|child| child.as_der());
        // A certificate that cannot be read was ignored when the anchors were selected: none of them is its issuer.
        let Ok(child) = Read::from_der(der.unwrap_or_default()) else {
            return Ok(Some(List::<Certificate>::new()));
        };
        let issuer = child.issuer();
        let named = known
            .anchors
            .iter()
            .filter(|anchor| anchor.is_named(issuer.as_der()));
        Ok(Some(trusted(named)))
    }

    /// Runs the machine until the validation of mbedTLS is due, and says whether it is.
    fn select(&self, sent: &List<Certificate>) -> bool {
        let looked_at = sent.iter().take(MAX_CERTIFICATES + 1);
        let ders: Vec<Box<[u8]>> = looked_at.map(|certificate| certificate.as_der().into()).collect();
        self.lock().sent.clone_from(&ders);
        let policy = self.policy.for_host(self.host());
        let chain = PeerChain::read(ders.iter().map(|der| &**der));
        let now = SystemTime::now().duration_since(UNIX_EPOCH).ok();
        let mut verification = policy.verification(&chain, now.map(|now| now.as_secs()), LIBRARY);
        let mut wait = LookupWait::block(Some(&self.cancellation));
        // It blocks, so no lookup is pending.
        let _ = verification.drive_to_final(&mut self.edge(sent), &mut wait);
        let anchors = match verification.step() {
            Step::Validate(request) => Some(AnchorCertificate::of(request.anchors())),
            _ => None,
        };
        let is_due = anchors.is_some();
        let mut known = self.lock();
        known.verification = Some(verification.suspend());
        known.anchors = anchors.unwrap_or_default();
        known.began = Some(Instant::now());
        is_due
    }

    fn edge<'c>(&'c self, sent: &'c List<Certificate>) -> MbedTls<'c> {
        MbedTls {
            sent,
            name: self.name(),
            address: self.host.address(),
        }
    }

    /// Takes a certificate of the path from mbedTLS, with its errors: the anchor first, and the server's own, of depth 0, last.
    /// If there are errors, mbedTLS ends the handshake afterwards.
    pub(crate) fn see(&self, certificate: &Certificate, depth: i32, flags: &mut VerifyError) {
        let see = || {
            let mut known = self.lock();
            if known.is_judged {
                known.broken = Some(Rejection::NotVerified);
                return false;
            }
            known.path.push(certificate.as_der().into());
            known.flags |= *flags;
            if depth != 0 {
                return true;
            }
            known.is_judged = true;
            !known.flags.is_empty() || self.judge(&mut known)
        };
        let is_all_right = catch_unwind(AssertUnwindSafe(see)).unwrap_or_else(|_| {
            self.lock().broken = Some(Rejection::Panicked);
            false
        });
        if !is_all_right {
            *flags |= VerifyError::CERT_OTHER;
        }
    }

    /// Gives the path that mbedTLS has validated to the machine, and says whether the machine accepts it.
    fn judge(&self, known: &mut Known) -> bool {
        let path = std::mem::take(&mut known.path);
        let found = valid_path(&path, &known.anchors, self.host.address());
        let mut is_accepted = false;
        let validating = known.began.map(|began| began.elapsed()).unwrap_or_default();
        self.resume(known, |verification, edge| {
            verification.add_validating(validating);
            verification.validated(found);
            let _ = verification.drive(edge, &mut LookupWait::never());
            is_accepted = matches!(verification.result(), Some(Ok(())));
        });
        is_accepted
    }

    /// Resumes the suspended verification for one step, if there is one.
    fn resume(&self, known: &mut Known, step: impl FnOnce(&mut Verification<'_>, &mut MbedTls<'_>)) {
        let Some(mut suspended) = known.verification.take() else {
            return;
        };
        let policy = self.policy.for_host(self.host());
        let chain: Result<PeerChain<'_>, ChainError> = PeerChain::read(known.sent.iter().map(|der| &**der));
        if let Some(mut verification) = suspended.resume(&policy, &chain) {
            let sent = list(known.sent.iter().map(|der| &**der));
            step(&mut verification, &mut self.edge(&sent));
            known.verification = Some(verification.suspend());
        }
    }

    /// Verifies certificates outside of a connection. mbedTLS gets all anchors at once, where in a handshake it asks for them
    /// by issuer. Returns mbedTLS's error, too.
    pub(crate) fn verify(
        self: &Arc<Self>,
        sent: &List<Certificate>,
        observer: Option<&Observer>,
    ) -> (Concluded, Option<mbedtls::Error>) {
        let asked = self.candidates(sent);
        let verified = asked
            .map_err(|error| (error, VerifyError::empty()))
            .and_then(|_| {
                let trusted = trusted(self.lock().anchors.iter());
                let shown = self.clone();
                let see = move |certificate: &Certificate, depth: i32, flags: &mut VerifyError| {
                    shown.see(certificate, depth, flags);
                    Ok(())
                };
                Certificate::verify_with_callback_expected_common_name_return_verify_err(
                    sent,
                    &trusted,
                    None,
                    None,
                    see,
                    self.name(),
                )
            });
        let verified = verified.and_then(|()| match misused(sent) {
            Some(flag) => Err((codes::X509CertVerifyFailed.into(), flag)),
            None => Ok(()),
        });
        let flags = verified.as_ref().err().map(|(_, flags)| *flags);
        let failed = verified.err().map(|(error, _)| error);
        let concluded = self.conclude(failed.as_ref(), flags.map_or(Ok(()), Err), observer);
        (concluded, failed)
    }

    /// Ends the verification after the handshake, and returns its result.
    pub(crate) fn conclude(
        &self,
        failed: Option<&mbedtls::Error>,
        verify_result: Result<(), VerifyError>,
        observer: Option<&Observer>,
    ) -> Concluded {
        let is_over = Known {
            is_judged: true,
            ..Known::default()
        };
        let mut known = std::mem::replace(&mut *self.lock(), is_over);
        if known.verification.is_none() {
            // There was no verification: it failed, or the handshake ended before it, or went on without it.
            let not_verified = || failed.is_none().then_some(Rejection::NotVerified);
            return Concluded::rejected(known.broken.take().or_else(not_verified));
        }
        // Flags beside those of the path are about the use of the server's key.
        let flags = match (known.is_judged, verify_result) {
            (true, Err(flags)) => known.flags | flags,
            _ => known.flags,
        } - VerifyError::CERT_OTHER;
        let broken = known.broken.take();
        let mut concluded = None;
        let validating = known.began.map(|began| began.elapsed()).unwrap_or_default();
        self.resume(&mut known, |verification, edge| {
            if verification.result().is_none() {
                verification.add_validating(validating);
            }
            conclude_machine(verification, edge, flags, broken, failed);
            concluded = Some(self.take_verdict(verification, failed, observer));
        });
        concluded.unwrap_or_else(|| Concluded::rejected(Some(Rejection::NotVerified)))
    }

    fn take_verdict(
        &self,
        verification: &Verification<'_>,
        failed: Option<&mbedtls::Error>,
        observer: Option<&Observer>,
    ) -> Concluded {
        let mut report = Box::new(verification.report());
        if let Some(error) = failed {
            let failed = || Rejection::HandshakeFailed {
                original: copied(error),
            };
            report.reject(key_not_proven(error).unwrap_or_else(failed));
        }
        let told = observer.map(|observer| catch_unwind(AssertUnwindSafe(|| observer(&report))));
        let result = match (&report.result, told) {
            (Err(Rejection::HandshakeFailed { .. }), _) => Err(None),
            (Err(rejection), _) => Err(Some(rejection.clone())),
            (Ok(()), Some(Err(_))) => Err(Some(Rejection::Panicked)),
            (Ok(()), _) => self
                .policy
                .accept(verification)
                .ok_or(Some(Rejection::NotVerified)),
        };
        Concluded {
            result,
            report: Some(report),
        }
    }
}

/// Gives the result of the handshake to the machine.
fn conclude_machine(
    verification: &mut Verification<'_>,
    edge: &mut MbedTls<'_>,
    flags: VerifyError,
    broken: Option<Rejection>,
    failed: Option<&mbedtls::Error>,
) {
    let found = match (flags.is_empty(), failed) {
        (false, _) => of_mbedtls(flags),
        (true, Some(error)) => Rejection::Other(copied(error)),
        (true, None) => Rejection::NotVerified,
    };
    if verification.result().is_none() {
        verification.validated(Err(broken.unwrap_or(found)));
        let _ = verification.drive(edge, &mut LookupWait::never());
    } else if let (Some(Ok(())), Some(broken)) = (verification.result(), broken) {
        verification.reject(broken);
    } else if let (Some(Ok(())), false) = (verification.result(), flags.is_empty()) {
        verification.reject_after_all(found);
    }
}

/// The error of a certificate that is not for a TLS server. In a handshake, mbedTLS itself checks that.
fn misused(sent: &List<Certificate>) -> Option<VerifyError> {
    /// id-kp-serverAuth (RFC 5280 section 4.2.1.12).
    const SERVER_AUTH: [c_char; 8] = [0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01];
    let own = sent.iter().next()?;
    let usages = [
        KeyUsage::DIGITAL_SIGNATURE,
        KeyUsage::KEY_ENCIPHERMENT,
        KeyUsage::KEY_AGREEMENT,
    ];
    if !usages.into_iter().any(|usage| own.check_key_usage(usage)) {
        return Some(VerifyError::CERT_KEY_USAGE);
    }
    (!own.check_extended_key_usage(&SERVER_AUTH)).then_some(VerifyError::CERT_EXT_KEY_USAGE)
}
