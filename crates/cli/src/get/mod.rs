//! `jit-trust get`: a URL's body to stdout or a file, and what happened on the way.

mod args;
mod output;
pub(crate) mod report;
mod request;
mod verbose;

use std::path::Path;

use crate::cache;
use crate::exit::Failure;
use crate::http::{Client, Connector, Error, Hop, Limit, Options, Protocols, Request, Rules, late};
use crate::runtime::{self, within};
use crate::shown::brief;
use crate::store;
use crate::terminal::print_json;
pub(crate) use args::GetArgs;
use output::Output;
use report::Report;

pub(crate) fn run(args: &GetArgs) -> Result<(), Failure> {
    if args.json && args.output.as_deref() == Some(Path::new("-")) {
        return Err(Failure::bad_input(
            "--json and --output -: expected one of them, both write to stdout",
        ));
    }
    let store = store::open_all(&args.trust)?;
    let client = Client::new(Connector::new(&store, &options(args))?);
    let output = Output::open(args)?;
    let request = request::of(args);
    let mut hops = Vec::new();
    let result = runtime::run(async {
        let transfer = transfer(args, client, output, &request, &mut hops);
        within(args.max_time, transfer).await.unwrap_or_else(|| {
            let error = late(&request.url, &hops, &store.open_lookups);
            Err(Failure::failed(format_args!(
                "{error}; --max-time gives it more time"
            )))
        })
    });

    for hop in &mut hops {
        hop.end();
    }
    cache::keep(&store.policy);
    if args.verbose {
        verbose::say_all(&hops);
    }
    if args.json {
        let printed = print_json(&Report::of(&store, &hops, &result));
        // A report that is not read does not mend a transfer.
        return result.and(printed);
    }
    result
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
