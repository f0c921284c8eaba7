//! What just-in-time trust costs, beside what it is measured against, in the same run.
//!
//! `cargo bench -p jit-trust` prints a table in Markdown: ours, the peer, the ratio and the budget. Each pair is
//! timed in turn, ours and the peer's, and the ratio is the median of the ratios of the rounds: on a machine
//! whose speed drifts, two figures taken one after the other have no ratio worth the name.

mod heap;
mod open;
mod paired;
mod select;
mod verify;

fn main() {
    println!("| what | ours | beside | theirs | ratio | budget |");
    println!("|---|---|---|---|---|---|");
    open::run();
    select::run();
    verify::run();
    println!();
    println!("| heap kept by trust | bytes |");
    println!("|---|---|");
    heap::run();
}
