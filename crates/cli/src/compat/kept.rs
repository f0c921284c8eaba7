//! How much is kept of what a server wrote: of many sites, some write as much as they can.

use url::Url;

use super::attempt::Attempt;
use crate::http::Hop;
use crate::label::shortened;

/// The longest URL that is kept whole, in bytes.
const URL_LEN: usize = 512;
/// The longest name of a certificate's, and the longest reason, in columns.
const NAME_WIDTH: usize = 200;
const REASON_WIDTH: usize = 600;

/// Shortens what is too long for a report, and leaves the certificates themselves out: all is said about them.
pub(super) fn shorten(attempt: &mut Attempt) {
    if let Some(detail) = &mut attempt.detail {
        *detail = shortened(detail, REASON_WIDTH);
    }
    if let Some(refusal) = attempt
        .against
        .as_mut()
        .and_then(|against| against.refusal.as_mut())
    {
        *refusal = shortened(refusal, REASON_WIDTH);
    }
    attempt.hops.iter_mut().for_each(shorten_hop);
}

fn shorten_hop(hop: &mut Hop) {
    shorten_url(&mut hop.url);
    if let Some(location) = &mut hop.location {
        shorten_url(location);
    }
    // Only whether a cookie was ignored is asked for.
    hop.cookies_sent = Vec::new();
    hop.cookies_set = Vec::new();
    let Some(decision) = &mut hop.decision else { return };
    if let Some(refusal) = &mut decision.refusal {
        *refusal = shortened(refusal, REASON_WIDTH);
    }
    for certificate in &mut decision.sent {
        certificate.der = Vec::new();
        certificate.subject = shortened(&certificate.subject, NAME_WIDTH);
        certificate.issuer = shortened(&certificate.issuer, NAME_WIDTH);
    }
}

/// Of a URL that is too long its origin is kept, and the beginning of its path.
fn shorten_url(url: &mut Url) {
    if url.as_str().len() <= URL_LEN {
        return;
    }
    // What is in a path is ASCII.
    let path: String = url.path().chars().take(URL_LEN / 2).collect();
    url.set_query(None);
    url.set_path(&format!("{path}..."));
}
