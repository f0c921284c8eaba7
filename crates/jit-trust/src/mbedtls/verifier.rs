//! Choosing the anchors for one connection, handing them to mbedTLS, and judging the path that it finds.

use std::ffi::c_char;
use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jit_trust_core::{
    Certificate as Read, MAX_CERTIFICATES, PeerChain, TrustAnchor, check_imposed_constraints,
    check_name_constraints,
};
use mbedtls::alloc::List;
use mbedtls::error::codes;
use mbedtls::x509::{Certificate, KeyUsage, VerifyError};

use super::anchor::{Anchor, certificates};
use super::error::{Invalid, NotVerified, Refusal, Unreadable};
use crate::trust::{
    Accepted, AnchorList, Attempt, Candidates, KnownAnchor, Leaning, Panicked, Patience, Search, Stores,
};
use crate::{Distrusted, QueryMade, StoreError, Trust, Verification};

pub(super) type Observer = dyn Fn(&Verification<'_>) + Send + Sync;

/// The verification of one connection: mbedTLS calls it, first for [candidates](Self::candidates), then with
/// [each certificate](Self::see) of the path that it has found; and when the handshake has ended, that is
/// [concluded](Self::conclude).
pub(super) struct Verifier {
    trust: Trust,
    host: String,
    address: Option<IpAddr>,
    attempt: Arc<Attempt>,
    known: Mutex<Known>,
}

/// What is known so far.
#[derive(Default)]
struct Known {
    /// What was selected when mbedTLS asked for the first time.
    selected: Option<Selected>,
    /// The path that mbedTLS found, the anchor first, and what it finds wrong with it.
    path: Vec<Box<[u8]>>,
    flags: VerifyFlags,
    /// When the path was seen whole. There is no second one.
    judged: Option<Instant>,
    /// What is wrong that mbedTLS does not know of.
    refusal: Option<Refusal>,
    /// Which of the anchors that were selected vouches for it.
    accepted: Option<usize>,
}

/// Flags of mbedTLS, none at first.
struct VerifyFlags(VerifyError);

impl Default for VerifyFlags {
    fn default() -> Self {
        Self(VerifyError::empty())
    }
}

/// What was selected for a chain.
struct Selected {
    started: Instant,
    /// The certificates as they were sent.
    sent: Vec<Box<[u8]>>,
    store_len: Option<usize>,
    found: Found,
    selecting: Duration,
}

/// What stores had.
#[derive(Default)]
struct Found {
    anchors: Vec<Anchor>,
    /// Those that may not be used, to show.
    left_out: Vec<Anchor>,
    queries: Vec<QueryMade>,
    /// Why a store could not answer.
    failure: Option<StoreError>,
    /// Why there is no path, if it is for the date of a root.
    distrusted: Option<Distrusted>,
    /// Why an anchor was taken out that a valid path led to.
    refused: Option<Refusal>,
}

/// What a verification on the side came to.
enum Tried {
    /// A valid path ends in this one of the anchors.
    Anchor(usize),
    /// A path ends in this one, and does not conform to name constraints that bind it beside its own.
    Refused(usize, Refusal),
    NoPath,
}

impl AnchorList for Found {
    fn get(&self, place: usize) -> Option<TrustAnchor<'_>> {
        let mut all = self.anchors.iter().chain(&self.left_out);
        all.nth(place).map(Anchor::get)
    }
}

impl Verifier {
    pub(super) fn new(trust: Trust, host: String, address: Option<IpAddr>) -> Self {
        Self {
            attempt: Attempt::to(host.clone(), &trust),
            trust,
            host,
            address,
            known: Mutex::default(),
        }
    }

    /// The attempt that it is part of. Whoever gives that up has it wait no more.
    #[cfg(feature = "mbedtls-tokio")]
    pub(super) fn attempt(&self) -> &Arc<Attempt> {
        &self.attempt
    }

    pub(super) fn host(&self) -> &str {
        &self.host
    }

    /// The name that mbedTLS checks: none for an address, which it does not know how to.
    pub(super) fn name(&self) -> Option<&str> {
        self.address.is_none().then_some(&self.host)
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// mbedTLS asks who could have issued a certificate; the first is the server's own, with all others behind it.
    ///
    /// # Errors
    /// When nothing can be said: mbedTLS goes no further. The reason is kept.
    pub(super) fn candidates(&self, child: &List<Certificate>) -> mbedtls::Result<List<Certificate>> {
        let candidates = || Attempt::aside(|_| self.find_candidates(child));
        let refusal = match catch_unwind(AssertUnwindSafe(candidates)) {
            Ok(Ok(candidates)) => return Ok(candidates),
            Ok(Err(refusal)) => refusal,
            Err(_) => Box::new(Panicked),
        };
        self.lock().refusal = Some(refusal);
        Err(codes::X509FatalError.into())
    }

    fn find_candidates(&self, child: &List<Certificate>) -> Result<List<Certificate>, Refusal> {
        let is_first = {
            let known = self.lock();
            if known.judged.is_some() {
                return Err(Box::new(NotVerified));
            }
            known.selected.is_none()
        };
        if is_first {
            let (selected, done) = self.select(child);
            self.lock().selected = Some(selected);
            done?;
        }
        let known = self.lock();
        let anchors = known.selected.as_ref().map(|selected| &*selected.found.anchors);
        let der = child
            .iter()
            .next()
            .map(|child| child.as_der())
            .unwrap_or_default();
        // What cannot be read was not looked at when the anchors were selected: none of them is for it.
        let Ok(child) = Read::from_der(der) else {
            return Ok(List::<Certificate>::new());
        };
        let anchors = anchors.unwrap_or_default().iter();
        Ok(certificates(
            anchors.filter(|anchor| anchor.is_named(child.issuer())),
        ))
    }

    /// Selects for the whole chain.
    fn select(&self, chain: &List<Certificate>) -> (Selected, Result<(), Refusal>) {
        let started = Instant::now();
        let stores = self.trust.stores_for(&self.host);
        let looked_at = chain.iter().take(MAX_CERTIFICATES + 1);
        let sent: Vec<Box<[u8]>> = looked_at.map(|certificate| certificate.as_der().into()).collect();
        let (found, done) = match self.find(chain, &sent, &stores) {
            Ok(found) => (found, Ok(())),
            Err(refusal) => (Found::default(), Err(refusal)),
        };
        let selected = Selected {
            started,
            selecting: started.elapsed(),
            sent,
            store_len: stores.anchor_count(),
            found,
        };
        (selected, done)
    }

    fn find(
        &self,
        chain: &List<Certificate>,
        sent: &[Box<[u8]>],
        stores: &Stores<'_>,
    ) -> Result<Found, Refusal> {
        let peer = PeerChain::read(sent.iter().map(|der| &**der))?;
        let mut search = Search::new(stores, &peer)?;
        let refused = self.complete(chain, &mut search);
        let distrusted = Distrusted::because_of(search.selection(), |anchors| {
            // Not of all of them there is a certificate.
            let made = anchors.iter().enumerate();
            let made = made.filter_map(|(place, anchor)| Some((place, Anchor::new(anchor, &[], None)?)));
            match self.try_out(chain, made) {
                Tried::Anchor(place) => Some(place),
                Tried::Refused(..) | Tried::NoPath => None,
            }
        });
        let selection = search.selection();
        let anchors = selection.anchors().enumerate().filter_map(|(place, anchor)| {
            Anchor::new(&anchor, &selection.imposed_on(place), search.import_of(&anchor))
        });
        Ok(Found {
            anchors: anchors.collect(),
            left_out: selection
                .left_out()
                .filter_map(|anchor| Anchor::new(&anchor, &[], None))
                .collect(),
            queries: search.queries().to_vec(),
            distrusted,
            refused,
            failure: search.take_failure(),
        })
    }

    /// Asks stores that answer later for as long as mbedTLS finds no path without their answers, and takes out the anchors
    /// whose paths do not conform to name constraints that bind them beside their own. Says why one was, if one was.
    fn complete(&self, chain: &List<Certificate>, search: &mut Search<'_>) -> Option<Refusal> {
        let mut patience = Patience::new(true, Some(&self.attempt));
        let mut refused = None;
        while search.may_ask() || search.selection().needs_path_check() {
            let selection = search.selection();
            let anchors = selection.anchors().enumerate();
            let anchors = anchors.filter_map(|(place, anchor)| {
                Some((place, Anchor::new(&anchor, &selection.imposed_on(place), None)?))
            });
            match self.try_out(chain, anchors) {
                Tried::Anchor(_) => break,
                Tried::Refused(place, refusal) => {
                    // With the others there may be another path.
                    search.refuse(place);
                    refused.get_or_insert(refusal);
                }
                Tried::NoPath if !matches!(search.look_further(&self.host, &mut patience), Ok(true)) => break,
                Tried::NoPath => {}
            }
        }
        refused
    }

    /// In which of these anchors a valid path ends, by their places: a verification on the side.
    fn try_out(&self, chain: &List<Certificate>, anchors: impl Iterator<Item = (usize, Anchor)>) -> Tried {
        let (places, anchors): (Vec<usize>, Vec<Anchor>) = anchors.unzip();
        let place = |made: usize| places.get(made).copied();
        let Some(path) = self.find_path(chain, &anchors) else {
            return Tried::NoPath;
        };
        let refusal = match self.judge(&path, None, &anchors) {
            Ok(made) => return place(made).map_or(Tried::NoPath, Tried::Anchor),
            Err(refusal) => refusal,
        };
        let is_bound = |anchor: &Anchor| {
            !anchor.imposed().is_empty() && path.first().is_some_and(|top| anchor.has_certificate(top))
        };
        let bound = anchors.iter().position(is_bound).and_then(place);
        bound.map_or(Tried::NoPath, |place| Tried::Refused(place, refusal))
    }

    /// The path that mbedTLS finds to one of these anchors, the anchor first.
    fn find_path(&self, chain: &List<Certificate>, anchors: &[Anchor]) -> Option<Vec<Box<[u8]>>> {
        let path = Arc::new(Mutex::new(Vec::<Box<[u8]>>::new()));
        let seen = path.clone();
        let see = move |certificate: &Certificate, _: i32, _: &mut VerifyError| {
            let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
            seen.push(certificate.as_der().into());
            Ok(())
        };
        let trusted = certificates(anchors.iter());
        Certificate::verify_with_callback_expected_common_name(chain, &trusted, None, None, see, self.name())
            .ok()?;
        let mut path = path.lock().unwrap_or_else(PoisonError::into_inner);
        Some(std::mem::take(&mut *path))
    }

    /// mbedTLS shows a certificate of the path, the anchor first and the server's own, of depth 0, last, with what it finds
    /// wrong with it. It has not gone on yet, and does not if there is anything.
    pub(super) fn see(&self, certificate: &Certificate, depth: i32, flags: &mut VerifyError) {
        let see = || {
            let mut known = self.lock();
            if known.judged.is_some() {
                return Some(Box::new(NotVerified) as Refusal);
            }
            known.path.push(certificate.as_der().into());
            known.flags.0 |= *flags;
            if depth != 0 {
                return None;
            }
            known.judged = Some(Instant::now());
            if !known.flags.0.is_empty() {
                return None;
            }
            match self.judge_known(&known) {
                Ok(accepted) => known.accepted = Some(accepted),
                Err(refusal) => return Some(refusal),
            }
            None
        };
        let refusal = match catch_unwind(AssertUnwindSafe(see)) {
            Ok(None) => return,
            Ok(Some(refusal)) => refusal,
            Err(_) => Box::new(Panicked),
        };
        *flags |= VerifyError::CERT_OTHER;
        let mut known = self.lock();
        known.accepted = None;
        known.refusal = Some(refusal);
    }

    fn judge_known(&self, known: &Known) -> Result<usize, Refusal> {
        let selected = known.selected.as_ref().ok_or(NotVerified)?;
        let peer = PeerChain::read(selected.sent.iter().map(|der| &**der))?;
        if known.path.last() != selected.sent.first() {
            return Err(Box::new(Unreadable));
        }
        self.judge(&known.path, Some(&peer), &selected.found.anchors)
    }

    /// Judges a path that mbedTLS finds valid, the anchor first, by what mbedTLS does not know; by the dates of roots where
    /// the chain is given that was sent. Says which of the anchors it ends in.
    fn judge(
        &self,
        path: &[Box<[u8]>],
        peer: Option<&PeerChain<'_>>,
        anchors: &[Anchor],
    ) -> Result<usize, Refusal> {
        let [top, below @ ..] = path else {
            return Err(Box::new(Unreadable));
        };
        let below: Result<Vec<_>, _> = below.iter().rev().map(|der| Read::from_der(der)).collect();
        let below = below?;
        // mbedTLS was given no name where the host is an address.
        let is_for_host = match (self.address, below.first()) {
            (Some(address), Some(leaf)) => leaf.is_for_ip_address(address),
            (Some(_), None) => false,
            (None, _) => true,
        };
        if !is_for_host {
            return Err(Box::new(Invalid::new(VerifyError::CERT_CN_MISMATCH)));
        }
        // An anchor can be there under several conditions: any of them will do.
        let mut refusal: Option<Refusal> = None;
        for (place, anchor) in anchors.iter().enumerate() {
            if !anchor.has_certificate(top) {
                continue;
            }
            match conforms(&anchor.get(), &anchor.imposed(), &below, peer) {
                Ok(()) => return Ok(place),
                Err(not) => {
                    refusal.get_or_insert(not);
                }
            }
        }
        Err(refusal.unwrap_or_else(|| Box::new(Unreadable)))
    }

    /// Has mbedTLS judge what a server would send, outside of a connection: all that was selected at once, where a connection
    /// is asked for by issuer.
    ///
    /// # Errors
    /// As of [`conclude`](Self::conclude), and mbedTLS's own.
    pub(super) fn verify(
        self: &Arc<Self>,
        sent: &List<Certificate>,
        observer: Option<&Observer>,
    ) -> Result<(), (mbedtls::Error, Option<Refusal>)> {
        let asked = self.candidates(sent);
        let verified = asked
            .map_err(|error| (error, VerifyError::empty()))
            .and_then(|_| {
                let trusted = match &self.lock().selected {
                    Some(selected) => certificates(selected.found.anchors.iter()),
                    None => List::<Certificate>::new(),
                };
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
        match concluded {
            Ok(_) => Ok(()),
            Err(refusal) => Err((failed.unwrap_or(codes::X509CertVerifyFailed.into()), refusal)),
        }
    }

    /// The handshake has ended: what the connection leans on, if it is one.
    ///
    /// # Errors
    /// Why the verification did not accept the server; `None` where that is not why there is no connection.
    pub(super) fn conclude(
        &self,
        failed: Option<&mbedtls::Error>,
        verify_result: Result<(), VerifyError>,
        observer: Option<&Observer>,
    ) -> Result<Leaning, Option<Refusal>> {
        let is_over = Known {
            judged: Some(Instant::now()),
            ..Known::default()
        };
        let mut known = std::mem::replace(&mut *self.lock(), is_over);
        let Some(mut selected) = known.selected.take() else {
            // There was no verification: it broke down, or the handshake did not get that far, or past it.
            let not_verified = || failed.is_none().then(|| Box::new(NotVerified) as Refusal);
            return Err(known.refusal.take().or_else(not_verified));
        };
        let verdict = verdict(&mut known, &mut selected, failed, verify_result);
        let peer = PeerChain::read(selected.sent.iter().map(|der| &**der)).ok();
        let anchor = verdict
            .as_ref()
            .ok()
            .and_then(|accepted| selected.found.anchors.get(*accepted));
        let told = observer.map(|observer| {
            let verification = Verification {
                host: &self.host,
                chain: peer.as_ref(),
                store_len: selected.store_len,
                selected: selected.found.anchors.len(),
                candidates: Candidates::new(&selected.found),
                queries: &selected.found.queries,
                anchor: anchor.map(Anchor::get),
                selecting: selected.selecting,
                validating: known
                    .judged
                    .map(|judged| {
                        judged
                            .duration_since(selected.started)
                            .saturating_sub(selected.selecting)
                    })
                    .unwrap_or_default(),
                result: verdict.as_ref().map(|_| ()).map_err(|refusal| &**refusal),
            };
            catch_unwind(AssertUnwindSafe(|| observer(&verification)))
        });
        if let Err(refusal) = verdict {
            return Err(Some(refusal));
        }
        if let Some(Err(_)) = told {
            return Err(Some(Box::new(Panicked)));
        }
        // The server is trusted, and the handshake failed nevertheless.
        if failed.is_some() {
            return Err(None);
        }
        let leaning = || {
            let (anchor, peer) = (anchor?, peer?);
            let Accepted { import, lease } = self.trust.accepts_import(&self.host, anchor.import());
            let mut leaning = Leaning::default();
            leaning.anchors.push(Arc::new(KnownAnchor::new(
                &anchor.get(),
                &anchor.imposed(),
                &peer,
                import,
            )?));
            leaning.leases.extend(lease);
            Some(leaning)
        };
        leaning().ok_or(Some(Box::new(NotVerified)))
    }
}

/// What is wrong with the use of a server's certificate, if anything: in a handshake mbedTLS looks at that.
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

/// The anchor, or why there is none.
fn verdict(
    known: &mut Known,
    selected: &mut Selected,
    failed: Option<&mbedtls::Error>,
    verify_result: Result<(), VerifyError>,
) -> Result<usize, Refusal> {
    // Flags that are not of the path are of the use that the server makes of its key.
    let invalid = match (known.judged, verify_result) {
        (Some(_), Err(flags)) => known.flags.0 | flags,
        _ => known.flags.0,
    };
    if let (Some(accepted), true) = (known.accepted, invalid.is_empty()) {
        return Ok(accepted);
    }
    // What a store that did not answer may hold, nobody knows: that comes before what was found without it.
    if let Some(failure) = selected.found.failure.take() {
        return Err(Box::new(failure));
    }
    if let Some(distrusted) = selected.found.distrusted.take() {
        return Err(Box::new(distrusted));
    }
    if let Some(refusal) = known.refusal.take().or_else(|| selected.found.refused.take()) {
        return Err(refusal);
    }
    match failed {
        _ if !invalid.is_empty() => Err(Box::new(Invalid::new(invalid))),
        Some(error) => Err(Box::new(mbedtls::Error::from(error.to_int()))),
        None => Err(Box::new(NotVerified)),
    }
}

/// Whether an anchor may vouch for what is below it, the server's own certificate first. `imposed` are the name constraints
/// that bind it beside its own.
fn conforms(
    anchor: &TrustAnchor<'_>,
    imposed: &[&[u8]],
    below: &[Read<'_>],
    peer: Option<&PeerChain<'_>>,
) -> Result<(), Refusal> {
    if let Some(peer) = peer.filter(|peer| !anchor.permits_issuance_date(peer.issued_at())) {
        return Err(match anchor.distrust_after() {
            Some(distrust_after) => Box::new(Distrusted {
                root: anchor.subject().to_string(),
                distrust_after,
                issued_at: peer.issued_at(),
            }),
            None => Box::new(Unreadable),
        });
    }
    check_name_constraints(anchor.name_constraints(), below)?;
    for set in imposed {
        check_imposed_constraints(set, below)?;
    }
    Ok(())
}
