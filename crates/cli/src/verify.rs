//! `jit-trust verify`: the verdict on a chain in a file.

use jit_trust::ServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::aws_lc_rs;

use crate::args::VerifyArgs;
use crate::cache;
use crate::certificates;
use crate::exit::Failure;
use crate::label::part;
use crate::shown::shown;
use crate::store;
use crate::terminal::print;
use crate::time;
use crate::trust::{Decision, LastDecision};

pub(crate) fn run(args: &VerifyArgs) -> Result<(), Failure> {
    let file = shown(args.chain.to_string_lossy());
    let chain = certificates::read_chain(&args.chain)?;
    let store = store::open_all(&args.trust)?;
    let Some((end_entity, others)) = chain.split_first() else {
        return Err(Failure::bad_input(format!("{file}: no certificate")));
    };
    let now = time::of_judgement(args.at)?;
    let last = LastDecision::default();
    let verifier = ServerVerifier::with_provider(store.trust.clone(), &aws_lc_rs::default_provider())
        .on_verification(last.listener(&store));
    let verdict = verifier.verify_server_cert(end_entity, others, &args.host, &[], now);
    cache::keep(&store.trust);
    match (verdict, last.take()) {
        (Ok(_), Some(decision)) => print(trusted(&decision, &args.host.to_str())),
        (
            Err(_),
            Some(Decision {
                store_failed: true,
                refusal: Some(reason),
                ..
            }),
        ) => Err(Failure::bad_input(format!("{file}: cannot be judged: {reason}"))),
        (
            Err(_),
            Some(Decision {
                refusal: Some(reason),
                ..
            }),
        ) => Err(Failure::failed(format!("{file}: not trusted: {reason}"))),
        (verdict, _) => match verdict {
            Ok(_) => print("trusted\n"),
            Err(error) => Err(Failure::failed(format!(
                "{file}: not trusted: {}",
                shown(error.to_string())
            ))),
        },
    }
}

fn trusted(decision: &Decision, host: &str) -> String {
    let Some(root) = &decision.root else {
        return format!("{host}: trusted\n");
    };
    let skid = part(root.skid.as_ref(), |skid| format!(", SKID {skid}"));
    let out_of = part(decision.store_len, |len| format!(" out of {len}"));
    format!(
        "{host}: trusted under {}{skid}\n{} selected{out_of} in {}; certificates sent: {}\n",
        root.subject,
        decision.selected,
        decision.store,
        decision.sent.len(),
    )
}
