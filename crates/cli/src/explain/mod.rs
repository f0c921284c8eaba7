//! `jit-trust explain`: what a server sent, and how it leads to a root or why not.
//!
//! The verdict is that of the verifier (`judge`). What is found out beside it (who has signed what, which ways lead
//! where) is to be shown and decides nothing. All of it becomes one [`Explanation`], which each form shows.

mod advice;
mod explanation;
mod found_out;
mod graph;
mod judge;
mod label;
mod paths;
mod roots;
mod server;
mod signature;
mod svg;
mod text;

use std::time::Duration;

use jit_trust::Certificate;
use pki_types::{CertificateDer, UnixTime};

use crate::args::{ExplainArgs, Form, Subject};
use crate::cache;
use crate::certificates;
use crate::exit::Failure;
use crate::runtime;
use crate::shown::shown;
use crate::store;
use crate::terminal::{print, print_coloured, print_json};
use crate::time;
use explanation::Connection;
use found_out::Given;
use judge::Question;

pub(crate) fn run(args: &ExplainArgs) -> Result<(), Failure> {
    let store = store::open_all(&args.trust)?;
    let now = match args.at {
        Some(moment) => moment.0,
        None => now()?,
    };
    let given = match &args.subject {
        Subject::File(path) => {
            let name = shown(path.to_string_lossy()).to_string();
            let certificates = certificates::read(path)?;
            if let Some(Err(error)) = certificates.first().map(|der| Certificate::from_der(der)) {
                return Err(Failure::bad_input(format!(
                    "{name}: the first certificate is {error}"
                )));
            }
            Given {
                subject: name,
                certificates,
                question: Question {
                    host: args.host.clone(),
                    now,
                },
                connection: None,
                broken_off: None,
            }
        }
        Subject::Server(_) if args.host.is_some() => {
            return Err(Failure::bad_input(
                "--host: expected with a file only: a server's certificate is to be for the host that it is asked as",
            ));
        }
        Subject::Server(url) => met(runtime::run(server::meet(url, args, &store))?, url, now),
    };
    let explanation = found_out::explain(given, &args.trust, &store);
    cache::keep(&store.trust);
    match args.format {
        Form::Text => print_coloured(&text::of(&explanation.shown))?,
        Form::Svg => print(svg::of(&explanation.shown))?,
        Form::Json => print_json(&explanation.shown)?,
    }
    let said = format!(
        "{}: not trusted: {}",
        explanation.shown.subject,
        explanation.shown.reason.as_deref().unwrap_or("no path")
    );
    match (explanation.shown.trusted, explanation.store_failed) {
        (true, _) => Ok(()),
        (false, true) => Err(Failure::Trouble(said)),
        // The text has said it.
        (false, false) if args.format == Form::Text => Err(Failure::Differ),
        (false, false) => Err(Failure::Failed(said)),
    }
}

fn met(met: server::Met, url: &url::Url, now: UnixTime) -> Given {
    Given {
        subject: shown(url.as_str()).to_string(),
        certificates: met.certificates,
        question: Question {
            host: Some(met.name),
            now,
        },
        connection: Some(Connection {
            address: met.address,
            proxy: met.proxy,
            tls_version: met.tls_version,
        }),
        broken_off: met.broken_off,
    }
}

fn now() -> Result<UnixTime, Failure> {
    let seconds = time::now().ok_or_else(|| Failure::failed("the clock is set before 1970"))?;
    Ok(UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
}

/// The certificates as they are looked at.
type Certificates = [CertificateDer<'static>];
