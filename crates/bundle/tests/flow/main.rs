//! Lists of roots on their whole way: from what is published to what a device reads.
#![allow(clippy::unwrap_used, reason = "a fixture that fails fails the test")]

mod anchor_certificate;
mod blob;
mod c_array;
mod ccadb;
mod certdata;
mod constraints;
mod diff;
mod directory;
mod files;
mod fixture;
mod forms;
mod mozilla;
mod never_panics;
mod other_forms;
mod p11_kit;
mod pem;
mod policy;
mod report;
mod signed_data;
mod trusted_certificate;
mod update;
mod version_2;
mod webroot;
