//! The verifier for OpenSSL: it has the machine use OpenSSL's validation, and gives OpenSSL the verdict.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use jit_trust_core::der::{self, tag};
use jit_trust_core::{ChainError, PeerChain};
use jit_trust_engine::verification::{Edge, Library, ValidPath, ValidationRequest, Verification};
use jit_trust_engine::{LookupWait, Rejection, TrustPolicy, VerificationReport};
use openssl::error::ErrorStack;
use openssl::pkey::PKey;
use openssl::ssl::SslRef;
use openssl::x509::{X509, X509StoreContextRef, X509VerifyResult};

use crate::anchors::{Anchors, loaded_for_chain};
use crate::error::{NotForThis, of_openssl};
use crate::session::{self, Tie};
use crate::state::State;
use crate::{ffi, queue, store_context};

type Observer = dyn Fn(&VerificationReport) + Send + Sync;

/// A verifier that selects trust anchors when a server has sent its certificates, and has OpenSSL validate the whole path
/// against exactly those: see the [module](super).
///
/// Its verdict is that of OpenSSL with every anchor of the store loaded that is trusted for a certificate of this age, with
/// these [exceptions](super#what-differs).
pub struct Verifier {
    policy: TrustPolicy,
    observer: Option<Box<Observer>>,
}

impl Verifier {
    /// A verifier by `policy`, a [`TrustPolicy`] or a single store.
    pub fn new(policy: impl Into<TrustPolicy>) -> Self {
        Self {
            policy: policy.into(),
            observer: None,
        }
    }

    /// Sets an observer, which is called after each verification with its report. It runs inside the handshake, so it should be
    /// quick.
    #[must_use]
    pub fn on_verification(mut self, observer: impl Fn(&VerificationReport) + Send + Sync + 'static) -> Self {
        self.observer = Some(Box::new(observer));
        self
    }

    /// The policy.
    pub fn policy(&self) -> &TrustPolicy {
        &self.policy
    }

    /// Verifies a certificate outside of a connection, as `X509_verify_cert` does. The policy is that for the host that OpenSSL
    /// checks.
    ///
    /// Returns OpenSSL's verdict. If this crate rejects a certificate, the reason is in the error queue, and the context's error
    /// is `application verification failure` or `store lookup error`.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let root = jit_trust_lab::pki::Ca::root("Root");
    /// # let leaf = root.leaf("a.test");
    /// # let sent = leaf.chain(&[]);
    /// # let der = root.der();
    /// # let roots = [jit_trust::Entry::from_certificate(jit_trust::Certificate::from_der(&der)?)];
    /// # let options = jit_trust_core::v2::Options::default();
    /// # let store = jit_trust::BlobStore::new(jit_trust_core::v2::to_vec(&roots, options, 1)?)?;
    /// use jit_trust::openssl::Verifier;
    /// use openssl::stack::Stack;
    /// use openssl::x509::store::X509StoreBuilder;
    /// use openssl::x509::{X509, X509StoreContext};
    ///
    /// let verifier = Verifier::new(store);
    /// let leaf = X509::from_der(&sent[0])?;
    /// let nothing_loaded = X509StoreBuilder::new()?.build();
    /// let is_valid = X509StoreContext::new()?.init(&nothing_loaded, &leaf, Stack::new()?.as_ref(), |context| {
    ///     verifier.verify(context)
    /// })?;
    /// assert!(is_valid);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When OpenSSL cannot validate.
    pub fn verify(&self, context: &mut X509StoreContextRef) -> Result<bool, ErrorStack> {
        let judged = self.judge(context, None, None)?;
        if let Judged::Rejected(rejection) = &judged {
            say(context, rejection);
        }
        // Without a connection it is never suspended.
        Ok(matches!(judged, Judged::Accepted))
    }

    /// As [`verify`](Self::verify), and returns the report.
    ///
    /// # Errors
    /// When OpenSSL cannot validate.
    pub fn report(&self, context: &mut X509StoreContextRef) -> Result<Box<VerificationReport>, ErrorStack> {
        let state = State::with_report();
        if let Judged::Rejected(rejection) = self.judge(context, None, Some(&state))? {
            say(context, &rejection);
        }
        let report = state.lock().report.take();
        report.ok_or_else(ErrorStack::get)
    }

    /// Runs or resumes the verification, of a connection if there is one.
    fn judge(
        &self,
        context: &mut X509StoreContextRef,
        ssl: Option<&SslRef>,
        state: Option<&State>,
    ) -> Result<Judged, ErrorStack> {
        let host = store_context::host(context, ssl).unwrap_or_default();
        let policy = self.policy.for_host(&host);
        let mut suspended = state.and_then(|state| state.lock().suspended.take());
        let not_for_this = match ssl.is_some_and(SslRef::is_server) {
            true => Some(NotForThis::Server),
            false => store_context::has_several_hosts(context).then_some(NotForThis::SeveralHosts),
        };
        let sent = match &not_for_this {
            Some(_) => Vec::new(),
            None => store_context::sent(context)?,
        };
        let chain: Result<PeerChain<'_>, ChainError> = PeerChain::read(sent.iter().map(Vec::as_slice));
        let now = store_context::judged_at(context);
        let resumed = suspended.as_mut();
        let resumed = resumed.and_then(|suspended| suspended.resume(&policy, &chain));
        let verification = resumed.unwrap_or_else(|| policy.verification(&chain, now, Library::ONCE));
        let mut verification = match not_for_this {
            Some(not_for_this) => {
                let mut verification = verification;
                verification.reject(Rejection::other(not_for_this));
                return Ok(self.conclude(&verification, ssl, state));
            }
            None => verification,
        };
        let mut edge = OpenSsl {
            loaded: loaded_for_chain(context)?,
            context,
            failure: None,
        };
        let loaded = edge.loaded.iter();
        let ders = loaded.map(|ca| ca.to_der().unwrap_or_default().into());
        verification = verification.with_loaded(ders.collect());
        let can_suspend = ssl.is_some() && state.is_some_and(|state| state.lock().can_suspend);
        let mut wait = match can_suspend {
            true => LookupWait::never(),
            false => LookupWait::block(None),
        };
        if let Err(pending) = verification.drive(&mut edge, &mut wait) {
            if let Some(state) = state {
                let mut known = state.lock();
                known.pending = Some(pending);
                known.suspended = Some(verification.suspend());
            }
            return Ok(Judged::Suspended);
        }
        match edge.failure {
            Some(failure) => Err(failure),
            None => Ok(self.conclude(&verification, ssl, state)),
        }
    }

    /// Takes the verdict: binds an accepted connection and its session to their anchors, and calls the observer.
    fn conclude(
        &self,
        verification: &Verification<'_>,
        ssl: Option<&SslRef>,
        state: Option<&State>,
    ) -> Judged {
        let judged = match verification.result() {
            Some(Ok(())) => Judged::Accepted,
            Some(Err(rejection)) => Judged::Rejected(rejection.clone()),
            None => Judged::Rejected(Rejection::NotVerified),
        };
        if matches!(judged, Judged::Accepted) {
            // Without a binding, no later check could find out whether an anchor is still trusted: then no session is offered,
            // and a connector returns an error.
            if let Some(binding) = self.policy.accept(verification) {
                if let Some(ssl) = ssl {
                    session::tie(
                        ssl,
                        Tie {
                            policy: self.policy.clone(),
                            host: verification.host().to_owned(),
                            anchors: binding.anchors.clone(),
                        },
                    );
                }
                if let Some(state) = state {
                    state.lock().verified = Some(binding);
                }
            }
        }
        // The report has copies of the chain and the candidates.
        let state = state.filter(|state| state.lock().wants_report);
        if self.observer.is_some() || state.is_some() {
            let report = verification.report();
            if let Some(observer) = &self.observer {
                observer(&report);
            }
            if let Some(state) = state {
                state.lock().report = Some(Box::new(report));
            }
        }
        judged
    }

    /// Verifies for OpenSSL's callback. It always returns an answer; if that is no, the reason is in the error queue.
    pub(crate) fn answer(&self, context: &mut X509StoreContextRef, ssl: Option<&SslRef>) -> Answered {
        let state = ssl.and_then(State::of_or_new);
        let judged = catch_unwind(AssertUnwindSafe(|| self.judge(context, ssl, state)));
        let rejection = match judged {
            Ok(Ok(Judged::Accepted)) => return Answered::Yes,
            Ok(Ok(Judged::Suspended)) if state.is_some() => {
                // OpenSSL would take errors that a store left in the queue for the reason why the handshake stops.
                drop(ErrorStack::get());
                return Answered::Later;
            }
            Ok(Ok(Judged::Rejected(rejection))) => rejection,
            Ok(Err(error)) => Rejection::other(error),
            // Only a connection with a state is suspended.
            Ok(Ok(Judged::Suspended)) | Err(_) => Rejection::Panicked,
        };
        say(context, &rejection);
        if let Some(state) = state {
            state.lock().rejection = Some(rejection);
        }
        Answered::No
    }
}

/// The result of a verification.
enum Judged {
    Accepted,
    Rejected(Rejection),
    /// It waits for a deferred store.
    Suspended,
}

/// The answer to OpenSSL's callback.
pub(crate) enum Answered {
    Yes,
    No,
    Later,
}

/// OpenSSL's validation of one context, for the machine.
struct OpenSsl<'x> {
    context: &'x mut X509StoreContextRef,
    loaded: Vec<X509>,
    /// The error of OpenSSL where it could not validate.
    failure: Option<ErrorStack>,
}

impl Edge for OpenSsl<'_> {
    fn validate(&mut self, request: &ValidationRequest<'_, '_>) -> Result<ValidPath<'_>, Rejection> {
        match self.find_path(request) {
            Ok(found) => found,
            Err(failure) => {
                self.failure = Some(failure.clone());
                Err(Rejection::other(failure))
            }
        }
    }

    fn verify_signature(&self, certificate: &[u8], issuer_spki: &[u8]) -> Result<(), Rejection> {
        let verified = X509::from_der(certificate).and_then(|certificate| {
            let spki = der::encode(tag::SEQUENCE, issuer_spki);
            certificate.verify(&*PKey::public_key_from_der(&spki)?)
        });
        match verified {
            Ok(true) => Ok(()),
            Ok(false) => Err(Rejection::BadSignature { original: None }),
            Err(error) => Err(Rejection::other(error)),
        }
    }
}

impl OpenSsl<'_> {
    fn find_path<'p>(
        &mut self,
        request: &ValidationRequest<'_, '_>,
    ) -> Result<Result<ValidPath<'p>, Rejection>, ErrorStack> {
        let anchors = Anchors::new(&self.loaded, request)?;
        let completing = request.untrusted().filter_map(|der| X509::from_der(der).ok());
        let completing: Vec<X509> = completing.collect();
        let path = match request.is_final() {
            true => store_context::verify(self.context, &anchors.stack, &completing)?,
            false => store_context::try_out(self.context, &anchors.stack, &completing)?,
        };
        let Some(path) = path else {
            return Ok(Err(match request.is_final() {
                true => of_openssl(self.context.error()),
                false => Rejection::no_such_root(None),
            }));
        };
        let mut used = path.used.into_iter();
        let valid = anchors.path(used.next(), path.below.into_iter().map(Cow::Owned));
        let mut valid = valid.through(used.filter_map(|place| anchors.candidate(place)));
        // A verify callback of the program may have accepted it, although OpenSSL finds no path.
        if request.is_final() && request.leaves_out_any() && !valid.is_overridden {
            let tried = store_context::try_out(self.context, &anchors.stack, &completing)?;
            valid.is_overridden = tried.is_none();
        }
        Ok(Ok(valid))
    }
}

/// Adds the rejection to the error queue, and sets OpenSSL's error code where OpenSSL has not set it.
fn say(context: &mut X509StoreContextRef, rejection: &Rejection) {
    let is_openssls = rejection
        .original()
        .is_some_and(<dyn Error + Send + Sync>::is::<X509VerifyResult>);
    if !is_openssls {
        store_context::set_error(
            context,
            match rejection.is_store_failure() {
                true => ffi::X509_V_ERR_STORE_LOOKUP,
                false => ffi::X509_V_ERR_APPLICATION_VERIFICATION,
            },
        );
    }
    queue::say(&rejection.to_string());
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier")
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;

    use jit_trust_engine::{Candidates, StoreError, TrustStore};
    use jit_trust_lab::pki::Ca;
    use jit_trust_lab::server::{Response, Server};
    use openssl::ssl::{Ssl, SslContext, SslMethod};

    use super::*;

    #[derive(Debug)]
    struct Holding(Vec<u8>);

    impl TrustStore for Holding {
        fn select<'s>(&'s self, found: &mut Candidates<'s>) -> Result<(), StoreError> {
            Ok(found.add_certificate(&self.0)?)
        }
    }

    #[test]
    fn a_connection_of_a_program_keeps_no_report() {
        let root = Ca::root("Root");
        let leaf = root.leaf("a.test");
        let server = Server::builder().default_site(leaf.key(), leaf.chain(&[]), |_| Response::ok("hello"));
        let server = server.start();
        let observed = Verifier::new(Holding(root.der().to_vec())).on_verification(|_| {});
        for verifier in [Verifier::new(Holding(root.der().to_vec())), observed] {
            let mut context = SslContext::builder(SslMethod::tls_client()).unwrap();
            verifier.attach(&mut context).unwrap();
            let mut ssl = Ssl::new(&context.build()).unwrap();
            ssl.param_mut().set_host("a.test").unwrap();
            let tls = ssl.connect(TcpStream::connect(server.addr()).unwrap()).unwrap();
            let known = State::of(tls.ssl()).unwrap().lock();
            assert!(known.verified.is_some() && known.report.is_none());
        }
    }
}
