//! GET over HTTP/1.1 and HTTP/2, one request at a time: a connection is kept for the next request to the same
//! origin, so that a cold host costs exactly one.
//!
//! Redirects are followed hop by hop, each with its own decision about trust. What happens on the way is written
//! down in [`Hop`]s while it happens, so that a failure or a timeout leaves a record as well.

mod connection;
mod connector;
mod cookies;
mod error;
mod follow;
mod hop;
mod origin;
mod proxy;
mod resolve;
mod tls;

pub(crate) use connector::{Connector, Options};
pub(crate) use cookies::{Outcome, SetCookie};
pub(crate) use error::{Error, Limit};
pub(crate) use follow::{Client, Request, Rules, late};
pub(crate) use hop::{Hop, Stage};
pub(crate) use resolve::Override;
pub(crate) use tls::{H2, HTTP_1_1, Library, Look, Protocols, server_name};
