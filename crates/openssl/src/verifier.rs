//! Choosing the anchors for one verification, and having OpenSSL judge by them.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jit_trust_core::PeerChain;
use openssl::error::ErrorStack;
use openssl::ssl::{SslContextBuilder, SslRef};
use openssl::x509::{X509StoreContextRef, X509VerifyResult};

use super::anchors::{Anchors, Loaded};
use super::error::NotForThis;
use super::session::{self, Tie};
use super::state::State;
use super::store_context::Path;
use super::{boundary, ffi, queue, store_context};
use crate::handshake_error::Refusal;
use crate::trust::{
    Accepted, HandshakeContext, Candidates, KnownAnchor, TrustBinding, Panicked, Patience, Search, Suspended,
};
use crate::{Distrusted, Candidates, StoreError, TrustPolicy, Verification};

type Observer = dyn Fn(&Verification<'_>) + Send + Sync;

/// Selects trust anchors when a server has sent its certificates, and has OpenSSL validate the whole path against just
/// those: see the [module](super).
///
/// Its verdict is that of OpenSSL with every anchor of the store loaded that may vouch for a certificate of this age, but
/// for the [exceptions](super#what-differs).
pub struct Verifier {
    trust: TrustPolicy,
    observer: Option<Box<Observer>>,
}

/// What a verification came to.
pub(super) enum Judged {
    Accepted,
    /// OpenSSL refused it, or we did, and why.
    Refused(Refusal),
    /// A store answers later.
    Suspended(Suspended),
}

impl Verifier {
    /// A verifier that trusts what `trust` does, a [`TrustPolicy`] or a single store.
    pub fn new(trust: impl Into<TrustPolicy>) -> Self {
        Self {
            trust: trust.into(),
            observer: None,
        }
    }

    /// Has `observer` told of each verification when it has ended, whatever its verdict. It runs inside the
    /// handshake, so it should be quick.
    pub fn on_verification(mut self, observer: impl Fn(&Verification<'_>) + Send + Sync + 'static) -> Self {
        self.observer = Some(Box::new(observer));
        self
    }

    /// What this verifier trusts.
    pub fn trust(&self) -> &TrustPolicy {
        &self.trust
    }

    /// Has connections of this context trust just in time, beside the CAs that are loaded into it. Sets
    /// `SSL_VERIFY_PEER`: the default of a plain context is to accept anything. A verify callback that was set stays.
    ///
    /// It is for clients, each connection to one host: a server's, and one for which OpenSSL is to take one name of several, are
    /// refused.
    ///
    /// It takes the place of the context's certificate verify callback, and stands before its info callback.
    ///
    /// # Errors
    /// Where OpenSSL has no memory.
    pub fn attach(self, context: &mut SslContextBuilder) -> Result<(), ErrorStack> {
        boundary::attach(Arc::new(self), context)
    }

    /// Judges a certificate outside of a connection: what `X509_verify_cert` does, with trust just in time. The host by
    /// which it is decided what is trusted is the one whose name OpenSSL checks.
    ///
    /// Returns OpenSSL's verdict. If a certificate is refused for a reason of this crate's, that is in the
    /// error queue, and the context's error says `application verification failure` or `store lookup error`.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let root = jit_trust_lab::pki::Ca::root("Root");
    /// # let leaf = root.leaf("a.test");
    /// # let sent = leaf.chain(&[]);
    /// # let der = root.der();
    /// # let roots = [jit_trust::Entry::from_certificate(jit_trust::Certificate::from_der(&der)?)];
    /// # let options = jit_trust_core::v2::Options::default();
    /// # let mut blob = vec![0; jit_trust_core::v2::encoded_len(&roots, options)?];
    /// # jit_trust_core::v2::encode(&roots, options, 1, &mut blob)?;
    /// # let store = jit_trust::BlobStore::new(blob.leak())?;
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
    /// Where OpenSSL cannot judge.
    pub fn verify(&self, context: &mut X509StoreContextRef) -> Result<bool, ErrorStack> {
        match self.judge(context, None, None) {
            Ok(Judged::Accepted) => Ok(true),
            Ok(Judged::Refused(refusal)) => {
                refused(context, &refusal);
                Ok(false)
            }
            // Without a connection there is nobody who could go on later, and it waits.
            Ok(Judged::Suspended(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Judges, for a connection if there is one.
    pub(super) fn judge(
        &self,
        context: &mut X509StoreContextRef,
        ssl: Option<&SslRef>,
        state: Option<&State>,
    ) -> Result<Judged, ErrorStack> {
        let started = Instant::now();
        let host = store_context::host(context, ssl).unwrap_or_default();
        let stores = self.trust.stores_for(&host);
        let refuse = |refusal: Refusal, chain: Option<&PeerChain<'_>>| {
            self.tell(&Verification {
                host: &host,
                chain,
                store_len: stores.anchor_count(),
                selected: 0,
                candidates: Candidates::new(&()),
                queries: &[],
                anchor: None,
                selecting: started.elapsed(),
                validating: Duration::ZERO,
                result: Err(&*refusal),
            });
            Ok(Judged::Refused(refusal))
        };

        if ssl.is_some_and(SslRef::is_server) {
            return refuse(Arc::new(NotForThis::Server), None);
        }
        if store_context::has_several_hosts(context) {
            return refuse(Arc::new(NotForThis::SeveralHosts), None);
        }
        let sent = store_context::sent(context)?;
        let chain = match PeerChain::read(sent.iter().map(Vec::as_slice)) {
            Ok(chain) => chain,
            Err(error) => return refuse(Arc::new(error), None),
        };
        let earlier = state
            .map(|state| state.lock().earlier.clone())
            .unwrap_or_default();
        let mut search = match Search::new(&stores, &chain) {
            Ok(search) => search.with_earlier(&earlier),
            Err(error) => return refuse(Arc::new(error), Some(&chain)),
        };
        let selecting = started.elapsed();

        let mut loaded = Loaded::for_chain(context)?;
        if let Err(error) = loaded.bind(&stores, search.selection()) {
            return refuse(Arc::new(error), Some(&chain));
        }
        let can_suspend = ssl.is_some() && state.is_some_and(|state| state.lock().can_suspend);
        let refused = match self.complete(context, &mut loaded, &mut search, &host, can_suspend)? {
            Completed::Suspended(suspended) => {
                if let Some(state) = state {
                    state.lock().earlier.extend(search.take_at_once());
                }
                return Ok(Judged::Suspended(suspended));
            }
            Completed::Ready { refused } => refused,
        };
        let anchors = Anchors::new(&loaded, search.selection().anchors())?;
        let path = store_context::verify(context, &anchors.stack)?;
        let checked = path
            .as_ref()
            .map(|path| check_path(path, &anchors, &loaded, search.selection()));
        let refusal = match checked {
            Some(Ok(())) => overruled(context, &anchors, &loaded, search.selection(), refused)?,
            // A callback of the user's may have led OpenSSL along another path than the trial.
            Some(Err(refusal)) => Some(refusal),
            None => Some(reason(context, &loaded, &mut search, refused)),
        };
        let path = path.filter(|_| refusal.is_none()).unwrap_or_default();
        let used = path.used.iter().filter_map(|used| anchors.selected(*used));
        let used: Vec<usize> = used.collect();
        let waited: Duration = search.queries().iter().map(|query| query.waited).sum();
        if refusal.is_none() {
            let loaded_ca = path.used.first().and_then(|top| match anchors.selected(*top) {
                Some(_) => None,
                None => Some(loaded.get(*top)?.known(path.below.last()?)),
            });
            self.accept(&host, &used, loaded_ca, &search, ssl, state);
        }
        self.tell(&Verification {
            host: &host,
            chain: Some(&chain),
            store_len: stores.anchor_count(),
            selected: search.selection().len(),
            candidates: Candidates::new(search.selection()),
            queries: search.queries(),
            anchor: used
                .first()
                .and_then(|used| search.selection().anchors().nth(*used)),
            selecting: selecting + waited,
            validating: started.elapsed().saturating_sub(selecting + waited),
            result: refusal.as_deref().map_or(Ok(()), Err),
        });
        Ok(refusal.map_or(Judged::Accepted, Judged::Refused))
    }

    /// Asks stores that answer later for as long as OpenSSL finds no path without their answers, and takes out the anchors
    /// whose paths do not conform to what binds them beside their own certificates.
    fn complete(
        &self,
        context: &X509StoreContextRef,
        loaded: &mut Loaded,
        search: &mut Search<'_>,
        host: &str,
        can_suspend: bool,
    ) -> Result<Completed, ErrorStack> {
        let mut patience = Patience::new(!can_suspend, None);
        // Without a clock that is to be looked at, no date is out.
        let is_out_of_date = store_context::judged_at(context).is_some_and(|now| search.is_out_of_date(now));
        let may_ask = search.may_ask() && !is_out_of_date;
        let mut refused = None;
        while may_ask || loaded.needs_path_check() || search.selection().needs_path_check() {
            let anchors = Anchors::new(loaded, search.selection().anchors())?;
            if let Some(path) = store_context::try_out(context, &anchors.stack)? {
                let Err(refusal) = check_path(&path, &anchors, loaded, search.selection()) else {
                    break;
                };
                refused.get_or_insert(refusal);
                // With the others there may be another path.
                let Some(top) = path.used.first() else { break };
                match anchors.selected(*top) {
                    Some(place) => search.refuse(place),
                    None => {
                        // The stores' own of that name and key are bound by the same.
                        if let Some((name, spki_value)) = loaded.refuse(*top) {
                            search.refuse_key(&name, &spki_value);
                        }
                    }
                }
                continue;
            }
            if !may_ask {
                break;
            }
            match search.look_further(host, &mut patience) {
                Ok(true) => {}
                Ok(false) => break,
                Err(suspended) => return Ok(Completed::Suspended(suspended)),
            }
        }
        Ok(Completed::Ready { refused })
    }

    /// Remembers what an accepted connection, and its session, depend on: the anchors in its path, by their places among
    /// those that were selected; and of a CA that the user loaded, in which it ends, what the stores say of it.
    fn accept(
        &self,
        host: &str,
        used: &[usize],
        loaded_ca: Option<KnownAnchor>,
        search: &Search<'_>,
        ssl: Option<&SslRef>,
        state: Option<&State>,
    ) {
        let mut leaning = TrustBinding::default();
        leaning.anchors.extend(loaded_ca.map(Arc::new));
        let selection = search.selection();
        let anchors = used
            .iter()
            .filter_map(|place| Some((selection.anchors().nth(*place)?, selection.imposed_on(*place))));
        for (anchor, imposed) in anchors {
            let Accepted { import, lease } = self.trust.accepts(host, &anchor, search);
            let known = KnownAnchor::new(&anchor, &imposed, selection.chain(), import);
            // Without it nobody could see whether the anchor is there still: then no session is offered, and a connection
            // that keeps account is not made.
            let Some(known) = known else { return };
            leaning.anchors.push(Arc::new(known));
            leaning.leases.extend(lease);
        }
        if let Some(ssl) = ssl {
            session::tie(
                ssl,
                Tie {
                    trust: self.trust.clone(),
                    host: host.to_owned(),
                    anchors: leaning.anchors.clone(),
                },
            );
        }
        if let Some(state) = state {
            state.lock().verified = Some(leaning);
        }
    }

    fn tell(&self, verification: &Verification<'_>) {
        if let Some(observer) = &self.observer {
            observer(verification);
        }
    }

    /// Judges for OpenSSL: whatever happens, there is an answer, and if it is no, a reason in the error queue.
    pub(super) fn answer(&self, context: &mut X509StoreContextRef, ssl: Option<&SslRef>) -> Answered {
        let state = ssl.and_then(State::of_or_new);
        let judge = || HandshakeContext::aside(|_| self.judge(context, ssl, state));
        let judged = std::panic::catch_unwind(std::panic::AssertUnwindSafe(judge));
        let refusal: Refusal = match (judged, state) {
            (Ok(Ok(Judged::Accepted)), _) => return Answered::Yes,
            (Ok(Ok(Judged::Suspended(suspended))), Some(state)) => {
                state.lock().suspended = Some(suspended);
                // What a store left there OpenSSL would take for the reason why the handshake stops.
                drop(ErrorStack::get());
                return Answered::Later;
            }
            (Ok(Ok(Judged::Refused(refusal))), _) => refusal,
            (Ok(Err(error)), _) => Arc::new(error),
            // Only a connection is suspended that can be.
            (Ok(Ok(Judged::Suspended(_))), None) | (Err(_), _) => Arc::new(Panicked),
        };
        refused(context, &refusal);
        if let Some(state) = state {
            state.lock().refusal = Some(refusal);
        }
        Answered::No
    }
}

/// What OpenSSL is told.
pub(super) enum Answered {
    Yes,
    No,
    Later,
}

/// What a search for anchors came to.
enum Completed {
    Suspended(Suspended),
    /// OpenSSL can judge. One that a valid path led to may have been taken out, and why.
    Ready {
        refused: Option<Refusal>,
    },
}

/// Checks that a valid path conforms to what binds the anchor that it ends in, beside that anchor's own certificate.
fn check_path(
    path: &Path,
    anchors: &Anchors,
    loaded: &Loaded,
    selection: &Candidates<'_>,
) -> Result<(), Refusal> {
    let Some(top) = path.used.first() else {
        return Ok(());
    };
    match (anchors.selected(*top), loaded.get(*top)) {
        (Some(place), _) => {
            let checked = selection.check_path(place, &mut path.below.iter().map(Vec::as_slice));
            checked.map_err(|error| Arc::new(error) as Refusal)
        }
        (None, Some(ca)) => ca.check_path(selection.chain(), &path.below),
        (None, None) => Ok(()),
    }
}

/// Why a path is refused. `refused` says why an anchor was taken out that a valid path led to.
fn reason(
    context: &X509StoreContextRef,
    loaded: &Loaded,
    search: &mut Search<'_>,
    refused: Option<Refusal>,
) -> Refusal {
    // What a store that did not answer may hold, nobody knows: that comes before what was found without it.
    if let Some(failure) = search.take_failure() {
        return Arc::new(failure);
    }
    match distrusted(context, loaded, search.selection()) {
        Some(distrusted) => Arc::new(distrusted),
        None => refused.unwrap_or_else(|| Arc::new(context.error())),
    }
}

fn distrusted(
    context: &X509StoreContextRef,
    loaded: &Loaded,
    selection: &Candidates<'_>,
) -> Option<Distrusted> {
    Distrusted::because_of(selection, |anchors| {
        let anchors = Anchors::new(loaded, anchors.iter().copied()).ok()?;
        let path = store_context::try_out(context, &anchors.stack).ok()??;
        anchors.selected(*path.used.first()?)
    })
}

/// Why a path that OpenSSL accepts is refused nevertheless: a callback of the user's has accepted it in the place of a valid
/// one, whose anchor was left out because what binds it is not met.
fn overruled(
    context: &X509StoreContextRef,
    anchors: &Anchors,
    loaded: &Loaded,
    selection: &Candidates<'_>,
    refused: Option<Refusal>,
) -> Result<Option<Refusal>, ErrorStack> {
    if refused.is_none() && selection.dropped().next().is_none() {
        return Ok(None);
    }
    // It may as well end in a CA that is loaded.
    if store_context::try_out(context, &anchors.stack)?.is_some() {
        return Ok(None);
    }
    let distrusted = distrusted(context, loaded, selection);
    Ok(distrusted
        .map(|distrusted| Arc::new(distrusted) as Refusal)
        .or(refused))
}

/// Leaves behind why a certificate is refused, where OpenSSL does not know by itself.
fn refused(context: &mut X509StoreContextRef, refusal: &Refusal) {
    if refusal.is::<X509VerifyResult>() {
        return;
    }
    store_context::set_error(
        context,
        match refusal.is::<StoreError>() {
            true => ffi::X509_V_ERR_STORE_LOOKUP,
            false => ffi::X509_V_ERR_APPLICATION_VERIFICATION,
        },
    );
    queue::say(&refusal.to_string());
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier")
            .field("trust", &self.trust)
            .finish_non_exhaustive()
    }
}
