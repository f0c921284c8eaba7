//! What just-in-time trust costs, beside what it is measured against, in the same run.
//!
//! `cargo bench -p jit-trust --all-features` prints a table in Markdown (`-- find` and the like only that part of it): ours, the
//! peer, the ratio and the budget. Each pair is timed in turn, ours and the peer's, and the ratio is the median of
//! the ratios of the rounds: on a machine whose speed drifts, two figures taken one after the other have no ratio
//! worth the name.

#[cfg(feature = "tokio")]
mod connect;
mod deferred;
mod find;
mod heap;
mod host_cache;
mod open;
mod paired;
mod select;
mod verify;

fn main() {
    let named: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with('-'))
        .collect();
    let is_asked_for = |part: &str| named.is_empty() || named.iter().any(|name| name == part);
    println!("| what | ours | beside | theirs | ratio | budget |");
    println!("|---|---|---|---|---|---|");
    for (part, run) in [
        ("open", open::run as fn()),
        ("find", find::run),
        ("select", select::run),
        ("verify", verify::run),
        ("host_cache", host_cache::run),
        #[cfg(feature = "tokio")]
        ("connect", connect::run),
    ] {
        if is_asked_for(part) {
            run();
        }
    }
    if is_asked_for("heap") {
        println!();
        println!("| heap kept by trust | bytes |");
        println!("|---|---|");
        heap::run();
    }
}
