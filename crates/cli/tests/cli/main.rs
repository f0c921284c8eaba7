//! The command as its users have it: the real program, against servers on loopback.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, wherever it does")]

mod bundle;
mod cache;
mod client;
mod compat;
mod compat_faults;
mod compat_forms;
mod compat_page;
mod compat_servers;
mod conditions;
mod dates;
mod diff;
#[cfg(unix)]
mod directories;
mod empty_stores;
mod explain;
mod explain_reasons;
mod explain_remote;
mod get_chains;
mod get_cookies;
mod get_faults;
mod get_output;
mod get_proxies;
mod get_redirects;
mod get_remote;
mod get_report;
mod get_tls;
mod help;
mod lists;
mod mozilla_latest;
#[cfg(unix)]
mod nginx;
#[cfg(unix)]
mod other_users;
mod pins;
mod remote;
mod root_lists;
#[cfg(unix)]
mod serve;
#[cfg(target_os = "linux")]
mod serve_bounds;
#[cfg(unix)]
mod serve_links;
mod served;
mod show_and_find;
mod support;
mod verify;
