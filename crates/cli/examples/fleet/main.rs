//! What a fleet of devices asks of a webroot: a year of browsing, simulated.
//!
//! `cargo run --release -p jit-trust-cli --example fleet -- [--seed N] [--devices N]`
//!
//! Each device visits 1,000 hosts, by and by, and holds no root: under the client's own rules an anchor stays in
//! memory while a connection uses it and five seconds after, and is asked for again when it is next needed. What is
//! assumed stands in one table, in `assumptions`; everything is drawn from a generator with a seed, in whole numbers, so
//! that a seed gives the same figures everywhere. It is an example of the command because it needs what that has: the
//! list of roots, to know how large the files of a webroot are, and a command line.

mod anchors;
mod assumptions;
mod browsing;
mod device;
mod random;

use std::error::Error;
use std::process::ExitCode;

use clap::Parser;

use anchors::Anchors;
use assumptions as assumed;
use device::{Device, Traffic};
use random::Random;

/// What a fleet of devices asks of a webroot: a year of browsing, simulated
#[derive(Debug, Parser)]
struct Args {
    /// What everything is drawn from
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// How many devices to simulate; the figures are of the mean of them
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    devices: u64,
}

fn main() -> ExitCode {
    let args = Args::parse();
    match Anchors::of_mozilla(&mut Random::new(args.seed)) {
        Ok(anchors) => {
            let traffic = fleet(&anchors, args.seed, args.devices);
            println!("{}", report(&args, &traffic, anchors.whole_blob_len));
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("fleet: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The traffic of all devices together in a year.
fn fleet(anchors: &Anchors, seed: u64, devices: u64) -> Traffic {
    let mut sum = Traffic::default();
    for number in 1..=devices {
        let mut random = Random::new(seed).fork(number);
        let mut device = Device::new(anchors);
        browsing::year(&mut random, |now, host| device.connect(now, host));
        sum.add(device.traffic());
    }
    sum
}

/// The figures of the mean device in a mean month, for people.
fn report(args: &Args, year: &Traffic, whole_blob_len: u64) -> String {
    let (seed, devices, hosts) = (args.seed, args.devices, assumed::HOSTS);
    let mut lines = vec![
        format!("seed {seed}, {devices} devices, a year of {hosts} hosts each"),
        String::new(),
        row(
            "a month, without a blob in the device",
            "one device",
            "a million devices",
        ),
    ];
    let months = u128::from(devices) * 12;
    for (what, count) in [
        ("connections to hosts", year.connections),
        ("queries", year.queries),
        ("  of them for a host that is remembered", year.ahead),
        ("  of them answered \"not found\"", year.not_found),
        (
            "connections to the store (TLS handshakes)",
            year.store_connections,
        ),
        ("bytes from the device", year.bytes_up),
        ("bytes to the device", year.bytes_down),
        ("  of them trust blobs", year.blob_bytes),
    ] {
        let of_one = grouped(rounded(count.into(), months));
        let of_a_million = grouped(rounded(u128::from(count) * MILLION, months));
        lines.push(row(what, &of_one, &of_a_million));
    }
    let a_second = |queries: u64, seconds: u64| {
        let by = u128::from(devices) * u128::from(seconds);
        grouped(rounded(u128::from(queries) * MILLION, by))
    };
    let busiest = year.queries_by_hour.iter().copied().max().unwrap_or_default();
    lines.extend([
        String::new(),
        format!(
            "queries a second of a million devices: {} on average,",
            a_second(year.queries, assumed::YEAR)
        ),
        format!(
            "{} in the busiest hour of the day if all are in one time zone",
            a_second(busiest, assumed::YEAR / 24)
        ),
        String::new(),
        "with the blob in the device: 0 queries, 0 connections to the store, 0 bytes a month,".to_owned(),
        format!(
            "and {} bytes for each update of the list",
            grouped(whole_blob_len.into())
        ),
    ]);
    lines.join("\n")
}

const MILLION: u128 = 1_000_000;

fn row(what: &str, of_one: &str, of_a_million: &str) -> String {
    format!("{what:<43}{of_one:>12}{of_a_million:>22}")
}

fn rounded(amount: u128, by: u128) -> u128 {
    (amount + by / 2) / by
}

/// With a comma before every third digit from the right.
fn grouped(number: u128) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// What goes wrong where the assumptions do not fit the list.
type Result<T> = std::result::Result<T, Box<dyn Error>>;

#[cfg(test)]
mod tests {
    use super::*;

    fn traffic(seed: u64) -> Traffic {
        let anchors = Anchors::of_mozilla(&mut Random::new(seed)).unwrap();
        fleet(&anchors, seed, 1)
    }

    #[test]
    fn a_seed_always_gives_the_same_figures() {
        assert_eq!(traffic(7), traffic(7));
        assert_ne!(traffic(7), traffic(8));
    }

    #[test]
    fn a_connection_costs_one_query_at_most_and_a_query_one_connection_to_the_store() {
        let year = traffic(7);
        assert!(year.queries > 0 && year.not_found > 0 && year.ahead > 0);
        assert!(year.queries <= year.connections, "{year:?}");
        assert!(year.store_connections <= year.queries, "{year:?}");
        assert!(year.ahead + year.not_found <= year.queries, "{year:?}");
        assert_eq!(year.queries_by_hour.iter().sum::<u64>(), year.queries);
        let not_blobs = year.store_connections * assumed::HANDSHAKE.down
            + (year.queries - year.not_found) * assumed::FOUND.down
            + year.not_found * assumed::NOT_FOUND.down;
        assert_eq!(year.bytes_down, year.blob_bytes + not_blobs);
    }

    #[test]
    fn the_page_on_serving_has_these_figures() {
        let args = Args::parse_from(["fleet"]);
        let anchors = Anchors::of_mozilla(&mut Random::new(args.seed)).unwrap();
        let traffic = fleet(&anchors, args.seed, args.devices);
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/serving.md");
        let page = std::fs::read_to_string(page).unwrap();
        let report = report(&args, &traffic, anchors.whole_blob_len);
        assert!(page.contains(&report), "expected in docs/serving.md:\n{report}");
    }

    #[test]
    fn numbers_are_grouped_by_three_digits() {
        let groups = [0, 999, 1_000, 12_345_678].map(grouped);
        assert_eq!(groups, ["0", "999", "1,000", "12,345,678"]);
        assert_eq!([rounded(14, 10), rounded(15, 10)], [1, 2]);
    }
}
