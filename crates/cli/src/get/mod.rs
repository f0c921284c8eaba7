//! `jit-trust get`: a URL's body to stdout or a file, and what happened on the way.

mod args;
mod output;
pub(crate) mod report;
mod request;
mod verbose;

use tokio::time::timeout;

use crate::cache;
use crate::exit::Failure;
use crate::http::{Client, Connector, Error, Hop, Limit, Options, Protocols, Request, Rules, Stage};
use crate::runtime;
use crate::shown::brief;
use crate::store::{self, Store};
use crate::terminal::print_json;
pub(crate) use args::GetArgs;
use output::Output;
use report::Report;

pub(crate) fn run(args: &GetArgs) -> Result<(), Failure> {
    if args.json
        && args
            .output
            .as_ref()
            .is_some_and(|output| output.as_os_str() == "-")
    {
        return Err(Failure::bad_input(
            "--json and --output -: expected one of them, both write to stdout",
        ));
    }
    let store = store::open_all(&args.trust)?;
    let client = Client::new(Connector::new(&store, &options(args))?);
    let output = Output::open(args)?;
    let request = request::of(args);
    let mut hops = Vec::new();
    let result = runtime::run(get(args, &store, client, output, &request, &mut hops));

    for hop in &mut hops {
        hop.end();
    }
    cache::keep(&store.trust);
    if args.verbose {
        verbose::say_all(&hops);
    }
    if args.json {
        let printed = print_json(&Report::of(&store, &hops, &result));
        // That nobody reads the report does not mend a transfer.
        return result.and(printed);
    }
    result
}

async fn get(
    args: &GetArgs,
    store: &Store,
    client: Client,
    output: Output,
    request: &Request,
    hops: &mut Vec<Hop>,
) -> Result<(), Failure> {
    if args.max_time.is_zero() {
        return transfer(args, client, output, request, hops).await;
    }
    let in_time = timeout(args.max_time, transfer(args, client, output, request, hops)).await;
    in_time.unwrap_or_else(|_| Err(late(request, hops, store)))
}

fn options(args: &GetArgs) -> Options<'_> {
    Options {
        library: args.tls,
        protocols: match (args.http1, args.http2) {
            (true, _) => Protocols::Http1,
            (_, true) => Protocols::Http2,
            _ => Protocols::Any,
        },
        resolve: &args.resolve,
        connect_timeout: args.connect_timeout,
    }
}

async fn transfer(
    args: &GetArgs,
    mut client: Client,
    mut output: Output,
    request: &Request,
    hops: &mut Vec<Hop>,
) -> Result<(), Failure> {
    let rules = Rules {
        max_redirects: args.max_redirs,
        allow_downgrade: args.allow_downgrade,
        is_insecure: args.insecure,
    };
    let mut answer = client.get(request, &rules, hops).await.map_err(failure)?;
    let Some(hop) = hops.last_mut() else {
        return Ok(());
    };
    if args.fail && answer.status.as_u16() >= 400 {
        let url = brief(hop.url.as_str());
        return Err(Failure::failed(format!(
            "{url}: the server answered {}",
            answer.status
        )));
    }
    output.expect(&answer.headers);
    while let Some(chunk) = answer.chunk(hop).await.map_err(failure)? {
        output.write(&chunk).await?;
    }
    output.finish().await
}

/// What to say when --max-time is over.
fn late(request: &Request, hops: &[Hop], store: &Store) -> Failure {
    let (url, stage) = hops
        .last()
        .map_or((&request.url, Stage::Resolve), |hop| (&hop.url, hop.stage));
    let error = Error::timed_out(stage, brief(url.as_str()), &store.open_questions);
    Failure::failed(format_args!("{error}; --max-time gives it more time"))
}

/// The error, with the option that would have let it pass.
#[expect(clippy::needless_pass_by_value, reason = "it stands in map_err")]
fn failure(error: Error) -> Failure {
    let hint = match error.limit() {
        Some(Limit::ConnectTimeout) => "; --connect-timeout gives it more time",
        Some(Limit::MaxRedirects) => "; --max-redirs allows more",
        Some(Limit::NoDowngrade) => "; --allow-downgrade follows it",
        Some(Limit::Http2Only) => "; try without --http2",
        None => "",
    };
    Failure::failed(format_args!("{error}{hint}"))
}
