//! What a store was made with.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;

use super::url::WebrootUrl;
use jit_trust_engine::LookupKind;

/// What a store was made with.
pub(super) struct Settings {
    pub(super) url: WebrootUrl,
    pub(super) tls: Arc<ClientConfig>,
    pub(super) keys: LookupKind,
    pub(super) connect_timeout: Duration,
    pub(super) query_timeout: Duration,
    /// After how long without a question the connection is closed.
    pub(super) idle_timeout: Duration,
}

/// Without the configuration of TLS, which is long and says nothing.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("url", &format_args!("{}", self.url))
            .field("keys", &self.keys)
            .field("connect_timeout", &self.connect_timeout)
            .field("query_timeout", &self.query_timeout)
            .finish_non_exhaustive()
    }
}
