//! The settings of a remote store.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;

use super::url::WebrootUrl;
use jit_trust_engine::LookupKind;

/// The settings of a remote store.
pub(super) struct Settings {
    pub(super) url: WebrootUrl,
    pub(super) tls: Arc<ClientConfig>,
    pub(super) kind: LookupKind,
    pub(super) connect_timeout: Duration,
    pub(super) query_timeout: Duration,
    /// The time without a lookup after which the connection is closed.
    pub(super) idle_timeout: Duration,
}

/// Without the configuration of TLS, which is long.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("url", &format_args!("{}", self.url))
            .field("kind", &self.kind)
            .field("connect_timeout", &self.connect_timeout)
            .field("query_timeout", &self.query_timeout)
            .finish_non_exhaustive()
    }
}
