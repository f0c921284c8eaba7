//! `jit-trust explain`: what a server sent, and how it leads to a root or why not.
//!
//! The verdict is that of the verifier (`judge`). What is found out beside it (which key has signed what, which paths
//! there are) is to be shown and decides nothing. All of it becomes one [`Explanation`], which each form shows.

mod advice;
mod args;
mod explanation;
mod found_out;
mod graph;
mod judge;
mod paths;
mod roots;
mod server;
mod svg;
mod text;

use std::path::Path;

use tokio::task::spawn_blocking;

use crate::cache;
use crate::certificates;
use crate::exit::Failure;
use crate::runtime;
use crate::shown::shown;
use crate::store;
use crate::terminal::{ReportFile, json, print_coloured};
use crate::time;
pub(crate) use args::ExplainArgs;
use args::{Form, Subject};
use explanation::Explanation;
use found_out::Given;
use judge::Terms;

pub(crate) fn run(args: &ExplainArgs) -> Result<(), Failure> {
    let store = store::open_all(&args.trust)?;
    let now = time::of_judgement(args.at)?;
    let file = ReportFile::create(args.output.as_deref())?;
    let is_said = file.is_none() && args.format == Form::Text;
    let terms = |host| Terms {
        host,
        now,
        is_of_another_time: args.at.is_some(),
    };
    let from_file = match &args.subject {
        Subject::File(path) => Some(read(path, args, terms(args.host.clone()))?),
        Subject::Server(_) => None,
    };
    // A store on a server may not answer for long: signals are to end that too.
    let explanation = runtime::run(async {
        let given = match (from_file, &args.subject) {
            (None, Subject::Server(url)) => server::meet(url, args, &store, terms).await?,
            (Some(given), _) => given,
            (None, Subject::File(_)) => return Err(Failure::failed("nothing was read")),
        };
        let (trust, store) = (args.trust.clone(), store.clone());
        let explained = spawn_blocking(move || found_out::explain(given, &trust, &store)).await;
        explained.map_err(Failure::failed)
    })?;
    cache::keep(&store.policy);
    let text = in_form(&explanation, args.format)?;
    let shown = match file {
        Some(file) => file.write(&anstream::adapter::strip_str(&text).to_string()),
        None => print_coloured(&text),
    };
    match (end(&explanation, is_said), shown) {
        // The exit status is that of the verdict, though what is shown is not read.
        (Err(failure), Ok(()) | Err(Failure::StdoutClosed)) => Err(failure),
        (_, shown) => shown,
    }
}

/// What is in a file.
fn read(path: &Path, args: &ExplainArgs, terms: Terms) -> Result<Given, Failure> {
    if let Some(option) = args.option_for_servers() {
        return Err(Failure::bad_input(format!(
            "{option}: expected with a HOST only: for a file there is no connection"
        )));
    }
    let certificates = certificates::read_chain(path)?;
    Ok(Given {
        subject: shown(path.to_string_lossy()).to_string(),
        certificates,
        terms,
        connection: None,
        broken_off: None,
    })
}

/// The explanation in one form. Only text has colours.
fn in_form(explanation: &Explanation, form: Form) -> Result<String, Failure> {
    match form {
        Form::Text => Ok(text::of(explanation)),
        Form::Svg => Ok(svg::of(explanation)),
        Form::Json => json(explanation),
    }
}

/// How the command ends once that is shown; `is_said` where the user has read why.
fn end(explanation: &Explanation, is_said: bool) -> Result<(), Failure> {
    let said = format!(
        "{}: not trusted: {}",
        explanation.subject,
        explanation.reason.as_deref().unwrap_or("no path")
    );
    match (explanation.trusted, explanation.store_failed) {
        (true, _) => Ok(()),
        (false, true) => Err(Failure::Trouble(said)),
        (false, false) if is_said => Err(Failure::Differ),
        (false, false) => Err(Failure::Failed(said)),
    }
}
