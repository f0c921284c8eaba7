//! `--verbose`: the hops, for people, on stderr.

use std::time::Duration;

use jit_trust::LookupOutcome;

use crate::http::{Hop, Outcome, SetCookie};
use crate::shown::{brief, counted, joined, part, shown};
use crate::terminal::say;
use crate::trust::{Decision, SentCertificate};

/// Says what happened on each hop.
pub(super) fn say_all(hops: &[Hop]) {
    for (index, hop) in hops.iter().enumerate() {
        say(format_args!("* hop {}: {}", index + 1, brief(hop.url.as_str())));
        asked_ahead(hop);
        connection(hop);
        if let Some(decision) = &hop.decision {
            trust(hop, decision);
        }
        if !hop.cookies_sent.is_empty() {
            names("cookies sent", hop.cookies_sent.iter().map(String::as_str));
        }
        answer(hop);
        cookies(&hop.cookies_set);
        times(hop);
    }
}

fn connection(hop: &Hop) {
    let proxy = part(hop.proxy.as_ref(), |proxy| format!(" through {proxy}"));
    let to = part(hop.address, |address| format!(" to {address}"));
    let library = hop.tls_library.unwrap_or_default();
    let tls = hop.tls_version.map(|version| format!(", {version} by {library}"));
    let tls = tls.unwrap_or_default();
    let over = part(hop.protocol, |protocol| format!(", {protocol}"));
    let made = match (hop.connections, hop.status) {
        (0, Some(_)) => "the connection of the hop before".to_owned(),
        (0, None) => "no connection".to_owned(),
        (1, _) => "1 connection".to_owned(),
        (many, _) => format!("{many} connections"),
    };
    say(format_args!("*   {made}{to}{proxy}{tls}{over}"));
}

/// What stores on servers were asked before there was a connection.
fn asked_ahead(hop: &Hop) {
    match hop.asked_ahead {
        0 => {}
        1 => say("*   host in the cache: asked ahead for the root that served it"),
        count => say(format_args!(
            "*   host in the cache: asked ahead for the {count} roots that served it"
        )),
    }
}

/// What stores on servers were asked, step by step.
fn queries(decision: &Decision) {
    for query in &decision.lookups {
        let outcome = match &query.outcome {
            LookupOutcome::Cached(count) => format!("{}, cached", counted(*count, "root")),
            LookupOutcome::Found(count) => {
                format!("{}, after {}", counted(*count, "root"), millis(query.waited))
            }
            LookupOutcome::NotFound => format!("no such root, after {}", millis(query.waited)),
            LookupOutcome::Failed(error) => {
                format!("{}, after {}", shown(error.to_string()), millis(query.waited))
            }
            _ => format!("no response that could be used, after {}", millis(query.waited)),
        };
        say(format_args!(
            "*   asked {} for {}: {outcome}",
            shown(query.store.as_str()),
            query.key
        ));
    }
}

fn trust(hop: &Hop, decision: &Decision) {
    let unreadable = Some(decision.unreadable).filter(|count| *count > 0);
    let unreadable = part(unreadable, |count| format!(", and {count} that cannot be read"));
    let sent = decision.sent.len();
    say(format_args!("*   certificates sent: {sent}{unreadable}"));
    for certificate in &decision.sent {
        let SentCertificate { subject, issuer, .. } = certificate;
        say(format_args!("*     {subject} (issuer: {issuer})"));
    }
    queries(decision);
    let out_of = part(decision.store_len, |len| format!(" out of {len}"));
    say(format_args!(
        "*   roots selected: {}{out_of} in {}",
        decision.selected, decision.store
    ));
    let is_accepted = !hop.is_verified && hop.tls_version.is_some();
    match (&decision.refusal, &decision.root) {
        (Some(reason), _) if is_accepted => {
            say(format_args!("*   NOT TRUSTED, accepted by --insecure: {reason}"));
        }
        (Some(reason), _) => say(format_args!("*   NOT TRUSTED: {reason}")),
        // Not when time ran out in the middle of the handshake.
        (None, Some(root)) if hop.tls_version.is_some() => {
            say(format_args!("*   trusted under: {}", root.subject));
        }
        (None, _) => {}
    }
}

fn answer(hop: &Hop) {
    let Some(status) = hop.status else { return };
    match &hop.location {
        Some(location) => say(format_args!(
            "*   status {status}, redirects to {}",
            brief(location.as_str())
        )),
        None => say(format_args!("*   status {status}, {} bytes", hop.body_len)),
    }
}

/// What became of the cookies that the answer wanted to set: by name, for a value may be as good as a password.
fn cookies(set: &[SetCookie]) {
    let of = |outcome| set.iter().filter(move |cookie| cookie.outcome == outcome);
    for (what, outcome) in [("kept", Outcome::Kept), ("deleted", Outcome::Deleted)] {
        if of(outcome).next().is_some() {
            let cookies = of(outcome).map(|cookie| cookie.name.as_str());
            names(&format!("cookies {what}"), cookies);
        }
    }
    for cookie in set {
        if let Outcome::Ignored(refusal) = cookie.outcome {
            let name = Some(cookie.name.as_str()).filter(|name| !name.is_empty());
            let name = part(name, |name| format!(" {}", shown(name)));
            say(format_args!("*   cookie{name} ignored: {refusal}"));
        }
    }
}

fn names<'a>(what: &str, names: impl Iterator<Item = &'a str>) {
    let names = joined(names.map(shown), ", ");
    say(format_args!("*   {what}: {names}"));
}

fn times(hop: &Hop) {
    let stages = hop.stages().into_iter();
    let stages = stages.filter_map(|(name, time)| Some(format!("{name} {}", millis(time?))));
    say(format_args!("*   {}", joined(stages, ", ")));
}

fn millis(time: Duration) -> String {
    format!("{:.3} ms", time.as_secs_f64() * 1000.0)
}
