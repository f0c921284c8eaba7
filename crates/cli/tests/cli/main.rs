//! The command as its users have it: the real program, against servers on loopback.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, wherever it does")]

mod bundle;
mod conditions;
mod diff;
mod get_chains;
mod get_cookies;
mod get_faults;
mod get_output;
mod get_proxies;
mod get_redirects;
mod get_report;
mod help;
mod lists;
mod mozilla_latest;
mod show_and_find;
mod support;
mod verify;
